//! [`Reader`]: the parts that come.

use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt};

use crate::decoding::Supply;
use crate::error::{Error, ErrorKind, Result};
use crate::fields::boundary_of;
use crate::maybe::{BoxStream, MaybeSend};
use crate::options::DEFAULT_MAX_BODY;
use crate::url::Url;

use super::PartReader;
use super::parser::{Event, Parser, broken};
use super::received::{Given, Parts};

/// How many parts are read when nothing else is said.
const MOST_PARTS: u64 = 10_000;

/// How deep parts may stand in parts.
pub(super) const DEEPEST: u32 = 8;

/// How much may follow the last part, in bytes.
const EPILOGUE: usize = 64 * 1024;

/// The parts of a body that comes, one by one, each read as it comes: any `multipart/…` (RFC 2046), forms and
/// `byteranges` and the endless `x-mixed-replace` included. Made by
/// [`Response::multipart`](crate::Response::multipart), by [`new`](Self::new) of bytes from elsewhere, and by
/// [`PartReader::multipart`] of parts in a part.
///
/// ```
/// use dualfetch::multipart::Reader;
/// use futures_util::stream;
///
/// # futures_executor(async {
/// let body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n";
/// let pieces = stream::iter([Ok::<_, std::io::Error>(body)]);
/// let mut parts = Reader::new("multipart/form-data; boundary=b", pieces)?;
/// let mut seen = Vec::new();
/// while let Some(part) = parts.next().await? {
///     seen.push((part.name().map(str::to_owned), part.text().await?));
/// }
/// assert_eq!(seen, [(Some("a".into()), "one".into()), (None, "two".into())]);
/// # Ok::<(), dualfetch::Error>(())
/// # })?;
/// # fn futures_executor<T>(future: impl Future<Output = T>) -> T {
/// #     dualfetch::platform::scripted::Scripted::new(1).run(future)
/// # }
/// # Ok::<(), dualfetch::Error>(())
/// ```
///
/// What stands before the first boundary and behind the last one is passed over, 64 KiB of the latter at most. A part's
/// own compression or `Content-Transfer-Encoding`, which HTTP has no use for, is not undone.
///
/// # Errors
/// Those of the body; [`ErrorKind::Decode`] for what is not `multipart` as RFC 2046 has it, a missing last boundary
/// included, and past [`max_parts`](Self::max_parts) or 8 parts in parts; [`ErrorKind::HeadersTooLarge`] past
/// [`max_header_bytes`](Self::max_header_bytes) or 128 fields in a part. After one, everything is an error of that kind.
///
/// # Cancellation
/// Dropping the future of a part, or of a piece of one, loses nothing.
///
/// # Dropping
/// Dropping it ends the transfer, as dropping the [`Response`](crate::Response) does.
pub struct Reader<'a> {
    body: BoxStream<'a, Result<Bytes>>,
    parser: Parser,
    given: Given,
    /// How many there may be where nobody has said so.
    most: Option<u64>,
    depth: u32,
    parts: u64,
    epilogue: usize,
    /// How it failed. It is told again, so that a part does not pass for the whole.
    failed: Option<(ErrorKind, Option<String>)>,
}

impl<'a> Reader<'a> {
    /// The parts of these bytes, whose `Content-Type` this is.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] for another type than `multipart/…`, and for one without a boundary.
    pub fn new<S, B, E>(content_type: &str, body: S) -> Result<Self>
    where
        S: Stream<Item = Result<B, E>> + MaybeSend + 'a,
        B: Into<Bytes>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let body = body.map(|piece| piece.map(Into::into).map_err(|error| ours(error.into())));
        Self::of(content_type, Box::pin(body), 0)
    }

    pub(super) fn of(content_type: &str, body: BoxStream<'a, Result<Bytes>>, depth: u32) -> Result<Self> {
        let boundary = boundary_of(content_type).map_err(|why| {
            Error::new(ErrorKind::ContentType).with_message(format!("{content_type:?} {why}"))
        })?;
        // It may go on for as long as somebody looks.
        let is_endless =
            content_type.trim_ascii_start().to_ascii_lowercase().starts_with("multipart/x-mixed-replace");
        Ok(Self {
            body,
            parser: Parser::new(&boundary),
            given: Given { max_part: Some(DEFAULT_MAX_BODY), ..Given::default() },
            most: (!is_endless).then_some(MOST_PARTS),
            depth,
            parts: 0,
            epilogue: 0,
            failed: None,
        })
    }

    pub(crate) fn told(mut self, url: Url, attempts: u32) -> Self {
        self.given.told = Some((url, attempts));
        self
    }

    pub(crate) fn with_supply(mut self, supply: Option<Arc<dyn Supply>>) -> Self {
        self.given.supply = supply;
        self
    }

    pub(super) fn with(mut self, given: Given) -> Self {
        self.parser.max_header_bytes = given.max_header_bytes.unwrap_or(self.parser.max_header_bytes);
        self.given = given;
        self
    }

    /// How many parts there may be. Default: 10,000; of an `x-mixed-replace` any number. `None` takes the bound away.
    #[must_use]
    pub fn max_parts(mut self, parts: impl Into<Option<u64>>) -> Self {
        self.given.max_parts = Some(parts.into());
        self
    }

    /// How many bytes a part's header fields may have. Default: 16 KiB.
    #[must_use]
    pub fn max_header_bytes(mut self, bytes: usize) -> Self {
        self.parser.max_header_bytes = bytes;
        self.given.max_header_bytes = Some(bytes);
        self
    }

    /// How many bytes [`PartReader::bytes`] and the readers that are made of it take of a part; more is
    /// [`ErrorKind::BodyTooLarge`]. Default: the request's `max_body`, else 256 MiB. `None` takes the bound away.
    #[must_use]
    pub fn max_part(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.given.max_part = bytes.into();
        self
    }

    /// The next part; `None` when the last one has been. What was not read of the one before is passed over.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// See [`Reader`].
    pub async fn next(&mut self) -> Result<Option<PartReader<'_>>> {
        let headers = poll_fn(|cx| self.poll_part(cx)).await?;
        Ok(headers.map(|headers| PartReader::new(self, headers)))
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<http::HeaderMap>>> {
        loop {
            match ready!(self.poll_event(cx))? {
                Event::Part(headers) => {
                    self.parts += 1;
                    let most = self.given.max_parts.unwrap_or(self.most);
                    if let Some(most) = most.filter(|most| self.parts > *most) {
                        let error =
                            broken(&format!("it has more than {most} parts; raise max_parts to read it"));
                        return Poll::Ready(Err(self.fail(error)));
                    }
                    return Poll::Ready(Ok(Some(headers)));
                }
                Event::End => return Poll::Ready(Ok(None)),
                Event::Data(_) | Event::PartEnd | Event::More => {}
            }
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event>> {
        if let Some((kind, message)) = self.failed.clone() {
            let error = Error::new(kind);
            let error = message.into_iter().fold(error, Error::with_message);
            return Poll::Ready(Err(self.given.of_this(error)));
        }
        loop {
            match self.parser.next() {
                Ok(Event::More) => match ready!(self.body.poll_next_unpin(cx)) {
                    Some(Ok(piece)) => self.parser.push(&piece),
                    Some(Err(error)) => return Poll::Ready(Err(self.fail(error))),
                    None => self.parser.finish(),
                },
                // To the body's end, for its connection's sake, and because only then it is whole.
                Ok(Event::End) if self.epilogue < EPILOGUE => match ready!(self.body.poll_next_unpin(cx)) {
                    Some(Ok(piece)) => self.epilogue += piece.len(),
                    Some(Err(error)) => return Poll::Ready(Err(self.fail(error))),
                    None => self.epilogue = EPILOGUE,
                },
                Ok(event) => return Poll::Ready(Ok(event)),
                Err(error) => return Poll::Ready(Err(self.fail(error))),
            }
        }
    }

    fn fail(&mut self, error: Error) -> Error {
        self.failed = Some((error.kind().clone(), error.message().map(str::to_owned)));
        self.given.of_this(error)
    }
}

impl Parts for Reader<'_> {
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        if !self.parser.is_in_part() && self.failed.is_none() {
            return Poll::Ready(Ok(None));
        }
        match ready!(self.poll_event(cx))? {
            Event::Data(piece) => Poll::Ready(Ok(Some(piece))),
            _ => Poll::Ready(Ok(None)),
        }
    }

    fn depth(&self) -> u32 {
        self.depth
    }

    fn given(&self) -> &Given {
        &self.given
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("parts", &self.parts).finish_non_exhaustive()
    }
}

/// One of our errors as it is, else a failure of somebody else's transfer.
fn ours(error: Box<dyn StdError + Send + Sync>) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(error) => Error::new(ErrorKind::Network).with_source(error),
    }
}
