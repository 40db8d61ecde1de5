//! Events: what happens to a request, told as it happens.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Extensions, HeaderMap, Method, StatusCode};

use crate::error::Error;
use crate::maybe::{MaybeSend, MaybeSync};
use crate::payload::Transfer;
use crate::progress::{ConnectStep, ConnectionUse};
use crate::url::Url;

/// What is told of events, in one type.
pub(crate) trait Observer: MaybeSend + MaybeSync {
    fn on_event(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + MaybeSend + MaybeSync> Observer for F {
    fn on_event(&self, event: &Event<'_>) {
        self(event);
    }
}

/// Something that happened to a request: what a function is told that was given to
/// [`Config::on_event`](crate::Config::on_event) or [`RequestBuilder::on_event`](crate::RequestBuilder::on_event).
///
/// The function is called by whatever drives the request just then, with a lock on the body held at times: it must be
/// quick, must not block, and must not use the response it is told of.
///
/// ```
/// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
/// use dualfetch::events::What;
///
/// # let platform = Scripted::new(1);
/// # platform.on("https://a.example/", Reply::ok("x"));
/// let config = Config::new().on_event(|event| match event.what {
///     What::ResponseStart { status, .. } => println!("{} {} {status}", event.method, event.url.redacted()),
///     What::Failed { error } => println!("{} {error}", event.url.redacted()),
///     _ => {}
/// });
/// let session = Client::with_backend(config, platform.clone())?;
/// # platform.run(session.get("https://a.example/").send())?;
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// Tells calls apart: all events of one call have its number, which no other call of this process has.
    pub call: u64,
    /// When, on the session's clock.
    pub at: Duration,
    /// The method of the hop under way.
    pub method: &'a Method,
    /// The URL of the hop under way.
    pub url: &'a Url,
    /// What the caller attached to the request.
    pub extensions: &'a Extensions,
    /// What happened.
    pub what: What<'a>,
}

/// What happened, in the order in which it may.
#[non_exhaustive]
pub enum What<'a> {
    /// It waits for its turn.
    Queued,
    /// Its turn has come.
    Admitted {
        /// After so long.
        waited: Duration,
    },
    /// An attempt begins.
    RequestStart {
        /// Counted from 1 at each hop.
        attempt: u32,
        /// The header fields, without those that the platform adds.
        headers: &'a HeaderMap,
    },
    /// A piece of the body was handed to the connection. Not in a browser.
    ChunkSent {
        /// So many bytes.
        bytes: u64,
    },
    /// A step in the making of a connection for it. It may come after the request has been sent by another one, which was
    /// free sooner. Native.
    Connect(ConnectStep<'a>),
    /// The connection is known: told together with the response's head. Native.
    Connection {
        /// How the request came to it.
        how: ConnectionUse,
        /// How long name look-up, TCP and TLS took; none where it had not to be made.
        connect: Option<Duration>,
        /// The part of it in which the resolver was asked.
        resolve: Option<Duration>,
    },
    /// The head of a response is here: of each attempt at each hop.
    ResponseStart {
        /// Its status.
        status: StatusCode,
        /// Its header fields.
        headers: &'a HeaderMap,
        /// From the attempt's beginning.
        elapsed: Duration,
    },
    /// It will be tried once more.
    Retry {
        /// After this pause.
        after: Duration,
        /// What the attempt failed with; none where it was a status.
        error: Option<&'a Error>,
    },
    /// A redirect is followed.
    Redirect {
        /// The status that redirects.
        status: StatusCode,
        /// Where to.
        to: &'a Url,
    },
    /// The call's future was dropped before it had a response: the last event of the call.
    Cancelled,
    /// The call has its response, whose body is yet to be read.
    Finished {
        /// Its status.
        status: StatusCode,
        /// From the call's beginning.
        elapsed: Duration,
    },
    /// The call has failed, or the reading of its body.
    Failed {
        /// With this.
        error: &'a Error,
    },
    /// A piece of the response's body has come.
    ChunkReceived {
        /// So many bytes, decompressed.
        bytes: u64,
    },
    /// The response's body is whole.
    BodyEnd {
        /// How much of it came.
        transfer: Transfer,
    },
}

/// Credentials among header fields are hidden.
impl fmt::Debug for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("Cancelled"),
            Self::Queued => f.write_str("Queued"),
            Self::Admitted { waited } => f.debug_struct("Admitted").field("waited", waited).finish(),
            Self::RequestStart { attempt, .. } => {
                f.debug_struct("RequestStart").field("attempt", attempt).finish_non_exhaustive()
            }
            Self::ChunkSent { bytes } => f.debug_struct("ChunkSent").field("bytes", bytes).finish(),
            Self::Connect(step) => f.debug_tuple("Connect").field(step).finish(),
            Self::Connection { how, connect, resolve } => f
                .debug_struct("Connection")
                .field("how", how)
                .field("connect", connect)
                .field("resolve", resolve)
                .finish(),
            Self::ResponseStart { status, elapsed, .. } => f
                .debug_struct("ResponseStart")
                .field("status", status)
                .field("elapsed", elapsed)
                .finish_non_exhaustive(),
            Self::Retry { after, error } => {
                f.debug_struct("Retry").field("after", after).field("error", error).finish()
            }
            Self::Redirect { status, to } => {
                f.debug_struct("Redirect").field("status", status).field("to", to).finish()
            }
            Self::Finished { status, elapsed } => {
                f.debug_struct("Finished").field("status", status).field("elapsed", elapsed).finish()
            }
            Self::Failed { error } => f.debug_struct("Failed").field("error", error).finish(),
            Self::ChunkReceived { bytes } => f.debug_struct("ChunkReceived").field("bytes", bytes).finish(),
            Self::BodyEnd { transfer } => f.debug_struct("BodyEnd").field("transfer", transfer).finish(),
        }
    }
}

/// A number for a call.
pub(crate) fn next_call() -> u64 {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    CALLS.fetch_add(1, Ordering::Relaxed)
}

/// Those who are told of one call.
#[derive(Clone)]
pub(crate) struct Watched {
    call: u64,
    observers: Arc<[Arc<dyn Observer>]>,
    extensions: Arc<Extensions>,
}

impl Watched {
    pub(crate) fn new(observers: &[Arc<dyn Observer>], extensions: Arc<Extensions>, call: u64) -> Self {
        Self { call, observers: observers.into(), extensions }
    }

    /// The same, of another call.
    pub(crate) fn of_call(&self, call: u64) -> Self {
        Self { call, ..self.clone() }
    }

    pub(crate) fn tell(&self, at: Duration, method: &Method, url: &Url, what: What<'_>) {
        let event = Event { call: self.call, at, method, url, extensions: &self.extensions, what };
        self.observers.iter().for_each(|observer| observer.on_event(&event));
    }
}
