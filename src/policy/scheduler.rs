//! Who may start now: limits for the session and for each host, granted together, fair between hosts.
//!
//! Requests to one host wait in line, those of a higher priority first; hosts take turns. A permit is granted only
//! when the session and the host both have room, in one step, so a crowded host never keeps an idle one waiting and
//! nothing is acquired in any order. One short mutex guards it all; nobody is woken while it is held.
//!
//! Permits are held until the body has been read. Where callers first send everything and read later, that would wait
//! for ever, so one waiter is the *sentinel* (the newest, which waits longest): it lets small bodies
//! that nobody reads run into memory, and takes back permits whose time is over.

mod line;
mod state;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::error::Phase;
use crate::maybe::{MaybeSend, MaybeSync};

use state::{SlotId, State};

/// How long a waiter relies on the sentinel before it looks for itself; doubled each time.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many requests may be under way. 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many requests in the whole session; 0 for no limit.
    pub session: usize,
    /// How many requests at each host: scheme, name and port; 0 for no limit.
    pub per_host: usize,
    /// The shortest time from one start to the next.
    pub(crate) pace: Option<Duration>,
}

impl Limits {
    /// These limits; 0 is none.
    #[must_use]
    pub fn new(session: usize, per_host: usize) -> Self {
        Self { session, per_host, pace: None }
    }

    /// And no start sooner than this after the one before.
    pub(crate) fn paced(mut self, pace: Option<Duration>) -> Self {
        self.pace = pace;
        self
    }
}

/// What is under way and what waits, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figures {
    /// Permits held.
    pub in_flight: usize,
    /// Requests waiting for one.
    pub waiting: usize,
    /// Each host that has any of either, in no order.
    pub hosts: Vec<HostFigures>,
}

/// The figures of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostFigures {
    /// Scheme, name and port.
    pub origin: String,
    /// Permits held.
    pub in_flight: usize,
    /// Requests waiting for one.
    pub waiting: usize,
}

/// Whoever holds a permit without being polled, so that others can act on it: a response nobody reads.
pub(crate) trait Holder: MaybeSend + MaybeSync {
    /// The permit's time is over, by the total or the wall clock, and others wait: end the transfer, then drop the
    /// permit.
    fn revoke(&self, phase: Phase);

    /// Others wait: take in what has come if it is small.
    fn absorb(&self, cx: &mut Context<'_>);
}

/// What a request asks of the scheduler.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    /// Scheme, name and port.
    pub(crate) origin: Arc<str>,
    /// Higher goes first at its host.
    pub(crate) priority: i8,
    /// Goes ahead of its equals: it has waited once already.
    pub(crate) front: bool,
    /// Not to be granted sooner.
    pub(crate) not_before: Option<Duration>,
    /// What the total clock has left: how long the permit may be held.
    pub(crate) total_left: Option<Duration>,
    /// When the wall clock runs out: until when it may be held at most.
    pub(crate) wall_at: Option<Duration>,
}

/// Grants permits. Cheap to share; it knows no clock, the time comes with each call.
pub(crate) struct Scheduler {
    state: Mutex<State>,
}

impl Scheduler {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::new(limits)) })
    }

    /// Asks for a permit. Nothing is reserved before the first poll; dropping the answer leaves no trace.
    pub(crate) fn acquire(self: &Arc<Self>, ticket: Ticket) -> Acquire {
        Acquire { scheduler: Arc::clone(self), ticket, slot: None, wake_at: None, look_at: None, looks: 0 }
    }

    /// What is under way now.
    pub(crate) fn figures(&self) -> Figures {
        self.lock().figures()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request starts without a permit of its own, as the next hop of one that has it: later ones are that much later.
    pub(crate) fn count_start(&self, now: Duration) {
        self.lock().count_start(now);
    }

    /// From now on nobody has a first turn, and whoever waits for one is told so. `false` when it was closed before.
    pub(crate) fn close(&self) -> bool {
        self.update(None, State::close)
    }

    /// Whether it was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed()
    }

    /// A number to ask [`poll_over`](Self::poll_over) by.
    pub(crate) fn closer(&self) -> usize {
        self.lock().closer()
    }

    /// That one asks no more.
    pub(crate) fn forget_closer(&self, closer: usize) {
        let waker = self.lock().forget_closer(closer);
        drop(waker);
    }

    /// Ready when it is closed and nothing is under way any more.
    pub(crate) fn poll_over(&self, closer: usize, cx: &mut Context<'_>) -> Poll<()> {
        let neglected = {
            let mut state = self.lock();
            if state.wait_for_the_end(closer, cx.waker()) {
                return Poll::Ready(());
            }
            state.neglected()
        };
        // Who waits for the end takes in what is small and nobody reads, as who waits for a permit does.
        for holder in &neglected {
            if let Some(holder) = holder.upgrade() {
                holder.absorb(cx);
            }
        }
        match self.lock().wait_for_the_end(closer, cx.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// A call gives its permit back and will want another: until it has one, or wants none, it is under way.
    pub(crate) fn count_between(&self, is_between: bool) {
        self.update(None, |state, _| state.count_between(is_between));
    }

    /// Changes the state, hands out what has become free, and wakes whom that concerns after unlocking. Whoever does
    /// not know the time leaves what only its passing allows to a waiter.
    fn update<T>(&self, now: Option<Duration>, change: impl FnOnce(&mut State, &mut Wakes) -> T) -> T {
        let mut wakes = Wakes::default();
        let mut state = self.lock();
        let value = change(&mut state, &mut wakes);
        state.grant(now, &mut wakes);
        state.note_the_end(&mut wakes);
        drop(state);
        wakes.wake();
        value
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.figures().fmt(f)
    }
}

/// A place in line. Dropping it gives the place, or a permit granted meanwhile, back.
#[derive(Debug)]
pub(crate) struct Acquire {
    scheduler: Arc<Scheduler>,
    ticket: Ticket,
    slot: Option<SlotId>,
    wake_at: Option<Duration>,
    /// When to take the sentinel's role over, should whoever has it have been left unpolled.
    look_at: Option<Duration>,
    /// How often it has set that time: each is twice as far off as the one before.
    looks: u32,
}

impl Acquire {
    /// The permit, once there is one. `Err` when it was granted and, never polled, ran out of time, or when there will
    /// be none.
    ///
    /// While pending it wants to be polled again at [`wake_at`](Self::wake_at), besides when woken.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, now: Duration) -> Poll<Result<Permit, Refused>> {
        if self.slot.is_none() && self.ticket.not_before.is_some_and(|at| at > now) {
            self.wake_at = self.ticket.not_before;
            return Poll::Pending;
        }
        let Some(slot) = self.join(now) else { return Poll::Ready(Err(Refused::Closed)) };
        if let Some(answer) = self.answer(slot, now) {
            return Poll::Ready(answer);
        }
        self.look(slot, cx, now);
        match self.answer(slot, now) {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        }
    }

    /// When to poll again without having been woken.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        self.wake_at
    }

    fn join(&mut self, now: Duration) -> Option<SlotId> {
        if self.slot.is_none() {
            self.slot = self.scheduler.update(Some(now), |state, wakes| state.enqueue(&self.ticket, wakes));
        }
        self.slot
    }

    fn look(&mut self, slot: SlotId, cx: &mut Context<'_>, now: Duration) {
        let takes_over = self.look_at.is_some_and(|at| at <= now);
        if takes_over || self.look_at.is_none() {
            let patience = PATIENCE.saturating_mul(1_u32.checked_shl(self.looks).unwrap_or(u32::MAX));
            self.look_at = now.checked_add(patience);
            self.looks += 1;
        }
        let round = self.scheduler.wait(slot, cx, now, takes_over);
        self.wake_at = round.into_iter().chain(self.look_at).min();
    }

    fn answer(&mut self, slot: SlotId, now: Duration) -> Option<Result<Permit, Refused>> {
        match self.scheduler.lock().claim(slot, now) {
            state::Claim::Waiting => return None,
            state::Claim::Held => {}
            state::Claim::Revoked => return Some(Err(Refused::Revoked)),
            state::Claim::Closed => return Some(Err(Refused::Closed)),
        }
        self.slot = None;
        Some(Ok(Permit { scheduler: Arc::clone(&self.scheduler), slot }))
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.scheduler.update(None, |state, _| state.leave(slot));
        }
    }
}

/// Why there is no permit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There will be none: the session was closed.
    Closed,
    /// It was taken back: its time was over.
    Revoked,
}

/// The right to have one request under way. Dropping it lets the next one start.
pub(crate) struct Permit {
    scheduler: Arc<Scheduler>,
    slot: SlotId,
}

impl Permit {
    /// The response is in its caller's hands, who may or may not read it.
    pub(crate) fn handed_out(&self, holder: Weak<dyn Holder>, now: Duration) {
        self.scheduler.update(Some(now), |state, wakes| state.handed_out(self.slot, holder, now, wakes));
    }

    /// The caller has begun to read.
    pub(crate) fn reading(&self) {
        self.scheduler.update(None, |state, _| state.reading(self.slot));
    }

    /// There is no use in asking its holder to [`absorb`](Holder::absorb) again.
    pub(crate) fn not_absorbable(&self) {
        self.scheduler.lock().not_absorbable(self.slot);
    }

    /// It is held until it is dropped, whatever the time.
    #[cfg(feature = "websocket")]
    pub(crate) fn keep(&self) {
        self.scheduler.lock().keep(self.slot);
    }

    /// Whether it was taken back.
    pub(crate) fn is_revoked(&self) -> bool {
        self.scheduler.lock().is_revoked(self.slot)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.scheduler.update(None, |state, _| state.leave(self.slot));
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.slot).finish()
    }
}

impl Scheduler {
    /// Leaves the waker, and does the sentinel's round if that role is this waiter's.
    fn wait(&self, slot: SlotId, cx: &mut Context<'_>, now: Duration, takes_over: bool) -> Option<Duration> {
        let mut wakes = Wakes::default();
        let mut state = self.lock();
        let round = state.wait(slot, cx.waker(), now, takes_over);
        state.grant(Some(now), &mut wakes);
        drop(state);
        wakes.wake();
        let round = round?;

        for (holder, phase) in &round.revoked {
            if let Some(holder) = holder.upgrade() {
                holder.revoke(*phase);
            }
        }
        for holder in &round.unread {
            if let Some(holder) = holder.upgrade() {
                holder.absorb(cx);
            }
        }
        if let Some(count) = round.warn {
            log::warn!(
                "{count} responses that nobody reads hold every permit while other requests wait: \
                 read or drop them, or raise the limit"
            );
        }
        round.wake_at
    }
}

/// Whom to wake once the lock is released; the usual one needs no allocation.
#[derive(Default)]
struct Wakes {
    first: Option<Waker>,
    rest: Vec<Waker>,
}

impl Wakes {
    fn add(&mut self, waker: Option<Waker>) {
        match waker {
            Some(waker) if self.first.is_none() => self.first = Some(waker),
            Some(waker) => self.rest.push(waker),
            None => {}
        }
    }

    fn wake(self) {
        self.first.into_iter().chain(self.rest).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests;
