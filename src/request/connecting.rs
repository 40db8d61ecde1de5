//! How the connection is made, for one request.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::connector::Connector;
use crate::error::Error;
use crate::names::{AddressFamily, Overrides, Resolve, SharedResolver};
use crate::proxy::Proxy;
use crate::safe_mode::SafeMode;
use crate::tls::Tls;

use super::RequestBuilder;

/// # Connections
///
/// What is set here takes the place of the session's setting of this name, at all hops. A connection that was made under
/// other settings is not used; those that are made are kept for later requests with the same ones. Native; elsewhere each
/// of these is [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
impl<S> RequestBuilder<S> {
    /// Who is trusted, and what is shown, over TLS: see [`Tls`].
    pub fn tls(self, tls: Tls) -> Self {
        self.connecting(|connector| connector.tls = Some(Arc::new(tls)))
    }

    /// What looks names up: see [`Config::resolver`](crate::Config::resolver). To have what it finds kept for later
    /// requests, give each of them a clone of one `Arc`.
    pub fn resolver(self, resolver: Arc<dyn Resolve>) -> Self {
        self.connecting(|connector| connector.resolver = Some(SharedResolver(resolver)))
    }

    /// Fixes the addresses of a host, beside those that the session fixes: see
    /// [`Config::resolve`](crate::Config::resolve).
    pub fn resolve(self, host: impl AsRef<str>, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        let fixed = Overrides::new().with(host.as_ref(), addresses);
        self.change(|request| {
            let fixed = fixed?;
            Arc::make_mut(&mut request.options).connecting.set(|connector| connector.fix(&fixed));
            Ok(())
        })
    }

    /// Which addresses of a name are connected to.
    pub fn address_family(self, family: AddressFamily) -> Self {
        self.connecting(|connector| connector.address_family = Some(family))
    }

    /// After how long the next of a host's addresses is tried: see
    /// [`Config::happy_eyeballs`](crate::Config::happy_eyeballs).
    pub fn happy_eyeballs(self, delay: impl Into<Option<Duration>>) -> Self {
        let delay = delay.into();
        self.connecting(|connector| connector.happy_eyeballs = Some(delay))
    }

    /// The address of this machine to connect from: see [`Config::local_address`](crate::Config::local_address).
    pub fn local_address(self, address: IpAddr) -> Self {
        self.connecting(|connector| connector.set_local_address(address))
    }

    /// The network interface to connect through: see [`Config::interface`](crate::Config::interface).
    pub fn interface(self, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        self.connecting(|connector| connector.interface = Some(name))
    }

    /// The Unix domain socket to connect to: see [`Config::unix_socket`](crate::Config::unix_socket).
    pub fn unix_socket(self, path: impl AsRef<Path>) -> Self {
        self.connecting(|connector| connector.unix_socket = Some(path.as_ref().into()))
    }

    /// What may be asked and connected to, in place of the session's, which may have been stricter: see
    /// [`SafeMode`]. It cannot be switched off for one request.
    pub fn safe_mode(self, safe_mode: SafeMode) -> Self {
        self.connecting(|connector| connector.safe_mode = Some(Arc::new(safe_mode)))
    }

    /// A [`Proxy`], or the URL of one; several calls give a list, as [`Config::proxy`](crate::Config::proxy) has it, and
    /// it takes the place of the session's as a whole. With [`Proxy::direct`] there is none.
    pub fn proxy<P>(self, proxy: P) -> Self
    where
        P: TryInto<Proxy>,
        Error: From<P::Error>,
    {
        let proxy = proxy.try_into().map_err(Error::from);
        self.change(|request| {
            let proxy = proxy?;
            Arc::make_mut(&mut request.options).connecting.set(|connector| connector.add_proxies([proxy]));
            Ok(())
        })
    }

    fn connecting(self, set: impl FnOnce(&mut Connector)) -> Self {
        self.option(|options| options.connecting.set(set))
    }
}
