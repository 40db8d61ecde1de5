//! Connections: kept, shared, ended.

use dualfetch::{DefaultSession, HttpVersion, Session, Version};
use futures_util::future::join_all;

use crate::support::{CountingServer, Gate, RawServer, Script, faults};

use super::help::{at_rest, fetch, millis, outcome, run, session};

fn over(version: HttpVersion) -> DefaultSession {
    DefaultSession::builder().http_version(version).build().expect("a session")
}

#[test]
fn requests_one_after_the_other_share_a_connection() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        for path in ["/page/1", "/bytes/100000", "/page/2?chunked=1", "/status/204", "/status/404", "/echo"] {
            let response = session.get(server.url(0, path)).await.expect("a head");
            assert_eq!(response.version(), Version::HTTP_11);
            response.bytes().await.expect("a body");
        }
        session.head(server.url(0, "/page/1")).await.expect("a head");
        session
            .post(server.url(0, "/echo-body"))
            .body("text")
            .await
            .expect("a head")
            .bytes()
            .await
            .expect("it");
        let counts = server.total();
        assert_eq!((counts.requests, counts.connections), (8, 1));
    });
}

#[test]
fn clones_of_a_session_share_its_connections() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        fetch(&session, &server.url(0, "/page/1")).await.expect("a page");
        fetch(&session.clone(), &server.url(0, "/page/1")).await.expect("a page");
        assert_eq!(server.total().connections, 1);
    });
}

#[test]
fn dropping_the_session_ends_its_idle_connections() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        fetch(&session, &server.url(0, "/page/1")).await.expect("a page");
        assert_eq!(server.total().open_connections, 1);
        drop(session);
        server.wait_until("its connection ended", |counts| counts.open_connections == 0).await;
    });
}

#[test]
fn a_connection_closed_while_idle_is_replaced() {
    run(async {
        let gate = Gate::new();
        let server =
            RawServer::sequence([faults::close_while_idle("one", &gate), faults::pages("two")]).await;
        let session = session();
        assert_eq!(fetch(&session, &server.url("/")).await.expect("a page"), "one");
        gate.open();
        server.ended(0).await;
        assert_eq!(fetch(&session, &server.url("/")).await.expect("a page"), "two");
        assert_eq!(server.connections(), 2);
    });
}

#[test]
fn a_connection_that_dies_under_the_second_request_fails_it() {
    run(async {
        // The request was sent: whether it was acted upon nobody knows, so it is not sent again unasked.
        let scripts = [faults::close_on_second_request("one"), faults::pages("two")];
        let server = RawServer::sequence(scripts).await;
        let session = session();
        fetch(&session, &server.url("/")).await.expect("a page");
        assert_eq!(outcome(&fetch(&session, &server.url("/")).await), "disconnected");
        assert_eq!(server.connections(), 1);
        assert_eq!(fetch(&session, &server.url("/")).await.expect("a page"), "two");
    });
}

#[test]
fn bytes_after_a_body_never_become_the_next_answer() {
    run(async {
        let server = RawServer::start(faults::bytes_after_body("page")).await;
        let session = session();
        for _ in 0..3 {
            assert_eq!(fetch(&session, &server.url("/")).await.expect("a page"), "page");
            let connection = server.connections() - 1;
            server.ended(connection).await;
        }
        assert_eq!(server.connections(), 3);
    });
}

#[test]
fn a_half_read_response_that_is_dropped_ends_its_connection() {
    run(async {
        let page = "x".repeat(500_000);
        let server = RawServer::start(faults::pages(page)).await;
        let session = session();
        let mut response = session.get(server.url("/")).await.expect("a head");
        response.chunk().await.expect("a piece").expect("some bytes");
        drop(response);
        assert!(server.ended(0).await.by_peer());
        fetch(&session, &server.url("/")).await.expect("another connection");
        assert_eq!(server.connections(), 2);
    });
}

#[test]
fn a_response_of_http_1_0_or_with_close_is_the_last_of_its_connection() {
    run(async {
        let close = Script::new()
            .read_head()
            .send_head("200 OK", &[("Content-Length", "1"), ("Connection", "close")]);
        let old =
            Script::new().read_head().send("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx").expect_close();
        for script in [close.send("x").expect_close(), old] {
            let server = RawServer::start(script).await;
            let session = session();
            for _ in 0..2 {
                assert_eq!(fetch(&session, &server.url("/")).await.expect("a page"), "x");
            }
            assert_eq!(server.connections(), 2);
            assert!(server.ended(0).await.by_peer());
        }
    });
}

#[test]
fn force_close_ends_the_connection_after_each_request() {
    run(async {
        let server = CountingServer::builder().record().start().await;
        let session = DefaultSession::builder().force_close(true).build().expect("a session");
        for _ in 0..3 {
            fetch(&session, &server.url(0, "/page/1")).await.expect("a page");
        }
        assert_eq!(server.total().connections, 3);
        assert!(server.records().iter().all(|record| record.headers["connection"] == "close"));
        server.wait_until("all connections ended", |counts| counts.open_connections == 0).await;
    });
}

#[test]
fn an_idle_connection_is_closed_after_its_keep_alive() {
    run(async {
        let server = CountingServer::start().await;
        let session = DefaultSession::builder().keep_alive(millis(50)).build().expect("a session");
        fetch(&session, &server.url(0, "/page/1")).await.expect("a page");
        server.wait_until("the idle connection ended", |counts| counts.open_connections == 0).await;
        fetch(&session, &server.url(0, "/page/1")).await.expect("a page");
        assert_eq!(server.total().connections, 2);
    });
}

#[test]
fn http_2_by_prior_knowledge_shares_one_connection() {
    run(async {
        let server = CountingServer::start().await;
        let session = over(HttpVersion::Http2);
        let all = join_all((0..100).map(|n| {
            let url = server.url(0, &format!("/page/{n}?gate=all"));
            let session = session.clone();
            async move {
                let response = session.get(url).await?;
                assert_eq!(response.version(), Version::HTTP_2);
                response.text().await
            }
        }));
        let opening = async {
            server.wait_in_flight(100).await;
            server.gate("all").open();
        };
        let (texts, ()) = tokio::join!(all, opening);
        for (n, text) in texts.into_iter().enumerate() {
            assert!(text.expect("a page").contains(&format!("<title>Page {n}</title>")));
        }
        assert_eq!(server.total().connections, 1);
        at_rest(&session).await;
    });
}

#[test]
fn an_unread_http_2_response_that_is_dropped_costs_no_connection() {
    run(async {
        let server = CountingServer::start().await;
        let session = over(HttpVersion::Http2);
        for _ in 0..5 {
            let mut response = session.get(server.url(0, "/endless")).await.expect("a head");
            response.chunk().await.expect("a piece").expect("some bytes");
            drop(response);
            assert_eq!(session.figures().in_flight, 0);
        }
        server.wait_idle().await;
        fetch(&session, &server.url(0, "/page/1")).await.expect("a page");
        assert_eq!(server.total().connections, 1);
    });
}

#[test]
fn http_2_to_a_server_that_speaks_1_1_alone_is_an_error() {
    run(async {
        let server = CountingServer::builder().http1_only().start().await;
        let seen = outcome(&fetch(&over(HttpVersion::Http2), &server.url(0, "/page/1")).await);
        assert!(["protocol", "disconnected"].contains(&seen.as_str()), "{seen}");
    });
}

#[test]
fn the_version_may_be_chosen_for_one_request() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        let get = || session.get(server.url(0, "/page/1"));
        assert_eq!(get().await.expect("a head").version(), Version::HTTP_11);
        let two = get().http_version(HttpVersion::Http2).await.expect("a head");
        assert_eq!(two.version(), Version::HTTP_2);
        assert_eq!(get().http_version(HttpVersion::Http1).await.expect("a head").version(), Version::HTTP_11);
    });
}

#[test]
fn a_server_that_went_away_is_refused_and_one_that_came_back_is_reached() {
    run(async {
        let server = CountingServer::start().await;
        let (session, url) = (session(), server.url(0, "/page/1"));
        fetch(&session, &url).await.expect("a page");
        server.shutdown().await;
        assert_eq!(outcome(&fetch(&session, &url).await), "connect");
        at_rest(&session).await;
    });
}
