//! [`Stalls`]: what becomes of answers whose clients take no more of them.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::AbortHandle;

use crate::session::Session;

use super::state::Behind;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);

/// After so many looks without a piece taken an answer is given up: a minute.
const PATIENCE: u64 = 12;

/// Watches the bodies of answers. A server asks a body for its next piece only when its client has room for one; so one
/// that is not asked cannot end itself, and what it holds, its fetches first of all, is taken from it.
pub(super) struct Stalls(Arc<Shared>);

struct Shared {
    /// How often it was looked, and one.
    looks: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    bodies: HashMap<u64, Weak<dyn Given>>,
    next: u64,
    /// Who looks, while there is anything to see.
    watch: Option<AbortHandle>,
}

impl Stalls {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared { looks: AtomicU64::new(1), known: Mutex::default() }))
    }

    /// This body, which is given up once its client has taken nothing of what there was for a minute.
    pub(super) fn watch<B>(&self, body: B, clock: &Behind) -> Patient<B>
    where
        B: Send + 'static,
    {
        let patient = self.0.admit(body);
        let mut known = self.0.lock();
        if known.watch.as_ref().is_none_or(AbortHandle::is_finished) {
            let watch = watch(Arc::downgrade(&self.0), clock.clone());
            #[allow(clippy::disallowed_methods, reason = "a server is in a runtime of tokio's")]
            let task = tokio::spawn(watch);
            known.watch = Some(task.abort_handle());
        }
        drop(known);
        patient
    }
}

async fn watch(stalls: Weak<Shared>, clock: Behind) {
    loop {
        clock.sleep(EVERY).await;
        let Some(stalls) = stalls.upgrade() else { return };
        if !stalls.look() {
            return;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    fn admit<B>(self: &Arc<Self>, body: B) -> Patient<B>
    where
        B: Send + 'static,
    {
        let held = Arc::new(Held { body: Mutex::new(Some(body)), since: AtomicU64::new(self.now()) });
        let weak: Weak<dyn Given> = Arc::<Held<B>>::downgrade(&held);
        let mut known = self.lock();
        let id = known.next;
        known.next += 1;
        known.bodies.insert(id, weak);
        drop(known);
        Patient { held, id, stalls: Arc::clone(self) }
    }

    /// Gives up what is stalled. Whether anything is left to be watched.
    fn look(&self) -> bool {
        let now = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
        let mut known = self.lock();
        let all = known.bodies.values().filter_map(Weak::upgrade);
        let stalled: Vec<_> =
            all.filter(|body| body.waits_since().is_some_and(|since| now - since >= PATIENCE)).collect();
        let is_needed = !known.bodies.is_empty();
        if !is_needed {
            known.watch = None;
        }
        drop(known);
        stalled.iter().for_each(|body| body.give_up());
        is_needed
    }
}

/// A body that is watched.
pub(super) struct Patient<B> {
    held: Arc<Held<B>>,
    id: u64,
    stalls: Arc<Shared>,
}

struct Held<B> {
    /// None once it was given up.
    body: Mutex<Option<B>>,
    /// At which look the client was given the last piece; 0 while it is the client that waits.
    since: AtomicU64,
}

trait Given: Send + Sync {
    fn waits_since(&self) -> Option<u64>;
    fn give_up(&self);
}

impl<B> Held<B> {
    fn lock(&self) -> MutexGuard<'_, Option<B>> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Send> Given for Held<B> {
    fn waits_since(&self) -> Option<u64> {
        Some(self.since.load(Ordering::Relaxed)).filter(|since| *since > 0)
    }

    fn give_up(&self) {
        let body = self.lock().take();
        drop(body);
    }
}

impl<B> Body for Patient<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut body = self.held.lock();
        let Some(body) = body.as_mut() else {
            return Poll::Ready(Some(Err("the client took nothing for too long".into())));
        };
        let piece = Pin::new(body).poll_frame(cx);
        let since = if piece.is_pending() { 0 } else { self.stalls.now() };
        self.held.since.store(since, Ordering::Relaxed);
        piece.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.held.lock().as_ref().is_some_and(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.held.lock().as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl<B> Drop for Patient<B> {
    fn drop(&mut self) {
        self.stalls.lock().bodies.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::task::Waker;

    use super::*;

    /// Has these pieces, and waits for more; holds something.
    struct Pieces(VecDeque<&'static str>, #[allow(dead_code)] Arc<()>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let piece = self.0.pop_front().map(|piece| Ok(Frame::data(Bytes::from(piece))));
            piece.map_or(Poll::Pending, |piece| Poll::Ready(Some(piece)))
        }
    }

    fn poll(body: &mut Patient<Pieces>) -> Poll<Option<bool>> {
        let polled = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
        polled.map(|piece| piece.map(|piece| piece.is_ok()))
    }

    fn look(stalls: &Stalls, times: u64) {
        (0..times).for_each(|_| assert!(stalls.0.look()));
    }

    #[test]
    fn an_answer_of_which_nothing_is_taken_is_given_up() {
        let (stalls, what) = (Stalls::new(), Arc::new(()));
        let mut body = stalls.0.admit(Pieces(["a", "b", "c"].into(), Arc::clone(&what)));
        look(&stalls, PATIENCE - 1);
        assert_eq!(poll(&mut body), Poll::Ready(Some(true)), "a slow client");
        look(&stalls, PATIENCE - 1);
        assert_eq!(poll(&mut body), Poll::Ready(Some(true)));
        look(&stalls, PATIENCE - 1);
        assert_eq!(Arc::strong_count(&what), 2);
        look(&stalls, 1);
        assert_eq!(Arc::strong_count(&what), 1, "it lets go though nobody asks");
        assert_eq!(poll(&mut body), Poll::Ready(Some(false)), "and has no clean end");
        assert!(!body.is_end_stream());
    }

    #[test]
    fn one_that_is_never_asked_is_given_up_and_one_that_has_nothing_is_not() {
        let (stalls, what) = (Stalls::new(), Arc::new(()));
        let never = stalls.0.admit(Pieces(["a"].into(), Arc::clone(&what)));
        let mut waiting = stalls.0.admit(Pieces(["a"].into(), Arc::clone(&what)));
        assert_eq!(poll(&mut waiting), Poll::Ready(Some(true)));
        assert_eq!(poll(&mut waiting), Poll::Pending);
        look(&stalls, 10 * PATIENCE);
        assert_eq!(Arc::strong_count(&what), 2, "one of them");
        assert_eq!(poll(&mut waiting), Poll::Pending);
        drop((never, waiting));
        assert!(!stalls.0.look(), "nothing is left");
    }
}
