//! [`Connector`]: how a native connection is made, as options. Inert data on every platform.

use std::any::Any;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::names::{AddressFamily, DnsCache, Overrides, SharedResolver};
use crate::proxy::Proxy;
use crate::safe_mode::SafeMode;
use crate::tls::Tls;
use crate::url::Url;

/// What is set; what is left out falls back. What differs most from request to request comes first: two that are not
/// equal are seen not to be at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Connector {
    /// The first that is for a request carries it.
    pub(crate) proxies: Option<Arc<[Proxy]>>,
    pub(crate) local_ipv4: Option<Ipv4Addr>,
    pub(crate) local_ipv6: Option<Ipv6Addr>,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) resolver: Option<SharedResolver>,
    pub(crate) overrides: Option<Overrides>,
    pub(crate) dns_cache: Option<DnsCache>,
    pub(crate) address_family: Option<AddressFamily>,
    pub(crate) happy_eyeballs: Option<Option<Duration>>,
    pub(crate) interface: Option<Arc<str>>,
    pub(crate) unix_socket: Option<Arc<Path>>,
    pub(crate) safe_mode: Option<Arc<SafeMode>>,
    pub(crate) tcp_keepalive: Option<Option<Duration>>,
    pub(crate) tcp_nodelay: Option<bool>,
    pub(crate) max_idle_per_host: Option<usize>,
}

impl Connector {
    pub(crate) fn set_local_address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.local_ipv4 = Some(address),
            IpAddr::V6(address) => self.local_ipv6 = Some(address),
        }
    }

    /// Adds proxies after those that are there.
    pub(crate) fn add_proxies(&mut self, proxies: impl IntoIterator<Item = Proxy>) {
        let before = self.proxies.as_deref().unwrap_or_default();
        self.proxies = Some(before.iter().cloned().chain(proxies).collect());
    }

    /// Fixes the addresses of names, beside those that are fixed already.
    pub(crate) fn fix(&mut self, fixed: &Overrides) {
        self.overrides = Some(match &self.overrides {
            Some(before) => fixed.over(before),
            None => fixed.clone(),
        });
    }

    fn merged(&self, base: &Self) -> Self {
        Self {
            tls: self.tls.clone().or_else(|| base.tls.clone()),
            resolver: self.resolver.clone().or_else(|| base.resolver.clone()),
            overrides: match (&self.overrides, &base.overrides) {
                (Some(own), Some(base)) => Some(own.over(base)),
                (own, base) => own.clone().or_else(|| base.clone()),
            },
            dns_cache: self.dns_cache.clone().or_else(|| base.dns_cache.clone()),
            address_family: self.address_family.or(base.address_family),
            happy_eyeballs: self.happy_eyeballs.or(base.happy_eyeballs),
            local_ipv4: self.local_ipv4.or(base.local_ipv4),
            local_ipv6: self.local_ipv6.or(base.local_ipv6),
            interface: self.interface.clone().or_else(|| base.interface.clone()),
            unix_socket: self.unix_socket.clone().or_else(|| base.unix_socket.clone()),
            safe_mode: self.safe_mode.clone().or_else(|| base.safe_mode.clone()),
            proxies: self.proxies.clone().or_else(|| base.proxies.clone()),
            tcp_keepalive: self.tcp_keepalive.or(base.tcp_keepalive),
            tcp_nodelay: self.tcp_nodelay.or(base.tcp_nodelay),
            max_idle_per_host: self.max_idle_per_host.or(base.max_idle_per_host),
        }
    }
}

impl Choices for Connector {
    fn over(&self, base: &dyn Choices) -> Arc<dyn Choices> {
        match of(base) {
            Some(base) => Arc::new(self.merged(base)),
            None => Arc::new(self.clone()),
        }
    }

    fn first_set(&self) -> Option<&'static str> {
        let asked = [
            ("tls", self.tls.is_some()),
            ("resolver", self.resolver.is_some()),
            ("resolve", self.overrides.is_some()),
            ("dns_cache", self.dns_cache.is_some()),
            ("address_family", self.address_family.is_some()),
            ("happy_eyeballs", self.happy_eyeballs.is_some()),
            ("local_address", self.local_ipv4.is_some() || self.local_ipv6.is_some()),
            ("interface", self.interface.is_some()),
            ("unix_socket", self.unix_socket.is_some()),
            ("safe_mode", self.safe_mode.is_some()),
            ("proxy", self.proxies.is_some()),
            ("tcp_keepalive", self.tcp_keepalive.is_some()),
            ("tcp_nodelay", self.tcp_nodelay.is_some()),
            ("max_idle_per_host", self.max_idle_per_host.is_some()),
        ];
        asked.into_iter().find_map(|(option, is_set)| is_set.then_some(option))
    }

    fn check(&self, url: Option<&Url>) -> Result<()> {
        let has_proxy =
            self.proxies.as_ref().is_some_and(|proxies| proxies.iter().any(|proxy| !proxy.is_direct()));
        let invalid = |option, message: &str| {
            Err(Error::new(ErrorKind::InvalidOption { option }).with_message(message.to_owned()))
        };
        if has_proxy && self.unix_socket.is_some() {
            let message = "all connections go to unix_socket; set one of the two (a request goes without the \
                           session's proxy by `.proxy(Proxy::direct())`)";
            return invalid("proxy", message);
        }
        let Some(safe_mode) = &self.safe_mode else { return Ok(()) };
        if has_proxy || self.unix_socket.is_some() {
            let message =
                "what a proxy or a Unix socket connects to cannot be checked here; set one of the two";
            return invalid("safe_mode", message);
        }
        url.map_or(Ok(()), |url| safe_mode.check_url(url))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A [`Connector`] as [`Options`](crate::options::Options) carry it. Behind a `dyn`, so that a build in which nobody sets
/// any of it, such as the npm package's, is without the code for it.
#[derive(Clone, Default)]
pub(crate) struct Connecting(Option<Arc<dyn Choices>>);

trait Choices: Any + Send + Sync {
    /// What this sets, and `base` for the rest.
    fn over(&self, base: &dyn Choices) -> Arc<dyn Choices>;
    fn first_set(&self) -> Option<&'static str>;
    /// Refuses what makes no sense together, and this URL where it must not be asked.
    fn check(&self, url: Option<&Url>) -> Result<()>;
    fn as_any(&self) -> &dyn Any;
}

fn of(choices: &dyn Choices) -> Option<&Connector> {
    choices.as_any().downcast_ref()
}

impl Connecting {
    /// What is set, if anything is.
    pub(crate) fn get(&self) -> Option<&Connector> {
        self.0.as_deref().and_then(of)
    }

    /// Sets some of it.
    pub(crate) fn set(&mut self, set: impl FnOnce(&mut Connector)) {
        let mut connector = self.get().cloned().unwrap_or_default();
        set(&mut connector);
        self.0 = Some(Arc::new(connector));
    }

    /// What this sets, and `base` for the rest.
    pub(crate) fn over(self, base: &Self) -> Self {
        Self(match (self.0, &base.0) {
            (Some(own), Some(base)) => Some(own.over(&**base)),
            (own, base) => own.or_else(|| base.clone()),
        })
    }

    /// The name of the first option that is set.
    pub(crate) fn first_set(&self) -> Option<&'static str> {
        self.0.as_ref().and_then(|choices| choices.first_set())
    }

    /// Refuses what makes no sense together, and this URL where it must not be asked.
    pub(crate) fn check(&self, url: Option<&Url>) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |choices| choices.check(url))
    }

    /// Whether both are the same in memory, which is a quick way to see that they are equal.
    fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            _ => false,
        }
    }
}

impl PartialEq for Connecting {
    fn eq(&self, other: &Self) -> bool {
        self.is(other) || self.get() == other.get()
    }
}

impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first_set() {
            None => f.write_str("None"),
            // What it is has the code for showing it linked; that something is there is enough.
            Some(option) => write!(f, "{option} …"),
        }
    }
}
