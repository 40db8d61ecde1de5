//! [`Relay`]: an upstream's body on its way to the client.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::Span;

use crate::error::Error;
use crate::response::ResponseBody;

use super::metrics::{Metrics, Open};
use super::share::Place;
use super::state::{State, closed};

/// An upstream's body, counted, and cut when the gateway ends. Trailers are not passed on.
pub(super) struct Relay {
    body: ResponseBody,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    metrics: Arc<Metrics>,
    /// The request's.
    span: Span,
    /// It answers HEAD: that it is empty says nothing of how long it would be.
    is_head: bool,
    /// It is counted as open for as long as it is, and as its caller's.
    _open: Open,
    _place: Place,
}

impl Relay {
    pub(super) fn new(body: ResponseBody, is_head: bool, place: Place, state: &State) -> Self {
        let metrics = Arc::clone(state.metrics());
        let closing = Box::pin(state.closing().clone().cancelled_owned());
        Self { _open: metrics.open(), _place: place, body, closing, metrics, span: Span::current(), is_head }
    }

    /// The client sees a body without an end. Why it has none the log tells.
    fn cut(&self, error: Error) -> Error {
        self.metrics.failed(error.code());
        self.span.in_scope(|| tracing::info!(failure = error.code(), "cut off"));
        error
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(match frame.into_data() {
                Ok(data) => {
                    this.metrics.relayed(data.len());
                    Some(Ok(Frame::data(data)))
                }
                Err(_) => None,
            }),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(this.cut(error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                ready!(this.closing.as_mut().poll(cx));
                Poll::Ready(Some(Err(this.cut(closed()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        !self.is_head && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_head { SizeHint::default() } else { self.body.size_hint() }
    }
}
