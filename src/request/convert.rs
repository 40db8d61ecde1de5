//! [`Request`] from and to `http::Request`.

use std::fmt;
use std::sync::Arc;

use http::Version;

use crate::body::Body;
use crate::error::{Error, ErrorKind, Result};
use crate::head::hide_secrets;
use crate::options::{HttpVersion, Options};

use super::Request;

/// What a [`Request`] has and an `http::Request` has no field for: the options set on it, its priority, and the URL's
/// fragment. It travels in the `http::Request`'s extensions, and can be put into those of another one.
///
/// ```
/// use std::time::Duration;
/// use dualfetch::{Method, Request, Timeout};
///
/// let options = Request::builder(Method::GET, "https://example.com/").timeout(Duration::from_secs(9)).build()?.options();
/// let outside = http::Request::get("https://example.com/x").extension(options).body(())?;
/// let request = Request::try_from(outside)?; // with a total timeout of 9 s
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RequestOptions {
    options: Arc<Options>,
    priority: i8,
    fragment: Option<String>,
}

impl RequestOptions {
    pub(crate) fn new(options: Arc<Options>) -> Self {
        Self { options, priority: 0, fragment: None }
    }

    #[allow(dead_code, reason = "the native backend alone reads them")]
    pub(crate) fn get(&self) -> &Options {
        &self.options
    }
}

/// A fragment may hold a token.
impl fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestOptions")
            .field("options", &self.options)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// The options set on it, to be put into another request's extensions.
    #[must_use]
    pub fn options(&self) -> RequestOptions {
        RequestOptions {
            options: Arc::clone(&self.options),
            priority: self.priority,
            fragment: self.url.fragment().map(str::to_owned),
        }
    }
}

/// The same request. Its body is bytes, text, [`Body`] or `()`: collect a streaming one first.
///
/// [`RequestOptions`] among its extensions are its options; all other extensions stay with it. Version HTTP/2 asks for
/// that alone ([`HttpVersion::Http2`]); HTTP/1.1, which `http` presumes, leaves the choice as it is. User name and
/// password in the URI become basic authentication when it is sent, unless there is an `Authorization` field. Fields that
/// hold secrets are marked as sensitive.
///
/// **The URL is normalised** as the URL standard says: `/a/%2e%2e/b` is `/b`. Who signs or permits by the path does so
/// after this.
///
/// # Errors
/// [`ErrorKind::InvalidUrl`] for a URI without a scheme or a host, [`ErrorKind::InvalidOption`] for another version than
/// HTTP/1.1 and HTTP/2.
///
/// ```
/// use dualfetch::{ErrorKind, Request};
///
/// let outside = http::Request::put("https://example.com/x").header("x-id", "7").body("text")?;
/// let request = Request::try_from(outside)?;
/// assert_eq!(request.headers()["x-id"], "7");
///
/// let relative = http::Request::get("/x").body(())?;
/// assert_eq!(Request::try_from(relative).unwrap_err().kind(), &ErrorKind::InvalidUrl);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<T: Into<Body>> TryFrom<http::Request<T>> for Request {
    type Error = Error;

    fn try_from(request: http::Request<T>) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let carried = parts.extensions.remove::<RequestOptions>();
        // `localhost:8080` is a URI, too; as a URL it would be of the scheme `localhost`.
        if parts.uri.scheme().is_none() || parts.uri.authority().is_none() {
            let uri = crate::url::shown(&parts.uri.to_string());
            let message = format!("{uri} is not a whole one, such as https://example.com/");
            return Err(Error::new(ErrorKind::InvalidUrl).with_message(message));
        }
        let mut url = crate::url::Url::parse(&parts.uri.to_string())?;
        let mut options = Options::none();
        let mut priority = 0;
        if let Some(carried) = carried {
            url = url.inheriting_fragment(carried.fragment.as_deref())?;
            (options, priority) = (carried.options, carried.priority);
        }
        match parts.version {
            Version::HTTP_2 => Arc::make_mut(&mut options).transport.http_version = Some(HttpVersion::Http2),
            Version::HTTP_11 => {}
            other => {
                return Err(Error::new(ErrorKind::InvalidOption { option: "http_version" })
                    .with_message(format!("{other:?}: HTTP/1.1 and HTTP/2 can be asked for"))
                    .with_url(&url));
            }
        }
        hide_secrets(&mut parts.headers);
        let mut out = Self::new(parts.method, url);
        (out.headers, out.body) = (parts.headers, body.into());
        if !parts.extensions.is_empty() {
            out.extensions = Some(Arc::new(parts.extensions));
        }
        (out.options, out.priority) = (options, priority);
        Ok(out)
    }
}

/// The same request; what it has no field for is a [`RequestOptions`] among its extensions. User name and password in
/// the URL become an `Authorization` field, as they would when it is sent: a URI is often logged. The session's own
/// options and header fields are not in it.
///
/// # Errors
/// [`ErrorKind::InvalidUrl`] for a URL that `http::Uri` does not take, such as one without a host or of more than
/// 65,534 bytes.
impl TryFrom<Request> for http::Request<Body> {
    type Error = Error;

    fn try_from(mut request: Request) -> Result<Self> {
        let carried = request.options();
        request.take_userinfo()?;
        let uri = request.url.clone().into_uri().map_err(|error| error.with_url(&request.url))?;
        let mut out = Self::new(request.body);
        *out.method_mut() = request.method;
        *out.uri_mut() = uri;
        *out.headers_mut() = request.headers;
        hide_secrets(out.headers_mut());
        *out.extensions_mut() = request.extensions.map(Arc::unwrap_or_clone).unwrap_or_default();
        if request.options.transport.http_version == Some(HttpVersion::Http2) {
            *out.version_mut() = Version::HTTP_2;
        }
        out.extensions_mut().insert(carried);
        Ok(out)
    }
}
