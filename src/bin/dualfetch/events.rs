//! `dualfetch events`: server-sent events as they come.

use std::future::pending;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use dualfetch::event_source::Lost;
use dualfetch::event_stream::EventId;
use dualfetch::{
    DefaultSession, Error, ErrorKind, EventSource, Phase, RequestBuilder, Result, ServerEvent, Session,
};
use http::header::ACCEPT;
use serde::{Serialize, Serializer};

use crate::args::{EventFormat, EventsArgs};
use crate::asking::{Question, candidates, is_refused};
use crate::output::{jsonl, plain};
use crate::row::explain;
use crate::signals::{Signal, Signals};
use crate::units::{Bound, Took};
use crate::{Stop, block_on, say};

/// Runs the command.
pub(crate) fn run(args: &EventsArgs) -> Result<ExitCode, Stop> {
    let mut question = args.request.question()?;
    // What --json asks for is not what is streamed.
    if !args.request.names(&ACCEPT) {
        question.headers.remove(ACCEPT);
    }
    let cookies = args.request.cookies()?;
    let session = args.request.session(args.request.config(Bound(None), &cookies)?)?;
    let ended = block_on(async {
        let mut printer = Printer::new(args);
        let ended = tokio::select! {
            biased;
            signal = interrupted() => Ended::Signal(signal?),
            () = passed(args.request.total()) => Ended::Failed(ErrorKind::Timeout(Phase::Total).into()),
            ended = printed(&session, &question, args, &mut printer) => ended,
        };
        printer.sum_up();
        Ok(ended)
    })??;
    cookies.save()?;
    match ended {
        Ended::Over | Ended::Signal(Signal::Interrupt) => Ok(ExitCode::SUCCESS),
        Ended::Signal(signal) => Ok(signal.exit_code()),
        Ended::Stop(stop) => Err(stop),
        Ended::Failed(error) => {
            say(&format!("error: {}", explain(&args.url, &error).message));
            let is_misuse = matches!(
                error.kind(),
                ErrorKind::InvalidHeader | ErrorKind::InvalidUrl | ErrorKind::UnsupportedScheme
            );
            Ok(ExitCode::from(if is_misuse { 2 } else { 1 }))
        }
    }
}

/// Why no more is printed.
enum Ended {
    Failed(Error),
    /// There are no more, or as many as were wanted.
    Over,
    Signal(Signal),
    Stop(Stop),
}

async fn interrupted() -> Result<Signal, Stop> {
    match Signals::new() {
        Ok(mut signals) => Ok(signals.next().await),
        Err(error) => Err(Stop::Fault(format!("cannot listen for Ctrl-C: {error}"))),
    }
}

async fn passed(total: Option<Duration>) {
    match total {
        Some(total) => tokio::time::sleep(total).await,
        None => pending().await,
    }
}

async fn printed(
    session: &DefaultSession,
    question: &Question,
    args: &EventsArgs,
    printer: &mut Printer,
) -> Ended {
    let mut events = match connected(session, question, args).await {
        Ok(events) => events,
        Err(error) => return Ended::Failed(error),
    };
    while let Some(event) = events.next().await {
        let printed = match event {
            Ok(event) => printer.print(&event),
            Err(error) => return Ended::Failed(error),
        };
        if let Err(error) = printed {
            return Ended::Stop(Stop::writing(&"standard output", &error));
        }
        if args.count.is_some_and(|count| printer.count >= count) {
            break;
        }
    }
    Ended::Over
}

async fn connected<'a>(
    session: &'a DefaultSession,
    question: &Question,
    args: &EventsArgs,
) -> Result<EventSource<'a, DefaultSession>> {
    let mut refused = None;
    for url in candidates(&args.url) {
        let mut source = asked(session, question, &url)?.event_source().reconnect(!args.no_reconnect);
        if let Some(id) = &args.last_event_id {
            source = source.last_event_id(id);
        }
        if args.any_type {
            source = source.any_type();
        }
        if !args.quiet {
            let url = args.url.clone();
            source = source.on_lost(move |lost| tell_lost(&url, lost));
        }
        match source.await {
            // The first one tells more.
            Err(error) if is_refused(&error) => refused = refused.or(Some(error)),
            connected => return connected,
        }
    }
    Err(refused.unwrap_or_else(|| ErrorKind::Connect.into()))
}

/// The question, of this URL.
fn asked<'a>(
    session: &'a DefaultSession,
    question: &Question,
    url: &str,
) -> Result<RequestBuilder<&'a DefaultSession>> {
    let mut builder = session.request(question.method.clone(), url);
    if let Some(digests) = &question.digest {
        builder = builder.digest_auth_by(digests.of(&dualfetch::Url::parse(url)?)?);
    }
    if !question.body.is_none() {
        builder = builder.body(question.body.clone());
    }
    for (name, value) in &question.headers {
        builder = builder.append_header(name, value);
    }
    for (name, value) in &question.cookies {
        builder = builder.cookie(name, value);
    }
    Ok(builder)
}

fn tell_lost(url: &str, lost: &Lost<'_>) {
    let why = match lost.error {
        Some(error) => explain(url, error).message,
        None => "the stream has ended".to_owned(),
    };
    say(&format!("* {why}; connecting again in {}", Took(lost.pause)));
}

/// Writes events.
struct Printer {
    format: EventFormat,
    /// What is written is shown to somebody: a stranger's control characters are kept out.
    is_terminal: bool,
    is_quiet: bool,
    count: u64,
    last_event_id: EventId,
    line: Vec<u8>,
}

/// As an object.
struct Row<'a>(&'a ServerEvent);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ServerEvent { event, data, id, .. } = self.0;
        serializer.collect_map([("event", event.as_str()), ("data", data), ("id", id)])
    }
}

impl Printer {
    fn new(args: &EventsArgs) -> Self {
        Self {
            format: args.format,
            is_terminal: io::stdout().is_terminal(),
            is_quiet: args.quiet,
            count: 0,
            last_event_id: args.last_event_id.as_deref().unwrap_or_default().into(),
            line: Vec::new(),
        }
    }

    fn print(&mut self, event: &ServerEvent) -> io::Result<()> {
        self.count += 1;
        self.last_event_id = event.id.clone();
        self.line.clear();
        match self.format {
            EventFormat::Text => self.text(event),
            EventFormat::Jsonl => jsonl::write(&Row(event), &mut self.line),
            EventFormat::Data => self.data(&event.data),
        }
        self.line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&self.line)?;
        // So that it is there when it has come.
        out.flush()
    }

    fn text(&mut self, event: &ServerEvent) {
        if event.event != "message" {
            self.line.extend_from_slice(plain(&event.event).as_bytes());
            self.line.extend_from_slice(b": ");
        }
        for (at, line) in event.data.split('\n').enumerate() {
            if at > 0 {
                self.line.extend_from_slice(b"\n  ");
            }
            self.line.extend_from_slice(plain(line).as_bytes());
        }
    }

    fn data(&mut self, data: &str) {
        if !self.is_terminal {
            self.line.extend_from_slice(data.as_bytes());
            return;
        }
        for (at, line) in data.split('\n').enumerate() {
            if at > 0 {
                self.line.push(b'\n');
            }
            self.line.extend_from_slice(plain(line).as_bytes());
        }
    }

    /// For somebody who looks on.
    fn sum_up(&self) {
        if self.is_quiet || !io::stderr().is_terminal() {
            return;
        }
        let behind = match self.last_event_id.as_str() {
            "" => String::new(),
            id => format!("; to go on: --last-event-id {id:?}"),
        };
        let s = if self.count == 1 { "" } else { "s" };
        say(&format!("{} event{s}{behind}", self.count));
    }
}
