//! [`Patience`]: how long a list may take to come. Pure: the time comes in.

use std::time::Duration;

/// How long a JSON list, or the first line of lines, may take in all…
const SOON: Duration = Duration::from_secs(30);

/// …and a second more for so many bytes of it.
const PER_SECOND: u64 = 16 << 10;

/// How long a line that follows may take: some lists are made as they are sent…
const LATER: Duration = Duration::from_secs(300);

/// …but by those who wait for rows.
const IDLE: Duration = Duration::from_secs(60);

/// How long is waited for what is to come next.
#[derive(Debug)]
pub(super) struct Patience {
    since: Duration,
    /// How many bytes of it have come.
    bytes: u64,
    /// Of a line that follows: when something was under way.
    busy: Option<Duration>,
}

impl Patience {
    /// For a JSON list, or the first line.
    pub(super) fn begin(now: Duration) -> Self {
        Self { since: now, bytes: 0, busy: None }
    }

    /// For the next line.
    pub(super) fn next(&mut self, now: Duration) {
        *self = Self { since: now, bytes: 0, busy: Some(now) };
    }

    /// So much of it has come: not the time that it takes.
    pub(super) fn came(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// When there is to be [asked](Self::is_over) whether it is over.
    pub(super) fn due(&self) -> Duration {
        match self.busy {
            None => self.since + SOON + Duration::from_secs(self.bytes / PER_SECOND),
            Some(busy) => (busy + IDLE).min(self.since + LATER),
        }
    }

    /// Whether it is by now, where something is under way or nothing.
    pub(super) fn is_over(&mut self, now: Duration, is_busy: bool) -> bool {
        if self.busy.is_some() && is_busy {
            self.busy = Some(now);
        }
        now >= self.due()
    }

    /// How long it has lasted.
    pub(super) fn lasted(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn a_list_that_comes_in_drops_is_not_waited_for() {
        let mut patience = Patience::begin(at(100));
        for second in (100..130).step_by(5) {
            patience.came(1);
            assert!(!patience.is_over(at(second), true));
        }
        assert_eq!(patience.due(), at(130));
        assert!(patience.is_over(at(130), true), "whatever is under way");
        patience.came(10 * PER_SECOND as usize);
        assert!(!patience.is_over(at(139), false) && patience.is_over(at(140), false), "a long one");
    }

    #[test]
    fn a_line_is_waited_for_while_rows_are_to_come_but_not_for_ever() {
        let mut patience = Patience::begin(at(0));
        patience.next(at(100));
        patience.came(1);
        assert_eq!(patience.due(), at(160));
        assert!(!patience.is_over(at(159), false));
        assert!(!patience.is_over(at(160), true));
        assert_eq!(patience.due(), at(220));
        assert!(patience.is_over(at(220), false));
        for second in (220..400).step_by(60) {
            assert!(!patience.is_over(at(second), true));
        }
        assert_eq!(patience.due(), at(400));
        assert!(patience.is_over(at(400), true));
        patience.next(at(401));
        assert!(!patience.is_over(at(402), false));
        assert_eq!(patience.lasted(at(402)), at(1));
    }
}
