//! What requests cost while they wait, by an allocator that counts, and what it costs to let the next one start.

#![allow(clippy::disallowed_methods, reason = "real time is measured")]

mod allocator;

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, Request, Response, Result, Session};

use allocator::live;

/// Of the scheduler, for each waiter.
pub(crate) const SCHEDULER_BYTES: usize = 300;
/// Of a whole `send` that waits, the scheduler's included.
pub(crate) const SEND_BYTES: usize = 2 * 1024;

const HOSTS: usize = 100;

pub(crate) struct Row {
    /// Bytes for each waiter in what grows in one piece, which is the scheduler's slab: all else is small.
    pub(crate) slab: usize,
    pub(crate) whole: usize,
    /// Giving a permit back, and the next request's start.
    pub(crate) admission: Duration,
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response>> + 'a>>;

pub(crate) fn scripted(count: usize) -> Row {
    let platform = Scripted::new(1);
    platform.on_every(|_: &Request| Reply::hangs());
    let session = Client::with_backend(Config::new().limit(1), platform.clone()).expect("sound settings");
    let mut holder = sending(&session, "https://holder.example/".to_owned());
    let mut waiting = Vec::with_capacity(count);
    let before = live();
    waiting.extend((0..count).map(|n| sending(&session, url(n))));
    let now = live();
    let whole = (now.bytes - before.bytes) / count;
    let slab = (now.large - before.large) / count;
    assert_eq!(session.figures().waiting, count);

    let batch = (count / 10).min(2_000);
    let mut next = waiting.into_iter();
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let batch: Vec<_> = next.by_ref().take(batch).collect();
        let size = batch.len();
        let started = Instant::now();
        for sending in batch {
            drop(std::mem::replace(&mut holder, sending));
            poll(&mut holder);
        }
        fastest = fastest.min(started.elapsed() / u32::try_from(size).unwrap_or(u32::MAX));
    }
    assert_eq!(platform.calls().len(), 1 + 5 * batch, "each was admitted in its turn");
    Row { slab, whole, admission: fastest }
}

pub(crate) fn native(count: usize) -> usize {
    // Takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a run-time");
    let _inside = runtime.enter();
    let session = Config::new().limit(1).build().expect("sound settings");
    let _holder = sending(&session, format!("http://{address}/"));
    let mut waiting = Vec::with_capacity(count);
    let before = live();
    waiting.extend((0..count).map(|n| sending(&session, url(n))));
    let whole = (live().bytes - before.bytes) / count;
    assert_eq!(session.figures().waiting, count);
    drop(waiting);
    whole
}

fn url(n: usize) -> String {
    format!("https://host{}.example/page/{n}", n % HOSTS)
}

fn sending<S: Session>(session: &S, url: String) -> Sending<'_> {
    let mut sending: Sending<'_> = Box::pin(session.get(url).send());
    poll(&mut sending);
    sending
}

fn poll(sending: &mut Sending<'_>) {
    assert!(sending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}
