//! What a WebSocket is to a platform: messages, closing, and the seam between them and the engine (RFC 6455).
//!
//! A handshake is a request, and is sent as one: a GET with [`WebSocketOptions`] among its extensions. A
//! [backend](crate::platform::Backend) that finds them there does what its platform's handshake takes, answers with a
//! head of status 101, and its body has the [`Connection`]. So limits, cookies, credentials, middleware, redirects and
//! proxies are those of every other request.

mod close;
mod message;
mod options;

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::error::Result;
use crate::maybe::{BoxClock, BoxSocket, MaybeSend, SharedAny};

pub use close::{Close, CloseCode, ClosedBy};
pub(crate) use message::MAX_CONTROL;
pub use message::{Message, Text};
pub use options::WebSocketOptions;

/// One connection as a platform gives it. It knows no time: the heartbeat and all timeouts are the engine's.
///
/// Two tasks may wait for it at once, one to receive and one to send. They poll it by the same waker, which wakes both.
///
/// # Dropping
/// Ends the connection at once.
pub trait Socket: MaybeSend {
    /// What comes next. After an error, and once the connection has ended after a closing handshake: `None`.
    ///
    /// A ping is answered here, and neither it nor a pong is handed out; unless
    /// [`auto_pong`](WebSocketOptions::auto_pong) is off: then both are messages, and nobody answers.
    ///
    /// Where a peer breaks the protocol or a limit, the error's kind is
    /// [`WebSocket`](crate::ErrorKind::WebSocket), and the close frame with its code has been sent as far as that went
    /// without waiting. A connection that ends without a closing handshake is
    /// [`Disconnected`](crate::ErrorKind::Disconnected).
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming>>>;

    /// Whether there is room for another message: pending while more is unsent than there should be.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>>;

    /// Takes a message that is to be sent, once [`poll_ready`](Self::poll_ready) has been ready.
    ///
    /// # Errors
    /// What the platform cannot send.
    fn send(&mut self, message: Message) -> Result<()>;

    /// Ready once all that was taken has been handed to the network.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>>;

    /// Begins the closing handshake: nothing is sent after it. The code and the reason may be sent: the engine has looked.
    ///
    /// # Errors
    /// What the platform cannot send.
    fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<()>;

    /// Whether the peer's close frame has come, and is yet to be received; it has been answered then.
    fn is_closed_by_peer(&self) -> bool;

    /// A number that is another one whenever anything has come since, a pong included, or a part of much that is unsent
    /// has gone.
    fn heard(&self) -> u64;

    /// Whether it can send pings, and so have a heartbeat.
    fn can_ping(&self) -> bool;
}

/// What comes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming {
    /// A message.
    Message(Message),
    /// The peer's close frame. It has been answered, or answers ours: what is left is for the connection to end.
    Close(Option<CloseCode>, Text),
}

/// What drives timers for a connection.
pub(crate) trait Clock: MaybeSend {
    fn now(&self) -> Duration;

    /// Ready once `at` has passed, or somewhat before. Fails where no time will ever come.
    fn poll_until(&mut self, cx: &mut Context<'_>, at: Duration) -> Poll<Result<()>>;
}

/// A connection, and what the engine gives along with it.
pub struct Connection {
    pub(crate) socket: BoxSocket,
    pub(crate) clock: Option<BoxClock>,
    /// Its place within the session's limits.
    pub(crate) permit: Option<SharedAny>,
}

impl Connection {
    /// A backend's.
    #[must_use]
    pub fn new(socket: BoxSocket) -> Self {
        Self { socket, clock: None, permit: None }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
