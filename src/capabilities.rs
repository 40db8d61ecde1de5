//! What a platform tells of itself: what it can do, and how far a connection is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a platform can do. What it cannot is [`Unsupported`](crate::error::ErrorKind::Unsupported) when asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Capabilities {
    /// Its name in errors.
    pub platform: &'static str,
    /// It shows the 3xx and lets us follow it; otherwise it follows by itself.
    pub redirects: bool,
    /// It bounds the time that connecting takes.
    pub connect_timeout: bool,
    /// It lets us choose versions and keep-alive of connections.
    pub transport: bool,
    /// It can give compressed bodies as they were sent.
    pub raw_bodies: bool,
    /// It leaves cookies to us. A browser keeps its own, and shows none.
    pub cookies: bool,
    /// It takes the options of a browser's `fetch`: [`BrowserOptions`](crate::BrowserOptions).
    pub browser_options: bool,
    /// It lets us say who we are. A page's `User-Agent` is the browser's, and one of our own would cost a preflight.
    pub user_agent: bool,
    /// It tells how far the sending of a body has come.
    pub upload_progress: bool,
    /// `limit_per_host` where none is set; 0 is no limit.
    pub limit_per_host: usize,
}

impl Capabilities {
    /// A platform that can do everything.
    #[must_use]
    pub fn all(platform: &'static str) -> Self {
        Self {
            platform,
            redirects: true,
            connect_timeout: true,
            transport: true,
            raw_bodies: true,
            cookies: true,
            browser_options: true,
            user_agent: true,
            upload_progress: true,
            limit_per_host: 0,
        }
    }
}

/// How far a request's connection is, told by a backend that knows: the bound on waiting for a head starts when the
/// connection stands.
#[derive(Debug, Default)]
pub struct Progress {
    state: AtomicU64,
    /// When the connection began to be made.
    began: AtomicU64,
}

impl Progress {
    const CONNECTING: u64 = u64::MAX;

    /// A connection is being made since now.
    pub fn connecting(&self, now: Duration) {
        self.began.store(Self::nanos(now), Ordering::Relaxed);
        self.state.store(Self::CONNECTING, Ordering::Relaxed);
    }

    /// No connection has to be made, so far.
    pub fn untouched(&self) {
        self.state.store(0, Ordering::Relaxed);
    }

    /// The connection stands.
    pub fn connected(&self, now: Duration) {
        self.state.store(Self::nanos(now), Ordering::Relaxed);
    }

    fn nanos(at: Duration) -> u64 {
        u64::try_from(at.as_nanos()).unwrap_or(u64::MAX).clamp(1, Self::CONNECTING - 1)
    }

    /// How long it took to make the connection; `None` where none had to be made.
    pub(crate) fn connect(&self) -> Option<Duration> {
        match self.state.load(Ordering::Relaxed) {
            0 | Self::CONNECTING => None,
            nanos => Some(Duration::from_nanos(nanos.saturating_sub(self.began.load(Ordering::Relaxed)))),
        }
    }

    /// Since when the request could be sent: `None` while a connection is being made, `started` where none had to be.
    pub(crate) fn sendable_since(&self, started: Duration) -> Option<Duration> {
        match self.state.load(Ordering::Relaxed) {
            0 => Some(started),
            Self::CONNECTING => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }
}
