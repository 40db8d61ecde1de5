//! The browser backend: the platform's own `fetch`, in pages, workers, service workers, Node and other run-times.
//!
//! Nothing but standard globals is asked for: `fetch`, `AbortController`, `ReadableStream`, `performance.now`,
//! `queueMicrotask`, `setTimeout`, `crypto`, and for a WebSocket `WebSocket`. What the run-time can do is found out when the backend is made, not when
//! it is compiled.

mod abort;
#[cfg(not(feature = "js"))]
mod blob;
mod body;
pub(crate) mod disk;
mod failure;
mod fetch;
pub(super) mod files;
mod globals;
pub(crate) mod handed;
mod refused;
pub(crate) mod tasks;
mod timer;
#[cfg(feature = "websocket")]
mod websocket;

use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use js_sys::Function;
use wasm_bindgen::JsCast;

use crate::decoding::Supply;
use crate::error::Result;
use crate::head::Head;
use crate::maybe::BoxFuture;
use crate::request::Request;

use super::{Backend, Capabilities};

pub use body::FetchBody;
pub use failure::Thrown;
pub use timer::Sleep;

pub(crate) use globals::random;
use globals::{Fetch, Runtime};
use refused::Refused;
use timer::Timers;

/// Whether the platform has an HTTP cache, which is told by an option: a header field would cost a preflight, and some of
/// the other run-times throw on the option.
pub(crate) fn has_cache() -> bool {
    globals::runtime() == Runtime::Browser
}

/// The platform's own `fetch`. Cheap to clone; clones share their timer.
///
/// # WebSockets
/// They go over the platform's own `WebSocket`, in pages, workers and wherever else there is one, or over another class
/// by `with_websocket`. It tells little, and takes all it is given however slow the network is:
///
/// - What was sent counts as handed to the network once the platform has it and no more than 1 MiB is left with it
///   (`bufferedAmount`). No event tells when that falls, so it is looked at every 10 ms, in a page in the background as
///   seldom as its timers ring.
/// - What has come and was not taken is bounded by `max_buffered`, in which an empty message counts for 64 bytes. Past a
///   bound the connection is closed without a code, since 1009 is not for pages to send; what had come before can be
///   received, and then the error comes.
/// - Dropping a connection closes it without a code: the server sees 1005. A page cannot cut it off, and where the server
///   does not answer the browser waits on its own account, about a minute in Chromium.
/// - A peer that breaks the protocol is [`Disconnected`](crate::ErrorKind::Disconnected), with code 1006: the browser says
///   no more. A handshake that failed is [`Network`](crate::ErrorKind::Network); other run-times' classes may say why.
#[derive(Clone)]
pub struct Browser {
    shared: Rc<Shared>,
    charset: Option<Arc<dyn Supply>>,
}

struct Shared {
    capabilities: Capabilities,
    /// Instead of the global `fetch`.
    fetch: Option<Fetch>,
    /// Instead of the global `WebSocket`.
    #[cfg(feature = "websocket")]
    websocket: Option<Function>,
    refused: Refused,
    timers: Timers,
}

impl Browser {
    /// Over the `fetch` of the global scope, looked up at each request.
    #[must_use]
    pub fn new() -> Self {
        Self::with(None)
    }

    /// Over this function instead, called as `fetch(url, init)`.
    #[must_use]
    pub fn with_fetch(fetch: Function) -> Self {
        Self::with(Some(fetch.unchecked_into()))
    }

    /// WebSockets are of this class instead of the global `WebSocket`, which is looked up at each connection: for run-times
    /// that have none, such as Node 20. It is called as `new websocket(url)` and `new websocket(url, protocols)`, and has
    /// to do what the standard says (WHATWG WebSockets), as the class of npm's `ws` does.
    #[cfg(feature = "websocket")]
    #[must_use]
    pub fn with_websocket(mut self, websocket: Function) -> Self {
        self.shared = Rc::new(Shared {
            capabilities: self.shared.capabilities.clone(),
            fetch: self.shared.fetch.clone(),
            websocket: Some(websocket),
            refused: Refused::default(),
            timers: self.shared.timers.clone(),
        });
        self
    }

    /// It decodes other encodings than UTF-8 by this supply.
    #[must_use]
    pub fn with_charset(mut self, supply: Arc<dyn Supply>) -> Self {
        self.charset = Some(supply);
        self
    }

    fn with(fetch: Option<Fetch>) -> Self {
        let (capabilities, refused) = (capabilities(globals::runtime()), Refused::default());
        let shared = Shared {
            capabilities,
            fetch,
            #[cfg(feature = "websocket")]
            websocket: None,
            refused,
            timers: Timers::default(),
        };
        Self { shared: Rc::new(shared), charset: None }
    }
}

fn capabilities(runtime: Runtime) -> Capabilities {
    let in_page = runtime == Runtime::Browser;
    let mut capabilities = Capabilities::all(runtime.as_str());
    // A page follows redirects unseen; everywhere else `redirect: "manual"` shows the 3xx.
    capabilities.redirects = !in_page;
    capabilities.user_agent = !in_page;
    capabilities.limit_per_host = if in_page { 6 } else { 0 };
    capabilities.connect_timeout = false;
    capabilities.transport = false;
    capabilities.raw_bodies = false;
    capabilities.upload_progress = false;
    capabilities.cookies = false;
    capabilities
}

impl Backend for Browser {
    /// The npm package does that on its own side.
    const KEEPS_ERROR_BODIES: bool = !cfg!(feature = "js");

    type Body = FetchBody;
    type Sleep = Sleep;

    fn exchange(&self, request: Request) -> impl Future<Output = Result<(Head, FetchBody)>> {
        fetch::exchange(Rc::clone(&self.shared), request)
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        self.shared.timers.sleep_until(at)
    }

    fn now(&self) -> Duration {
        globals::now()
    }

    fn unix_time(&self) -> Duration {
        globals::milliseconds(js_sys::Date::now())
    }

    fn http_date(&self, text: &str) -> Option<Duration> {
        globals::http_date(text)
    }

    fn random(&self) -> u64 {
        random()
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tasks::spawn(task);
    }

    fn capabilities(&self) -> &Capabilities {
        &self.shared.capabilities
    }

    fn charset(&self) -> Option<Arc<dyn Supply>> {
        self.charset.clone()
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser")
            .field("capabilities", &self.shared.capabilities)
            .field("own_fetch", &self.shared.fetch.is_some())
            .finish_non_exhaustive()
    }
}
