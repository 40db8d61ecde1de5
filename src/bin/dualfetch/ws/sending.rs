//! What is sent, and how long is waited for what it brings.

use std::cell::Cell;
use std::future::pending;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dualfetch::websocket::{Message, Text, WebSocketSender};
use futures_util::SinkExt;

use crate::args::WsArgs;
use crate::units::{Bound, Took};
use crate::{Stop, say};

use super::lines;

/// How long nothing may come once there is nothing more to send.
const WAIT: Duration = Duration::from_secs(1);

/// The same while nothing has come for what was sent last.
const ANSWER: Duration = Duration::from_secs(10);

/// All there is to send.
pub(super) struct Sending<'a> {
    args: &'a WsArgs,
    /// When something came last; none while it is being written.
    last: &'a Cell<Option<Instant>>,
    /// When the sending of what was sent last began.
    sent: Option<Instant>,
    /// What kept the rest from being sent.
    pub(super) fault: Option<Stop>,
}

impl<'a> Sending<'a> {
    pub(super) fn new(args: &'a WsArgs, last: &'a Cell<Option<Instant>>) -> Self {
        Self { args, last, sent: None, fault: None }
    }

    /// Sends it, and is ready when nothing has come for a while then.
    pub(super) async fn run(&mut self, sender: &mut WebSocketSender) {
        for text in &self.args.message {
            self.sent = Some(Instant::now());
            sent(sender.send(text.as_str()).await).await;
        }
        if self.args.no_input {
            pending::<()>().await;
        }
        let mut input = lines::of_standard_input();
        while let (None, Some(lines)) = (&self.fault, input.recv().await) {
            self.send(sender, lines).await;
        }
        self.wait().await;
    }

    async fn send(&mut self, sender: &mut WebSocketSender, lines: Vec<Result<Bytes, Stop>>) {
        for line in lines {
            match line.and_then(|line| message(line, self.args.binary)) {
                Ok(message) => {
                    self.sent = Some(Instant::now());
                    sent(sender.feed(message).await).await;
                }
                Err(fault) => {
                    self.fault = Some(fault);
                    break;
                }
            }
        }
        sent(SinkExt::<Message>::flush(sender).await).await;
    }

    async fn wait(&self) {
        match (self.args.wait, self.args.count, &self.fault) {
            // Nothing is due.
            (_, _, Some(_)) if self.sent.is_none() => {}
            (Some(Bound(Some(wait))), ..) => {
                self.silence(|_| wait).await;
            }
            (None, None, _) | (_, _, Some(_)) => {
                let is_answered = self.silence(|is_answered| if is_answered { WAIT } else { ANSWER }).await;
                if !is_answered && !self.args.quiet {
                    say(&format!("* nothing came for {}; --wait waits longer", Took(ANSWER)));
                }
            }
            _ => pending().await,
        }
    }

    /// Ready when nothing has come for so long, what came last having been written; says whether anything had come since
    /// something was sent.
    async fn silence(&self, wait: impl Fn(bool) -> Duration) -> bool {
        let from = Instant::now();
        loop {
            let now = Instant::now();
            let last = self.last.get();
            let is_answered = last.zip(self.sent).is_none_or(|(last, sent)| last > sent);
            let until = last.map_or(now, |last| last.max(from)) + wait(is_answered);
            if until <= now {
                return is_answered;
            }
            // What comes in the meantime may shorten the wait.
            let look = until.min(now + WAIT);
            tokio::time::sleep_until(look.into()).await;
        }
    }
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
