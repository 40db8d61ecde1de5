//! What a [`super::RawServer`] saw, and the log that tests wait on.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use super::gate::within;
use super::h2::Frame;

/// One event of one connection. Connections are numbered from 0 in the order they were accepted.
#[derive(Clone, Debug)]
pub struct Observed {
    pub connection: usize,
    pub event: Event,
}

#[derive(Clone, Debug)]
pub enum Event {
    /// A connection was accepted.
    Accepted,
    /// `read_body` read this, as it came (a chunked body with its framing).
    Body(Bytes),
    /// The last event of a connection.
    Ended(Ended),
    /// `read_frame` read this.
    Frame(Frame),
    /// `read_head` read this.
    Head(Head),
    /// The script came to `mark`.
    Reached(&'static str),
    /// A `send` or `drip` was taken by the kernel in full: so many bytes.
    Sent(usize),
    /// From here on the script neither sends nor acts: it waits for the client's close. Holds the traffic so far.
    Silent(Traffic),
}

/// Bytes that went over a connection.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Traffic {
    /// Bytes that came from the client.
    pub read: u64,
    /// Bytes that the kernel took. It may hold some megabytes that the client never read.
    pub written: u64,
}

/// How a connection ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ended {
    pub how: How,
    /// Over the connection's whole life.
    pub traffic: Traffic,
    /// Since the script went silent, if it did.
    pub since_silence: Option<Traffic>,
}

impl Ended {
    /// Whether the client ended it, by FIN or by RST.
    pub fn by_peer(&self) -> bool {
        matches!(self.how, How::PeerClosed | How::PeerReset)
    }

    /// Whether the client ended it while the script was silent, and not one further byte went either way.
    pub fn quietly_by_peer(&self) -> bool {
        self.by_peer() && self.since_silence == Some(Traffic::default())
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum How {
    /// The script could not go on: what the client did, or an I/O error that is neither FIN nor RST.
    Failed(String),
    /// The client sent FIN.
    PeerClosed,
    /// The client sent RST; also what a client's close looks like when it had unread bytes.
    PeerReset,
    /// The script closed: FIN, over TLS after taking its leave.
    ServerClosed,
    /// The script closed without TLS's leave.
    ServerCut,
    /// The script reset: RST.
    ServerReset,
}

/// A request's head as it came.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Head {
    pub method: String,
    pub target: String,
    pub version: String,
    /// Names and values in their order and spelling.
    pub headers: Vec<(String, String)>,
    /// All bytes, the empty line included.
    pub raw: Bytes,
}

impl Head {
    /// Reads a head leniently: what is missing comes out empty.
    pub fn parse(raw: Bytes) -> Self {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
        let mut words = lines.next().unwrap_or_default().splitn(3, ' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        let (method, target, version) = (word(), word(), word());
        let headers = lines.map(|line| line.split_once(':').unwrap_or((line, "")));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
        Self { method, target, version, headers, raw }
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// All headers of this name, in any case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// Every event of one server, in order.
#[derive(Debug, Default)]
pub(super) struct Log {
    events: Mutex<Inner>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Inner {
    all: Vec<Observed>,
    /// How many `next` has given out.
    given: usize,
}

impl Log {
    pub fn push(&self, connection: usize, event: Event) {
        self.inner().all.push(Observed { connection, event });
        self.changed.send_replace(());
    }

    pub fn all(&self) -> Vec<Observed> {
        self.inner().all.clone()
    }

    pub async fn next(&self) -> Observed {
        let next = |inner: &mut Inner| {
            let event = inner.all.get(inner.given).cloned();
            inner.given += usize::from(event.is_some());
            event
        };
        self.wait("a further event", next).await
    }

    /// Waits for the first event of the whole log for which `pick` gives something.
    pub async fn find<T>(&self, what: &str, pick: impl Fn(&Observed) -> Option<T>) -> T {
        self.wait(what, |inner| inner.all.iter().find_map(&pick)).await
    }

    async fn wait<T>(&self, what: &str, mut look: impl FnMut(&mut Inner) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        let found = async {
            loop {
                if let Some(found) = look(&mut self.inner()) {
                    return found;
                }
                // The sender lives as long as `self`: this cannot fail.
                let _ = changed.changed().await;
            }
        };
        within(what, || self.to_string(), found).await
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Log {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        for Observed { connection, event } in &inner.all {
            write!(formatter, "\n  connection {connection}: ")?;
            match event {
                Event::Head(head) => write!(formatter, "Head({} {})", head.method, head.target)?,
                Event::Body(body) => write!(formatter, "Body({} bytes)", body.len())?,
                other => write!(formatter, "{other:?}")?,
            }
        }
        if inner.all.is_empty() { formatter.write_str("no event at all") } else { Ok(()) }
    }
}
