//! One connection of a client, from its first byte to its end.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::AsyncWrite;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower_service::Service;

use super::traffic::{Next, Times, Traffic, UnderWay};
use super::wire::{Place, Reading, Wire};

/// The head of a request; also what is read at once. Each connection may hold as much, and nobody has asked for a key yet.
const HEAD: usize = 16 << 10;
const FIELDS: usize = 100;
/// What waits to be sent of one answer over HTTP/2.
const SENDING: usize = 64 << 10;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// Over HTTP/2 a peer is asked so often whether it is there, or as often as a connection may be idle…
const PING: Duration = Duration::from_secs(30);
/// …and gone when it does not answer for so long.
const PONG: Duration = Duration::from_secs(20);

/// How often it is looked whether the client of something under way is gone: who is not read from meanwhile, since what it
/// sends is not taken further, is not heard going.
const LOOK: Duration = Duration::from_millis(250);

/// How connections are served.
#[derive(Clone)]
pub(super) struct Server {
    builder: Arc<Builder<TokioExecutor>>,
    router: Router,
    times: Times,
    ending: watch::Receiver<bool>,
}

impl Server {
    /// Once `ending` is true, connections end after what is under way.
    pub(super) fn new(router: Router, times: Times, ending: watch::Receiver<bool>) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            // It also counts the time between requests, which is the idle one's: the head's own is in traffic.
            .header_read_timeout(times.idle.max(times.header))
            .max_buf_size(HEAD)
            .max_headers(FIELDS);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_send_buf_size(SENDING)
            .max_header_list_size(HEAD as u32)
            .keep_alive_interval(times.idle.min(PING))
            .keep_alive_timeout(times.idle.min(PONG));
        Self { builder: Arc::new(builder), router, times, ending }
    }

    /// Serves it to its end. `told` is put into each request, for the routes.
    pub(super) async fn serve<R, W, T>(self, halves: (R, W), told: Option<T>, place: Place)
    where
        R: Reading,
        W: AsyncWrite + Send + Unpin + 'static,
        T: Clone + Send + Sync + 'static,
    {
        let Self { builder, router, times, ending } = self;
        let traffic = Traffic::new();
        let wire = Wire::new(halves, Arc::clone(&traffic), times.idle, place);
        let ear = wire.ear();
        let watched = Arc::clone(&traffic);
        let service = service_fn(move |mut request: Request<Incoming>| {
            let under_way = watched.begin(request.version());
            if let Some(told) = told.clone() {
                request.extensions_mut().insert(told);
            }
            // A router is always ready.
            let answer = router.clone().call(request);
            async move { answer.await.map(|response| counted(response, under_way)) }
        });
        let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(wire), service));
        let mut pace = Pace { traffic, times, told: None };
        let mut ending = pin!(ended(ending));
        let (mut is_ending, mut timer) = (false, pin!(sleep_until(Instant::now() + times.header)));
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(end) = connection.as_mut().poll(cx) {
                    if let Err(error) = end {
                        tracing::debug!(%error, "a connection failed");
                    }
                    return Poll::Ready(());
                }
                is_ending = is_ending || ending.as_mut().poll(cx).is_ready();
                match pace.due(is_ending) {
                    Due::Cut => return Poll::Ready(()),
                    Due::End => connection.as_mut().graceful_shutdown(),
                    Due::At(next) => {
                        if timer.deadline() != next {
                            timer.as_mut().reset(next);
                        }
                        if timer.as_mut().poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                    }
                    Due::Later => {
                        if timer.is_elapsed() && ear.is_over() {
                            return Poll::Ready(());
                        }
                        let look = Instant::now() + LOOK;
                        if timer.is_elapsed() || timer.deadline() > look {
                            timer.as_mut().reset(look);
                        }
                        if timer.as_mut().poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                    }
                }
            }
        })
        .await;
    }
}

async fn ended(mut ending: watch::Receiver<bool>) {
    // Whoever could say so is gone: nobody will.
    if ending.wait_for(|ending| *ending).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// When something has to be done about a connection.
struct Pace {
    traffic: Arc<Traffic>,
    times: Times,
    /// When it was told to end.
    told: Option<Instant>,
}

enum Due {
    At(Instant),
    Cut,
    End,
    Later,
}

impl Pace {
    fn due(&mut self, is_ending: bool) -> Due {
        let now = Instant::now();
        match self.traffic.next(self.times, self.told, is_ending) {
            Next::Cut(at) if at <= now => Due::Cut,
            Next::End(at) if at <= now => {
                self.told = Some(now);
                Due::End
            }
            Next::Cut(at) | Next::End(at) => Due::At(at),
            Next::Nothing => Due::Later,
        }
    }
}

fn counted(response: Response<Body>, under_way: UnderWay) -> Response<Counted> {
    response.map(|body| Counted { body, _under_way: under_way })
}

/// A body whose request is under way until it is dropped.
struct Counted {
    body: Body,
    _under_way: UnderWay,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
