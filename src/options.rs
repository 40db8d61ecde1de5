//! Every option that a session sets and a request may set otherwise: written down once, for both.

use std::sync::Arc;
use std::time::Duration;

use crate::browser_options::BrowserOptions;
use crate::capabilities::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::deadline::Timeout;
use crate::policy::retry::Retry;

/// What readers of whole bodies take in when `max_body` is not set: 256 MiB.
pub(crate) const DEFAULT_MAX_BODY: u64 = 256 * 1024 * 1024;

/// Options left out fall back: a request's to its session's, a session's to the defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) timeout: Timeout,
    pub(crate) follow_redirects: Option<bool>,
    pub(crate) max_redirects: Option<u32>,
    pub(crate) max_body: Option<Option<u64>>,
    pub(crate) auto_decompress: Option<bool>,
    pub(crate) raise_for_status: Option<bool>,
    pub(crate) retry: Option<Option<Retry>>,
    pub(crate) transport: Transport,
    pub(crate) browser: Option<Arc<BrowserOptions>>,
}

/// How connections are made: native, and fixed for each pool of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Transport {
    pub(crate) http_version: Option<HttpVersion>,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) force_close: Option<bool>,
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
    /// What this sets, and `base` for the rest.
    pub(crate) fn over(self, base: &Self) -> Self {
        Self {
            timeout: self.timeout.over(base.timeout),
            follow_redirects: self.follow_redirects.or(base.follow_redirects),
            max_redirects: self.max_redirects.or(base.max_redirects),
            max_body: self.max_body.or(base.max_body),
            auto_decompress: self.auto_decompress.or(base.auto_decompress),
            raise_for_status: self.raise_for_status.or(base.raise_for_status),
            retry: self.retry.or(base.retry),
            transport: Transport {
                http_version: self.transport.http_version.or(base.transport.http_version),
                keep_alive: self.transport.keep_alive.or(base.transport.keep_alive),
                force_close: self.transport.force_close.or(base.transport.force_close),
            },
            browser: match (self.browser, &base.browser) {
                (Some(own), Some(base)) => Some(Arc::new(own.over(Some(base)))),
                (own, base) => own.or_else(|| base.clone()),
            },
        }
    }

    /// Refuses values that make no sense on any platform.
    pub(crate) fn validate(&self) -> Result<()> {
        self.timeout.validate()?;
        if self.transport.keep_alive.is_some() && self.transport.force_close == Some(true) {
            return Err(Error::new(ErrorKind::InvalidOption { option: "keep_alive" })
                .with_message("force_close leaves no connection to keep alive; set one of the two"));
        }
        Ok(())
    }

    /// Refuses, by name, what was set and cannot be honoured on this platform.
    pub(crate) fn allowed_on(&self, platform: &Capabilities) -> Result<()> {
        let transport = &self.transport;
        let of_browsers = self.browser.as_deref().and_then(BrowserOptions::first_set);
        let asked = [
            ("timeout.connect", self.timeout.asks_for_connect(), platform.connect_timeout),
            ("http_version", transport.http_version.is_some(), platform.transport),
            ("keep_alive", transport.keep_alive.is_some(), platform.transport),
            ("force_close", transport.force_close.is_some(), platform.transport),
            ("follow_redirects", self.follow_redirects == Some(false), platform.redirects),
            ("max_redirects", self.max_redirects.is_some(), platform.redirects),
            ("auto_decompress", self.auto_decompress == Some(false), platform.raw_bodies),
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
