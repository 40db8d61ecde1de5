//! Giving up: what the server sees of it, and what is given back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use dualfetch::{Body, DefaultSession, Figures, Session, SessionExt};
use futures_util::future::join_all;
use futures_util::stream::repeat_with;

use crate::contract::is_pending;
use crate::support::{CountingServer, Gate, RawServer, Script, Unanswering, faults, within_at_most};

use super::help::{at_rest, run, session, total};

fn limited(limit: usize) -> DefaultSession {
    DefaultSession::builder().limit(limit).build().expect("a session")
}

#[test]
fn dropping_a_send_that_waits_for_its_head_ends_the_connection_and_frees_the_permit() {
    run(async {
        let server = RawServer::start(faults::silent()).await;
        let session = limited(1);
        {
            let mut send = Box::pin(session.get(server.url("/")).send());
            tokio::select! {
                _ = send.as_mut() => panic!("a silent server answered"),
                _ = server.silent(0) => {}
            }
            assert_eq!(session.figures().in_flight, 1);
        }
        assert_eq!(session.figures(), Figures::default());
        assert!(server.ended(0).await.quietly_by_peer());
    });
}

/// What was begun would be sent to its end, and the connection be there for as long as its peer likes.
#[test]
fn dropping_an_upload_to_one_that_does_not_read_ends_the_connection() {
    run(async {
        let (gate, taken) = (Gate::new(), Arc::new(AtomicUsize::new(0)));
        let server = RawServer::start(Script::new().deaf(&gate)).await;
        let session = session();
        let counted = Arc::clone(&taken);
        let pieces = repeat_with(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65_536]))
        });
        let mut send = Box::pin(session.post(server.url("/")).body(Body::stream(pieces)).send());
        let mut before = usize::MAX;
        while before != taken.load(Ordering::SeqCst) {
            before = taken.load(Ordering::SeqCst);
            let pause = tokio::time::sleep(Duration::from_millis(300));
            tokio::select! {
                _ = send.as_mut() => panic!("nobody has answered"),
                () = pause => {}
            }
        }
        assert_eq!(session.connections().expect("it tells").open, 1);
        drop(send);
        let ended = async {
            while session.connections().expect("it tells").open > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // In the end it would be given up by other bounds.
        within_at_most(Duration::from_secs(10), "the connection's end", || server.story(), ended).await;
    });
}

#[test]
fn dropping_a_send_that_connects_frees_the_permit() {
    run(async {
        let host = Unanswering::start().await;
        let server = CountingServer::start().await;
        let session = limited(1);
        {
            let mut send = Box::pin(session.get(host.url("/")).send());
            assert!(is_pending(&mut send).await);
            assert_eq!(session.figures().in_flight, 1);
        }
        assert_eq!(session.figures(), Figures::default());
        session.get(server.url(0, "/page/1")).await.expect("the permit is free");
    });
}

#[test]
fn dropping_a_send_that_waits_for_its_permit_leaves_no_trace() {
    run(async {
        let server = CountingServer::start().await;
        let session = limited(1);
        let mut first = Box::pin(session.get(server.url(0, "/page/1?gate=one")).send());
        let mut second = Box::pin(session.get(server.url(0, "/page/2")).send());
        tokio::select! {
            // In this order they ask for their permits.
            biased;
            _ = first.as_mut() => panic!("the gate is closed"),
            _ = second.as_mut() => panic!("there is no permit"),
            () = server.wait_in_flight(1) => {}
        }
        assert_eq!((session.figures().in_flight, session.figures().waiting), (1, 1));
        drop(second);
        assert_eq!((session.figures().in_flight, session.figures().waiting), (1, 0));
        server.gate("one").open();
        first.await.expect("a head").bytes().await.expect("a body");
        assert_eq!(session.figures(), Figures::default());
        assert_eq!(server.total().requests, 1);
    });
}

#[test]
fn dropping_a_response_ends_its_transfer_and_lets_the_next_one_go() {
    run(async {
        let server = RawServer::start(faults::silent_after("Half", 500, 1_000_000)).await;
        let session = limited(1);
        let response = session.get(server.url("/")).await.expect("a head");
        assert_eq!(session.figures().in_flight, 1);
        let mut second = Box::pin(session.get(server.url("/")).send());
        assert!(is_pending(&mut second).await);
        drop(response);
        assert!(server.ended(0).await.quietly_by_peer());
        second.await.expect("the permit is free");
        assert_eq!(session.figures(), Figures::default());
    });
}

#[test]
fn dropping_a_reader_half_way_ends_the_transfer() {
    run(async {
        let server = RawServer::start(faults::silent_after("Half", 500, 1000)).await;
        let session = session();
        let response = session.get(server.url("/")).await.expect("a head");
        {
            let mut reading = Box::pin(response.bytes());
            assert!(is_pending(&mut reading).await);
            server.silent(0).await;
        }
        assert_eq!(session.figures(), Figures::default());
        assert!(server.ended(0).await.quietly_by_peer());
    });
}

#[test]
fn dropping_a_batch_ends_every_request_under_way() {
    run(async {
        let server = CountingServer::start().await;
        let session = limited(20);
        {
            let mut rows = session.titles(server.urls(200, |_| "/hang".to_owned()));
            tokio::select! {
                row = rows.next() => panic!("a hanging page gave {row:?}"),
                () = server.wait_in_flight(20) => {}
            }
            assert_eq!((session.figures().in_flight, session.figures().waiting), (20, 60));
        }
        assert_eq!(session.figures(), Figures::default());
        server.wait_until("every connection ended", |counts| counts.open_connections == 0).await;
        assert_eq!(server.total().requests, 20);
    });
}

#[test]
fn dropping_a_title_while_its_page_drips_frees_the_permit() {
    run(async {
        let server = RawServer::start(faults::silent_after("", 20, 1000)).await;
        let session = session();
        {
            let mut page = Box::pin(session.page(server.url("/")));
            tokio::select! {
                page = page.as_mut() => panic!("no title yet, but {page:?}"),
                _ = server.silent(0) => {}
            }
        }
        assert_eq!(session.figures(), Figures::default());
        assert!(server.ended(0).await.quietly_by_peer());
    });
}

#[test]
fn a_response_outlives_its_session() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        let url = server.url(0, "/page/1?size=300000&chunk=100000&body_gate=rest");
        let response = session.get(url).await.expect("a head");
        drop(session);
        server.gate("rest").open();
        assert_eq!(response.bytes().await.expect("a body").len(), 300_000);
        server.wait_until("its connection ended", |counts| counts.open_connections == 0).await;
    });
}

#[test]
fn after_a_storm_of_outcomes_nothing_is_left() {
    run(async {
        let server = CountingServer::builder().hosts(3).start().await;
        let session = DefaultSession::builder().limit(20).limit_per_host(8).timeout(total(300));
        let session = session.build().expect("a session");
        let paths =
            ["/page/1", "/hang", "/page/2?size=400000&stall=1", "/redirect/3", "/loop", "/status/503"];
        let all = (0..120).map(|n| {
            let send = session.get(server.url(n % 3, paths[n % paths.len()])).send();
            async move {
                match n % 4 {
                    // A quarter is given up at once, one is kept unread, the others are read.
                    0 => assert!(is_pending(&mut Box::pin(send)).await),
                    1 => return send.await.ok(),
                    _ => drop(async { send.await?.bytes().await }.await),
                }
                None
            }
        });
        drop(join_all(all).await);
        at_rest(&session).await;
        server.wait_idle().await;
    });
}
