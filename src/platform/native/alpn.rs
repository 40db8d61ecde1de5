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

/// How many origins are remembered; past that the memory starts anew.
const REMEMBERED: usize = 10_000;

#[derive(Clone)]
pub(super) struct Alpn {
    origins: Arc<Mutex<HashMap<Arc<str>, Origin>>>,
}

struct Origin {
    name: Arc<str>,
    known: Known,
    /// Those who wait while one finds out.
    told: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Nothing, or that connections are shared: then there may be none at the moment.
    Nothing,
    /// Every request needs a connection of its own: no need to wait for anyone.
    Http1,
    /// One request is finding out; the others wait to be told.
    Asking,
}

/// Leave to send. The first of several to an unknown origin tells the next when it knows, or is dropped.
pub(super) struct Pass(Option<Leader>);

struct Leader {
    alpn: Alpn,
    origin: Arc<str>,
    told: Arc<Notify>,
}

impl Alpn {
    pub(super) fn new() -> Self {
        Self { origins: Arc::default() }
    }

    /// Whether a request to this origin may go at once. If not, one has gone ahead and its handshake is under way: however
    /// that ends, all go.
    pub(super) fn ask(&self, origin: &str) -> Result<Pass, OwnedNotified> {
        let mut origins = self.lock();
        if let Some(Origin { name, known, told }) = origins.get_mut(origin) {
            return match known {
                Known::Http1 => Ok(Pass::free()),
                Known::Asking => Err(Arc::clone(told).notified_owned()),
                Known::Nothing => {
                    *known = Known::Asking;
                    Ok(self.leading(name, told))
                }
            };
        }
        if origins.len() >= REMEMBERED {
            origins.retain(|_, origin| origin.known == Known::Asking);
        }
        let (name, told): (Arc<str>, _) = (origin.into(), Arc::default());
        let pass = self.leading(&name, &told);
        origins.insert(Arc::clone(&name), Origin { name, known: Known::Asking, told });
        Ok(pass)
    }

    fn leading(&self, name: &Arc<str>, told: &Arc<Notify>) -> Pass {
        Pass(Some(Leader { alpn: self.clone(), origin: Arc::clone(name), told: Arc::clone(told) }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Origin>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Leave that nobody waits on.
    pub(super) fn free() -> Self {
        Self(None)
    }

    /// Waits until the one that has gone ahead is through.
    pub(super) async fn after(told: OwnedNotified) -> Self {
        told.await;
        Self::free()
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
        self.settle(Known::Http1);
    }

    fn settle(&self, known: Known) {
        let mut origins = self.alpn.lock();
        if let Some(origin) = origins.get_mut(&self.origin)
            && origin.known == Known::Asking
            && Arc::ptr_eq(&origin.told, &self.told)
        {
            origin.known = known;
            // Those who wait have it, too; nobody else can begin to, now.
            if Arc::strong_count(&self.told) > 2 {
                self.told.notify_waiters();
            }
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.settle(Known::Nothing);
    }
}
