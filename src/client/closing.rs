//! [`Closing`]: a session's end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::policy::scheduler::Scheduler;

/// Ready when a session that was closed has nothing under way any more: see [`Client::close`](super::Client::close).
///
/// # Cancellation
/// Dropping it changes nothing: the session stays closed.
pub struct Closing {
    scheduler: Arc<Scheduler>,
    number: usize,
}

impl Closing {
    pub(super) fn new(scheduler: &Arc<Scheduler>) -> Self {
        Self { scheduler: Arc::clone(scheduler), number: scheduler.closer() }
    }
}

impl Future for Closing {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.scheduler.poll_over(self.number, cx)
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.scheduler.forget_closer(self.number);
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("in_flight", &self.scheduler.figures().in_flight).finish()
    }
}
