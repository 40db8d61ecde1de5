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
    version: HttpVersion,
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
    pub(super) fn new(options: &Options, configurations: &Configurations) -> Result<Self> {
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
        Ok(Self { proxies, servers, version: options.transport.http_version.unwrap_or_default() })
    }

    /// None: directly.
    pub(super) fn of(&self, is_secure: bool, host: &str, port: u16) -> Option<Route<'_>> {
        let scheme = if is_secure { "https" } else { "http" };
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
pub(super) fn forwarder(url: &Url, options: &Options) -> Option<Arc<ProxyServer>> {
    let proxies = options.connecting.get()?.proxies.as_deref()?;
    let version = options.transport.http_version.unwrap_or_default();
    let server = proxy::route(proxies, url.scheme(), url.host()?, url.port()?)?;
    forwards(server, url.scheme(), version).then(|| Arc::clone(server))
}

/// HTTP/2 without TLS is spoken with the origin itself: no proxy would forward it.
fn forwards(server: &ProxyServer, scheme: &str, version: HttpVersion) -> bool {
    scheme == "http" && server.scheme.is_http() && version != HttpVersion::Http2
}
