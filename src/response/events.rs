//! [`EventStream`]: a body as server-sent events.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::stream::Stream;

use crate::error::{Error, ErrorKind, Result};
use crate::event_stream::{EventId, EventParser, ServerEvent};

use super::Response;
use super::json::essence;

impl Response {
    /// The body as server-sent events, as they come: `text/event-stream`, read by the HTML standard's
    /// [section 9.2.6]. Always UTF-8, whatever the content type says.
    ///
    /// The stream ends with the body: to go on after that is [`SessionExt::event_source`](crate::SessionExt::event_source)'s.
    /// As of any body the request's `timeout.total`, 5 minutes unless set, bounds all of it: an endless stream is asked for
    /// with `Timeout::new().total(None)`, and with a `read` timeout that tells a silent one from a lost one. A status is
    /// not looked at.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # let stream = "event: tick\ndata: 1\n\nid: 7\ndata: two\r\ndata: lines\r\n\r\n";
    /// # platform.on("https://example.com/", Reply::ok(stream).header("content-type", "text/event-stream"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let mut events = session.get("https://example.com/").await?.events();
    /// let mut seen = Vec::new();
    /// while let Some(event) = events.next().await {
    ///     let event = event?;
    ///     seen.push((event.event, event.data));
    /// }
    /// assert_eq!(seen, [("tick".to_owned(), "1".to_owned()), ("message".to_owned(), "two\nlines".to_owned())]);
    /// assert_eq!(events.last_event_id(), "7");
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// [section 9.2.6]: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    pub fn events(self) -> EventStream {
        EventStream {
            response: self,
            parser: EventParser::new(),
            piece: Bytes::new(),
            takes_any_type: false,
            state: State::Unchecked,
        }
    }
}

/// A body as server-sent events. Made by [`Response::events`].
///
/// # Cancellation
/// Dropping the future of one event loses nothing.
///
/// # Errors
/// [`ErrorKind::ContentType`] where it is not `text/event-stream`, [`ErrorKind::Status`] where the status is 400 or more
/// besides; [`ErrorKind::LineTooLong`] for an event of more than
/// 1 MiB, or than [`EventStream::max_event`] says, and for an id of more than [`MAX_ID`](crate::event_stream::MAX_ID);
/// those of [`Response::chunk`]. After an error it ends, and so does the transfer.
///
/// # Dropping
/// Dropping it ends the transfer, as dropping the [`Response`] does.
#[must_use = "nothing is read until it is polled"]
pub struct EventStream {
    response: Response,
    parser: EventParser,
    /// What has come and was not read yet.
    piece: Bytes,
    takes_any_type: bool,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    /// Whether these are events at all.
    Unchecked,
    Reading,
    Ended,
}

impl EventStream {
    /// The longest event that is taken: see [`EventParser::max_event`]. 1 MiB when nothing is said.
    pub fn max_event(mut self, bytes: usize) -> Self {
        self.parser = self.parser.max_event(bytes);
        self
    }

    /// Takes any content type, for servers that send events as `text/plain`.
    pub fn any_type(mut self) -> Self {
        self.takes_any_type = true;
        self
    }

    /// The next event; `None` at the end. The same as `StreamExt::next`, without the import.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// Those of the stream.
    #[allow(clippy::should_implement_trait, reason = "it is a stream's next, as of rows")]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<ServerEvent>>> + Unpin + '_ {
        poll_fn(move |cx| Pin::new(&mut *self).poll_next(cx))
    }

    /// The id to go on after: see [`EventParser::last_event_id`].
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.parser.last_event_id()
    }

    pub(crate) fn shared_id(&self) -> EventId {
        self.parser.shared_id()
    }

    /// The reconnection time that the server has set last.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        self.parser.retry()
    }

    /// The response: status, header fields, how much has come.
    #[must_use]
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// It goes on where another one has ended.
    pub(crate) fn after(mut self, last_event_id: EventId, max_event: usize) -> Self {
        self.parser = EventParser::after(last_event_id).max_event(max_event);
        self
    }

    /// Whether its response says that it is a stream of events.
    ///
    /// # Errors
    /// [`ErrorKind::ContentType`].
    pub(crate) fn check(&self) -> Result<()> {
        let content_type = self.response.content_type().unwrap_or_default();
        if self.takes_any_type || essence(content_type) == "text/event-stream" {
            return Ok(());
        }
        let (kind, more) = match self.response.ok() {
            true => (ErrorKind::ContentType, ""),
            false => (ErrorKind::Status(self.response.status()), "; error_for_status() tells what it says"),
        };
        let why = format!("{content_type:?} is not text/event-stream{more}");
        Err(self.response.failed(Error::new(kind).with_message(why)))
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<ServerEvent>>> {
        if self.state == State::Unchecked {
            self.check()?;
            self.state = State::Reading;
        }
        loop {
            let mut rest = &self.piece[..];
            let event = self.parser.next(&mut rest);
            let taken = self.piece.len() - rest.len();
            self.piece.advance(taken);
            if let Some(event) = event.map_err(|error| self.response.failed(error))? {
                return Poll::Ready(Ok(Some(event)));
            }
            match ready!(self.response.poll_chunk(cx))? {
                Some(piece) => self.piece = piece,
                None => return Poll::Ready(Ok(None)),
            }
        }
    }
}

impl Stream for EventStream {
    type Item = Result<ServerEvent>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.state == State::Ended {
            return Poll::Ready(None);
        }
        let event = ready!(this.poll_event(cx));
        if !matches!(event, Ok(Some(_))) {
            (this.state, this.piece) = (State::Ended, Bytes::new());
        }
        if event.is_err() {
            this.response.let_go();
        }
        Poll::Ready(event.transpose())
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("response", &self.response)
            .field("parser", &self.parser)
            .finish_non_exhaustive()
    }
}
