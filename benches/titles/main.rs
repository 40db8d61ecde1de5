//! Titles of pages, ours beside its peers: `cargo bench --bench titles`, or `scripts/bench pages` with lxml and cheerio
//! in the same run.
//!
//! ```sh
//! titles [FILTER]         criterion, each contender on each work; wrong answers are counted and told
//! titles serve FOLDER     writes the pages to FOLDER for the peers in other languages, says on standard output what
//!                         there is, and then for each line `CONTENDER WORK MILLISECONDS` what that took
//! ```
// Here the clock is the machine's own: the seam's ban is for the library.
#![allow(clippy::disallowed_methods)]

mod bare;
mod contenders;
mod pages;
mod realistic;
mod serve;
mod words;

use std::process::ExitCode;

use contenders::CONTENDERS;
use criterion::{Criterion, Throughput};
use pages::Work;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, folder] = &arguments[..]
        && command == "serve"
    {
        return serve::run(folder.as_ref());
    }
    let mut criterion = Criterion::default().configure_from_args();
    for work in pages::works() {
        measure(&mut criterion, &work);
    }
    criterion.final_summary();
    ExitCode::SUCCESS
}

fn measure(criterion: &mut Criterion, work: &Work) {
    let mut group = criterion.benchmark_group(&work.name);
    group.sample_size(15).throughput(Throughput::Bytes(work.bytes() as u64));
    for contender in CONTENDERS {
        let wrong = work.wrong(contender.title);
        if wrong > 0 {
            println!("{}/{}: {wrong} of {} answers wrong", work.name, contender.name, work.pages.len());
        }
        group.bench_function(contender.name, |bencher| bencher.iter(|| work.pass(contender.title)));
    }
    group.finish();
}
