//! Making connections: the bound on it, and word of how far it is.
//!
//! hyper-util polls a new connection first in the task that asked for it, so a task-local set around the request is
//! seen here. A connection that is no longer needed goes on in the background, under the same bound.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;
use tower_service::Service;

use crate::maybe::BoxFuture;
use crate::platform::Progress;
use crate::progress::{ConnectStep, ConnectionUse};
use crate::proxy::ProxyServer;

use super::stream::Stream;
use super::way::{Reached, Way};
use super::wire::{Counter, Wire};

tokio::task_local! {
    /// The request on whose behalf a connection is made.
    pub(super) static CONNECT: Arc<Probe>;
}

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What one request wants of its connection, and what became of it.
pub(super) struct Probe {
    bound: Option<Duration>,
    progress: Option<Arc<Progress>>,
    started: Instant,
    stage: AtomicU8,
}

/// How far a request's connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    /// None had to be made, so far.
    Untouched = 0,
    Connecting = 1,
    /// It stands, and speaks HTTP/1.1.
    Http1 = 2,
    /// It stands, and speaks HTTP/2.
    Http2 = 3,
}

impl Probe {
    pub(super) fn new(bound: Option<Duration>, progress: Option<Arc<Progress>>, started: Instant) -> Self {
        Self { bound, progress, started, stage: AtomicU8::new(Stage::Untouched as u8) }
    }

    /// Tells of a step.
    pub(super) fn step(&self, step: ConnectStep<'_>) {
        if let Some(progress) = &self.progress {
            progress.step(step);
        }
    }

    pub(super) fn resolved(&self, took: Duration) {
        if let Some(progress) = &self.progress {
            progress.resolved(took);
        }
    }

    /// The request has its answer, over a connection that had one before or not.
    pub(super) fn came_by(&self, reused: bool) {
        let Some(progress) = &self.progress else { return };
        progress.came_by(match self.stage() {
            _ if reused => ConnectionUse::Reused,
            Stage::Http1 | Stage::Http2 => ConnectionUse::Started,
            Stage::Connecting | Stage::Untouched => ConnectionUse::Shared,
        });
    }

    pub(super) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            1 => Stage::Connecting,
            2 => Stage::Http1,
            3 => Stage::Http2,
            _ => Stage::Untouched,
        }
    }

    fn connecting(&self) {
        self.stage.store(Stage::Connecting as u8, Ordering::Relaxed);
        if let Some(progress) = &self.progress {
            progress.connecting(self.started.elapsed());
        }
    }

    fn connected(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
        if let Some(progress) = &self.progress {
            progress.connected(self.started.elapsed());
        }
    }
}

/// Connecting took longer than its bound.
#[derive(Debug, Default)]
pub(super) struct ConnectTimeout {
    /// The proxy on the way.
    by: Option<Arc<ProxyServer>>,
}

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connecting took too long")?;
        self.by.as_ref().map_or(Ok(()), |server| write!(f, ", by way of the proxy {server}"))
    }
}

impl std::error::Error for ConnectTimeout {}

/// Several clones are made for each request, and few requests connect: what they share is shared.
#[derive(Clone)]
pub(super) struct Connect {
    way: Arc<Way>,
    counter: Counter,
}

impl Connect {
    pub(super) fn new(counter: Counter, way: Way) -> Self {
        Self { way: Arc::new(way), counter }
    }
}

impl Service<Uri> for Connect {
    type Response = Wire<TokioIo<Stream>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let (way, counter) = (Arc::clone(&self.way), self.counter.clone());
        let probe = CONNECT.try_with(Arc::clone).ok();
        if let Some(probe) = &probe {
            probe.connecting();
        }
        Box::pin(async move {
            let connecting = way.connect(&target, probe.as_deref());
            let bound = probe.as_ref().and_then(|probe| probe.bound);
            let Reached { stream, is_forwarded } = match bound {
                None => connecting.await?,
                // Not boxed by hand: `?` would box the box, and the type could not be found again.
                Some(bound) => tokio::time::timeout(bound, connecting)
                    .await
                    .map_err(|_| ConnectTimeout { by: way.server(&target) })??,
            };
            if let Some(probe) = &probe {
                probe.connected(if stream.speaks_http2() { Stage::Http2 } else { Stage::Http1 });
            }
            let speaks_http2 = stream.speaks_http2();
            let info = stream.info(target.scheme() == Some(&Scheme::HTTPS));
            let wire = Wire::new(TokioIo::new(stream)).counted(&counter).telling(info);
            Ok(wire.speaking_http2(speaks_http2).forwarded(is_forwarded))
        })
    }
}
