//! What a scripted request gets, and when.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{Extensions, HeaderMap, StatusCode};
use http_body::{Body, Frame};

use crate::error::{Error, ErrorKind, Result};
use crate::head::{Head, Reason};
use crate::payload::{Payload, Transfer};
#[cfg(feature = "websocket")]
use crate::socket::{CloseCode, Connection, Message, Text};

use super::Sleep;
#[cfg(feature = "websocket")]
use super::socket::{Manners, ScriptedSocket};
use super::world::{Open, World};

/// A reply, step by step. Times are on the virtual clock.
#[derive(Clone, Debug)]
#[must_use = "a reply answers nothing until it is given to the platform"]
pub struct Reply {
    pub(super) connecting: Duration,
    before_head: Duration,
    outcome: Outcome,
    status: StatusCode,
    headers: HeaderMap,
    declares_length: bool,
    steps: VecDeque<Step>,
    trailers: HeaderMap,
    extensions: Extensions,
    #[cfg(feature = "websocket")]
    manners: Option<Manners>,
}

#[derive(Clone, Debug)]
enum Outcome {
    Answer,
    Fail(ErrorKind),
    Hang,
    Unprocessed,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    #[cfg(feature = "websocket")]
    Close(Option<CloseCode>, Text),
    Data(Bytes),
    Fail(ErrorKind),
    Hang,
    #[cfg(feature = "websocket")]
    Message(Message),
    Pause(Duration),
    #[cfg(feature = "websocket")]
    Pong,
}

impl Reply {
    /// This status and no body. What is no status becomes 500.
    pub fn status(status: u16) -> Self {
        Self {
            connecting: Duration::ZERO,
            before_head: Duration::ZERO,
            outcome: Outcome::Answer,
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            declares_length: true,
            steps: VecDeque::new(),
            trailers: HeaderMap::new(),
            extensions: Extensions::new(),
            #[cfg(feature = "websocket")]
            manners: None,
        }
    }

    /// Status 200 and this body.
    pub fn ok(body: impl Into<Bytes>) -> Self {
        Self::status(200).then(body)
    }

    /// Status 200 and this page.
    pub fn html(page: impl Into<Bytes>) -> Self {
        Self::ok(page).header("content-type", "text/html")
    }

    /// A redirect to this place.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// No head, ever.
    pub fn hangs() -> Self {
        Self { outcome: Outcome::Hang, ..Self::status(200) }
    }

    /// No head, but this error.
    pub fn error(kind: ErrorKind) -> Self {
        Self { outcome: Outcome::Fail(kind), ..Self::status(200) }
    }

    /// No head: [`ErrorKind::Disconnected`] from a server that says it did not look at the request, which may therefore be
    /// sent again whatever its method (RFC 9113, section 8.7).
    pub fn unprocessed() -> Self {
        Self { outcome: Outcome::Unprocessed, ..Self::status(200) }
    }

    /// Status 101 and a WebSocket that does what follows, then nothing until it is closed from this side; it answers pings
    /// and close frames at once. [`pause`](Self::pause), [`stall`](Self::stall) and [`fail`](Self::fail) go for it, too.
    #[cfg(feature = "websocket")]
    pub fn websocket() -> Self {
        Self { manners: Some(Manners::default()), declares_length: false, ..Self::status(101) }
    }

    /// Then this message.
    #[cfg(feature = "websocket")]
    pub fn sends(mut self, message: impl Into<Message>) -> Self {
        self.steps.push_back(Step::Message(message.into()));
        self
    }

    /// Then a pong that nobody asked for.
    #[cfg(feature = "websocket")]
    pub fn pongs(mut self) -> Self {
        self.steps.push_back(Step::Pong);
        self
    }

    /// Then a close frame.
    #[cfg(feature = "websocket")]
    pub fn closes(mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Self {
        self.steps.push_back(Step::Close(code.into(), reason.into()));
        self
    }

    /// The WebSocket sends back what it is sent.
    #[cfg(feature = "websocket")]
    pub fn echoes(mut self) -> Self {
        self.manners.get_or_insert_default().echoes = true;
        self
    }

    /// The WebSocket answers neither pings nor close frames, and does not end.
    #[cfg(feature = "websocket")]
    pub fn silent(mut self) -> Self {
        self.manners.get_or_insert_default().is_silent = true;
        self
    }

    /// Adds a header field; one that HTTP does not allow is left out.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        append(&mut self.headers, name, value);
        self
    }

    /// Adds a field to the trailers, which come after the body's end; one that HTTP does not allow is left out.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        append(&mut self.trailers, name, value);
        self
    }

    /// The reason phrase beside the status.
    pub fn reason(self, reason: &str) -> Self {
        self.extension(Reason(reason.to_owned()))
    }

    /// Something for the response's extensions.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, extension: T) -> Self {
        self.extensions.insert(extension);
        self
    }

    /// How long connecting takes.
    pub fn connecting(mut self, time: Duration) -> Self {
        self.connecting = time;
        self
    }

    /// How long the head takes once connected.
    pub fn after(mut self, time: Duration) -> Self {
        self.before_head = time;
        self
    }

    /// Then these bytes of the body.
    pub fn then(mut self, data: impl Into<Bytes>) -> Self {
        self.steps.push_back(Step::Data(data.into()));
        self
    }

    /// Then nothing for so long.
    pub fn pause(mut self, time: Duration) -> Self {
        self.steps.push_back(Step::Pause(time));
        self
    }

    /// Then nothing, ever.
    pub fn stall(mut self) -> Self {
        self.steps.push_back(Step::Hang);
        self
    }

    /// Then this error.
    pub fn fail(mut self, kind: ErrorKind) -> Self {
        self.steps.push_back(Step::Fail(kind));
        self
    }

    /// Declares no length.
    pub fn chunked(mut self) -> Self {
        self.declares_length = false;
        self
    }

    pub(super) async fn answer(self, world: Arc<World>, open: Open) -> Result<(Head, ScriptedBody)> {
        world.sleep(self.before_head).await;
        match self.outcome {
            Outcome::Answer => {}
            Outcome::Fail(kind) => return Err(kind.into()),
            Outcome::Hang => std::future::pending().await,
            Outcome::Unprocessed => {
                return Err(Error::from(ErrorKind::Disconnected).unprocessed(true));
            }
        }
        let length: u64 = self.steps.iter().map(Step::size).sum();
        let mut headers = self.headers;
        if self.declares_length {
            headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
        }
        let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = ScriptedBody {
            world,
            steps: self.steps,
            pause: None,
            sent: 0,
            length: declared.filter(|_| self.declares_length),
            trailers: Some(self.trailers).filter(|trailers| !trailers.is_empty()).map(Arc::new),
            open: Some(open),
            #[cfg(feature = "websocket")]
            manners: self.manners,
        };
        let extensions = self.extensions;
        Ok((Head { headers, extensions, ..Head::new(self.status) }, body))
    }
}

fn append(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
        headers.append(name, value);
    }
}

impl Step {
    fn size(&self) -> u64 {
        match self {
            Self::Data(data) => data.len() as u64,
            _ => 0,
        }
    }
}

/// The body of a scripted reply.
pub struct ScriptedBody {
    world: Arc<World>,
    steps: VecDeque<Step>,
    pause: Option<Pin<Box<Sleep>>>,
    sent: u64,
    length: Option<u64>,
    trailers: Option<Arc<HeaderMap>>,
    open: Option<Open>,
    #[cfg(feature = "websocket")]
    manners: Option<Manners>,
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        loop {
            if let Some(pause) = &mut this.pause {
                ready!(pause.as_mut().poll(cx));
                this.pause = None;
            }
            match this.steps.pop_front() {
                None => {
                    this.open = None;
                    return Poll::Ready(None);
                }
                Some(Step::Data(data)) => {
                    this.sent += data.len() as u64;
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Step::Fail(kind)) => {
                    this.open = None;
                    return Poll::Ready(Some(Err(kind.into())));
                }
                Some(Step::Hang) => {
                    this.steps.push_front(Step::Hang);
                    return Poll::Pending;
                }
                Some(Step::Pause(time)) => this.pause = Some(Box::pin(this.world.sleep(time))),
                #[cfg(feature = "websocket")]
                Some(Step::Close(..) | Step::Message(_) | Step::Pong) => {}
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.pause.is_none() && self.trailers.is_none()
    }
}

impl Payload for ScriptedBody {
    fn transfer(&self) -> Transfer {
        Transfer::new(self.sent, self.sent, self.length.map(|length| length.saturating_sub(self.sent)))
    }

    fn trailers(&self) -> Option<Arc<HeaderMap>> {
        let has_ended = self.open.is_none() && self.steps.is_empty();
        self.trailers.clone().filter(|_| has_ended)
    }

    #[cfg(feature = "websocket")]
    fn connection(mut self: Pin<&mut Self>) -> Option<Connection> {
        let (manners, open) = (self.manners?, self.open.take()?);
        let steps = std::mem::take(&mut self.steps);
        let socket = ScriptedSocket::new(Arc::clone(&self.world), steps, manners, open);
        Some(Connection::new(Box::new(socket)))
    }
}

impl std::fmt::Debug for ScriptedBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptedBody").field("transfer", &self.transfer()).finish_non_exhaustive()
    }
}
