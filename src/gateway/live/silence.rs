//! [`Silence`]: whether a client is still there that says nothing. Pure: the time comes in.

use std::time::Duration;

/// After so long the client is asked whether it is there.
const ASKED: Duration = Duration::from_secs(25);

/// After so long it has gone.
const GONE: Duration = Duration::from_secs(75);

/// Since when a client has said nothing, and taken nothing of what it was slow to take.
#[derive(Debug)]
pub(super) struct Silence {
    since: Duration,
    is_asked: bool,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Ask,
    Part,
    Wait,
}

impl Silence {
    pub(super) fn since(now: Duration) -> Self {
        Self { since: now, is_asked: false }
    }

    /// When there is something to do about it.
    pub(super) fn due(&self) -> Duration {
        self.since + if self.is_asked { GONE } else { ASKED }
    }

    /// What there is to do by now. It is asked once.
    pub(super) fn at(&mut self, now: Duration) -> Then {
        let lasted = now.saturating_sub(self.since);
        if lasted >= GONE {
            Then::Part
        } else if lasted >= ASKED && !self.is_asked {
            self.is_asked = true;
            Then::Ask
        } else {
            Then::Wait
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_client_is_asked_once_and_then_has_gone() {
        let second = Duration::from_secs;
        let mut silence = Silence::since(second(100));
        assert_eq!((silence.due(), silence.at(second(124))), (second(125), Then::Wait));
        assert_eq!((silence.at(second(125)), silence.at(second(126))), (Then::Ask, Then::Wait));
        assert_eq!((silence.due(), silence.at(second(174))), (second(175), Then::Wait));
        assert_eq!(silence.at(second(175)), Then::Part);
        silence = Silence::since(second(150));
        assert_eq!((silence.due(), silence.at(second(174))), (second(175), Then::Wait));
    }
}
