//! The bench as a part of scripts/bench, which has each contender work in turn.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;

use super::contenders::CONTENDERS;
use super::pages::{Work, works};

pub(crate) fn run(folder: &Path) -> ExitCode {
    let works = works();
    if let Err(error) = write(folder, &works) {
        eprintln!("titles: {}: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split('\t').collect();
        let [contender, work, milliseconds] = words[..] else { return usage() };
        let contender = CONTENDERS.iter().find(|own| own.name == contender);
        let work = works.iter().find(|own| own.name == work);
        let (Some(contender), Some(work), Ok(milliseconds)) = (contender, work, milliseconds.parse()) else {
            return usage();
        };
        let wrong = work.wrong(contender.title);
        let (passes, cpu) = passes(Duration::from_millis(milliseconds), || work.pass(contender.title));
        println!("{}", json!({ "passes": passes, "cpu": cpu.as_secs_f64(), "wrong": wrong }));
    }
    ExitCode::SUCCESS
}

/// The pages as files, and what there is, on standard output.
fn write(folder: &Path, works: &[Work]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut told = Vec::new();
    for (number, work) in works.iter().enumerate() {
        let mut pages = Vec::new();
        for (at, page) in work.pages.iter().enumerate() {
            let file = format!("{number:02}-{at:02}.html");
            fs::write(folder.join(&file), &page.html)?;
            pages.push(json!({ "file": file, "title": page.title }));
        }
        told.push(json!({ "name": work.name, "bytes": work.bytes(), "pages": pages }));
    }
    let contenders: Vec<_> = CONTENDERS.iter().map(|contender| contender.name).collect();
    let told = json!({ "contenders": contenders, "works": told });
    fs::write(folder.join("works.json"), told.to_string())?;
    println!("{told}");
    io::stdout().flush()
}

/// As many as take this time, at least one; and the CPU time they took.
fn passes(time: Duration, mut pass: impl FnMut()) -> (u32, Duration) {
    let (from, cpu) = (Instant::now(), cpu());
    let mut passes = 0;
    loop {
        pass();
        passes += 1;
        if from.elapsed() >= time {
            return (passes, self::cpu() - cpu);
        }
    }
}

/// What this process has used so far, where that is told; else the time that has passed.
#[cfg(unix)]
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

#[cfg(not(unix))]
fn cpu() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}

fn usage() -> ExitCode {
    eprintln!("titles: the arguments are those that benches/titles/main.rs names");
    ExitCode::from(2)
}
