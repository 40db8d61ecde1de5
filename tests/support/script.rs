//! What a [`super::RawServer`] does on one connection, step by step.

use std::time::Duration;

use bytes::Bytes;

use super::gate::{Gate, Pace};

/// A page of any origin may read the answer.
pub const ANYONE: (&str, &str) = ("Access-Control-Allow-Origin", "*");

/// One step. While a script sends or pauses it also reads, so a client's close ends it at once;
/// what it reads is kept for the next `ReadHead` or `ReadBody`.
#[derive(Clone, Debug)]
pub enum Step {
    /// Ends the connection with FIN. (What the client has sent is read first, as the kernel would otherwise
    /// answer with RST; bytes that arrive later do get RST, as from any server that has closed.)
    Close,
    /// As `Close`, but over TLS without the `close_notify` that tells an end from a cut.
    Cut,
    /// Neither reads nor writes until the gate opens: the client's uploads pile up, its close goes unseen.
    Deaf(Gate),
    /// The same for a time.
    DeafFor(Duration),
    /// Sends in pieces.
    Drip { bytes: Bytes, chunk: usize, pace: Pace },
    /// Sends the same bytes again and again until the client ends the connection.
    Endless { chunk: Bytes, pace: Pace },
    /// Goes silent: reads and discards until the client ends the connection, and never writes.
    ExpectClose,
    /// Ends the server's direction with FIN and then goes silent.
    HalfClose,
    /// Puts `Event::Reached` into the log.
    Mark(&'static str),
    /// Waits until the gate lets it pass.
    Pause(Gate),
    /// Reads the body that the last head announces (content-length or chunked).
    ReadBody,
    /// Reads until so many bytes have come.
    ReadBytes(usize),
    /// Reads HTTP/2 frames until one of this kind has come.
    ReadFrame(u8),
    /// Reads a request up to its empty line.
    ReadHead,
    /// Reads what an HTTP/2 client begins with.
    ReadPreface,
    /// Runs the steps so many times; without a number, until the connection ends.
    Repeat(Option<usize>, Script),
    /// Ends the connection with RST. Bytes already sent may be lost where the system drops what the client has
    /// not read yet (Linux does not): put a `Pause` before it to be certain.
    Reset,
    /// Sends bytes.
    Send(Bytes),
    /// Sends HTTP/2 frames; those on [`super::h2::THIS`] go on the stream of the last HEADERS that was read.
    SendFrames(Bytes),
}

/// Steps in their order. At its end a script closes.
#[derive(Clone, Debug, Default)]
pub struct Script(pub Vec<Step>);

impl Script {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn step(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Appends all steps of another script.
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub fn close(self) -> Self {
        self.step(Step::Close)
    }

    pub fn cut(self) -> Self {
        self.step(Step::Cut)
    }

    pub fn deaf(self, gate: &Gate) -> Self {
        self.step(Step::Deaf(gate.clone()))
    }

    pub fn drip(self, bytes: impl Into<Bytes>, chunk: usize, pace: Pace) -> Self {
        self.step(Step::Drip { bytes: bytes.into(), chunk, pace })
    }

    pub fn endless(self, chunk: impl Into<Bytes>, pace: Pace) -> Self {
        self.step(Step::Endless { chunk: chunk.into(), pace })
    }

    pub fn expect_close(self) -> Self {
        self.step(Step::ExpectClose)
    }

    pub fn forever(self, script: Self) -> Self {
        self.step(Step::Repeat(None, script))
    }

    pub fn half_close(self) -> Self {
        self.step(Step::HalfClose)
    }

    pub fn mark(self, label: &'static str) -> Self {
        self.step(Step::Mark(label))
    }

    pub fn pause(self, gate: &Gate) -> Self {
        self.step(Step::Pause(gate.clone()))
    }

    pub fn read_body(self) -> Self {
        self.step(Step::ReadBody)
    }

    pub fn read_head(self) -> Self {
        self.step(Step::ReadHead)
    }

    pub fn repeat(self, times: usize, script: Self) -> Self {
        self.step(Step::Repeat(Some(times), script))
    }

    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.step(Step::Send(bytes.into()))
    }

    /// Sends a head of a status line and headers; the empty line is added.
    pub fn send_head(self, status: &str, headers: &[(&str, &str)]) -> Self {
        let mut head = format!("HTTP/1.1 {status}\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        self.send(head + "\r\n")
    }

    /// Sends a whole, faultless HTML response that leaves the connection open.
    pub fn send_page(self, page: impl Into<Bytes>) -> Self {
        let page = page.into();
        let length = page.len().to_string();
        let html = ("Content-Type", "text/html; charset=utf-8");
        self.send_head("200 OK", &[html, ANYONE, ("Content-Length", &length)]).send(page)
    }
}
