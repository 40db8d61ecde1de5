//! Digest authentication (RFC 7616): which challenge is answered, how, under which nonce, and how often.

mod answer;
mod challenge;
mod hash;
mod space;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName};

use crate::url::Url;

use answer::Known;
pub(crate) use answer::{Answer, Chosen, Login, Message};
use challenge::{Challenge, Floor};
pub(crate) use hash::Hasher;
use space::Space;
pub(crate) use space::target;

const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");

/// How often challenges are answered for one request: once, and once more where that came too late.
const MOST_ANSWERS: u32 = 2;

/// What is known of the places where one user is asked for.
#[derive(Debug)]
pub(crate) struct Digest {
    login: Login,
    home: String,
    rules: Rules,
    space: Space,
    /// One for each origin.
    nonces: Vec<Nonce>,
    /// Of the last one.
    serial: u64,
    floor: Floor,
}

/// What the caller has a say in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) preemptive: bool,
    /// `auth-int` before `auth`.
    pub(crate) integrity: bool,
    /// What a server says to prove that it knows the password is held against it.
    pub(crate) proof: bool,
}

struct Nonce {
    origin: String,
    known: Arc<Known>,
    /// How many answers there have been under it.
    count: u32,
    /// The password was right there, and nothing has been refused since.
    is_accepted: bool,
}

/// One answer to be: under which nonce, and which one it is under that.
pub(crate) struct Ticket {
    known: Arc<Known>,
    chosen: Chosen,
    count: u32,
    /// It answers a challenge to this very request.
    answers: bool,
}

/// A request on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) url: &'a Url,
    /// The bytes of its body can be had before they are sent.
    pub(crate) has_bytes: bool,
    /// It can be sent again.
    pub(crate) is_repeatable: bool,
    /// The last nonce that was known when it was sent.
    pub(crate) since: u64,
    /// How many challenges have been answered for it.
    pub(crate) answers: u32,
}

/// The server has said something that it would say otherwise if it knew the password.
#[derive(Debug)]
pub(crate) struct WrongProof;

impl Digest {
    /// For the origin of this URL.
    pub(crate) fn new(home: &Url, login: Login) -> Self {
        Self {
            login,
            home: home.origin().into_owned(),
            rules: Rules { preemptive: true, integrity: false, proof: true },
            space: Space::default(),
            nonces: Vec::new(),
            serial: 0,
            floor: Floor::default(),
        }
    }

    pub(crate) fn rules_mut(&mut self) -> &mut Rules {
        &mut self.rules
    }

    pub(crate) fn home(&self) -> &str {
        &self.home
    }

    /// Whether the user may be known there.
    pub(crate) fn is_for(&self, url: &Url) -> bool {
        url.origin() == self.home || self.space.holds(url, &self.home)
    }

    /// The last nonce, and what is sent there unasked.
    pub(crate) fn ahead(&mut self, url: &Url, has_bytes: bool) -> (u64, Option<Ticket>) {
        let is_wanted = self.rules.preemptive && self.space.holds(url, &self.home);
        let ticket = is_wanted.then(|| self.ticket(&url.origin(), has_bytes, false)).flatten();
        (self.serial, ticket)
    }

    /// The last nonce of all.
    pub(crate) fn last(&self) -> u64 {
        self.serial
    }

    /// A 401 has come, to this answer or to none. The next answer, if there is to be one.
    pub(crate) fn challenged(
        &mut self,
        asked: Asked<'_>,
        used: Option<&Ticket>,
        headers: &HeaderMap,
        cnonce: impl FnOnce() -> String,
    ) -> Option<Ticket> {
        let origin = asked.url.origin();
        let challenge = self.choose(headers, &origin, asked.has_bytes)?;
        let is_enough = !asked.is_repeatable || asked.answers >= MOST_ANSWERS;
        if let Some(used) = used.filter(|used| used.answers) {
            if !challenge.stale {
                self.refused(used);
                return None;
            }
            if !is_enough {
                // Others have used up what it shared with them: this one is its own.
                return self.alone(challenge, cnonce(), asked.has_bytes);
            }
        }
        // Another request may have been given one in the meantime: it is shared, not replaced by each in turn.
        let is_newer = self
            .nonce(&origin)
            .is_some_and(|nonce| nonce.known.serial > asked.since && nonce.known.suits(&challenge));
        if !is_newer {
            self.take_up(&origin, asked.url, challenge, cnonce());
        }
        if is_enough { None } else { self.ticket(&origin, asked.has_bytes, true) }
    }

    /// Something else than a 401 has come: the server may have proved itself, and may want another nonce next.
    pub(crate) fn answered(
        &mut self,
        used: &Ticket,
        proof: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<(), WrongProof> {
        let info =
            challenge::parameters(headers.get_all(AUTHENTICATION_INFO).iter().map(|value| value.as_bytes()));
        if self.rules.proof
            && let (Some(proof), Some(said)) = (proof, info.get("rspauth"))
            && !said.eq_ignore_ascii_case(proof.as_bytes())
        {
            return Err(WrongProof);
        }
        self.floor.rise_to(&used.known.challenge);
        let same = self.nonces.iter_mut().find(|nonce| nonce.known.serial == used.known.serial);
        let Some(nonce) = same else { return Ok(()) };
        nonce.is_accepted = true;
        if let Some(next) =
            info.get("nextnonce").filter(|next| (1..=challenge::MOST_CARRIED).contains(&next.len()))
        {
            self.serial += 1;
            nonce.known = Arc::new(nonce.known.under(next, self.serial));
            nonce.count = 0;
        }
        Ok(())
    }

    /// The password is wrong. Or it is right and not enough, which leaves the others their nonce, if it was right before.
    fn refused(&mut self, used: &Ticket) {
        let serial = used.known.serial;
        self.nonces
            .retain_mut(|nonce| nonce.known.serial != serial || std::mem::take(&mut nonce.is_accepted));
    }

    /// The strongest of those that can be answered; of equal ones the first.
    fn choose(&self, headers: &HeaderMap, origin: &str, has_bytes: bool) -> Option<Challenge> {
        let all = Challenge::all(headers.get_all(WWW_AUTHENTICATE).iter().map(|value| value.as_bytes()));
        let is_possible = |challenge: &Challenge| {
            // Elsewhere the user is known by the name of home alone.
            let is_known = || self.nonce(&self.home).is_some_and(|home| home.known.is_of(&challenge.realm));
            self.floor.admits(challenge)
                && self.chosen(challenge, has_bytes).is_some()
                && (origin == self.home || is_known())
        };
        all.into_iter()
            .filter(is_possible)
            .reduce(|best, next| if next.strength() > best.strength() { next } else { best })
    }

    fn chosen(&self, challenge: &Challenge, has_bytes: bool) -> Option<Chosen> {
        let quality = challenge.quality;
        match (quality.auth, quality.auth_int && has_bytes) {
            (false, false) => quality.is_none().then_some(Chosen::None),
            (true, false) => Some(Chosen::Auth),
            (false, true) => Some(Chosen::AuthInt),
            (true, true) if self.rules.integrity => Some(Chosen::AuthInt),
            (true, true) => Some(Chosen::Auth),
        }
    }

    fn nonce(&self, origin: &str) -> Option<&Nonce> {
        self.nonces.iter().find(|nonce| nonce.origin == origin)
    }

    fn take_up(&mut self, origin: &str, url: &Url, challenge: Challenge, cnonce: String) {
        if origin == self.home {
            self.space = Space::of(&challenge.domain, url);
            // A place that is named no more is not asked again.
            self.nonces.retain(|nonce| nonce.origin == self.home || self.space.reaches(&nonce.origin));
        }
        let is_accepted =
            self.nonce(origin).is_some_and(|old| old.is_accepted && old.known.suits(&challenge));
        let known = self.known(challenge, cnonce);
        self.nonces.retain(|nonce| nonce.origin != origin);
        self.nonces.push(Nonce { origin: origin.to_owned(), known, count: 0, is_accepted });
    }

    fn known(&mut self, challenge: Challenge, cnonce: String) -> Arc<Known> {
        self.serial += 1;
        Arc::new(Known::new(&self.login, challenge, cnonce, self.serial))
    }

    /// For one answer, and not for others'.
    fn alone(&mut self, challenge: Challenge, cnonce: String, has_bytes: bool) -> Option<Ticket> {
        let chosen = self.chosen(&challenge, has_bytes)?;
        Some(Ticket { known: self.known(challenge, cnonce), chosen, count: 1, answers: true })
    }

    fn ticket(&mut self, origin: &str, has_bytes: bool, answers: bool) -> Option<Ticket> {
        let index = self.nonces.iter().position(|nonce| nonce.origin == origin)?;
        let chosen = self.chosen(&self.nonces[index].known.challenge, has_bytes)?;
        // Eight digits are all there is room for: a nonce that has been used so often is used no more.
        let Some(count) = self.nonces[index].count.checked_add(1) else {
            self.nonces.remove(index);
            return None;
        };
        self.nonces[index].count = count;
        Some(Ticket { known: Arc::clone(&self.nonces[index].known), chosen, count, answers })
    }
}

impl Ticket {
    /// Where the body's bytes count: what takes them in.
    pub(crate) fn hasher(&self) -> Option<Hasher> {
        (self.chosen == Chosen::AuthInt).then(|| self.known.algorithm().hasher())
    }

    /// It answers a challenge to the request that it is for.
    pub(crate) fn is_answer(&self) -> bool {
        self.answers
    }

    pub(crate) fn answer(&self, method: &str, url: &Url, body: Option<&str>) -> Answer {
        let target = target(url);
        self.known.answer(self.chosen, Message { method, target: &target, body, count: self.count })
    }
}

impl std::fmt::Debug for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nonce")
            .field("origin", &self.origin)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
