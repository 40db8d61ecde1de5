//! The sentinel: who looks after permits that their holders neglect.

use std::sync::Weak;
use std::time::Duration;

use crate::error::Phase;

use super::super::{Holder, Wakes};
#[cfg(feature = "websocket")]
use super::SlotId;
use super::{HostId, Slot, State, Until};

/// How long unread bodies may hold every permit before a warning says so.
const UNREAD_WARNING: Duration = Duration::from_secs(5);

/// How long a body may stay unread before it is taken in if it is small, when others wait. At once if unread bodies hold
/// everything.
pub(super) const LINGER: Duration = Duration::from_millis(100);

/// How long past its time a request may hold a permit without a response to take it back from: its own timer, which
/// ends the exchange, goes first.
const GRACE: Duration = Duration::from_millis(100);

/// What the sentinel's round found to do outside the lock.
pub(in super::super) struct Round {
    pub(in super::super) revoked: Vec<(Weak<dyn Holder>, Phase)>,
    pub(in super::super) unread: Vec<Weak<dyn Holder>>,
    pub(in super::super) warn: Option<usize>,
    pub(in super::super) wake_at: Option<Duration>,
}

impl State {
    /// No deadline takes this permit back any more.
    #[cfg(feature = "websocket")]
    pub(in super::super) fn keep(&mut self, slot: SlotId) {
        if let Slot::Holding { until, .. } = &mut self.slots[slot.0 as usize] {
            *until = Until::Deadline(None);
        }
    }

    /// Whether bodies that nobody reads hold every permit.
    pub(super) fn session_is_stalled(&self) -> bool {
        !self.has_room() && self.unread == self.holding.len()
    }

    /// Whether bodies that nobody reads hold every permit of a host that others wait for.
    pub(super) fn host_is_stalled(&self, host: HostId) -> bool {
        let entry = &self.hosts[host as usize];
        entry.waiting > 0 && !self.host_has_room(host) && entry.unread == entry.in_flight
    }

    /// Makes sure that someone has the role while anyone waits.
    pub(super) fn appoint(&mut self, wakes: &mut Wakes) {
        if self.sentinel.is_none() && (!self.holding.is_empty() || self.limits.pace.is_some()) {
            self.sentinel = self.everyone.tail();
            self.wake_sentinel(wakes);
        }
    }

    pub(super) fn wake_sentinel(&mut self, wakes: &mut Wakes) {
        if let Some(sentinel) = self.sentinel
            && let Slot::Waiting { waker, .. } = &mut self.slots[sentinel as usize]
        {
            wakes.add(waker.take());
        }
    }

    /// Bodies that nobody reads and that may be small, where the session is closed.
    pub(in super::super) fn neglected(&self) -> Vec<Weak<dyn Holder>> {
        let holding = self.holding.iter().filter(|_| self.is_closed());
        holding
            .filter_map(|slot| match &self.slots[*slot as usize] {
                Slot::Holding { holder, unread: Some(unread), .. } if unread.absorbable => holder.clone(),
                _ => None,
            })
            .collect()
    }

    /// Looks at every permit held: which are over their time, which hold everybody up, and when to look again.
    pub(super) fn round(&mut self, now: Duration) -> Round {
        let mut round = Round { revoked: Vec::new(), unread: Vec::new(), warn: None, wake_at: None };
        let mut over = Vec::new();
        let session_is_stalled = self.session_is_stalled();
        let mut newest = Duration::ZERO;
        for place in 0..self.holding.len() {
            let slot = self.holding[place];
            let Slot::Holding { host, until, holder, unread, .. } = &mut self.slots[slot as usize] else {
                continue;
            };
            let host = *host;
            if let Some((at, phase)) = until.start(now) {
                let at = if holder.is_some() { at } else { at.saturating_add(GRACE) };
                if at <= now {
                    match holder.clone() {
                        // It gives the permit back itself, after it has ended the transfer.
                        Some(holder) => {
                            *until = Until::Deadline(None);
                            round.revoked.push((holder, phase));
                        }
                        None => over.push(slot),
                    }
                    continue;
                }
                round.wake_at = earliest(round.wake_at, Some(at));
            }
            let Some(unread) = unread else { continue };
            newest = newest.max(unread.since);
            let Some(holder) = holder.clone().filter(|_| unread.absorbable) else { continue };
            let due = unread.since.saturating_add(LINGER);
            if due <= now || session_is_stalled || self.host_is_stalled(host) {
                // Its waker tells when there is more to take in.
                round.unread.push(holder);
            } else {
                round.wake_at = earliest(round.wake_at, Some(due));
            }
        }
        if session_is_stalled && over.is_empty() && round.revoked.is_empty() && !self.warned {
            let at = newest.saturating_add(UNREAD_WARNING);
            if at <= now {
                self.warned = true;
                round.warn = Some(self.unread);
            } else {
                round.wake_at = earliest(round.wake_at, Some(at));
            }
        }
        for slot in over {
            self.release(slot);
        }
        if self.limits.pace.is_some() && self.has_room() && self.ring.head().is_some() {
            round.wake_at = earliest(round.wake_at, Some(self.next_start.max(now)));
        }
        round
    }
}

fn earliest(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
