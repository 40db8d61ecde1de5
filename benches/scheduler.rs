//! What requests cost while they wait, and what it costs to let the next one start: `cargo bench --bench scheduler`.
//!
//! Prints a table for 1,000 to 1,000,000 waiting requests and ends with 1 when one of the budgets is not kept. With
//! `-- --quick` up to 10,000.

#[path = "../tests/memory/waiting.rs"]
mod waiting;

use std::process::ExitCode;

use waiting::{SCHEDULER_BYTES, SEND_BYTES};

/// How much longer an admission may take where a thousand times as many wait: no step of it depends on their number, but
/// a request that starts has left every cache by then, and each miss counts.
const GROWTH: f64 = 10.0;

fn main() -> ExitCode {
    let counts: &[usize] = match std::env::args().any(|argument| argument == "--quick") {
        true => &[1_000, 10_000],
        false => &[1_000, 10_000, 100_000, 1_000_000],
    };
    println!("bytes a waiter: budgets {SCHEDULER_BYTES} in the scheduler, {SEND_BYTES} in all");
    println!("{:>10} {:>12} {:>12} {:>12} {:>14}", "waiting", "scheduler", "scripted", "native", "admission");
    let mut fastest = None;
    let mut kept = true;
    for count in counts {
        let scripted = waiting::scripted(*count);
        let native = waiting::native(*count);
        let first = *fastest.get_or_insert(scripted.admission);
        let growth = scripted.admission.as_secs_f64() / first.as_secs_f64();
        println!(
            "{count:>10} {:>12} {:>12} {native:>12} {:>11} ns ({growth:.2} x)",
            scripted.slab,
            scripted.whole,
            scripted.admission.as_nanos()
        );
        kept &=
            scripted.slab <= SCHEDULER_BYTES && scripted.whole.max(native) <= SEND_BYTES && growth <= GROWTH;
    }
    match kept {
        true => ExitCode::SUCCESS,
        false => {
            println!("over a budget; of the first admission {GROWTH} x");
            ExitCode::FAILURE
        }
    }
}
