//! Whether, and when, to connect a lost stream of events again.

use std::time::Duration;

use http::StatusCode;

use crate::error::{ErrorKind, Phase};

use super::retry::is_transient;

/// What no `Retry-After` is waited for longer than.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// What a server cannot have the pause shorter than, and what it doubles from where there is to be none at all.
const SHORTEST: Duration = Duration::from_millis(500);

/// How a lost stream is connected again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reconnect {
    /// The reconnection time until the server has set one.
    pub(crate) time: Duration,
    /// The server's.
    pub(crate) asked: Option<Duration>,
    /// What no pause of our own making passes.
    pub(crate) ceiling: Duration,
    /// How many connections in a row may fail.
    pub(crate) max_attempts: Option<u32>,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(3),
            asked: None,
            ceiling: Duration::from_secs(60),
            max_attempts: None,
        }
    }
}

impl Reconnect {
    /// The pause after so many connections in a row that brought no event: the reconnection time after none of those, and
    /// a bound that doubles with each, of which at least half is waited. `asked` is a `Retry-After`, `random` any number.
    pub(crate) fn pause(&self, fruitless: u32, asked: Option<Duration>, random: u64) -> Duration {
        let least = self.least();
        let own = match fruitless {
            0 => least,
            _ => {
                let doubled = least.max(SHORTEST).saturating_mul(2_u32.saturating_pow(fruitless));
                let bound = doubled.min(self.ceiling);
                let from = least.max(bound / 2);
                let span = u64::try_from(bound.saturating_sub(from).as_nanos()).unwrap_or(u64::MAX);
                from + Duration::from_nanos(random % span.saturating_add(1).max(1))
            }
        };
        own.max(asked.unwrap_or_default().min(LONGEST))
    }

    /// The reconnection time. Whoever wants to be connected again sooner than a server may ask for, is.
    fn least(&self) -> Duration {
        let time = match self.asked {
            Some(asked) => asked.max(SHORTEST.min(self.time)),
            None => self.time,
        };
        time.min(self.ceiling)
    }

    /// Whether so many connections in a row that failed are all there may be.
    pub(crate) fn is_over(&self, failed: u32) -> bool {
        self.max_attempts.is_some_and(|most| failed >= most)
    }
}

/// Whether what ended a stream, or was in the way of it, may pass.
pub(crate) fn may_pass(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Timeout(phase) => !matches!(phase, Phase::Queue | Phase::Wall),
        ErrorKind::Status(status) => may_pass_status(*status),
        kind => is_transient(kind),
    }
}

fn may_pass_status(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const RANDOM: [u64; 5] = [0, 1, u64::MAX / 3, u64::MAX - 1, u64::MAX];

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_pause_is_the_reconnection_time_and_the_next_ones_double_up_to_the_ceiling() {
        let reconnect = Reconnect::default();
        for random in RANDOM {
            assert_eq!(reconnect.pause(0, None, random), seconds(3));
            for (fruitless, from, to) in
                [(1, 3, 6), (2, 6, 12), (3, 12, 24), (4, 24, 48), (5, 30, 60), (99, 30, 60)]
            {
                let pause = reconnect.pause(fruitless, None, random);
                assert!((seconds(from)..=seconds(to)).contains(&pause), "{fruitless} {random}: {pause:?}");
            }
        }
    }

    #[test]
    fn a_reconnection_time_past_the_ceiling_is_the_ceiling() {
        let reconnect = Reconnect { time: Duration::MAX, ..Reconnect::default() };
        for random in RANDOM {
            assert_eq!(reconnect.pause(0, None, random), seconds(60));
            assert_eq!(reconnect.pause(9, None, random), seconds(60));
        }
    }

    #[test]
    fn a_reconnection_time_of_nothing_backs_off_all_the_same() {
        let reconnect = Reconnect { time: Duration::ZERO, ..Reconnect::default() };
        for random in RANDOM {
            assert_eq!(reconnect.pause(0, None, random), Duration::ZERO);
            let pause = reconnect.pause(3, None, random);
            assert!((seconds(2)..=seconds(4)).contains(&pause), "{pause:?}");
        }
    }

    #[test]
    fn a_server_cannot_have_the_pause_shorter_than_half_a_second_unless_the_caller_has_it_shorter() {
        let ms = Duration::from_millis;
        let least = |own, asked| {
            let reconnect = Reconnect { time: ms(own), asked: Some(ms(asked)), ..Reconnect::default() };
            reconnect.pause(0, None, 0)
        };
        for (own, asked, expected) in
            [(3000, 0, 500), (3000, 499, 500), (3000, 501, 501), (400, 0, 400), (400, 450, 450), (0, 0, 0)]
        {
            assert_eq!(least(own, asked), ms(expected), "{own} {asked}");
        }
        let reconnect = Reconnect { asked: Some(ms(0)), ceiling: ms(100), ..Reconnect::default() };
        assert_eq!(reconnect.pause(0, None, 0), ms(100));
    }

    #[test]
    fn a_retry_after_is_waited_for_past_the_ceiling_but_not_for_ever() {
        let reconnect = Reconnect::default();
        assert_eq!(reconnect.pause(1, Some(seconds(600)), 0), seconds(600));
        assert_eq!(reconnect.pause(1, Some(Duration::MAX), 0), LONGEST);
        assert_eq!(reconnect.pause(1, Some(seconds(1)), 0), seconds(3));
    }

    #[test]
    fn pauses_of_any_size_do_not_overflow() {
        let reconnect = Reconnect {
            time: Duration::MAX,
            asked: None,
            ceiling: Duration::MAX,
            max_attempts: Some(u32::MAX),
        };
        for random in RANDOM {
            let _ = reconnect.pause(u32::MAX, Some(Duration::MAX), random);
        }
    }
}
