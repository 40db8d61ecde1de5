//! Statuses that are to be errors.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;

use crate::charset;
use crate::decoding;
use crate::error::{Error, ErrorKind, Result};
#[cfg(feature = "json")]
use crate::problem::Problem;

use super::Response;
#[cfg(feature = "json")]
use super::json::{essence, without_mark};

/// How long the start of a body is waited for that goes with an error which nobody asked for by the body's own time.
pub(crate) const RAISE_TIME: Duration = Duration::from_secs(2);

/// How much of a body goes with an error.
const KEPT: usize = 1024;

/// How much of one that says what is wrong in words of its own is read for them.
#[cfg(feature = "json")]
const KEPT_OF_A_PROBLEM: usize = 64 * 1024;

/// How many characters of it a message shows.
const SHOWN: usize = 100;

/// A remainder of so many bytes at most is read in the background, for the connection's sake.
const SMALL: u64 = 32 * 1024;

impl Response {
    /// This response, unless its status is 400 or more. The body of such a one is dropped unread:
    /// [`error_for_status`](Self::error_for_status) keeps its beginning.
    ///
    /// # Errors
    /// [`ErrorKind::Status`].
    pub fn raise_for_status(self) -> Result<Self> {
        match self.ok() {
            true => Ok(self),
            false => Err(self.failed(ErrorKind::Status(self.status()).into())),
        }
    }

    /// This response, unless its status is 400 or more; then an error that has the first kilobyte of its body
    /// ([`Error::body`]), as text, and shows how that starts. No more is read, and no longer than the request's own
    /// deadlines allow: when they pass, or the transfer fails, the error has what had come. With the crate feature `json`
    /// `application/problem+json` is read, too, up to 64 KiB: `Error::problem` has it.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::status(422).then("name is missing"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let response = session.get("https://example.com/").await?;
    /// let error = response.error_for_status().await.unwrap_err();
    /// assert_eq!(error.body(), Some("name is missing"));
    /// assert!(error.to_string().contains("name is missing"));
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Status`].
    ///
    /// # Cancellation
    /// Dropping the future ends the transfer, as dropping the response does.
    pub async fn error_for_status(self) -> Result<Self> {
        match self.ok() {
            true => Ok(self),
            false => {
                let error = ErrorKind::Status(self.status()).into();
                Err(self.into_error(error, pending()).await)
            }
        }
    }

    /// This error, with what the response tells and the start of its body, as much of it as comes before `until`.
    pub(crate) async fn into_error(mut self, error: Error, until: impl Future<Output = ()>) -> Error {
        let read = self.read_until(self.kept(), until).await;
        let error = self.failed(error).with_history(std::mem::take(&mut self.history));
        let (about, supply) = (self.about(), self.supply());
        #[cfg(feature = "json")]
        let error = match self.problem(&read) {
            Some(problem) => told(error, problem.in_words()).with_problem(Some(problem)),
            None => error,
        };
        self.discard(SMALL);
        let start = &read[..read.len().min(KEPT)];
        if start.is_empty() {
            return error;
        }
        let text = match decoding::decode(start, about, supply).await {
            Ok(decoded) => decoded.text,
            // An encoding that nobody here has the tables for.
            Err(_) => charset::decode(start, None).text,
        };
        // Where the body was cut, in the middle of a character perhaps.
        let text = if start.len() == KEPT { text.trim_end_matches('\u{FFFD}') } else { &text };
        #[cfg(feature = "json")]
        let is_told = error.problem().is_some_and(|problem| problem.in_words().is_some());
        #[cfg(not(feature = "json"))]
        let is_told = false;
        let start = (!is_told).then(|| format!("the body starts {:?}", in_a_line(text)));
        told(error, start).with_body(text.to_owned())
    }

    /// How much of the body is read for an error.
    fn kept(&self) -> usize {
        #[cfg(feature = "json")]
        if self.is_problem() {
            return KEPT_OF_A_PROBLEM;
        }
        KEPT
    }

    #[cfg(feature = "json")]
    fn is_problem(&self) -> bool {
        Problem::is_told_by(&essence(self.content_type().unwrap_or_default()))
    }

    #[cfg(feature = "json")]
    fn problem(&self, body: &[u8]) -> Option<Problem> {
        if self.is_problem() { Problem::read(without_mark(body), &self.url) } else { None }
    }

    async fn read_until(&mut self, most: usize, until: impl Future<Output = ()>) -> Vec<u8> {
        let mut until = pin!(until);
        let mut read = Vec::new();
        while read.len() < most
            && let Some(piece) = self.chunk_until(until.as_mut()).await
        {
            read.extend_from_slice(&piece[..piece.len().min(most - read.len())]);
        }
        read
    }

    async fn chunk_until(&mut self, mut until: Pin<&mut impl Future<Output = ()>>) -> Option<Bytes> {
        poll_fn(|cx| match self.poll_chunk(cx) {
            Poll::Ready(piece) => Poll::Ready(piece.ok().flatten()),
            Poll::Pending => until.as_mut().poll(cx).map(|()| None),
        })
        .await
    }
}

/// The error, which says this, too.
fn told(error: Error, words: Option<String>) -> Error {
    let Some(words) = words else { return error };
    let message = match error.message() {
        Some(message) => format!("{message}; {words}"),
        None => words,
    };
    error.with_message(message)
}

/// The start of a text, for a message.
fn in_a_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect()
}
