//! Bodies that come as they are sent: from a stream that is taken once, or from one that can be made again.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt};

use crate::error::Error;
use crate::maybe::{BoxStream, MaybeSend, MaybeSync, SharedAny};

use super::{BoxError, Piece};

pub(crate) type Pieces = BoxStream<'static, Result<Bytes, BoxError>>;

/// A stream to be: clones share it.
#[derive(Clone)]
pub(super) struct Streamed {
    source: Arc<dyn Source>,
    pub(super) length: Option<u64>,
}

impl Streamed {
    pub(super) fn once<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + MaybeSend + 'static,
        B: Into<Bytes>,
        E: Into<BoxError>,
    {
        Self { source: Arc::new(Once(Mutex::new(Some(pieces(stream))))), length: None }
    }

    pub(super) fn again<F, S, B, E>(make: F) -> Self
    where
        F: Fn() -> S + MaybeSend + MaybeSync + 'static,
        S: Stream<Item = Result<B, E>> + MaybeSend + 'static,
        B: Into<Bytes>,
        E: Into<BoxError>,
    {
        Self { source: Arc::new(Again(move || pieces(make()))), length: None }
    }

    pub(super) fn from(source: impl Source + 'static, length: Option<u64>) -> Self {
        Self { source: Arc::new(source), length }
    }

    /// The stream, from its start; `None` when it was taken already.
    pub(super) fn open(&self) -> Option<Pieces> {
        self.source.open()
    }

    pub(super) fn is_consumed(&self) -> bool {
        self.source.is_consumed()
    }

    pub(super) fn source(&self) -> &dyn Source {
        &*self.source
    }

    pub(super) fn failure(&self) -> Option<Error> {
        self.source.failure()
    }

    #[cfg(feature = "digest")]
    pub(super) fn is_repeatable(&self) -> bool {
        self.source.is_repeatable()
    }
}

fn pieces<S, B, E>(stream: S) -> Pieces
where
    S: Stream<Item = Result<B, E>> + MaybeSend + 'static,
    B: Into<Bytes>,
    E: Into<BoxError>,
{
    Box::pin(stream.map(|piece| piece.map(Into::into).map_err(Into::into)))
}

/// What a body's pieces come from.
pub(crate) trait Source: MaybeSend + MaybeSync {
    /// The pieces, from the first one; `None` when they were taken already.
    fn open(&self) -> Option<Pieces>;

    /// Whether there is nothing left to open.
    fn is_consumed(&self) -> bool {
        false
    }

    /// What the platform sends as it is, without anybody else reading it.
    fn handed(&self) -> Option<SharedAny> {
        None
    }

    /// The bodies that it consists of.
    fn joined(&self) -> Option<&[Piece]> {
        None
    }

    /// Why there will be no pieces, where that is known without opening it.
    fn failure(&self) -> Option<Error> {
        None
    }

    /// Whether its pieces can be had here as often as one likes.
    #[cfg(feature = "digest")]
    fn is_repeatable(&self) -> bool {
        true
    }
}

struct Once(Mutex<Option<Pieces>>);

impl Source for Once {
    fn open(&self) -> Option<Pieces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_consumed(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    #[cfg(feature = "digest")]
    fn is_repeatable(&self) -> bool {
        false
    }
}

struct Again<F>(F);

impl<F: Fn() -> Pieces + MaybeSend + MaybeSync> Source for Again<F> {
    fn open(&self) -> Option<Pieces> {
        Some((self.0)())
    }
}
