//! How connections are made, as a session's settings. Native; elsewhere each of them is
//! [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) by its name.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::connector::Connector;
use crate::error::Error;
use crate::names::{AddressFamily, DnsCache, Overrides, Resolve, SharedResolver};
use crate::proxy::Proxy;
use crate::safe_mode::SafeMode;
use crate::tls::Tls;

use super::Config;

/// # Connections
///
/// Native; elsewhere each of these is [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported). A connection that was
/// made under other settings than a request's is not used for it.
impl Config {
    /// Who is trusted, and what is shown, over TLS: see [`Tls`].
    ///
    /// ```no_run
    /// use dualfetch::{DefaultSession, tls::Tls};
    ///
    /// let tls = Tls::new().add_roots(std::fs::read("ca.pem")?);
    /// let session = DefaultSession::builder().tls(tls).build()?;
    /// # let _ = session;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tls(self, tls: Tls) -> Self {
        self.connecting(|connector| connector.tls = Some(Arc::new(tls)))
    }

    /// What looks names up: any [`Resolve`], such as `HickoryResolver` of the crate feature `hickory`. Default: the system,
    /// by `dns::SystemResolver`. What it finds is kept as [`dns_cache`](Self::dns_cache) says.
    pub fn resolver(self, resolver: impl Resolve + 'static) -> Self {
        self.connecting(|connector| connector.resolver = Some(SharedResolver(Arc::new(resolver))))
    }

    /// Fixes the addresses of a host, which is then looked up nowhere: see [`Overrides`], which this adds to. A proxy that
    /// is told the name (all but `socks5://`) looks it up nevertheless; what is fixed for the proxy's own name holds.
    ///
    /// ```
    /// use dualfetch::DefaultSession;
    ///
    /// let session = DefaultSession::builder().resolve("api.example.com", ["127.0.0.1:8080".parse()?]).build()?;
    /// # let _ = session;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resolve(self, host: impl AsRef<str>, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        let fixed = Overrides::new().with(host.as_ref(), addresses);
        self.try_set(fixed, |config, fixed| {
            config.options.connecting.set(|connector| connector.fix(&fixed));
            Ok(())
        })
    }

    /// How long the addresses of names are kept. Default: 10 seconds, of 1,000 names.
    /// [`Client::clear_dns_cache`](crate::Client::clear_dns_cache) forgets them.
    pub fn dns_cache(self, cache: DnsCache) -> Self {
        self.connecting(|connector| connector.dns_cache = Some(cache))
    }

    /// Which addresses of a name are connected to. Default: all. IP addresses in URLs are not asked about it.
    pub fn address_family(self, family: AddressFamily) -> Self {
        self.connecting(|connector| connector.address_family = Some(family))
    }

    /// After how long without a connection the next of a host's addresses is tried beside the one before, IPv6 and
    /// IPv4 in turn, the first that answers being taken (RFC 8305). `None` tries one after the other, each until it has
    /// failed. Default 250 ms.
    pub fn happy_eyeballs(self, delay: impl Into<Option<Duration>>) -> Self {
        let delay = delay.into();
        self.connecting(|connector| connector.happy_eyeballs = Some(delay))
    }

    /// The address of this machine that connections are made from. Only addresses of its family are connected to, unless
    /// one of the other family is set, too. Default: as the system chooses.
    ///
    /// ```
    /// use dualfetch::DefaultSession;
    ///
    /// let session = DefaultSession::builder()
    ///     .local_address("192.0.2.7".parse()?)
    ///     .local_address("2001:db8::7".parse()?)
    ///     .build()?;
    /// # let _ = session;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn local_address(self, address: IpAddr) -> Self {
        self.connecting(|connector| connector.set_local_address(address))
    }

    /// The network interface that connections go through, by its name (`SO_BINDTODEVICE`): `"eth1"`, or `"wg0"` of a VPN.
    /// On Linux, Android and Fuchsia, where it may take privileges; on other systems
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported). Default: as the system chooses.
    pub fn interface(self, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        self.connecting(|connector| connector.interface = Some(name))
    }

    /// The Unix domain socket that all connections go to, whatever host the URL names; it still stands in `Host` and, by
    /// https, in TLS. Not together with a [`proxy`](Self::proxy) or [`safe_mode`](Self::safe_mode). On Windows
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
    ///
    /// ```no_run
    /// use dualfetch::{DefaultSession, Session};
    ///
    /// # async fn example() -> dualfetch::Result<()> {
    /// let docker = DefaultSession::builder().unix_socket("/run/docker.sock").build()?;
    /// println!("{}", docker.get("http://docker/info").await?.text().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn unix_socket(self, path: impl AsRef<Path>) -> Self {
        self.connecting(|connector| connector.unix_socket = Some(path.as_ref().into()))
    }

    /// Asks, and connects to, only what this lets through: for programs that fetch what strangers name. Refusals are
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied). Not together with a [`proxy`](Self::proxy) or a
    /// [`unix_socket`](Self::unix_socket).
    ///
    /// ```
    /// use dualfetch::{DefaultSession, SafeMode};
    ///
    /// let session = DefaultSession::builder().safe_mode(SafeMode::new()).build()?;
    /// # let _ = session;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn safe_mode(self, safe_mode: SafeMode) -> Self {
        self.connecting(|connector| connector.safe_mode = Some(Arc::new(safe_mode)))
    }

    /// For how long nothing comes by a connection before TCP asks whether the other end is still there, and how long
    /// between questions, of which two go unanswered; `None` never asks. At least a second. Default 15 s.
    ///
    /// On Linux what was sent may be unacknowledged for twice as long (`TCP_USER_TIMEOUT`), the first packet of a
    /// connection that is being made included: a few seconds are little on a bad line.
    pub fn tcp_keepalive(self, idle: impl Into<Option<Duration>>) -> Self {
        let idle = idle.into();
        self.connecting(|connector| connector.tcp_keepalive = Some(idle))
    }

    /// Whether small pieces are sent at once (`TCP_NODELAY`). Default: yes.
    pub fn tcp_nodelay(self, nodelay: bool) -> Self {
        self.connecting(|connector| connector.tcp_nodelay = Some(nodelay))
    }

    /// How many idle connections are kept to one host. Default: no limit. 0 keeps none.
    pub fn max_idle_per_host(self, limit: usize) -> Self {
        self.connecting(|connector| connector.max_idle_per_host = Some(limit))
    }

    /// A [`Proxy`], or the URL of one, after those that are set: the first that is for a request carries it, and what none
    /// is for goes to its origin directly. Default: none, whatever the environment says; see
    /// [`Proxy::from_env`](crate::Proxy::from_env).
    ///
    /// ```
    /// use dualfetch::{DefaultSession, Proxy};
    ///
    /// let proxy = Proxy::new("http://proxy.example:3128")?.no_proxy("localhost, .internal")?;
    /// let session = DefaultSession::builder().proxy(proxy).build()?;
    /// let by_environment = DefaultSession::builder().proxies(Proxy::from_env()?).build()?;
    /// # let _ = (session, by_environment);
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn proxy<P>(self, proxy: P) -> Self
    where
        P: TryInto<Proxy>,
        Error: From<P::Error>,
    {
        self.try_set(proxy.try_into().map_err(Error::from), |config, proxy| {
            config.options.connecting.set(|connector| connector.add_proxies([proxy]));
            Ok(())
        })
    }

    /// Several proxies, as [`proxy`](Self::proxy).
    pub fn proxies(self, proxies: impl IntoIterator<Item = Proxy>) -> Self {
        self.connecting(|connector| connector.add_proxies(proxies))
    }

    fn connecting(mut self, set: impl FnOnce(&mut Connector)) -> Self {
        self.options.connecting.set(set);
        self
    }
}
