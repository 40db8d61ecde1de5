//! How many connections each address has: one client alone must not take the places of all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The addresses that have connections. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Addresses(Arc<Mutex<Counts>>);

#[derive(Debug)]
struct Counts {
    /// Of one address; 0 for no bound.
    most: usize,
    /// Proxies, whose connections are those of many.
    trusted: Vec<IpAddr>,
    held: HashMap<IpAddr, usize>,
}

impl Addresses {
    pub(super) fn new(most: usize, trusted: &[IpAddr]) -> Self {
        Self(Arc::new(Mutex::new(Counts { most, trusted: trusted.to_vec(), held: HashMap::new() })))
    }

    /// Has other proxies trusted from now on.
    pub(super) fn trust(&self, trusted: &[IpAddr]) {
        with(&self.0, |counts| counts.trusted = trusted.to_vec());
    }

    /// One more connection of this address, unless it has as many as it may.
    pub(super) fn take(&self, address: IpAddr) -> Option<Held> {
        let client = client(address);
        let is_counted = with(&self.0, |counts| {
            if counts.most == 0 || counts.trusted.contains(&address.to_canonical()) {
                return Some(false);
            }
            let held = counts.held.entry(client).or_default();
            let has_room = *held < counts.most;
            *held += usize::from(has_room);
            has_room.then_some(true)
        })?;
        Some(Held(is_counted.then(|| (self.clone(), client))))
    }
}

/// One client of IPv6 has a whole network: its first 64 bits stand for all of it.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

fn with<T>(counts: &Mutex<Counts>, work: impl FnOnce(&mut Counts) -> T) -> T {
    work(&mut counts.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A connection of an address, until it is dropped.
#[derive(Debug)]
pub(super) struct Held(Option<(Addresses, IpAddr)>);

impl Drop for Held {
    fn drop(&mut self) {
        let Some((addresses, client)) = self.0.take() else { return };
        with(&addresses.0, |counts| {
            let Some(held) = counts.held.get_mut(&client) else { return };
            *held -= 1;
            if *held == 0 {
                counts.held.remove(&client);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_its_share_and_a_network_of_ipv6_is_one() {
        let addresses = Addresses::new(2, &[]);
        for (same, other) in [
            (["192.0.2.1", "::ffff:192.0.2.1"], "192.0.2.2"),
            (["2001:db8::1", "2001:db8::2"], "2001:db8:0:1::1"),
        ] {
            let held = same.map(|text| addresses.take(address(text)).expect("room"));
            assert!(addresses.take(address(same[0])).is_none());
            assert!(addresses.take(address(other)).is_some());
            drop(held);
            assert!(addresses.take(address(same[0])).is_some(), "it is given back");
        }
        assert!(with(&addresses.0, |counts| counts.held.is_empty()), "nothing is kept of who is gone");
    }

    #[test]
    fn who_is_trusted_has_no_bound_and_0_is_none() {
        let (proxy, none) = (Addresses::new(1, &[address("192.0.2.1")]), Addresses::new(0, &[]));
        let held: Vec<_> =
            (0..3).map(|_| (proxy.take(address("192.0.2.1")), none.take(address("192.0.2.1")))).collect();
        assert!(held.iter().all(|(one, two)| one.is_some() && two.is_some()));
        proxy.trust(&[]);
        let _last = proxy.take(address("192.0.2.1")).expect("the first that counts");
        assert!(proxy.take(address("192.0.2.1")).is_none());
    }
}
