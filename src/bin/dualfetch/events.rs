//! `dualfetch events`: server-sent events as they come.

use std::future::pending;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use dualfetch::event_source::Lost;
use dualfetch::event_stream::EventId;
use dualfetch::row::write;
use dualfetch::{
    DefaultSession, Error, ErrorKind, EventSource, Method, Phase, Result, ServerEvent, Session, Url,
};
use futures_util::FutureExt;
use http::header::ACCEPT;
use serde::{Serialize, Serializer};

use crate::args::{EventFormat, EventsArgs};
use crate::asking::{Question, bare, first_taken};
use crate::failing::failed;
use crate::output::{plain, standard};
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
        printer.sum_up(matches!(ended, Ended::Over) && reconnects(args, &question));
        Ok(ended)
    })??;
    cookies.save()?;
    match ended {
        Ended::Enough | Ended::Over | Ended::Signal(Signal::Interrupt) => Ok(ExitCode::SUCCESS),
        Ended::Signal(signal) => Ok(signal.exit_code()),
        Ended::Stop(stop) => Err(stop),
        Ended::Failed(error) => Ok(failed(&args.url, &error)),
    }
}

/// Why no more is printed.
enum Ended {
    /// As many as were wanted.
    Enough,
    Failed(Error),
    /// There are no more.
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
    loop {
        let mut next = Some(events.next().await);
        let mut end = None;
        while let (None, Some(event)) = (&end, next.take()) {
            end = printer.take(event);
            if end.is_none() && printer.pending.len() < standard::AT_ONCE {
                next = events.next().now_or_never();
            }
        }
        if let Err(stop) = printer.write().await {
            return Ended::Stop(stop);
        }
        if let Some(end) = end {
            return end;
        }
    }
}

/// What is no GET is not asked again unless that is wished for: it may be paid for, and would have another answer.
fn reconnects(args: &EventsArgs, question: &Question) -> bool {
    args.reconnect || (!args.no_reconnect && question.method == Method::GET)
}

async fn connected<'a>(
    session: &'a DefaultSession,
    question: &Question,
    args: &EventsArgs,
) -> Result<EventSource<'a, DefaultSession>> {
    first_taken(&bare(&args.url).unwrap_or_else(|| args.url.clone()), async |url: String| {
        let url = Url::parse(&url)?;
        let asked = question.by(session.request(question.method.clone(), url.clone()), &url)?;
        let mut source = asked.event_source().reconnect(reconnects(args, question));
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
        source.await
    })
    .await
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
    /// After so many of them it ends.
    most: Option<u64>,
    taken: u64,
    last_taken: EventId,
    /// What has been written of them.
    count: u64,
    last_event_id: EventId,
    /// What has not.
    pending: Vec<u8>,
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
        let last_event_id = EventId::from(args.last_event_id.as_deref().unwrap_or_default());
        Self {
            format: args.format,
            is_terminal: io::stdout().is_terminal(),
            is_quiet: args.quiet,
            most: args.count,
            taken: 0,
            last_taken: last_event_id.clone(),
            count: 0,
            last_event_id,
            pending: Vec::new(),
        }
    }

    /// Renders it, unless it is the end.
    fn take(&mut self, event: Option<Result<ServerEvent>>) -> Option<Ended> {
        let event = match event {
            None => return Some(Ended::Over),
            Some(Err(error)) => return Some(Ended::Failed(error)),
            Some(Ok(event)) => event,
        };
        match self.format {
            EventFormat::Text => self.text(&event),
            EventFormat::Jsonl => write(&Row(&event), &mut self.pending),
            EventFormat::Data => self.data(&event.data),
        }
        self.pending.push(b'\n');
        self.taken += 1;
        self.last_taken = event.id;
        self.most.is_some_and(|most| self.taken >= most).then_some(Ended::Enough)
    }

    async fn write(&mut self) -> Result<(), Stop> {
        standard::put(&mut self.pending).await?;
        (self.count, self.last_event_id) = (self.taken, self.last_taken.clone());
        Ok(())
    }

    fn text(&mut self, event: &ServerEvent) {
        if event.event != "message" {
            self.pending.extend_from_slice(plain(&event.event).as_bytes());
            self.pending.extend_from_slice(b": ");
        }
        for (at, line) in event.data.split('\n').enumerate() {
            if at > 0 {
                self.pending.extend_from_slice(b"\n  ");
            }
            self.pending.extend_from_slice(plain(line).as_bytes());
        }
    }

    fn data(&mut self, data: &str) {
        if !self.is_terminal {
            self.pending.extend_from_slice(data.as_bytes());
            return;
        }
        for (at, line) in data.split('\n').enumerate() {
            if at > 0 {
                self.pending.push(b'\n');
            }
            self.pending.extend_from_slice(plain(line).as_bytes());
        }
    }

    /// For somebody who looks on. `is_whole` is whether the server has said that there are no more.
    fn sum_up(&self, is_whole: bool) {
        if self.is_quiet || !io::stderr().is_terminal() {
            return;
        }
        let behind = match self.last_event_id.as_str() {
            _ if is_whole => "; there are no more".to_owned(),
            "" => String::new(),
            id => format!("; to go on: --last-event-id {id:?}"),
        };
        let s = if self.count == 1 { "" } else { "s" };
        say(&format!("{} event{s}{behind}", self.count));
    }
}
