//! The command line: many URLs in, a row with its title for each one out.
// Here the clock, the threads and the tasks are the machine's own: the seam's ban is for the library.
#![allow(clippy::disallowed_methods)]

mod args;
mod asking;
mod cookies;
mod demo;
mod digests;
mod documents;
mod events;
mod failing;
mod files;
mod form;
mod frequent;
mod get;
mod hashing;
mod input;
mod metadata;
mod meter;
mod output;
mod page;
mod progress;
mod resume;
mod row;
mod saving;
mod serve;
mod signals;
mod summary;
mod titles;
mod units;
mod ws;

use std::fmt;
use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Completions(args) => documents::completions(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Get(args) => get::run(&args),
        Command::Man(args) => documents::man(&args),
        Command::Page(args) => page::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Titles(args) => titles::run(*args),
        Command::Ws(args) => ws::run(&args),
    };
    match ended {
        Ok(code) => code,
        Err(Stop::Quiet) => ExitCode::SUCCESS,
        Err(Stop::Fault(message)) => {
            say(&format!("error: {message}"));
            ExitCode::from(2)
        }
    }
}

/// Writes a line to standard error. Some of it may be a stranger's text. Where that is gone there is nobody to tell.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", output::plain(line));
}

/// Why the program ends before its time.
#[derive(Debug)]
enum Stop {
    /// What the user has to see to, in one line.
    Fault(String),
    /// Nobody reads on, as after `| head`: there is nothing to complain about.
    Quiet,
}

impl Stop {
    /// What it means that this could not be written there.
    fn writing(name: &impl fmt::Display, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Quiet,
            _ => Self::Fault(format!("cannot write to {name}: {error}")),
        }
    }
}

/// Runs it on this thread. What still runs then, such as a name look-up that hangs, does not hold up the end.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::Fault(format!("cannot start: {error}")))?;
    let value = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(value)
}
