//! Worlds at random: limits, hosts, what each request meets on its way, and what its caller does with it.

use std::time::Duration;

use bytes::Bytes;
use dualfetch::platform::scripted::Reply;
use dualfetch::{ErrorKind, Timeout};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Larger than what the engine takes in unasked; no allocation for each of so many runs.
static LARGE: [u8; 100 * 1024] = [b'x'; 100 * 1024];

/// Everything a run depends on.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) session: usize,
    pub(crate) per_host: usize,
    /// How many may start in a second.
    pub(crate) rate: Option<u32>,
    pub(crate) requests: Vec<Plan>,
}

/// One request. Times are milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) start: u64,
    pub(crate) priority: i8,
    /// The hosts on its way, each with the time to its head. All but the last redirect.
    pub(crate) hops: Vec<Hop>,
    /// How many attempts at the first hop fail.
    pub(crate) failures: u32,
    pub(crate) retries: bool,
    pub(crate) end: End,
    pub(crate) caller: Caller,
    pub(crate) bounds: Bounds,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop {
    pub(crate) host: usize,
    pub(crate) after: u64,
}

/// What the last hop answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Empty,
    FailInBody,
    FailsAtHead,
    HangInBody,
    HangsAtHead,
    Large,
    /// Pieces of a size, so long apart, the length declared or not.
    Pieces {
        count: usize,
        size: usize,
        gap: u64,
        declared: bool,
    },
    Small,
}

/// What the caller does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Ends the transfer, but lets a small rest be read in the background.
    Discards,
    /// Drops everything so long after it asked.
    DropsAt(u64),
    /// Drops everything when it has been polled so often without being done.
    DropsAfterPolls(u32),
    /// Keeps the response unread for so long.
    Keeps(u64),
    /// Stops polling after so many polls, for so long or for ever, and then goes on or drops everything.
    Parks {
        polls: u32,
        pause: Option<u64>,
        goes_on: bool,
    },
    Reads,
    /// Begins to read so long after the head.
    ReadsLate(u64),
    /// Pauses so long before each piece.
    ReadsSlowly(u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) total: Option<u64>,
    pub(crate) wall: Option<u64>,
    pub(crate) queue: Option<u64>,
    pub(crate) headers: Option<u64>,
    pub(crate) read: Option<u64>,
}

impl World {
    pub(crate) fn hosts(&self) -> usize {
        self.requests.iter().flat_map(|plan| &plan.hops).map(|hop| hop.host + 1).max().unwrap_or(0)
    }
}

impl Plan {
    /// The reply to the so manieth attempt, from 0, at this hop.
    pub(crate) fn reply(&self, request: usize, hop: usize, attempt: u32) -> Reply {
        let after = ms(self.hops[hop].after);
        if hop == 0 && attempt < self.failures {
            return Reply::error(ErrorKind::Connect).after(after);
        }
        let reply = match self.hops.get(hop + 1) {
            Some(next) => Reply::redirect(302, &url(next.host, request, hop + 1)).then("moved"),
            None => self.end.reply(),
        };
        reply.after(after)
    }

    pub(crate) fn may_be_retried_at(&self, hop: usize) -> bool {
        self.retries && (hop == 0 && self.failures > 0 || self.bounds.headers.is_some())
    }

    pub(crate) fn crosses_origins_at(&self, hop: usize) -> bool {
        hop > 0 && self.hops[hop].host != self.hops[hop - 1].host
    }
}

impl End {
    fn reply(self) -> Reply {
        let large = |count| (0..count).fold(Reply::status(200), |r, _| r.then(Bytes::from_static(&LARGE)));
        match self {
            Self::Empty => Reply::status(204),
            Self::FailInBody => large(1).pause(ms(30)).fail(ErrorKind::Disconnected).chunked(),
            Self::FailsAtHead => Reply::error(ErrorKind::Tls),
            Self::HangInBody => Reply::ok("begun").stall().chunked(),
            Self::HangsAtHead => Reply::hangs(),
            Self::Large => large(3),
            Self::Pieces { count, size, gap, declared } => {
                let piece = || Bytes::from_static(&LARGE[..size]);
                let reply = (0..count).fold(Reply::status(200), |r, _| r.then(piece()).pause(ms(gap)));
                if declared { reply } else { reply.chunked() }
            }
            Self::Small => Reply::ok("small"),
        }
    }

    /// The length of the whole body, where it has an end.
    pub(crate) fn length(self) -> Option<usize> {
        match self {
            Self::Empty => Some(0),
            Self::FailInBody | Self::FailsAtHead | Self::HangInBody | Self::HangsAtHead => None,
            Self::Large => Some(3 * LARGE.len()),
            Self::Pieces { count, size, .. } => Some(count * size),
            Self::Small => Some(5),
        }
    }
}

impl Bounds {
    pub(crate) fn timeout(self) -> Timeout {
        let Self { total, wall, queue, headers, read } = self;
        Timeout::new()
            .total(total.map(ms))
            .wall(wall.map(ms))
            .queue(queue.map(ms))
            .headers(headers.map(ms))
            .read(read.map(ms))
            .connect(None)
    }
}

pub(crate) fn url(host: usize, request: usize, hop: usize) -> String {
    format!("https://h{host}.example/{request}/{hop}")
}

/// Worlds in which every caller is polled whenever it is woken and, if `bounded`, every request has a total.
pub(crate) fn worlds(bounded: bool) -> impl Strategy<Value = World> {
    limited(0..=8, 0..=4, 60, bounded, patient_callers().boxed())
}

/// Worlds with little in them, for what looks at each from many sides.
pub(crate) fn small_worlds() -> impl Strategy<Value = World> {
    limited(1..=3, 0..=2, 10, true, patient_callers().boxed())
}

/// Worlds without a limit for each host, so that every host with a waiter is always eligible.
pub(crate) fn crowded_worlds() -> impl Strategy<Value = World> {
    limited(1..=5, 0..=0, 60, true, patient_callers().boxed())
}

/// Worlds in which some callers leave their futures unpolled.
pub(crate) fn worlds_with_parked_callers() -> impl Strategy<Value = World> {
    let parks = (0..8_u32, option::of(0..20_000_u64), any::<bool>())
        .prop_map(|(polls, pause, goes_on)| Caller::Parks { polls, pause, goes_on });
    limited(1..=5, 0..=3, 30, true, prop_oneof![3 => patient_callers(), 2 => parks].boxed())
}

fn limited(
    session: std::ops::RangeInclusive<usize>,
    per_host: std::ops::RangeInclusive<usize>,
    most: usize,
    bounded: bool,
    callers: BoxedStrategy<Caller>,
) -> impl Strategy<Value = World> {
    let rate = option::weighted(0.15, 2..50_u32);
    (session, per_host, rate, 1..=6_usize).prop_flat_map(move |(session, per_host, rate, hosts)| {
        vec(plans(hosts, bounded, callers.clone()), 1..=most).prop_map(move |requests| World {
            session,
            per_host,
            rate,
            requests,
        })
    })
}

fn plans(hosts: usize, bounded: bool, callers: BoxedStrategy<Caller>) -> impl Strategy<Value = Plan> {
    let hop = (0..hosts, prop_oneof![1 => Just(0), 4 => 0..1_500_u64])
        .prop_map(|(host, after)| Hop { host, after });
    let hops = prop_oneof![4 => vec(hop.clone(), 1), 1 => vec(hop, 2..=4)];
    let start = prop_oneof![1 => Just(0), 2 => 0..4_000_u64];
    let priority = prop_oneof![5 => Just(0), 1 => -2..=2_i8];
    let failures = prop_oneof![6 => Just(0), 1 => 1..=3_u32];
    (start, priority, hops, failures, any::<bool>(), ends(), callers, bounds(bounded)).prop_map(
        |(start, priority, hops, failures, retries, end, caller, bounds)| Plan {
            start,
            priority,
            hops,
            failures,
            retries,
            end,
            caller,
            bounds,
        },
    )
}

fn ends() -> impl Strategy<Value = End> {
    let pieces = (1..=4_usize, prop_oneof![1..2_000_usize, 20_000..90_000_usize], 0..400_u64, any::<bool>())
        .prop_map(|(count, size, gap, declared)| End::Pieces { count, size, gap, declared });
    prop_oneof![
        4 => Just(End::Small),
        3 => pieces,
        2 => Just(End::Large),
        1 => Just(End::Empty),
        1 => Just(End::HangsAtHead),
        1 => Just(End::HangInBody),
        1 => Just(End::FailsAtHead),
        1 => Just(End::FailInBody),
    ]
}

fn patient_callers() -> impl Strategy<Value = Caller> {
    prop_oneof![
        8 => Just(Caller::Reads),
        2 => (0..3_000_u64).prop_map(Caller::ReadsLate),
        1 => (0..500_u64).prop_map(Caller::ReadsSlowly),
        3 => (0..8_000_u64).prop_map(Caller::Keeps),
        1 => Just(Caller::Discards),
        2 => (0..4_000_u64).prop_map(Caller::DropsAt),
        2 => (0..8_u32).prop_map(Caller::DropsAfterPolls),
    ]
}

fn bounds(bounded: bool) -> impl Strategy<Value = Bounds> {
    let total = match bounded {
        true => (500..6_000_u64).prop_map(Some).boxed(),
        false => option::weighted(0.7, 500..6_000_u64).boxed(),
    };
    let sometimes = |range| option::weighted(0.15, range);
    (total, sometimes(500..8_000_u64), sometimes(100..3_000), sometimes(100..2_000), sometimes(50..1_000))
        .prop_map(|(total, wall, queue, headers, read)| Bounds { total, wall, queue, headers, read })
}
