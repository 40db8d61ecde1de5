//! [`PartReader`]: one part that comes.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::Stream;
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use crate::decoding::{self, About, Supply};
use crate::error::{Error, ErrorKind, Result};
use crate::fields::{ContentDisposition, text};
use crate::maybe::MaybeSend;
use crate::url::Url;

use super::Reader;
use super::parser::broken;
use super::reader::DEEPEST;

/// What a part is read from.
pub(super) trait Parts: MaybeSend {
    /// The next piece of the part that has begun; `None` at its end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>>;
    fn depth(&self) -> u32;
    fn given(&self) -> &Given;
}

/// What a reader is told, and those of the parts in its parts after it.
#[derive(Clone, Default)]
pub(super) struct Given {
    /// Of which response it is.
    pub(super) told: Option<(Url, u32)>,
    pub(super) supply: Option<Arc<dyn Supply>>,
    /// Where it was set: of an `x-mixed-replace` the default is none, and of the parts in its parts it is not.
    pub(super) max_parts: Option<Option<u64>>,
    pub(super) max_part: Option<u64>,
    pub(super) max_header_bytes: Option<usize>,
}

impl Given {
    pub(super) fn of_this(&self, error: Error) -> Error {
        match &self.told {
            Some((url, attempts)) => error.with_url(url).with_attempts(*attempts),
            None => error,
        }
    }
}

/// One part: its header fields are here, its content comes as it is read. Made by [`Reader::next`]. As a stream it gives
/// the pieces of its content.
///
/// # Dropping
/// What was not read of it is passed over when the next part is asked for.
pub struct PartReader<'a> {
    parts: &'a mut (dyn Parts + 'a),
    headers: HeaderMap,
    disposition: Option<ContentDisposition>,
}

impl<'a> PartReader<'a> {
    pub(super) fn new(parts: &'a mut (dyn Parts + 'a), headers: HeaderMap) -> Self {
        let disposition = headers.get(CONTENT_DISPOSITION);
        let disposition = disposition.map(|value| ContentDisposition::parse(&text(value)));
        Self { parts, headers, disposition }
    }

    /// The part's header fields, lines that were folded put together.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What `Content-Disposition` says.
    #[must_use]
    pub fn disposition(&self) -> Option<&ContentDisposition> {
        self.disposition.as_ref()
    }

    /// The name that it has in a form.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.disposition.as_ref()?.parameter("name")
    }

    /// The name of the file it is, as the sender wrote it. It is a stranger's word: to make a file of that name, take
    /// [`safe_file_name`](crate::safe_file_name) of it.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.disposition.as_ref()?.file_name()
    }

    /// The `Content-Type` as it was sent, where it is text.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The next piece of its content; `None` at its end. Pieces are never empty.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// See [`Reader`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        poll_fn(|cx| self.parts.poll_data(cx)).await
    }

    /// Its whole content.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and [`ErrorKind::BodyTooLarge`] past [`Reader::max_part`].
    ///
    /// # Cancellation
    /// Dropping the future leaves the part: what is left of it is passed over when the next one is asked for.
    pub async fn bytes(mut self) -> Result<Bytes> {
        self.collected().await
    }

    /// Its whole content as text, by the encoding it is in, which is found as [`Response::text`](crate::Response::text)
    /// finds it.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and those of [`Response::text`](crate::Response::text).
    ///
    /// # Cancellation
    /// Dropping the future leaves the part: what is left of it is passed over when the next one is asked for.
    pub async fn text(mut self) -> Result<String> {
        let bytes = self.collected().await?;
        let about = About::new(self.content_type(), "");
        let decoded = decoding::decode(&bytes, about, self.parts.given().supply.clone()).await;
        Ok(decoded.map_err(|error| self.parts.given().of_this(error))?.text)
    }

    /// Its whole content read as JSON, whatever its type.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and [`ErrorKind::Json`] for what is none.
    ///
    /// # Cancellation
    /// Dropping the future leaves the part: what is left of it is passed over when the next one is asked for.
    #[cfg(feature = "json")]
    pub async fn json<T: serde::de::DeserializeOwned>(mut self) -> Result<T> {
        let bytes = self.collected().await?;
        serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).map_err(|error| {
            self.parts
                .given()
                .of_this(Error::new(ErrorKind::Json).with_message(error.to_string()).with_source(error))
        })
    }

    /// The parts in this part, within the bounds that were set for those around them.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`] where it is no `multipart/…`; [`ErrorKind::Decode`] past 8 parts in parts.
    pub fn multipart(self) -> Result<Reader<'a>> {
        let depth = self.parts.depth() + 1;
        if depth > DEEPEST {
            let error = broken(&format!("parts stand in parts more than {DEEPEST} times"));
            return Err(self.parts.given().of_this(error));
        }
        let content_type = self.content_type().unwrap_or_default().to_owned();
        let given = self.parts.given().clone();
        match Reader::of(&content_type, Box::pin(self), depth) {
            Ok(reader) => Ok(reader.with(given)),
            Err(error) => Err(given.of_this(error)),
        }
    }

    async fn collected(&mut self) -> Result<Bytes> {
        let mut all = Vec::new();
        while let Some(piece) = self.chunk().await? {
            let size = (all.len() + piece.len()) as u64;
            if let Some(limit) = self.parts.given().max_part.filter(|limit| size > *limit) {
                return Err(self.parts.given().of_this(ErrorKind::BodyTooLarge { limit }.into()));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }
}

impl Stream for PartReader<'_> {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().parts.poll_data(cx).map(Result::transpose)
    }
}

impl fmt::Debug for PartReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartReader")
            .field("name", &self.name())
            .field("file_name", &self.file_name())
            .field("content_type", &self.content_type())
            .finish_non_exhaustive()
    }
}
