//! How names become addresses: what is set about it, on every target; native sessions act on it.

mod overrides;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::maybe::BoxFuture;

pub use overrides::Overrides;

/// Why a resolver gave no addresses: any error. It becomes the cause of an error of kind
/// [`Dns`](crate::ErrorKind::Dns).
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What finds the addresses of a name.
///
/// A session asks it once for a name at a time, however many requests wait for the answer, and keeps the answer as
/// [`DnsCache`] says. It is never asked about IP addresses, nor about names that [`Overrides`] knows.
///
/// ```
/// use std::net::Ipv4Addr;
/// use dualfetch::dns::{Addresses, BoxError, Resolve};
/// use dualfetch::maybe::BoxFuture;
///
/// /// Every name below `.test` is this machine.
/// struct Here;
///
/// impl Resolve for Here {
///     fn resolve(&self, name: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
///         let found = match name.ends_with(".test") {
///             true => Ok(Addresses::new([Ipv4Addr::LOCALHOST])),
///             false => Err(format!("{name} is not below .test").into()),
///         };
///         Box::pin(std::future::ready(found))
///     }
/// }
/// ```
pub trait Resolve: Send + Sync {
    /// Begins to look up a name, which is as it stands in the URL: in lower case, in Punycode, perhaps with a final dot.
    /// No address at all is as good as an error.
    ///
    /// # Cancellation
    /// The future is dropped when no request waits for the answer any more; what it does should end with it.
    fn resolve(&self, name: &str) -> BoxFuture<'static, Result<Addresses, BoxError>>;
}

impl<T: Resolve + ?Sized> Resolve for Arc<T> {
    fn resolve(&self, name: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
        (**self).resolve(name)
    }
}

/// The addresses of a name, in the order in which they are to be tried, and how long they hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// With the scope of an address where it has one, and with no port.
    found: Vec<SocketAddr>,
    ttl: Option<Duration>,
}

impl Addresses {
    /// These addresses; nothing is known of how long they hold.
    #[must_use]
    pub fn new<A: Into<IpAddr>>(addresses: impl IntoIterator<Item = A>) -> Self {
        addresses.into_iter().map(Into::into).collect()
    }

    /// How long they hold at most: the least time to live of the records they come from (RFC 1035, section 3.2.1).
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// The addresses.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.found.iter().map(SocketAddr::ip)
    }

    /// How long they hold at most, where that is known.
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The addresses with their scopes, with no port.
    #[allow(dead_code, reason = "the native backend alone looks names up")]
    pub(crate) fn into_parts(self) -> (Vec<SocketAddr>, Option<Duration>) {
        (self.found, self.ttl)
    }
}

impl FromIterator<IpAddr> for Addresses {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Self {
        addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect()
    }
}

/// With the scope of an IPv6 address that is local to a link. The ports are not looked at.
impl FromIterator<SocketAddr> for Addresses {
    fn from_iter<I: IntoIterator<Item = SocketAddr>>(addresses: I) -> Self {
        let portless = |mut address: SocketAddr| {
            address.set_port(0);
            address
        };
        Self { found: addresses.into_iter().map(portless).collect(), ttl: None }
    }
}

/// How long a session keeps the addresses of a name: by default 10 seconds, those of the 1,000 names used last.
///
/// What did not resolve is not kept. An address is looked at again only for a new connection: one that stands is used as
/// long as it is kept alive, whatever became of the name.
///
/// ```
/// use std::time::Duration;
/// use dualfetch::dns::DnsCache;
///
/// let cache = DnsCache::new().ttl(Duration::from_secs(60)).max_names(100);
/// # assert_ne!(cache, DnsCache::new());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsCache {
    /// `None` is for ever.
    ttl: Option<Duration>,
    max_names: usize,
}

impl DnsCache {
    /// The default: 10 seconds, 1,000 names.
    #[must_use]
    pub fn new() -> Self {
        Self { ttl: Some(Duration::from_secs(10)), max_names: 1000 }
    }

    /// None: every new connection asks the resolver. (Those that want the same name at the same time share one answer.)
    #[must_use]
    pub fn off() -> Self {
        Self { ttl: Some(Duration::ZERO), max_names: 0 }
    }

    /// How long addresses are kept, by default 10 seconds. Where the resolver tells how long they hold, and that is
    /// shorter, not longer than that. Zero is as good as [`off`](Self::off).
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// They are kept until they are cleared or make room for others, whatever the resolver tells.
    #[must_use]
    pub fn forever(mut self) -> Self {
        self.ttl = None;
        self
    }

    /// The addresses of how many names are kept, by default 1,000; past that, those used longest ago go. Zero is as good
    /// as [`off`](Self::off).
    #[must_use]
    pub fn max_names(mut self, names: usize) -> Self {
        self.max_names = names;
        self
    }

    /// How many names are kept.
    #[allow(dead_code, reason = "the native backend alone looks names up")]
    pub(crate) fn capacity(&self) -> usize {
        self.max_names
    }

    /// How long addresses are kept that hold so long; `None` is for ever.
    #[allow(dead_code, reason = "the native backend alone looks names up")]
    pub(crate) fn time_for(&self, record: Option<Duration>) -> Option<Duration> {
        self.ttl.map(|ttl| ttl.min(record.unwrap_or(Duration::MAX)))
    }
}

impl Default for DnsCache {
    fn default() -> Self {
        Self::new()
    }
}

/// Which addresses of a name are connected to. IP addresses in URLs are not asked about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressFamily {
    /// All of them.
    #[default]
    Any,
    /// The IPv4 ones alone.
    Ipv4,
    /// The IPv6 ones alone.
    Ipv6,
}

impl AddressFamily {
    /// Whether this is one of them.
    #[must_use]
    pub fn has(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
        }
    }
}

/// A resolver as a part of a key: equal is the same one.
#[derive(Clone)]
pub(crate) struct SharedResolver(pub(crate) Arc<dyn Resolve>);

impl SharedResolver {
    fn place(&self) -> *const () {
        Arc::as_ptr(&self.0).cast()
    }
}

impl PartialEq for SharedResolver {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for SharedResolver {}

impl Hash for SharedResolver {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place().hash(state);
    }
}

impl fmt::Debug for SharedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

#[cfg(test)]
mod tests;
