//! [`Asked`]: a client's request, as the one that is sent for it.

use std::time::Duration;

use axum::body::Body as Incoming;
use axum::extract::Request;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};

use crate::body::Body;
use crate::gateway::headers;
use crate::gateway::problem::Failure;
use crate::gateway::settings::Settings;
use crate::gateway::state::Behind;
use crate::policy::deadline::Timeout;
use crate::request;
use crate::session::Session;
use crate::url::Url;

/// How long a URL may be: what servers take in a line, and what fits into a field of the answer.
const MAX_URL: usize = 8 << 10;

/// Up to so many bytes a body is held, so that a redirect that keeps it can send it again.
const HELD: u64 = 256 << 10;

/// How long a client may take to send a body that is held.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long an event stream may be silent.
const SILENCE: Duration = Duration::from_secs(300);

/// What the query asks for.
pub(super) struct Asked {
    pub(super) url: Url,
    timeout: Option<Duration>,
    max_redirects: Option<u32>,
    /// Whether a status that a browser acts upon is to come in a field.
    pub(super) is_wrapped: bool,
}

impl Asked {
    pub(super) fn read(query: &str) -> Result<Self, Failure> {
        let (mut url, mut timeout, mut max_redirects, mut wrapped) = (None, None, None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place: &mut Option<String> = match &*name {
                "url" => &mut url,
                "timeout" => &mut timeout,
                "max_redirects" => &mut max_redirects,
                "wrapped" => &mut wrapped,
                _ => {
                    let hint = "percent-encode the whole of the URL, its & as %26";
                    return Err(refused(format!("there is no parameter {name:?}; {hint}")));
                }
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(refused(format!("the parameter {name:?} is given twice")));
            }
        }
        let timeout = number::<u32>("timeout", "milliseconds", timeout)?;
        if timeout == Some(0) {
            return Err(refused("nothing can be done in a timeout of 0"));
        }
        Ok(Self {
            url: target(url)?,
            timeout: timeout.map(|ms| Duration::from_millis(ms.into())),
            max_redirects: number("max_redirects", "a number", max_redirects)?,
            is_wrapped: match wrapped.as_deref() {
                None | Some("false") => false,
                Some("true") => true,
                Some(other) => return Err(refused(format!("`wrapped` is true or false, not {other:?}"))),
            },
        })
    }

    /// The request to send: the client's, without what is between it and the gateway. It is tried once: whether that is
    /// enough the client knows, which may try again.
    pub(super) async fn request(
        self,
        from: Request,
        settings: &Settings,
        session: &Behind,
    ) -> Result<request::Request, Failure> {
        let (parts, body) = from.into_parts();
        let mut builder =
            request::Request::builder(parts.method.clone(), self.url).auto_decompress(false).retry(None);
        if let Some(timeout) = bounds(self.timeout, &parts.headers, settings.timeout) {
            builder = builder.timeout(timeout);
        }
        if let Some(redirects) = self.max_redirects {
            builder = builder.max_redirects(redirects.min(settings.max_redirects));
        }
        let length = body.size_hint().exact();
        if length.is_some_and(|length| length > settings.max_upload) {
            return Err(too_long(settings));
        }
        if !body.is_end_stream() && !matches!(parts.method, Method::GET | Method::HEAD) {
            builder = builder.body(match length {
                Some(length) if length <= HELD => held(body, session).await?.into(),
                _ => streamed(body, length, settings),
            });
        }
        let mut request = builder.build()?;
        request.headers_mut().extend(headers::to_upstream(&parts.headers));
        Ok(request)
    }
}

/// More than may be sent.
pub(super) fn too_long(settings: &Settings) -> Failure {
    Failure::too_large(format!("more than {} bytes to send", settings.max_upload))
}

fn target(url: Option<String>) -> Result<Url, Failure> {
    let invalid = |why: String| Failure::bad_request("invalid_url", why);
    let url = url.ok_or_else(|| invalid("the parameter `url` is missing".to_owned()))?;
    let url = Url::parse(&url)?;
    if url.userinfo().is_some() {
        return Err(invalid(headers::NO_CREDENTIALS.to_owned()));
    }
    match url.as_str().len() > MAX_URL {
        true => Err(invalid(format!("it is longer than {MAX_URL} bytes"))),
        false => Ok(url),
    }
}

/// The timeouts of one request, where they are not the gateway's. A caller may be less patient than the gateway, not
/// more; but an event stream lasts as long as both sides hold it.
fn bounds(asked: Option<Duration>, fields: &HeaderMap, own: Timeout) -> Option<Timeout> {
    match asked {
        Some(asked) => Some(own.total(own.resolve().total.map_or(asked, |own| own.min(asked)))),
        None => headers::takes_events(fields).then(|| own.total(None).read(SILENCE)),
    }
}

/// A short body, whole.
async fn held(body: Incoming, session: &Behind) -> Result<Bytes, Failure> {
    let whole = tokio::select! {
        whole = body.collect() => whole,
        () = session.sleep(PATIENCE) => {
            let status = StatusCode::REQUEST_TIMEOUT;
            return Err(Failure::new(status, "request_timeout", "the body that was to be sent did not come"));
        }
    };
    let whole = whole
        .map_err(|_| Failure::bad_request("request_body", "the body that was to be sent was cut off"))?;
    Ok(whole.to_bytes())
}

/// A body that is sent as it comes: once.
fn streamed(body: Incoming, length: Option<u64>, settings: &Settings) -> Body {
    let limit = usize::try_from(settings.max_upload).unwrap_or(usize::MAX);
    let stream = Body::stream(Limited::new(body, limit).into_data_stream());
    length.into_iter().fold(stream, Body::with_length)
}

fn refused(why: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::bad_request("invalid_option", why)
}

fn number<T: std::str::FromStr>(name: &str, what: &str, text: Option<String>) -> Result<Option<T>, Failure> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let read = |text: String| {
        let value = text.parse().ok().filter(|_| is_number(&text));
        value.ok_or_else(|| refused(format!("the parameter {name:?} is {what}, not {text:?}")))
    };
    text.map(read).transpose()
}
