//! Cookies: what keeps them between requests, and [`CookieJar`], a keeper that follows RFC 6265bis.
//!
//! A session has a jar of its own unless [`Config::cookies`](crate::Config::cookies) switches that off or
//! [`Config::cookie_store`](crate::Config::cookie_store) brings another. In a browser cookies are the browser's:
//! its sessions have none.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::maybe::{MaybeSend, MaybeSync};
use crate::url::Url;

#[cfg(feature = "cookies")]
mod cookie;
#[cfg(feature = "cookies")]
mod date;
#[cfg(feature = "cookies")]
mod jar;
#[cfg(all(feature = "cookies", feature = "json"))]
mod json;
mod keeper;
#[cfg(feature = "cookies")]
mod loading;
#[cfg(feature = "cookies")]
mod matching;
#[cfg(feature = "cookies")]
mod netscape;
#[cfg(feature = "cookies")]
mod set_cookie;
#[cfg(feature = "cookies")]
mod shelf;
#[cfg(all(test, feature = "cookies"))]
mod tests;

#[cfg(feature = "cookies")]
pub use cookie::{Cookie, SameSite};
#[cfg(feature = "cookies")]
pub use jar::CookieJar;
pub(crate) use keeper::{Keeper, Keeping};
#[cfg(feature = "cookies")]
pub use loading::LoadError;
#[cfg(feature = "cookies")]
pub use set_cookie::{Refused, SetCookie};

/// What keeps a session's cookies.
///
/// A session asks it before each hop, redirects and retries included, and tells it the `Set-Cookie` fields of each
/// answer, whatever its status. Both are called while a request is under way: neither may block for long.
///
/// Times are since 1970, as [`Backend::unix_time`](crate::platform::Backend::unix_time) tells them.
pub trait CookieStore: MaybeSend + MaybeSync {
    /// Keeps what the `Set-Cookie` fields of an answer from this URL say. One that is malformed or not allowed is left
    /// out without a word: a server's mistake must not fail a request.
    fn store_cookies(&self, url: &Url, fields: &mut dyn Iterator<Item = &HeaderValue>, now: Duration);

    /// The value of the `Cookie` field of a request for this URL, marked as sensitive; `None` for no field.
    fn cookie_header(&self, url: &Url, now: Duration) -> Option<HeaderValue>;

    /// Whether it keeps none at all, and so need not be asked for a request's. Default: it is asked each time.
    fn is_empty(&self) -> bool {
        false
    }
}

impl<T: CookieStore + ?Sized> CookieStore for Arc<T> {
    fn store_cookies(&self, url: &Url, fields: &mut dyn Iterator<Item = &HeaderValue>, now: Duration) {
        (**self).store_cookies(url, fields, now);
    }

    fn cookie_header(&self, url: &Url, now: Duration) -> Option<HeaderValue> {
        (**self).cookie_header(url, now)
    }

    fn is_empty(&self) -> bool {
        (**self).is_empty()
    }
}
