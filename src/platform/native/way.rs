//! One way to make connections: directly or by a proxy, over TCP or a Unix socket, with TLS or without.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::progress::{ConnectStep, ResolvedFrom};
use crate::proxy::{self, Proxy, ProxyScheme, ProxyServer};
use crate::safe_mode::SafeMode;

use super::connect::{BoxError, Probe};
use super::dial::Dial;
use super::names::{Found, How, Names, NotResolved, is_literal};
use super::proxied::{ProxyFailed, connect_through};
use super::stream::Stream;
use super::tls::Client;

/// What connections are made by.
pub(super) struct Way {
    pub(super) proxies: Arc<[Proxy]>,
    /// For those that are spoken to by TLS.
    pub(super) proxy_tls: Vec<(Arc<ProxyServer>, Client)>,
    pub(super) names: Names,
    pub(super) dial: Dial,
    pub(super) tls: Client,
    /// HTTP/2 is spoken, without asking.
    pub(super) is_http2: bool,
    pub(super) unix_socket: Option<Arc<Path>>,
    pub(super) safe_mode: Option<Arc<SafeMode>>,
}

/// A connection, ready for HTTP.
pub(super) struct Reached {
    pub(super) stream: Stream,
    /// At its end is a proxy that is told the whole URL.
    pub(super) is_proxied: bool,
}

impl Way {
    /// A connection to this URL's origin, or to what asks it.
    pub(super) async fn connect(&self, target: &Uri, probe: Option<&Probe>) -> Result<Reached, BoxError> {
        let is_secure = target.scheme() == Some(&Scheme::HTTPS);
        let host = target.host().unwrap_or_default();
        let port = target.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        // A host that cannot have a certificate is not connected to.
        let name = is_secure.then(|| self.tls.name(host)).transpose()?;
        let server = proxy::route(&self.proxies, if is_secure { "https" } else { "http" }, host, port);
        let is_proxied = !is_secure && server.is_some_and(|server| server.scheme.is_http());
        if is_proxied && self.is_http2 {
            let feature = Error::new(ErrorKind::Unsupported { feature: "http_version", platform: "native" });
            return Err(feature.with_message("HTTP/2 without TLS, to a proxy").into());
        }
        let stream = match server {
            None => self.reach(host, port, probe).await?,
            Some(server) => self.reach_proxy(server, probe).await?,
        };
        let stream = match server.filter(|_| !is_proxied) {
            None => stream,
            Some(server) => self.pass_through(stream, server, (host, port), probe).await?,
        };
        let step = |step| probe.into_iter().for_each(|probe| probe.step(step));
        step(ConnectStep::Connected { remote: stream.remote() });
        let Some(name) = name else { return Ok(Reached { stream, is_proxied }) };
        let stream = self.tls.secure(name, stream).await?;
        step(ConnectStep::Secured { alpn: stream.alpn() });
        Ok(Reached { stream, is_proxied })
    }

    /// A connection to a proxy, TLS with it included.
    async fn reach_proxy(
        &self,
        server: &Arc<ProxyServer>,
        probe: Option<&Probe>,
    ) -> Result<Stream, BoxError> {
        let stream = self.reach(&server.host, server.port, probe).await.map_err(|error| match error
            .is::<NotResolved>(
        ) {
            true => ProxyFailed::not_resolved(server, error),
            false => ProxyFailed::not_reached(server, error),
        })?;
        let Some((_, tls)) = self.proxy_tls.iter().find(|(other, _)| other == server) else {
            return Ok(stream);
        };
        let name = tls.name(&server.host).map_err(|error| ProxyFailed::not_secure(server, error))?;
        let secured = tls.secure(name, stream).await;
        Ok(secured.map_err(|error| ProxyFailed::not_secure(server, error))?)
    }

    /// Has the proxy connect to the origin.
    async fn pass_through(
        &self,
        stream: Stream,
        server: &ProxyServer,
        (host, port): (&str, u16),
        probe: Option<&Probe>,
    ) -> Result<Stream, BoxError> {
        if server.scheme != ProxyScheme::Socks5 {
            return Ok(connect_through(stream, server, host, port).await?);
        }
        // Names are resolved here. There is one connection to the proxy, so one address is tried.
        let addresses = self.look_up(host, port, probe).await?;
        let address = addresses.first().map_or_else(|| host.to_owned(), |address| address.ip().to_string());
        Ok(connect_through(stream, server, &address, port).await?)
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
    Err(Error::from(ErrorKind::Unsupported { feature: "unix_socket", platform: "native" }).into())
}
