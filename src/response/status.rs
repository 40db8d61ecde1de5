//! Statuses that are to be errors.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;

use crate::charset;
use crate::decoding;
use crate::error::{Error, ErrorKind, Result};

use super::Response;

/// How much of a body goes with an error.
const KEPT: usize = 1024;

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
    /// deadlines allow: when they pass, or the transfer fails, the error has what had come.
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
        let mut until = pin!(until);
        let mut start = Vec::new();
        let mut is_cut = false;
        while let Some(piece) = self.chunk_until(until.as_mut()).await {
            let room = KEPT - start.len();
            start.extend_from_slice(&piece[..piece.len().min(room)]);
            is_cut = piece.len() > room;
            if start.len() == KEPT {
                break;
            }
        }
        let error = self.failed(error).with_history(std::mem::take(&mut self.history));
        let (about, supply) = (self.about(), self.supply());
        is_cut |= start.len() == KEPT;
        self.discard(SMALL);
        if start.is_empty() {
            return error;
        }
        let text = match decoding::decode(&start, about, supply).await {
            Ok(decoded) => decoded.text,
            // An encoding that nobody here has the tables for.
            Err(_) => charset::decode(&start, None).text,
        };
        // Where the body was cut, in the middle of a character perhaps.
        let text = if is_cut { text.trim_end_matches('\u{FFFD}') } else { &text };
        let shown: String =
            text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect();
        let message = match error.message() {
            Some(message) => format!("{message}; the body starts {shown:?}"),
            None => format!("the body starts {shown:?}"),
        };
        error.with_message(message).with_body(text.to_owned())
    }

    async fn chunk_until(&mut self, mut until: Pin<&mut impl Future<Output = ()>>) -> Option<Bytes> {
        poll_fn(|cx| match self.poll_chunk(cx) {
            Poll::Ready(piece) => Poll::Ready(piece.ok().flatten()),
            Poll::Pending => until.as_mut().poll(cx).map(|()| None),
        })
        .await
    }
}
