//! Every option that a session sets and a request may set otherwise: written down once, for both.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::browser_options::BrowserOptions;
use crate::capabilities::Capabilities;
use crate::connector::Connecting;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::deadline::Timeout;
use crate::policy::raise::RaiseForStatus;
use crate::policy::redirect_policy::RedirectPolicy;
use crate::policy::retry::Retry;

/// What readers of whole bodies take in when `max_body` is not set: 256 MiB.
pub(crate) const DEFAULT_MAX_BODY: u64 = 256 * 1024 * 1024;

/// The least that `max_header_bytes` may be: less than this no connection reads at once.
const LEAST_HEADER_BYTES: usize = 8192;

/// What a `HeaderMap` holds.
const MOST_HEADERS: usize = 24_576;

/// Options left out fall back: a request's to its session's, a session's to the defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) timeout: Timeout,
    pub(crate) redirect_policy: Option<RedirectPolicy>,
    pub(crate) max_redirects: Option<u32>,
    pub(crate) max_body: Option<Option<u64>>,
    pub(crate) auto_decompress: Option<bool>,
    pub(crate) raise_for_status: Option<RaiseForStatus>,
    pub(crate) compress: Option<Compression>,
    pub(crate) skip_auto_headers: Option<Arc<[HeaderName]>>,
    pub(crate) retry: Option<Option<Retry>>,
    pub(crate) cookies: Option<bool>,
    /// Those of one request. A session has none: it has a store.
    pub(crate) own_cookies: Option<Arc<OwnCookies>>,
    pub(crate) transport: Transport,
    pub(crate) connecting: Connecting,
    pub(crate) browser: Option<Arc<BrowserOptions>>,
}

/// The cookies of one request.
#[derive(Clone, Debug)]
pub(crate) struct OwnCookies {
    /// As `Cookie` has them; marked as sensitive.
    pub(crate) pairs: HeaderValue,
    /// Puts them into the field. It comes with them, so that a build in which nobody sets any is without it.
    pub(crate) merge: fn(&HeaderValue, &mut HeaderMap),
}

/// How connections are made: native, and fixed for each pool of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Transport {
    pub(crate) http_version: Option<HttpVersion>,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) force_close: Option<bool>,
    pub(crate) max_headers: Option<usize>,
    pub(crate) max_header_bytes: Option<usize>,
}

/// How a request's body is compressed on its way (RFC 9110, section 8.4.1). Native.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Brotli (RFC 7932).
    Brotli,
    /// The zlib format (RFC 1950).
    Deflate,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

/// Which versions of HTTP a connection may speak. Native.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpVersion {
    /// Over TLS what the server chooses (ALPN), HTTP/1.1 otherwise.
    #[default]
    Auto,
    /// HTTP/1.1 alone.
    Http1,
    /// HTTP/2 alone; without TLS by prior knowledge (RFC 9113, section 3.3).
    Http2,
}

impl Options {
    /// Nothing set. Shared: most requests set nothing.
    pub(crate) fn none() -> Arc<Self> {
        static NONE: LazyLock<Arc<Options>> = LazyLock::new(Arc::default);
        Arc::clone(&NONE)
    }

    /// What this sets, and `base` for the rest.
    pub(crate) fn over(self, base: &Self) -> Self {
        Self {
            timeout: self.timeout.over(base.timeout),
            redirect_policy: self.redirect_policy.or_else(|| base.redirect_policy.clone()),
            max_redirects: self.max_redirects.or(base.max_redirects),
            max_body: self.max_body.or(base.max_body),
            auto_decompress: self.auto_decompress.or(base.auto_decompress),
            raise_for_status: self.raise_for_status.or_else(|| base.raise_for_status.clone()),
            compress: self.compress.or(base.compress),
            skip_auto_headers: self.skip_auto_headers.or_else(|| base.skip_auto_headers.clone()),
            retry: self.retry.or(base.retry),
            cookies: self.cookies.or(base.cookies),
            own_cookies: self.own_cookies,
            transport: Transport {
                http_version: self.transport.http_version.or(base.transport.http_version),
                keep_alive: self.transport.keep_alive.or(base.transport.keep_alive),
                force_close: self.transport.force_close.or(base.transport.force_close),
                max_headers: self.transport.max_headers.or(base.transport.max_headers),
                max_header_bytes: self.transport.max_header_bytes.or(base.transport.max_header_bytes),
            },
            connecting: self.connecting.over(&base.connecting),
            browser: match (self.browser, &base.browser) {
                (Some(own), Some(base)) => Some(Arc::new(own.over(Some(base)))),
                (own, base) => own.or_else(|| base.clone()),
            },
        }
    }

    /// Refuses values that make no sense on any platform.
    pub(crate) fn validate(&self) -> Result<()> {
        self.timeout.validate()?;
        self.connecting.check(None)?;
        if self.transport.keep_alive.is_some() && self.transport.force_close == Some(true) {
            return Err(Error::new(ErrorKind::InvalidOption { option: "keep_alive" })
                .with_message("force_close leaves no connection to keep alive; set one of the two"));
        }
        if self.transport.max_headers.is_some_and(|fields| fields > MOST_HEADERS) {
            return Err(Error::new(ErrorKind::InvalidOption { option: "max_headers" })
                .with_message("a map of header fields holds 24,576 at most"));
        }
        let too_small = [
            ("max_headers", self.transport.max_headers == Some(0)),
            (
                "max_header_bytes",
                self.transport.max_header_bytes.is_some_and(|bytes| bytes < LEAST_HEADER_BYTES),
            ),
        ];
        match too_small.into_iter().find(|(_, is_wrong)| *is_wrong) {
            None => Ok(()),
            Some((option, _)) => Err(Error::new(ErrorKind::InvalidOption { option })
                .with_message("no response could be taken in: at least one field, and 8,192 bytes")),
        }
    }

    /// The redirects that are followed.
    pub(crate) fn redirects(&self) -> RedirectPolicy {
        self.redirect_policy.clone().unwrap_or_default()
    }

    /// Whether this field is to be left out where nobody sets it.
    pub(crate) fn skips(&self, name: &HeaderName) -> bool {
        self.skip_auto_headers.as_deref().is_some_and(|names| names.contains(name))
    }

    /// Refuses, by name, what was set and cannot be honoured on this platform.
    pub(crate) fn allowed_on(&self, platform: &Capabilities) -> Result<()> {
        let transport = &self.transport;
        let of_browsers = self.browser.as_deref().and_then(BrowserOptions::first_set);
        let of_connector = self.connecting.first_set();
        let asked = [
            ("timeout.connect", self.timeout.asks_for_connect(), platform.connect_timeout),
            ("cookies", self.cookies.is_some(), platform.cookies),
            ("http_version", transport.http_version.is_some(), platform.transport),
            ("keep_alive", transport.keep_alive.is_some(), platform.transport),
            ("force_close", transport.force_close.is_some(), platform.transport),
            (
                "follow_redirects",
                self.redirect_policy.as_ref().is_some_and(RedirectPolicy::is_stop),
                platform.redirects,
            ),
            (
                "redirect_policy",
                self.redirect_policy.as_ref().is_some_and(|policy| !policy.is_follow()),
                platform.redirects,
            ),
            ("max_redirects", self.max_redirects.is_some(), platform.redirects),
            ("compress", self.compress.is_some(), platform.transport),
            ("skip_auto_headers", self.skip_auto_headers.is_some(), platform.transport),
            ("auto_decompress", self.auto_decompress == Some(false), platform.raw_bodies),
            (of_connector.unwrap_or_default(), of_connector.is_some(), platform.transport),
            (of_browsers.unwrap_or_default(), of_browsers.is_some(), platform.browser_options),
        ];
        match asked.into_iter().find(|(_, asked, able)| *asked && !able) {
            None => Ok(()),
            Some((feature, ..)) => {
                Err(ErrorKind::Unsupported { feature, platform: platform.platform }.into())
            }
        }
    }
}
