//! The connection that a response of status 101 leads to, in a caller's hands: it carries the permit.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};

use crate::error::{Error, Result};
use crate::maybe::BoxBody;
use crate::payload::{Payload, Transfer};
use crate::platform::Backend;
use crate::policy::scheduler::Permit;
use crate::socket::{Clock, Connection};

use super::Shared;
use super::bounded::Timer;

/// The body of such a response. What bounded the request bounds the connection no more.
pub(super) fn held<B: Backend>(
    shared: &Arc<Shared<B>>,
    mut connection: Connection,
    permit: Option<Permit>,
) -> BoxBody {
    if let Some(permit) = &permit {
        permit.keep();
    }
    connection.clock = Some(Box::new(Ticking { shared: Arc::clone(shared), timer: Timer::<B>::new() }));
    connection.permit = permit.map(|permit| Arc::new(permit) as _);
    Box::pin(Held(Some(connection)))
}

struct Held(Option<Connection>);

impl Body for Held {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}

impl Payload for Held {
    fn transfer(&self) -> Transfer {
        Transfer::default()
    }

    fn connection(mut self: Pin<&mut Self>) -> Option<Connection> {
        self.0.take()
    }
}

struct Ticking<B: Backend> {
    shared: Arc<Shared<B>>,
    timer: Timer<B>,
}

impl<B: Backend> Clock for Ticking<B> {
    fn now(&self) -> Duration {
        self.shared.backend.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, at: Duration) -> Poll<Result<()>> {
        self.timer.poll_at(cx, &self.shared.backend, at)
    }
}
