//! What the scheduler's mutex guards: slots in a slab, each host's lines threaded through them, a ring of hosts whose
//! turn may come. Every change is constant time in the number of waiters.

mod closing;
mod sentinel;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use crate::error::Phase;

pub(super) use self::sentinel::Round;

use self::{closing::End, sentinel::LINGER};
use super::line::{Line, Links};
use super::{Figures, Holder, HostFigures, Limits, PATIENCE, Ticket, Wakes};

/// So many slots are kept for later when nobody uses any; of more, the memory goes back.
const KEPT_SLOTS: usize = 1_024;

/// A slot's place in the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SlotId(u32);

type HostId = u32;

/// Who goes first at a host: by priority, and of equals those that have waited before.
type Rank = (i8, bool);

pub(super) struct State {
    limits: Limits,
    slots: Vec<Slot>,
    free_slots: Vec<u32>,
    hosts: Vec<Host>,
    free_hosts: Vec<HostId>,
    by_origin: HashMap<Arc<str>, HostId>,
    /// Hosts that have waiters and room for one, in the order of their turns.
    ring: Line,
    /// Every waiter, oldest first.
    everyone: Line,
    /// The slots that hold a permit, in no order.
    holding: Vec<u32>,
    waiting: usize,
    /// Permits held by responses that nobody has begun to read.
    unread: usize,
    sentinel: Option<u32>,
    /// When the sentinel will look again by itself.
    planned: Option<Duration>,
    /// When anyone looked last.
    looked: Option<Duration>,
    warned: bool,
    /// Where starts are paced: not before this.
    next_start: Duration,
    end: End,
}

struct Host {
    origin: Arc<str>,
    in_flight: usize,
    waiting: usize,
    unread: usize,
    /// Its neighbours in the ring, while it is in there.
    turn: Option<Links>,
    /// One line for each rank in use, the highest first.
    lanes: Vec<(Rank, Line)>,
}

enum Slot {
    Free,
    Waiting {
        host: HostId,
        rank: Rank,
        allowed: Allowed,
        waker: Option<Waker>,
        lane: Links,
        all: Links,
    },
    Holding {
        host: HostId,
        place: u32,
        until: Until,
        holder: Option<Weak<dyn Holder>>,
        unread: Option<Unread>,
    },
    /// Taken back; whoever has it has not noticed yet.
    Revoked,
    /// The session was closed while it waited.
    Closed,
}

/// How long a permit may be held.
#[derive(Clone, Copy)]
enum Until {
    Deadline(Option<(Duration, Phase)>),
    /// Granted, but its owner has not been polled since: the clock starts when anyone looks.
    Unclaimed(Allowed),
}

/// What a request's clocks have left.
#[derive(Clone, Copy, Default)]
struct Allowed {
    total_left: Option<Duration>,
    wall_at: Option<Duration>,
}

/// A response in its caller's hands that nobody has begun to read.
struct Unread {
    since: Duration,
    absorbable: bool,
}

/// How a slot stands when its owner asks.
pub(super) enum Claim {
    Closed,
    Held,
    Revoked,
    Waiting,
}

impl State {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            slots: Vec::new(),
            free_slots: Vec::new(),
            hosts: Vec::new(),
            free_hosts: Vec::new(),
            by_origin: HashMap::new(),
            ring: Line::default(),
            everyone: Line::default(),
            holding: Vec::new(),
            waiting: 0,
            unread: 0,
            sentinel: None,
            planned: None,
            looked: None,
            warned: false,
            next_start: Duration::ZERO,
            end: End::default(),
        }
    }

    /// A place in line, unless the session is closed to this one.
    pub(super) fn enqueue(&mut self, ticket: &Ticket, wakes: &mut Wakes) -> Option<SlotId> {
        if self.is_closed() && !ticket.front {
            return None;
        }
        let host = self.host(&ticket.origin);
        let slot = self.new_slot(Slot::Waiting {
            host,
            rank: ticket.rank(),
            allowed: Allowed { total_left: ticket.total_left, wall_at: ticket.wall_at },
            waker: None,
            lane: Links::default(),
            all: Links::default(),
        });
        let rank = ticket.rank();
        self.hosts[host as usize].lane(rank).push_back(&mut self.slots, slot, lane_links);
        self.everyone.push_back(&mut self.slots, slot, all_links);
        self.hosts[host as usize].waiting += 1;
        self.waiting += 1;
        self.offer_turn(host);
        if self.host_is_stalled(host) {
            self.wake_sentinel(wakes);
        }
        Some(SlotId(slot))
    }

    /// Gives permits to whoever's turn it is while there is room, and the pace allows it.
    pub(super) fn grant(&mut self, now: Option<Duration>, wakes: &mut Wakes) {
        while self.has_room() {
            let Some(host) = self.ring.head() else { break };
            if self.limits.pace.is_some() {
                let Some(now) = now else {
                    self.wake_sentinel(wakes);
                    break;
                };
                if now < self.next_start {
                    if self.planned.is_none_or(|at| at > self.next_start) {
                        self.wake_sentinel(wakes);
                    }
                    break;
                }
                self.count_start(now);
            }
            self.withdraw_turn(host);
            if let Some(slot) = self.hosts[host as usize].first() {
                wakes.add(self.promote(slot));
                self.offer_turn(host);
            }
        }
        self.appoint(wakes);
    }

    /// Moves the next start on. Time in which nobody started is not made up for.
    pub(super) fn count_start(&mut self, now: Duration) {
        if let Some(pace) = self.limits.pace {
            self.next_start = self.next_start.max(now).saturating_add(pace);
        }
    }

    /// Notes the owner's waker. The sentinel's round comes back when the role is this waiter's.
    pub(super) fn wait(
        &mut self,
        slot: SlotId,
        by: &Waker,
        now: Duration,
        takes_over: bool,
    ) -> Option<Round> {
        let Some(Slot::Waiting { waker, .. }) = self.slots.get_mut(slot.0 as usize) else { return None };
        match waker {
            Some(waker) if waker.will_wake(by) => {}
            _ => *waker = Some(by.clone()),
        }
        // Of many that were patient for as long, one looks: each look is as much work as there are permits.
        if takes_over && self.looked.is_none_or(|at| at.saturating_add(PATIENCE) <= now) {
            self.sentinel = Some(slot.0);
        }
        if *self.sentinel.get_or_insert(slot.0) != slot.0 {
            return None;
        }
        let round = self.round(now);
        self.planned = round.wake_at;
        self.looked = Some(now);
        Some(round)
    }

    pub(super) fn claim(&mut self, slot: SlotId, now: Duration) -> Claim {
        match &mut self.slots[slot.0 as usize] {
            Slot::Holding { until, .. } => {
                until.start(now);
                Claim::Held
            }
            Slot::Revoked => Claim::Revoked,
            Slot::Closed => Claim::Closed,
            Slot::Waiting { .. } | Slot::Free => Claim::Waiting,
        }
    }

    pub(super) fn handed_out(
        &mut self,
        slot: SlotId,
        by: Weak<dyn Holder>,
        now: Duration,
        wakes: &mut Wakes,
    ) {
        let Slot::Holding { host, until, holder, unread, .. } = &mut self.slots[slot.0 as usize] else {
            return;
        };
        let (host, due) = (*host, until.start(now).map_or(Duration::MAX, |(at, _)| at));
        *holder = Some(by);
        if unread.replace(Unread { since: now, absorbable: true }).is_none() {
            self.hosts[host as usize].unread += 1;
            self.unread += 1;
        }
        let looks_in_time = self.planned.is_some_and(|at| at <= due && at <= now.saturating_add(LINGER));
        if self.waiting > 0 && (!looks_in_time || self.session_is_stalled() || self.host_is_stalled(host)) {
            self.wake_sentinel(wakes);
        }
    }

    pub(super) fn reading(&mut self, slot: SlotId) {
        if let Slot::Holding { host, unread, .. } = &mut self.slots[slot.0 as usize]
            && unread.take().is_some()
        {
            self.hosts[*host as usize].unread -= 1;
            self.unread -= 1;
        }
    }

    pub(super) fn not_absorbable(&mut self, slot: SlotId) {
        if let Some(Slot::Holding { unread: Some(unread), .. }) = self.slots.get_mut(slot.0 as usize) {
            unread.absorbable = false;
        }
    }

    pub(super) fn is_revoked(&self, slot: SlotId) -> bool {
        matches!(self.slots[slot.0 as usize], Slot::Revoked)
    }

    /// The slot's owner goes: it waits no longer, or gives its permit back.
    pub(super) fn leave(&mut self, slot: SlotId) {
        match self.slots[slot.0 as usize] {
            Slot::Waiting { .. } => {
                let host = self.unlink(slot.0);
                self.forget_if_idle(host);
            }
            Slot::Holding { .. } => self.release(slot.0),
            Slot::Revoked | Slot::Closed | Slot::Free => {}
        }
        self.slots[slot.0 as usize] = Slot::Free;
        self.free_slots.push(slot.0);
        if self.free_slots.len() == self.slots.len() && self.slots.len() > KEPT_SLOTS {
            self.give_memory_back();
        }
    }

    /// Nobody waits or holds anything.
    fn give_memory_back(&mut self) {
        (self.slots, self.free_slots) = (Vec::new(), Vec::new());
        (self.hosts, self.free_hosts) = (Vec::new(), Vec::new());
        self.by_origin.shrink_to_fit();
        self.holding.shrink_to_fit();
    }

    pub(super) fn figures(&self) -> Figures {
        let hosts = self.by_origin.values().map(|host| {
            let Host { origin, in_flight, waiting, .. } = &self.hosts[*host as usize];
            HostFigures { origin: origin.to_string(), in_flight: *in_flight, waiting: *waiting }
        });
        Figures { in_flight: self.holding.len(), waiting: self.waiting, hosts: hosts.collect() }
    }

    fn has_room(&self) -> bool {
        self.limits.session == 0 || self.holding.len() < self.limits.session
    }

    fn host_has_room(&self, host: HostId) -> bool {
        self.limits.per_host == 0 || self.hosts[host as usize].in_flight < self.limits.per_host
    }

    /// Puts the host at the ring's end if it has someone waiting, has room, and is not there already.
    fn offer_turn(&mut self, host: HostId) {
        let room = self.host_has_room(host);
        let entry = &mut self.hosts[host as usize];
        if room && entry.waiting > 0 && entry.turn.is_none() {
            entry.turn = Some(Links::default());
            self.ring.push_back(&mut self.hosts, host, turn_links);
        }
    }

    fn withdraw_turn(&mut self, host: HostId) {
        if self.hosts[host as usize].turn.is_some() {
            self.ring.remove(&mut self.hosts, host, turn_links);
            self.hosts[host as usize].turn = None;
        }
    }

    /// From waiting to holding.
    fn promote(&mut self, slot: u32) -> Option<Waker> {
        let host = self.unlink(slot);
        let place = u32::try_from(self.holding.len()).unwrap_or(u32::MAX);
        let (waker, allowed) = match &mut self.slots[slot as usize] {
            Slot::Waiting { waker, allowed, .. } => (waker.take(), *allowed),
            _ => (None, Allowed::default()),
        };
        let until = Until::Unclaimed(allowed);
        self.slots[slot as usize] = Slot::Holding { host, place, until, holder: None, unread: None };
        self.holding.push(slot);
        self.hosts[host as usize].in_flight += 1;
        waker
    }

    /// Takes a holding slot's permit away; the slot itself stays its owner's.
    fn release(&mut self, slot: u32) {
        self.reading(SlotId(slot));
        let Slot::Holding { host, place, .. } = self.slots[slot as usize] else { return };
        self.slots[slot as usize] = Slot::Revoked;
        self.holding.swap_remove(place as usize);
        if let Some(moved) = self.holding.get(place as usize)
            && let Slot::Holding { place: its, .. } = &mut self.slots[*moved as usize]
        {
            *its = place;
        }
        self.hosts[host as usize].in_flight -= 1;
        self.offer_turn(host);
        self.forget_if_idle(host);
    }

    /// Takes a waiter out of its lines.
    fn unlink(&mut self, slot: u32) -> HostId {
        let Slot::Waiting { host, rank, .. } = self.slots[slot as usize] else { return 0 };
        self.hosts[host as usize].lane(rank).remove(&mut self.slots, slot, lane_links);
        self.everyone.remove(&mut self.slots, slot, all_links);
        let entry = &mut self.hosts[host as usize];
        entry.lanes.retain(|(_, line)| line.head().is_some());
        entry.waiting -= 1;
        if entry.waiting == 0 {
            self.withdraw_turn(host);
        }
        self.waiting -= 1;
        if self.sentinel == Some(slot) {
            self.sentinel = None;
            self.planned = None;
        }
        host
    }

    /// A host of which nothing is left costs nothing.
    fn forget_if_idle(&mut self, host: HostId) {
        let entry = &self.hosts[host as usize];
        if entry.in_flight == 0 && entry.waiting == 0 {
            self.by_origin.remove(&entry.origin);
            self.free_hosts.push(host);
        }
    }

    fn host(&mut self, origin: &Arc<str>) -> HostId {
        if let Some(host) = self.by_origin.get(origin) {
            return *host;
        }
        let entry = Host {
            origin: Arc::clone(origin),
            in_flight: 0,
            waiting: 0,
            unread: 0,
            turn: None,
            lanes: Vec::new(),
        };
        let host = match self.free_hosts.pop() {
            Some(host) => {
                self.hosts[host as usize] = entry;
                host
            }
            None => {
                self.hosts.push(entry);
                index(self.hosts.len() - 1)
            }
        };
        self.by_origin.insert(Arc::clone(origin), host);
        host
    }

    fn new_slot(&mut self, slot: Slot) -> u32 {
        match self.free_slots.pop() {
            Some(free) => {
                self.slots[free as usize] = slot;
                free
            }
            None => {
                self.slots.push(slot);
                index(self.slots.len() - 1)
            }
        }
    }
}

impl Host {
    /// The rank's line; a new one where there is none yet.
    fn lane(&mut self, rank: Rank) -> &mut Line {
        let place = self.lanes.iter().position(|(its, _)| *its <= rank).unwrap_or(self.lanes.len());
        if self.lanes.get(place).is_none_or(|(its, _)| *its != rank) {
            self.lanes.insert(place, (rank, Line::default()));
        }
        &mut self.lanes[place].1
    }

    /// Whose turn it is at this host.
    fn first(&self) -> Option<u32> {
        self.lanes.first().and_then(|(_, line)| line.head())
    }
}

impl Until {
    fn start(&mut self, now: Duration) -> Option<(Duration, Phase)> {
        if let Self::Unclaimed(Allowed { total_left, wall_at }) = *self {
            let total = total_left.and_then(|left| now.checked_add(left)).map(|at| (at, Phase::Total));
            let wall = wall_at.map(|at| (at, Phase::Wall));
            *self = Self::Deadline([wall, total].into_iter().flatten().min_by_key(|(at, _)| *at));
        }
        match *self {
            Self::Deadline(deadline) => deadline,
            Self::Unclaimed(_) => None,
        }
    }
}

impl Ticket {
    fn rank(&self) -> Rank {
        (self.priority, self.front)
    }
}

fn lane_links(slot: &mut Slot) -> Option<&mut Links> {
    match slot {
        Slot::Waiting { lane, .. } => Some(lane),
        _ => None,
    }
}

fn all_links(slot: &mut Slot) -> Option<&mut Links> {
    match slot {
        Slot::Waiting { all, .. } => Some(all),
        _ => None,
    }
}

fn turn_links(host: &mut Host) -> Option<&mut Links> {
    host.turn.as_mut()
}

/// Slots and hosts number less than 2 to the 32: each costs far more memory elsewhere.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
