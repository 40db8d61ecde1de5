//! What goes on at a connection, and how long it may go on so.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Version;
use tokio::time::Instant;

/// How long connections may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) header: Duration,
    pub(super) idle: Duration,
}

/// How long a connection that was accepted just before the end may take to send its first request.
const FIRST: Duration = Duration::from_secs(1);
/// How long a connection with nothing under way may take to end once it was told to.
const FAREWELL: Duration = Duration::from_secs(5);

/// What goes on at one connection.
#[derive(Debug)]
pub(super) struct Traffic(Mutex<Now>);

#[derive(Clone, Copy, Debug)]
struct Now {
    accepted: Instant,
    /// Requests that are not answered to the end.
    under_way: usize,
    begun: bool,
    is_http2: bool,
    /// Since when a head comes in.
    head_since: Option<Instant>,
    idle_since: Instant,
}

/// What is next when nothing happens before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The connection is given up then.
    Cut(Instant),
    /// It is told to end then.
    End(Instant),
    /// Something is under way, which has its own bounds.
    Nothing,
}

impl Traffic {
    pub(super) fn new() -> Arc<Self> {
        let now = Instant::now();
        let now = Now {
            accepted: now,
            under_way: 0,
            begun: false,
            is_http2: false,
            head_since: None,
            idle_since: now,
        };
        Arc::new(Self(Mutex::new(now)))
    }

    /// Bytes came.
    pub(super) fn came(&self) {
        let mut now = self.now();
        if now.under_way == 0 && now.head_since.is_none() {
            now.head_since = Some(Instant::now());
        }
    }

    /// A request came, which is under way until the value is dropped.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> UnderWay {
        let mut now = self.now();
        now.begun = true;
        now.is_http2 = version == Version::HTTP_2;
        now.under_way += 1;
        now.head_since = None;
        UnderWay(Arc::clone(self))
    }

    /// What is next for a connection that was told to end then, or not yet, in a server that ends or does not.
    pub(super) fn next(&self, times: Times, told: Option<Instant>, is_ending: bool) -> Next {
        let now = *self.now();
        match (told, now.head_since) {
            _ if now.under_way > 0 => match told.is_none() && is_ending {
                true => Next::End(now.accepted),
                false => Next::Nothing,
            },
            (Some(told), _) => Next::Cut(told.max(now.idle_since) + FAREWELL),
            (None, _) if !now.begun && is_ending => Next::End(now.accepted + FIRST.min(times.header)),
            (None, _) if is_ending => Next::End(now.idle_since),
            (None, _) if !now.begun => Next::Cut(now.accepted + times.header),
            // Over HTTP/2 bytes come in between requests as well.
            (None, Some(head)) if !now.is_http2 => Next::Cut(head + times.header),
            (None, _) => Next::End(now.idle_since + times.idle),
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request, until its answer is at its end or given up.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Traffic>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut now = self.0.now();
        now.under_way -= 1;
        now.idle_since = Instant::now();
    }
}
