//! A response's body: a `ReadableStream`, piece by piece.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::Error;
use crate::payload::{Payload, Transfer};
#[cfg(feature = "websocket")]
use crate::socket::Connection;

use super::abort::Abort;
use super::failure;
use super::globals::{Read, Reader};
use super::tasks::Awaited;

/// The body of a response. Dropping it ends the transfer.
pub struct FetchBody {
    /// Until the body has ended.
    reader: Option<Reader>,
    reading: Option<Awaited>,
    abort: Abort,
    transfer: Transfer,
    /// There is no more than was declared.
    ends_as_declared: bool,
    #[cfg(feature = "websocket")]
    connection: Option<Connection>,
}

impl FetchBody {
    pub(super) fn new(reader: Reader, abort: Abort, declared: Option<u64>, is_held_to_it: bool) -> Self {
        let transfer = Transfer { remaining: declared, ..Transfer::default() };
        Self {
            reader: Some(reader),
            reading: None,
            abort,
            transfer,
            ends_as_declared: is_held_to_it,
            #[cfg(feature = "websocket")]
            connection: None,
        }
    }

    pub(super) fn empty(mut abort: Abort) -> Self {
        abort.disarm();
        let transfer = Transfer::new(0, 0, Some(0));
        Self {
            reader: None,
            reading: None,
            abort,
            transfer,
            ends_as_declared: true,
            #[cfg(feature = "websocket")]
            connection: None,
        }
    }

    /// No body, but what the handshake led to.
    #[cfg(feature = "websocket")]
    pub(super) fn switched(connection: Connection) -> Self {
        let mut body = Self::empty(Abort::none());
        body.connection = Some(connection);
        body
    }

    /// The next piece, or what reading threw.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Uint8Array>, JsValue>> {
        let Some(reader) = &self.reader else { return Poll::Ready(Ok(None)) };
        let reading = match &mut self.reading {
            Some(reading) => reading,
            none => none.insert(Awaited::new(&reader.read()?)),
        };
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let read = read?;
        if !read.is_object() {
            return Poll::Ready(Err("a reader gave no object".into()));
        }
        let read: &Read = read.unchecked_ref();
        if read.done()?.is_truthy() {
            return Poll::Ready(Ok(None));
        }
        Poll::Ready(match read.value()?.dyn_into::<Uint8Array>() {
            Ok(piece) => Ok(Some(piece)),
            Err(_) => Err("a piece of the body is no Uint8Array".into()),
        })
    }

    fn end(&mut self) {
        self.reader = None;
        self.abort.disarm();
    }
}

impl http_body::Body for FetchBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match ready!(self.poll_read(cx)) {
            Ok(None) => {
                self.end();
                self.transfer.remaining = Some(0);
                Poll::Ready(None)
            }
            Ok(Some(piece)) => {
                let piece = Bytes::from(piece.to_vec());
                let Transfer { wire, decoded, remaining } = &mut self.transfer;
                *decoded += piece.len() as u64;
                *wire = *decoded;
                *remaining = remaining.map(|left| left.saturating_sub(piece.len() as u64));
                // Being told so once more costs as much as the piece did.
                if self.ends_as_declared && self.transfer.remaining == Some(0) {
                    self.end();
                }
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Err(thrown) => {
                // What threw may go on regardless, so the request is ended as well.
                self.reader = None;
                Poll::Ready(Some(Err(failure::network(thrown))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.reader.is_none()
    }
}

impl Payload for FetchBody {
    fn transfer(&self) -> Transfer {
        self.transfer
    }

    #[cfg(feature = "websocket")]
    fn connection(mut self: Pin<&mut Self>) -> Option<Connection> {
        self.connection.take()
    }
}

impl Drop for FetchBody {
    fn drop(&mut self) {
        let Some(reader) = &self.reader else { return };
        // A stream of the caller's own does not hear of the signal. What its promise says, nobody wants to know; a
        // future takes it, or a rejection would be reported as unhandled.
        if let Ok(cancelled) = reader.cancel() {
            drop(Awaited::new(&cancelled));
        }
    }
}

impl fmt::Debug for FetchBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchBody").field("transfer", &self.transfer).finish_non_exhaustive()
    }
}
