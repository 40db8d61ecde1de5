//! What packagers and shells want: completions and manual pages.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;

use crate::Stop;
use crate::args::{Cli, CompletionsArgs, ManArgs};

const NAME: &str = "dualfetch";

/// Prints completions.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode, Stop> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), NAME, &mut text);
    print(&text)
}

/// Prints a manual page.
pub(crate) fn man(args: &ManArgs) -> Result<ExitCode, Stop> {
    let mut command = Cli::command();
    command.build();
    if let Some(name) = &args.command {
        let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        let unknown = format!("there is no command {name}, but {}", known.join(", "));
        command = command.find_subcommand(name).cloned().ok_or(Stop::Fault(unknown))?;
    }
    let mut text = Vec::new();
    match clap_mangen::Man::new(command).render(&mut text) {
        Ok(()) => print(&text),
        Err(error) => Err(Stop::Fault(format!("cannot make the page: {error}"))),
    }
}

fn print(text: &[u8]) -> Result<ExitCode, Stop> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Stop::writing(&"standard output", &error)),
    }
}
