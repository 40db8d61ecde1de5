//! Closing a session, as the server sees it.

use dualfetch::Session;

use crate::support::CountingServer;

use super::help::{fetch, run, session};

#[test]
fn what_is_under_way_is_served_to_its_end_and_nothing_is_sent_after() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        let url = server.url(0, "/page/1?gate=answer");
        let looking = async {
            server.wait_in_flight(1).await;
            let closing = session.close();
            let refused = session.get(server.url(0, "/page/2")).await.expect_err("closed");
            server.gate("answer").open();
            (refused, closing)
        };
        let (answer, (refused, closing)) = tokio::join!(session.get(&url).send(), looking);
        let text = answer.expect("it was under way").text().await.expect("its whole body");
        assert!(text.contains("Page 1"), "{text}");
        closing.await;
        assert_eq!(refused.code(), "closed");
        assert_eq!(server.total().requests, 1);
    });
}

#[test]
fn idle_connections_are_let_go_and_none_is_kept_after() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        fetch(&session, &server.url(0, "/page/1")).await.expect("a page");
        assert_eq!(server.total().open_connections, 1);
        let under_way = session.get(server.url(0, "/page/1?gate=answer")).send();
        let closing = async {
            server.wait_in_flight(1).await;
            drop(session.close());
            server.gate("answer").open();
        };
        let (answer, ()) = tokio::join!(under_way, closing);
        answer.expect("it was under way").bytes().await.expect("its whole body");
        session.close().await;
        server.wait_until("no connection is left", |counts| counts.open_connections == 0).await;
    });
}
