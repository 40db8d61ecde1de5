//! Whether, and when, to ask again after a failure.

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};

use crate::error::{ErrorKind, Phase};

/// How failures are retried. Off unless set.
///
/// Only methods that may be sent twice are (GET, HEAD, OPTIONS, PUT, DELETE, TRACE: RFC 9110, section 9.2.2), and only
/// after failures before the response's head that may pass: no connection, or none by the proxy (unless it refuses for
/// good), an early end, a name that did not resolve, the connect or headers timeout, and the statuses 408, 425, 429,
/// 500, 502, 503 and 504. The permit is given back while backing off; the total clock
/// runs on.
///
/// ```
/// use std::time::Duration;
/// use dualfetch::Retry;
///
/// let retry = Retry::standard().attempts(5).backoff(Duration::from_millis(200), Duration::from_secs(30));
/// # let _ = retry;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    attempts: u32,
    base: Duration,
    cap: Duration,
}

impl Retry {
    /// Three attempts in all; the first pause is random up to 500 ms, the bound doubles each time, and no pause is over
    /// 30 s.
    #[must_use]
    pub fn standard() -> Self {
        Self { attempts: 3, base: Duration::from_millis(500), cap: Duration::from_secs(30) }
    }

    /// How many attempts there may be in all, the first included. 0 counts as 1. Default 3.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The bound of the first pause, which doubles each time, and what no pause passes. A `Retry-After` that asks for
    /// more than `cap` ends the attempts. Default 500 ms and 30 s.
    #[must_use]
    pub fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.base = base;
        self.cap = cap;
        self
    }

    /// Decides after the `attempt`-th attempt, counted from 1. `random` is any number.
    #[must_use]
    pub fn decide(&self, attempt: u32, method: &Method, outcome: Outcome<'_>, random: u64) -> Decision {
        if attempt >= self.attempts || !may_be_sent_twice(method) {
            return Decision::Stop;
        }
        let asked = match outcome {
            Outcome::Failed(kind) if is_transient(kind) => None,
            Outcome::Answered { status, retry_after } if is_transient_status(status) => retry_after,
            _ => return Decision::Stop,
        };
        match asked {
            Some(after) if after > self.cap => Decision::Stop,
            Some(after) => Decision::Retry { after },
            None => Decision::Retry { after: self.pause(attempt, random) },
        }
    }

    /// "Full jitter": anything from nothing to the bound, so that clients that failed together come back apart.
    fn pause(&self, attempt: u32, random: u64) -> Duration {
        let bound = self.base.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).min(self.cap);
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(random.checked_rem(nanos.saturating_add(1)).unwrap_or(0))
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// With a response.
    Answered {
        /// Its status.
        status: StatusCode,
        /// What its `Retry-After` asks for, where it has one.
        retry_after: Option<Duration>,
    },
    /// Without one.
    Failed(&'a ErrorKind),
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Ask again.
    Retry {
        /// But not before this much time has passed.
        after: Duration,
    },
    /// The outcome stands.
    Stop,
}

fn may_be_sent_twice(method: &Method) -> bool {
    method.is_idempotent()
}

pub(super) fn is_transient(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Connect
            | ErrorKind::Disconnected
            | ErrorKind::Dns
            | ErrorKind::Network
            | ErrorKind::Proxy { refused: false, .. }
            | ErrorKind::Timeout(Phase::Connect | Phase::Headers)
    )
}

/// The pause that an answer asks for (RFC 9110, section 10.2.3), where its own clock tells how long it is.
pub(crate) fn pause_asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim_ascii);
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let [then, now] = [asked, text(DATE)?].map(|date| httpdate::parse_http_date(date).ok());
    Some(then?.duration_since(now?).unwrap_or_default())
}

/// Something like chance: pauses of what failed together are to differ. (SplitMix64.)
pub(crate) fn scattered(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A status that may be another one the next time.
pub(crate) fn is_transient_status(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn after(attempt: u32, method: Method, kind: ErrorKind) -> Decision {
        Retry::standard().decide(attempt, &method, Outcome::Failed(&kind), u64::MAX)
    }

    fn answered(status: u16, retry_after: Option<u64>) -> Decision {
        let status = StatusCode::from_u16(status).expect("a status");
        let outcome = Outcome::Answered { status, retry_after: retry_after.map(Duration::from_secs) };
        Retry::standard().decide(1, &Method::GET, outcome, 0)
    }

    #[test]
    fn only_passing_failures_of_repeatable_methods_are_retried() {
        assert!(matches!(after(1, Method::GET, ErrorKind::Connect), Decision::Retry { .. }));
        assert!(matches!(after(2, Method::PUT, ErrorKind::Timeout(Phase::Headers)), Decision::Retry { .. }));
        assert_eq!(after(1, Method::POST, ErrorKind::Connect), Decision::Stop);
        assert_eq!(after(1, Method::GET, ErrorKind::Tls), Decision::Stop);
        let proxy = |refused| ErrorKind::Proxy { status: None, refused };
        assert!(matches!(after(1, Method::GET, proxy(false)), Decision::Retry { .. }));
        assert_eq!(after(1, Method::GET, proxy(true)), Decision::Stop);
        assert_eq!(after(1, Method::GET, ErrorKind::Timeout(Phase::Total)), Decision::Stop);
        assert_eq!(after(3, Method::GET, ErrorKind::Connect), Decision::Stop);
    }

    #[test]
    fn pauses_double_and_stay_under_the_cap() {
        let retry = Retry::standard().attempts(100);
        for (attempt, bound) in [(1, 500), (2, 1_000), (3, 2_000), (10, 30_000), (90, 30_000)] {
            for random in [0, 1, u64::MAX / 3, u64::MAX] {
                assert!(retry.pause(attempt, random) <= Duration::from_millis(bound), "{attempt} {random}");
            }
        }
    }

    #[test]
    fn retry_after_is_obeyed_up_to_the_cap() {
        assert_eq!(answered(503, Some(7)), Decision::Retry { after: Duration::from_secs(7) });
        assert_eq!(answered(429, Some(3_600)), Decision::Stop);
        assert_eq!(answered(404, Some(1)), Decision::Stop);
        assert_eq!(answered(500, None), Decision::Retry { after: Duration::ZERO });
    }

    #[test]
    fn a_back_off_of_any_size_does_not_overflow() {
        let retry = Retry::standard().attempts(u32::MAX).backoff(Duration::MAX, Duration::MAX);
        let _ = retry.pause(u32::MAX - 1, u64::MAX);
    }
}
