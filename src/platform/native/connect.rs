//! Making connections: names, TCP or a Unix socket, TLS; the bound on it, and word of how far it is.
//!
//! hyper-util polls a new connection first in the task that asked for it, so a task-local set around the request is
//! seen here. A connection that is no longer needed goes on in the background, under the same bound.

use std::fmt;
use std::path::Path;
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

use super::dial::Dial;
use super::names::Names;
use super::stream::Stream;
use super::tls::Client;
use super::wire::Wire;

tokio::task_local! {
    /// The request on whose behalf a connection is made.
    pub(super) static CONNECT: Arc<Probe>;
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

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
#[derive(Debug)]
pub(super) struct ConnectTimeout;

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connecting took too long")
    }
}

impl std::error::Error for ConnectTimeout {}

/// Several clones are made for each request, and few requests connect: what they share is shared.
#[derive(Clone)]
pub(super) struct Connect {
    way: Arc<Way>,
}

/// One way to make connections.
pub(super) struct Way {
    pub(super) names: Names,
    pub(super) dial: Dial,
    pub(super) tls: Client,
    pub(super) unix_socket: Option<Arc<Path>>,
}

impl Connect {
    pub(super) fn new(way: Way) -> Self {
        Self { way: Arc::new(way) }
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
        let way = Arc::clone(&self.way);
        let probe = CONNECT.try_with(Arc::clone).ok();
        if let Some(probe) = &probe {
            probe.connecting();
        }
        Box::pin(async move {
            let connecting = way.connect(&target);
            let bound = probe.as_ref().and_then(|probe| probe.bound);
            let stream = match bound {
                None => connecting.await?,
                // Not boxed by hand: `?` would box the box, and the type could not be found again.
                Some(bound) => {
                    tokio::time::timeout(bound, connecting).await.map_err(|_| ConnectTimeout)??
                }
            };
            if let Some(probe) = &probe {
                probe.connected(if stream.speaks_http2() { Stage::Http2 } else { Stage::Http1 });
            }
            let (info, speaks_http2) = (stream.info(), stream.speaks_http2());
            Ok(Wire::new(TokioIo::new(stream)).telling(info).speaking_http2(speaks_http2))
        })
    }
}

impl Way {
    async fn connect(&self, target: &Uri) -> Result<Stream, BoxError> {
        let is_secure = target.scheme() == Some(&Scheme::HTTPS);
        let host = target.host().unwrap_or_default();
        let port = target.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        // A host that cannot have a certificate is not connected to.
        let name = is_secure.then(|| self.tls.name(host)).transpose()?;
        let stream = self.reach(host, port).await?;
        match name {
            Some(name) => Ok(self.tls.secure(name, stream).await?),
            None => Ok(stream),
        }
    }

    /// A connection to this host, not yet a secure one.
    async fn reach(&self, host: &str, port: u16) -> Result<Stream, BoxError> {
        if let Some(path) = &self.unix_socket {
            return unix(path).await;
        }
        let found = self.names.look_up(host, port).await?;
        Ok(Stream::Tcp(self.dial.connect(&found.addresses).await?))
    }
}

#[cfg(unix)]
async fn unix(path: &Path) -> Result<Stream, BoxError> {
    Ok(Stream::Unix(tokio::net::UnixStream::connect(path).await?))
}

#[cfg(not(unix))]
async fn unix(_: &Path) -> Result<Stream, BoxError> {
    Err(crate::error::Error::from(ErrorKind::Unsupported { feature: "unix_socket", platform: "native" })
        .into())
}
