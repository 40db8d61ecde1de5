//! The tests of the matrix.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use dualfetch::{Config, DefaultSession, Figures};
use futures_util::StreamExt;

use crate::allocator::{Live, live};
use crate::native::child::{self, CaStore};
use crate::native::help::{fetch, outcome, run, run_on_two, session};
use crate::support::{RawServer, faults};
use crate::visits::{self, Act, Visit};

use super::{Servers, Stage, in_a_line, rows};

const VISITS: &str = "DUALFETCH_TEST_VISITS";
/// Where nothing goes wrong.
const FINE: &str = "DUALFETCH_TEST_FINE";
const COUNT: &str = "DUALFETCH_FAULTS";

/// How many visits of a long run are under way at once. No two of them at the same server.
const AT_ONCE: usize = 16;

/// Long enough for the next request of the same visit, and soon over once memory is to be looked at.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// What may be held at the end beyond what was held after a first quarter: less than a block for each visit of even a
/// short run.
const BLOCKS: usize = 50;
const BYTES: usize = 32 * 1024;
const RESIDENT_KB: u64 = 2_000;

/// What is freed goes back to the system: else glibc keeps free memory for each thread, the more the larger the blocks
/// were, and resident memory tells nothing. Other allocators do not read these.
const GIVING_BACK: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

#[test]
fn every_stage_has_its_faults_and_every_fault_its_name() {
    let rows = rows();
    assert!(rows.len() >= 40, "{} rows", rows.len());
    let names: BTreeSet<_> = rows.iter().map(super::Row::title).collect();
    assert_eq!(names.len(), rows.len(), "two rows of one name");
    let stages: BTreeSet<_> = rows.iter().map(|row| row.stage).collect();
    let all = [Stage::Connect, Stage::Tls, Stage::Head, Stage::Between, Stage::Body, Stage::End, Stage::Idle];
    assert_eq!(stages, BTreeSet::from(all));
}

#[test]
fn every_fault_is_told_as_what_it_is_and_leaves_nothing_behind() {
    run_on_two(async {
        let servers = Servers::start().await;
        let store = CaStore::of([servers.issuer.pem().as_str()]);
        let visits = in_a_line(&servers.native());
        child::run("native::matrix::running::each_by_itself", &[(VISITS, &visits)], &store).await;
    });
}

/// Each visit over a session of its own.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn each_by_itself() {
    let Ok(visits) = std::env::var(VISITS) else { return };
    run(async {
        let (mut wrong, mut held) = (Vec::new(), tasks());
        for visit in visits::all(&visits) {
            let session = session();
            let seen = visit.outcome(&session, settled).await;
            if !visit.is_expected(&seen) {
                wrong.push(format!("{}: {seen} instead of {}", visit.name, visit.expected));
            }
            if session.figures() != Figures::default() {
                wrong.push(format!("{}: {:?}", visit.name, session.figures()));
            }
            drop(session);
            if !tasks_fall_to(held).await {
                wrong.push(format!("{}: a task of it goes on", visit.name));
                held = tasks();
            }
        }
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// DUALFETCH_FAULTS=10000 makes it the long run.
#[test]
fn after_many_faults_in_random_order_nothing_is_left_and_the_next_request_is_served() {
    let count = std::env::var(COUNT).unwrap_or_else(|_| "300".to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let servers = Servers::start().await;
        let fine = RawServer::start(faults::pages("<title>Fine</title>")).await;
        let store = CaStore::of([servers.issuer.pem().as_str()]);
        let (visits, fine) = (in_a_line(&servers.native()), fine.url("/"));
        let variables = [&[(VISITS, &*visits), (FINE, &*fine), (COUNT, &*count)], &GIVING_BACK[..]].concat();
        let said = child::run("native::matrix::running::all_in_random_order", &variables, &store).await;
        for line in said.lines().filter(|line| line.starts_with("faults: ")) {
            eprintln!("{line}");
        }
    });
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn all_in_random_order() {
    let (Ok(visits), Ok(fine)) = (std::env::var(VISITS), std::env::var(FINE)) else { return };
    let count: usize = std::env::var(COUNT).expect("how many").parse().expect("a number");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut visits = visits::all(&visits);
        let session = Config::new().limit(AT_ONCE).keep_alive(KEEP_ALIVE).build().expect("a session");
        // What is made once and kept: the CA store, the threads that look names up.
        fetch(&session, &fine).await.expect("a page");
        let at_first = descriptors();
        let (mut order, mut done, mut wrong, mut early) = (Order(1), 0, Vec::new(), None);
        while done < count {
            order.shuffle(&mut visits);
            let some = &visits[..visits.len().min(count - done)];
            wrong.extend(round(&session, some).await);
            done += some.len();
            if early.is_none() && done >= count / 4 {
                early = Some((done, Held::at_rest().await));
            }
        }
        let (early, late) = (early.expect("a first quarter"), Held::at_rest().await);
        println!("\nfaults: after {} visits {}", early.0, early.1);
        println!("faults: after {done} visits {late}");
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(session.figures(), Figures::default());
        assert_eq!(outcome(&fetch(&session, &fine).await), "ok");
        drop(session);
        assert!(tasks_fall_to(0).await, "{} tasks go on", tasks());
        assert!(descriptors() <= at_first, "{} descriptors, {at_first} before", descriptors());
        late.is_no_more_than(&early.1);
        println!("faults: then 0 tasks and {} descriptors ({at_first} before)", descriptors());
    });
}

/// Visits many servers at once; gives what is wrong.
async fn round(session: &DefaultSession, visits: &[Visit]) -> Vec<String> {
    let visiting = visits.iter().map(|visit| visited(session, visit));
    let outcomes: Vec<_> = futures_util::stream::iter(visiting).buffer_unordered(AT_ONCE).collect().await;
    outcomes.into_iter().flatten().collect()
}

/// What is wrong with the outcome, if anything.
async fn visited(session: &DefaultSession, visit: &Visit) -> Option<String> {
    let seen = visit.outcome(session, async || ()).await;
    // Which of the connections that earlier visits left takes a request, and whether its end has come by then, the
    // network decides.
    let code = seen.strip_suffix(" the first time").unwrap_or(&seen);
    let asks_again = matches!(visit.act, Act::AfterIdle | Act::Again) || visit.is_expected("ok");
    let of_idle = asks_again && ["ok", "disconnected", "protocol"].contains(&code);
    (!visit.is_expected(&seen) && !of_idle)
        .then(|| format!("{}: {seen} instead of {}", visit.name, visit.expected))
}

/// A seeded order (xorshift64).
struct Order(u64);

impl Order {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, (self.next() % (end as u64 + 1)) as usize);
        }
    }
}

/// What this process holds.
#[derive(Clone, Copy)]
struct Held {
    live: Live,
    resident: u64,
}

impl Held {
    /// Once the session's idle connections have ended.
    async fn at_rest() -> Self {
        assert!(tasks_fall_to(0).await, "{} tasks go on", tasks());
        Self { live: live(), resident: resident() }
    }

    fn is_no_more_than(&self, early: &Self) {
        let blocks = self.live.blocks.saturating_sub(early.live.blocks);
        let bytes = self.live.bytes.saturating_sub(early.live.bytes);
        let resident = self.resident.saturating_sub(early.resident);
        assert!(blocks <= BLOCKS, "{blocks} more blocks");
        assert!(bytes <= BYTES, "{bytes} more bytes");
        assert!(resident <= RESIDENT_KB, "{resident} kB more are resident");
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { live, resident } = self;
        write!(f, "{} bytes in {} blocks, {resident} kB resident", live.bytes, live.blocks)
    }
}

/// How many descriptors this process has open. (Linux; elsewhere 0.)
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// The memory of this process that is in use, kB. (Linux; elsewhere 0.)
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Waits until no connection is left: of a session's tasks, the one that looks after its idle connections.
async fn settled() {
    tasks_fall_to(1).await;
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Waits until no more tasks are alive than so many. `false` when that does not come.
async fn tasks_fall_to(count: usize) -> bool {
    let fewer = async {
        while tasks() > count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), fewer).await.is_ok()
}
