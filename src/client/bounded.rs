//! Waiting with deadlines: one timer for all phases of a request.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::error::{Error, Phase, Result};
use crate::platform::{Backend, Sleep};
use crate::policy::deadline::Deadlines;

/// A timer that is made when first needed and moves only when it must.
pub(super) struct Timer<B: Backend> {
    sleep: Option<Pin<Box<B::Sleep>>>,
    set_for: Option<Duration>,
}

impl<B: Backend> Timer<B> {
    pub(super) fn new() -> Self {
        Self { sleep: None, set_for: None }
    }

    /// Ready once `at` has passed, or somewhat before: a deadline that keeps moving away leaves the timer where it is.
    /// Fails where no time will ever come.
    pub(super) fn poll_at(&mut self, cx: &mut Context<'_>, backend: &B, at: Duration) -> Poll<Result<()>> {
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                if self.set_for.is_none_or(|set_for| at < set_for) {
                    sleep.as_mut().reset(at);
                    self.set_for = Some(at);
                }
                sleep
            }
            none => {
                self.set_for = Some(at);
                none.insert(Box::pin(backend.sleep_until(at)))
            }
        };
        ready!(sleep.as_mut().poll(cx));
        self.set_for = None;
        Poll::Ready(sleep.as_ref().failure().map_or(Ok(()), Err))
    }

    /// Nobody waits until it is polled again.
    pub(super) fn rest(&mut self) {
        if let Some(sleep) = &mut self.sleep {
            sleep.as_mut().rest();
        }
    }

    /// Pending until the earliest deadline passes; then the error that names it.
    pub(super) fn poll_deadlines(
        &mut self,
        cx: &mut Context<'_>,
        backend: &B,
        deadlines: &Deadlines,
    ) -> Poll<Error> {
        match ready!(self.poll_deadlines_or(cx, backend, deadlines, None)) {
            Err(error) => Poll::Ready(error),
            Ok(_) => Poll::Pending,
        }
    }

    /// Pending until the earliest deadline passes, then the error that names it; or until this time, then what the clock
    /// shows.
    pub(super) fn poll_deadlines_or(
        &mut self,
        cx: &mut Context<'_>,
        backend: &B,
        deadlines: &Deadlines,
        until: Option<Duration>,
    ) -> Poll<Result<Duration>> {
        loop {
            let deadline = deadlines.next().map(|(at, _)| at);
            let Some(at) = deadline.into_iter().chain(until).min() else { return Poll::Pending };
            ready!(self.poll_at(cx, backend, at))?;
            let now = backend.now();
            if let Some(phase) = deadlines.expired(now) {
                return Poll::Ready(Err(Error::timeout(phase)));
            }
            if until.is_some_and(|until| until <= now) {
                return Poll::Ready(Ok(now));
            }
        }
    }

    /// Sleeps for `pause`, or fails at the earliest deadline.
    pub(super) async fn sleep(&mut self, backend: &B, pause: Duration, deadlines: &Deadlines) -> Result<()> {
        let Some(until) = backend.now().checked_add(pause) else {
            return Err(Error::timeout(Phase::Total));
        };
        poll_fn(|cx| {
            loop {
                let now = backend.now();
                if let Some(phase) = deadlines.expired(now) {
                    return Poll::Ready(Err(Error::timeout(phase)));
                }
                if now >= until {
                    return Poll::Ready(Ok(()));
                }
                let at = deadlines.next().map_or(until, |(at, _)| at.min(until));
                ready!(self.poll_at(cx, backend, at))?;
            }
        })
        .await
    }
}
