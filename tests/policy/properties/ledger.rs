//! What a run says of its permits: who waited where and when, and who was under way.

use std::time::Duration;

use super::run::{HORIZON, Run, place};
use super::world::ms;

/// One wait for a permit.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub(crate) request: usize,
    pub(crate) host: usize,
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    /// It ended with a permit, and not by a timeout or a caller that went.
    pub(crate) served: bool,
    /// By what it goes first at its host: priority, having waited before, and its turn among those that came at once.
    pub(crate) rank: (i8, bool),
    pub(crate) order: usize,
}

/// One exchange under way.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) request: usize,
    pub(crate) host: usize,
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    /// When its permit's time is over, by the total or the wall clock.
    pub(crate) due: Duration,
    /// It had to wait for a permit, and did not come with the one of a hop before.
    pub(crate) admitted: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// All but those of second attempts: how long these back off is chance.
    pub(crate) waits: Vec<Wait>,
    pub(crate) held: Vec<Held>,
}

/// A span of time in which nothing changes.
#[derive(Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) span: (Duration, Duration),
    pub(crate) open: usize,
    pub(crate) open_at: &'a [usize],
    pub(crate) waiting_at: &'a [usize],
    /// Exchanges whose time is over.
    pub(crate) overdue: usize,
}

impl Ledger {
    pub(crate) fn of(run: &Run) -> Self {
        let mut calls = vec![Vec::new(); run.records.len()];
        for call in &run.calls {
            let (host, request, hop) = place(&call.url);
            calls[request].push(Seen { host, hop, at: call.at, ended: call.ended.unwrap_or(HORIZON) });
        }
        let mut ledger = Self::default();
        for (request, calls) in calls.iter().enumerate() {
            ledger.add(run, request, calls);
        }
        ledger
    }

    fn add(&mut self, run: &Run, request: usize, calls: &[Seen]) {
        let (plan, record) = (&run.world.requests[request], &run.records[request]);
        let Some((asked, order)) = record.asked else { return };
        let outcome = record.head.as_ref().map(|(at, _)| *at).or(record.gone).unwrap_or(HORIZON);
        let total = plan.bounds.total.map_or(Duration::MAX, ms);
        let wall_at = asked.saturating_add(plan.bounds.wall.map_or(Duration::MAX, ms));
        let mut wait = |host, from, to, served, front| {
            let rank = (plan.priority, front);
            self.waits.push(Wait { request, host, from, to, served, rank, order });
        };
        // How long it held permits before the one it has now, and since when it has that.
        let (mut spent, mut since, mut retried) = (Duration::ZERO, asked, false);
        let mut before: Option<Seen> = None;
        for call in calls {
            let mut admitted = true;
            match before {
                None => {
                    wait(call.host, asked, call.at, true, false);
                    since = call.at;
                }
                Some(before) if before.hop == call.hop => retried = true,
                Some(_) if !plan.crosses_origins_at(call.hop) => admitted = false,
                Some(before) => {
                    let head = before.at + ms(plan.hops[before.hop].after);
                    wait(call.host, head, call.at, true, true);
                    spent += head.saturating_sub(since);
                    since = call.at;
                }
            }
            let total_at = match retried {
                // At the latest: how much was spent before is not known.
                true => call.at.saturating_add(total),
                false => since.saturating_add(total.saturating_sub(spent)),
            };
            let Seen { host, at: from, ended: to, .. } = *call;
            self.held.push(Held { request, host, from, to, due: total_at.min(wall_at), admitted });
            before = Some(*call);
        }
        match before {
            None => wait(plan.hops[0].host, asked, outcome, false, false),
            Some(last) => {
                let head = last.at + ms(plan.hops[last.hop].after);
                let next = last.hop + 1;
                let failed = last.hop == 0 && calls.len() <= plan.failures as usize;
                if next < plan.hops.len() && plan.crosses_origins_at(next) && last.ended == head && !failed {
                    wait(plan.hops[next].host, head, outcome, false, true);
                }
            }
        }
    }

    /// Looks at every span of time in turn.
    pub(crate) fn moments(&self, hosts: usize, mut look: impl FnMut(Moment<'_>)) {
        enum Change {
            Open(usize, bool),
            Overdue(bool),
            Waiting(usize, bool),
        }
        let mut changes = Vec::new();
        let mut span = |from: Duration, to: Duration, change: fn(usize, bool) -> Change, host| {
            if from < to {
                changes.push((from, change(host, true)));
                changes.push((to, change(host, false)));
            }
        };
        for wait in &self.waits {
            span(wait.from, wait.to, Change::Waiting, wait.host);
        }
        for held in &self.held {
            span(held.from, held.to, Change::Open, held.host);
            span(held.due, held.to, |_, more| Change::Overdue(more), held.host);
        }
        changes.sort_by_key(|(at, _)| *at);
        let (mut open, mut open_at, mut waiting_at, mut overdue) = (0, vec![0; hosts], vec![0; hosts], 0);
        for (place, (at, change)) in changes.iter().enumerate() {
            let (count, more): (&mut usize, bool) = match change {
                Change::Open(host, more) => {
                    step(&mut open, *more);
                    (&mut open_at[*host], *more)
                }
                Change::Overdue(more) => (&mut overdue, *more),
                Change::Waiting(host, more) => (&mut waiting_at[*host], *more),
            };
            step(count, more);
            if let Some((until, _)) = changes.get(place + 1).filter(|(next, _)| next > at) {
                let span = (*at, *until);
                look(Moment { span, open, open_at: &open_at, waiting_at: &waiting_at, overdue });
            }
        }
    }
}

fn step(count: &mut usize, more: bool) {
    if more {
        *count += 1;
    } else {
        *count -= 1;
    }
}

/// One exchange as the backend saw it.
#[derive(Clone, Copy)]
struct Seen {
    host: usize,
    hop: usize,
    at: Duration,
    ended: Duration,
}
