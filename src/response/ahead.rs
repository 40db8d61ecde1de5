//! Readers that must look further than they give, and the body that keeps what they have seen.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::stream::Stream;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::error::{Error, ErrorKind, Result};
use crate::maybe::BoxBody;
use crate::payload::{Payload, Transfer};

use super::{Response, ResponseBody};

impl Response {
    /// What comes up to and with the next `separator`, in `limit` bytes at most; at the body's end what is left, without
    /// one; then `None`. An empty separator is never found.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::ok("a: b\r\n\r").then("\nbody"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let mut response = session.get("https://example.com/").await?;
    /// let head = response.until(b"\r\n\r\n", 8192).await?;
    /// assert_eq!(head.as_deref(), Some(b"a: b\r\n\r\n".as_slice()));
    /// assert_eq!(response.bytes().await?, "body");
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Cancellation
    /// Dropping the future loses nothing: what has come is the next reader's, whichever that is.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk); [`ErrorKind::LineTooLong`] when `limit` bytes hold no separator. Nothing is lost by that:
    /// they can be read otherwise.
    pub async fn until(&mut self, separator: &[u8], limit: usize) -> Result<Option<Bytes>> {
        // No byte is looked at twice, but for a separator's that may have begun.
        let mut seen = 0;
        poll_fn(|cx| {
            loop {
                let Some(ahead) = self.ahead() else { return Poll::Ready(Ok(None)) };
                match find(&ahead[seen..], separator) {
                    Some(at) if seen + at + separator.len() <= limit => {
                        return Poll::Ready(Ok(Some(ahead.split_to(seen + at + separator.len()).freeze())));
                    }
                    None if ahead.len() <= limit => {}
                    _ => return Poll::Ready(Err(self.failed(ErrorKind::LineTooLong { limit }.into()))),
                }
                seen = (ahead.len() + 1).saturating_sub(separator.len()).min(ahead.len());
                if !ready!(self.poll_more(cx))? {
                    return Poll::Ready(Ok(self.rest()));
                }
            }
        })
        .await
    }

    /// The next `count` bytes, or `None` where the body has fewer left; those can be read otherwise.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::ok("GIF").then("89a..."));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let mut response = session.get("https://example.com/").await?;
    /// let magic = response.read_exactly(6).await?;
    /// assert_eq!(magic.as_deref(), Some(b"GIF89a".as_slice()));
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Cancellation
    /// Dropping the future loses nothing: what has come is the next reader's, whichever that is.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk).
    pub async fn read_exactly(&mut self, count: usize) -> Result<Option<Bytes>> {
        poll_fn(|cx| self.poll_exactly(count, cx)).await
    }

    /// The body in pieces of `size` bytes each, the last one of what is left. A size of 0 counts as 1.
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    ///
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::ok("abcde").then("fgh"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let blocks: Vec<_> = session.get("https://example.com/").await?.blocks(3).try_collect().await?;
    /// assert_eq!(blocks, ["abc", "def", "gh"]);
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn blocks(self, size: usize) -> Blocks {
        Blocks { response: self, size: size.max(1) }
    }

    fn poll_exactly(&mut self, count: usize, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        loop {
            if let Some(ahead) = self.ahead().filter(|ahead| ahead.len() >= count) {
                return Poll::Ready(Ok(Some(ahead.split_to(count).freeze())));
            }
            if !ready!(self.poll_more(cx))? {
                return Poll::Ready(Ok(None));
            }
        }
    }

    /// Reads further ahead. `false` at the body's end.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        let mut kept = self.ahead().map(std::mem::take).unwrap_or_default();
        let polled = self.poll_chunk(cx);
        if let Poll::Ready(Ok(Some(piece))) = &polled {
            kept.extend_from_slice(piece);
        }
        if let Some(ahead) = self.ahead() {
            *ahead = kept;
        }
        polled.map_ok(|piece| piece.is_some())
    }

    /// All that was read ahead.
    fn rest(&mut self) -> Option<Bytes> {
        Some(self.ahead()?.split().freeze()).filter(|rest| !rest.is_empty())
    }

    /// What was read ahead. The body becomes one that keeps it.
    fn ahead(&mut self) -> Option<&mut BytesMut> {
        if self.body.as_mut().ahead().is_none() {
            let body = std::mem::replace(&mut self.body, ResponseBody::empty().into_inner());
            self.body = Box::pin(Ahead { body, bytes: BytesMut::new(), failed: None });
        }
        self.body.as_mut().ahead()
    }
}

fn find(bytes: &[u8], separator: &[u8]) -> Option<usize> {
    let first = separator.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| byte == first)?;
        if bytes[at..].starts_with(separator) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// A body in pieces of equal size. Made by [`Response::blocks`].
///
/// # Cancellation
/// Dropping the future of one piece loses nothing.
///
/// # Errors
/// Those of [`Response::chunk`].
///
/// # Dropping
/// Dropping it ends the transfer, as dropping the [`Response`] does.
#[must_use = "nothing is read until it is polled"]
pub struct Blocks {
    response: Response,
    size: usize,
}

impl Blocks {
    /// The next block; `None` at the end. The same as `StreamExt::next`, without the import.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// Those of the stream.
    #[allow(clippy::should_implement_trait, reason = "it is a stream's next, as of rows")]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<Bytes>>> + Unpin + '_ {
        poll_fn(move |cx| Pin::new(&mut *self).poll_next(cx))
    }

    /// The response: status, header fields, how much has come.
    #[must_use]
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// The response again. What has been read and not been handed out yet is still its body's.
    #[must_use]
    pub fn into_response(self) -> Response {
        self.response
    }
}

impl Stream for Blocks {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let Self { response, size } = self.get_mut();
        let block = ready!(response.poll_exactly(*size, cx));
        Poll::Ready(block.map(|block| block.or_else(|| response.rest())).transpose())
    }
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").field("response", &self.response).field("size", &self.size).finish()
    }
}

/// A body of which some was read and not taken.
struct Ahead {
    body: BoxBody,
    bytes: BytesMut,
    /// How it failed. It is told again, after what had come, so that a part does not pass for the whole.
    failed: Option<ErrorKind>,
}

impl Body for Ahead {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if !this.bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(this.bytes.split().freeze()))));
        }
        if let Some(failed) = &this.failed {
            return Poll::Ready(Some(Err(failed.clone().into())));
        }
        let polled = ready!(this.body.as_mut().poll_frame(cx));
        if let Some(Err(error)) = &polled {
            this.failed = Some(error.kind().clone());
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && self.failed.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match (self.failed.is_none(), self.body.size_hint().exact()) {
            (true, Some(coming)) => SizeHint::with_exact(coming + self.bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

impl Payload for Ahead {
    fn transfer(&self) -> Transfer {
        self.body.transfer()
    }

    fn trailers(&self) -> Option<Arc<HeaderMap>> {
        self.body.trailers().filter(|_| self.bytes.is_empty())
    }

    fn ahead(self: Pin<&mut Self>) -> Option<&mut BytesMut> {
        Some(&mut self.get_mut().bytes)
    }

    fn drain(self: Pin<Box<Self>>) {
        Pin::into_inner(self).body.drain();
    }
}
