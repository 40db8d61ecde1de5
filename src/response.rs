//! [`Response`]: head, guarded body, and the readers.

mod ahead;
mod body;
mod convert;
#[cfg(feature = "cookies")]
mod cookies;
mod events;
mod fields;
mod json;
#[cfg(feature = "json")]
mod json_lines;
mod lines;
mod multipart;
mod reader;
mod status;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::Stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Extensions, HeaderMap, StatusCode, Version};

use crate::charset::{Decoded, EncodingSource};
use crate::decoding::{self, About, Supply};
use crate::error::{Error, ErrorKind, Result};
use crate::head::{Head, Hop, Shown};
use crate::maybe::BoxBody;
use crate::options::DEFAULT_MAX_BODY;
use crate::payload::Transfer;
use crate::timing::Timing;
use crate::url::Url;

use body::LetGo;

pub use ahead::Blocks;
pub use body::ResponseBody;
pub use convert::ResponseInfo;
pub use events::EventStream;
#[cfg(feature = "json")]
pub use json_lines::JsonLines;
pub use lines::Lines;
pub use reader::BodyReader;
pub(crate) use status::RAISE_TIME;

/// The answer to a request: its head is here, its body comes as it is read.
///
/// A response whose body is still coming holds one of the session's permits until the body has been read to its end
/// or the response is dropped. A body of no bytes, and one of at most 64 KiB that is complete, holds none.
///
/// # Dropping
/// Dropping a response, or the future of one of its readers, ends the transfer and gives the permit back. Over
/// HTTP/1.1 that costs the connection, unless the body had ended.
pub struct Response {
    head: Head,
    url: Url,
    history: Vec<Hop>,
    attempts: u32,
    elapsed: Duration,
    timing: Timing,
    max_body: Option<u64>,
    charset: Option<Arc<dyn Supply>>,
    /// The body is decompressed if it came compressed.
    decompresses: bool,
    body: BoxBody,
}

impl Response {
    pub(crate) fn new(mut head: Head, url: Url, body: BoxBody) -> Self {
        let url = head.final_url.take().map_or(url, |url| *url);
        let max_body = Some(DEFAULT_MAX_BODY);
        Self {
            head,
            url,
            history: Vec::new(),
            attempts: 1,
            elapsed: Duration::ZERO,
            timing: Timing::default(),
            max_body,
            charset: None,
            decompresses: false,
            body,
        }
    }

    pub(crate) fn with_way(mut self, history: Vec<Hop>, attempts: u32, elapsed: Duration) -> Self {
        (self.history, self.attempts, self.elapsed) = (history, attempts, elapsed);
        self
    }

    pub(crate) fn with_timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Head and body, as a hop gives them.
    pub(crate) fn into_answer(self) -> (Head, BoxBody, Timing) {
        (self.head, self.body, self.timing)
    }

    pub(crate) fn with_max_body(mut self, max_body: Option<u64>) -> Self {
        self.max_body = max_body;
        self
    }

    pub(crate) fn with_decompression(mut self, decompresses: bool) -> Self {
        self.decompresses = decompresses;
        self
    }

    pub(crate) fn with_charset(mut self, charset: Option<Arc<dyn Supply>>) -> Self {
        self.charset = charset;
        self
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Whether the status is less than 400.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.status().as_u16() < 400
    }

    /// The version of HTTP it came by. A browser does not tell: there it is always HTTP/1.1.
    #[must_use]
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// The header fields as they came: names in the order of their first occurrence and values in theirs, each value's
    /// bytes untouched but for white space around them. How HTTP/1 wrote the names, in upper or lower case, is not kept.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The URL that answered: the last one, after redirects.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The redirects followed on the way, the first one first. Empty in a page, which follows them unseen.
    #[must_use]
    pub fn history(&self) -> &[Hop] {
        &self.history
    }

    /// How many attempts the last hop took.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// From the call to the head of this response.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Where the time until the head went.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// The `Content-Type` as it was sent, where it is text.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers().get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The `Content-Length`: bytes as sent, before decompression.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.headers().get(CONTENT_LENGTH)?.to_str().ok()?.trim_ascii().parse().ok()
    }

    /// How much of the body has come.
    #[must_use]
    pub fn transfer(&self) -> Transfer {
        self.body.transfer()
    }

    /// What the platform tells beside ([`ConnectionInfo`](crate::ConnectionInfo)), and what others have attached.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.head.extensions
    }

    /// The same, to be changed.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.head.extensions
    }

    /// The next piece of the body, decompressed; `None` at its end. Pieces are never empty.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing: what comes is the next one's.
    ///
    /// # Errors
    /// What ended the body early: a timeout, the connection, bytes that cannot be decompressed, `max_body`.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// The whole body, decompressed.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and [`ErrorKind::BodyTooLarge`] past `max_body`, 256 MiB by default.
    ///
    /// # Cancellation
    /// Dropping the future ends the transfer, as dropping the response does.
    pub async fn bytes(mut self) -> Result<Bytes> {
        let Some(first) = self.limited_chunk(0).await? else { return Ok(Bytes::new()) };
        let Some(second) = self.limited_chunk(first.len()).await? else { return Ok(first) };
        let mut all = Vec::with_capacity(self.expected().max(first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(more) = self.limited_chunk(all.len()).await? {
            all.extend_from_slice(&more);
        }
        Ok(all.into())
    }

    /// The whole body as text, by the encoding it is in: byte order mark, `Content-Type`, for HTML a `<meta>`, and
    /// else a guess where it is not UTF-8. What is malformed becomes U+FFFD.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); [`ErrorKind::Unsupported`] for another encoding than UTF-8 without the crate feature
    /// `charset`, unless the backend [supplies](crate::decoding) it.
    ///
    /// # Cancellation
    /// Dropping the future ends the transfer, as dropping the response does.
    pub async fn text(self) -> Result<String> {
        Ok(self.decoded().await?.text)
    }

    /// The whole body as text in the encoding of this label, whatever the response says: the [Encoding standard]'s
    /// "decode". A byte order mark of UTF-8 or UTF-16 is stronger still. (A `str.decode` of Python, and so aiohttp's
    /// `text(encoding)`, would keep it as a character.) Labels are those of the standard: `iso-8859-1` is windows-1252.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # #[cfg(feature = "charset")] {
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::html(b"na\xEFve".as_slice()));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let text = session.get("https://example.com/").await?.text_with("latin1").await?;
    /// assert_eq!(text, "naïve");
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # }
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`text`](Self::text); [`ErrorKind::InvalidOption`] (`encoding`) for a label that the standard does not know.
    ///
    /// [Encoding standard]: https://encoding.spec.whatwg.org/#decode
    ///
    /// # Cancellation
    /// Dropping the future ends the transfer, as dropping the response does.
    pub async fn text_with(self, encoding: &str) -> Result<String> {
        let about = About::labelled(encoding).map_err(|error| self.failed(error))?;
        let url = self.url.clone();
        let decoded = self.decoded_as(about).await?;
        check_label(decoded.source, encoding).map_err(|error| error.with_url(&url))?;
        Ok(decoded.text)
    }

    /// As [`text`](Self::text), with the encoding and the rule that decided on it.
    pub(crate) fn decoded(self) -> impl Future<Output = Result<Decoded>> {
        let about = self.about();
        self.decoded_as(about)
    }

    async fn decoded_as(self, about: About) -> Result<Decoded> {
        let (charset, url, attempts) = (self.supply(), self.url.clone(), self.attempts);
        let bytes = self.bytes().await?;
        let decoded = decoding::decode(&bytes, about, charset).await;
        decoded.map_err(|error| error.with_url(&url).with_attempts(attempts))
    }

    /// The body, decompressed, as a reader: `AsyncRead` and `AsyncBufRead` of `futures_io` and, natively, of tokio.
    /// (As a stream of pieces the response can be taken itself.)
    ///
    /// ```
    /// use tokio::io::{AsyncBufReadExt, AsyncReadExt}; // on WebAssembly those of futures_util::io
    ///
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/log", Reply::ok("first\nsec").then("ond\n"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let mut reader = session.get("https://example.com/log").await?.into_async_read();
    /// let (mut line, mut rest) = (String::new(), String::new());
    /// reader.read_line(&mut line).await?;
    /// reader.read_to_string(&mut rest).await?;
    /// assert_eq!((line.as_str(), rest.as_str()), ("first\n", "second\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_async_read(self) -> BodyReader {
        BodyReader::new(self)
    }

    /// Reads no further. What is known to be left is read in the background if it is at most `small` bytes, so that
    /// an HTTP/1.1 connection can be used again; otherwise the transfer is ended, as by dropping.
    pub fn discard(self, small: u64) {
        let left = self.transfer().remaining;
        if self.version() < Version::HTTP_2 && left.is_some_and(|left| left <= small) {
            self.body.drain();
        }
    }

    /// Ends the transfer, as dropping it does; how far it had come stays known.
    fn let_go(&mut self) {
        self.body = Box::pin(LetGo(self.transfer()));
    }

    /// The error, which knows what it is of.
    pub(crate) fn failed(&self, error: Error) -> Error {
        error.with_url(&self.url).with_attempts(self.attempts)
    }

    /// What head and URL tell about the body's encoding.
    pub(crate) fn about(&self) -> About {
        About::new(self.content_type(), self.url.host().unwrap_or_default())
    }

    /// What decodes it where this build does not.
    pub(crate) fn supply(&self) -> Option<Arc<dyn Supply>> {
        self.charset.clone()
    }

    async fn limited_chunk(&mut self, so_far: usize) -> Result<Option<Bytes>> {
        let chunk = self.chunk().await?;
        let size = so_far as u64 + chunk.as_ref().map_or(0, Bytes::len) as u64;
        match self.max_body.filter(|limit| size > *limit) {
            None => Ok(chunk),
            Some(limit) => Err(self.failed(ErrorKind::BodyTooLarge { limit }.into())),
        }
    }

    /// What to reserve for the whole body: the declared length, but not more than a stranger may make us reserve.
    fn expected(&self) -> usize {
        const AT_MOST: u64 = 1024 * 1024;
        usize::try_from(self.content_length().unwrap_or(0).min(AT_MOST)).unwrap_or(0)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        loop {
            let frame = match std::task::ready!(self.body.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(Ok(None)),
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    return Poll::Ready(Err(self.failed(error)));
                }
            };
            match frame.into_data() {
                Ok(data) if !data.is_empty() => return Poll::Ready(Ok(Some(data))),
                _ => {}
            }
        }
    }
}

/// The body's pieces, decompressed: the same as [`Response::chunk`].
impl Stream for Response {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_chunk(cx).map(Result::transpose)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("url", &self.url)
            .field("headers", &Shown(self.headers()))
            .finish_non_exhaustive()
    }
}

/// Where the label that a caller gave decided nothing, and no byte order mark did: nobody knows it.
fn check_label(source: EncodingSource, label: &str) -> Result<()> {
    match source {
        EncodingSource::Bom | EncodingSource::ContentType => Ok(()),
        _ => Err(decoding::unknown_label(label)),
    }
}
