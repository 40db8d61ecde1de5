//! What both halves of a WebSocket share: the platform's connection, and the time that goes by on it.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::maybe::{BoxClock, BoxSocket, SharedAny};
use crate::policy::heartbeat::{Beat, Heartbeat};
use crate::socket::{
    Close, CloseCode, ClosedBy, Connection, Incoming, MAX_CONTROL, Message, Text, WebSocketOptions,
};
use crate::url::Url;

/// How long the peer may take to end the connection once both sides have sent their close frames.
const LINGER: Duration = Duration::from_secs(1);

/// One connection, its clock and its permit. It is polled by the two halves, each by its own task.
pub(super) struct Link {
    /// None once it is over.
    socket: Option<BoxSocket>,
    clock: Option<BoxClock>,
    permit: Option<SharedAny>,
    options: Arc<WebSocketOptions>,
    heartbeat: Option<Heartbeat>,
    /// Until when the message that is waited for may come.
    receive_by: Option<Duration>,
    stage: Stage,
    closed: Option<Close>,
    url: Url,
    halves: Arc<Halves>,
    /// Wakes both.
    waker: Waker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// The peer's close frame is there, behind what it sent before or where the platform does not show it yet. Where
    /// nothing is to be received, it is to come until then.
    Closed(Duration),
    /// Our close frame is on its way, or there; the peer's may come until then.
    Closing(Duration),
    /// The peer has said that it closes. It may end the connection until then; after it we do.
    Ending(Duration),
}

/// Who waits: one to receive, and one to send.
#[derive(Default)]
struct Halves {
    receiving: AtomicWaker,
    sending: AtomicWaker,
}

impl Wake for Halves {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.receiving.wake();
        self.sending.wake();
    }
}

impl Link {
    pub(super) fn new(connection: Connection, options: Arc<WebSocketOptions>, url: Url) -> Self {
        let Connection { socket, clock, permit } = connection;
        let now = clock.as_ref().map(|clock| clock.now());
        let every = options.heartbeat.filter(|_| socket.can_ping());
        let heartbeat = now.zip(every).map(|(now, every)| Heartbeat::new(every, now));
        let halves = Arc::<Halves>::default();
        let waker = Waker::from(Arc::clone(&halves));
        Self {
            socket: Some(socket),
            clock,
            permit,
            options,
            heartbeat,
            receive_by: None,
            stage: Stage::Open,
            closed: None,
            url,
            halves,
            waker,
        }
    }

    pub(super) fn closed(&self) -> Option<&Close> {
        self.closed.as_ref()
    }

    /// The next message; `None` when the connection is over.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message>>> {
        self.halves.receiving.register(cx.waker());
        let waker = self.waker.clone();
        let received = std::task::ready!(self.poll_next(&mut Context::from_waker(&waker)));
        self.halves.receiving.take();
        Poll::Ready(received)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message>>> {
        loop {
            // A peer that always has more to say would never let the timer speak.
            if let Stage::Closing(until) = self.stage
                && self.now().is_some_and(|now| until <= now)
            {
                return Poll::Ready(Some(Err(self.failed(Error::timeout(Phase::Close)))));
            }
            let Some(socket) = &mut self.socket else { return Poll::Ready(None) };
            match socket.poll_receive(cx) {
                Poll::Ready(Some(Ok(Incoming::Message(message)))) => {
                    self.receive_by = None;
                    self.note_sign_of_life();
                    return Poll::Ready(Some(Ok(message)));
                }
                Poll::Ready(Some(Ok(Incoming::Close(code, reason)))) => self.close_received(code, reason),
                Poll::Ready(Some(Err(error))) if !matches!(self.stage, Stage::Ending(_)) => {
                    return Poll::Ready(Some(Err(self.failed(error))));
                }
                // However the connection ends once both sides have said that it does.
                Poll::Ready(Some(Err(_)) | None) => {
                    self.over();
                    return Poll::Ready(None);
                }
                Poll::Pending => match self.poll_time(cx, true) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }

    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.sending(cx, |socket, cx| socket.poll_ready(cx))
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.sending(cx, |socket, cx| socket.poll_flush(cx))
    }

    /// Takes a message that is to be sent.
    pub(super) fn send(&mut self, message: Message) -> Result<()> {
        if let Message::Ping(bytes) | Message::Pong(bytes) = &message
            && bytes.len() > MAX_CONTROL
        {
            let option = if matches!(message, Message::Ping(_)) { "ping" } else { "pong" };
            return Err(Error::new(ErrorKind::InvalidOption { option }).with_message(format!(
                "{} bytes; there are at most {MAX_CONTROL} (RFC 6455, section 5.5)",
                bytes.len()
            )));
        }
        match &mut self.socket {
            Some(socket) if self.stage == Stage::Open => {
                // From now on it may be an answer that is waited for.
                self.receive_by = None;
                socket.send(message).map_err(|error| error.with_url(&self.url))
            }
            _ => Err(self.is_closed()),
        }
    }

    /// Begins the closing handshake, unless that has begun.
    pub(super) fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<()> {
        if let Some(socket) = self.socket.as_mut().filter(|_| self.stage == Stage::Open) {
            // Where the peer's close frame is there and nobody has taken it yet, it has been answered.
            let stage = match socket.is_closed_by_peer() {
                true => Stage::Closed,
                false => {
                    socket.close(code, reason).map_err(|error| error.with_url(&self.url))?;
                    Stage::Closing
                }
            };
            self.stage = stage(self.after(self.options.close_timeout));
            self.receive_by = None;
            // Who waits for a message is to wait no longer than the answer may take.
            self.halves.receiving.wake();
        }
        Ok(())
    }

    /// Ready once our close frame has been handed to the network; fails when the closing handshake takes too long.
    pub(super) fn poll_close_sent(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match self.socket.is_some() {
            true => self.poll_flush(cx),
            false => Poll::Ready(Ok(())),
        }
    }

    fn sending(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl Fn(&mut BoxSocket, &mut Context<'_>) -> Poll<Result<()>>,
    ) -> Poll<Result<()>> {
        self.halves.sending.register(cx.waker());
        let waker = self.waker.clone();
        let cx = &mut Context::from_waker(&waker);
        let sent = loop {
            let Some(socket) = &mut self.socket else { break Err(self.is_closed()) };
            if let Poll::Ready(sent) = poll(socket, cx) {
                break sent.map_err(|error| error.with_url(&self.url));
            }
            // A peer that takes nothing may be gone.
            if let Err(error) = std::task::ready!(self.poll_time(cx, false)) {
                break Err(error);
            }
        };
        self.halves.sending.take();
        Poll::Ready(sent)
    }

    /// Does what the time has come for. Ready when something was done.
    fn poll_time(&mut self, cx: &mut Context<'_>, is_receiving: bool) -> Poll<Result<()>> {
        let is_open = self.stage == Stage::Open;
        let receive_timeout = self.options.receive_timeout.filter(|_| is_receiving && is_open);
        if is_open && receive_timeout.is_none() && self.heartbeat.is_none() {
            return Poll::Pending;
        }
        let Some(now) = self.now() else { return Poll::Pending };
        let mut next = None;
        match self.stage {
            Stage::Open => {
                if let Some(timeout) = receive_timeout {
                    let by = *self.receive_by.get_or_insert_with(|| now.saturating_add(timeout));
                    if by <= now {
                        self.receive_by = None;
                        return Poll::Ready(Err(Error::timeout(Phase::Read).with_url(&self.url)));
                    }
                    next = Some(by);
                }
                if let Some(at) = self.beat(cx, now)? {
                    next = next.into_iter().chain([at]).min();
                }
            }
            Stage::Closed(until) | Stage::Closing(until) if until <= now => {
                return Poll::Ready(Err(self.failed(Error::timeout(Phase::Close))));
            }
            Stage::Ending(until) if until <= now => {
                self.over();
                return Poll::Ready(Ok(()));
            }
            Stage::Closed(until) | Stage::Closing(until) | Stage::Ending(until) => next = Some(until),
        }
        match (next, &mut self.clock) {
            (Some(at), Some(clock)) => clock.poll_until(cx, at),
            _ => Poll::Pending,
        }
    }

    /// When the heart beats next.
    fn beat(&mut self, cx: &mut Context<'_>, now: Duration) -> Result<Option<Duration>> {
        let (Some(heartbeat), Some(socket)) = (&mut self.heartbeat, &mut self.socket) else {
            return Ok(None);
        };
        loop {
            match heartbeat.beat(now, socket.heard()) {
                Beat::Wait(at) => return Ok(Some(at)),
                Beat::Ping => {
                    // What fails here fails the one who receives, or is silence.
                    if socket.send(Message::Ping(bytes::Bytes::new())).is_ok() {
                        let _ = socket.poll_flush(cx);
                    }
                }
                Beat::Dead => return Err(self.failed(Error::timeout(Phase::Heartbeat))),
            }
        }
    }

    fn note_sign_of_life(&mut self) {
        if let (Some(heartbeat), Some(clock)) = (&mut self.heartbeat, &self.clock) {
            heartbeat.note(clock.now());
        }
    }

    fn close_received(&mut self, code: Option<CloseCode>, reason: Text) {
        let by = match self.stage {
            Stage::Open | Stage::Closed(_) => ClosedBy::Server,
            Stage::Closing(_) | Stage::Ending(_) => ClosedBy::Client,
        };
        let code = code.unwrap_or(CloseCode::NO_STATUS);
        self.closed.get_or_insert_with(|| Close::clean(code, reason, by));
        self.stage = Stage::Ending(self.after(LINGER.min(self.options.close_timeout)));
    }

    /// The connection has failed and is over.
    fn failed(&mut self, error: Error) -> Error {
        let code = match error.kind() {
            ErrorKind::WebSocket { code } => Close::unclean(CloseCode::new(*code), ClosedBy::Client),
            _ => Close::unclean(CloseCode::ABNORMAL, ClosedBy::Neither),
        };
        self.closed.get_or_insert(code);
        self.over();
        error.with_url(&self.url)
    }

    /// Ends the connection and gives the permit back.
    fn over(&mut self) {
        self.closed.get_or_insert_with(|| Close::unclean(CloseCode::ABNORMAL, ClosedBy::Neither));
        // The connection first: what the permit lets in is not to find it still there.
        self.socket = None;
        self.permit = None;
        self.clock = None;
        self.halves.wake_by_ref();
    }

    pub(super) fn is_closed(&self) -> Error {
        let error = Error::new(ErrorKind::Closed).with_url(&self.url);
        match &self.closed {
            Some(close) => error.with_message(format!("the WebSocket is closed, with code {}", close.code)),
            None => error.with_message("the WebSocket is being closed"),
        }
    }

    fn now(&self) -> Option<Duration> {
        self.clock.as_ref().map(|clock| clock.now())
    }

    fn after(&self, timeout: Duration) -> Duration {
        self.now().unwrap_or_default().saturating_add(timeout)
    }
}
