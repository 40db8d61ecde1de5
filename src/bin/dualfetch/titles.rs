//! `dualfetch titles`: the list of URLs fetched, and a row written for each.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dualfetch::{Batch, DefaultSession, ErrorKind, SessionExt, TitleRow};
use futures_util::StreamExt;
use tokio::sync::{Semaphore, oneshot};

use crate::args::TitlesArgs;
use crate::asking::Asking;
use crate::cookies::Cookies;
use crate::input::{Intake, Source};
use crate::output::{Target, Writer};
use crate::progress::Progress;
use crate::resume::{self, Done, Journal, Survey, Task};
use crate::row::Row;
use crate::signals::{Signal, Signals};
use crate::summary::Summary;
use crate::units::{Bound, Count, Rate};
use crate::{Stop, block_on, files, say};

/// How many rows may wait to be written, beside those under way.
const UNWRITTEN: usize = 1_000;

/// Runs the command.
pub(crate) fn run(args: TitlesArgs) -> Result<ExitCode, Stop> {
    args.require_urls();
    if args.request.reads_input() && args.input.as_deref().is_some_and(|input| input.as_os_str() == "-") {
        return Err(Stop::Fault("standard input cannot be both the list and the body".to_owned()));
    }
    // Everything that can be wrong is looked at before the output file is emptied.
    let source = args.input.as_deref().map(Source::open).transpose()?;
    let cookies = args.request.cookies()?;
    for (option, file) in [("-i", &args.input), ("-o", &args.output), ("--resume", &args.resume)] {
        cookies.apart_from(option, file.as_deref())?;
    }
    let session = session(&args, &cookies)?;
    files::allow_many();
    let (target, earlier) = open(&args)?;
    if let Some(Earlier { journal, lines }) = &earlier
        && *lines > 0
        && journal.done().count() >= *lines
    {
        return Ok(nothing_left(&args, journal));
    }
    let (quiet, can_resume) = (args.quiet, earlier.is_some());
    let ended = block_on(fetch(args, session, source, target, earlier))?;
    cookies.save()?;
    let Outcome { summary, fault, signal } = ended?;
    if !quiet {
        summary.to_string().lines().for_each(say);
    }
    match (fault, signal) {
        (Some(fault), _) => Err(Stop::Fault(fault)),
        (None, Some(signal)) => {
            if !quiet {
                say(match can_resume {
                    true => "Stopped before the end: the same command goes on from here.",
                    false => "Stopped before the end. With --resume FILE a run can go on where it stopped.",
                });
            }
            Ok(signal.exit_code())
        }
        (None, None) => Ok(ExitCode::from(u8::from(summary.has_failures()))),
    }
}

/// What earlier runs did of this one.
struct Earlier {
    journal: Journal,
    /// How many there are in all.
    lines: usize,
}

impl Earlier {
    /// How many rows there are, and how many of them failed.
    fn rows(&self) -> (u64, u64) {
        (self.journal.done().count() as u64, self.journal.failed())
    }
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
    let task = Task { survey, format: args.format, metadata: args.metadata, ordered: args.ordered };
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

fn session(args: &TitlesArgs, cookies: &Cookies) -> Result<Asking<DefaultSession>, Stop> {
    /// For one URL, unless --total-timeout says otherwise.
    const TOTAL: Bound = Bound(Some(Duration::from_secs(300)));
    let question = args.request.question()?;
    let mut config =
        args.request.config(TOTAL, cookies)?.limit(args.limit).limit_per_host(args.limit_per_host);
    if let Some(Rate { count, per }) = args.rate {
        config = config.rate(count, per);
    }
    let session = args.request.session(config)?;
    Ok(Asking::new(session, question))
}

/// How a run ended.
struct Outcome {
    summary: Summary,
    /// Why the input ended early, if it did: the rows until then are written.
    fault: Option<String>,
    /// What ended the run before all was done.
    signal: Option<Signal>,
}

/// Fetches everything, or as much as the user lets it.
async fn fetch(
    args: TitlesArgs,
    session: Asking<DefaultSession>,
    source: Option<Source>,
    target: Target,
    earlier: Option<Earlier>,
) -> Result<Outcome, Stop> {
    let started = Instant::now();
    let mut signals = Signals::new().map_err(|error| Stop::Fault(format!("cannot start: {error}")))?;
    let before = earlier.as_ref().map_or((0, 0), Earlier::rows);
    let progress = Progress::start(args.quiet, before.0);
    count(&progress, &args, earlier.as_ref());
    let room = Arc::new(Semaphore::new(args.limit.saturating_mul(4).max(UNWRITTEN) + UNWRITTEN));
    let render = args.format.render(&target, args.metadata.is_some());
    let done = earlier.as_ref().map_or_else(Done::default, |earlier| earlier.journal.done().clone());
    let journal = earlier.map(|earlier| earlier.journal);
    let writer = Writer::start(target, render, journal, Arc::clone(&room), progress.clone());
    let intake = Intake::default();
    let (stop, stopped) = oneshot::channel();
    let urls = intake.urls(args.urls, source, done, room).take_until(stopped);
    let mut rows = session.titles_from(urls).ordered(args.ordered).max_bytes(args.max_bytes);
    if let Some(reach) = args.metadata {
        rows = rows.metadata(reach.extent());
    }
    let mut run = Run {
        session: session.inner().clone(),
        writer,
        progress: progress.clone(),
        intake,
        stop: Some(stop),
        signal: None,
        summary: Summary::after(before),
        ordered: args.ordered,
        has_left_out: false,
        fail: args.fail,
        quiet: args.quiet,
    };
    let ended = match run.take(rows, &mut signals).await {
        Ok(end) => finish(run.writer, end, &mut signals).await,
        Err(stop) => Err(stop),
    };
    progress.finish();
    let signal = ended?.or_else(|| run.signal.filter(|_| !run.intake.is_done()));
    run.summary.elapsed = started.elapsed();
    Ok(Outcome { summary: run.summary, fault: run.intake.fault(), signal })
}

/// Finds out how many rows there will be, for the estimate. A list may be long: another thread reads it.
fn count(progress: &Progress, args: &TitlesArgs, earlier: Option<&Earlier>) {
    let arguments = args.urls.len();
    match (earlier, args.input.clone()) {
        _ if !progress.is_shown() => {}
        (Some(earlier), _) => progress.total(earlier.lines as u64),
        (None, None) => progress.total(arguments as u64),
        (None, Some(input)) => {
            let progress = progress.clone();
            std::thread::spawn(move || {
                if let Some(lines) = resume::count(&input) {
                    progress.total((arguments + lines) as u64);
                }
            });
        }
    }
}

/// How the taking of rows ended.
enum End {
    AllRows,
    AtOnce(Signal),
}

/// What is under way.
struct Run {
    session: DefaultSession,
    writer: Writer,
    progress: Progress,
    intake: Intake,
    /// Dropped to take no more URLs.
    stop: Option<oneshot::Sender<()>>,
    signal: Option<Signal>,
    summary: Summary,
    ordered: bool,
    /// A URL that was waiting for its turn has no row.
    has_left_out: bool,
    fail: bool,
    quiet: bool,
}

impl Run {
    /// Takes all rows. The first signal ends the taking of URLs and sends away those that wait for their turn, the second
    /// one ends all.
    async fn take(&mut self, mut rows: Rows<'_>, signals: &mut Signals) -> Result<End, Stop> {
        loop {
            tokio::select! {
                biased;
                stop = self.writer.failed() => return Err(stop),
                signal = signals.next() => {
                    if self.signal.replace(signal).is_some() {
                        return Ok(End::AtOnce(signal));
                    }
                    self.stop = None;
                    drop(self.session.close());
                    self.tell_of_the_end();
                }
                row = rows.next() => match row {
                    Some(row) => self.row(row),
                    None => return Ok(End::AllRows),
                },
            }
        }
    }

    fn row(&mut self, row: TitleRow) {
        // Another run has it yet to fetch; and in order, all that come after it.
        let is_left_out = row.error().is_some_and(|error| *error.kind() == ErrorKind::Closed);
        self.has_left_out |= is_left_out;
        if is_left_out || self.ordered && self.has_left_out {
            return;
        }
        let taken = self.intake.taken(row.index);
        let row = Row::new(row, taken, self.fail);
        self.summary.add(&row);
        self.progress.row(self.summary.failed);
        self.writer.row(row);
    }

    fn tell_of_the_end(&self) {
        if !self.quiet {
            let under_way = Count(self.session.figures().in_flight as u64);
            self.progress.hidden_while(|| {
                say(&format!(
                    "Stopping: requests under way are finished ({under_way}). Ctrl-C again ends at once."
                ));
            });
        }
    }
}

type Rows<'a> = Batch<'a, Asking<DefaultSession>, String, TitleRow>;

/// Waits until what has been fetched is written. That may take as long as it takes, as when a reader pauses; but not
/// against the user's will: then it gives the signal that has ended it.
async fn finish(writer: Writer, end: End, signals: &mut Signals) -> Result<Option<Signal>, Stop> {
    /// Enough for rows that nobody holds up.
    const MOMENT: Duration = Duration::from_secs(1);
    let patience = async {
        match end {
            End::AllRows => signals.next().await,
            End::AtOnce(signal) => {
                tokio::time::sleep(MOMENT).await;
                signal
            }
        }
    };
    tokio::select! {
        biased;
        ended = writer.finish() => ended.map(|()| None),
        signal = patience => Ok(Some(signal)),
    }
}
