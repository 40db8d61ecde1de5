//! Batches of any window, in order or not, taken out to the end or left midway.

use std::sync::atomic::{AtomicUsize, Ordering};

use dualfetch::SessionExt;
use futures_util::stream::{self, StreamExt};
use proptest::prelude::*;

use super::holds;
use super::run::{request, set_up};
use super::world::{self, Caller, World, ms};

#[derive(Clone, Debug)]
struct Taking {
    world: World,
    ordered: bool,
    window: usize,
    /// How long the input takes for each request.
    gap: u64,
    /// The batch is dropped after so many rows.
    stop_after: Option<usize>,
}

fn takings() -> impl Strategy<Value = Taking> {
    let gap = prop_oneof![Just(0), 1..300_u64];
    (world::worlds(true), any::<bool>(), 1..=20_usize, gap, proptest::option::weighted(0.3, 0..30_usize))
        .prop_map(|(world, ordered, window, gap, stop_after)| Taking {
            world,
            ordered,
            window,
            gap,
            stop_after,
        })
}

#[test]
fn every_input_has_exactly_one_row_in_order_and_within_the_window() {
    holds("rows", takings(), |taking| {
        let Taking { world, ordered, window, gap, stop_after } = &taking;
        let (platform, session) = set_up(world);
        let pulled = AtomicUsize::new(0);
        let requests = stream::iter(world.requests.iter().enumerate()).then(|(number, plan)| {
            pulled.fetch_add(1, Ordering::Relaxed);
            let request = request(&session, plan, number).build().expect("a request");
            let pause = platform.sleep(ms(*gap));
            async move {
                pause.await;
                request
            }
        });
        let given = platform.run(async {
            let mut rows = session.fetch_all_from(requests).ordered(*ordered).window(*window);
            let (mut given, mut kept) = (Vec::new(), Vec::new());
            while stop_after.is_none_or(|stop| given.len() < stop)
                && let Some(row) = rows.next().await
            {
                let pulled = pulled.load(Ordering::Relaxed);
                assert!(pulled <= given.len() + window, "{pulled} pulled");
                given.push(row.index);
                match (world.requests[row.index].caller, row.result) {
                    (_, Err(_)) => {}
                    (Caller::Keeps(_), Ok(response)) => kept.push(response),
                    (Caller::Reads, Ok(response)) => drop(response.bytes().await),
                    (_, Ok(response)) => drop(response),
                }
            }
            given
        });
        assert_rows(&taking, given);
        platform.run(platform.sleep(ms(2_001)));
        assert_eq!((session.figures().in_flight, session.figures().waiting, platform.open()), (0, 0, 0));
    });
}

fn assert_rows(taking: &Taking, mut given: Vec<usize>) {
    let all = taking.world.requests.len();
    assert!(!taking.ordered || given.is_sorted(), "{given:?}");
    assert_eq!(given.len(), taking.stop_after.unwrap_or(all).min(all));
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), taking.stop_after.unwrap_or(all).min(all), "a row came twice");
    assert!(!taking.ordered || given.last().is_none_or(|last| last + 1 == given.len()), "a row is missing");
}
