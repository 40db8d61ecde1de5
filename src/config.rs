//! [`Config`]: what a session is made of. Inert data, the same on every platform.

mod connecting;
#[cfg(feature = "digest")]
mod digest;

use std::sync::Arc;
use std::time::Duration;

use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
    USER_AGENT,
};

use crate::browser_options::BrowserOptions;
use crate::capabilities::Capabilities;
use crate::cookies::{CookieStore, Keeper, Keeping};
use crate::error::{Error, ErrorKind, Result};
#[cfg(feature = "middleware")]
use crate::events::Event;
use crate::head::Shown;
use crate::into_url::{self, IntoUrl};
#[cfg(feature = "middleware")]
use crate::maybe::{MaybeSend, MaybeSync};
use crate::middleware::Layers;
#[cfg(feature = "middleware")]
use crate::middleware::Middleware;
#[cfg(feature = "middleware")]
use crate::netrc::Netrc;
use crate::options::{HttpVersion, Options};
use crate::policy::deadline::Timeout;
use crate::policy::raise::RaiseForStatus;
use crate::policy::redirect::FOR_ONE_ORIGIN;
use crate::policy::redirect_policy::RedirectPolicy;
use crate::policy::retry::Retry;
use crate::policy::scheduler::Limits;
use crate::request::{append, basic, bearer, check_count, header, header_name, insert};
use crate::url::Url;

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
/// | [`base_url`](Self::base_url) | none |
/// | [`redirect_policy`](Self::redirect_policy), [`max_redirects`](Self::max_redirects) | followed, 10 |
/// | [`max_body`](Self::max_body) | 256 MiB for `bytes`, `text` and `json`, none for streams |
/// | [`auto_decompress`](Self::auto_decompress) | yes: gzip, deflate, br, zstd |
/// | [`max_headers`](Self::max_headers), [`max_header_bytes`](Self::max_header_bytes) | 100 fields, 400 kB (16 kB by HTTP/2), native |
/// | [`raise_for_status`](Self::raise_for_status) | no |
/// | [`retry`](Self::retry) | none |
/// | [`cookies`](Self::cookies) | yes, native |
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
    /// Which of them nobody has set.
    pub(crate) automatic: Vec<HeaderName>,
    pub(crate) base_url: Option<Url>,
    pub(crate) options: Options,
    pub(crate) layers: Layers,
    pub(crate) cookie_store: Option<Arc<dyn Keeper>>,
    /// User and password.
    #[cfg(feature = "digest")]
    digest: Option<Arc<(String, String)>>,
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
            automatic: Vec::new(),
            base_url: None,
            options: Options::default(),
            layers: Layers::default(),
            cookie_store: None,
            #[cfg(feature = "digest")]
            digest: None,
            error: None,
        }
    }

    /// How many requests may be under way in the session. 0 is no limit. Default 100.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// How many requests may be under way at one host: scheme, name and port. 0 is no limit. Default no limit, in a
    /// page 6.
    pub fn limit_per_host(mut self, limit: usize) -> Self {
        self.limit_per_host = Some(limit);
        self
    }

    /// How many requests may start in how much time, evenly spaced: `rate(10, Duration::from_secs(1))` lets one start
    /// every 100 ms. Retries and redirects count, too. Waiting for it is waiting in line: the total timeout stands
    /// still, the queue and wall timeouts run. Default no bound.
    pub fn rate(mut self, requests: u32, per: Duration) -> Self {
        self.rate = Some((requests, per));
        self
    }

    /// Sets timeouts; phases left out keep their defaults. A `Duration` alone is the total.
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.options.timeout = timeout.into().over(self.options.timeout);
        self
    }

    /// What URLs that are not absolute are resolved against (RFC 3986, section 5; WHATWG URL standard): with
    /// `https://api.example/v1/`, `users` is `https://api.example/v1/users` and `/users` is `https://api.example/users`.
    /// The path must end in a slash. Session header fields that prove who is asking go to this origin alone.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::Scripted};
    /// # let platform = Scripted::new(1);
    /// let config = Config::new().base_url("https://api.example/v1/");
    /// let session = Client::with_backend(config, platform.clone())?;
    /// # platform.run(async {
    /// let response = session.get("users?page=2").await?;
    /// assert_eq!(response.url().as_str(), "https://api.example/v1/users?page=2");
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn base_url(self, base: impl IntoUrl) -> Self {
        self.try_set(into_url::base(base), |config, base| {
            config.base_url = Some(base);
            Ok(())
        })
    }

    /// A header field sent with every request that does not set one of this name itself, in place of those of this name
    /// that were set before. `user-agent` and `accept` have defaults (in a page `user-agent` is the browser's).
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.try_set(header(name.as_ref(), value.as_ref()), |config, (name, value)| {
            config.automatic.retain(|automatic| *automatic != name);
            insert(&mut config.headers, name, value)
        })
    }

    /// A header field beside those of this name that were set before. A request that sets one of this name replaces
    /// them all. Default none.
    pub fn append_header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.try_set(header(name.as_ref(), value.as_ref()), |config, (name, value)| {
            append(&mut config.headers, name, value)
        })
    }

    /// Header fields that are left out where nobody sets them: of `accept`, `accept-encoding`, `content-type` and
    /// `user-agent`, those that this crate would add. Native; elsewhere [`ErrorKind::Unsupported`]. Default none.
    pub fn skip_auto_headers<N: AsRef<str>>(self, names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(|name| header_name(name.as_ref())).collect();
        self.try_set(names, |config, names| {
            config.options.skip_auto_headers = Some(names);
            Ok(())
        })
    }

    /// Who is asking: the `User-Agent` field. Default `dualfetch/` and the version; in a page the browser's.
    pub fn user_agent(self, agent: impl AsRef<[u8]>) -> Self {
        self.header(USER_AGENT, agent)
    }

    /// Basic authentication (RFC 7617) with every request that has no `Authorization` of its own. It does not follow a
    /// redirect to another origin; with a [`base_url`](Self::base_url) it goes to that origin alone.
    pub fn basic_auth(self, user: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        self.try_set(basic(user.as_ref(), password.as_ref()), |config, value| {
            insert(&mut config.headers, AUTHORIZATION, value)
        })
    }

    /// A bearer token (RFC 6750) with every request that has no `Authorization` of its own, as
    /// [`basic_auth`](Self::basic_auth).
    pub fn bearer_auth(self, token: impl AsRef<str>) -> Self {
        self.try_set(bearer(token.as_ref()), |config, value| {
            insert(&mut config.headers, AUTHORIZATION, value)
        })
    }

    /// Whether redirects are followed, or handed out: [`RedirectPolicy::follow`] or [`RedirectPolicy::stop`]. Default
    /// followed.
    pub fn follow_redirects(self, follow: bool) -> Self {
        self.redirect_policy(if follow { RedirectPolicy::follow() } else { RedirectPolicy::stop() })
    }

    /// Which redirects are followed. A page follows all of them unseen: there any other policy is
    /// [`ErrorKind::Unsupported`]. Default [`RedirectPolicy::follow`].
    pub fn redirect_policy(mut self, policy: RedirectPolicy) -> Self {
        self.options.redirect_policy = Some(policy);
        self
    }

    /// How many redirects are followed before [`ErrorKind::TooManyRedirects`]. Default 10.
    pub fn max_redirects(mut self, limit: u32) -> Self {
        self.options.max_redirects = Some(limit);
        self
    }

    /// How many bytes a body may have after decompression; `None` takes every bound away. Default 256 MiB for what
    /// reads it whole, such as [`Response::bytes`](crate::Response::bytes), and none for what reads it in pieces.
    pub fn max_body(mut self, limit: impl Into<Option<u64>>) -> Self {
        self.options.max_body = Some(limit.into());
        self
    }

    /// Whether bodies are decompressed, and compression offered. Default yes: gzip, deflate, br and zstd. In a
    /// browser `false` is [`ErrorKind::Unsupported`].
    pub fn auto_decompress(mut self, decompress: bool) -> Self {
        self.options.auto_decompress = Some(decompress);
        self
    }

    /// Whether a status of 400 or more is [`ErrorKind::Status`], or what else is an error. Default no: such a
    /// response is one.
    pub fn raise_for_status(mut self, raise: impl Into<RaiseForStatus>) -> Self {
        self.options.raise_for_status = Some(raise.into());
        self
    }

    /// How many header fields a response may have, 24,576 at most; more are [`ErrorKind::HeadersTooLarge`]. Default 100,
    /// which only the native platform knows.
    pub fn max_headers(mut self, fields: usize) -> Self {
        self.options.transport.max_headers = Some(fields);
        self
    }

    /// How many bytes the header fields of a response may have together, names and values; more are
    /// [`ErrorKind::HeadersTooLarge`], or [`ErrorKind::Protocol`] where HTTP/2's own bound is passed, which is the same
    /// number. At least 8,192. Default 400 kB, 16 kB by HTTP/2, which only the native platform knows.
    pub fn max_header_bytes(mut self, bytes: usize) -> Self {
        self.options.transport.max_header_bytes = Some(bytes);
        self
    }

    /// How failures are retried; `None` for not at all. Default `None`.
    pub fn retry(mut self, retry: impl Into<Option<Retry>>) -> Self {
        self.options.retry = Some(retry.into());
        self
    }

    /// Whether the session keeps cookies and sends them: in memory, in a jar of its own, as
    /// [`CookieJar`](crate::CookieJar) says. Default: yes, where the platform leaves them to us and the crate feature
    /// `cookies` is on. In a browser, which keeps its own, setting it is [`ErrorKind::Unsupported`].
    ///
    /// A `Cookie` field set by hand, on a request or as the session's [`header`](Self::header), is sent in place of what
    /// the jar has; cookies set by [`RequestBuilder::cookie`](crate::RequestBuilder::cookie) are sent beside it.
    pub fn cookies(mut self, cookies: bool) -> Self {
        self.options.cookies = Some(cookies);
        self
    }

    /// What keeps the session's cookies in place of a jar of its own: a [`CookieJar`](crate::CookieJar) that was loaded,
    /// or that other sessions share, or anything else. Switches cookies on. In a browser [`ErrorKind::Unsupported`].
    /// Default a jar of its own.
    pub fn cookie_store(mut self, store: impl CookieStore + 'static) -> Self {
        self.cookie_store = Some(Arc::new(Keeping(store)));
        self.cookies(true)
    }

    /// How long an idle connection is kept. Native; elsewhere [`ErrorKind::Unsupported`]. Default 15 seconds.
    pub fn keep_alive(mut self, idle: Duration) -> Self {
        self.options.transport.keep_alive = Some(idle);
        self
    }

    /// Whether connections are closed after one request. Native; elsewhere [`ErrorKind::Unsupported`]. Default no.
    pub fn force_close(mut self, close: bool) -> Self {
        self.options.transport.force_close = Some(close);
        self
    }

    /// Which versions of HTTP may be spoken. Native; elsewhere [`ErrorKind::Unsupported`]. Default HTTP/2 where an
    /// `https` server chooses it, else HTTP/1.1.
    pub fn http_version(mut self, version: HttpVersion) -> Self {
        self.options.transport.http_version = Some(version);
        self
    }

    /// Adds a middleware around each call, outside redirects and retries: see [`middleware`](crate::middleware).
    /// Default none.
    #[cfg(feature = "middleware")]
    pub fn middleware(mut self, middleware: impl Middleware + 'static) -> Self {
        self.layers.call.push(Arc::new(middleware));
        self
    }

    /// Adds a middleware around each attempt at each hop: see [`middleware`](crate::middleware). Default none.
    #[cfg(feature = "middleware")]
    pub fn hop_middleware(mut self, middleware: impl Middleware + 'static) -> Self {
        self.layers.hop.push(Arc::new(middleware));
        self
    }

    /// Gives each hop whose host the file knows basic authentication, unless it has some: the caller's `Authorization`
    /// and what stands in the URL count before it, and with `authorization` among
    /// [`skip_auto_headers`](Self::skip_auto_headers) there is none. A redirect to another host is given that host's own, if there is any,
    /// and never the `default` ones, which are for the origin that the caller has asked. Added as
    /// [`hop_middleware`](Self::hop_middleware). In a page, where redirects are the platform's, for the first hop alone.
    ///
    /// ```
    /// use dualfetch::{DefaultSession, Netrc};
    ///
    /// # fn example() -> dualfetch::Result<()> {
    /// let session = DefaultSession::builder().netrc(Netrc::from_env()?).build()?;
    /// # let _ = session;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "middleware")]
    pub fn netrc(self, netrc: Netrc) -> Self {
        self.hop_middleware(netrc)
    }

    /// Adds what is told of each request's [events](crate::events). Default nobody is told.
    #[cfg(feature = "middleware")]
    pub fn on_event(mut self, observer: impl Fn(&Event<'_>) + MaybeSend + MaybeSync + 'static) -> Self {
        self.layers.observers.push(Arc::new(observer));
        self
    }

    /// Options of a browser's own `fetch`; those left out keep what was set before. Elsewhere
    /// [`ErrorKind::Unsupported`]. Default nothing set.
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
        const OURS: &str = concat!("dualfetch/", env!("CARGO_PKG_VERSION"));
        let agent = platform.user_agent.then_some((USER_AGENT, OURS));
        for (name, value) in [(ACCEPT, "*/*")].into_iter().chain(agent) {
            if !self.headers.contains_key(&name) {
                self.headers.insert(name.clone(), HeaderValue::from_static(value));
                self.automatic.push(name);
            }
        }
        self
    }

    /// Sets what is sound; the first that is not comes out of `build`.
    fn try_set<T>(mut self, value: Result<T>, set: impl FnOnce(&mut Self, T) -> Result<()>) -> Self {
        if let Err(error) = value.and_then(|value| set(&mut self, value)) {
            self.error.get_or_insert_with(|| Arc::new(error));
        }
        self
    }

    /// Refuses what makes no sense and what this platform cannot do.
    pub(crate) fn validate(&self, platform: &Capabilities) -> Result<()> {
        if let Some(error) = &self.error {
            let again = Error::new(error.kind().clone());
            let again = match error.url() {
                Some(url) => again.with_url(url),
                None => again,
            };
            return Err(match error.message() {
                Some(message) => again.with_message(message),
                None => again,
            });
        }
        for name in [CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING] {
            if self.headers.contains_key(&name) {
                return Err(Error::new(ErrorKind::InvalidHeader).with_message(format!(
                    "{:?} belongs to one request's body, not to a session",
                    name.as_str()
                )));
            }
        }
        check_count(&self.headers)?;
        #[cfg(feature = "digest")]
        self.check_digest()?;
        if self.rate.is_some_and(|(requests, per)| requests == 0 || per.is_zero()) {
            return Err(Error::new(ErrorKind::InvalidOption { option: "rate" })
                .with_message("at least one request, in some time; leave it out for no bound"));
        }
        self.options.validate()?;
        self.options.allowed_on(platform)
    }

    /// What goes around calls and attempts, with what other settings bring.
    #[cfg(not(feature = "digest"))]
    pub(crate) fn all_layers(&self) -> Result<&Layers> {
        Ok(&self.layers)
    }

    /// Without what proves who is asking at the base of `old`, where this one's is of another origin and it was left as it
    /// was.
    pub(crate) fn without_credentials_of(mut self, old: &Self) -> Self {
        let moved = match (&old.base_url, &self.base_url) {
            (Some(old), Some(new)) => old.origin() != new.origin(),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if moved {
            #[cfg(feature = "digest")]
            self.forget_digest_of(old);
            let kept = |headers: &HeaderMap, name: &HeaderName| {
                headers.get_all(name).iter().cloned().collect::<Vec<_>>()
            };
            for name in FOR_ONE_ORIGIN {
                if kept(&self.headers, &name) == kept(&old.headers, &name) {
                    self.headers.remove(&name);
                }
            }
        }
        self
    }

    /// The limit in which another configuration differs.
    pub(crate) fn changed_limit(&self, other: &Self) -> Option<&'static str> {
        let differs = [
            ("limit", self.limit != other.limit),
            ("limit_per_host", self.limit_per_host != other.limit_per_host),
            ("rate", self.rate != other.rate),
        ];
        differs.into_iter().find_map(|(option, differs)| differs.then_some(option))
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
            .field("base_url", &self.base_url)
            .field("headers", &Shown(&self.headers))
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
