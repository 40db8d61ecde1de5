//! Files that are sent.

use std::fs::{self, File};
use std::future::Future;
use std::io::{self, Read};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::stream::Stream;

use crate::body::{Body, BoxError, Pieces, Source};
use crate::error::{Error, ErrorKind, Result};

use super::blocking::{Blocking, blocking};

/// How much is read at once. While one piece is being sent the next one is read: a file costs twice as much memory.
const PIECE: usize = 128 * 1024;

/// The file as a body. Its length is what it has now.
pub(in crate::platform) fn body(path: &Path) -> Body {
    let (length, failure) = match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => (None, Some(Failure::of(&io::ErrorKind::IsADirectory.into()))),
        Ok(meta) => (meta.is_file().then_some(meta.len()), None),
        Err(error) => (None, Some(Failure::of(&error))),
    };
    Body::from_source(Named { path: path.into(), length, failure, is_opened: AtomicBool::new(false) }, length)
}

struct Named {
    path: Arc<Path>,
    /// A regular file's alone: what else has a path, a pipe above all, gives what it holds once.
    length: Option<u64>,
    failure: Option<Failure>,
    is_opened: AtomicBool,
}

impl Source for Named {
    fn open(&self) -> Option<Pieces> {
        let path = Arc::clone(&self.path);
        if let Some(failure) = self.failure() {
            return Some(Box::pin(futures_util::stream::iter([Err(failure.into())])));
        }
        if self.is_opened.swap(true, Ordering::Relaxed) && self.length.is_none() {
            return None;
        }
        Some(Box::pin(Sending { path, length: self.length, next: Next::Unopened }))
    }

    fn is_consumed(&self) -> bool {
        self.length.is_none() && self.is_opened.load(Ordering::Relaxed)
    }

    #[cfg(feature = "digest")]
    fn is_repeatable(&self) -> bool {
        self.length.is_some()
    }

    fn failure(&self) -> Option<Error> {
        self.failure.as_ref().map(|failure| failed(&self.path, failure.again()))
    }
}

/// An error that can be had again.
struct Failure {
    kind: io::ErrorKind,
    code: Option<i32>,
}

impl Failure {
    fn of(error: &io::Error) -> Self {
        Self { kind: error.kind(), code: error.raw_os_error() }
    }

    fn again(&self) -> io::Error {
        self.code.map_or_else(|| self.kind.into(), io::Error::from_raw_os_error)
    }
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::RequestBody).with_message(format!("{}: {error}", path.display())).with_source(error)
}

/// A file on its way.
struct Sending {
    path: Arc<Path>,
    length: Option<u64>,
    next: Next,
}

enum Next {
    Unopened,
    Read(Blocking<io::Result<(Bytes, Reading)>>),
    Ended,
}

impl Stream for Sending {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let read = match &mut self.next {
                Next::Unopened => {
                    let (path, length) = (Arc::clone(&self.path), self.length);
                    self.next = Next::Read(blocking(move || Reading::open(&path, length)?.piece()));
                    continue;
                }
                Next::Read(read) => ready!(Pin::new(read).poll(cx)),
                Next::Ended => return Poll::Ready(None),
            };
            self.next = Next::Ended;
            return Poll::Ready(match read {
                Ok(Ok((piece, _))) if piece.is_empty() => None,
                Ok(Ok((piece, reading))) => {
                    if reading.left != Some(0) {
                        self.next = Next::Read(blocking(move || reading.piece()));
                    }
                    Some(Ok(piece))
                }
                Ok(Err(error)) => Some(Err(failed(&self.path, error).into())),
                Err(error) => Some(Err(error.into())),
            });
        }
    }
}

/// An open file, and what of it is still to be read.
struct Reading {
    file: File,
    left: Option<u64>,
    buffer: BytesMut,
}

impl Reading {
    fn open(path: &Path, length: Option<u64>) -> io::Result<Self> {
        let file = File::open(path)?;
        if let Some(length) = length {
            let meta = file.metadata()?;
            if !meta.is_file() || meta.len() != length {
                let now = meta.len();
                return Err(io::Error::other(format!(
                    "it has {now} bytes now, and had {length} when the request was made"
                )));
            }
        }
        Ok(Self { file, left: length, buffer: BytesMut::new() })
    }

    /// What comes next; nothing at the end.
    fn piece(mut self) -> io::Result<(Bytes, Self)> {
        let size = self.left.map_or(PIECE, |left| PIECE.min(usize::try_from(left).unwrap_or(PIECE)));
        // The room of the piece before, once that is sent.
        self.buffer.resize(size, 0);
        let mut filled = 0;
        while filled < size {
            match self.file.read(&mut self.buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            // What is no regular file gives what it has: the rest may be a long time coming.
            if self.left.is_none() {
                break;
            }
        }
        if let Some(left) = &mut self.left {
            if filled < size {
                let missing = *left - filled as u64;
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("it became shorter while it was sent: {missing} bytes are missing"),
                ));
            }
            *left -= filled as u64;
        }
        let piece = self.buffer.split_to(filled).freeze();
        self.buffer.clear();
        Ok((piece, self))
    }
}
