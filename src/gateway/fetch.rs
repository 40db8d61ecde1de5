//! `/fetch`: the answer of a URL, streamed through.

mod asked;

use std::error::Error as _;

use axum::extract::{Request, State as Of};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use axum::{Extension, Router};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::LengthLimitError;

use crate::error::{Error, ErrorKind};
use crate::response::{self, ResponseBody};
use crate::session::Session;

use super::access::Caller;
use super::headers;
use super::openapi::{Query, Relayed};
use super::problem::Failure;
use super::relay::Relay;
use super::settings::Settings;
use super::state::{State, closed};

use asked::{Asked, too_long};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What a relayed answer has where the upstream's has none of the name: no guess is made of its type on the way, nobody
/// keeps it who was not told to, and what it leads to is not told where from.
const DEFAULTS: [(HeaderName, &str); 3] = [
    (CONTENT_TYPE, "application/octet-stream"),
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
];

/// What a browser does not show a page, but acts upon by itself: it follows, or asks its user for a password.
const ACTED_UPON: [u16; 6] = [301, 302, 303, 307, 308, 407];

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
/// cookies, credentials, and what would set rules for this origin. Redirects are followed; nothing is tried again. Of the request, its header
/// fields are passed on in the same way. What is from the URL has `dualfetch-url`; what is the gateway's own has
/// `dualfetch-error`. An answer that breaks off is cut: its body has no clean end.
#[utoipa::path(
    method(get, head, delete),
    path = "/fetch",
    tag = "fetching",
    params(Query),
    responses(Relayed)
)]
pub(super) async fn fetch(
    Of(state): Of<State>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Failure> {
    let live = state.live();
    let asked = Asked::read(request.uri().query().unwrap_or_default())?;
    tracing::Span::current().record("target", &*asked.url.origin());
    let limit = live.settings.max_response;
    let is_wrapped = asked.is_wrapped;
    let is_head = request.method() == Method::HEAD;
    let place = live.shares.of(&caller).take()?;
    let request = asked.request(request, &live.settings, &live.session).await?;
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
    let mut response = relayed(answer, is_wrapped, |body| {
        let relay = Relay::new(body, is_head, place, &state);
        axum::body::Body::new(state.stalls().watch(relay, &live.session))
    });
    if caller.key.is_some() {
        headers::make_private(response.headers_mut());
    }
    Ok(response)
}

/// A body that came in pieces and grew too long is the client's fault.
fn failure(error: Error, settings: &Settings) -> Failure {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    match causes.into_iter().any(|cause| cause.is::<LengthLimitError>()) {
        true => too_long(settings),
        false => error.into(),
    }
}

/// The answer as the client gets it.
fn relayed(
    answer: response::Response,
    is_wrapped: bool,
    relay: impl FnOnce(ResponseBody) -> axum::body::Body,
) -> Response {
    let url = answer.url().as_str();
    let url = HeaderValue::try_from(url.split('#').next().unwrap_or(url)).ok();
    let redirects = answer.history().len();
    let (parts, body) = http::Response::from(answer).into_parts();
    let mut response = Response::new(relay(body));
    let acts = is_wrapped && ACTED_UPON.contains(&parts.status.as_u16());
    *response.status_mut() = if acts { StatusCode::OK } else { parts.status };
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
    if acts {
        fields.insert(headers::STATUS, HeaderValue::from(parts.status.as_u16()));
    }
    fields.extend(url.map(|url| (headers::URL, url)));
    fields.insert(headers::REDIRECTS, HeaderValue::from(redirects));
    *response.headers_mut() = fields;
    response
}
