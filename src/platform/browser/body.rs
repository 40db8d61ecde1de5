//! A response's body: a `ReadableStream`, piece by piece.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use js_sys::futures::JsFuture;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::Error;
use crate::payload::{Payload, Transfer};

use super::abort::Abort;
use super::failure;
use super::globals::{Answer, Read, Reader, Stream};

/// The longest body that is asked for as a whole: that costs a page less than pieces do.
const SMALL: u64 = 64 * 1024;

/// The body of a response. Dropping it ends the transfer.
pub struct FetchBody {
    source: Source,
    reading: Option<JsFuture>,
    abort: Abort,
    transfer: Transfer,
    /// There is no more than was declared.
    ends_as_declared: bool,
    is_wanted_whole: bool,
}

enum Source {
    /// Nothing has been asked for yet.
    Untouched(Answer, Stream),
    /// On its way as a whole.
    Whole,
    /// Piece by piece.
    Pieces(Reader),
    Ended,
}

impl FetchBody {
    pub(super) fn new(answer: Answer, stream: Stream, abort: Abort, declared: Option<u64>) -> Self {
        let transfer = Transfer { remaining: declared, ..Transfer::default() };
        let source = Source::Untouched(answer, stream);
        Self { source, reading: None, abort, transfer, ends_as_declared: false, is_wanted_whole: false }
    }

    /// Of the platform's own making, so that what was declared is what there is.
    pub(super) fn ends_as_declared(mut self) -> Self {
        self.ends_as_declared = true;
        self
    }

    pub(super) fn empty(mut abort: Abort) -> Self {
        abort.disarm();
        Self {
            source: Source::Ended,
            reading: None,
            abort,
            transfer: Transfer::new(0, 0, Some(0)),
            ends_as_declared: true,
            is_wanted_whole: false,
        }
    }

    /// The next piece, or what reading threw.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Uint8Array>, JsValue>> {
        let reading = match &mut self.reading {
            Some(reading) => reading,
            none => match self.source.ask(self.is_wanted_whole && self.ends_as_declared, &self.transfer)? {
                Some(asked) => none.insert(JsFuture::from(Promise::resolve(&asked))),
                None => return Poll::Ready(Ok(None)),
            },
        };
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let read = read?;
        if !read.is_object() {
            return Poll::Ready(Err("a reader gave no object".into()));
        }
        if matches!(self.source, Source::Whole) {
            return Poll::Ready(Ok(Some(Uint8Array::new(&read))));
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
        self.source = Source::Ended;
        self.abort.disarm();
    }
}

impl Source {
    /// Asks for more: a promise of it, or nothing at the end.
    fn ask(&mut self, may_be_whole: bool, transfer: &Transfer) -> Result<Option<JsValue>, JsValue> {
        if let Self::Untouched(answer, stream) = self {
            if may_be_whole && transfer.remaining.is_some_and(|size| size <= SMALL) {
                let asked = answer.array_buffer()?;
                *self = Self::Whole;
                return Ok(Some(asked));
            }
            *self = Self::Pieces(stream.reader()?);
        }
        match self {
            Self::Pieces(reader) => reader.read().map(Some),
            _ => Ok(None),
        }
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
                // Being told so once more would cost as much as the piece did.
                if self.ends_as_declared && self.transfer.remaining == Some(0) {
                    self.end();
                }
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Err(thrown) => {
                // What threw may go on regardless, so the request is ended as well.
                self.source = Source::Ended;
                Poll::Ready(Some(Err(failure::network(thrown))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Ended)
    }
}

impl Payload for FetchBody {
    fn transfer(&self) -> Transfer {
        self.transfer
    }

    fn comes_unasked(&self) -> bool {
        false
    }

    fn want_whole(mut self: Pin<&mut Self>) {
        self.is_wanted_whole = true;
    }
}

impl Drop for FetchBody {
    fn drop(&mut self) {
        // A stream of the caller's own does not hear of the signal.
        let cancelled = match &self.source {
            Source::Untouched(_, stream) => stream.cancel(),
            Source::Pieces(reader) => reader.cancel(),
            Source::Whole | Source::Ended => return,
        };
        // What its promise says, nobody wants to know; a future takes it, or a rejection would be reported as unhandled.
        if let Ok(cancelled) = cancelled {
            drop(JsFuture::from(Promise::resolve(&cancelled)));
        }
    }
}

impl fmt::Debug for FetchBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchBody").field("transfer", &self.transfer).finish_non_exhaustive()
    }
}
