//! The two halves of a WebSocket.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::sink::Sink;
use futures_util::stream::Stream;

use crate::error::{Error, ErrorKind, Result};

use super::{Close, CloseCode, Message, Shared, check_close};

/// The sending half of a [`WebSocket`](super::WebSocket).
pub struct WebSocketSender(Arc<Shared>);

/// The receiving half of a [`WebSocket`](super::WebSocket): a stream of messages.
pub struct WebSocketReceiver(pub(super) Arc<Shared>);

impl WebSocketSender {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// As [`WebSocket::send`](super::WebSocket::send).
    ///
    /// # Errors
    /// The same.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<()> {
        poll_fn(|cx| self.0.link().poll_ready(cx)).await?;
        self.0.link().send(message.into())?;
        poll_fn(|cx| self.0.link().poll_flush(cx)).await
    }

    /// As [`WebSocket::send_json`](super::WebSocket::send_json).
    ///
    /// # Errors
    /// The same.
    #[cfg(feature = "json")]
    pub async fn send_json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let text = serde_json::to_string(value);
        self.send(text.map_err(|error| Error::new(ErrorKind::Json).with_source(error))?).await
    }

    /// Sends what is left to be sent and a close frame, for
    /// [`close_timeout`](super::WebSocketBuilder::close_timeout) at most. What the peer sends until it answers is the
    /// receiver's, which ends when the closing handshake does, or that time has passed. Nothing is done where the
    /// connection is closed already.
    ///
    /// # Errors
    /// As [`WebSocket::close`](super::WebSocket::close).
    pub async fn close(&mut self, code: CloseCode, reason: impl AsRef<str>) -> Result<()> {
        check_close(code, reason.as_ref())?;
        self.0.link().close(Some(code), reason.as_ref())?;
        poll_fn(|cx| self.0.link().poll_close_sent(cx)).await
    }

    /// How the connection was closed; `None` while it is open.
    #[must_use]
    pub fn closed(&self) -> Option<Close> {
        self.0.link().closed().cloned()
    }
}

impl WebSocketReceiver {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// As [`WebSocket::next`](super::WebSocket::next).
    ///
    /// # Errors
    /// The same.
    #[allow(clippy::should_implement_trait, reason = "it is a stream's next, as of rows")]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<Message>>> + Unpin + '_ {
        poll_fn(|cx| self.0.link().poll_receive(cx))
    }

    /// As [`WebSocket::receive_json`](super::WebSocket::receive_json).
    ///
    /// # Errors
    /// The same.
    #[cfg(feature = "json")]
    pub async fn receive_json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T> {
        let message = match poll_fn(|cx| self.0.link().poll_receive(cx)).await {
            Some(message) => message?,
            None => return Err(self.0.link().is_closed()),
        };
        serde_json::from_slice(message.as_bytes()).map_err(|error| {
            let start: String = String::from_utf8_lossy(message.as_bytes()).chars().take(80).collect();
            Error::new(ErrorKind::Json)
                .with_message(format!("{error}; the message starts {start:?}"))
                .with_source(error)
                .with_url(&self.0.url)
        })
    }

    /// How the connection was closed; `None` while it is open.
    #[must_use]
    pub fn closed(&self) -> Option<Close> {
        self.0.link().closed().cloned()
    }
}

impl Stream for WebSocketReceiver {
    type Item = Result<Message>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Message>>> {
        self.0.link().poll_receive(cx)
    }
}

/// Closing the sink sends a close frame with 1000.
impl<M: Into<Message>> Sink<M> for WebSocketSender {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.0.link().poll_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: M) -> Result<()> {
        self.0.link().send(message.into())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.0.link().poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut link = self.0.link();
        link.close(Some(CloseCode::NORMAL), "")?;
        link.poll_close_sent(cx)
    }
}

impl fmt::Debug for WebSocketSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketSender").field("url", &self.0.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for WebSocketReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketReceiver").field("url", &self.0.url).finish_non_exhaustive()
    }
}
