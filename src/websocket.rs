//! WebSockets (RFC 6455), the same on both targets: over the session's own connections natively, over the platform's
//! `WebSocket` in a browser.
//!
//! ```
//! # use dualfetch::{Client, Config, platform::scripted::{Reply, Scripted}};
//! use dualfetch::SessionExt;
//! use dualfetch::websocket::CloseCode;
//!
//! # let platform = Scripted::new(1);
//! # platform.on("https://chat.example/room", Reply::websocket().sends("welcome").echoes());
//! # let session = Client::with_backend(Config::new(), platform.clone())?;
//! # platform.run(async {
//! let mut socket = session.websocket("wss://chat.example/room").await?;
//! socket.send("hello").await?;
//! while let Some(message) = socket.next().await {
//!     let message = message?;
//!     println!("{}", message.as_text().unwrap_or("(bytes)"));
//!     if message.as_text() == Some("hello") {
//!         socket.close(CloseCode::NORMAL, "bye").await?;
//!     }
//! }
//! # assert_eq!(socket.closed().unwrap().code, CloseCode::NORMAL);
//! # Ok::<(), dualfetch::Error>(())
//! # })?;
//! # Ok::<(), dualfetch::Error>(())
//! ```
//!
//! # What differs in a browser
//! It sends the handshake itself: header fields, credentials and anything else but subprotocols are
//! [`Unsupported`](ErrorKind::Unsupported) there, and why a handshake failed is not told
//! ([`Network`](ErrorKind::Network)). It answers pings unseen and lets nobody send them, so `heartbeat`, `auto_pong` and
//! [`Message::Ping`] are Unsupported, too. It reads on whether anybody takes what came or not: what is not taken is
//! bounded by [`max_buffered`](WebSocketBuilder::max_buffered), past which the connection is closed.

mod builder;
mod halves;
mod link;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::sink::Sink;
use futures_util::stream::Stream;
use http::HeaderMap;
use http::header::SEC_WEBSOCKET_PROTOCOL;

use crate::connection::ConnectionInfo;
use crate::error::{Error, ErrorKind, Result};
use crate::head::{Head, Shown};
use crate::url::Url;

pub use crate::maybe::BoxSocket;
pub use crate::socket::{
    Close, CloseCode, ClosedBy, Connection, Incoming, Message, Socket, Text, WebSocketOptions,
};
pub use builder::{Handshaking, WebSocketBuilder};
pub use halves::{WebSocketReceiver, WebSocketSender};
use link::Link;

/// An open WebSocket: messages are received as from a stream, and sent as into a sink. By
/// [`SessionExt::websocket`](crate::SessionExt::websocket).
///
/// It counts against the session's limits until it is closed. Pings are answered and the heartbeat beats while it is
/// polled, be it to receive or to send; who sends for long without receiving leaves pings unanswered once 16 messages or
/// 64 KiB wait to be received. Beyond that nothing is read before it is asked for: natively a slow reader slows the sender
/// down.
///
/// # Dropping
/// Dropping it ends the connection at once, without a closing handshake: the peer sees 1006, of a page 1005.
/// [`close`](Self::close) ends it in order.
pub struct WebSocket {
    sender: WebSocketSender,
    receiver: WebSocketReceiver,
}

/// What both halves have.
struct Shared {
    link: Mutex<Link>,
    head: Head,
    url: Url,
}

impl Shared {
    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WebSocket {
    fn new(link: Link, head: Head, url: Url) -> Self {
        let shared = Arc::new(Shared { link: Mutex::new(link), head, url });
        Self { sender: WebSocketSender::new(Arc::clone(&shared)), receiver: WebSocketReceiver::new(shared) }
    }

    /// The next message; `None` once the connection is over: [`closed`](Self::closed) tells how. The same as
    /// `StreamExt::next`, without the import.
    ///
    /// # Errors
    /// [`Timeout`](ErrorKind::Timeout) of the phase `read` when `receive_timeout` passes: the connection stays open, and
    /// the next message can be waited for. All others end it: [`WebSocket`](ErrorKind::WebSocket) where the peer breaks the
    /// protocol or a limit, [`Disconnected`](ErrorKind::Disconnected) where the connection ends without a closing
    /// handshake, `Timeout` of the phase `heartbeat`, or `close`.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    #[allow(clippy::should_implement_trait, reason = "it is a stream's next, as of rows")]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<Message>>> + Unpin + '_ {
        self.receiver.next()
    }

    /// The next message as JSON, whether it came as text or bytes.
    ///
    /// # Errors
    /// As [`next`](Self::next); [`Json`](ErrorKind::Json) where it is none, which the message shows the start of;
    /// [`Closed`](ErrorKind::Closed) where the connection is over.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    #[cfg(feature = "json")]
    pub async fn receive_json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T> {
        self.receiver.receive_json().await
    }

    /// Sends a message: text (`&str`, `String`), bytes (`Vec<u8>`, `Bytes`), or any [`Message`]. Waits while more is unsent
    /// than there should be, and until it has been handed to the network. Several are sent at once by
    /// `SinkExt::feed` and `flush`.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) where the connection is closed, or being closed;
    /// [`Disconnected`](ErrorKind::Disconnected) where it has ended: what came before can still be received;
    /// [`InvalidOption`](ErrorKind::InvalidOption) for more than 125 bytes in a ping or a pong, and in a browser
    /// [`Unsupported`](ErrorKind::Unsupported) for either.
    ///
    /// # Cancellation
    /// Dropping the future before its message was taken sends nothing; afterwards it is sent whole, once something else is
    /// sent or received.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<()> {
        self.sender.send(message).await
    }

    /// Sends a value as JSON, in a text message.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`Json`](ErrorKind::Json) where it cannot be written.
    #[cfg(feature = "json")]
    pub async fn send_json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.sender.send_json(value).await
    }

    /// Sends a ping. See [`Message::Ping`].
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn ping(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        self.sender.send(Message::Ping(bytes.into())).await
    }

    /// Sends a pong. See [`Message::Pong`].
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn pong(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        self.sender.send(Message::Pong(bytes.into())).await
    }

    /// Closes the connection in order: sends what is left to be sent and a close frame, and waits for the peer's, for
    /// [`close_timeout`](WebSocketBuilder::close_timeout) at most. What comes meanwhile is dropped. Where the connection is
    /// closed already that is told, and nothing done.
    ///
    /// # Errors
    /// [`InvalidOption`](ErrorKind::InvalidOption): `code` for one that
    /// [may not be sent](CloseCode::may_be_sent), `reason` for more than 123 bytes; nothing was sent then. In a browser
    /// [`Unsupported`](ErrorKind::Unsupported) for a code but 1000 and 3000 to 4999.
    /// [`Timeout`](ErrorKind::Timeout) of the phase `close` where no answer came in time, and what else ends the
    /// connection early; it is over then, too.
    ///
    /// # Cancellation
    /// Dropping the future leaves the connection closing: [`next`](Self::next) goes on with it.
    pub async fn close(&mut self, code: CloseCode, reason: impl AsRef<str>) -> Result<Close> {
        check_close(code, reason.as_ref())?;
        self.shared().link().close(Some(code), reason.as_ref())?;
        poll_fn(|cx| {
            let mut link = self.shared().link();
            loop {
                // The peer may have closed before: what it sent tells.
                let _ = link.poll_flush(cx);
                match std::task::ready!(link.poll_receive(cx)) {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Poll::Ready(Err(error)),
                    None => break,
                }
            }
            Poll::Ready(Ok(()))
        })
        .await?;
        self.closed().ok_or_else(|| ErrorKind::Disconnected.into())
    }

    /// How it was closed; `None` while it is open. Where the closing handshake has begun, the peer's close frame has come.
    #[must_use]
    pub fn closed(&self) -> Option<Close> {
        self.receiver.closed()
    }

    /// The subprotocol that the server has chosen.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.headers().get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()
    }

    /// The header fields of the handshake's answer. A browser shows none.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.shared().head.headers
    }

    /// The URL that answered, its scheme ws or wss.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.shared().url
    }

    /// Addresses and certificates of the connection. Native.
    #[must_use]
    pub fn connection(&self) -> Option<&ConnectionInfo> {
        self.shared().head.extensions.get()
    }

    /// The two halves, for two tasks: one sends, one receives. The connection ends when both are dropped.
    #[must_use]
    pub fn split(self) -> (WebSocketSender, WebSocketReceiver) {
        (self.sender, self.receiver)
    }

    fn shared(&self) -> &Shared {
        &self.receiver.0
    }
}

impl Stream for WebSocket {
    type Item = Result<Message>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Message>>> {
        Pin::new(&mut self.receiver).poll_next(cx)
    }
}

/// Closing the sink sends a close frame with 1000 and does not wait for the answer: [`WebSocket::close`] does.
impl<M: Into<Message>> Sink<M> for WebSocket {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Sink::<M>::poll_ready(Pin::new(&mut self.sender), cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: M) -> Result<()> {
        Pin::new(&mut self.sender).start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Sink::<M>::poll_flush(Pin::new(&mut self.sender), cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Sink::<M>::poll_close(Pin::new(&mut self.sender), cx)
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("url", self.url())
            .field("headers", &Shown(self.headers()))
            .field("closed", &self.closed())
            .finish()
    }
}

/// Refuses what a close frame cannot hold.
fn check_close(code: CloseCode, reason: &str) -> Result<()> {
    let invalid =
        |option, message: String| Err(Error::new(ErrorKind::InvalidOption { option }).with_message(message));
    if !code.may_be_sent() {
        return invalid("code", format!("{code} may not be sent (RFC 6455, section 7.4)"));
    }
    match reason.len() {
        0..=123 => Ok(()),
        long => invalid("reason", format!("{long} bytes; a close frame has room for 123")),
    }
}
