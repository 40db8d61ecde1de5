//! `dualfetch serve`: the fetch gateway, as a server that starts, reloads and stops as it should.

mod addresses;
pub(crate) mod configuration;
mod connection;
mod file;
mod life;
mod listener;
mod log;
mod notices;
mod reading;
mod settings;
pub(crate) mod sources;
mod traffic;
#[cfg(unix)]
mod unix;
pub(crate) mod value;
mod wire;
pub(crate) mod words;

use std::io::{self, Write};
use std::process::ExitCode;

use dualfetch::gateway::Keys;

use crate::args::ServeArgs;
use crate::{Stop, files, say};

use configuration::Configuration;
use log::Log;
use sources::Resolved;

/// Runs the command.
pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode, Stop> {
    if let Some(name) = &args.new_key {
        return new_key(name);
    }
    let resolved = Resolved::new(&args.given, args.config.as_deref()).map_err(Stop::Fault)?;
    let settings = settings::settings(&resolved.configuration).map_err(Stop::Fault)?;
    if args.print_config {
        print(&resolved.print())?;
        return Ok(ExitCode::SUCCESS);
    }
    let most = connections(&resolved)?;
    let told = &resolved.configuration;
    let log = Log::start(told.log.as_deref(), told.log_format, told.log_level).map_err(|error| {
        let name =
            told.log.as_ref().map_or_else(|| "standard error".to_owned(), |path| path.display().to_string());
        Stop::Fault(format!("log: {name} cannot be written: {error}"))
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::Fault(format!("cannot start: {error}")))?;
    let ended = runtime.block_on(life::live(args, resolved.configuration, settings, most, &log));
    // What still runs was given up.
    runtime.shutdown_background();
    log.end();
    ended
}

/// Prints a key for this name, and what is kept of it.
fn new_key(name: &str) -> Result<ExitCode, Stop> {
    let fault = |error: dualfetch::Error| Stop::Fault(format!("--new-key: {error}"));
    let key = Keys::generate().map_err(fault)?;
    Keys::new().add(name, &key.hash).map_err(fault)?;
    say("The key, which is shown this once, and the line for the file of settings, below [key]:");
    let option = format!("On the command line: --key {name}={}", key.hash);
    print(&format!("{}\n{} = \"{}\"\n", key.secret, value::quoted(name), key.hash))?;
    say(&option);
    Ok(ExitCode::SUCCESS)
}

/// How many connections can be served. Each is an open file, and so is each request in flight: where this user may not have
/// as many, it is fewer, unless their number was asked for.
fn connections(resolved: &Resolved) -> Result<usize, Stop> {
    /// Listeners, logs, files of the page, standard streams.
    const OTHERS: u64 = 128;
    let Configuration { max_connections, limit, .. } = resolved.configuration;
    let needed = max_connections as u64 + limit as u64 + OTHERS;
    let Some(allowed) = files::allow(needed).filter(|allowed| *allowed < needed) else {
        return Ok(max_connections);
    };
    let left = allowed.saturating_sub(limit as u64 + OTHERS);
    if !resolved.is_default("max_connections") || left == 0 {
        return Err(Stop::Fault(format!(
            "max_connections: {max_connections} connections and {limit} requests at once are {needed} open files, and \
             {allowed} are allowed: ask for fewer, or have more allowed (ulimit -n, LimitNOFILE of systemd)"
        )));
    }
    say(&format!(
        "only {allowed} open files are allowed, so that at most {left} connections are served at once"
    ));
    Ok(usize::try_from(left).unwrap_or(usize::MAX))
}

fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Stop::writing(&"standard output", &error))
}
