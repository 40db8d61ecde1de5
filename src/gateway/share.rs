//! [`Shares`]: how much one caller may have under way at once.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::access::{Caller, network};
use super::problem::Failure;

/// How many callers are known before those are forgotten who have nothing under way.
const MANY: usize = 1_000;

/// The shares of all callers that have something under way.
pub(super) struct Shares {
    /// 0 is no bound.
    most: usize,
    known: Mutex<HashMap<Who, Arc<Semaphore>>>,
}

#[derive(PartialEq, Eq, Hash)]
enum Who {
    Key(Arc<str>),
    Address(IpAddr),
}

impl Shares {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.min(Semaphore::MAX_PERMITS), known: Mutex::default() }
    }

    /// Whether they are of this bound.
    pub(super) fn is_of(&self, most: usize) -> bool {
        self.most == most.min(Semaphore::MAX_PERMITS)
    }

    /// The share of whoever has this key, else this address. All of a machine's own programs have a loopback address:
    /// it tells nobody apart.
    pub(super) fn of(&self, caller: &Caller) -> Share {
        let address = caller.address.filter(|address| !address.is_loopback()).map(network).map(Who::Address);
        let who = caller.key.clone().map(Who::Key).or(address).filter(|_| self.most > 0);
        Share(who.map(|who| {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MANY {
                // What is under way holds its share.
                known.retain(|_, share| Arc::strong_count(share) > 1);
            }
            Arc::clone(known.entry(who).or_insert_with(|| Arc::new(Semaphore::new(self.most))))
        }))
    }
}

/// One caller's share; default one without a bound.
#[derive(Clone, Default)]
pub(super) struct Share(Option<Arc<Semaphore>>);

/// A place in it, until it is dropped.
#[derive(Default)]
pub(super) struct Place {
    _held: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// A place for one request, where there is one now.
    pub(super) fn take(&self) -> Result<Place, Failure> {
        let Some(share) = &self.0 else { return Ok(Place::default()) };
        let held = Arc::clone(share).try_acquire_owned().map_err(|_| {
            let why = "as many requests of this caller as may be are under way";
            Failure::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", why).retry_after(1)
        })?;
        Ok(Place { _held: Some(held) })
    }

    /// A place for one request, once there is one.
    pub(super) async fn wait(&self) -> Place {
        let Some(share) = &self.0 else { return Place::default() };
        // It is never closed.
        Place { _held: Arc::clone(share).acquire_owned().await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(key: Option<&str>, address: &str) -> Caller {
        Caller::new(key.map(Into::into), address.parse().ok())
    }

    #[test]
    fn each_key_and_each_network_has_a_share_of_its_own() {
        let shares = Shares::new(2);
        let all = [
            caller(Some("one"), "192.0.2.1"),
            caller(Some("two"), "192.0.2.1"),
            caller(None, "192.0.2.1"),
            caller(None, "2001:db8::1"),
        ];
        let held: Vec<_> = [&all, &all]
            .into_iter()
            .flatten()
            .map(|caller| shares.of(caller).take().map_err(|failure| failure.code))
            .collect();
        assert!(held.iter().all(Result::is_ok));
        let others = [caller(Some("one"), "192.0.2.9"), caller(None, "2001:db8::9")];
        for caller in all.iter().chain(&others) {
            let refused = shares.of(caller).take().err().map(|failure| (failure.status, failure.code));
            assert_eq!(refused, Some((StatusCode::TOO_MANY_REQUESTS, "rate_limited")), "{caller:?}");
        }
        drop(held);
        assert!(all.iter().all(|caller| shares.of(caller).take().is_ok()));
    }

    #[test]
    fn who_cannot_be_told_apart_has_no_bound() {
        for (most, caller) in
            [(1, caller(None, "127.0.0.1")), (1, caller(None, "")), (0, caller(Some("one"), ""))]
        {
            let shares = Shares::new(most);
            let held: Vec<_> = (0..9).map(|_| shares.of(&caller).take()).collect();
            assert!(held.iter().all(Result::is_ok), "{caller:?}");
        }
    }

    #[test]
    fn what_is_under_way_is_counted_however_many_others_come() {
        let shares = Shares::new(1);
        let busy = caller(Some("busy"), "");
        let held = shares.of(&busy).take();
        for n in 0..3 * MANY {
            drop(shares.of(&caller(Some(&n.to_string()), "")).take());
        }
        assert!(held.is_ok() && shares.of(&busy).take().is_err());
        assert!(shares.known.lock().expect("no panic").len() <= MANY);
    }
}
