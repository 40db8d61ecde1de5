//! To an https origin not yet known, one request goes first: until its handshake tells, nobody knows whether the others
//! need connections of their own or share its one.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::connect::{Probe, Stage};

/// How many HTTP/1.1 origins are remembered; past that the memory starts anew.
const REMEMBERED: usize = 10_000;

#[derive(Clone)]
pub(super) struct Alpn {
    origins: Arc<Mutex<HashMap<String, Known>>>,
}

enum Known {
    /// Every request needs a connection of its own: no need to wait for anyone.
    Http1,
    /// One request is finding out; the others wait to be told.
    Asking(Arc<Notify>),
}

/// Leave to send. The first of several to an unknown origin tells the next when it knows, or is dropped.
pub(super) struct Pass(Option<Leader>);

struct Leader {
    alpn: Alpn,
    origin: String,
    told: Arc<Notify>,
}

impl Alpn {
    pub(super) fn new() -> Self {
        Self { origins: Arc::default() }
    }

    /// Waits until a request to this origin may go: at once, unless one has gone ahead and its handshake is under way.
    /// However that one ends, all go.
    pub(super) async fn enter(&self, origin: &str) -> Pass {
        let told = match self.ask(origin) {
            Ok(pass) => return pass,
            Err(told) => told,
        };
        told.await;
        Pass::free()
    }

    /// Leave to go, or who will tell.
    fn ask(&self, origin: &str) -> Result<Pass, OwnedNotified> {
        let mut origins = self.lock();
        match origins.get(origin) {
            Some(Known::Http1) => return Ok(Pass::free()),
            Some(Known::Asking(told)) => return Err(Arc::clone(told).notified_owned()),
            None => {}
        }
        if origins.len() >= REMEMBERED {
            origins.retain(|_, known| matches!(known, Known::Asking(_)));
        }
        let told = Arc::new(Notify::new());
        origins.insert(origin.to_owned(), Known::Asking(Arc::clone(&told)));
        drop(origins);
        Ok(Pass(Some(Leader { alpn: self.clone(), origin: origin.to_owned(), told })))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Leave that nobody waits on.
    pub(super) fn free() -> Self {
        Self(None)
    }

    /// Runs the request, and lets the others go as soon as it is clear how.
    pub(super) async fn watch<F: Future>(mut self, request: F, probe: &Probe) -> F::Output {
        let mut request = pin!(request);
        poll_fn(|cx| {
            let polled = request.as_mut().poll(cx);
            if self.0.is_some() {
                match (probe.stage(), &polled) {
                    (Stage::Connecting, Poll::Pending) => {}
                    (Stage::Http1, _) => self.0.take().into_iter().for_each(Leader::knows_http1),
                    // A shared connection is in the pool by now, or an idle one was found there.
                    _ => self.0 = None,
                }
            }
            polled
        })
        .await
    }
}

impl Leader {
    fn knows_http1(self) {
        self.alpn.lock().insert(self.origin.clone(), Known::Http1);
        self.told.notify_waiters();
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        let mut origins = self.alpn.lock();
        if matches!(origins.get(&self.origin), Some(Known::Asking(_))) {
            origins.remove(&self.origin);
        }
        drop(origins);
        self.told.notify_waiters();
    }
}
