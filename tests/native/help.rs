//! What all native tests use: a runtime with a safety timeout, sessions, and short names for outcomes.

use std::future::Future;
use std::time::Duration;

use dualfetch::{DefaultSession, Error, Figures, Result, Timeout};

use crate::support::{Refusing, within_at_most};

/// Runs a test on one thread. A hang fails it.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(safely(test))
}

/// Runs a test on two threads, so that client and server truly run at once.
pub fn run_on_two<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().expect("a runtime").block_on(safely(test))
}

async fn safely<T>(test: impl Future<Output = T>) -> T {
    within_at_most(Duration::from_secs(60), "the test's end", String::new, test).await
}

/// A session with the defaults.
pub fn session() -> DefaultSession {
    DefaultSession::new().expect("the defaults make a session")
}

/// The session once it has sent a request: the first one loads the machine's CA store, which in a debug build on a
/// busy machine takes longer than the short bounds of some tests.
pub async fn warm(session: DefaultSession) -> DefaultSession {
    let _ = fetch(&session, &Refusing::new().url("/")).await;
    session
}

pub fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A bound on the total alone.
pub fn total(count: u64) -> Timeout {
    Timeout::new().total(millis(count))
}

/// Waits until nothing is in flight or waiting. Responses read in the background end without being awaited.
pub async fn at_rest(session: &DefaultSession) {
    let rest = async {
        while session.figures() != Figures::default() {
            tokio::task::yield_now().await;
        }
    };
    within_at_most(Duration::from_secs(30), "a session at rest", || format!("{:?}", session.figures()), rest)
        .await;
}

/// The whole body of a URL.
pub async fn fetch(session: &DefaultSession, url: &str) -> Result<bytes::Bytes> {
    use dualfetch::Session;
    session.get(url).await?.bytes().await
}

/// `ok`, or the error's code and, for a timeout, its phase.
pub fn outcome<T>(result: &Result<T>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => named(error),
    }
}

/// The error's code and, for a timeout, its phase.
pub fn named(error: &Error) -> String {
    match error.phase() {
        Some(phase) => format!("{} {phase}", error.code()),
        None => error.code().to_owned(),
    }
}
