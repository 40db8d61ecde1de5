//! Several bodies sent as one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream::Stream;

use crate::error::{Error, ErrorKind};

use super::{Body, BoxError, Outgoing, Pieces, Source};

/// One of them.
#[derive(Clone)]
pub(crate) struct Piece {
    pub(crate) body: Body,
    /// What an error of its names it by.
    pub(crate) label: Option<Arc<str>>,
}

pub(super) struct Joined(Arc<[Piece]>);

impl Joined {
    pub(super) fn new(pieces: Vec<Piece>) -> Self {
        Self(pieces.into())
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.0.iter().try_fold(0_u64, |sum, piece| sum.checked_add(piece.body.length()?))
    }
}

impl Source for Joined {
    fn open(&self) -> Option<Pieces> {
        if self.is_consumed() {
            return None;
        }
        Some(Box::pin(Running { pieces: Arc::clone(&self.0), next: 0, open: None }))
    }

    fn is_consumed(&self) -> bool {
        self.0.iter().any(|piece| piece.body.is_consumed())
    }

    fn joined(&self) -> Option<&[Piece]> {
        Some(&self.0)
    }

    #[cfg(feature = "digest")]
    fn is_repeatable(&self) -> bool {
        self.0.iter().all(|piece| piece.body.is_repeatable())
    }

    fn failure(&self) -> Option<Error> {
        self.0.iter().find_map(|piece| Some(labelled(piece.body.failure()?, piece.label.as_deref())))
    }
}

struct Running {
    pieces: Arc<[Piece]>,
    next: usize,
    open: Option<Outgoing>,
}

impl Stream for Running {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let Some(open) = &mut this.open else {
                let Some(piece) = this.pieces.get(this.next) else { return Poll::Ready(None) };
                this.next += 1;
                this.open = Some(Outgoing::new(&piece.body, None));
                continue;
            };
            match ready!(open.poll_piece(cx)) {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => return Poll::Ready(Some(Ok(piece))),
                Some(Err(error)) => {
                    let label = this.pieces.get(this.next - 1).and_then(|piece| piece.label.as_deref());
                    (this.open, this.next) = (None, this.pieces.len());
                    return Poll::Ready(Some(Err(labelled(error, label).into())));
                }
                None => this.open = None,
            }
        }
    }
}

fn labelled(error: Error, label: Option<&str>) -> Error {
    match (label, error.kind()) {
        (Some(label), ErrorKind::RequestBody) => {
            let message = format!("{label}: {}", error.message().unwrap_or("its stream failed"));
            error.with_message(message)
        }
        _ => error,
    }
}
