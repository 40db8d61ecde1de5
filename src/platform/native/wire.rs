//! Connections that tell of their end, for requests that would wait for an answer from one that is gone, and that let an
//! answer be read from a peer which takes no more of the request.
//!
//! A request that is handed to a connection just as its task ends may neither be sent nor refused: tokio's channel takes
//! a message while its receiver is being dropped, and keeps it until the last sender is gone, which is the one that waits
//! for the answer.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Extensions;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{CaptureConnection, Connected, Connection};
use tokio::time::Instant;

use crate::connection::{ConnectionInfo, Connections};
use crate::error::{Error, ErrorKind};

/// How long after its connection's end a request's answer, or refusal, may still be on its way within this process.
pub(super) const STRAGGLE: Duration = Duration::from_secs(1);

/// A connection.
pub(super) struct Wire<S> {
    stream: S,
    ended: Ended,
    used: Used,
    given_up: GivenUp,
    counter: Option<Counter>,
    told: Option<ConnectionInfo>,
    speaks_http2: bool,
    is_forwarded: bool,
    /// The peer has closed. What it said before may still be read: a server that refuses an upload answers and closes,
    /// and hyper would look at the failed write first. So writes go nowhere from then on, and reading tells the rest.
    takes_no_more: bool,
}

/// Counts connections. Clones count together.
#[derive(Clone, Default)]
pub(super) struct Counter {
    open: Arc<AtomicUsize>,
    made: Arc<AtomicU64>,
}

impl Counter {
    pub(super) fn read(&self) -> Connections {
        Connections::new(self.open.load(Ordering::Relaxed), self.made.load(Ordering::Relaxed))
    }
}

/// Whether a connection has ended.
#[derive(Clone, Default)]
struct Ended(Arc<AtomicBool>);

/// Whether a request was given up on a connection before its answer came.
#[derive(Clone, Default)]
struct GivenUp(Arc<AtomicBool>);

/// Whether an answer has come by a connection.
#[derive(Clone, Default)]
struct Used(Arc<AtomicBool>);

impl<S> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            ended: Ended::default(),
            used: Used::default(),
            given_up: GivenUp::default(),
            counter: None,
            told: None,
            speaks_http2: false,
            is_forwarded: false,
            takes_no_more: false,
        }
    }

    /// Whether the other end has chosen HTTP/2.
    pub(super) fn speaking_http2(mut self, speaks_http2: bool) -> Self {
        self.speaks_http2 = speaks_http2;
        self
    }

    /// Whether it leads to a proxy that is told whom each request is for.
    pub(super) fn forwarded(mut self, is_forwarded: bool) -> Self {
        self.is_forwarded = is_forwarded;
        self
    }

    /// Counts it, until it ends.
    pub(super) fn counted(mut self, counter: &Counter) -> Self {
        counter.made.fetch_add(1, Ordering::Relaxed);
        counter.open.fetch_add(1, Ordering::Relaxed);
        self.counter = Some(counter.clone());
        self
    }

    /// What responses tell of it.
    pub(super) fn telling(mut self, told: ConnectionInfo) -> Self {
        self.told = Some(told);
        self
    }

    /// What it goes over, without what only HTTP has of it.
    #[cfg(feature = "websocket")]
    pub(super) fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The outcome of a write; `all` of it, if the peer has closed, or takes nothing of what nobody wants sent any more:
    /// hyper writes all that it has before it ends a connection, and would do so for as long as the peer likes.
    fn written<T>(&mut self, outcome: Poll<io::Result<T>>, all: T) -> Poll<io::Result<T>> {
        match outcome {
            Poll::Pending if !self.speaks_http2 && self.given_up.0.load(Ordering::Relaxed) => {
                self.takes_no_more = true;
                Poll::Ready(Ok(all))
            }
            Poll::Ready(Err(error)) if is_closed_by_peer(&error) => {
                self.takes_no_more = true;
                Poll::Ready(Ok(all))
            }
            outcome => outcome,
        }
    }
}

/// What a response that has just come tells of its connection: of what hyper-util gave it, only that is kept.
pub(super) fn tell(extensions: &mut Extensions) {
    extensions.remove::<Ended>();
    extensions.remove::<GivenUp>();
    let reused = extensions.remove::<Used>().is_some_and(|used| used.0.swap(true, Ordering::Relaxed));
    if let Some(info) = extensions.get_mut::<ConnectionInfo>() {
        info.set_reused(reused);
    }
}

fn is_closed_by_peer(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

impl<S> Drop for Wire<S> {
    fn drop(&mut self) {
        self.ended.0.store(true, Ordering::Relaxed);
        if let Some(counter) = &self.counter {
            counter.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl<S> Connection for Wire<S> {
    fn connected(&self) -> Connected {
        let connected = match self.speaks_http2 {
            true => Connected::new().negotiated_h2(),
            false => Connected::new(),
        };
        let connected =
            connected.proxy(self.is_forwarded).extra(self.ended.clone()).extra(self.given_up.clone());
        match &self.told {
            Some(told) => connected.extra(told.clone()).extra(self.used.clone()),
            None => connected,
        }
    }
}

impl<S: Read + Unpin> Read for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: Write + Unpin> Write for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.takes_no_more {
            return Poll::Ready(Ok(data.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, data);
        self.written(written, data.len())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.takes_no_more {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(flushed, ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all = || data.iter().map(|piece| piece.len()).sum();
        if self.takes_no_more {
            return Poll::Ready(Ok(all()));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, data);
        self.written(written, all())
    }
}

/// For a request whose connection ended as it was handed over.
pub(super) fn gone() -> Error {
    Error::new(ErrorKind::Disconnected)
        .with_message("the connection ended as the request was about to be sent")
}

/// What comes of the request, or `None` when its connection has been gone for longer than an answer straggles. It looks
/// when it is polled, and has to be that now and then.
pub(super) async fn answered<F: Future>(
    request: F,
    connection: &CaptureConnection,
    straggle: Duration,
) -> Option<F::Output> {
    let mut request = pin!(request);
    // Dropped before the request is, so that its connection finds it done.
    let mut unanswered = Unanswered(Some(connection));
    let (mut is_new, mut gone_since) = (true, None);
    poll_fn(|cx| {
        if let Poll::Ready(output) = request.as_mut().poll(cx) {
            unanswered.0 = None;
            return Poll::Ready(Some(output));
        }
        if std::mem::take(&mut is_new) || !is_gone(connection) {
            return Poll::Pending;
        }
        match gone_since.get_or_insert_with(Instant::now).elapsed() >= straggle {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    })
    .await
}

fn is_gone(connection: &CaptureConnection) -> bool {
    extras(connection).get::<Ended>().is_some_and(|ended| ended.0.load(Ordering::Relaxed))
}

/// The connection of a request that has no answer yet. Dropping it says that it is given up.
struct Unanswered<'a>(Option<&'a CaptureConnection>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(given_up) = self.0.and_then(|connection| extras(connection).remove::<GivenUp>()) {
            given_up.0.store(true, Ordering::Relaxed);
        }
    }
}

fn extras(connection: &CaptureConnection) -> Extensions {
    let mut extras = Extensions::new();
    if let Some(connected) = &*connection.connection_metadata() {
        connected.get_extras(&mut extras);
    }
    extras
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use bytes::Bytes;
    use http_body_util::Full;
    use hyper_util::client::legacy::Client;
    use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tower_service::Service;

    use super::*;

    const SOON: Duration = Duration::from_millis(1);

    #[derive(Clone)]
    struct Connect(HttpConnector);

    impl Service<http::Uri> for Connect {
        type Response = Wire<TokioIo<TcpStream>>;
        type Error = Box<dyn std::error::Error + Send + Sync>;
        type Future = crate::maybe::BoxFuture<'static, Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, target: http::Uri) -> Self::Future {
            let connecting = self.0.call(target);
            Box::pin(async move { Ok(Wire::new(connecting.await?)) })
        }
    }

    /// What captured the connection of a request that was answered by a server that then lives as long as the sender.
    async fn connected() -> (CaptureConnection, tokio::sync::oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let uri = format!("http://{}/", listener.local_addr().expect("an address"));
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.read_exact(&mut [0; 16]).await.expect("a request");
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("it is there");
            let _ = ended.await;
        });
        let client = Client::builder(TokioExecutor::new()).build(Connect(HttpConnector::new()));
        let mut request = http::Request::new(Full::<Bytes>::default());
        *request.uri_mut() = uri.parse().expect("a URI");
        let connection = capture_connection(&mut request);
        // The pool goes with the client, and an idle connection with it: kept until the sender says so.
        let response = client.request(request).await.expect("an answer");
        tokio::spawn(async move {
            drop(response);
            std::future::pending::<()>().await;
            drop(client);
        });
        (connection, end)
    }

    /// A peer that has answered and closed by the time anything is written to it.
    struct Refusing {
        answer: &'static [u8],
        is_closed: bool,
    }

    impl Read for Refusing {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            mut buffer: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            if !self.is_closed {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            buffer.put_slice(std::mem::take(&mut self.answer));
            Poll::Ready(Ok(()))
        }
    }

    impl Write for Refusing {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            self.is_closed = true;
            Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    async fn asked(answer: &'static [u8]) -> hyper::Result<http::StatusCode> {
        let wire = Wire::new(Refusing { answer, is_closed: false });
        let (mut sender, connection) = hyper::client::conn::http1::handshake(wire).await?;
        tokio::spawn(connection);
        let request = http::Request::new(Full::<Bytes>::from("an upload"));
        Ok(sender.send_request(request).await?.status())
    }

    #[test]
    fn the_answer_of_a_peer_that_takes_no_more_is_read() {
        run(async {
            let answered = asked(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await;
            assert_eq!(answered.expect("the answer"), 413);
            assert!(asked(b"").await.expect_err("no answer").is_incomplete_message());
        });
    }

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
    }

    /// Polls it now and then, as the engine does.
    async fn looking<T>(waiting: impl Future<Output = T>) -> T {
        let mut waiting = pin!(waiting);
        loop {
            if let Ok(output) = tokio::time::timeout(SOON, &mut waiting).await {
                return output;
            }
        }
    }

    #[test]
    fn what_waits_on_a_connection_that_is_gone_is_told() {
        run(async {
            let (connection, end) = connected().await;
            drop(end);
            assert_eq!(looking(answered(pending::<()>(), &connection, SOON)).await, None);
        });
    }

    #[test]
    fn what_waits_on_a_connection_that_is_there_waits_on() {
        run(async {
            let (connection, _end) = connected().await;
            let waiting = looking(answered(pending::<()>(), &connection, SOON));
            assert!(tokio::time::timeout(SOON * 50, waiting).await.is_err());
        });
    }

    #[test]
    fn an_answer_is_given_though_the_connection_is_gone() {
        run(async {
            let (connection, end) = connected().await;
            drop(end);
            while !is_gone(&connection) {
                tokio::task::yield_now().await;
            }
            assert_eq!(answered(async { 7 }, &connection, SOON).await, Some(7));
        });
    }
}
