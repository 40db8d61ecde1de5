//! [`Request`] and its builder.

mod auth;
mod builder;
mod connecting;
mod convert;
mod cookies;

use std::sync::{Arc, LazyLock};

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Extensions, Method};

use crate::body::{Body, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::gated::Gated;
use crate::head::Shown;
use crate::into_url::IntoUrl;
use crate::maybe::SharedAny;
use crate::options::Options;
use crate::progress::Progress;
use crate::url::Url;

pub(crate) use auth::{basic, bearer};
pub use builder::RequestBuilder;
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
    pub(crate) options: Arc<Options>,
    /// Shared, since each attempt clones the request.
    pub(crate) extensions: Option<Arc<Extensions>>,
    /// What goes around this request: see `middleware::Layers`.
    pub(crate) attached: Option<Gated<SharedAny>>,
    pub(crate) progress: Option<Arc<Progress>>,
    /// Is told how far the sending of the body has come.
    pub(crate) watch: Option<Arc<dyn Watch>>,
    /// `Content-Type` was set along with the body, not by hand.
    pub(crate) has_automatic_type: bool,
    /// A redirect has left the origin: the session's credentials do not go along any more either.
    pub(crate) has_left_origin: bool,
    /// It says who is asking by a way of its own, in place of the session's.
    #[cfg(feature = "digest")]
    pub(crate) has_own_login: bool,
    /// Its `Cookie` field is the session's to fill in.
    #[cfg(feature = "digest")]
    pub(crate) has_session_cookies: bool,
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
            options: Options::none(),
            extensions: None,
            attached: None,
            progress: None,
            watch: None,
            has_automatic_type: false,
            has_left_origin: false,
            #[cfg(feature = "digest")]
            has_own_login: false,
            #[cfg(feature = "digest")]
            has_session_cookies: false,
        }
    }

    /// Starts building a request by this method for this URL; [`build`](RequestBuilder::build) ends it.
    pub fn builder(method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder::new((), method, url, None)
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

    /// Sets a header field in place of those of its name: for middleware, which has no builder.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHeader`] for a name or value that HTTP does not allow, the name told.
    pub fn set_header(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<()> {
        let (name, value) = header(name.as_ref(), value.as_ref())?;
        insert(&mut self.headers, name, value)
    }

    /// Whether the session is not to say who is asking.
    pub(crate) fn has_own_login(&self) -> bool {
        #[cfg(feature = "digest")]
        return self.has_own_login;
        #[cfg(not(feature = "digest"))]
        false
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
        RequestBuilder::of(self)
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

/// A header field from text. The value is never shown: it may be a secret.
pub(crate) fn header(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue)> {
    let invalid = |message: String| Error::new(ErrorKind::InvalidHeader).with_message(message);
    let parsed = header_name(name)?;
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

/// Adds a field beside those of its name; a map of fields has an end.
pub(crate) fn append(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> Result<()> {
    headers.try_append(name, value).map(drop).map_err(|_| too_many())
}

/// Sets a field in place of those of its name.
pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> Result<()> {
    headers.try_insert(name, value).map(drop).map_err(|_| too_many())
}

/// Holds a map to what leaves room for the fields of others: those of request, session and platform are sent in one.
pub(crate) fn check_count(headers: &HeaderMap) -> Result<()> {
    const MOST: usize = 12_000;
    if headers.len() > MOST { Err(too_many()) } else { Ok(()) }
}

fn too_many() -> Error {
    Error::new(ErrorKind::InvalidHeader).with_message("there are more header fields than can be sent")
}

pub(crate) fn header_name(name: &str) -> Result<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        Error::new(ErrorKind::InvalidHeader).with_message(format!("{name:?} is not a header name"))
    })
}
