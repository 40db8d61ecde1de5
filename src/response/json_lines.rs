//! [`JsonLines`]: a body as a value of JSON on each line.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::stream::Stream;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

use super::Response;
use super::json::{start, without_mark};

/// The longest line that is taken when nothing else is said, in bytes.
const MAX_LINE: usize = 1024 * 1024;

impl Response {
    /// The body as values of JSON, one on each line, as they come: NDJSON, JSON Lines. Lines end with LF or CR LF, the
    /// last one with the body, too; lines of nothing but white space are skipped, and so is a byte order mark.
    ///
    /// The content type is not looked at: there is none that all use (`application/x-ndjson`, `application/jsonl`,
    /// `text/plain`). The encoding is UTF-8.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/log", Reply::ok("{\"id\": 1}\n\n{\"id\"").then(": 2}\r\n{\"id\": 3}"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// #[derive(serde::Deserialize)]
    /// struct Entry {
    ///     id: u32,
    /// }
    ///
    /// # platform.run(async {
    /// let mut entries = session.get("https://example.com/log").await?.json_lines::<Entry>();
    /// let mut seen = Vec::new();
    /// while let Some(entry) = entries.next().await {
    ///     seen.push(entry?.id);
    /// }
    /// assert_eq!(seen, [1, 2, 3]);
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn json_lines<T: DeserializeOwned>(self) -> JsonLines<T> {
        JsonLines {
            response: self,
            piece: Bytes::new(),
            line: Vec::new(),
            number: 0,
            max_line: MAX_LINE,
            has_ended: false,
            of: PhantomData,
        }
    }
}

/// A body as a value of JSON on each line. Made by [`Response::json_lines`].
///
/// # Cancellation
/// Dropping the future of one value loses nothing.
///
/// # Errors
/// [`ErrorKind::Json`] for a line that is not what was asked for, with its number and its start; the next value is that of
/// the next line, so whoever can do without goes on. [`ErrorKind::LineTooLong`] for a line of more than 1 MiB, or than
/// [`JsonLines::max_line`] says, and those of [`Response::chunk`]: after these it ends, and so does the
/// transfer.
///
/// # Dropping
/// Dropping it ends the transfer, as dropping the [`Response`] does.
#[must_use = "nothing is read until it is polled"]
pub struct JsonLines<T> {
    response: Response,
    /// What has come and was not read yet.
    piece: Bytes,
    /// What has come before of a line that has not ended.
    line: Vec<u8>,
    /// How many lines there were.
    number: u64,
    max_line: usize,
    has_ended: bool,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> JsonLines<T> {
    /// The longest line that is taken, in bytes, 1 MiB when nothing is said.
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// The next value; `None` at the end. The same as `StreamExt::next`, without the import.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// Those of the stream.
    #[allow(clippy::should_implement_trait, reason = "it is a stream's next, as of rows")]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<T>>> + Unpin + '_ {
        poll_fn(move |cx| Pin::new(&mut *self).poll_next(cx))
    }

    /// The response: status, header fields, how much has come.
    #[must_use]
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// The next line that is not blank, read; `None` at the end.
    fn poll_value(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Result<T>>>> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.piece) {
                let part = self.piece.split_to(end);
                self.piece.advance(1);
                if let Some(value) = self.end_line(&part)? {
                    return Poll::Ready(Ok(Some(value)));
                }
                continue;
            }
            self.check(self.piece.len())?;
            self.line.extend_from_slice(&std::mem::take(&mut self.piece));
            match ready!(self.response.poll_chunk(cx))? {
                Some(piece) => self.piece = piece,
                None => {
                    self.has_ended = true;
                    return Poll::Ready(self.end_line(&[]));
                }
            }
        }
    }

    /// The line's last part has come.
    fn end_line(&mut self, part: &[u8]) -> Result<Option<Result<T>>> {
        self.number += 1;
        if self.line.is_empty() {
            self.check_whole(part)?;
            return Ok(self.read(part));
        }
        let mut line = std::mem::take(&mut self.line);
        line.extend_from_slice(part);
        self.check_whole(&line)?;
        let value = self.read(&line);
        line.clear();
        self.line = line;
        Ok(value)
    }

    fn read(&self, line: &[u8]) -> Option<Result<T>> {
        let line = if self.number == 1 { without_mark(line) } else { line };
        let line = line.trim_ascii();
        if line.is_empty() {
            return None;
        }
        Some(serde_json::from_slice(line).map_err(|error| {
            let told = error.to_string();
            // It counts the lines of what it was given.
            let place = format!(" at line {} column {}", error.line(), error.column());
            let told = told.strip_suffix(&place).unwrap_or(&told);
            let message = format!("line {}: {told}; it starts {}", self.number, start(line));
            self.response.failed(Error::new(ErrorKind::Json).with_message(message).with_source(error))
        }))
    }

    /// So many bytes more of the line, and it may still be short enough: a carriage return may belong to its end.
    fn check(&self, more: usize) -> Result<()> {
        match self.line.len() + more <= self.max_line.saturating_add(1) {
            true => Ok(()),
            false => Err(self.too_long()),
        }
    }

    fn check_whole(&self, line: &[u8]) -> Result<()> {
        match line.strip_suffix(b"\r").unwrap_or(line).len() <= self.max_line {
            true => Ok(()),
            false => Err(self.too_long()),
        }
    }

    fn too_long(&self) -> Error {
        self.response.failed(ErrorKind::LineTooLong { limit: self.max_line }.into())
    }
}

impl<T: DeserializeOwned> Stream for JsonLines<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.has_ended {
            return Poll::Ready(None);
        }
        match ready!(this.poll_value(cx)) {
            Ok(value) => Poll::Ready(value),
            Err(error) => {
                (this.has_ended, this.piece, this.line) = (true, Bytes::new(), Vec::new());
                this.response.let_go();
                Poll::Ready(Some(Err(error)))
            }
        }
    }
}

impl<T> fmt::Debug for JsonLines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines")
            .field("response", &self.response)
            .field("line", &self.number)
            .finish_non_exhaustive()
    }
}
