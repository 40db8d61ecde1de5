//! Where middleware meets the engine: around a call, and around an attempt.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::{Body, Frame, SizeHint};

use crate::error::{Error, Phase, Result};
use crate::events::{self, Watched, What};
use crate::gated::Gated;
use crate::maybe::{BoxBody, BoxFuture};
use crate::middleware::{End, Layers, Next};
use crate::options::{DEFAULT_MAX_BODY, Options};
use crate::payload::{Payload, Transfer};
use crate::platform::Backend;
use crate::request::Request;
use crate::response::{RAISE_TIME, Response};
#[cfg(feature = "websocket")]
use crate::socket::Connection;
use crate::url::Url;

use super::attempt::{Answer, Run};
use super::bounded::Timer;
use super::hops::{Call, check};
use super::{Shared, cookies};

/// What goes around this request: the session's, and its own within.
pub(super) fn layers_of<B: Backend>(shared: &Shared<B>, request: &Request) -> Option<Gated<Arc<Layers>>> {
    match (&shared.layers, Layers::of(request)) {
        (session, None) => session.clone(),
        (None, Some(own)) => own.shared(),
        (Some(session), Some(own)) => session.with_own(own).shared(),
    }
}

/// A call with middleware around it. The wall clock runs for all of it.
pub(super) async fn call<B: Backend>(
    shared: &Arc<Shared<B>>,
    layers: Gated<Arc<Layers>>,
    request: Request,
) -> Result<Response> {
    let backend = &*shared.backend;
    let started = backend.now();
    let wall = request.options.timeout.over(shared.options.timeout).resolve().wall;
    let wall_at = wall.and_then(|wall| started.checked_add(wall));
    let url = request.url.clone();
    let (number, method) = (events::next_call(), request.method.clone());
    let raise = request.options.raise_for_status.clone();
    let raise = raise.or_else(|| shared.options.raise_for_status.clone()).unwrap_or_default();
    let extensions = request.extensions.clone().unwrap_or_default();
    let watched = Watched::new(&layers.observers, extensions, number);
    let mut telling = Telling { backend, watched, method, url: &url, is_done: false };
    let options = Arc::clone(&request.options);
    let mut end = CallEnd { shared, options, started, number };
    let mut next = Next::new(&layers.call, &mut end);
    let handled = bounded(backend, &url, next.run(request), || wall_at.map(|at| (at, Phase::Wall))).await;
    let raised = match handled {
        Ok(response) => match raise.judge(response.head()) {
            Ok(()) => {
                let (status, elapsed) = (response.status(), response.elapsed());
                telling.end(What::Finished { status, elapsed });
                return Ok(response);
            }
            Err(error) => {
                let until = backend.now().saturating_add(RAISE_TIME);
                response.into_error(error, backend.sleep_until(until)).await
            }
        },
        Err(error) => error,
    };
    telling.end(What::Failed { error: &raised });
    Err(raised)
}

/// Tells how a call ends, also where its future is dropped.
struct Telling<'a, B: Backend> {
    backend: &'a B,
    watched: Watched,
    method: Method,
    url: &'a Url,
    is_done: bool,
}

impl<B: Backend> Telling<'_, B> {
    fn end(&mut self, what: What<'_>) {
        self.is_done = true;
        self.watched.tell(self.backend.now(), &self.method, self.url, what);
    }
}

impl<B: Backend> Drop for Telling<'_, B> {
    fn drop(&mut self) {
        if !self.is_done {
            self.end(What::Cancelled);
        }
    }
}

struct CallEnd<'a, B: Backend> {
    shared: &'a Arc<Shared<B>>,
    options: Arc<Options>,
    started: Duration,
    number: u64,
}

impl<B: Backend> End for CallEnd<'_, B> {
    fn run(&mut self, mut request: Request) -> BoxFuture<'_, Result<Response>> {
        fall_back(&mut request, &self.options);
        // Anew: middleware may have added to the request's own.
        let layers = layers_of(self.shared, &request);
        let call = Call::new(self.shared, request, layers).map(|call| call.within(self.number));
        let started = self.started;
        Box::pin(async move { call?.run(started).await })
    }

    #[cfg(feature = "digest")]
    fn admit<'r>(&'r mut self, _: &'r Request) -> BoxFuture<'r, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    #[cfg(feature = "digest")]
    fn renew(&self, _: &mut Request) {}

    #[cfg(feature = "digest")]
    fn random(&self) -> u64 {
        self.shared.backend.random()
    }
}

/// An attempt with middleware around it.
pub(super) async fn attempt<B: Backend>(
    run: &mut Run<'_, B>,
    layers: Gated<Arc<Layers>>,
    request: Request,
    attempt: u32,
) -> Result<Answer<B>> {
    let backend = Arc::clone(&run.shared.backend);
    let asked = request.url.clone();
    let (wall_at, runs_out) = run.clocks(&layers);
    let mut end = AttemptEnd { run, options: Arc::clone(&request.options), attempt };
    let mut next = Next::new(&layers.hop, &mut end);
    let deadline = || {
        // The total clock stands still while a permit is waited for, and that is bounded there.
        let total_at = Some(runs_out.load(Ordering::Relaxed)).filter(|at| *at > 0);
        let total = total_at.map(|at| (Duration::from_nanos(at), Phase::Total));
        wall_at.map(|at| (at, Phase::Wall)).into_iter().chain(total).min_by_key(|(at, _)| *at)
    };
    let response = bounded(&*backend, &asked, next.run(request), deadline).await?;
    let url = response.url().clone();
    let (mut head, body, timing) = response.into_answer();
    // Where a platform has followed redirects, or middleware has asked elsewhere.
    head.final_url = (url != asked).then(|| Box::new(url));
    Ok(Answer { head, body: AnyBody::Layered(layers.with(body)), timing })
}

/// What middleware comes to, unless the deadline passes before; that may move while it is under way.
async fn bounded<B: Backend>(
    backend: &B,
    url: &Url,
    mut handled: BoxFuture<'_, Result<Response>>,
    deadline: impl Fn() -> Option<(Duration, Phase)>,
) -> Result<Response> {
    let mut timer = Timer::<B>::new();
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(handled) = handled.as_mut().poll(cx) {
                return Poll::Ready(handled);
            }
            let Some((at, phase)) = deadline() else { return Poll::Pending };
            if backend.now() >= at {
                return Poll::Ready(Err(Error::timeout(phase).with_url(url)));
            }
            ready!(timer.poll_at(cx, backend, at))?;
        }
    })
    .await
}

struct AttemptEnd<'r, 'a, B: Backend> {
    run: &'r mut Run<'a, B>,
    options: Arc<Options>,
    attempt: u32,
}

/// A request that middleware has made in place of its caller's has the caller's options where it sets none: what the
/// caller, or the session, does not trust is not reached by way of it.
fn fall_back(request: &mut Request, options: &Arc<Options>) {
    if !Arc::ptr_eq(&request.options, options) {
        let own = std::mem::replace(&mut request.options, Arc::clone(options));
        request.options = Arc::new(Arc::unwrap_or_clone(own).over(options));
    }
}

impl<B: Backend> End for AttemptEnd<'_, '_, B> {
    fn run(&mut self, mut request: Request) -> BoxFuture<'_, Result<Response>> {
        fall_back(&mut request, &self.options);
        Box::pin(async move {
            check(&mut request).map_err(|error| error.with_url(&request.url))?;
            let (url, options) = (request.url.clone(), Arc::clone(&request.options));
            let Answer { head, body, timing } = self.run.one(request, self.attempt).await?;
            cookies::keep(self.run.shared, &options, &url, &head);
            let charset = self.run.shared.backend.charset();
            let max_body = options.max_body.unwrap_or(Some(DEFAULT_MAX_BODY));
            let response = Response::new(head, url, Box::pin(body)).with_max_body(max_body);
            Ok(response.with_timing(timing).with_charset(charset))
        })
    }

    #[cfg(feature = "digest")]
    fn admit<'r>(&'r mut self, request: &'r Request) -> BoxFuture<'r, Result<()>> {
        Box::pin(self.run.admitted(request))
    }

    #[cfg(feature = "digest")]
    fn renew(&self, request: &mut Request) {
        cookies::add_again(self.run.shared, request);
    }

    #[cfg(feature = "digest")]
    fn random(&self) -> u64 {
        self.run.shared.backend.random()
    }
}

/// A body as the backend gives it, or as middleware has handed it on.
pub(super) enum AnyBody<B: Backend> {
    Bare(B::Body),
    Layered(Gated<BoxBody>),
}

impl<B: Backend> Body for AnyBody<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Bare(body) => Pin::new(body).poll_frame(cx),
            Self::Layered(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bare(body) => body.is_end_stream(),
            Self::Layered(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bare(body) => body.size_hint(),
            Self::Layered(body) => body.size_hint(),
        }
    }
}

impl<B: Backend> Payload for AnyBody<B> {
    fn transfer(&self) -> Transfer {
        match self {
            Self::Bare(body) => body.transfer(),
            Self::Layered(body) => body.transfer(),
        }
    }

    fn trailers(&self) -> Option<Arc<HeaderMap>> {
        match self {
            Self::Bare(body) => body.trailers(),
            Self::Layered(body) => body.trailers(),
        }
    }

    #[cfg(feature = "websocket")]
    fn connection(self: Pin<&mut Self>) -> Option<Connection> {
        match self.get_mut() {
            Self::Bare(body) => Pin::new(body).connection(),
            Self::Layered(body) => body.as_mut().connection(),
        }
    }
}
