//! From a host and a port to the addresses to connect to: fixed ones, kept ones, or a resolver's.

mod cache;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use tokio::runtime::{self, Handle};
use tokio::time::Instant;

use crate::maybe::BoxFuture;
use crate::names::{AddressFamily, Addresses, BoxError, DnsCache, Overrides, Resolve};

use cache::Cache;

/// How many addresses of one name are taken.
const MOST_ADDRESSES: usize = 64;

/// Names under one setting. Clones share what is kept and what is under way.
#[derive(Clone)]
pub(super) struct Names {
    inner: Arc<Inner>,
}

struct Inner {
    resolver: Arc<dyn Resolve>,
    overrides: Overrides,
    family: AddressFamily,
    clock: fn() -> Instant,
    state: Mutex<State>,
}

struct State {
    kept: Cache,
    /// A look-up belongs to the runtime whose timers and sockets it uses: another's may end before.
    under_way: HashMap<Key, UnderWay>,
    begun: u64,
}

type Key = (Option<runtime::Id>, Arc<str>);

struct UnderWay {
    number: u64,
    look_up: WeakShared<LookUp>,
}

type LookUp = BoxFuture<'static, Result<Arc<[SocketAddr]>, NotResolved>>;

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
    Asked { took: Duration },
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

impl Names {
    pub(super) fn new(
        resolver: Arc<dyn Resolve>,
        cache: &DnsCache,
        overrides: Overrides,
        family: AddressFamily,
    ) -> Self {
        Self::with_clock(resolver, cache, overrides, family, Instant::now)
    }

    fn with_clock(
        resolver: Arc<dyn Resolve>,
        cache: &DnsCache,
        overrides: Overrides,
        family: AddressFamily,
        clock: fn() -> Instant,
    ) -> Self {
        let kept = Cache::new(cache.clone());
        let state = Mutex::new(State { kept, under_way: HashMap::new(), begun: 0 });
        Self { inner: Arc::new(Inner { resolver, overrides, family, clock, state }) }
    }

    /// Where to connect to for a URL's host and port, in the order to try.
    ///
    /// # Cancellation
    /// A look-up that others wait for, too, goes on when this is dropped; it ends with the last who waits.
    pub(super) async fn look_up(&self, host: &str, port: u16) -> Result<Found, NotResolved> {
        let (shared, how) = match self.begin(host, port)? {
            Begun::Found(found) => return Ok(found),
            Begun::Waiting(shared, how) => (shared, how),
        };
        let asked = (self.inner.clock)();
        let addresses = shared.await?;
        let how = match how {
            How::Asked { .. } => How::Asked { took: (self.inner.clock)().duration_since(asked) },
            other => other,
        };
        Ok(Found::of(&addresses, port, how))
    }

    /// Forgets the addresses of a host, or all. Who asks from now on gets a new answer, even while a look-up is under way.
    #[allow(dead_code, reason = "the session's own method for it is yet to come")]
    pub(super) fn clear(&self, host: Option<&str>) {
        let host = host.map(str::to_ascii_lowercase);
        let mut state = self.inner.lock();
        state.kept.clear(host.as_deref());
        state.under_way.retain(|(_, name), _| host.as_deref().is_some_and(|host| host != &**name));
    }

    fn begin(&self, host: &str, port: u16) -> Result<Begun, NotResolved> {
        if let Some(address) = literal(host) {
            let addresses = vec![SocketAddr::new(address, port)];
            return Ok(Begun::Found(Found { addresses, how: How::Literal }));
        }
        let Inner { overrides, family, .. } = &*self.inner;
        if let Some(fixed) = overrides.of(host, port) {
            let addresses = usable(host, fixed, *family)?;
            return Ok(Begun::Found(Found { addresses, how: How::Fixed }));
        }
        let runtime = Handle::try_current().ok().map(|runtime| runtime.id());
        let key: Key = (runtime, host.to_ascii_lowercase().into());
        let mut state = self.inner.lock();
        if let Some(addresses) = state.kept.get(&key.1, (self.inner.clock)()) {
            return Ok(Begun::Found(Found::of(&addresses, port, How::Cached)));
        }
        if let Some(shared) = state.under_way.get(&key).and_then(|other| other.look_up.upgrade()) {
            return Ok(Begun::Waiting(shared, How::Shared));
        }
        let number = state.begun;
        state.begun += 1;
        let asking = Asking { inner: Arc::clone(&self.inner), key: key.clone(), number };
        let shared = asking.ask().shared();
        if let Some(look_up) = shared.downgrade() {
            state.under_way.insert(key, UnderWay { number, look_up });
        }
        Ok(Begun::Waiting(shared, How::Asked { took: Duration::ZERO }))
    }
}

enum Begun {
    Found(Found),
    Waiting(Shared<LookUp>, How),
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One look-up. Dropped, it is no longer under way.
struct Asking {
    inner: Arc<Inner>,
    key: Key,
    number: u64,
}

impl Asking {
    fn ask(self) -> LookUp {
        Box::pin(async move {
            let (name, inner) = (Arc::clone(&self.key.1), Arc::clone(&self.inner));
            // Not under the lock: it is the caller's code. Where that panics, all who wait would, over and over.
            let resolving = AssertUnwindSafe(async { inner.resolver.resolve(&name).await });
            let panicked = |_| Err("the resolver panicked".into());
            let found = resolving.catch_unwind().await.unwrap_or_else(panicked);
            let (addresses, ttl) =
                found.map(Addresses::into_parts).map_err(|error| NotResolved::new(&name, error))?;
            let addresses: Arc<[SocketAddr]> = usable(&name, addresses, inner.family)?.into();
            let mut state = inner.lock();
            // Who has cleared the name in the meantime wants a later answer than this.
            if self.leave(&mut state) {
                state.kept.put(&name, &addresses, ttl, (inner.clock)());
            }
            drop(state);
            Ok(addresses)
        })
    }

    /// Whether it was still the one that others share.
    fn leave(&self, state: &mut State) -> bool {
        let is_this = state.under_way.get(&self.key).is_some_and(|other| other.number == self.number);
        if is_this {
            state.under_way.remove(&self.key);
        }
        is_this
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.leave(&mut self.inner.lock());
    }
}

impl Found {
    fn of(addresses: &[SocketAddr], port: u16, how: How) -> Self {
        let ported = |mut address: SocketAddr| {
            address.set_port(port);
            address
        };
        Self { addresses: addresses.iter().copied().map(ported).collect(), how }
    }
}

/// An IP address as the host of a URL.
fn literal(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// Those of the family, each once.
fn usable(name: &str, found: Vec<SocketAddr>, family: AddressFamily) -> Result<Vec<SocketAddr>, NotResolved> {
    let is_none = found.is_empty();
    let mut usable = Vec::new();
    for address in found.into_iter().filter(|address| family.has(address.ip())) {
        if usable.len() < MOST_ADDRESSES && !usable.contains(&address) {
            usable.push(address);
        }
    }
    let why = match is_none {
        true => Why::NoAddress,
        false => Why::OtherFamily(family),
    };
    match usable.is_empty() {
        true => Err(NotResolved { name: name.into(), why }),
        false => Ok(usable),
    }
}

impl NotResolved {
    /// The resolver has failed.
    pub(super) fn new(name: &Arc<str>, error: BoxError) -> Self {
        Self { name: Arc::clone(name), why: Why::Failed(error.into()) }
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

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}
