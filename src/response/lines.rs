//! A body as lines of text.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{self, Stream};

use crate::charset::Event;
use crate::decoding::{About, BodyDecoder};
use crate::error::{ErrorKind, Result};
use crate::maybe::BoxStream;

use super::{Response, check_label};

/// The longest line that is taken when nothing else is said, in bytes of UTF-8.
const MAX_LINE: usize = 1024 * 1024;

impl Response {
    /// The body as lines of text, as they come, without what ends them: LF or CR LF. What follows the last one is a line,
    /// too, unless it is nothing. The encoding is found as by [`text`](Self::text), or set by [`Lines::encoding`].
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    ///
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::ok("one\r\nt").then("wo\n\nfour"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let mut lines = session.get("https://example.com/").await?.lines();
    /// let mut seen = Vec::new();
    /// while let Some(line) = lines.try_next().await? {
    ///     seen.push(line);
    /// }
    /// assert_eq!(seen, ["one", "two", "", "four"]);
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn lines(self) -> Lines {
        Lines(State::Waiting(Box::new(Some(Waiting { response: self, max_line: MAX_LINE, label: None }))))
    }
}

/// A body as lines of text. Made by [`Response::lines`].
///
/// A page that names no encoding gives no line before 1024 bytes of it have come: it may yet name one. Where what was read
/// as UTF-8 turns out, further on, to be in another encoding, the lines handed out stand, and the next ones are read anew.
///
/// # Cancellation
/// Dropping the future of one line loses nothing.
///
/// # Errors
/// Those of [`Response::text`], and [`ErrorKind::LineTooLong`] for a line of more than 1 MiB, or than [`Lines::max_line`]
/// says. After an error it ends.
///
/// # Dropping
/// Dropping it ends the transfer, as dropping the [`Response`] does.
#[must_use = "nothing is read until it is polled"]
pub struct Lines(State);

enum State {
    Waiting(Box<Option<Waiting>>),
    Reading(BoxStream<'static, Result<String>>),
}

struct Waiting {
    response: Response,
    max_line: usize,
    label: Option<String>,
}

impl Lines {
    /// The longest line that is taken, in bytes of UTF-8, 1 MiB when nothing is said. To be called before the first line is
    /// asked for.
    pub fn max_line(mut self, bytes: usize) -> Self {
        if let Some(waiting) = self.waiting() {
            waiting.max_line = bytes;
        }
        self
    }

    /// The encoding, by its label, as for [`Response::text_with`]: the first line is
    /// [`InvalidOption`](ErrorKind::InvalidOption) (`encoding`) if nobody knows it. To be called before that is asked for.
    pub fn encoding(mut self, label: &str) -> Self {
        if let Some(waiting) = self.waiting() {
            waiting.label = Some(label.to_owned());
        }
        self
    }

    /// The next line; `None` at the end. The same as `StreamExt::next`, without the import.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// Those of the stream.
    #[allow(clippy::should_implement_trait, reason = "it is a stream's next, as of rows")]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<String>>> + Unpin + '_ {
        poll_fn(move |cx| Pin::new(&mut *self).poll_next(cx))
    }

    fn waiting(&mut self) -> Option<&mut Waiting> {
        match &mut self.0 {
            State::Waiting(waiting) => waiting.as_mut().as_mut(),
            State::Reading(_) => None,
        }
    }
}

impl Stream for Lines {
    type Item = Result<String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<String>>> {
        let state = &mut self.get_mut().0;
        loop {
            match state {
                State::Waiting(waiting) => match waiting.take() {
                    Some(waiting) => *state = State::Reading(waiting.read()),
                    None => return Poll::Ready(None),
                },
                State::Reading(lines) => return lines.as_mut().poll_next(cx),
            }
        }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

impl Waiting {
    fn read(self) -> BoxStream<'static, Result<String>> {
        let Self { response, max_line, label } = self;
        let about = match &label {
            Some(label) => About::labelled(label),
            None => Ok(response.about()),
        };
        let supply = response.supply();
        match about {
            Ok(about) => {
                let decoder = BodyDecoder::new(about, supply);
                let text = Text::default();
                let reading = Reading { response, decoder, text, max_line, label, has_ended: false };
                // The stream, and not whoever polls it, owns the future that is under way.
                Box::pin(stream::unfold(Some(reading), |reading| async move {
                    let mut reading = reading?;
                    match reading.next().await {
                        Ok(line) => Some((Ok(line?), Some(reading))),
                        Err(error) => Some((Err(reading.response.failed(error)), None)),
                    }
                }))
            }
            Err(error) => {
                let error = response.failed(error);
                Box::pin(stream::iter([Err(error)]))
            }
        }
    }
}

struct Reading {
    response: Response,
    decoder: BodyDecoder,
    text: Text,
    max_line: usize,
    label: Option<String>,
    has_ended: bool,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(line) = self.text.line(self.has_ended) {
                return match line.len() <= self.max_line {
                    true => Ok(Some(line)),
                    false => Err(ErrorKind::LineTooLong { limit: self.max_line }.into()),
                };
            }
            // A carriage return may belong to its end.
            if self.text.open() > self.max_line.saturating_add(1) {
                return Err(ErrorKind::LineTooLong { limit: self.max_line }.into());
            }
            if self.has_ended {
                return Ok(None);
            }
            let out = &mut self.text.read;
            let event = match self.response.chunk().await? {
                Some(piece) => self.decoder.push(&piece, out).await?,
                None => {
                    self.has_ended = true;
                    self.decoder.finish(out).await?
                }
            };
            self.decoder.check()?;
            if event == Event::Restart {
                self.text.start_over();
            }
            if let Some(label) = &self.label
                && (self.has_ended || !self.text.read.is_empty())
            {
                check_label(self.decoder.source(), label)?;
            }
        }
    }
}

/// Text that comes in pieces and goes in lines.
#[derive(Default)]
struct Text {
    read: String,
    /// Where the next line starts.
    at: usize,
    /// Up to here it does not end.
    searched: usize,
    handed_out: usize,
}

impl Text {
    fn line(&mut self, has_ended: bool) -> Option<String> {
        let end = match self.read[self.searched..].find('\n') {
            Some(end) => self.searched + end,
            None if has_ended && self.at < self.read.len() => self.read.len(),
            None => {
                self.read.drain(..self.at);
                (self.at, self.searched) = (0, self.read.len());
                return None;
            }
        };
        let line = &self.read[self.at..end];
        let is_ended = end < self.read.len();
        let line = line.strip_suffix('\r').filter(|_| is_ended).unwrap_or(line).to_owned();
        self.at = end + usize::from(is_ended);
        self.searched = self.at;
        self.handed_out += 1;
        Some(line)
    }

    /// How long the line is that has begun.
    fn open(&self) -> usize {
        self.read.len() - self.at
    }

    /// All of the text has been read anew: what was handed out is passed over.
    fn start_over(&mut self) {
        let mut ends = self.read.match_indices('\n').map(|(at, _)| at + 1);
        self.at = match self.handed_out.checked_sub(1) {
            None => 0,
            Some(last) => ends.nth(last).unwrap_or(self.read.len()),
        };
        self.searched = self.at;
    }
}
