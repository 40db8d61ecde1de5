//! `dualfetch titles`: the list of URLs fetched, and a row written for each.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use dualfetch::{Config, DefaultSession, Retry, SessionExt, Timeout};
use tokio::sync::Semaphore;

use crate::args::TitlesArgs;
use crate::input::{Intake, Source};
use crate::output::{Target, Writer};
use crate::progress::Progress;
use crate::resume::{self, Done, Journal, Survey, Task};
use crate::row::Row;
use crate::summary::Summary;
use crate::units::Count;
use crate::{Stop, block_on, say};

/// How many rows may wait to be written, beside those under way.
const UNWRITTEN: usize = 1_000;

/// Runs the command.
pub(crate) fn run(args: TitlesArgs) -> Result<ExitCode, Stop> {
    args.require_urls();
    // Everything that can be wrong is looked at before the output file is emptied.
    let source = args.input.as_deref().map(Source::open).transpose()?;
    let session = session(&args)?;
    let (target, earlier) = open(&args)?;
    if let Some(Earlier { journal, lines }) = &earlier
        && journal.done().count() >= *lines
    {
        return Ok(nothing_left(&args, journal));
    }
    let quiet = args.quiet;
    let failed_before = earlier.as_ref().map_or(0, |earlier| earlier.journal.failed());
    let (summary, fault) = block_on(fetch(args, session, source, target, earlier))??;
    if !quiet {
        say(&summary.to_string());
    }
    match fault {
        Some(fault) => Err(Stop::Fault(fault)),
        None => Ok(ExitCode::from(u8::from(summary.failed + failed_before > 0))),
    }
}

/// What earlier runs did of this one.
struct Earlier {
    journal: Journal,
    /// How many there are in all.
    lines: usize,
}

fn open(args: &TitlesArgs) -> Result<(Target, Option<Earlier>), Stop> {
    let (Some(resume), Some(input), Some(output)) = (&args.resume, &args.input, &args.output) else {
        return Ok((Target::open(args.output.as_deref(), args.input.as_deref())?, None));
    };
    for (path, option) in [(input, "-i"), (output, "-o")] {
        if path.as_os_str() == "-" {
            return Err(Stop::Fault(format!("--resume needs a file for {option}, not `-`")));
        }
    }
    resume::distinct([("--resume", resume), ("-i", input), ("-o", output)])?;
    let survey = Survey::of(&args.urls, input)?;
    let lines = survey.lines;
    let task = Task { survey, format: args.format, ordered: args.ordered };
    let (journal, file) = Journal::open(resume, output, task)?;
    Ok((Target::resumed(output, file, &journal), Some(Earlier { journal, lines })))
}

fn nothing_left(args: &TitlesArgs, journal: &Journal) -> ExitCode {
    if !args.quiet {
        let output = args.output.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        let rows = Count(journal.done().count() as u64);
        say(&format!("nothing is left to do: {output} has all {rows} rows"));
    }
    ExitCode::from(u8::from(journal.failed() > 0))
}

fn session(args: &TitlesArgs) -> Result<DefaultSession, Stop> {
    let timeout = Timeout::new()
        .connect(args.connect_timeout.0)
        .headers(args.timeout.0)
        .read(args.timeout.0)
        .total(args.total_timeout.0);
    let mut config = Config::new()
        .limit(args.limit)
        .limit_per_host(args.limit_per_host)
        .max_redirects(args.max_redirects)
        .retry(Retry::standard().attempts(args.retries.saturating_add(1)))
        .timeout(timeout);
    if let Some(agent) = &args.user_agent {
        config = config.header("user-agent", agent);
    }
    config.build().map_err(|error| Stop::Fault(error.to_string()))
}

/// Fetches everything. Also gives why the input ended early, if it did: the rows until then are written.
async fn fetch(
    args: TitlesArgs,
    session: DefaultSession,
    source: Option<Source>,
    target: Target,
    earlier: Option<Earlier>,
) -> Result<(Summary, Option<String>), Stop> {
    let started = Instant::now();
    let progress = Progress::start(args.quiet);
    let room = Arc::new(Semaphore::new(args.limit.saturating_mul(4).max(UNWRITTEN) + UNWRITTEN));
    let render = args.format.render(&target);
    let done = earlier.as_ref().map_or_else(Done::default, |earlier| earlier.journal.done().clone());
    let journal = earlier.map(|earlier| earlier.journal);
    let mut writer = Writer::start(target, render, journal, Arc::clone(&room), progress.clone());
    let intake = Intake::default();
    let urls = intake.urls(args.urls, source, done, room);
    let mut rows = session.titles_from(urls).ordered(args.ordered).max_bytes(args.max_bytes);
    let mut summary = Summary::default();
    let stopped = loop {
        let row = tokio::select! {
            biased;
            stop = writer.failed() => break Some(stop),
            row = rows.next() => row,
        };
        let Some(row) = row else { break None };
        let taken = intake.taken(row.index);
        let row = Row::new(row, taken, args.fail);
        summary.add(&row);
        progress.row(summary.failed);
        writer.row(row);
    };
    let ended = match stopped {
        Some(stop) => Err(stop),
        None => writer.finish().await,
    };
    progress.finish();
    ended?;
    summary.elapsed = started.elapsed();
    Ok((summary, intake.fault()))
}
