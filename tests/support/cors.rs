//! What lets pages of other origins read an answer (WHATWG Fetch, "CORS protocol").

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode};

/// The header fields that allow all that can be allowed without credentials.
pub const ALLOWING: [(&str, &str); 5] = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "*"),
    // The star does not stand for this one.
    ("access-control-allow-headers", "*, authorization"),
    ("access-control-expose-headers", "*"),
    ("access-control-max-age", "600"),
];

/// A layer over all routes: answers preflights, and allows what is answered to anything else.
pub async fn allow(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let says = |wanted: &str| query.split('&').any(|pair| pair == wanted);
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key("access-control-request-method");
    let mut response = match is_preflight {
        true => StatusCode::NO_CONTENT.into_response(),
        false => next.run(request).await,
    };
    let refused = says("cors=no") || (is_preflight && says("cors=simple"));
    if !refused {
        let fields =
            ALLOWING.map(|(name, value)| (name.parse::<HeaderName>(), HeaderValue::from_static(value)));
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name.ok()?, value)));
        response.headers_mut().extend(fields);
    }
    response
}
