//! A session is not bound to a runtime, and what was begun in one that has shut down ends with a typed error.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use dualfetch::{DefaultSession, Figures, Retry, Session};
use tokio::runtime::Runtime;

use crate::support::{RawServer, Script, faults};

use super::help::{fetch, outcome, session};

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A server in a runtime of its own, which goes on.
fn server(script: Script) -> (Runtime, RawServer) {
    let home = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let home = home.expect("a runtime");
    let server = home.block_on(RawServer::start(script));
    (home, server)
}

/// Polls it once, where there is no runtime.
fn poll_outside<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_session_goes_on_in_another_runtime() {
    let (_home, server) = server(faults::pages("a page"));
    let session = session();
    for _ in 0..3 {
        let page = runtime().block_on(fetch(&session, &server.url("/"))).expect("a page");
        assert_eq!(page, "a page");
    }
    assert_eq!(server.connections(), 3);
}

#[test]
fn a_body_is_cut_off_when_its_runtime_shuts_down() {
    for cut_off in [faults::silent_after("Title", 1000, 5000), faults::chunked_without_end(b"<title>Title")] {
        let (_home, server) = server(cut_off);
        let session = session();
        let first = runtime();
        let body = first.block_on(session.get(server.url("/")).send()).expect("a head");
        drop(first);
        let read = runtime().block_on(body.bytes());
        assert_eq!(outcome(&read), "disconnected");
    }
}

#[test]
fn outside_any_runtime_a_body_is_cut_off_too() {
    let (_home, server) = server(faults::silent_after("Title", 1000, 5000));
    let session = session();
    let first = runtime();
    let body = first.block_on(session.get(server.url("/")).send()).expect("a head");
    drop(first);
    let Poll::Ready(read) = poll_outside(body.bytes()) else { panic!("it waits") };
    assert_eq!(outcome(&read), "disconnected");
}

/// Begins a request in a runtime that shuts down as soon as `met`; how the request ends.
fn begun_before(session: &DefaultSession, url: &str, met: impl Future<Output = ()>) -> String {
    let first = runtime();
    let mut sending = Box::pin(session.get(url).send());
    let early = first.block_on(async {
        tokio::select! {
            outcome = &mut sending => Some(outcome),
            () = met => None,
        }
    });
    assert!(early.is_none(), "it has ended already: {early:?}");
    drop(first);
    let Poll::Ready(ended) = poll_outside(sending.as_mut()) else { panic!("it waits") };
    outcome(&ended.map(drop))
}

#[test]
fn a_request_is_closed_when_its_runtime_shuts_down() {
    let (_home, server) = server(faults::silent());
    let session = session();
    let sent = async { drop(server.head(0).await) };
    assert_eq!(begun_before(&session, &server.url("/"), sent), "closed");
    assert_eq!(session.figures(), Figures::default());
}

#[test]
fn a_request_in_line_is_closed_when_its_runtime_shuts_down() {
    let (home, server) = server(faults::silent());
    let session = DefaultSession::builder().limit(1).build().expect("a session");
    let holding = home.spawn({
        let (session, url) = (session.clone(), server.url("/"));
        async move { session.get(url).await.map(drop) }
    });
    home.block_on(server.head(0));
    let in_line = until(|| session.figures().waiting == 1);
    assert_eq!(begun_before(&session, &server.url("/"), in_line), "closed");
    holding.abort();
}

#[test]
fn a_pause_before_a_retry_is_closed_when_its_runtime_shuts_down() {
    let (_home, server) = server(faults::reset_before_head());
    let retry = Retry::standard().backoff(Duration::from_secs(60), Duration::from_secs(60));
    let session = DefaultSession::builder().retry(retry).build().expect("a session");
    let pausing = async {
        server.head(0).await;
        until(|| session.figures().in_flight == 0).await;
    };
    assert_eq!(begun_before(&session, &server.url("/"), pausing), "closed");
}

async fn until(met: impl Fn() -> bool) {
    while !met() {
        tokio::task::yield_now().await;
    }
}
