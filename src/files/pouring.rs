//! A body into a file: what has come is written while more comes.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::Stream;

use crate::error::{Error, Result};
use crate::maybe::BoxFuture;
use crate::platform::disk::Sink;
use crate::response::Response;

/// How much of a body may wait to be written. As much again may be on its way to the disk.
const WAITING: usize = 512 * 1024;

/// A body that is written in several goes.
pub(super) struct Flow {
    response: Response,
    /// What has come and was not wanted yet.
    rest: Bytes,
}

impl Flow {
    pub(super) fn new(response: Response) -> Self {
        Self { response, rest: Bytes::new() }
    }

    /// The error, which knows what it is of.
    pub(super) fn failed(&self, error: Error) -> Error {
        self.response.failed(error)
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        match self.rest.is_empty() {
            true => Pin::new(&mut self.response).poll_next(cx),
            false => Poll::Ready(Some(Ok(std::mem::take(&mut self.rest)))),
        }
    }
}

/// How a body ended, and what of it is in the file.
pub(super) struct Poured {
    pub(super) sink: Sink,
    pub(super) count: u64,
    pub(super) end: End,
}

#[derive(Debug)]
pub(super) enum End {
    /// As many bytes came as were wanted, and there may be more.
    Enough,
    /// The body has ended.
    Whole,
    /// It was cut off.
    Cut(Error),
}

/// Writes at most `wanted` bytes of the body, and tells how many are written each time some are. What came before a body
/// was cut off is written, too.
///
/// # Errors
/// Those of the file. Those of the body are its end.
pub(super) async fn pour(flow: &mut Flow, sink: Sink, wanted: u64, told: impl FnMut(u64)) -> Result<Poured> {
    let mut pouring =
        Pouring { idle: Some(sink), writing: None, waiting: Vec::new(), size: 0, left: wanted, end: None };
    let (mut written, mut told) = (0, told);
    loop {
        match poll_fn(|cx| pouring.poll(flow, cx)).await? {
            Step::Written(count) => {
                written += count;
                told(written);
            }
            Step::Ended(sink, end) => return Ok(Poured { sink, count: written, end }),
        }
    }
}

enum Step {
    Written(u64),
    Ended(Sink, End),
}

struct Pouring {
    idle: Option<Sink>,
    writing: Option<(BoxFuture<'static, Result<Sink>>, u64)>,
    waiting: Vec<Bytes>,
    size: usize,
    left: u64,
    end: Option<End>,
}

impl Pouring {
    fn poll(&mut self, flow: &mut Flow, cx: &mut Context<'_>) -> Poll<Result<Step>> {
        loop {
            if let Some((writing, count)) = &mut self.writing
                && let Poll::Ready(sink) = writing.as_mut().poll(cx)
            {
                let count = *count;
                self.writing = None;
                self.idle = Some(sink?);
                return Poll::Ready(Ok(Step::Written(count)));
            }
            if self.end.is_none() && self.size < WAITING && self.take(flow, cx) {
                continue;
            }
            match self.idle.take() {
                Some(sink) if !self.waiting.is_empty() => {
                    let pieces = std::mem::take(&mut self.waiting);
                    self.writing = Some((sink.write(pieces), std::mem::take(&mut self.size) as u64));
                }
                Some(sink) => match self.end.take() {
                    Some(end) => return Poll::Ready(Ok(Step::Ended(sink, end))),
                    None => {
                        self.idle = Some(sink);
                        return Poll::Pending;
                    }
                },
                None => return Poll::Pending,
            }
        }
    }

    /// Whether something came, be it the end.
    fn take(&mut self, flow: &mut Flow, cx: &mut Context<'_>) -> bool {
        if self.left == 0 {
            self.end = Some(End::Enough);
            return true;
        }
        match flow.poll_piece(cx) {
            Poll::Pending => return false,
            Poll::Ready(Some(Ok(mut piece))) => {
                let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(piece.len());
                flow.rest = piece.split_off(wanted);
                self.left -= piece.len() as u64;
                self.size += piece.len();
                self.waiting.push(piece);
            }
            Poll::Ready(Some(Err(error))) => self.end = Some(End::Cut(error)),
            Poll::Ready(None) => self.end = Some(End::Whole),
        }
        true
    }
}
