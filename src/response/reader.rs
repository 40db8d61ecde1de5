//! [`BodyReader`]: a response's body as a stream of bytes to read from.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};

use crate::error::ErrorKind;

use super::Response;

/// A response's body, decompressed, as `AsyncRead` and `AsyncBufRead`: futures' (`futures_io`) everywhere, natively
/// tokio's too. Made by [`Response::into_async_read`].
///
/// # Errors
/// An [`io::Error`] holds the [`Error`](crate::Error) that [`Response::chunk`] would have given: `get_ref()` and
/// `downcast_ref::<Error>()` show it, and [`From`] tells which [`io::ErrorKind`] it has. Every read after it fails by
/// the same kind again, so that what was cut off cannot be taken for the end.
///
/// # Dropping
/// Dropping it ends the transfer and gives the permit back, as dropping the [`Response`] does. What has been read to
/// its end holds none.
pub struct BodyReader {
    response: Response,
    /// What has come and was not taken yet.
    piece: Bytes,
    failed: Option<ErrorKind>,
}

impl BodyReader {
    pub(super) fn new(response: Response) -> Self {
        Self { response, piece: Bytes::new(), failed: None }
    }

    /// The response: status, header fields, how much has come.
    #[must_use]
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// What is there to be read; no bytes at the end.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        if self.piece.is_empty() {
            if let Some(kind) = &self.failed {
                return Poll::Ready(Err(self.response.failed(kind.clone().into()).into()));
            }
            match ready!(self.response.poll_chunk(cx)) {
                Ok(piece) => self.piece = piece.unwrap_or_default(),
                Err(error) => {
                    self.failed = Some(error.kind().clone());
                    return Poll::Ready(Err(error.into()));
                }
            }
        }
        Poll::Ready(Ok(&self.piece))
    }

    /// So many bytes of it have been read.
    pub(crate) fn take(&mut self, count: usize) {
        self.piece.advance(count.min(self.piece.len()));
    }
}

impl futures_io::AsyncRead for BodyReader {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let piece = ready!(self.poll_piece(cx))?;
        let count = piece.len().min(buf.len());
        buf[..count].copy_from_slice(&piece[..count]);
        self.take(count);
        Poll::Ready(Ok(count))
    }
}

impl futures_io::AsyncBufRead for BodyReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.get_mut().poll_piece(cx)
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.take(count);
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyReader").field("response", &self.response).finish_non_exhaustive()
    }
}
