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
pub struct Closing(Arc<Scheduler>);

impl Closing {
    pub(super) fn new(scheduler: &Arc<Scheduler>) -> Self {
        Self(Arc::clone(scheduler))
    }
}

impl Future for Closing {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_over(cx)
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("in_flight", &self.0.figures().in_flight).finish()
    }
}
