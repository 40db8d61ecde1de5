//! What a server answered before the body: the head of one response, and the hops that led to it.

use std::fmt;
use std::time::Duration;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Version};

use crate::url::Url;

/// Status line and header fields of one response (RFC 9110, section 15).
#[derive(Clone)]
#[non_exhaustive]
pub struct Head {
    /// The status code.
    pub status: StatusCode,
    /// The protocol version. A browser does not tell it: there it is always HTTP/1.1.
    pub version: Version,
    /// The header fields, duplicates kept. A page sees only what CORS exposes.
    pub headers: HeaderMap,
    /// Where the platform followed redirects itself: the URL it ended at. Rare, hence behind a pointer: each waiting
    /// request has room for a head.
    pub final_url: Option<Box<Url>>,
    /// Whether the body is handed out decompressed. `None` where the platform does not tell: then the header fields do.
    pub is_decoded: Option<bool>,
    /// What else the platform tells: they become the [response's](crate::Response::extensions).
    pub extensions: Extensions,
}

impl Head {
    /// A head with this status, HTTP/1.1 and no header.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            final_url: None,
            is_decoded: None,
            extensions: Extensions::new(),
        }
    }
}

/// The reason phrase as it came, among the extensions. Over HTTP/1 the usual one is left out.
#[derive(Clone)]
pub(crate) struct Reason(pub(crate) String);

/// One redirect that was followed on the way to a response.
#[derive(Clone)]
#[non_exhaustive]
pub struct Hop {
    /// The URL that was asked.
    pub url: Url,
    /// The 3xx status it answered with.
    pub status: StatusCode,
    /// The header fields of that answer.
    pub headers: HeaderMap,
    /// From the start of the whole request to this answer.
    pub elapsed: Duration,
}

impl Hop {
    pub(crate) fn new(url: Url, head: Head, elapsed: Duration) -> Self {
        Self { url, status: head.status, headers: head.headers, elapsed }
    }
}

/// Cookies are hidden.
impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("status", &self.status)
            .field("version", &self.version)
            .field("headers", &Shown(&self.headers))
            .field("final_url", &self.final_url)
            .finish()
    }
}

/// Cookies are hidden.
impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hop")
            .field("url", &self.url)
            .field("status", &self.status)
            .field("headers", &Shown(&self.headers))
            .field("elapsed", &self.elapsed)
            .finish()
    }
}

/// Header fields for `Debug`, credentials hidden.
pub(crate) struct Shown<'a>(pub(crate) &'a HeaderMap);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name: &HeaderName, value: &HeaderValue| match value.is_sensitive() || is_secret(name) {
            true => "***".to_owned(),
            false => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        f.debug_map().entries(self.0.iter().map(|(name, value)| (name, shown(name, value)))).finish()
    }
}

/// Whether a header field of this name proves who is asking.
pub(crate) fn hide_secrets(headers: &mut HeaderMap) {
    for (name, value) in headers {
        if is_secret(name) {
            value.set_sensitive(true);
        }
    }
}

pub(crate) fn is_secret(name: &HeaderName) -> bool {
    ["authorization", "cookie", "proxy-authorization", "set-cookie"].contains(&name.as_str())
}
