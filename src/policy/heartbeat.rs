//! When to ask a silent peer for a sign of life, and when to give it up.

use std::time::Duration;

/// The heartbeat of one connection: after so long a silence a ping, and half of that for anything to come.
#[derive(Clone, Debug)]
pub(crate) struct Heartbeat {
    every: Duration,
    /// When something came last, or the ping was sent that is yet to be answered.
    since: Duration,
    is_asked: bool,
    heard: u64,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nothing came, though it was asked for.
    Dead,
    /// Send a ping, and ask again.
    Ping,
    /// Nothing before this time.
    Wait(Duration),
}

impl Heartbeat {
    /// Begins now. `every` is not zero.
    pub(crate) fn new(every: Duration, now: Duration) -> Self {
        Self { every, since: now, is_asked: false, heard: 0 }
    }

    /// Something has come.
    pub(crate) fn note(&mut self, now: Duration) {
        (self.since, self.is_asked) = (now, false);
    }

    /// What to do, where `heard` is another number whenever something has come.
    pub(crate) fn beat(&mut self, now: Duration, heard: u64) -> Beat {
        if heard != self.heard {
            self.heard = heard;
            self.note(now);
        }
        let patience = if self.is_asked { self.every / 2 } else { self.every };
        let Some(at) = self.since.checked_add(patience) else { return Beat::Wait(Duration::MAX) };
        match (now < at, self.is_asked) {
            (true, _) => Beat::Wait(at),
            (false, true) => Beat::Dead,
            (false, false) => {
                (self.since, self.is_asked) = (now, true);
                Beat::Ping
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_silence_is_asked_about_and_half_of_it_is_waited_for_the_answer() {
        let mut heartbeat = Heartbeat::new(at(20), at(100));
        assert_eq!(heartbeat.beat(at(100), 0), Beat::Wait(at(120)));
        assert_eq!(heartbeat.beat(at(120), 0), Beat::Ping);
        assert_eq!(heartbeat.beat(at(120), 0), Beat::Wait(at(130)));
        assert_eq!(heartbeat.beat(at(130), 0), Beat::Dead);
    }

    #[test]
    fn whatever_comes_is_a_sign_of_life() {
        let mut heartbeat = Heartbeat::new(at(20), at(0));
        assert_eq!(heartbeat.beat(at(19), 1), Beat::Wait(at(39)));
        assert_eq!(heartbeat.beat(at(39), 1), Beat::Ping);
        assert_eq!(heartbeat.beat(at(48), 2), Beat::Wait(at(68)));
    }

    #[test]
    fn what_was_there_already_when_it_is_taken_is_a_sign_of_life_too() {
        let mut heartbeat = Heartbeat::new(at(20), at(0));
        assert_eq!(heartbeat.beat(at(1), 1), Beat::Wait(at(21)));
        heartbeat.note(at(25));
        assert_eq!(heartbeat.beat(at(26), 1), Beat::Wait(at(45)));
    }

    #[test]
    fn a_heartbeat_without_end_never_beats() {
        let mut heartbeat = Heartbeat::new(Duration::MAX, at(1));
        assert_eq!(heartbeat.beat(Duration::MAX - at(1), 0), Beat::Wait(Duration::MAX));
    }
}
