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
use crate::row::Row;
use crate::summary::Summary;
use crate::{Stop, block_on, say};

/// How many rows may wait to be written, beside those under way.
const UNWRITTEN: usize = 1_000;

/// Runs the command.
pub(crate) fn run(args: TitlesArgs) -> Result<ExitCode, Stop> {
    args.require_urls();
    // Everything that can be wrong is looked at before the output file is emptied.
    let source = args.input.as_deref().map(Source::open).transpose()?;
    let session = session(&args)?;
    let target = Target::open(args.output.as_deref(), args.input.as_deref())?;
    let quiet = args.quiet;
    let (summary, fault) = block_on(fetch(args, session, source, target))??;
    if !quiet {
        say(&summary.to_string());
    }
    match fault {
        Some(fault) => Err(Stop::Fault(fault)),
        None => Ok(ExitCode::from(u8::from(summary.failed > 0))),
    }
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
) -> Result<(Summary, Option<String>), Stop> {
    let started = Instant::now();
    let progress = Progress::start(args.quiet);
    let room = Arc::new(Semaphore::new(args.limit.saturating_mul(4).max(UNWRITTEN) + UNWRITTEN));
    let render = args.format.render(&target);
    let mut writer = Writer::start(target, render, Arc::clone(&room), progress.clone());
    let intake = Intake::default();
    let urls = intake.urls(args.urls, source, room);
    let mut rows = session.titles_from(urls).ordered(args.ordered).max_bytes(args.max_bytes);
    let mut summary = Summary::default();
    let stopped = loop {
        let row = tokio::select! {
            biased;
            stop = writer.failed() => break Some(stop),
            row = rows.next() => row,
        };
        let Some(row) = row else { break None };
        let bad = intake.bad_line(row.index);
        let row = Row::new(row, bad, args.fail);
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
