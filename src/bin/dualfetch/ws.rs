//! `dualfetch ws`: lines in, messages out.

mod lines;
mod printer;

use std::cell::Cell;
use std::future::{Future, pending};
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dualfetch::websocket::{Close, CloseCode, ClosedBy, Message, Text, WebSocketSender};
use dualfetch::{Error, Method, Session, SessionExt, Url, WebSocket};
use futures_util::SinkExt;

use crate::args::WsArgs;
use crate::asking::{Asking, bare};
use crate::failing::failed;
use crate::get::{tell_headers, tell_request};
use crate::row::explain;
use crate::signals::{Signal, Signals};
use crate::units::Bound;
use crate::{Stop, block_on, say};

use printer::{Printed, Printer};

/// How long nothing may come once there is nothing more to send.
const WAIT: Duration = Duration::from_secs(1);

/// How long the closing handshake may take where nobody reads on.
const LEAVE: Duration = Duration::from_secs(1);

/// Runs the command.
pub(crate) fn run(args: &WsArgs) -> Result<ExitCode, Stop> {
    let question = args.request.question()?;
    if question.method != Method::GET || !question.body.is_none() {
        return Err(Stop::Fault("a WebSocket is opened by a GET without a body: see -m".to_owned()));
    }
    let url = bare(&args.url).unwrap_or_else(|| args.url.clone());
    if let Err(error) = Url::parse(&url) {
        return Err(Stop::Fault(explain(&args.url, &error).message));
    }
    let cookies = args.request.cookies()?;
    let session = args.request.session(args.request.config(Bound(None), &cookies)?)?;
    let mut session = Asking::new(session, question);
    if args.verbose {
        session = session.with_trace(tell_request);
    }
    let ended = block_on(async {
        let signals = Signals::new();
        let mut signals = signals.map_err(|error| Stop::Fault(format!("cannot see signals: {error}")))?;
        let opened = tokio::select! {
            opened = open(&session, &url, args) => opened,
            signal = signals.next() => return Ok(signal.exit_code()),
        };
        match opened {
            Ok(socket) => Talk::new(socket, args).run(signals).await,
            Err(error) => Ok(failed(&args.url, &error)),
        }
    })?;
    cookies.save()?;
    ended
}

async fn open(session: &impl Session, url: &str, args: &WsArgs) -> Result<WebSocket, Error> {
    let mut opening = session
        .websocket(url)
        .protocols(&args.protocol)
        .heartbeat(args.heartbeat.and_then(|bound| bound.0))
        .max_message_size(usize::try_from(args.max_message_size).unwrap_or(usize::MAX));
    if let Some(origin) = &args.origin {
        opening = opening.origin(origin);
    }
    if args.permessage_deflate {
        opening = opening.permessage_deflate(true);
    }
    let socket = opening.await?;
    if args.verbose {
        say(&format!("< {}", http::StatusCode::SWITCHING_PROTOCOLS));
        tell_headers('<', socket.headers());
        say("<");
    }
    Ok(socket)
}

/// An open connection.
struct Talk<'a> {
    args: &'a WsArgs,
    sender: WebSocketSender,
    printer: Printer,
}

/// Why it is to be closed, or is over.
enum Why {
    Printed(Printed),
    /// All was sent, and nothing comes any more.
    Quiet,
    Signal(Signal),
    Unsent(Stop),
}

impl<'a> Talk<'a> {
    fn new(socket: WebSocket, args: &'a WsArgs) -> Self {
        let (sender, receiver) = socket.split();
        Self { args, sender, printer: Printer::new(receiver, args.hex, args.count) }
    }

    /// Sends and prints until there is a reason to close, and closes.
    async fn run(self, mut signals: Signals) -> Result<ExitCode, Stop> {
        let Self { args, mut sender, mut printer } = self;
        let last = Cell::new(Some(Instant::now()));
        let mut printing = Box::pin(printer.run(&last));
        let why = tokio::select! {
            printed = &mut printing => Why::Printed(printed),
            sent = send_all(&mut sender, args, &last) => sent.map_or_else(Why::Unsent, |()| Why::Quiet),
            signal = signals.next() => Why::Signal(signal),
        };
        let (mut ended, signal, mut stop) = match why {
            Why::Printed(printed) => (Ok(printed), None, None),
            Why::Quiet => (close(&mut sender, &mut printing, &mut signals).await, None, None),
            Why::Signal(signal) => {
                (close(&mut sender, &mut printing, &mut signals).await, Some(signal), None)
            }
            Why::Unsent(stop) => (close(&mut sender, &mut printing, &mut signals).await, None, Some(stop)),
        };
        drop(printing);
        ended = match ended {
            Ok(Printed::Enough) => close(&mut sender, printer.drain(), &mut signals).await,
            Ok(Printed::Stop(unwritten)) => {
                stop = Some(unwritten);
                let closing = close(&mut sender, printer.drain(), &mut signals);
                let closed = tokio::time::timeout(LEAVE, closing).await;
                closed.unwrap_or(Ok(Printed::Over))
            }
            other => other,
        };
        match (stop, signal, ended) {
            (Some(stop), ..) => Err(stop),
            (_, _, Err(signal)) => Ok(signal.exit_code()),
            (_, signal, Ok(Printed::Failed(error))) => {
                let code = failed(&args.url, &error);
                Ok(signal.map_or(code, Signal::exit_code))
            }
            (_, signal, Ok(_)) => {
                let code = tell_close(args, sender.closed().as_ref());
                Ok(signal.map_or(code, Signal::exit_code))
            }
        }
    }
}

/// Sends all there is to send, and is ready when nothing has come for a while then.
async fn send_all(
    sender: &mut WebSocketSender,
    args: &WsArgs,
    last: &Cell<Option<Instant>>,
) -> Result<(), Stop> {
    for text in &args.message {
        sent(sender.send(text.as_str()).await).await;
    }
    if args.no_input {
        pending::<()>().await;
    }
    let mut input = lines::of_standard_input();
    while let Some(lines) = input.recv().await {
        for line in lines {
            let message = message(line?, args.binary)?;
            sent(sender.feed(message).await).await;
        }
        sent(SinkExt::<Message>::flush(sender).await).await;
    }
    let wait = match (args.wait, args.count) {
        (Some(Bound(wait)), _) => wait,
        (None, Some(_)) => None,
        (None, None) => Some(WAIT),
    };
    match wait {
        Some(wait) => silence(last, wait).await,
        None => pending().await,
    }
    Ok(())
}

/// What cannot be sent any more is for what comes, or does not, to explain.
async fn sent(result: dualfetch::Result<()>) {
    if result.is_err() {
        pending::<()>().await;
    }
}

fn message(line: Bytes, is_binary: bool) -> Result<Message, Stop> {
    if is_binary {
        return Ok(Message::Binary(line));
    }
    let text = Text::try_from(line);
    text.map(Message::Text).map_err(|_| {
        Stop::Fault("a line of standard input is not UTF-8: --binary sends it as it is".to_owned())
    })
}

/// Ready when nothing has come for so long, what came last having been written.
async fn silence(last: &Cell<Option<Instant>>, wait: Duration) {
    let from = Instant::now();
    loop {
        let now = Instant::now();
        let until = last.get().map_or(now, |last| last.max(from)) + wait;
        if until <= now {
            return;
        }
        tokio::time::sleep_until(until.into()).await;
    }
}

/// Closes, while the rest comes. A signal ends the wait for that.
async fn close(
    sender: &mut WebSocketSender,
    rest: impl Future<Output = Printed>,
    signals: &mut Signals,
) -> Result<Printed, Signal> {
    let closing = async {
        let _ = sender.close(CloseCode::NORMAL, "").await;
        pending::<()>().await;
    };
    tokio::select! {
        printed = rest => Ok(printed),
        () = closing => Ok(Printed::Over),
        signal = signals.next() => Err(signal),
    }
}

fn tell_close(args: &WsArgs, close: Option<&Close>) -> ExitCode {
    let Some(close) = close else { return ExitCode::FAILURE };
    let is_in_order = match close.by {
        ClosedBy::Client => true,
        _ => [CloseCode::NORMAL, CloseCode::NO_STATUS].contains(&close.code),
    };
    if !args.quiet && (!is_in_order || io::stderr().is_terminal()) {
        let by = if close.by == ClosedBy::Client { "here" } else { "the server" };
        say(format!("* closed by {by}: {} {}", close.code, close.reason).trim_end());
    }
    if is_in_order { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
