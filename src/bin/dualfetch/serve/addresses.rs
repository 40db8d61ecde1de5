//! How many connections each address has: one client alone must not take the places of all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dualfetch::gateway::Gateway;

/// The addresses that have connections. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Addresses(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Of one address; 0 for no bound.
    most: usize,
    /// It knows proxies, whose connections are those of many.
    gateway: Gateway,
    held: Mutex<HashMap<IpAddr, usize>>,
}

impl Addresses {
    pub(super) fn new(most: usize, gateway: Gateway) -> Self {
        Self(Arc::new(Shared { most, gateway, held: Mutex::default() }))
    }

    /// One more connection of this address, unless it has as many as it may.
    pub(super) fn take(&self, address: IpAddr) -> Option<Held> {
        let Shared { most, gateway, .. } = &*self.0;
        if *most == 0 || gateway.trusts(address) {
            return Some(Held(None));
        }
        let client = client(address);
        let mut counts = self.0.held();
        let held = counts.entry(client).or_default();
        if *held >= *most {
            return None;
        }
        *held += 1;
        Some(Held(Some((self.clone(), client))))
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client of IPv6 has a whole network: its first 64 bits stand for all of it.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

/// A connection of an address, until it is dropped.
#[derive(Debug)]
pub(super) struct Held(Option<(Addresses, IpAddr)>);

impl Drop for Held {
    fn drop(&mut self) {
        let Some((addresses, client)) = self.0.take() else { return };
        let mut counts = addresses.0.held();
        let Some(held) = counts.get_mut(&client) else { return };
        *held -= 1;
        if *held == 0 {
            counts.remove(&client);
        }
    }
}

#[cfg(test)]
mod tests {
    use dualfetch::gateway::Settings;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn gateway(proxies: &[&str]) -> Gateway {
        let mut settings = Settings::new();
        settings.trusted_proxies = proxies.iter().map(ToString::to_string).collect();
        Gateway::new(settings).expect("a gateway")
    }

    #[test]
    fn an_address_has_its_share_and_a_network_of_ipv6_is_one() {
        let addresses = Addresses::new(2, gateway(&[]));
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
        assert!(addresses.0.held().is_empty(), "nothing is kept of who is gone");
    }

    #[test]
    fn who_is_trusted_has_no_bound_and_0_is_none() {
        let gateway = gateway(&["192.0.2.0/24"]);
        let (one, none) = (Addresses::new(1, gateway.clone()), Addresses::new(0, gateway.clone()));
        let take = |of: &Addresses, text| (0..3).filter_map(|_| of.take(address(text))).collect::<Vec<_>>();
        let held = [take(&one, "192.0.2.1"), take(&one, "198.51.100.1"), take(&none, "198.51.100.1")];
        assert_eq!(held.each_ref().map(Vec::len), [3, 1, 3]);
        gateway.reload(Settings::new()).expect("no proxies");
        assert_eq!(take(&one, "192.0.2.1").len(), 1, "a reload counts");
    }
}
