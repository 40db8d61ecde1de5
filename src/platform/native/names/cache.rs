//! The addresses of the names used last, each for its time.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::names::DnsCache;

pub(super) struct Cache {
    settings: DnsCache,
    names: HashMap<Arc<str>, Kept>,
    /// The names by when they were used, the longest ago first.
    order: BTreeMap<u64, Arc<str>>,
    uses: u64,
}

struct Kept {
    addresses: Arc<[SocketAddr]>,
    /// `None` is for ever.
    until: Option<Instant>,
    used: u64,
}

impl Cache {
    pub(super) fn new(settings: DnsCache) -> Self {
        Self { settings, names: HashMap::new(), order: BTreeMap::new(), uses: 0 }
    }

    /// What is kept of a name and still holds.
    pub(super) fn get(&mut self, name: &str, now: Instant) -> Option<Arc<[SocketAddr]>> {
        let kept = self.names.get_mut(name)?;
        if kept.until.is_some_and(|until| until <= now) {
            self.remove(name);
            return None;
        }
        if let Some(name) = self.order.remove(&kept.used) {
            self.uses += 1;
            kept.used = self.uses;
            self.order.insert(self.uses, name);
        }
        Some(Arc::clone(&kept.addresses))
    }

    /// Keeps the addresses of a name, which the resolver said hold so long.
    pub(super) fn put(
        &mut self,
        name: &Arc<str>,
        addresses: &Arc<[SocketAddr]>,
        record: Option<Duration>,
        now: Instant,
    ) {
        let time = self.settings.time_for(record);
        self.remove(name);
        if self.settings.capacity() == 0 || time == Some(Duration::ZERO) {
            return;
        }
        while self.names.len() >= self.settings.capacity() {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            self.names.remove(&oldest);
        }
        // A time past what the clock can show is for ever.
        let until = time.and_then(|time| now.checked_add(time));
        self.uses += 1;
        let kept = Kept { addresses: Arc::clone(addresses), until, used: self.uses };
        self.names.insert(Arc::clone(name), kept);
        self.order.insert(self.uses, Arc::clone(name));
    }

    /// Forgets one name, or all.
    #[allow(dead_code, reason = "the session's own method for it is yet to come")]
    pub(super) fn clear(&mut self, name: Option<&str>) {
        match name {
            Some(name) => self.remove(name),
            None => {
                self.names.clear();
                self.order.clear();
            }
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(kept) = self.names.remove(name) {
            self.order.remove(&kept.used);
        }
    }
}

#[cfg(test)]
impl Cache {
    /// How many names are kept, and are in order.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.names.len(), self.order.len())
    }
}
