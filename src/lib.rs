#![doc = include_str!("../README.md")]

pub mod batch;
pub mod body;
pub mod browser_options;
mod capabilities;
#[cfg_attr(not(target_arch = "wasm32"), path = "platform/native/chance.rs")]
#[cfg_attr(target_arch = "wasm32", path = "platform/browser/chance.rs")]
mod chance;
pub mod charset;
mod checksum;
pub mod client;
pub mod config;
pub mod connection;
mod connector;
pub mod cookies;
pub mod decoding;
pub mod dyn_session;
pub mod error;
pub mod event_source;
pub mod event_stream;
pub mod events;
pub mod fields;
pub mod files;
mod gated;
#[cfg(all(feature = "gateway", not(target_arch = "wasm32")))]
pub mod gateway;
pub mod head;
#[cfg(feature = "html")]
pub mod html;
mod into_url;
#[cfg(all(target_arch = "wasm32", any(feature = "js", feature = "js-charset")))]
mod js;
pub mod maybe;
pub mod middleware;
pub mod multipart;
mod names;
pub mod netrc;
mod options;
#[cfg(feature = "html")]
pub mod page;
pub mod payload;
pub mod platform;
pub mod policy;
#[cfg(feature = "json")]
pub mod problem;
mod progress;
pub mod proxy;
pub mod request;
pub mod response;
#[cfg(all(not(target_arch = "wasm32"), feature = "gateway"))]
pub mod row;
pub mod safe_mode;
#[cfg(feature = "tower")]
pub mod service;
pub mod session;
#[cfg(feature = "websocket")]
mod socket;
mod timing;
pub mod tls;
#[cfg(not(target_arch = "wasm32"))]
mod tokio_io;
pub mod url;
#[cfg(feature = "websocket")]
pub mod websocket;

#[cfg(feature = "html")]
pub use crate::batch::TitleRow;
pub use crate::batch::{Batch, FetchRow, SessionExt};
pub use crate::body::{Body, UploadProgress};
pub use crate::browser_options::BrowserOptions;
pub use crate::client::{Client, Closing};
pub use crate::config::Config;
pub use crate::connection::{ConnectionInfo, Connections, TlsInfo};
#[cfg(feature = "cookies")]
pub use crate::cookies::CookieJar;
pub use crate::cookies::CookieStore;
pub use crate::dyn_session::DynSession;
pub use crate::error::{Error, ErrorKind, Phase, Result};
pub use crate::event_source::{EventSource, EventSourceBuilder};
pub use crate::event_stream::ServerEvent;
pub use crate::fields::{ContentDisposition, Link, safe_file_name};
pub use crate::head::{Head, Hop};
pub use crate::into_url::IntoUrl;
pub use crate::middleware::{Middleware, Next};
pub use crate::netrc::Netrc;
pub use crate::options::{Compression, HttpVersion};
#[cfg(feature = "html")]
pub use crate::page::{Page, PageOptions};
pub use crate::payload::Transfer;
pub use crate::policy::deadline::Timeout;
pub use crate::policy::raise::RaiseForStatus;
pub use crate::policy::redirect_policy::{Redirect, RedirectAction, RedirectPolicy};
pub use crate::policy::retry::Retry;
pub use crate::policy::scheduler::{Figures, HostFigures, Limits};
#[cfg(feature = "json")]
pub use crate::problem::Problem;
pub use crate::progress::{ConnectStep, ConnectionUse, ResolvedFrom};
pub use crate::proxy::Proxy;
pub use crate::request::{Request, RequestBuilder, RequestOptions};
#[cfg(feature = "json")]
pub use crate::response::JsonLines;
pub use crate::response::{Blocks, BodyReader, EventStream, Lines, Response, ResponseBody, ResponseInfo};
pub use crate::safe_mode::SafeMode;
pub use crate::session::Session;
pub use crate::timing::Timing;
pub use crate::tls::Tls;
pub use crate::url::Url;
#[cfg(feature = "websocket")]
pub use crate::websocket::{CloseCode, Message, WebSocket};
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

/// The session of this target: over hyper natively, over the platform's own `fetch` on WebAssembly.
///
/// Natively it is bound to no tokio runtime, but needs one with time and I/O to send, and what was begun in one ends with
/// it: after that runtime has shut down, a request is [`Closed`](ErrorKind::Closed), a body that had not come whole is
/// [`Disconnected`](ErrorKind::Disconnected), and the session goes on in another runtime with connections of its own.
/// While a runtime that holds connections is there but not driven, a request that takes one of them waits.
pub type DefaultSession = Client<platform::Default>;

/// How names become addresses: resolvers, the cache of their answers, fixed addresses, and the family of addresses.
///
/// Native: a page's names are the browser's to look up.
pub mod dns {
    pub use crate::names::{AddressFamily, Addresses, BoxError, DnsCache, Overrides, Resolve};
    #[cfg(all(not(target_arch = "wasm32"), feature = "hickory"))]
    pub use crate::platform::native::HickoryResolver;
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::platform::native::SystemResolver;
}

/// What other clients have, beside what is here: every name, what differs on purpose, and the test that proves it.
pub mod coming_from {
    pub mod aiohttp {
        #![doc = include_str!("../docs/coming-from-aiohttp.md")]
        #![doc = "\n<style>td:last-child code { overflow-wrap: anywhere; }</style>"]
    }
    pub mod ky {
        #![doc = include_str!("../docs/coming-from-ky.md")]
        #![doc = "\n<style>td:last-child code { overflow-wrap: anywhere; }</style>"]
    }
    pub mod reqwest {
        #![doc = include_str!("../docs/coming-from-reqwest.md")]
        #![doc = "\n<style>td:last-child code { overflow-wrap: anywhere; }</style>"]
    }
}

/// Short programs for the tasks that people come with: all of them run as tests.
#[cfg(all(feature = "cookies", feature = "json", feature = "middleware", feature = "select"))]
pub mod cookbook {
    #![doc = include_str!("../docs/cookbook.md")]
}

mod default_session {
    use super::{Client, Config, DefaultSession, Result, platform};

    impl DefaultSession {
        /// A session with the default settings.
        ///
        /// # Errors
        /// None with the defaults on a sound machine; see [`Client::with_backend`].
        pub fn new() -> Result<Self> {
            Config::new().build()
        }

        /// The settings of a session to be; [`build`](Config::build) makes it.
        pub fn builder() -> Config {
            Config::new()
        }
    }

    impl Config {
        /// The session of this target with these settings. Opens nothing yet.
        ///
        /// # Errors
        /// As [`Client::with_backend`].
        pub fn build(self) -> Result<DefaultSession> {
            Client::with_backend(self, platform::Default::default())
        }
    }
}

/// What callers spawn must be `Send`, and stay so.
#[cfg(not(target_arch = "wasm32"))]
#[allow(dead_code, reason = "it is compiled, not called")]
fn native_types_and_futures_are_send(session: &DefaultSession, any: &DynSession) {
    fn send<T: Send>(_: T) {}
    fn one<T: Send>() {}
    fn both<T: Send + Sync>() {}
    both::<DefaultSession>();
    both::<Closing>();
    both::<DynSession>();
    both::<Error>();
    both::<Request>();
    one::<Response>();
    one::<ResponseBody>();
    one::<BodyReader>();
    one::<Blocks>();
    one::<Lines>();
    one::<EventStream>();
    #[cfg(feature = "json")]
    one::<JsonLines<std::rc::Rc<()>>>();
    one::<EventSource<'_, DefaultSession>>();
    one::<EventSource<'_, DynSession>>();
    send(session.event_source("https://example.com/").into_future());
    send(any.event_source("https://example.com/").into_future());
    send(async { session.event_source("https://example.com/").await?.next().await.transpose() });
    both::<Config>();
    one::<files::Save>();
    one::<files::Download<'_, DefaultSession>>();
    send(session.download("https://example.com/", "x").into_future());
    send(any.download("https://example.com/", "x").into_future());
    send(async { session.get("https://example.com/").await?.save("x").await });
    both::<multipart::Form>();
    both::<multipart::Multipart>();
    one::<multipart::Reader<'static>>();
    one::<multipart::PartReader<'static>>();
    send(session.get("https://example.com/").send());
    send(async {
        let mut parts = session.get("https://example.com/").await?.multipart()?;
        while let Some(part) = parts.next().await? {
            part.text().await?;
        }
        Ok::<(), Error>(())
    });
    send(any.get("https://example.com/").send());
    send(async { session.get("https://example.com/").await?.text().await });
    #[cfg(feature = "html")]
    {
        send(session.page("https://example.com/"));
        send(session.titles(["https://example.com/"]));
    }
    send(session.fetch_all([]));
    #[cfg(feature = "gateway")]
    both::<gateway::Gateway>();
    #[cfg(feature = "websocket")]
    {
        one::<WebSocket>();
        send(session.websocket("wss://example.com/").into_future());
        send(any.websocket("wss://example.com/").into_future());
    }
}
