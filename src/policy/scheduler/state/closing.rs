//! The end of a session: who is sent away, and when nothing is under way any more.

use std::task::Waker;

use super::super::Wakes;
use super::{Slot, State, all_links};

/// How far a session is closed.
#[derive(Default)]
pub(super) struct End {
    /// Only those that have had their turn before may have another.
    closed: bool,
    /// Calls that gave their permit back and will want another.
    between: usize,
    /// Who waits for the last one under way to end, each by a number of its own.
    closers: Vec<(usize, Waker)>,
    /// How many have asked for one.
    numbers: usize,
}

impl State {
    /// Sends away whoever waits for a first turn. `false` when it was closed before.
    pub(in super::super) fn close(&mut self, wakes: &mut Wakes) -> bool {
        let mut next = self.everyone.head();
        while let Some(slot) = next {
            next = self.everyone.after(&mut self.slots, slot, all_links);
            if let Slot::Waiting { rank: (_, false), waker, .. } = &mut self.slots[slot as usize] {
                wakes.add(waker.take());
                let host = self.unlink(slot);
                self.forget_if_idle(host);
                self.slots[slot as usize] = Slot::Closed;
            }
        }
        !std::mem::replace(&mut self.end.closed, true)
    }

    pub(in super::super) fn is_closed(&self) -> bool {
        self.end.closed
    }

    /// A call gives its permit back and will want another, or wants none any more.
    pub(in super::super) fn count_between(&mut self, is_between: bool) {
        match is_between {
            true => self.end.between += 1,
            false => self.end.between -= 1,
        }
    }

    fn is_over(&self) -> bool {
        self.end.closed && self.holding.is_empty() && self.end.between == 0
    }

    /// A number to wait for the end by.
    pub(in super::super) fn closer(&mut self) -> usize {
        self.end.numbers += 1;
        self.end.numbers
    }

    /// Whether nothing is under way any more, nor ever will be. If something is, the waker hears when it has ended.
    pub(in super::super) fn wait_for_the_end(&mut self, closer: usize, by: &Waker) -> bool {
        if self.is_over() {
            return true;
        }
        match self.end.closers.iter_mut().find(|(number, _)| *number == closer) {
            Some((_, waker)) => waker.clone_from(by),
            None => self.end.closers.push((closer, by.clone())),
        }
        false
    }

    /// That one waits no more. What it would have been woken by may own more than this state should see the end of.
    pub(in super::super) fn forget_closer(&mut self, closer: usize) -> Option<Waker> {
        let place = self.end.closers.iter().position(|(number, _)| *number == closer)?;
        Some(self.end.closers.swap_remove(place).1)
    }

    /// Those to wake when the last one under way has ended.
    pub(in super::super) fn note_the_end(&mut self, wakes: &mut Wakes) {
        if self.is_over() {
            for (_, waker) in std::mem::take(&mut self.end.closers) {
                wakes.add(Some(waker));
            }
        }
    }
}
