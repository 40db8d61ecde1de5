//! [`Request`] and its builder.

mod convert;
mod userinfo;

use std::sync::{Arc, LazyLock};

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Extensions, Method};

use crate::body::Body;
use crate::browser_options::BrowserOptions;
use crate::capabilities::Progress;
use crate::error::{Error, ErrorKind, Result};
use crate::head::Shown;
use crate::options::{HttpVersion, Options};
use crate::policy::deadline::Timeout;
use crate::policy::retry::Retry;
use crate::url::Url;

pub use convert::RequestOptions;

/// One request: method, URL, header fields, body, and the options that differ from the session's.
///
/// Cheap to clone: a body is shared, not copied. `Debug` hides the values of credentials.
///
/// ```
/// use dualfetch::{Method, Request};
///
/// let request = Request::builder(Method::PUT, "https://example.com/x").header("x-id", "7").body("text").build()?;
/// assert_eq!(request.headers()["x-id"], "7");
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) priority: i8,
    pub(crate) options: Options,
    /// Shared, since each attempt clones the request.
    pub(crate) extensions: Option<Arc<Extensions>>,
    pub(crate) progress: Option<Arc<Progress>>,
    /// A redirect has left the origin: the session's credentials do not go along any more either.
    pub(crate) has_left_origin: bool,
}

impl Request {
    /// A request by this method for this URL.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::empty(),
            priority: 0,
            options: Options::default(),
            extensions: None,
            progress: None,
            has_left_origin: false,
        }
    }

    /// Starts building a request by this method for this URL; [`build`](RequestBuilder::build) ends it.
    pub fn builder<U>(method: Method, url: U) -> RequestBuilder
    where
        U: TryInto<Url>,
        Error: From<U::Error>,
    {
        RequestBuilder::new((), method, url)
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The header fields of this request alone; the session's defaults are added when it is sent.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The header fields, to be changed.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// What others have attached. It is not sent.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        static NONE: LazyLock<Extensions> = LazyLock::new(Extensions::new);
        self.extensions.as_deref().unwrap_or(&NONE)
    }

    /// What others have attached, to be changed.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        Arc::make_mut(self.extensions.get_or_insert_default())
    }

    /// Goes on building: the way to set options of a request that is there.
    pub fn into_builder(self) -> RequestBuilder {
        RequestBuilder { session: (), request: Ok(self) }
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &Shown(&self.headers))
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// Builds a [`Request`]; made by a session's verbs it can be sent, too.
///
/// The first bad input is kept and comes out of `build` or `send`.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder<S = ()> {
    pub(crate) session: S,
    pub(crate) request: Result<Request>,
}

impl<S> RequestBuilder<S> {
    pub(crate) fn new<U>(session: S, method: Method, url: U) -> Self
    where
        U: TryInto<Url>,
        Error: From<U::Error>,
    {
        let request = url.try_into().map(|url| Request::new(method, url)).map_err(Error::from);
        Self { session, request }
    }

    /// Sets a header field, replacing those of this name that were set before, and the session's.
    ///
    /// A name or value that HTTP does not allow is [`ErrorKind::InvalidHeader`], the name told.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.change(|request| {
            let (name, value) = header(name.as_ref(), value.as_ref())?;
            request.headers.insert(name, value);
            Ok(())
        })
    }

    /// Adds a header field beside those of this name that were set before; the session's are replaced.
    pub fn append_header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.change(|request| {
            let (name, value) = header(name.as_ref(), value.as_ref())?;
            request.headers.append(name, value);
            Ok(())
        })
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.change(|request| {
            request.body = body.into();
            Ok(())
        })
    }

    /// Sets the body to this value as JSON, and `Content-Type` unless it is set.
    #[cfg(feature = "json")]
    pub fn json<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        self.change(|request| {
            let bytes = serde_json::to_vec(value).map_err(|error| {
                Error::new(ErrorKind::Json).with_message("the request's body").with_source(error)
            })?;
            request.body = bytes.into();
            request
                .headers
                .entry(http::header::CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/json"));
            Ok(())
        })
    }

    /// Sets timeouts; phases left out keep the session's. A `Duration` alone is the total.
    pub fn timeout(self, timeout: impl Into<Timeout>) -> Self {
        let timeout = timeout.into();
        self.option(|options| options.timeout = timeout.over(options.timeout))
    }

    /// Whether redirects are followed. The session's default: yes. A page's own fetch must follow them: there `false`
    /// is [`ErrorKind::Unsupported`].
    pub fn follow_redirects(self, follow: bool) -> Self {
        self.option(|options| options.follow_redirects = Some(follow))
    }

    /// How many redirects are followed before [`ErrorKind::TooManyRedirects`]. The session's default: 10.
    pub fn max_redirects(self, limit: u32) -> Self {
        self.option(|options| options.max_redirects = Some(limit))
    }

    /// How many bytes the body may have after decompression. Default: 256 MiB for `bytes`, `text` and `json`, none
    /// for streams. `None` takes every bound away.
    pub fn max_body(self, limit: impl Into<Option<u64>>) -> Self {
        let limit = limit.into();
        self.option(|options| options.max_body = Some(limit))
    }

    /// Whether the body is decompressed, and compression offered. The session's default: yes.
    pub fn auto_decompress(self, decompress: bool) -> Self {
        self.option(|options| options.auto_decompress = Some(decompress))
    }

    /// Whether a status of 400 or more is [`ErrorKind::Status`]. The session's default: no.
    pub fn raise_for_status(self, raise: bool) -> Self {
        self.option(|options| options.raise_for_status = Some(raise))
    }

    /// How failures are retried; `None` for not at all. The session's default: not at all.
    pub fn retry(self, retry: impl Into<Option<Retry>>) -> Self {
        let retry = retry.into();
        self.option(|options| options.retry = Some(retry))
    }

    /// Which versions of HTTP may be spoken. Native; elsewhere [`ErrorKind::Unsupported`].
    pub fn http_version(self, version: HttpVersion) -> Self {
        self.option(|options| options.transport.http_version = Some(version))
    }

    /// Options of a browser's own `fetch`; those left out keep the session's. Elsewhere [`ErrorKind::Unsupported`].
    pub fn browser(self, browser: BrowserOptions) -> Self {
        self.option(|options| {
            options.browser = Some(Arc::new(browser.over(options.browser.as_deref())));
        })
    }

    /// Among requests that wait for the same host, a higher priority goes first. Default 0.
    pub fn priority(self, priority: i8) -> Self {
        self.change(|request| {
            request.priority = priority;
            Ok(())
        })
    }

    /// The request, or the first bad input.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUrl`], [`ErrorKind::InvalidHeader`], [`ErrorKind::Json`].
    pub fn build(self) -> Result<Request> {
        self.request
    }

    fn option(self, set: impl FnOnce(&mut Options)) -> Self {
        self.change(|request| {
            set(&mut request.options);
            Ok(())
        })
    }

    fn change(mut self, change: impl FnOnce(&mut Request) -> Result<()>) -> Self {
        if let Ok(request) = &mut self.request
            && let Err(error) = change(request)
        {
            self.request = Err(error);
        }
        self
    }
}

/// A header field from text. The value is never shown: it may be a secret.
pub(crate) fn header(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue)> {
    let invalid = |message: String| Error::new(ErrorKind::InvalidHeader).with_message(message);
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(invalid(format!("{name:?} is not a header name")));
    };
    let Ok(mut value) = HeaderValue::from_bytes(value) else {
        let what = match value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            true => "a newline",
            false => "a control character",
        };
        return Err(invalid(format!("the value of {name:?} holds {what}")));
    };
    // HTTP/2 then keeps it out of its compression table, and `Debug` out of sight.
    value.set_sensitive(value.is_sensitive() || crate::head::is_secret(&parsed));
    Ok((parsed, value))
}
