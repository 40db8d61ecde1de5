//! `/fetch`: the answer of a URL, streamed through.

use std::error::Error as _;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State as Of};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderName, HeaderValue, Method};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::policy::deadline::Timeout;
use crate::request;
use crate::response;
use crate::session::Session;
use crate::url::Url;

use super::headers;
use super::openapi::{Query, Relayed};
use super::problem::Failure;
use super::relay::Relay;
use super::settings::Settings;
use super::state::{State, closed};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What a relayed answer has where the upstream's has none of the name: no guess is made of its type on the way, nobody
/// keeps it who was not told to, and what it leads to is not told where from.
const DEFAULTS: [(HeaderName, &str); 3] = [
    (CONTENT_TYPE, "application/octet-stream"),
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
];

pub(super) fn routes() -> Router<State> {
    let methods = MethodFilter::GET
        .or(MethodFilter::POST)
        .or(MethodFilter::PUT)
        .or(MethodFilter::PATCH)
        .or(MethodFilter::DELETE);
    Router::new().route("/fetch", on(methods, fetch))
}

/// The answer of a URL
///
/// Streamed through as it comes: status, body and header fields, without what is between two neighbours (RFC 9110, 7.6.1),
/// cookies, credentials, and what would set rules for this origin. Redirects are followed. Of the request, its header
/// fields are passed on in the same way. What is from the URL has `dualfetch-url`; what is the gateway's own has
/// `dualfetch-error`. An answer that breaks off is cut: its body has no clean end.
#[utoipa::path(
    method(get, head, delete),
    path = "/fetch",
    tag = "fetching",
    params(Query),
    responses(Relayed)
)]
pub(super) async fn fetch(Of(state): Of<State>, request: Request) -> Result<Response, Failure> {
    let live = state.live();
    let asked = Asked::read(request.uri().query().unwrap_or_default())?;
    tracing::Span::current().record("target", &*asked.url.origin());
    let limit = live.settings.max_response;
    let request = asked.request(request, &live.settings)?;
    let sending = live.session.send(request);
    let answer = tokio::select! {
        biased;
        () = state.closing().cancelled() => return Err(closed().into()),
        answer = sending => answer.map_err(|error| failure(error, &live.settings))?,
    };
    if let Some(length) = answer.content_length()
        && length > limit
    {
        return Err(Error::new(ErrorKind::BodyTooLarge { limit }).with_url(answer.url()).into());
    }
    Ok(relayed(answer, &state))
}

/// What the query asks for.
struct Asked {
    url: Url,
    timeout: Option<Duration>,
    max_redirects: Option<u32>,
}

impl Asked {
    fn read(query: &str) -> Result<Self, Failure> {
        let (mut url, mut timeout, mut max_redirects) = (None, None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place: &mut Option<String> = match &*name {
                "url" => &mut url,
                "timeout" => &mut timeout,
                "max_redirects" => &mut max_redirects,
                _ => {
                    let hint = "percent-encode the whole of the URL, its & as %26";
                    return Err(Failure::bad_request(
                        "invalid_option",
                        format!("there is no parameter {name:?}; {hint}"),
                    ));
                }
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(Failure::bad_request(
                    "invalid_option",
                    format!("the parameter {name:?} is given twice"),
                ));
            }
        }
        let url = url.ok_or_else(|| Failure::bad_request("invalid_url", "the parameter `url` is missing"))?;
        let url = Url::parse(&url)?;
        if url.userinfo().is_some() {
            return Err(Failure::bad_request(
                "invalid_url",
                "no credentials are passed on: leave user and password out",
            ));
        }
        let timeout = number::<u32>("timeout", "milliseconds", timeout)?;
        if timeout == Some(0) {
            return Err(Failure::bad_request("invalid_option", "nothing can be done in a timeout of 0"));
        }
        Ok(Self {
            url,
            timeout: timeout.map(|ms| Duration::from_millis(ms.into())),
            max_redirects: number("max_redirects", "a number", max_redirects)?,
        })
    }

    /// The request to send: the client's, without what is between it and the gateway.
    fn request(self, from: Request, settings: &Settings) -> Result<request::Request, Failure> {
        let method = from.method().clone();
        let (parts, body) = from.into_parts();
        let mut builder = request::Request::builder(method.clone(), self.url).auto_decompress(false);
        if let Some(timeout) = self.timeout {
            let own = settings.timeout;
            builder = builder.timeout(own.total(shorter(timeout, own)));
        }
        if let Some(redirects) = self.max_redirects {
            builder = builder.max_redirects(redirects.min(settings.max_redirects));
        }
        let length = body.size_hint().exact();
        if length.is_some_and(|length| length > settings.max_upload) {
            return Err(too_long(settings));
        }
        if !body.is_end_stream() && !matches!(method, Method::GET | Method::HEAD) {
            let limit = usize::try_from(settings.max_upload).unwrap_or(usize::MAX);
            let stream = Body::stream(Limited::new(body, limit).into_data_stream());
            builder = builder.body(length.into_iter().fold(stream, Body::with_length));
        }
        let mut request = builder.build()?;
        request.headers_mut().extend(headers::to_upstream(&parts.headers));
        Ok(request)
    }
}

/// A body that came in pieces and grew too long is the client's fault.
fn failure(error: Error, settings: &Settings) -> Failure {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    match causes.into_iter().any(|cause| cause.is::<LengthLimitError>()) {
        true => too_long(settings),
        false => error.into(),
    }
}

fn too_long(settings: &Settings) -> Failure {
    Failure::too_large(format!("more than {} bytes to send", settings.max_upload))
}

/// The answer as the client gets it.
fn relayed(answer: response::Response, state: &State) -> Response {
    let url = answer.url().as_str();
    let url = HeaderValue::try_from(url.split('#').next().unwrap_or(url)).ok();
    let redirects = answer.history().len();
    let (parts, body) = http::Response::from(answer).into_parts();
    let mut response = Response::new(axum::body::Body::new(Relay::new(body, state)));
    *response.status_mut() = parts.status;
    let mut fields = headers::to_client(&parts.headers);
    let mut field =
        |name: HeaderName, value: &'static str| fields.insert(name, HeaderValue::from_static(value));
    // A stranger's page is shown from this origin: it must be able to do nothing in it.
    field(CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
    field(RESOURCE_POLICY, "cross-origin");
    // A client is told which these are: a page without a type is not one of bytes.
    let mut added = String::new();
    for (name, value) in DEFAULTS.iter().filter(|(name, _)| !parts.headers.contains_key(name)) {
        field(name.clone(), value);
        added.push_str(if added.is_empty() { "" } else { ", " });
        added.push_str(name.as_str());
    }
    if let Some(added) = HeaderValue::try_from(added).ok().filter(|added| !added.is_empty()) {
        fields.insert(headers::ADDED, added);
    }
    fields.extend(url.map(|url| (headers::URL, url)));
    fields.insert(headers::REDIRECTS, HeaderValue::from(redirects));
    *response.headers_mut() = fields;
    response
}

/// A caller may be less patient than the gateway, not more.
fn shorter(asked: Duration, own: Timeout) -> Duration {
    own.resolve().total.map_or(asked, |own| own.min(asked))
}

fn number<T: std::str::FromStr>(name: &str, what: &str, text: Option<String>) -> Result<Option<T>, Failure> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let read = |text: String| {
        let value = text.parse().ok().filter(|_| is_number(&text));
        value.ok_or_else(|| {
            Failure::bad_request("invalid_option", format!("the parameter {name:?} is {what}, not {text:?}"))
        })
    };
    text.map(read).transpose()
}
