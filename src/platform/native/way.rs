//! One way to make connections: directly or by a proxy, over TCP or a Unix socket, with TLS or without.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;
use tokio::time::Instant;

use crate::error::Error;
use crate::progress::{ConnectStep, ResolvedFrom};
use crate::proxy::{ProxyScheme, ProxyServer};
use crate::safe_mode::SafeMode;

use super::connect::{BoxError, Probe};
use super::dial::Dial;
use super::names::{Found, How, Names, is_literal};
use super::proxied::{ProxyFailed, connect_through};
use super::routes::{ByWayOf, Route, Routes};
use super::stream::Stream;
use super::tls::Client;

/// What connections are made by.
pub(super) struct Way {
    pub(super) routes: Routes,
    pub(super) names: Names,
    pub(super) dial: Dial,
    pub(super) tls: Client,
    pub(super) unix_socket: Option<Arc<Path>>,
    pub(super) safe_mode: Option<Arc<SafeMode>>,
}

/// A connection, ready for HTTP.
pub(super) struct Reached {
    pub(super) stream: Stream,
    /// At its end is a proxy that is told the whole URL.
    pub(super) is_forwarded: bool,
}

impl Way {
    /// A connection to this URL's origin, or to what asks it.
    pub(super) async fn connect(&self, target: &Uri, probe: Option<&Probe>) -> Result<Reached, BoxError> {
        let (is_secure, host, port) = origin(target);
        // A host that cannot have a certificate is not connected to.
        let name = is_secure.then(|| self.tls.name(host)).transpose()?;
        let route = self.routes.of(is_secure, host, port);
        let stream = match route {
            None => self.reach(host, port, probe).await?,
            Some(Route::Forward(proxy)) => self.reach_proxy(proxy, probe).await?,
            Some(Route::Tunnel(proxy)) => self.tunnel(proxy, (host, port), probe).await?,
        };
        let is_forwarded = matches!(route, Some(Route::Forward(_)));
        let step = |step| probe.into_iter().for_each(|probe| probe.step(step));
        step(ConnectStep::Connected { remote: stream.remote() });
        let Some(name) = name else { return Ok(Reached { stream, is_forwarded }) };
        let stream = self.tls.secure(name, stream).await?;
        step(ConnectStep::Secured { alpn: stream.alpn() });
        Ok(Reached { stream, is_forwarded })
    }

    /// The proxy on the way to this URL's origin.
    pub(super) fn server(&self, target: &Uri) -> Option<Arc<ProxyServer>> {
        let (is_secure, host, port) = origin(target);
        match self.routes.of(is_secure, host, port)? {
            Route::Forward(proxy) | Route::Tunnel(proxy) => Some(Arc::clone(&proxy.server)),
        }
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

/// Whether TLS is spoken with it, its host and its port.
fn origin(target: &Uri) -> (bool, &str, u16) {
    let is_secure = target.scheme() == Some(&Scheme::HTTPS);
    let port = target.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    (is_secure, target.host().unwrap_or_default(), port)
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
    use std::io::{Error, ErrorKind};

    let named = |error: Error| match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::ConnectionRefused
        | ErrorKind::PermissionDenied
        | ErrorKind::InvalidInput => Error::new(error.kind(), format!("{}: {error}", path.display())),
        // Some, such as having too many files open, are told by their codes.
        _ => error,
    };
    Ok(Stream::Unix(tokio::net::UnixStream::connect(path).await.map_err(named)?))
}

#[cfg(not(unix))]
async fn unix(_: &Path) -> Result<Stream, BoxError> {
    Err(Error::from(crate::error::ErrorKind::Unsupported { feature: "unix_socket", platform: "native" })
        .into())
}
