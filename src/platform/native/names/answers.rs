//! What a resolver has said: kept for its time, and asked for once by all who want the same.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use tokio::runtime::{self, Handle};
use tokio::time::Instant;

use crate::maybe::BoxFuture;
use crate::names::{Addresses, DnsCache, Resolve};

use super::cache::Cache;
use super::{How, NotResolved};

/// How many addresses of one name are taken, of each family.
const MOST_ADDRESSES: usize = 64;

/// The answers of one resolver.
pub(super) struct Answers {
    resolver: Arc<dyn Resolve>,
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

type LookUp = BoxFuture<'static, Result<Answer, NotResolved>>;

/// At least one address, with no port.
type Answer = Arc<[SocketAddr]>;

enum Begun {
    Kept(Answer),
    Waiting(Shared<LookUp>, How),
}

impl Answers {
    pub(super) fn new(resolver: Arc<dyn Resolve>, cache: &DnsCache) -> Self {
        Self::with_clock(resolver, cache, Instant::now)
    }

    pub(super) fn with_clock(resolver: Arc<dyn Resolve>, cache: &DnsCache, clock: fn() -> Instant) -> Self {
        let kept = Cache::new(cache.clone());
        Self { resolver, clock, state: Mutex::new(State { kept, under_way: HashMap::new(), begun: 0 }) }
    }

    /// The addresses of a name.
    pub(super) async fn about(self: &Arc<Self>, name: &str) -> Result<(Answer, How), NotResolved> {
        let (shared, how) = match self.begin(name) {
            Begun::Kept(answer) => return Ok((answer, How::Cached)),
            Begun::Waiting(shared, how) => (shared, how),
        };
        Ok((shared.await?, how))
    }

    /// Forgets a name, with and without its final dot, or all.
    pub(super) fn clear(&self, name: Option<&str>) {
        let mut state = self.lock();
        let Some(name) = name else {
            state.kept.clear(None);
            return state.under_way.clear();
        };
        let rooted = format!("{}.", name.strip_suffix('.').unwrap_or(name)).to_ascii_lowercase();
        for name in [&rooted[..rooted.len() - 1], &rooted] {
            state.kept.clear(Some(name));
            state.under_way.retain(|(_, other), _| name != &**other);
        }
    }

    fn begin(self: &Arc<Self>, name: &str) -> Begun {
        let runtime = Handle::try_current().ok().map(|runtime| runtime.id());
        let key: Key = (runtime, name.to_ascii_lowercase().into());
        let mut state = self.lock();
        if let Some(answer) = state.kept.get(&key.1, (self.clock)()) {
            return Begun::Kept(answer);
        }
        if let Some(shared) = state.under_way.get(&key).and_then(|other| other.look_up.upgrade()) {
            return Begun::Waiting(shared, How::Shared);
        }
        let number = state.begun;
        state.begun += 1;
        let asking = Asking { answers: Arc::clone(self), key: key.clone(), number };
        let shared = asking.ask().shared();
        if let Some(look_up) = shared.downgrade() {
            state.under_way.insert(key, UnderWay { number, look_up });
        }
        Begun::Waiting(shared, How::Asked)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One look-up. Dropped, it is no longer under way.
struct Asking {
    answers: Arc<Answers>,
    key: Key,
    number: u64,
}

impl Asking {
    fn ask(self) -> LookUp {
        Box::pin(async move {
            let (name, answers) = (Arc::clone(&self.key.1), Arc::clone(&self.answers));
            // Not under the lock: it is the caller's code. Where that panics, all who wait would, over and over.
            let resolving = AssertUnwindSafe(async { answers.resolver.resolve(&name).await });
            let panicked = |_| Err("the resolver panicked".into());
            let found = resolving.catch_unwind().await.unwrap_or_else(panicked);
            let (found, ttl) =
                found.map(Addresses::into_parts).map_err(|error| NotResolved::new(&name, error))?;
            if found.is_empty() {
                return Err(NotResolved::empty(&name));
            }
            let answer = taken(found);
            let mut state = answers.lock();
            // Who has cleared the name in the meantime wants a later answer than this.
            if self.leave(&mut state) {
                state.kept.put(&name, &answer, ttl, (answers.clock)());
            }
            drop(state);
            Ok(answer)
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
        self.leave(&mut self.answers.lock());
    }
}

/// Each address once, and not without end.
fn taken(found: Vec<SocketAddr>) -> Answer {
    let mut taken: Vec<SocketAddr> = Vec::new();
    for address in found {
        let of_family = taken.iter().filter(|other| other.is_ipv4() == address.is_ipv4()).count();
        if of_family < MOST_ADDRESSES && !taken.contains(&address) {
            taken.push(address);
        }
    }
    taken.into()
}

#[cfg(test)]
impl Answers {
    /// How many names are kept, are in order, and are asked about.
    pub(super) fn sizes(&self) -> (usize, usize, usize) {
        let state = self.lock();
        let (kept, ordered) = state.kept.sizes();
        (kept, ordered, state.under_way.len())
    }
}
