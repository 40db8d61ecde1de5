//! Stopping early: what the server sees of a title that was enough.

use dualfetch::{Session, SessionExt};
use futures_util::StreamExt;

use crate::support::{CountingServer, RawServer, Script, faults, routes};

use super::help::{at_rest, run, run_on_two, session};

#[test]
fn a_title_in_the_first_48_kb_of_5_mb_is_a_row_and_the_connection_ends_without_another_byte() {
    run(async {
        let server = RawServer::start(faults::silent_after_48_kb("Early")).await;
        let session = session();
        let rows: Vec<_> = session.titles([server.url("/")]).collect().await;
        assert_eq!(rows[0].title(), Some("Early"), "{:?}", rows[0]);
        let page = rows[0].result.as_ref().expect("a page");
        assert!(page.transfer.wire <= 48_000, "{:?}", page.transfer);
        assert_eq!(page.transfer.remaining, Some(5_000_000 - page.transfer.wire));
        let ended = server.ended(0).await;
        assert!(ended.quietly_by_peer(), "{ended:?}");
        at_rest(&session).await;
    });
}

#[test]
fn an_endless_page_is_read_no_further_than_its_title() {
    run(async {
        let server = RawServer::start(faults::endless_body("Endless", crate::support::Pace::AtOnce)).await;
        let page = session().page(server.url("/")).await.expect("a title");
        assert_eq!(page.title.as_deref(), Some("Endless"));
        assert!(page.transfer.wire < 200_000, "{:?}", page.transfer);
        assert!(server.ended(0).await.by_peer());
    });
}

#[test]
fn a_small_remainder_is_read_and_the_connection_used_again() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        for n in 0..10 {
            // The rest follows its title by a few milliseconds, and is no more than 32 kB.
            let url = server.url(0, &format!("/page/{n}?size=30000&chunk=5000&gap_ms=2"));
            let page = session.page(&url).await.expect("a title");
            assert_eq!(page.title.as_deref(), Some(format!("Page {n}").as_str()));
            assert!(page.transfer.wire < 30_000, "the title needs no more than the first piece");
            at_rest(&session).await;
        }
        let counts = server.total();
        assert_eq!((counts.requests, counts.connections), (10, 1));
    });
}

#[test]
fn while_a_small_remainder_is_read_its_permit_is_held() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        let url = server.url(0, "/page/1?size=30000&chunk=5000&body_gate=rest");
        session.page(&url).await.expect("a title");
        assert_eq!(session.figures().in_flight, 1);
        assert_eq!(server.total().in_flight, 1);
        server.gate("rest").open();
        at_rest(&session).await;
        server.wait_idle().await;
        session.page(server.url(0, "/page/2")).await.expect("a title");
        assert_eq!(server.total().connections, 1);
    });
}

#[test]
fn a_small_remainder_that_does_not_come_is_given_up() {
    run(async {
        let server =
            RawServer::sequence([faults::silent_after("First", 500, 1000), faults::pages("x")]).await;
        let session = session();
        let page = session.page(server.url("/")).await.expect("a title");
        assert_eq!(page.title.as_deref(), Some("First"));
        assert!(server.ended(0).await.quietly_by_peer());
        at_rest(&session).await;
        session.page(server.url("/")).await.expect("another connection");
        assert_eq!(server.connections(), 2);
    });
}

#[test]
fn a_large_remainder_costs_the_connection_and_not_the_transfer() {
    run(async {
        let page = routes::titled("Large", 5_000_000);
        let script = Script::new().read_head().send_page(page).expect_close();
        let server = RawServer::start(script).await;
        let session = session();
        for _ in 0..2 {
            session.page(server.url("/")).await.expect("a title");
        }
        assert_eq!(server.connections(), 2);
        for connection in 0..2 {
            let ended = server.ended(connection).await;
            // What the kernels' buffers took is all that was sent.
            assert!(ended.by_peer(), "{ended:?}");
        }
    });
}

#[test]
fn without_a_drain_a_small_remainder_costs_the_connection_too() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        for n in 0..3 {
            let url = server.url(0, &format!("/page/{n}?size=30000&chunk=5000&body_gate=never"));
            let rows: Vec<_> = session.titles([url]).drain(0).collect().await;
            assert_eq!(rows[0].title(), Some(format!("Page {n}").as_str()));
            assert_eq!(session.figures().in_flight, 0);
        }
        assert_eq!(server.total().connections, 3);
        server.wait_until("the connections ended", |counts| counts.open_connections == 0).await;
    });
}

#[test]
fn what_is_not_html_is_not_read() {
    run(async {
        for (media, length) in [("image/png", 5_000_000), ("application/pdf", 40_000), ("text/plain", 40_000)]
        {
            let length = length.to_string();
            let head = [("Content-Type", media), ("Content-Length", length.as_str())];
            let script = Script::new().read_head().send_head("200 OK", &head).expect_close();
            let server = RawServer::start(script).await;
            let session = session();
            let page = session.page(server.url("/")).await.expect("a page");
            assert_eq!((page.title.as_deref(), page.title_source.as_str()), (None, "content-type"));
            assert_eq!((page.transfer.wire, page.encoding), (0, None));
            assert!(server.ended(0).await.quietly_by_peer(), "{}", server.story());
            at_rest(&session).await;
        }
    });
}

#[test]
fn a_small_body_that_is_not_html_is_drained_for_the_connection() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        for _ in 0..3 {
            let page = session.page(server.url(0, "/bytes/1000")).await.expect("a page");
            assert_eq!(page.title_source.as_str(), "content-type");
            at_rest(&session).await;
        }
        assert_eq!(server.total().connections, 1);
    });
}

#[test]
fn stopping_early_saves_most_of_many_large_pages() {
    run_on_two(async {
        let server = CountingServer::builder().hosts(4).start().await;
        let urls = server.urls(100, |n| format!("/page/{n}?size=1000000"));
        let session = session();
        let rows: Vec<_> = session.titles(urls).collect().await;
        let read: u64 = rows.iter().map(|row| row.result.as_ref().map_or(0, |page| page.transfer.wire)).sum();
        assert!(rows.iter().all(|row| row.title().is_some()));
        assert!(read < 40_000_000, "{read} of 100 MB were read");
        at_rest(&session).await;
        server.wait_until("all given up", |counts| counts.open_connections == 0).await;
    });
}

#[test]
fn a_response_discarded_with_a_small_rest_keeps_its_connection() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        for _ in 0..3 {
            let response = session.get(server.url(0, "/page/1?size=4000&chunk=1000&gap_ms=1")).await;
            response.expect("a head").discard(10_000);
            at_rest(&session).await;
        }
        assert_eq!(server.total().connections, 1);
    });
}
