//! A request's body on its way out: opened when it is first asked for, counted, and held to the length it was told.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::error::{Error, ErrorKind, Result};
use crate::maybe::{MaybeSend, MaybeSync};

use super::stream::{Pieces, Streamed};
use super::{Body, Kind};

/// How much of bytes that are all there is handed out at once where somebody watches.
const PIECE: usize = 64 * 1024;

/// How far the sending of a body has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadProgress {
    /// Bytes handed to the connection in this attempt. Some of them may still stand in buffers.
    pub sent: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
}

/// What is told how far the sending has come.
pub(crate) trait Watch: MaybeSend + MaybeSync {
    fn sent(&self, progress: UploadProgress);
}

impl<F: Fn(UploadProgress) + MaybeSend + MaybeSync> Watch for F {
    fn sent(&self, progress: UploadProgress) {
        self(progress);
    }
}

/// A body as a connection takes it.
pub(crate) struct Outgoing {
    from: From,
    sent: u64,
    length: Option<u64>,
    watch: Option<Arc<dyn Watch>>,
}

enum From {
    Bytes(Bytes),
    /// Until it is asked for the first time: a stream that was not sent can still be sent.
    Unopened(Streamed),
    Open(Pieces),
    Ended,
}

impl Outgoing {
    pub(crate) fn new(body: &Body, watch: Option<Arc<dyn Watch>>) -> Self {
        let from = match &body.0 {
            Kind::None => From::Ended,
            Kind::Bytes(bytes) if bytes.is_empty() => From::Ended,
            Kind::Bytes(bytes) => From::Bytes(bytes.clone()),
            Kind::Stream(stream) => From::Unopened(stream.clone()),
        };
        Self { from, sent: 0, length: body.length(), watch }
    }

    /// The next piece; `None` at the end.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if let From::Unopened(stream) = &self.from {
            match stream.open() {
                Some(pieces) => self.from = From::Open(pieces),
                None => {
                    self.from = From::Ended;
                    return Poll::Ready(Some(Err(ErrorKind::BodyConsumed.into())));
                }
            }
        }
        let piece = match &mut self.from {
            From::Bytes(bytes) => Some(Ok(match self.watch {
                Some(_) => bytes.split_to(bytes.len().min(PIECE)),
                None => std::mem::take(bytes),
            })),
            From::Open(pieces) => ready!(pieces.as_mut().poll_next(cx)),
            From::Unopened(_) | From::Ended => return Poll::Ready(None),
        };
        Poll::Ready(self.counted(piece.map(|piece| piece.map_err(failed))))
    }

    /// Holds the stream to its length.
    fn counted(&mut self, piece: Option<Result<Bytes>>) -> Option<Result<Bytes>> {
        let wrong = |sent: u64, length: u64| {
            Error::new(ErrorKind::RequestBody).with_message(format!(
                "the stream {} the {length} bytes that were told",
                if sent > length { "gave more than".to_owned() } else { format!("ended after {sent} of") }
            ))
        };
        let out = match piece {
            Some(Ok(piece)) => {
                self.sent += piece.len() as u64;
                match self.length.filter(|length| self.sent > *length) {
                    Some(length) => Some(Err(wrong(self.sent, length))),
                    None => Some(Ok(piece)),
                }
            }
            None => {
                self.length.filter(|length| self.sent < *length).map(|length| Err(wrong(self.sent, length)))
            }
            error => error,
        };
        match &out {
            Some(Ok(_)) => {
                if let Some(watch) = &self.watch {
                    watch.sent(UploadProgress { sent: self.sent, total: self.length });
                }
                if matches!(&self.from, From::Bytes(bytes) if bytes.is_empty()) {
                    self.from = From::Ended;
                }
            }
            _ => self.from = From::Ended,
        }
        out
    }
}

fn failed(error: super::BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::new(ErrorKind::RequestBody).with_message(error.to_string()).with_source(error),
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        self.get_mut().poll_piece(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.from, From::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.from, self.length) {
            (From::Ended, _) => SizeHint::with_exact(0),
            (_, Some(length)) => SizeHint::with_exact(length.saturating_sub(self.sent)),
            (_, None) => SizeHint::default(),
        }
    }
}
