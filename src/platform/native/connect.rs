//! Making connections: names, TCP or a Unix socket, TLS; the bound on it, and word of how far it is.
//!
//! hyper-util polls a new connection first in the task that asked for it, so a task-local set around the request is
//! seen here. A connection that is no longer needed goes on in the background, under the same bound.

use std::fmt;
use std::net::SocketAddr;
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

use crate::connection::ConnectionInfo;
use crate::error::Error;
use crate::maybe::BoxFuture;
use crate::platform::Progress;
use crate::progress::{ConnectStep, ConnectionUse, ResolvedFrom};
use crate::proxy::ProxyScheme;
use crate::safe_mode::SafeMode;

use super::dial::Dial;
use super::names::{Found, How, Names, is_literal};
use super::proxied::{ProxyFailed, connect_through};
use super::routes::{ByWayOf, Route, Routes};
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

    /// Tells of a step.
    fn step(&self, step: ConnectStep<'_>) {
        if let Some(progress) = &self.progress {
            progress.step(step);
        }
    }

    fn resolved(&self, took: Duration) {
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
    pub(super) safe_mode: Option<Arc<SafeMode>>,
    pub(super) routes: Routes,
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
            let connecting = way.connect(&target, probe.as_deref());
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
            let is_forwarded = way.is_forwarded(&target);
            let (info, speaks_http2) = (stream.info(), stream.speaks_http2());
            // TLS with the proxy is none with the origin.
            let info = match is_forwarded {
                true => ConnectionInfo::new(info.remote(), info.local(), None),
                false => info,
            };
            let wire = Wire::new(TokioIo::new(stream)).telling(info);
            Ok(wire.speaking_http2(speaks_http2).forwarded(is_forwarded))
        })
    }
}

impl Way {
    async fn connect(&self, target: &Uri, probe: Option<&Probe>) -> Result<Stream, BoxError> {
        let Target { is_secure, host, port } = Target::of(target);
        // A host that cannot have a certificate is not connected to.
        let name = is_secure.then(|| self.tls.name(host)).transpose()?;
        let stream = match self.routes.of(is_secure, host, port) {
            None => self.reach(host, port, probe).await?,
            Some(Route::Forward(proxy)) => self.reach_proxy(proxy, probe).await?,
            Some(Route::Tunnel(proxy)) => self.tunnel(proxy, (host, port), probe).await?,
        };
        let step = |step| probe.into_iter().for_each(|probe| probe.step(step));
        step(ConnectStep::Connected { remote: stream.remote() });
        let Some(name) = name else { return Ok(stream) };
        let stream = self.tls.secure(name, stream).await?;
        step(ConnectStep::Secured { alpn: stream.alpn() });
        Ok(stream)
    }

    fn is_forwarded(&self, target: &Uri) -> bool {
        let Target { is_secure, host, port } = Target::of(target);
        matches!(self.routes.of(is_secure, host, port), Some(Route::Forward(_)))
    }

    /// A connection to the proxy, a secure one if that is how it is spoken to.
    async fn reach_proxy(&self, proxy: &ByWayOf, probe: Option<&Probe>) -> Result<Stream, BoxError> {
        let server = &*proxy.server;
        let addresses = self.look_up(&server.host, server.port, probe).await;
        let addresses = addresses.map_err(|error| ProxyFailed::not_resolved(server, error))?;
        let stream = self.dial.connect(&addresses).await;
        let stream = Stream::Tcp(stream.map_err(|error| ProxyFailed::not_reached(server, error))?);
        let Some(tls) = &proxy.tls else { return Ok(stream) };
        let name = tls.name(&server.host).map_err(|error| ProxyFailed::not_secure(server, error))?;
        Ok(tls.secure(name, stream).await.map_err(|error| ProxyFailed::not_secure(server, error))?)
    }

    /// A connection through the proxy.
    async fn tunnel(
        &self,
        proxy: &ByWayOf,
        (host, port): (&str, u16),
        probe: Option<&Probe>,
    ) -> Result<Stream, BoxError> {
        let server = &*proxy.server;
        if server.scheme != ProxyScheme::Socks5 {
            let stream = self.reach_proxy(proxy, probe).await?;
            return Ok(connect_through(stream, server, host, port).await?);
        }
        // Names are resolved here, and each address is another request to the proxy.
        let addresses = self.look_up(host, port, probe).await?;
        let mut failed = None;
        for address in addresses {
            let stream = self.reach_proxy(proxy, probe).await?;
            match connect_through(stream, server, &address.ip().to_string(), address.port()).await {
                Ok(stream) => return Ok(stream),
                Err(error) if error.is_for_good() => return Err(error.into()),
                Err(error) => failed = Some(error),
            }
        }
        let none = || ProxyFailed::broken(server, "was not asked: the host has no address", None);
        Err(failed.unwrap_or_else(none).into())
    }

    /// A connection to this host, not yet a secure one.
    async fn reach(&self, host: &str, port: u16, probe: Option<&Probe>) -> Result<Stream, BoxError> {
        if let Some(path) = &self.unix_socket {
            return unix(path).await;
        }
        let mut addresses = self.look_up(host, port, probe).await?;
        if let Some(safe_mode) = &self.safe_mode {
            keep_allowed(safe_mode, &mut addresses)?;
        }
        Ok(Stream::Tcp(self.dial.connect(&addresses).await?))
    }

    async fn look_up(
        &self,
        host: &str,
        port: u16,
        probe: Option<&Probe>,
    ) -> Result<Vec<SocketAddr>, BoxError> {
        let looking_up = self.names.look_up(host, port);
        let Some(probe) = probe.filter(|_| !is_literal(host)) else { return Ok(looking_up.await?.addresses) };
        probe.step(ConnectStep::ResolveStart { host });
        let asked = Instant::now();
        let Found { addresses, how } = looking_up.await?;
        let from = match how {
            How::Asked => ResolvedFrom::Resolver,
            How::Cached => ResolvedFrom::Cache,
            How::Fixed | How::Literal => ResolvedFrom::Fixed,
            How::Shared => ResolvedFrom::Shared,
        };
        if matches!(from, ResolvedFrom::Resolver | ResolvedFrom::Shared) {
            probe.resolved(asked.elapsed());
        }
        probe.step(ConnectStep::ResolveEnd { host, addresses: &addresses, from });
        Ok(addresses)
    }
}

/// To whom a request goes.
struct Target<'a> {
    is_secure: bool,
    host: &'a str,
    port: u16,
}

impl<'a> Target<'a> {
    fn of(uri: &'a Uri) -> Self {
        let is_secure = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        Self { is_secure, host: uri.host().unwrap_or_default(), port }
    }
}

/// Leaves those that may be connected to; they are connected to as they stand here, without another look-up.
fn keep_allowed(safe_mode: &SafeMode, addresses: &mut Vec<SocketAddr>) -> Result<(), Error> {
    let mut denied = None;
    addresses.retain(|address| match safe_mode.check_address(address.ip()) {
        Ok(()) => true,
        Err(error) => {
            denied.get_or_insert(error);
            false
        }
    });
    match denied.filter(|_| addresses.is_empty()) {
        Some(error) => Err(error),
        None => Ok(()),
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
