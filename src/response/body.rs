//! [`ResponseBody`]: a response's body on its own, as the `http-body` crate wants it.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::body::from_bytes;
use crate::error::{Error, ErrorKind, Result};
use crate::maybe::{BoxBody, MaybeSend};
use crate::payload::{Payload, Transfer};
use crate::url::Url;

/// The body of an `http::Response`: comes as it is read, decompressed. Pieces are never empty; trailers come last.
///
/// Whatever a body can be made of becomes one: bytes and text by `into()`, any [`http_body::Body`] by
/// [`new`](Self::new).
///
/// # Errors
/// Those of [`Response::chunk`](crate::Response::chunk).
///
/// # Dropping
/// Dropping it ends the transfer and gives the permit back, as dropping the [`Response`](crate::Response) does.
pub struct ResponseBody {
    body: BoxBody,
    /// What its errors tell beside what the body knows.
    told: Option<(Url, u32)>,
    /// Its trailers have been handed out, or there were none.
    has_ended: bool,
}

impl ResponseBody {
    /// This body. An error of its that is an [`Error`] stays so; any other is [`ErrorKind::Network`] with it as the
    /// source.
    #[must_use]
    pub fn new<B>(body: B) -> Self
    where
        B: Body<Data: Buf, Error: Into<Box<dyn StdError + Send + Sync>>> + MaybeSend + 'static,
    {
        Self {
            body: Box::pin(Foreign { body: Box::pin(body), decoded: 0, trailers: None }),
            told: None,
            has_ended: false,
        }
    }

    /// A body of no bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self::whole(Bytes::new())
    }

    pub(super) fn of(body: BoxBody, url: Url, attempts: u32) -> Self {
        Self { body, told: Some((url, attempts)), has_ended: false }
    }

    pub(super) fn into_inner(self) -> BoxBody {
        self.body
    }

    fn whole(data: Bytes) -> Self {
        let size = data.len() as u64;
        Self { body: Box::pin(Whole { data: Some(data), size }), told: None, has_ended: false }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        loop {
            match ready!(this.body.as_mut().poll_frame(cx)) {
                None => {
                    let has_ended = std::mem::replace(&mut this.has_ended, true);
                    let trailers = this.body.trailers().filter(|_| !has_ended);
                    return Poll::Ready(
                        trailers.map(|trailers| Ok(Frame::trailers(Arc::unwrap_or_clone(trailers)))),
                    );
                }
                Some(Ok(frame)) if frame.data_ref().is_some_and(|data| !data.is_empty()) => {
                    return Poll::Ready(Some(Ok(frame)));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(match &this.told {
                        Some((url, attempts)) => error.with_url(url).with_attempts(*attempts),
                        None => error,
                    })));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && (self.has_ended || self.body.trailers().is_none())
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Payload for ResponseBody {
    fn transfer(&self) -> Transfer {
        self.body.transfer()
    }

    fn trailers(&self) -> Option<Arc<HeaderMap>> {
        self.body.trailers()
    }

    fn drain(self: Pin<Box<Self>>) {
        Pin::into_inner(self).body.drain();
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("transfer", &self.transfer()).finish_non_exhaustive()
    }
}

impl Default for ResponseBody {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<()> for ResponseBody {
    fn from((): ()) -> Self {
        Self::empty()
    }
}

from_bytes!(ResponseBody, Self::whole);

/// A body that is all here.
struct Whole {
    data: Option<Bytes>,
    size: u64,
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        Poll::Ready(self.data.take().filter(|data| !data.is_empty()).map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, Bytes::len) as u64)
    }
}

impl Payload for Whole {
    fn transfer(&self) -> Transfer {
        let left = self.data.as_ref().map_or(0, Bytes::len) as u64;
        Transfer::new(self.size - left, self.size - left, Some(left))
    }
}

/// What was ended before it was over, and how far it had come.
pub(super) struct LetGo(pub(super) Transfer);

impl Body for LetGo {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        Poll::Ready(None)
    }
}

impl Payload for LetGo {
    fn transfer(&self) -> Transfer {
        self.0
    }
}

/// One of our errors, as it is or within an `io::Error`; else a failure of somebody else's transfer.
fn as_ours(error: Box<dyn StdError + Send + Sync>) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(ours) => return *ours,
        Err(error) => error,
    };
    match error.downcast::<io::Error>().map(|error| error.downcast::<Error>()) {
        Ok(Ok(ours)) => ours,
        Ok(Err(error)) => Error::new(ErrorKind::Network).with_source(error),
        Err(error) => Error::new(ErrorKind::Network).with_source(error),
    }
}

/// Somebody else's body, whose bytes are counted as they come.
struct Foreign<B> {
    body: Pin<Box<B>>,
    decoded: u64,
    trailers: Option<Arc<HeaderMap>>,
}

impl<B> Body for Foreign<B>
where
    B: Body<Data: Buf, Error: Into<Box<dyn StdError + Send + Sync>>>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        loop {
            let frame = match ready!(self.body.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Ok(frame)) => frame.map_data(|mut data| data.copy_to_bytes(data.remaining())),
                Some(Err(error)) => return Poll::Ready(Some(Err(as_ours(error.into())))),
            };
            match frame.into_trailers() {
                Ok(trailers) => self.trailers = Some(Arc::new(trailers)),
                Err(frame) => {
                    self.decoded += frame.data_ref().map_or(0, Bytes::len) as u64;
                    return Poll::Ready(Some(Ok(frame)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Payload for Foreign<B>
where
    B: Body<Data: Buf, Error: Into<Box<dyn StdError + Send + Sync>>>,
{
    fn transfer(&self) -> Transfer {
        Transfer::new(self.decoded, self.decoded, self.body.size_hint().exact())
    }

    fn trailers(&self) -> Option<Arc<HeaderMap>> {
        self.trailers.clone()
    }
}
