//! `dualfetch ws`: lines in, messages out.

mod lines;
mod printer;
mod sending;
mod words;

use std::cell::Cell;
use std::future::{Future, pending};
use std::io::{self, IsTerminal};
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use dualfetch::websocket::{Close, CloseCode, ClosedBy, WebSocketSender};
use dualfetch::{Error, Method, Session, SessionExt, Url, WebSocket};

use crate::args::WsArgs;
use crate::asking::{Asking, bare};
use crate::failing::exit_code;
use crate::get::{tell_headers, tell_request};
use crate::signals::{Signal, Signals};
use crate::units::Bound;
use crate::{Stop, block_on, say};

use printer::{Printed, Printer};
use sending::Sending;

/// How long the closing handshake may take.
const CLOSE: Duration = Duration::from_secs(10);

/// How long the closing handshake may take where nobody reads on.
const LEAVE: Duration = Duration::from_secs(1);

/// Runs the command.
pub(crate) fn run(args: &WsArgs) -> Result<ExitCode, Stop> {
    let question = args.request.question()?;
    if question.method != Method::GET || !question.body.is_none() {
        return Err(Stop::Fault("a WebSocket is opened by a GET without a body: see -m".to_owned()));
    }
    let url = whole(&args.url);
    if let Err(error) = Url::parse(&url) {
        return Err(Stop::Fault(words::explain(&args.url, &error)));
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
            Err(error) => {
                say(&format!("error: {}", words::explain(&args.url, &error)));
                Ok(exit_code(&error))
            }
        }
    })?;
    cookies.save()?;
    ended
}

/// The URL, a host without a scheme being given one: ws on this machine, where servers in the making have no TLS.
fn whole(text: &str) -> String {
    let Some(url) = bare(text) else { return text.to_owned() };
    let parsed = Url::parse(&url).ok();
    let host = parsed.as_ref().and_then(Url::host).unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    match is_here {
        true => format!("ws://{}", text.strip_prefix("//").unwrap_or(text)),
        false => url,
    }
}

async fn open(session: &impl Session, url: &str, args: &WsArgs) -> Result<WebSocket, Error> {
    let mut opening = session
        .websocket(url)
        .protocols(&args.protocol)
        .heartbeat(args.heartbeat.and_then(|bound| bound.0))
        .receive_timeout(args.receive_timeout.and_then(|bound| bound.0))
        .close_timeout(CLOSE)
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
    if !args.quiet && io::stderr().is_terminal() {
        let protocol = socket.protocol().map(|name| format!(" ({name})")).unwrap_or_default();
        say(&format!("* connected to {}{protocol}", socket.url().redacted()));
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
}

impl<'a> Talk<'a> {
    fn new(socket: WebSocket, args: &'a WsArgs) -> Self {
        let (sender, receiver) = socket.split();
        Self { args, sender, printer: Printer::new(receiver, args) }
    }

    /// Sends and prints until there is a reason to close, and closes.
    async fn run(self, mut signals: Signals) -> Result<ExitCode, Stop> {
        let Self { args, mut sender, mut printer } = self;
        let last = Cell::new(Some(Instant::now()));
        let mut sending = Sending::new(args, &last);
        let mut printing = Box::pin(printer.run(&last));
        let why = tokio::select! {
            printed = &mut printing => Why::Printed(printed),
            () = sending.run(&mut sender) => Why::Quiet,
            signal = signals.next() => Why::Signal(signal),
        };
        let (mut ended, signal) = match why {
            Why::Printed(printed) => (Ok(printed), None),
            Why::Quiet => (close(&mut sender, &mut printing, &mut signals).await, None),
            Why::Signal(signal) => {
                if signal == Signal::Interrupt && !args.quiet {
                    say("* closing; Ctrl-C again does not wait");
                }
                (close(&mut sender, &mut printing, &mut signals).await, Some(signal))
            }
        };
        drop(printing);
        let mut stop = sending.fault;
        let mut failure = None;
        ended = match ended {
            Ok(Printed::Enough) => close(&mut sender, printer.drain(), &mut signals).await,
            Ok(Printed::Stop(unwritten)) => {
                stop = Some(unwritten);
                let closing = close(&mut sender, printer.drain(), &mut signals);
                let closed = tokio::time::timeout(LEAVE, closing).await;
                closed.unwrap_or(Ok(Printed::Over))
            }
            // That nothing came for too long leaves it open.
            Ok(Printed::Failed(error)) if sender.closed().is_none() => {
                failure = Some(error);
                close(&mut sender, printer.drain(), &mut signals).await
            }
            other => other,
        };
        let code = match (stop, ended) {
            (Some(stop), _) => return Err(stop),
            (None, Err(signal)) => return Ok(signal.exit_code()),
            (None, Ok(Printed::Failed(error))) => tell_failure(args, &failure.unwrap_or(error)),
            (None, Ok(_)) => match failure {
                Some(error) => tell_failure(args, &error),
                None => tell_close(args, sender.closed().as_ref()),
            },
        };
        Ok(signal.map_or(code, Signal::exit_code))
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

fn tell_failure(args: &WsArgs, error: &Error) -> ExitCode {
    say(&format!("error: {}", words::explain_end(args, error)));
    exit_code(error)
}

fn tell_close(args: &WsArgs, close: Option<&Close>) -> ExitCode {
    let Some(close) = close else { return ExitCode::FAILURE };
    let is_in_order = match close.by {
        ClosedBy::Client => true,
        _ => [CloseCode::NORMAL, CloseCode::NO_STATUS].contains(&close.code),
    };
    if !args.quiet && (!is_in_order || io::stderr().is_terminal()) {
        let by = if close.by == ClosedBy::Client { "this side" } else { "the server" };
        say(format!("* closed by {by}: {} {}", close.code, close.reason).trim_end());
    }
    if is_in_order { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
