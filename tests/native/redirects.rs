//! Redirects over real connections: what the engine's hops do to them. What they mean is the contract's part.

use dualfetch::{Method, Session, StatusCode};

use crate::support::{CountingServer, RawServer, Script, faults};

use super::help::{at_rest, fetch, named, run, session};

#[test]
fn the_hops_at_one_host_share_a_connection() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        let response = session.get(server.url(0, "/redirect/5")).await.expect("a head");
        assert_eq!(response.history().len(), 5);
        response.bytes().await.expect("a body");
        let counts = server.total();
        assert_eq!((counts.requests, counts.connections), (6, 1));
    });
}

#[test]
fn a_redirect_whose_body_never_ends_is_followed_and_its_connection_ended() {
    run(async {
        let head = [("Location", "/page"), ("Content-Length", "5000000")];
        let moved = Script::new().read_head().send_head("302 Found", &head).send("moved").expect_close();
        let server = RawServer::sequence([moved, faults::pages("there")]).await;
        let session = session();
        assert_eq!(fetch(&session, &server.url("/")).await.expect("a page"), "there");
        assert!(server.ended(0).await.quietly_by_peer());
        at_rest(&session).await;
    });
}

#[test]
fn redirects_to_ever_new_places_end_with_too_many() {
    run(async {
        let server = RawServer::by_head(faults::redirects_without_end).await;
        let error = fetch(&session(), &server.url("/0")).await.expect_err("no end");
        assert_eq!(error.code(), "too_many_redirects");
        let targets: Vec<_> = error.history().iter().map(|hop| hop.url.path().to_owned()).collect();
        assert_eq!(targets, (0..=10).map(|n| format!("/{n}")).collect::<Vec<_>>());
        assert!(error.history().iter().all(|hop| hop.status == StatusCode::FOUND));
        assert_eq!(server.heads().len(), 11);
    });
}

#[test]
fn a_host_that_refuses_after_a_redirect_is_named_with_the_way_to_it() {
    run(async {
        let refusing = crate::support::Refusing::new();
        let server = RawServer::start(faults::redirect(&refusing.url("/there"))).await;
        let error = fetch(&session(), &server.url("/here")).await.expect_err("refused");
        assert_eq!(named(&error), "connect");
        assert_eq!(error.url().map(|url| url.as_str()), Some(refusing.url("/there").as_str()));
        assert_eq!(error.history().len(), 1);
        assert_eq!(error.history()[0].url.as_str(), server.url("/here"));
    });
}

#[test]
fn a_location_in_raw_bytes_or_of_another_scheme() {
    run(async {
        let session = session();
        let raw = b"HTTP/1.1 302 Found\r\nLocation: /caf\xc3\xa9 au lait\r\nContent-Length: 0\r\n\r\n";
        let server = RawServer::by_head(move |head| match head.target.as_str() {
            "/" => Script::new().send(&raw[..]),
            _ => Script::new().send_page("there"),
        })
        .await;
        assert_eq!(fetch(&session, &server.url("/")).await.expect("a page"), "there");
        assert_eq!(server.heads()[1].1.target, "/caf%C3%A9%20au%20lait");

        for location in ["ftp://example.com/", "file:///etc/passwd", "http://", "javascript:alert(1)"] {
            let server = RawServer::start(faults::redirect(location)).await;
            let error = fetch(&session, &server.url("/")).await.expect_err(location);
            assert_eq!(error.code(), "redirect", "{location}: {error:?}");
            assert_eq!(error.history().len(), 1, "{location}");
        }
    });
}

#[test]
fn fragments_are_kept_and_not_sent() {
    run(async {
        let server = CountingServer::builder().record().start().await;
        let url = server.url(0, "/redirect/1#part");
        let response = session().get(url).await.expect("a head");
        assert_eq!(response.url().fragment(), Some("part"));
        let sent: Vec<_> = server.records().iter().map(|record| record.uri.to_string()).collect();
        assert_eq!(sent, ["/redirect/1", "/redirect/0"]);
    });
}

#[test]
fn a_body_is_sent_again_where_the_status_asks_for_it() {
    run(async {
        let server = RawServer::by_head(|head| match head.target.as_str() {
            "/there" => Script::new().read_body().send_page("taken"),
            _ => Script::new()
                .read_body()
                .send_head("307 Temporary Redirect", &[("Location", "/there"), ("Content-Length", "0")]),
        })
        .await;
        let session = session();
        let put = session.request(Method::PUT, server.url("/")).body("0123456789".repeat(20_000));
        assert_eq!(put.await.expect("a head").text().await.expect("a page"), "taken");
        let heads = server.heads();
        assert_eq!(heads.len(), 2);
        for (_, head) in heads {
            assert_eq!((head.method.as_str(), head.header("content-length")), ("PUT", Some("200000")));
        }
    });
}
