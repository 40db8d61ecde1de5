//! By way of whom origins are reached.

use std::sync::Arc;

use http::header::{HeaderMap, PROXY_AUTHORIZATION};

use crate::error::Result;
use crate::options::{HttpVersion, Options};
use crate::proxy::{self, Proxy, ProxyScheme, ProxyServer};
use crate::url::Url;

use super::tls::{Client, Configurations};

/// The proxies of one way to make connections.
pub(super) struct Routes {
    proxies: Arc<[Proxy]>,
    servers: Vec<ByWayOf>,
    purpose: Purpose,
    version: HttpVersion,
}

/// What connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Requests,
    /// Proxies have a tunnel for each, and some are for nothing else. (RFC 6455, section 4.1.)
    #[cfg_attr(not(feature = "websocket"), allow(dead_code))]
    WebSockets,
}

impl Purpose {
    /// The scheme by which proxies tell whether they are for it.
    fn scheme(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Self::Requests, false) => "http",
            (Self::Requests, true) => "https",
            (Self::WebSockets, false) => "ws",
            (Self::WebSockets, true) => "wss",
        }
    }
}

/// A proxy, and how TLS is spoken with it, where it is.
pub(super) struct ByWayOf {
    pub(super) server: Arc<ProxyServer>,
    pub(super) tls: Option<Client>,
}

/// What a proxy does for a request.
pub(super) enum Route<'a> {
    /// It is sent the request, and told whom it is for.
    Forward(&'a ByWayOf),
    /// It connects to the origin, and does not look at what is said.
    Tunnel(&'a ByWayOf),
}

impl Routes {
    pub(super) fn new(options: &Options, purpose: Purpose, configurations: &Configurations) -> Result<Self> {
        let proxies = options.connecting.get().and_then(|connector| connector.proxies.clone());
        let proxies = proxies.unwrap_or_else(|| Arc::new([]));
        let servers = proxies.iter().filter_map(Proxy::server).map(|server| {
            let tls = match server.scheme {
                // Whom it is spoken to by HTTP/1.1, whatever is spoken with origins.
                ProxyScheme::Https => Some(configurations.of(server.tls.as_ref(), HttpVersion::Http1)?),
                _ => None,
            };
            Ok(ByWayOf { server: Arc::clone(server), tls })
        });
        let servers = servers.collect::<Result<_>>()?;
        Ok(Self { proxies, servers, purpose, version: options.transport.http_version.unwrap_or_default() })
    }

    /// None: directly.
    pub(super) fn of(&self, is_secure: bool, host: &str, port: u16) -> Option<Route<'_>> {
        let scheme = self.purpose.scheme(is_secure);
        let server = proxy::route(&self.proxies, scheme, host, port)?;
        let by_way_of = self.servers.iter().find(|known| Arc::ptr_eq(&known.server, server))?;
        match forwards(server, scheme, self.version) {
            true => Some(Route::Forward(by_way_of)),
            false => Some(Route::Tunnel(by_way_of)),
        }
    }
}

/// Adds what is said to the proxy that is sent the request, in place of the request's own. Where there are proxies and
/// none is sent it, nobody on the way would read who is asking: the origin is not told.
pub(super) fn address(headers: &mut HeaderMap, forwarder: Option<&ProxyServer>, options: &Options) {
    let Some(server) = forwarder else {
        if options.connecting.get().is_some_and(|connector| connector.proxies.is_some()) {
            headers.remove(PROXY_AUTHORIZATION);
        }
        return;
    };
    let fields = server.fields();
    for name in fields.keys() {
        headers.remove(name);
    }
    headers.extend(fields);
}

/// The proxy that is sent requests for this URL, and told whom they are for.
pub(super) fn forwarder(url: &Url, purpose: Purpose, options: &Options) -> Option<Arc<ProxyServer>> {
    let proxies = options.connecting.get()?.proxies.as_deref()?;
    let version = options.transport.http_version.unwrap_or_default();
    let scheme = purpose.scheme(url.scheme() == "https");
    let server = proxy::route(proxies, scheme, url.host()?, url.port()?)?;
    forwards(server, scheme, version).then(|| Arc::clone(server))
}

/// HTTP/2 without TLS is spoken with the origin itself: no proxy would forward it.
fn forwards(server: &ProxyServer, scheme: &str, version: HttpVersion) -> bool {
    scheme == "http" && server.scheme.is_http() && version != HttpVersion::Http2
}
