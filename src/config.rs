//! [`Config`]: what a session is made of. Inert data, the same on every platform.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_LENGTH, HeaderMap, HeaderValue, TRANSFER_ENCODING, USER_AGENT};

use crate::browser_options::BrowserOptions;
use crate::capabilities::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::head::Shown;
use crate::options::{HttpVersion, Options};
use crate::policy::deadline::Timeout;
use crate::policy::retry::Retry;
use crate::policy::scheduler::Limits;
use crate::request::header;

/// The settings of a session; `build` makes it.
///
/// The first bad input is kept and comes out of `build`.
///
/// | option | default |
/// |---|---|
/// | [`limit`](Self::limit) | 100 |
/// | [`limit_per_host`](Self::limit_per_host) | no limit; 6 in a page |
/// | [`rate`](Self::rate) | none |
/// | [`timeout`](Self::timeout) | 5 minutes in total, 30 s to connect |
/// | [`follow_redirects`](Self::follow_redirects), [`max_redirects`](Self::max_redirects) | yes, 10 |
/// | [`max_body`](Self::max_body) | 256 MiB for `bytes`, `text` and `json`, none for streams |
/// | [`auto_decompress`](Self::auto_decompress) | yes: gzip, deflate, br, zstd |
/// | [`raise_for_status`](Self::raise_for_status) | no |
/// | [`retry`](Self::retry) | none |
/// | [`keep_alive`](Self::keep_alive) | 15 s, native |
///
/// ```
/// use std::time::Duration;
/// use dualfetch::{DefaultSession, Timeout};
///
/// let session = DefaultSession::builder()
///     .limit(30)
///     .limit_per_host(6)
///     .timeout(Timeout::new().total(Duration::from_secs(60)))
///     .header("accept-language", "en")
///     .build()?;
/// # let _ = session;
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a configuration does nothing until a session is built from it"]
pub struct Config {
    pub(crate) limit: usize,
    pub(crate) limit_per_host: Option<usize>,
    rate: Option<(u32, Duration)>,
    pub(crate) headers: HeaderMap,
    pub(crate) options: Options,
    error: Option<Arc<Error>>,
}

impl Config {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            limit: 100,
            limit_per_host: None,
            rate: None,
            headers: HeaderMap::new(),
            options: Options::default(),
            error: None,
        }
    }

    /// How many requests may be under way in the session. 0 is no limit.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// How many requests may be under way at one host: scheme, name and port. 0 is no limit.
    pub fn limit_per_host(mut self, limit: usize) -> Self {
        self.limit_per_host = Some(limit);
        self
    }

    /// How many requests may start in how much time, evenly spaced: `rate(10, Duration::from_secs(1))` lets one start
    /// every 100 ms. Retries and redirects count, too. Waiting for it is waiting in line: the total timeout stands
    /// still, the queue and wall timeouts run.
    pub fn rate(mut self, requests: u32, per: Duration) -> Self {
        self.rate = Some((requests, per));
        self
    }

    /// Sets timeouts; phases left out keep their defaults. A `Duration` alone is the total.
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.options.timeout = timeout.into().over(self.options.timeout);
        self
    }

    /// A header field sent with every request that does not set one of this name itself. `user-agent` and `accept`
    /// have defaults (in a page `user-agent` is the browser's).
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        match header(name.as_ref(), value.as_ref()) {
            Ok((name, value)) => {
                self.headers.insert(name, value);
            }
            Err(error) => {
                self.error.get_or_insert_with(|| Arc::new(error));
            }
        }
        self
    }

    /// Whether redirects are followed.
    pub fn follow_redirects(mut self, follow: bool) -> Self {
        self.options.follow_redirects = Some(follow);
        self
    }

    /// How many redirects are followed before [`ErrorKind::TooManyRedirects`].
    pub fn max_redirects(mut self, limit: u32) -> Self {
        self.options.max_redirects = Some(limit);
        self
    }

    /// How many bytes a body may have after decompression; `None` takes every bound away.
    pub fn max_body(mut self, limit: impl Into<Option<u64>>) -> Self {
        self.options.max_body = Some(limit.into());
        self
    }

    /// Whether bodies are decompressed, and compression offered.
    pub fn auto_decompress(mut self, decompress: bool) -> Self {
        self.options.auto_decompress = Some(decompress);
        self
    }

    /// Whether a status of 400 or more is [`ErrorKind::Status`].
    pub fn raise_for_status(mut self, raise: bool) -> Self {
        self.options.raise_for_status = Some(raise);
        self
    }

    /// How failures are retried; `None` for not at all.
    pub fn retry(mut self, retry: impl Into<Option<Retry>>) -> Self {
        self.options.retry = Some(retry.into());
        self
    }

    /// How long an idle connection is kept. Native; elsewhere [`ErrorKind::Unsupported`].
    pub fn keep_alive(mut self, idle: Duration) -> Self {
        self.options.transport.keep_alive = Some(idle);
        self
    }

    /// Whether connections are closed after one request. Native; elsewhere [`ErrorKind::Unsupported`].
    pub fn force_close(mut self, close: bool) -> Self {
        self.options.transport.force_close = Some(close);
        self
    }

    /// Which versions of HTTP may be spoken. Native; elsewhere [`ErrorKind::Unsupported`].
    pub fn http_version(mut self, version: HttpVersion) -> Self {
        self.options.transport.http_version = Some(version);
        self
    }

    /// Options of a browser's own `fetch`; those left out keep what was set before. Elsewhere
    /// [`ErrorKind::Unsupported`].
    pub fn browser(mut self, options: BrowserOptions) -> Self {
        self.options.browser = Some(Arc::new(options.over(self.options.browser.as_deref())));
        self
    }

    /// The header fields sent with every request that does not set one of this name itself. Those that have defaults are
    /// among them once a session has been built: see [`Client::config`](crate::Client::config).
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// With the header fields that have defaults.
    pub(crate) fn with_defaults(mut self, platform: &Capabilities) -> Self {
        self.headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        if platform.user_agent {
            const OURS: &str = concat!("dualfetch/", env!("CARGO_PKG_VERSION"));
            self.headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(OURS));
        }
        self
    }

    /// Refuses what makes no sense and what this platform cannot do.
    pub(crate) fn validate(&self, platform: &Capabilities) -> Result<()> {
        if let Some(error) = &self.error {
            let again = Error::new(error.kind().clone());
            return Err(match error.message() {
                Some(message) => again.with_message(message),
                None => again,
            });
        }
        for name in [CONTENT_LENGTH, TRANSFER_ENCODING] {
            if self.headers.contains_key(&name) {
                return Err(Error::new(ErrorKind::InvalidHeader).with_message(format!(
                    "{:?} belongs to one request's body, not to a session",
                    name.as_str()
                )));
            }
        }
        if self.rate.is_some_and(|(requests, per)| requests == 0 || per.is_zero()) {
            return Err(Error::new(ErrorKind::InvalidOption { option: "rate" })
                .with_message("at least one request, in some time; leave it out for no bound"));
        }
        self.options.validate()?;
        self.options.allowed_on(platform)
    }

    pub(crate) fn limits(&self, platform: &Capabilities) -> Limits {
        let pace = self.rate.map(|(requests, per)| per / requests.max(1));
        Limits::new(self.limit, self.limit_per_host.unwrap_or(platform.limit_per_host)).paced(pace)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("limit", &self.limit)
            .field("limit_per_host", &self.limit_per_host)
            .field("rate", &self.rate)
            .field("headers", &Shown(&self.headers))
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
