//! [`RequestBuilder`].

use std::sync::Arc;

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};

use crate::body::{Body, BoxError, UploadProgress, append_pairs};
use crate::browser_options::BrowserOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::into_url::IntoUrl;
use crate::maybe::{MaybeSend, MaybeSync};
use crate::multipart::Multipart;
use crate::options::{Compression, HttpVersion, Options};
use crate::policy::deadline::Timeout;
use crate::policy::raise::RaiseForStatus;
use crate::policy::redirect_policy::RedirectPolicy;
use crate::policy::retry::Retry;
use crate::url::Url;

use super::{Request, append, basic, bearer, header, header_name, insert};

/// Builds a [`Request`]; made by a session's verbs it can be sent, too. An option that is not set is the session's.
///
/// The first bad input is kept and comes out of `build` or `send`.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder<S = ()> {
    pub(crate) session: S,
    pub(crate) request: Result<Request>,
}

impl RequestBuilder {
    pub(super) fn of(request: Request) -> Self {
        Self { session: (), request: Ok(request) }
    }
}

impl<S> RequestBuilder<S> {
    pub(crate) fn new(session: S, method: Method, url: impl IntoUrl, base: Option<&Url>) -> Self {
        Self { session, request: url.into_url(base).map(|url| Request::new(method, url)) }
    }

    /// Sets a header field, replacing those of this name that were set before, and the session's.
    ///
    /// A name or value that HTTP does not allow is [`ErrorKind::InvalidHeader`](crate::ErrorKind::InvalidHeader), the name told.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.change(|request| {
            let (name, value) = header(name.as_ref(), value.as_ref())?;
            request.has_automatic_type &= name != CONTENT_TYPE;
            insert(&mut request.headers, name, value)
        })
    }

    /// Adds a header field beside those of this name that were set before; the session's are replaced.
    pub fn append_header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.change(|request| {
            let (name, value) = header(name.as_ref(), value.as_ref())?;
            request.has_automatic_type &= name != CONTENT_TYPE;
            append(&mut request.headers, name, value)
        })
    }

    /// The header fields that are left out where nobody sets them, in place of the session's list: see
    /// [`Config::skip_auto_headers`](crate::Config::skip_auto_headers).
    pub fn skip_auto_headers<N: AsRef<str>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.change(|request| {
            let names = names.into_iter().map(|name| header_name(name.as_ref())).collect::<Result<_>>()?;
            Arc::make_mut(&mut request.options).skip_auto_headers = Some(names);
            Ok(())
        })
    }

    /// Who is asking: the `User-Agent` field.
    pub fn user_agent(self, agent: impl AsRef<[u8]>) -> Self {
        self.header(USER_AGENT, agent)
    }

    /// Basic authentication (RFC 7617). A user name with a colon is [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption).
    pub fn basic_auth(self, user: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        self.authorization(basic(user.as_ref(), password.as_ref()))
    }

    /// A bearer token (RFC 6750).
    pub fn bearer_auth(self, token: impl AsRef<str>) -> Self {
        self.authorization(bearer(token.as_ref()))
    }

    /// Appends names and values to the URL's query, encoded as a form's are. A redirect does not add them again.
    ///
    /// ```
    /// use dualfetch::{Method, Request};
    ///
    /// let request = Request::builder(Method::GET, "https://example.com/?a=1#top").params([("b", "2 & 3")]).build()?;
    /// assert_eq!(request.url().as_str(), "https://example.com/?a=1&b=2+%26+3#top");
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn params<K, V>(self, pairs: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let mut query = String::new();
        append_pairs(&mut query, pairs);
        self.raw_params(query)
    }

    /// Appends this text to the URL's query as it is: it must be encoded already.
    pub fn raw_params(self, query: impl AsRef<str>) -> Self {
        self.change(|request| {
            request.url = request.url.with_query_appended(query.as_ref())?;
            Ok(())
        })
    }

    /// Sets the body: bytes, text, or a [`Body`]. `Content-Type` is left as it is.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.change(|request| {
            request.body = body.into();
            Ok(())
        })
    }

    /// Sets the body to this text, and `Content-Type` to `text/plain; charset=utf-8` unless it is set.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.typed_body("text/plain; charset=utf-8", || Ok(text.into().into()))
    }

    /// Sets the body to these names and values as a form (`application/x-www-form-urlencoded`), and `Content-Type`
    /// unless it is set.
    ///
    /// ```
    /// use dualfetch::{Method, Request};
    ///
    /// let request = Request::builder(Method::POST, "https://example.com/").form([("name", "Zoë")]).build()?;
    /// assert_eq!(request.body().as_bytes().unwrap(), "name=Zo%C3%AB");
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn form<K, V>(self, pairs: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        self.typed_body("application/x-www-form-urlencoded", || {
            let mut text = String::new();
            append_pairs(&mut text, pairs);
            Ok(text.into())
        })
    }

    /// Sets the body to this form, or to other parts, and `Content-Type` to what goes with it, its boundary included, in
    /// place of what was set. It is sent again, by a redirect or a retry, where each of its parts can be.
    ///
    /// ```
    /// use dualfetch::multipart::Form;
    /// use dualfetch::{Method, Request};
    ///
    /// let form = Form::new().text("name", "Zoë").boundary("b");
    /// let request = Request::builder(Method::POST, "https://example.com/").multipart(form).build()?;
    /// assert_eq!(request.headers()["content-type"], "multipart/form-data; boundary=b");
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn multipart(self, parts: impl Into<Multipart>) -> Self {
        self.change(|request| {
            let (body, content_type) = parts.into().encode()?;
            request.body = body;
            request.has_automatic_type = true;
            insert(&mut request.headers, CONTENT_TYPE, content_type)
        })
    }

    /// Sets the body to this value as JSON, and `Content-Type` unless it is set.
    #[cfg(feature = "json")]
    pub fn json<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        self.json_with(|| serde_json::to_vec(value))
    }

    /// Sets the body to the JSON that a serialiser of one's own gives, and `Content-Type` unless it is set. Its error is
    /// [`ErrorKind::Json`](crate::ErrorKind::Json), with it as the source.
    ///
    /// ```
    /// use dualfetch::{Method, Request};
    /// # mod fast { pub fn to_string(numbers: &[u8]) -> Result<String, std::fmt::Error> { Ok(format!("{numbers:?}")) } }
    ///
    /// let request = Request::builder(Method::POST, "https://example.com/").json_with(|| fast::to_string(&[1, 2])).build()?;
    /// assert_eq!(request.body().as_bytes().unwrap(), "[1, 2]");
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn json_with<B: Into<Body>, E: Into<BoxError>>(
        self,
        serialize: impl FnOnce() -> Result<B, E>,
    ) -> Self {
        self.typed_body("application/json", || match serialize() {
            Ok(body) => Ok(body.into()),
            Err(error) => {
                Err(Error::new(ErrorKind::Json).with_message("the request's body").with_source(error))
            }
        })
    }

    /// Compresses the body on its way and says so in `Content-Encoding`, unless that is set by hand. Few servers take
    /// it. Larger bodies, and streams, are compressed as they are sent, their length untold. Native; elsewhere
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
    pub fn compress(self, compression: Compression) -> Self {
        self.option(|options| options.compress = Some(compression))
    }

    /// Is told how far the sending of the body has come, after each piece. An attempt that is retried begins anew.
    ///
    /// A browser's fetch does not say: there it is [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
    pub fn on_upload(self, watch: impl Fn(UploadProgress) + MaybeSend + MaybeSync + 'static) -> Self {
        self.change(|request| {
            request.watch = Some(Arc::new(watch));
            Ok(())
        })
    }

    /// Sets timeouts; phases left out keep the session's. A `Duration` alone is the total.
    pub fn timeout(self, timeout: impl Into<Timeout>) -> Self {
        let timeout = timeout.into();
        self.option(|options| options.timeout = timeout.over(options.timeout))
    }

    /// Whether redirects are followed. The session's default: yes. A page's own fetch must follow them: there `false`
    /// is [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
    pub fn follow_redirects(self, follow: bool) -> Self {
        self.redirect_policy(if follow { RedirectPolicy::follow() } else { RedirectPolicy::stop() })
    }

    /// Which redirects are followed. A page follows all of them unseen: there any other policy is
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
    pub fn redirect_policy(self, policy: RedirectPolicy) -> Self {
        self.option(|options| options.redirect_policy = Some(policy))
    }

    /// How many redirects are followed before [`ErrorKind::TooManyRedirects`](crate::ErrorKind::TooManyRedirects). The session's default: 10.
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

    /// Whether a status of 400 or more is [`ErrorKind::Status`](crate::ErrorKind::Status), or what else is an error. The session's default: no.
    pub fn raise_for_status(self, raise: impl Into<RaiseForStatus>) -> Self {
        self.option(|options| options.raise_for_status = Some(raise.into()))
    }

    /// How many header fields the response may have: see [`Config::max_headers`](crate::Config::max_headers).
    pub fn max_headers(self, fields: usize) -> Self {
        self.option(|options| options.transport.max_headers = Some(fields))
    }

    /// How many bytes the response's header fields may have: see
    /// [`Config::max_header_bytes`](crate::Config::max_header_bytes).
    pub fn max_header_bytes(self, bytes: usize) -> Self {
        self.option(|options| options.transport.max_header_bytes = Some(bytes))
    }

    /// How failures are retried; `None` for not at all. The session's default: not at all.
    pub fn retry(self, retry: impl Into<Option<Retry>>) -> Self {
        let retry = retry.into();
        self.option(|options| options.retry = Some(retry))
    }

    /// Which versions of HTTP may be spoken. Native; elsewhere [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
    pub fn http_version(self, version: HttpVersion) -> Self {
        self.option(|options| options.transport.http_version = Some(version))
    }

    /// Options of a browser's own `fetch`; those left out keep the session's. Elsewhere [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported).
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
    /// [`ErrorKind::InvalidUrl`](crate::ErrorKind::InvalidUrl), [`ErrorKind::InvalidHeader`](crate::ErrorKind::InvalidHeader), [`ErrorKind::Json`](crate::ErrorKind::Json).
    pub fn build(self) -> Result<Request> {
        self.request
    }

    fn authorization(self, value: Result<HeaderValue>) -> Self {
        self.change(|request| {
            request.headers.insert(AUTHORIZATION, value?);
            Ok(())
        })
    }

    fn typed_body(self, content_type: &'static str, body: impl FnOnce() -> Result<Body>) -> Self {
        self.change(|request| {
            request.body = body()?;
            // Not the type of a body that this one replaces.
            if request.has_automatic_type || !request.headers.contains_key(CONTENT_TYPE) {
                request.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
                request.has_automatic_type = true;
            }
            Ok(())
        })
    }

    pub(super) fn option(self, set: impl FnOnce(&mut Options)) -> Self {
        self.change(|request| {
            set(Arc::make_mut(&mut request.options));
            Ok(())
        })
    }

    pub(crate) fn change(mut self, change: impl FnOnce(&mut Request) -> Result<()>) -> Self {
        if let Ok(request) = &mut self.request
            && let Err(error) = change(request)
        {
            self.request = Err(error);
        }
        self
    }
}
