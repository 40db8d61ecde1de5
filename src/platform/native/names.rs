//! From a host and a port to the addresses to connect to: fixed ones, kept ones, or a resolver's.

mod answers;
mod cache;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::names::{AddressFamily, BoxError, DnsCache, Overrides, SharedResolver};
use crate::url;

use super::system_resolver::SystemResolver;
use answers::Answers;

/// Of how many resolvers and caches the answers are kept that nothing uses.
const KEPT: usize = 32;

/// What a session knows of names, under all of its settings.
pub(super) struct AllNames {
    system: SharedResolver,
    /// The most recently used last. One cache for each resolver, whatever else is set about names.
    answers: Mutex<Vec<(Source, Arc<Answers>)>>,
}

type Source = (SharedResolver, DnsCache);

/// Names under one setting.
#[derive(Clone)]
pub(super) struct Names {
    answers: Arc<Answers>,
    overrides: Overrides,
    family: AddressFamily,
}

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// At least one.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) how: How,
}

/// How the addresses were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// The resolver was asked on behalf of this caller.
    Asked,
    /// They were still kept.
    Cached,
    /// They are fixed for the name.
    Fixed,
    /// The host is an address.
    Literal,
    /// The resolver was being asked already.
    Shared,
}

/// A name without an address to connect to: how look-up failures are told from others.
#[derive(Clone, Debug)]
pub(super) struct NotResolved {
    name: Arc<str>,
    why: Why,
}

#[derive(Clone, Debug)]
enum Why {
    Failed(Arc<dyn std::error::Error + Send + Sync>),
    NoAddress,
    /// There are addresses, none of this family.
    OtherFamily(AddressFamily),
}

impl AllNames {
    pub(super) fn new() -> Self {
        Self { system: SharedResolver(Arc::new(SystemResolver::new())), answers: Mutex::default() }
    }

    /// Names under this setting; the system's resolver if there is no other.
    pub(super) fn of(
        &self,
        resolver: Option<SharedResolver>,
        cache: DnsCache,
        overrides: Overrides,
        family: AddressFamily,
    ) -> Names {
        let resolver = resolver.unwrap_or_else(|| self.system.clone());
        let source = (resolver, cache);
        // Dropped after the lock is given back: the resolver is the caller's code.
        let mut _let_go = None;
        let mut kept = self.lock();
        let (source, answers) = match kept.iter().rposition(|(other, _)| *other == source) {
            Some(place) => kept.remove(place),
            None => {
                let answers = Answers::new(Arc::clone(&source.0.0), &source.1);
                (source, Arc::new(answers))
            }
        };
        // What is in use stays, so that it can be cleared.
        let unused = |(_, answers): &(Source, Arc<Answers>)| Arc::strong_count(answers) == 1;
        if kept.len() >= KEPT
            && let Some(place) = kept.iter().position(unused)
        {
            _let_go = Some(kept.remove(place));
        }
        kept.push((source, Arc::clone(&answers)));
        Names { answers, overrides, family }
    }

    /// Forgets the addresses of a host, or of all. Who asks from now on gets a new answer, even while a look-up is under
    /// way.
    pub(super) fn clear(&self, host: Option<&str>) {
        let as_in_urls = host.and_then(url::host_of);
        let host = as_in_urls.as_deref().or(host);
        for (_, answers) in &*self.lock() {
            answers.clear(host);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Source, Arc<Answers>)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Names {
    /// Where to connect to for a URL's host and port, in the order to try.
    ///
    /// # Cancellation
    /// A look-up that others wait for, too, goes on when this is dropped; it ends with the last who waits.
    pub(super) async fn look_up(&self, host: &str, port: u16) -> Result<Found, NotResolved> {
        if let Some(address) = literal(host) {
            return Ok(Found { addresses: vec![SocketAddr::new(address, port)], how: How::Literal });
        }
        if let Some(fixed) = self.overrides.of(host, port) {
            return Ok(Found { addresses: self.of_family(host, fixed)?, how: How::Fixed });
        }
        let (answer, how) = self.answers.about(host).await?;
        let ported = |mut address: SocketAddr| {
            address.set_port(port);
            address
        };
        let addresses = self.of_family(host, answer.iter().copied().map(ported).collect())?;
        Ok(Found { addresses, how })
    }

    fn of_family(&self, name: &str, mut addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotResolved> {
        addresses.retain(|address| self.family.has(address.ip()));
        match addresses.is_empty() {
            true => Err(NotResolved { name: name.into(), why: Why::OtherFamily(self.family) }),
            false => Ok(addresses),
        }
    }
}

/// Whether this host of a URL is an address, for which nobody is asked.
pub(super) fn is_literal(host: &str) -> bool {
    literal(host).is_some()
}

/// An IP address as the host of a URL.
fn literal(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

impl NotResolved {
    /// The resolver has failed.
    pub(super) fn new(name: &Arc<str>, error: BoxError) -> Self {
        Self { name: Arc::clone(name), why: Why::Failed(error.into()) }
    }

    /// The resolver knows no address.
    fn empty(name: &Arc<str>) -> Self {
        Self { name: Arc::clone(name), why: Why::NoAddress }
    }
}

impl fmt::Display for NotResolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, why } = self;
        match why {
            Why::Failed(_) | Why::NoAddress => write!(f, "no address for {name:?}"),
            Why::OtherFamily(AddressFamily::Ipv4) => write!(f, "no IPv4 address for {name:?}, only IPv6"),
            Why::OtherFamily(_) => write!(f, "no IPv6 address for {name:?}, only IPv4"),
        }
    }
}

impl std::error::Error for NotResolved {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.why {
            Why::Failed(error) => Some(&**error),
            _ => None,
        }
    }
}
