//! [`Progress`]: how far a request's connection is, as a platform tells.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use crate::gated::Gated;
use crate::maybe::{MaybeSend, MaybeSync};

/// A step in the making of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectStep<'a> {
    /// A name is asked for.
    ResolveStart {
        /// The host's, or the proxy's.
        host: &'a str,
    },
    /// The name's addresses are known.
    ResolveEnd {
        /// The host's, or the proxy's.
        host: &'a str,
        /// In the order in which they are tried.
        addresses: &'a [SocketAddr],
        /// Where they are from.
        from: ResolvedFrom,
    },
    /// A TCP connection stands, or one to a Unix socket, or by way of a proxy; over `https` TLS follows.
    Connected {
        /// The address at its other end: the server's, or the proxy's.
        remote: Option<SocketAddr>,
    },
    /// TLS's handshake is over.
    Secured {
        /// The protocol that the server chose (ALPN), `h2` for example.
        alpn: Option<&'a [u8]>,
    },
}

/// Where the addresses of a name are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResolvedFrom {
    /// The cache.
    Cache,
    /// [`Config::resolve`](crate::Config::resolve).
    Fixed,
    /// The resolver.
    Resolver,
    /// Another request's question to the resolver, under way already.
    Shared,
}

/// How a request came to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionUse {
    /// It was there, and had been used before.
    Reused,
    /// It was made on behalf of another request that uses it, too, or has left it.
    Shared,
    /// It was made for this request.
    Started,
}

/// Is told of steps.
trait Observe: MaybeSend + MaybeSync {
    fn step(&self, step: ConnectStep<'_>);
}

impl<F: Fn(ConnectStep<'_>) + MaybeSend + MaybeSync> Observe for F {
    fn step(&self, step: ConnectStep<'_>) {
        self(step);
    }
}

/// How far a request's connection is, told by a backend that knows: the bound on waiting for a head starts when the
/// connection stands.
#[derive(Default)]
pub struct Progress {
    state: AtomicU64,
    /// When the connection began to be made.
    began: AtomicU64,
    /// How long it took to look the name up; 0 where it was not asked for.
    resolving: AtomicU64,
    how: AtomicU8,
    observer: Option<Gated<Box<dyn Observe>>>,
}

impl Progress {
    const CONNECTING: u64 = u64::MAX;

    /// One that tells of each step.
    pub(crate) fn telling<T>(
        gate: &Gated<T>,
        observer: impl Fn(ConnectStep<'_>) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        Self { observer: Some(gate.with(Box::new(observer))), ..Self::default() }
    }

    /// A step of the connection that is being made on behalf of this request.
    pub fn step(&self, step: ConnectStep<'_>) {
        if let Some(observer) = &self.observer {
            observer.step(step);
        }
    }

    /// The name's addresses were asked for, which took so long.
    pub fn resolved(&self, took: Duration) {
        self.resolving.store(Self::nanos(took), Ordering::Relaxed);
    }

    /// The request has come to its connection so.
    pub fn came_by(&self, how: ConnectionUse) {
        self.how.store(how as u8 + 1, Ordering::Relaxed);
    }

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

    /// How long its name's addresses were asked for; `None` where they were not.
    pub(crate) fn resolving(&self) -> Option<Duration> {
        match self.resolving.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    /// How the request came to its connection, if that was told.
    pub(crate) fn how(&self) -> Option<ConnectionUse> {
        [ConnectionUse::Reused, ConnectionUse::Shared, ConnectionUse::Started]
            .into_iter()
            .find(|how| *how as u8 + 1 == self.how.load(Ordering::Relaxed))
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

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("state", &self.state)
            .field("connect", &self.connect())
            .field("how", &self.how())
            .finish_non_exhaustive()
    }
}
