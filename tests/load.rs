//! `dualfetch serve` under load: many slow streams at once, clients that go away, an end in the midst of it. A fifth of
//! the load by default, and figures of speed are only told; with `DUALFETCH_FULL=1`, as scripts/check-gateway runs it, all
//! of it, and they must be kept. `DUALFETCH` names another binary than the one that was built with it.
// A process's memory is Linux's to tell.
#![cfg(all(target_os = "linux", feature = "cli", not(target_arch = "wasm32")))]
// Servers and clients on a real machine: the seam's ban on real clocks is not for them.
#![allow(clippy::disallowed_methods, missing_docs, missing_debug_implementations, unreachable_pub)]

#[path = "load/ending.rs"]
mod ending;
#[path = "load/server.rs"]
mod server;
#[path = "load/streams.rs"]
mod streams;
#[path = "load/upstream.rs"]
mod upstream;

use std::time::Duration;

/// The most that the server's process may hold, whatever its clients do.
const MOST_KB: u64 = 256 * 1024;

/// The most that one in a hundred askings of `/healthz` may take.
const MOST_HEALTHZ: Duration = Duration::from_millis(50);

fn is_full() -> bool {
    std::env::var_os("DUALFETCH_FULL").is_some_and(|value| value == "1")
}

fn streams() -> usize {
    if is_full() { 1_000 } else { 200 }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    // Each stream takes a client's socket and the upstream's here.
    let _ = rustix::process::setrlimit(
        rustix::process::Resource::Nofile,
        rustix::process::Rlimit {
            current: rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum,
            maximum: rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum,
        },
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(test)
}
