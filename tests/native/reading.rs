//! A response's body as tokio's reader.

use std::io;

use dualfetch::{Error, Phase, Session};
use tokio::io::{AsyncBufReadExt, AsyncReadExt};

use crate::support::{CountingServer, RawServer, faults};

use super::help::{at_rest, run, session, total};

#[test]
fn a_body_is_copied_as_it_comes_and_its_connection_is_used_again() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        for n in 0..2 {
            let response = session.get(server.url(0, &format!("/page/{n}?size=300000&chunk=50000"))).await;
            let mut reader = response.expect("a head").into_async_read();
            let mut copy = vec![];
            assert_eq!(tokio::io::copy(&mut reader, &mut copy).await.expect("a body"), 300_000);
            assert_eq!(copy.len(), 300_000);
            assert_eq!(session.figures().in_flight, 0, "read to its end it holds no permit");
        }
        assert_eq!(server.total().connections, 1);
    });
}

#[test]
fn pieces_come_before_the_body_has_ended_and_dropping_the_reader_ends_it() {
    run(async {
        let server = RawServer::start(faults::endless_body("Endless", crate::support::Pace::AtOnce)).await;
        let session = session();
        let mut reader = session.get(server.url("/")).await.expect("a head").into_async_read();
        let piece = reader.fill_buf().await.expect("a piece");
        assert!(!piece.is_empty());
        drop(reader);
        assert!(server.ended(0).await.by_peer());
        at_rest(&session).await;
    });
}

#[test]
fn a_body_that_falls_silent_is_timed_out_with_our_error_inside() {
    run(async {
        let server = RawServer::start(faults::silent_after("Silent", 500, 1000)).await;
        let response = session().get(server.url("/")).timeout(total(100)).await.expect("a head");
        let error = response.into_async_read().read_to_end(&mut vec![]).await.expect_err("silent");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let inner: &Error = error.get_ref().and_then(|inner| inner.downcast_ref()).expect("our own");
        assert_eq!(inner.phase(), Some(Phase::Total));
    });
}
