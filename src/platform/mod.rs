//! What a platform must supply, and nothing more.
//!
//! - **One hop.** [`Backend::exchange`] sends one request and gives the response's head and body. It follows no
//!   redirect unless the platform cannot do otherwise ([`Capabilities::redirects`]), retries nothing, keeps no cookie,
//!   and knows one deadline alone: connecting, where the platform can bound that. Dropping its future, or the body,
//!   ends the transfer.
//! - **A clock and timers.** [`Backend::now`] never goes back; [`Backend::sleep_until`] makes a timer on that clock
//!   which can be set again, so that one serves all phases of a request.
//! - **Chance** for jitter, **tasks** for what outlives a call, and **an account of itself**.
//!
//! Everything else, on every platform, is the engine's.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use crate::capabilities::Capabilities;
use crate::connection::Connections;
use crate::decoding::Supply;
use crate::error::{Error, ErrorKind, Result};
use crate::head::Head;
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::payload::Payload;
pub use crate::progress::Progress;
use crate::request::{Request, RequestOptions};

mod files;
pub(crate) mod places;
pub mod scripted;

#[cfg(target_arch = "wasm32")]
pub mod browser;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;

#[cfg(target_arch = "wasm32")]
use browser as current;
#[cfg(not(target_arch = "wasm32"))]
use native as current;

pub(crate) use current::{disk, has_cache};

/// The backend of this target.
#[cfg(target_arch = "wasm32")]
pub type Default = browser::Browser;
/// The backend of this target.
#[cfg(not(target_arch = "wasm32"))]
pub type Default = native::Native;

/// A platform. See the [module's](self) text for what it promises.
pub trait Backend: MaybeSend + MaybeSync + 'static {
    /// Whether an error that `raise_for_status` makes has the start of its body. Where it is false, no code for that is
    /// linked.
    const KEEPS_ERROR_BODIES: bool = true;

    /// How often [`exchange`](Self::exchange) is polled though nothing has woken it, where it has to look whether what it
    /// waits for is still there.
    const LOOKS: Option<Duration> = None;

    /// A response's body. Dropping it ends the transfer.
    type Body: Payload + MaybeSend + Unpin + 'static;
    /// A timer that can be set again.
    type Sleep: Sleep + MaybeSend + 'static;

    /// Sends one request and waits for the head of its response.
    ///
    /// # Cancellation
    /// Dropping the future ends the request: nothing of it goes on.
    fn exchange(&self, request: Request) -> impl Future<Output = Result<(Head, Self::Body)>> + MaybeSend;

    /// A timer that is ready at this time of [`now`](Self::now)'s clock.
    fn sleep_until(&self, at: Duration) -> Self::Sleep;

    /// A clock that never goes back.
    fn now(&self) -> Duration;

    /// The time since 1970, for dates in header fields.
    fn unix_time(&self) -> Duration;

    /// The time since 1970 that a date in a header field names (RFC 9110, section 5.6.7).
    fn http_date(&self, text: &str) -> Option<Duration> {
        httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()
    }

    /// Any number, different each time; not for secrets.
    fn random(&self) -> u64;

    /// Runs a task to its end. Where nothing can run it, it is dropped.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// The session was closed, which happens once at most. What is under way goes on, further hops of it included;
    /// connections that nothing uses, now or later, are to be let go. Nothing unless a backend keeps any.
    fn close(&self) {}

    /// Refuses a session's options, which are those of requests that set none, where they cannot be read, or not be
    /// honoured together.
    ///
    /// # Errors
    /// Those that a request with them would come to.
    fn check(&self, _options: &RequestOptions) -> Result<()> {
        Ok(())
    }

    /// How many connections there are: [`Client::connections`](crate::Client::connections).
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) unless a backend counts them.
    fn connections(&self) -> Result<Connections> {
        let platform = self.capabilities().platform;
        Err(ErrorKind::Unsupported { feature: "connections", platform }.into())
    }

    /// Forgets the addresses of a host, or all: [`Client::clear_dns_cache`](crate::Client::clear_dns_cache).
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) unless a backend keeps any.
    fn clear_dns_cache(&self, _host: Option<&str>) -> Result<()> {
        let platform = self.capabilities().platform;
        Err(ErrorKind::Unsupported { feature: "clear_dns_cache", platform }.into())
    }

    /// What this platform can do.
    fn capabilities(&self) -> &Capabilities;

    /// What decodes bodies in other encodings than UTF-8 in place of this build; `None` leaves them to this build.
    fn charset(&self) -> Option<Arc<dyn Supply>> {
        None
    }
}

/// A timer that can be set again.
pub trait Sleep: Future<Output = ()> {
    /// Makes it ready at this time instead, whether it has been ready or not.
    fn reset(self: Pin<&mut Self>, at: Duration);

    /// Why it was ready before its time: what drove it has ended, and it will never come.
    fn failure(self: Pin<&Self>) -> Option<Error> {
        None
    }

    /// Nobody waits for it until it is polled again. Where a timer keeps a program alive, this lets it end.
    fn rest(self: Pin<&mut Self>) {}
}
