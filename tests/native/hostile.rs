//! What strangers send to cost more than they pay, and hosts that are dead.

use std::time::Duration;

use dualfetch::{DefaultSession, Error, Phase, Session, SessionExt, Timeout};
use futures_util::future::join_all;

use crate::support::{CountingServer, RawServer, Unanswering, faults};

use super::help::{at_rest, millis, outcome, run, session};

/// A zstd frame of blocks of repeated spaces: a few bytes each, 128 KiB when decompressed.
fn zstd_of_spaces(window_log: u8, start: &[u8], blocks: usize) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, (window_log - 10) << 3];
    frame.extend_from_slice(&(u32::try_from(start.len()).expect("short") << 3).to_le_bytes()[..3]);
    frame.extend_from_slice(start);
    for block in 1..=blocks {
        let header: u32 = ((128 * 1024) << 3) | (1 << 1) | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame
}

fn compressed(body: Vec<u8>) -> crate::support::Script {
    faults::with_headers(&[("Content-Type", "text/html"), ("Content-Encoding", "zstd")], body)
}

#[test]
fn zstd_may_not_ask_for_more_window_than_8_mib() {
    run(async {
        for (window_log, expected) in [(23, "ok"), (24, "decode"), (27, "decode")] {
            let server = RawServer::start(compressed(zstd_of_spaces(window_log, b"", 100))).await;
            let read = async { session().get(server.url("/")).await?.bytes().await };
            assert_eq!(outcome(&read.await), expected, "window log {window_log}");
        }
    });
}

#[test]
fn a_small_remainder_that_decompresses_to_a_gigabyte_is_let_go() {
    run(async {
        let bomb = zstd_of_spaces(17, b"<title>T</title>", 8_000);
        let server = RawServer::start(compressed(bomb)).await;
        let session = session();
        let page = session.page(server.url("/")).await.expect("a page");
        assert_eq!(page.title.as_deref(), Some("T"));
        at_rest(&session).await;
    });
}

#[test]
fn requests_to_a_dead_https_host_end_within_one_connect_timeout() {
    run(async {
        let dead = Unanswering::start().await;
        let url = dead.url("/").replace("http:", "https:");
        let timeout = Timeout::new().connect(millis(400)).headers(millis(100)).total(millis(1_500));
        let session = DefaultSession::builder().timeout(timeout).build().expect("a session");
        let answers = join_all((0..5).map(|_| session.get(&url).send())).await;
        let phases: Vec<_> =
            answers.iter().map(|answer| answer.as_ref().err().and_then(Error::phase)).collect();
        assert!(phases.iter().all(|phase| *phase == Some(Phase::Connect)), "{phases:?}");
    });
}

#[test]
fn a_part_of_a_body_is_not_asked_for_compressed() {
    run(async {
        let server = CountingServer::builder().record().start().await;
        session().get(server.url(0, "/page/1")).header("range", "bytes=0-9").await.expect("an answer");
        let sent = server.records();
        assert_eq!(sent[0].headers["accept-encoding"], "identity");
    });
}

#[test]
fn a_keep_alive_past_the_end_of_time_is_a_long_one() {
    run(async {
        let server = CountingServer::builder().start().await;
        let session = DefaultSession::builder().keep_alive(Duration::MAX).build().expect("a session");
        for _ in 0..2 {
            let answer = async { session.get(server.url(0, "/page/1")).await?.bytes().await };
            assert_eq!(outcome(&answer.await), "ok");
        }
        assert_eq!(server.total().connections, 1);
    });
}
