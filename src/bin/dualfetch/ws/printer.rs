//! Messages on their way to standard output.

use std::cell::Cell;
use std::io::{self, IsTerminal};
use std::time::Instant;

use dualfetch::websocket::{Message, WebSocketReceiver};
use dualfetch::{Error, Result};
use futures_util::FutureExt;

use crate::Stop;
use crate::args::WsArgs;
use crate::output::{plain, standard};

/// Prints what comes.
pub(super) struct Printer {
    receiver: WebSocketReceiver,
    hex: bool,
    is_terminal: bool,
    /// What comes is told from what is typed.
    is_marked: bool,
    /// How many are still to be printed.
    left: Option<u64>,
    pending: Vec<u8>,
}

/// Why no more is printed.
pub(super) enum Printed {
    /// As many as were wanted.
    Enough,
    /// What ended the connection.
    Failed(Error),
    /// The connection is over.
    Over,
    /// It cannot be written.
    Stop(Stop),
}

impl Printer {
    pub(super) fn new(receiver: WebSocketReceiver, args: &WsArgs) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_marked = is_terminal && !args.no_input && io::stdin().is_terminal();
        Self { receiver, hex: args.hex, is_terminal, is_marked, left: args.count, pending: Vec::new() }
    }

    /// Prints until there is a reason not to. `last` is when that was done last; none while it is.
    pub(super) async fn run(&mut self, last: &Cell<Option<Instant>>) -> Printed {
        loop {
            let next = self.receiver.next().await;
            last.set(None);
            let mut end = self.take(next);
            while end.is_none() && self.pending.len() < standard::AT_ONCE {
                let Some(next) = self.receiver.next().now_or_never() else { break };
                end = self.take(next);
            }
            if let Err(stop) = standard::put(&mut self.pending).await {
                return Printed::Stop(stop);
            }
            last.set(Some(Instant::now()));
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Drops what comes until the connection is over.
    pub(super) async fn drain(&mut self) -> Printed {
        loop {
            match self.receiver.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Printed::Failed(error),
                None => return Printed::Over,
            }
        }
    }

    fn take(&mut self, next: Option<Result<Message>>) -> Option<Printed> {
        match next {
            None => return Some(Printed::Over),
            Some(Err(error)) => return Some(Printed::Failed(error)),
            Some(Ok(message)) => self.render(&message),
        }
        let left = self.left.as_mut()?;
        *left = left.saturating_sub(1);
        (*left == 0).then_some(Printed::Enough)
    }

    fn render(&mut self, message: &Message) {
        let out = &mut self.pending;
        if self.is_marked {
            out.extend_from_slice(b"< ");
        }
        match message {
            // A stranger's text is not for a terminal to obey.
            Message::Text(text) if self.is_terminal => {
                let lines: Vec<String> = text.lines().map(plain).collect();
                out.extend(lines.join(if self.is_marked { "\n  " } else { "\n" }).into_bytes());
            }
            Message::Text(text) => out.extend_from_slice(text.as_bytes()),
            other if self.hex => {
                out.extend(other.as_bytes().iter().flat_map(|byte| format!("{byte:02x}").into_bytes()));
            }
            other if self.is_terminal => {
                out.extend(format!("<{} bytes>", other.as_bytes().len()).into_bytes());
            }
            other => return out.extend_from_slice(other.as_bytes()),
        }
        out.push(b'\n');
    }
}
