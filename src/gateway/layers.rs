//! What stands around the routes, the outermost last: see [`around`].

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use http::header::{AUTHORIZATION, COOKIE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Method};
use ring::rand::{SecureRandom, SystemRandom};
use std::time::Duration;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;
use tracing::{Span, field};

use super::state::State;
use super::{access, metrics, problem};

/// What tells requests apart, in logs and answers.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The routes that are guarded and those that are open to all, with all that is around them.
pub(super) fn around(guarded: Router<State>, open: Router<State>, state: &State) -> Router {
    let guarded = guarded.route_layer(from_fn_with_state(state.clone(), access::guard));
    let nosniff =
        SetResponseHeaderLayer::overriding(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let referrer =
        SetResponseHeaderLayer::if_not_present(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let frames = SetResponseHeaderLayer::if_not_present(
        http::header::X_FRAME_OPTIONS,
        HeaderValue::from_static("DENY"),
    );
    let layers = ServiceBuilder::new()
        .map_request(plain_id)
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewId))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION, COOKIE]))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_response(told).on_failure(()))
        .layer(nosniff)
        .layer(referrer)
        .layer(frames)
        .layer(from_fn_with_state(state.clone(), metrics::count))
        .layer(cors(state))
        .layer(from_fn(problem::render))
        .layer(CatchPanicLayer::custom(problem::of_panic));
    guarded.merge(open).layer(layers).with_state(state.clone())
}

/// As the settings say that hold now.
fn cors(state: &State) -> CorsLayer {
    let state = state.clone();
    let allowed = AllowOrigin::predicate(move |origin, _| access::is_allowed(&state.live().settings, origin));
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(Any)
        .max_age(Duration::from_secs(3600))
}

/// A client's own id is kept where it is short and plain; no client writes into the log what it likes.
fn plain_id<B>(mut request: http::Request<B>) -> http::Request<B> {
    let is_plain = |id: &HeaderValue| {
        let id = id.as_bytes();
        (1..=64).contains(&id.len())
            && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    let fields = request.headers_mut();
    if fields.get_all(REQUEST_ID).iter().count() != 1 || !fields.get(REQUEST_ID).is_some_and(is_plain) {
        fields.remove(REQUEST_ID);
    }
    request
}

#[derive(Clone, Copy)]
struct NewId;

impl MakeRequestId for NewId {
    fn make_request_id<B>(&mut self, _: &http::Request<B>) -> Option<RequestId> {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).ok()?;
        let text = bytes.iter().fold(String::with_capacity(32), |text, byte| format!("{text}{byte:02x}"));
        HeaderValue::try_from(text).ok().map(RequestId::new)
    }
}

/// A URL's query is left out: it may hold what is nobody's business. Whom the gateway asked is told by its origin.
fn span(request: &Request) -> Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    tracing::info_span!(
        "request",
        id,
        method = %request.method(),
        path = short(request.uri().path()),
        client = field::Empty,
        key = field::Empty,
        target = field::Empty,
    )
}

/// As much of a path as there is room for in a line: a stranger's may be long.
fn short(path: &str) -> &str {
    const MOST: usize = 256;
    // A path is ASCII, or else what is cut within a letter is left out.
    path.get(..path.len().min(MOST)).unwrap_or_default()
}

fn told(response: &Response, latency: Duration, _: &Span) {
    let failure = response.headers().get(super::headers::ERROR).and_then(|code| code.to_str().ok());
    let ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(status = response.status().as_u16(), failure, ms, "answered");
}
