//! Where middleware meets the engine: around a call, and around an attempt.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::error::{Error, Phase, Result};
use crate::gated::Gated;
use crate::maybe::{BoxBody, BoxFuture};
use crate::middleware::{End, Layers, Next};
use crate::payload::{Payload, Transfer};
use crate::platform::Backend;
use crate::request::Request;
use crate::response::Response;

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
    let backend = &shared.backend;
    let started = backend.now();
    let wall = request.options.timeout.over(shared.options.timeout).resolve().wall;
    let wall_at = wall.and_then(|wall| started.checked_add(wall));
    let url = request.url.clone();
    let mut end = CallEnd { shared, layers: &layers, started };
    let mut next = Next::new(&layers.call, &mut end);
    let mut handled = pin!(next.run(request));
    let mut timer = Timer::<B>::new();
    poll_fn(|cx| {
        if let Poll::Ready(handled) = handled.as_mut().poll(cx) {
            return Poll::Ready(handled);
        }
        let Some(at) = wall_at else { return Poll::Pending };
        while backend.now() < at {
            std::task::ready!(timer.poll_at(cx, backend, at))?;
        }
        Poll::Ready(Err(Error::timeout(Phase::Wall).with_url(&url)))
    })
    .await
}

struct CallEnd<'a, B: Backend> {
    shared: &'a Arc<Shared<B>>,
    layers: &'a Gated<Arc<Layers>>,
    started: Duration,
}

impl<B: Backend> End for CallEnd<'_, B> {
    fn run(&mut self, request: Request) -> BoxFuture<'_, Result<Response>> {
        let call = Call::new(self.shared, request, Some(self.layers.clone()));
        let started = self.started;
        Box::pin(async move { call?.run(started).await })
    }
}

/// An attempt with middleware around it.
pub(super) async fn attempt<B: Backend>(
    run: &mut Run<'_, B>,
    layers: Gated<Arc<Layers>>,
    request: Request,
    attempt: u32,
) -> Result<Answer<B>> {
    let mut end = AttemptEnd { run, attempt };
    let response = Next::new(&layers.hop, &mut end).run(request).await?;
    let (head, body, timing) = response.into_answer();
    Ok(Answer { head, body: AnyBody::Layered(layers.with(body)), timing })
}

struct AttemptEnd<'r, 'a, B: Backend> {
    run: &'r mut Run<'a, B>,
    attempt: u32,
}

impl<B: Backend> End for AttemptEnd<'_, '_, B> {
    fn run(&mut self, mut request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            check(&mut request).map_err(|error| error.with_url(&request.url))?;
            let (url, options) = (request.url.clone(), Arc::clone(&request.options));
            let Answer { head, body, timing } = self.run.one(request, self.attempt).await?;
            cookies::keep(self.run.shared, &options, &url, &head);
            let charset = self.run.shared.backend.charset();
            Ok(Response::new(head, url, Box::pin(body)).with_timing(timing).with_charset(charset))
        })
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
}
