//! What must hold in every world: limits, permits, fairness, deadlines, outcomes. Each property is tried on worlds at
//! random in virtual time; `scripts/check-properties` does it at length and says with which seed that was done.
//!
//! A counterexample is shown as small as it can be made, and its seed is added to the file of regressions, which is
//! tried first from then on and is to be committed.

pub(crate) mod ledger;
pub(crate) mod neglect;
pub(crate) mod rows;
pub(crate) mod run;
pub(crate) mod world;

use std::collections::HashMap;
use std::time::Duration;

use dualfetch::Phase;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestError, TestRunner};

use ledger::{Held, Ledger, Wait};
use run::{Record, Run};
use world::{Caller, End, Plan, World, ms};

/// How many worlds a property is tried on unless `PROPTEST_CASES` says.
const CASES: u32 = 48;

/// Tries a property on worlds at random.
pub(crate) fn holds<S: Strategy>(name: &'static str, worlds: S, property: impl Fn(S::Value)) {
    let mut config = Config { test_name: Some(name), max_shrink_iters: 20_000, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let regressions = FileFailurePersistence::Direct("tests/policy/properties/regressions.txt");
    config.failure_persistence = Some(Box::new(regressions));
    let tries = format!("{} worlds, seed {:?}", config.cases, config.rng_seed);
    let tried = TestRunner::new(config).run(&worlds, |world| {
        property(world);
        Ok(())
    });
    match tried {
        Ok(()) => println!("{name}: held in {tries}"),
        Err(TestError::Fail(why, world)) => panic!("{name}: {why}\nin {world:?}"),
        Err(aborted) => panic!("{name}: {aborted}"),
    }
}

#[test]
fn no_more_is_under_way_than_the_limits_allow() {
    holds("limits", world::worlds(false), |world| {
        let run = Run::of(&world);
        assert_limits(&run);
    });
}

pub(crate) fn assert_limits(run: &Run) {
    let World { session, per_host, .. } = run.world;
    assert!(session == 0 || run.platform.peak() <= session, "{} in all", run.platform.peak());
    for host in 0..run.world.hosts() {
        let peak = run.platform.peak_at(&format!("https://h{host}.example"));
        assert!(per_host == 0 || peak <= per_host, "{peak} at h{host}");
    }
}

#[test]
fn no_permit_is_lost() {
    holds("permits", world::worlds(false), |world| Run::of(&world).assert_all_permits_are_back());
}

#[test]
fn nobody_waits_while_there_is_room() {
    holds("room", world::worlds(false), |world| {
        let run = Run::of(&world);
        assert_no_room_is_left(&run);
    });
}

pub(crate) fn assert_no_room_is_left(run: &Run) {
    let World { session, per_host, rate, .. } = run.world;
    Ledger::of(run).moments(run.world.hosts(), |moment| {
        let paced = rate.is_some_and(|rate| moment.span.1 <= next_start(run, rate, moment.span.1));
        if paced || session != 0 && moment.open >= session {
            return;
        }
        for (host, waiting) in moment.waiting_at.iter().enumerate() {
            let full = per_host != 0 && moment.open_at[host] >= per_host;
            assert!(*waiting == 0 || full, "h{host} has room and waiters: {moment:?}");
        }
    });
}

/// When the rate allows the next start after those before this time. Who is granted a permit and goes in the same moment
/// has started, unseen.
fn next_start(run: &Run, rate: u32, before: Duration) -> Duration {
    let unseen = run.records.iter().filter_map(|record| match record.head {
        Some((_, Ok(()))) => None,
        Some((at, Err(_))) => Some(at),
        None => record.gone,
    });
    let mut starts: Vec<_> = run.calls.iter().map(|call| call.at).chain(unseen).collect();
    starts.retain(|at| *at < before);
    starts.sort();
    starts.into_iter().fold(Duration::ZERO, |next, at| next.max(at) + Duration::from_secs(1) / rate)
}

#[test]
fn at_a_host_it_goes_by_priority_then_redirected_first_then_arrival() {
    holds("order", world::worlds(false), |world| {
        let ledger = Ledger::of(&Run::of(&world));
        for waiting in &ledger.waits {
            for served in ledger.waits.iter().filter(|wait| wait.served && wait.host == waiting.host) {
                let overtakes = waiting.from < served.to && served.to < waiting.to;
                assert!(!(overtakes && goes_after(served, waiting)), "{served:?} overtook {waiting:?}");
            }
        }
    });
}

fn goes_after(one: &Wait, other: &Wait) -> bool {
    match one.rank == other.rank {
        false => one.rank < other.rank,
        // Who came redirected at the same moment is not told apart.
        true => one.from > other.from || one.from == other.from && !one.rank.1 && one.order > other.order,
    }
}

#[test]
fn between_two_turns_of_a_host_that_waits_every_other_has_one_at_most() {
    holds("turns", world::crowded_worlds(), |world| {
        let run = Run::of(&world);
        let ledger = Ledger::of(&run);
        for wait in ledger.waits.iter().filter(|wait| wait.from < wait.to) {
            let turns = ledger.held.iter().filter(|held| held.admitted && within(held.from, wait));
            let mut turns: Vec<_> = turns.collect();
            turns.sort_by_key(|held| held.from);
            assert_turns(&run, wait, &turns);
        }
    });
}

fn within(at: Duration, wait: &Wait) -> bool {
    wait.from <= at && at <= wait.to
}

fn assert_turns(run: &Run, wait: &Wait, turns: &[&Held]) {
    let own = turns.iter().filter(|held| held.host == wait.host).map(|held| held.from);
    let ends: Vec<_> = [wait.from].into_iter().chain(own).chain([wait.to]).collect();
    for gap in ends.windows(2) {
        // Who is granted a permit and goes in the same moment has had a turn that nobody saw.
        if run.records.iter().any(|record| went_unanswered(record, gap[0], gap[1])) {
            continue;
        }
        let mut others = HashMap::<usize, u32>::new();
        for turn in turns.iter().filter(|turn| gap[0] < turn.from && turn.from < gap[1]) {
            let count = others.entry(turn.host).or_default();
            *count += 1;
            assert!(*count <= 1, "h{} had two turns within {gap:?} of {wait:?}", turn.host);
        }
    }
}

fn went_unanswered(record: &Record, from: Duration, to: Duration) -> bool {
    let answered = matches!(record.head, Some((_, Ok(()))));
    let went = record.head.as_ref().map(|(at, _)| *at).or(record.gone);
    !answered && went.is_none_or(|at| from <= at && at <= to)
}

#[test]
fn nothing_is_later_than_its_deadline_nor_times_out_before() {
    holds("deadlines", world::worlds(false), |world| {
        let run = Run::of(&world);
        let ledger = Ledger::of(&run);
        for (request, record) in run.records.iter().enumerate() {
            let plan = &world.requests[request];
            let held: Vec<_> = ledger.held.iter().filter(|held| held.request == request).collect();
            let waits: Vec<_> = ledger.waits.iter().filter(|wait| wait.request == request).collect();
            assert_in_time(plan, record, &held, &waits);
        }
    });
}

fn assert_in_time(plan: &Plan, record: &Record, held: &[&Held], waits: &[&Wait]) {
    let Some((asked, _)) = record.asked else { return };
    let bound = |bound: Option<u64>| bound.map_or(Duration::MAX, ms);
    let wall_at = asked.saturating_add(bound(plan.bounds.wall));
    let due = held.last().map_or(wall_at, |held| held.due);
    assert!(held.iter().all(|held| held.from < held.due), "sent when its time was over: {held:?}");
    // How long it backs off is chance, and how long it waits for its next permit is not seen.
    let inexact = (0..plan.hops.len()).any(|hop| plan.may_be_retried_at(hop));
    for wait in waits {
        assert!(wait.to.saturating_sub(wait.from) <= bound(plan.bounds.queue), "queue: {wait:?}");
    }
    if let Some((at, told)) = &record.head {
        assert!(*at <= wall_at, "wall: {record:?}");
        let last = held.last().map_or(asked, |held| held.from);
        let waits_again = inexact || waits.last().is_some_and(|wait| !wait.served);
        assert!(waits_again || *at <= due, "due {due:?}: {record:?}");
        match told.as_ref().err().and_then(|failure| failure.phase) {
            Some(Phase::Wall) => assert_eq!(*at, wall_at),
            Some(Phase::Queue) => {
                let from = waits.last().map(|wait| wait.from);
                assert!(inexact || from.is_some_and(|from| from + bound(plan.bounds.queue) == *at));
            }
            Some(Phase::Headers) => assert_eq!(*at, last + bound(plan.bounds.headers)),
            Some(Phase::Total) => assert!(inexact || *at == due, "due {due:?}: {record:?}"),
            _ => {}
        }
    }
    for (from, to) in &record.pieces {
        assert!(*to <= due.max(*from), "due {due:?}: {record:?}");
        assert!(to.saturating_sub(*from) <= bound(plan.bounds.read), "read: {record:?}");
    }
}

#[test]
fn nobody_waits_for_a_permit_whose_time_is_over() {
    holds("overdue", world::worlds(false), |world| {
        let run = Run::of(&world);
        Ledger::of(&run).moments(world.hosts(), |moment| {
            let waiting: usize = moment.waiting_at.iter().sum();
            assert!(moment.overdue == 0 || waiting == 0, "{moment:?}");
        });
    });
}

#[test]
fn every_request_has_exactly_one_outcome_and_is_sent_as_often_as_planned() {
    holds("outcomes", world::worlds(true), |world| {
        let run = Run::of(&world);
        for (number, record) in run.records.iter().enumerate() {
            assert_outcome(&world.requests[number], record);
        }
        assert_calls_as_planned(&run);
    });
}

pub(crate) fn assert_outcome(plan: &Plan, record: &Record) {
    assert!(record.gone.is_some(), "no end: {record:?}");
    let may_go =
        matches!(plan.caller, Caller::DropsAt(_) | Caller::DropsAfterPolls(_) | Caller::Parks { .. });
    let Some((_, told)) = &record.head else {
        assert!(may_go, "no outcome: {record:?}");
        return;
    };
    let bounds = plan.bounds;
    let bounded = |phase| match phase {
        Phase::Total => bounds.total.is_some(),
        Phase::Wall => bounds.wall.is_some(),
        Phase::Queue => bounds.queue.is_some(),
        Phase::Headers => bounds.headers.is_some(),
        Phase::Read => bounds.read.is_some(),
        _ => false,
    };
    let fails_first = plan.failures > if plan.retries { 2 } else { 0 };
    match told {
        Ok(()) => {
            assert!(!fails_first && !matches!(plan.end, End::FailsAtHead | End::HangsAtHead), "{record:?}")
        }
        Err(failure) => match (failure.code, failure.phase) {
            (_, Some(phase)) => assert!(bounded(phase), "{record:?}"),
            ("connect", None) => assert!(fails_first, "{record:?}"),
            ("tls", None) => assert_eq!(plan.end, End::FailsAtHead),
            _ => panic!("{record:?}"),
        },
    }
    match &record.body {
        Some(Ok(length)) => assert_eq!(Some(*length), plan.end.length()),
        Some(Err(failure)) => match (failure.code, failure.phase) {
            (_, Some(phase)) => assert!(bounded(phase), "{record:?}"),
            ("disconnected", None) => assert_eq!(plan.end, End::FailInBody),
            _ => panic!("{record:?}"),
        },
        None => {
            let reads = matches!(plan.caller, Caller::Reads | Caller::ReadsLate(_) | Caller::ReadsSlowly(_));
            assert!(!reads || told.is_err(), "neither end nor error: {record:?}");
        }
    }
}

/// No hop is skipped, and none is asked again but after a failure that may be retried.
pub(crate) fn assert_calls_as_planned(run: &Run) {
    let mut reached = vec![(0, 0); run.records.len()];
    for call in &run.calls {
        let (host, number, hop) = run::place(&call.url);
        let plan = &run.world.requests[number];
        let (at, attempts) = &mut reached[number];
        if hop == *at {
            *attempts += 1;
        } else {
            (*at, *attempts) = (*at + 1, 1);
        }
        assert_eq!((hop, host), (*at, plan.hops[*at].host));
        let most = if plan.may_be_retried_at(hop) { 3 } else { 1 };
        assert!(*attempts <= most, "{number} was sent {attempts} times to hop {hop}");
    }
}
