//! Callers that go at any await, and callers that stop polling.

use super::run::{HORIZON, Run};
use super::world::{self, Caller, World, ms};
use super::{assert_calls_as_planned, assert_limits, assert_no_room_is_left, assert_outcome, holds};

/// One caller of each world is made to go after its first poll, its second, and so on to its last.
#[test]
fn a_request_dropped_at_any_await_leaves_no_trace() {
    holds("cancel", world::small_worlds(), |world| {
        let mut world = world;
        world.requests[0].caller = Caller::Reads;
        for polls in 0..Run::of(&world).records[0].polls {
            world.requests[0].caller = Caller::DropsAfterPolls(polls);
            let run = Run::of(&world);
            assert_eq!(run.records[0].polls, polls);
            assert_limits(&run);
            assert_no_room_is_left(&run);
            assert_all_outcomes(&run);
            run.assert_all_permits_are_back();
        }
    });
}

#[test]
fn a_caller_that_stops_polling_holds_nobody_up_for_ever() {
    holds("parked", world::worlds_with_parked_callers(), |world| {
        let run = Run::of(&world);
        let parked = world.requests.iter().filter(|plan| parks(plan.caller)).count();
        // What nobody polls is under way until it is dropped, though its permit may have been taken back.
        let most = world.session + parked;
        assert!(run.platform.peak() <= most, "{} of {most}", run.platform.peak());
        assert_nobody_is_sent_past_its_wall(&world, &run);
        assert_all_outcomes(&run);
        run.assert_all_permits_are_back();
    });
}

fn parks(caller: Caller) -> bool {
    matches!(caller, Caller::Parks { .. })
}

fn assert_all_outcomes(run: &Run) {
    for (plan, record) in run.world.requests.iter().zip(&run.records) {
        if !matches!(plan.caller, Caller::Parks { pause: None, .. }) {
            assert!(record.gone.is_some_and(|at| at < HORIZON / 10), "no end: {record:?}");
            assert_outcome(plan, record);
        }
    }
    assert_calls_as_planned(run);
}

fn assert_nobody_is_sent_past_its_wall(world: &World, run: &Run) {
    for call in &run.calls {
        let (_, number, _) = super::run::place(&call.url);
        let asked = run.records[number].asked.map(|(at, _)| at).unwrap_or_default();
        if let Some(wall) = world.requests[number].bounds.wall {
            assert!(call.at < asked + ms(wall), "sent at {:?}: {:?}", call.at, run.records[number]);
        }
    }
}
