//! `dualfetch serve`: the fetch gateway, as a server that starts, reloads and stops as it should.

pub(crate) mod configuration;
mod file;
pub(crate) mod sources;
pub(crate) mod value;
pub(crate) mod words;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::Stop;
use crate::args::ServeArgs;

use sources::Resolved;

/// Runs the command.
pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode, Stop> {
    let resolved = Resolved::new(&args.given, args.config.as_deref()).map_err(Stop::Fault)?;
    if args.print_config {
        print(&resolved.print())?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Stop::writing(&"standard output", &error))
}
