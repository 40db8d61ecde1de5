//! Request bodies.

mod form;
mod joined;
mod outgoing;
mod stream;

use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::Stream;

use crate::error::Error;
use crate::maybe::{MaybeSend, MaybeSync, SharedAny};

pub(crate) use form::append_pairs;
use joined::Joined;
pub(crate) use joined::Piece;
pub(crate) use outgoing::Outgoing;
pub use outgoing::UploadProgress;
pub(crate) use outgoing::Watch;
use stream::Streamed;
pub(crate) use stream::{Pieces, Source};

/// What a request carries: bytes or text by `into()`, a file by [`file`](Self::file), a stream by
/// [`stream`](Self::stream), nothing by [`empty`](Self::empty) or `()`. Cloning it copies nothing.
#[derive(Clone, Default)]
pub struct Body(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    None,
    Bytes(Bytes),
    Stream(Streamed),
}

/// An error that a body's stream may have.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

impl Body {
    /// No body at all.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::None)
    }

    /// What a stream gives, sent as it comes: by HTTP/1.1 in chunks, unless its [length is told](Self::with_length).
    ///
    /// It can be taken once. A retry whose attempt had begun to send it does not happen, and a redirect that keeps the
    /// body (307, 308) is [`ErrorKind::BodyConsumed`](crate::ErrorKind::BodyConsumed); for both there is
    /// [`replayable`](Self::replayable). An error of the stream ends the request with
    /// [`ErrorKind::RequestBody`](crate::ErrorKind::RequestBody) and is its source.
    ///
    /// In a browser the stream is read to its end first, and sent as one.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// use dualfetch::Body;
    /// use futures_util::stream;
    ///
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::ok("taken"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let lines = stream::iter(["one\n", "two\n"].map(Ok::<_, std::io::Error>));
    /// let response = session.post("https://example.com/").body(Body::stream(lines)).await?;
    /// # let _ = response;
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # assert_eq!(platform.calls()[0].body.as_deref(), Some(b"one\ntwo\n".as_slice()));
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    #[must_use]
    pub fn stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + MaybeSend + 'static,
        B: Into<Bytes>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self(Kind::Stream(Streamed::once(stream)))
    }

    /// What the streams give that `make` makes, a new one each time the body is sent: it can be sent again.
    #[must_use]
    pub fn replayable<F, S, B, E>(make: F) -> Self
    where
        F: Fn() -> S + MaybeSend + MaybeSync + 'static,
        S: Stream<Item = Result<B, E>> + MaybeSend + 'static,
        B: Into<Bytes>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self(Kind::Stream(Streamed::again(make)))
    }

    /// What this source gives, as often as it can be opened.
    pub(crate) fn from_source(source: impl Source + 'static, length: Option<u64>) -> Self {
        Self(Kind::Stream(Streamed::from(source, length)))
    }

    /// These bodies one after the other, as one: it can be sent again where each of them can, and its length is known
    /// where theirs are.
    pub(crate) fn joined(pieces: Vec<Piece>) -> Self {
        let joined = Joined::new(pieces);
        let length = joined.length();
        Self::from_source(joined, length)
    }

    /// Tells how many bytes a stream will give: they are sent with a `Content-Length`. A stream that gives more, or
    /// less, ends the request with [`ErrorKind::RequestBody`](crate::ErrorKind::RequestBody). Of other bodies the
    /// length is known: nothing changes.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        if let Kind::Stream(stream) = &mut self.0 {
            stream.length = Some(bytes);
        }
        self
    }

    /// The bytes, where there is a body of bytes; it may be one of no bytes. `None` for a stream.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::None | Kind::Stream(_) => None,
        }
    }

    /// How many bytes it has: 0 where there is no body, `None` for a stream whose length was not told.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Kind::None => Some(0),
            Kind::Bytes(bytes) => Some(bytes.len() as u64),
            Kind::Stream(stream) => stream.length,
        }
    }

    /// Whether there is none. A body of no bytes is one.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self.0, Kind::None)
    }

    /// Whether it is a stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self.0, Kind::Stream(_))
    }

    /// The bytes, read to the stream's end where it is one; `None` where there is no body.
    pub(crate) async fn collected(&self, watch: Option<Arc<dyn Watch>>) -> Result<Option<Bytes>, Error> {
        if !self.is_stream() && watch.is_none() {
            return Ok(self.as_bytes().cloned());
        }
        let mut pieces = Outgoing::new(self, watch);
        let mut all = Vec::new();
        while let Some(piece) = poll_fn(|cx| pieces.poll_piece(cx)).await {
            all.extend_from_slice(&piece?);
        }
        Ok((!self.is_none()).then(|| all.into()))
    }

    /// What the platform sends as it is, where it was handed that.
    #[allow(dead_code, reason = "a browser's platform asks")]
    pub(crate) fn handed(&self) -> Option<SharedAny> {
        match &self.0 {
            Kind::Stream(stream) => stream.source().handed(),
            Kind::None | Kind::Bytes(_) => None,
        }
    }

    /// The bodies that it consists of, where they are several.
    #[allow(dead_code, reason = "a browser's platform asks")]
    pub(crate) fn joined_pieces(&self) -> Option<&[Piece]> {
        match &self.0 {
            Kind::Stream(stream) => stream.source().joined(),
            Kind::None | Kind::Bytes(_) => None,
        }
    }

    /// Why it cannot be sent, where that is known beforehand.
    pub(crate) fn failure(&self) -> Option<Error> {
        match &self.0 {
            Kind::Stream(stream) => stream.failure(),
            Kind::None | Kind::Bytes(_) => None,
        }
    }

    /// Whether it can be read as often as one likes.
    #[cfg(feature = "digest")]
    pub(crate) fn is_repeatable(&self) -> bool {
        match &self.0 {
            Kind::Stream(stream) => stream.is_repeatable(),
            Kind::None | Kind::Bytes(_) => true,
        }
    }

    /// Whether it was a stream that can be taken once, and has been.
    pub(crate) fn is_consumed(&self) -> bool {
        match &self.0 {
            Kind::Stream(stream) => stream.is_consumed(),
            Kind::None | Kind::Bytes(_) => false,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::None => f.write_str("Body(none)"),
            Kind::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Stream(Streamed { length: Some(length), .. }) => {
                write!(f, "Body(stream of {length} bytes)")
            }
            Kind::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}

/// No body at all.
impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::empty()
    }
}

/// Bodies of these bytes, for this type and for responses': a blanket `Into<Bytes>` would leave no room for `()`.
macro_rules! from_bytes {
    ($body:ty, $make:expr, $($bytes:ty),*) => {$(
        impl From<$bytes> for $body {
            fn from(bytes: $bytes) -> Self {
                $make(bytes::Bytes::from(bytes))
            }
        }
    )*};
    ($body:ty, $make:expr) => {
        $crate::body::from_bytes!(
            $body, $make,
            bytes::Bytes, bytes::BytesMut, Box<[u8]>, String, Vec<u8>, &'static [u8], &'static str
        );
    };
}
pub(crate) use from_bytes;

from_bytes!(Body, |bytes| Self(Kind::Bytes(bytes)));
