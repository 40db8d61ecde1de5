//! Deadlines over real sockets: which phase runs out, and what becomes of the connection.

use dualfetch::{DefaultSession, Phase, Session, Timeout};

use crate::support::{Pace, RawServer, Unanswering, faults};

use super::help::{at_rest, fetch, millis, named, run, session, total, warm};

async fn with(timeout: Timeout) -> DefaultSession {
    warm(DefaultSession::builder().timeout(timeout).build().expect("a session")).await
}

#[test]
fn a_host_that_never_answers_the_connection_runs_out_of_connect() {
    run(async {
        let host = Unanswering::start().await;
        let session = with(Timeout::new().connect(millis(200))).await;
        let error = fetch(&session, &host.url("/")).await.expect_err("nobody answers");
        assert_eq!(named(&error), "timeout connect");
        at_rest(&session).await;
    });
}

#[test]
fn connecting_does_not_count_as_waiting_for_the_head() {
    run(async {
        let host = Unanswering::start().await;
        let session = with(Timeout::new().connect(millis(300)).headers(millis(60))).await;
        let error = fetch(&session, &host.url("/")).await.expect_err("nobody answers");
        assert_eq!(error.phase(), Some(Phase::Connect));
    });
}

#[test]
fn a_handshake_that_hangs_runs_out_of_connect() {
    run(async {
        let server = RawServer::start(faults::silent_at_once()).await;
        let url = format!("https://{}/", server.address());
        let error =
            fetch(&with(Timeout::new().connect(millis(200))).await, &url).await.expect_err("no handshake");
        assert_eq!(named(&error), "timeout connect");
        assert!(server.ended(0).await.by_peer());
    });
}

#[test]
fn the_total_bounds_connecting_too() {
    run(async {
        let host = Unanswering::start().await;
        let error = fetch(&with(total(250)).await, &host.url("/")).await.expect_err("nobody answers");
        assert_eq!(named(&error), "timeout total");
    });
}

#[test]
fn a_silent_server_runs_out_of_headers_or_of_the_total() {
    run(async {
        for (timeout, phase) in [
            (Timeout::new().headers(millis(200)), "timeout headers"),
            (total(200), "timeout total"),
            (Timeout::new().wall(millis(200)), "timeout wall"),
            (Timeout::new().headers(millis(200)).total(millis(20_000)), "timeout headers"),
            (Timeout::new().headers(millis(20_000)).total(millis(200)), "timeout total"),
        ] {
            let server = RawServer::start(faults::silent()).await;
            let session = with(timeout).await;
            let error = fetch(&session, &server.url("/")).await.expect_err("silent");
            assert_eq!(named(&error), phase);
            assert!(server.ended(0).await.quietly_by_peer(), "{}", server.story());
            at_rest(&session).await;
        }
    });
}

#[test]
fn a_head_that_drips_runs_out_of_headers() {
    run(async {
        let drip = faults::slow_drip("page", 1, Pace::Gap(millis(20)));
        let server = RawServer::start(drip).await;
        let error = fetch(&with(Timeout::new().headers(millis(250))).await, &server.url("/")).await;
        assert_eq!(named(&error.expect_err("too slow")), "timeout headers");
        assert!(server.ended(0).await.by_peer());
    });
}

#[test]
fn a_stalled_body_runs_out_of_read() {
    run(async {
        for script in [
            faults::silent_after("Stalled", 500, 1000),
            faults::slow_body("ab", 1, Pace::Gap(millis(60_000))),
        ] {
            let server = RawServer::start(script).await;
            let session = with(Timeout::new().read(millis(200))).await;
            let error = fetch(&session, &server.url("/")).await.expect_err("stalled");
            assert_eq!(named(&error), "timeout read");
            assert!(server.ended(0).await.by_peer());
            at_rest(&session).await;
        }
    });
}

#[test]
fn a_body_that_keeps_coming_does_not_run_out_of_read() {
    run(async {
        // Thirty gaps of 20 ms are over the bound together, and none is alone.
        let server = RawServer::start(faults::slow_body("x".repeat(30), 1, Pace::Gap(millis(20)))).await;
        let session = with(Timeout::new().read(millis(400))).await;
        assert_eq!(fetch(&session, &server.url("/")).await.expect("slow, but never stalled").len(), 30);
    });
}

#[test]
fn an_endless_body_runs_out_of_the_total() {
    run(async {
        for pace in [Pace::AtOnce, Pace::Gap(millis(10))] {
            let server = RawServer::start(faults::endless_body("Endless", pace)).await;
            let session = warm(session()).await;
            let mut response = session.get(server.url("/")).timeout(total(200)).await.expect("a head");
            let error = loop {
                match response.chunk().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("an endless body ended"),
                    Err(error) => break error,
                }
            };
            assert_eq!(named(&error), "timeout total");
            assert_eq!(error.url().map(|url| url.as_str()), Some(server.url("/").as_str()));
            assert!(server.ended(0).await.by_peer());
            at_rest(&session).await;
        }
    });
}

#[test]
fn after_a_timeout_the_next_request_has_a_connection_of_its_own() {
    run(async {
        for timeout in [total(250), Timeout::new().headers(millis(250)).read(millis(250))] {
            for broken in [faults::silent(), faults::silent_after("Half", 500, 1000)] {
                let server = RawServer::sequence([broken, faults::pages("fresh")]).await;
                let session = with(timeout).await;
                let error = fetch(&session, &server.url("/one")).await.expect_err("the first one is slow");
                assert!(error.is_timeout(), "{error:?}");
                let second = session.get(server.url("/two")).timeout(total(20_000)).await.expect("a head");
                assert_eq!(second.text().await.expect("a page"), "fresh");
                assert!(server.ended(0).await.quietly_by_peer(), "{}", server.story());
                let heads: Vec<_> = server.heads().into_iter().map(|(at, head)| (at, head.target)).collect();
                assert_eq!(heads, [(0, "/one".to_owned()), (1, "/two".to_owned())]);
            }
        }
    });
}

#[test]
fn waiting_for_a_permit_runs_out_of_queue_and_not_of_the_total() {
    run(async {
        let server = RawServer::start(faults::silent()).await;
        let session = DefaultSession::builder().limit(1).build().expect("a session");
        let first = session.get(server.url("/first")).timeout(Timeout::new().total(None)).send();
        let second = async {
            server.head(0).await;
            let timeout = Timeout::new().queue(millis(200)).total(millis(50));
            session.get(server.url("/second")).timeout(timeout).await
        };
        tokio::select! {
            _ = first => panic!("a silent server answered"),
            error = second => assert_eq!(named(&error.expect_err("no permit")), "timeout queue"),
        }
        at_rest(&session).await;
        assert_eq!(server.connections(), 1);
    });
}
