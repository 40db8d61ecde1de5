//! A client's connection as bytes: it holds its place under the cap until it is closed, tells when bytes come, fails when
//! its peer takes none, and can be asked whether its peer is gone.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::tcp;
#[cfg(unix)]
use tokio::net::unix;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};

use super::addresses::Held;
use super::traffic::Traffic;

/// A connection's place among all of them, and among those of its address.
pub(super) struct Place {
    pub(super) _one: OwnedSemaphorePermit,
    pub(super) _of_address: Option<Held>,
}

/// What a peer's bytes come by.
pub(super) trait Reading: AsyncRead + Send + Unpin + 'static {
    /// Whether the peer has ended the connection, or its half of it, even where not all that it sent is read yet.
    fn is_over(&self) -> bool;
}

impl Reading for tcp::OwnedReadHalf {
    fn is_over(&self) -> bool {
        let ready = self.ready(Interest::READABLE).now_or_never();
        ready.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed()))
    }
}

#[cfg(unix)]
impl Reading for unix::OwnedReadHalf {
    fn is_over(&self) -> bool {
        let ready = self.ready(Interest::READABLE).now_or_never();
        ready.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed()))
    }
}

/// Tells whether a [`Wire`]'s peer is gone, while somebody else has the wire.
pub(super) struct Ear<R>(Arc<Mutex<R>>);

impl<R: Reading> Ear<R> {
    pub(super) fn is_over(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_over()
    }
}

/// The place is given back with it, also where a WebSocket has taken it over.
pub(super) struct Wire<R, W> {
    /// Of one task with its [`Ear`], so nobody waits for the other.
    incoming: Arc<Mutex<R>>,
    outgoing: W,
    traffic: Arc<Traffic>,
    /// How long the peer may take nothing.
    patience: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

impl<R, W> Wire<R, W> {
    pub(super) fn new(
        (incoming, outgoing): (R, W),
        traffic: Arc<Traffic>,
        patience: Duration,
        place: Place,
    ) -> Self {
        let incoming = Arc::new(Mutex::new(incoming));
        Self { incoming, outgoing, traffic, patience, stalled: None, _place: place }
    }

    pub(super) fn ear(&self) -> Ear<R> {
        Ear(Arc::clone(&self.incoming))
    }

    fn incoming(&self) -> MutexGuard<'_, R> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn written<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stalled = None;
            return poll;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => {
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<R: Reading, W: Unpin> AsyncRead for Wire<R, W> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut *self.incoming()).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.traffic.came();
        }
        poll
    }
}

impl<R: Unpin, W: AsyncWrite + Unpin> AsyncWrite for Wire<R, W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.outgoing).poll_write(cx, bytes);
        self.written(cx, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.outgoing).poll_write_vectored(cx, bytes);
        self.written(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.outgoing.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.outgoing).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.outgoing).poll_shutdown(cx)
    }
}
