//! Where a jar's cookies stand, and which go when there are too many: RFC 6265bis, sections 5.7 and 5.8.3.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cookie::Cookie;
use super::matching::{domain_matches, path_matches, site};

/// How many cookies one site may have, hosts that belong together counted together: otherwise whoever can name hosts
/// as they like could drive out everybody else's. More, and as many as make this few again have to go: so the search
/// for them is paid for by all that came in between.
pub(super) const MOST_OF_A_SITE: usize = 180;
pub(super) const LEFT_OF_A_SITE: usize = 150;
/// The same for all of them.
pub(super) const MOST: usize = 3000;
pub(super) const LEFT: usize = 2700;

#[derive(Clone, Default)]
pub(super) struct Shelf {
    sites: BTreeMap<Box<str>, Vec<Kept>>,
    count: usize,
    /// Counts up: what was made or used later has the higher number.
    ticks: u64,
}

#[derive(Clone)]
struct Kept {
    cookie: Cookie,
    made: u64,
    used: u64,
}

impl Shelf {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Puts a cookie in the place of the one that is the same but for its value, or beside the others.
    pub(super) fn put(&mut self, cookie: Cookie, now: Duration) {
        let tick = self.tick();
        let key = site(&cookie.domain);
        let kept = match self.sites.get_mut(key) {
            Some(kept) => kept,
            None => self.sites.entry(key.into()).or_default(),
        };
        let before = kept.len();
        let earlier = kept.iter().position(|kept| kept.cookie.is_same(&cookie)).map(|at| kept.remove(at));
        if !cookie.is_expired(now) {
            let made = earlier.map_or(tick, |earlier| earlier.made);
            kept.push(Kept { cookie, made, used: tick });
        } else if kept.is_empty() {
            let key: Box<str> = key.into();
            self.sites.remove(&key);
            self.count -= before;
            return;
        }
        if kept.len() > MOST_OF_A_SITE {
            kept.retain(|kept| !kept.cookie.is_expired(now));
        }
        if kept.len() > MOST_OF_A_SITE {
            // Those that anybody on the way could have set go first.
            kept.sort_by_key(|kept| (kept.cookie.secure, kept.used));
            kept.drain(..kept.len() - LEFT_OF_A_SITE);
        }
        self.count = self.count + kept.len() - before;
        if self.count > MOST {
            self.make_room(now);
        }
    }

    fn make_room(&mut self, now: Duration) {
        self.retain(|cookie| !cookie.is_expired(now));
        if self.count > MOST {
            let mut uses: Vec<u64> = self.sites.values().flatten().map(|kept| kept.used).collect();
            uses.sort_unstable();
            let oldest_left = uses[uses.len() - LEFT];
            self.retain_kept(|kept| kept.used >= oldest_left);
        }
    }

    /// Gives the cookies for this request in the order in which they are sent: longer paths first, then older ones.
    pub(super) fn take_for<'a>(
        &'a mut self,
        host: &str,
        path: &str,
        is_secure: bool,
        now: Duration,
    ) -> Vec<&'a Cookie> {
        if self.count == 0 {
            return Vec::new();
        }
        let tick = self.tick();
        let Some(kept) = self.sites.get_mut(site(host)) else { return Vec::new() };
        let mut found: Vec<&Kept> = kept
            .iter_mut()
            .filter(|kept| kept.cookie.is_for(host, path, is_secure) && !kept.cookie.is_expired(now))
            .map(|kept| {
                kept.used = tick;
                &*kept
            })
            .collect();
        found.sort_by_key(|kept| (std::cmp::Reverse(kept.cookie.path.len()), kept.made));
        found.into_iter().map(|kept| &kept.cookie).collect()
    }

    /// Whether there is a `Secure` cookie that this one, set over plain http, would be sent in place of or before.
    pub(super) fn has_secure_like(&self, cookie: &Cookie) -> bool {
        let kept = self.sites.get(site(&cookie.domain)).into_iter().flatten();
        kept.map(|kept| &kept.cookie).any(|secure| {
            secure.secure
                && secure.pair.name == cookie.pair.name
                && path_matches(&cookie.path, &secure.path)
                && (domain_matches(&secure.domain, &cookie.domain)
                    || domain_matches(&cookie.domain, &secure.domain))
        })
    }

    /// All of them, the oldest first.
    pub(super) fn all(&self) -> Vec<&Cookie> {
        let mut all: Vec<&Kept> = self.sites.values().flatten().collect();
        all.sort_by_key(|kept| kept.made);
        all.into_iter().map(|kept| &kept.cookie).collect()
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Cookie) -> bool) {
        self.retain_kept(|kept| keep(&kept.cookie));
    }

    fn retain_kept(&mut self, mut keep: impl FnMut(&Kept) -> bool) {
        self.sites.retain(|_, kept| {
            kept.retain(&mut keep);
            !kept.is_empty()
        });
        self.count = self.sites.values().map(Vec::len).sum();
    }

    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }
}
