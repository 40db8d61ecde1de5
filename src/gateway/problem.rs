//! [`Failure`]: the gateway's own answers to what did not work, as problem details (RFC 9457).

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, ErrorKind, Phase};
use crate::url::Url;

use super::headers;
use super::metrics::Told;

/// Something did not work.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    /// A stable word: the error's, or one of the gateway's own.
    pub(super) code: &'static str,
    pub(super) detail: Cow<'static, str>,
    phase: Option<&'static str>,
    url: Option<String>,
    attempts: Option<u32>,
    /// In seconds.
    retry_after: Option<u64>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self { status, code, detail, phase: None, url: None, attempts: None, retry_after: None }
    }

    pub(super) fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(super) fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    pub(super) fn too_large(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    }

    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// What an answer of axum's own, or of a service below, stands for that is a bare status.
    fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::BAD_REQUEST => ("bad_request", "this is no request that can be understood"),
            StatusCode::NOT_FOUND => {
                ("not_found", "there is nothing at this path; /openapi.json lists what there is")
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                ("method_not_allowed", "this path has no such method; Allow lists them")
            }
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the body is too large"),
            StatusCode::RANGE_NOT_SATISFIABLE => ("range", "the file has no such part"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("unsupported_media_type", "this type of body is not taken here")
            }
            StatusCode::UPGRADE_REQUIRED => ("upgrade_required", "this path is a WebSocket"),
            status if status.is_server_error() => ("internal", "the gateway failed"),
            _ => ("refused", "this cannot be done"),
        };
        Self::new(status, code, detail)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let error = discreet(error);
        let status = match error.kind() {
            ErrorKind::InvalidHeader
            | ErrorKind::InvalidOption { .. }
            | ErrorKind::InvalidUrl
            | ErrorKind::Json
            | ErrorKind::LineTooLong { .. }
            // The body that is sent on is the client's.
            | ErrorKind::RequestBody
            | ErrorKind::UnsupportedScheme => StatusCode::BAD_REQUEST,
            ErrorKind::Closed | ErrorKind::Timeout(Phase::Queue) => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Denied => StatusCode::FORBIDDEN,
            ErrorKind::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        };
        let detail = match error.message() {
            _ if matches!(error.kind(), ErrorKind::BodyTooLarge { .. }) => {
                "the answer is larger than this gateway passes on".to_owned()
            }
            Some(message) => format!("{}: {message}", error.kind()),
            None => error.kind().to_string(),
        };
        Self {
            phase: error.phase().map(Phase::as_str),
            url: error.url().map(|url| url.redacted().into_owned()),
            attempts: Some(error.attempts()),
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
            ..Self::new(status, error.code(), detail)
        }
    }
}

/// What a name leads to in a network of the gateway's own is nobody's business: a denial of it is told without.
pub(super) fn discreet(error: Error) -> Error {
    let host = error.url().and_then(Url::host).unwrap_or_default();
    let is_name = !host.is_empty() && host.trim_matches(['[', ']']).parse::<IpAddr>().is_err();
    let is_of_address = *error.kind() == ErrorKind::Denied && is_name && error.attempts() > 0;
    let Some(url) = error.url().filter(|_| is_of_address) else { return error };
    let told = Error::new(ErrorKind::Denied).with_message("it is not a site of the public internet");
    told.with_url(url).with_attempts(error.attempts())
}

/// Its status, and itself among the extensions: [`render`] writes it out, who knows the request.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Writes failures out as problem details. What says itself what it is, such as a relayed answer of status 404, stays.
pub(super) async fn render(request: Request, next: Next) -> Response {
    let id = request.headers().get(&super::layers::REQUEST_ID).cloned();
    let response = next.run(request).await;
    let failure = response.extensions().get::<Arc<Failure>>().cloned();
    let status = response.status();
    let is_bare = status.is_client_error() || status.is_server_error();
    let failure = match failure {
        Some(failure) => failure,
        None if is_bare && !response.headers().contains_key(headers::URL) => {
            Arc::new(Failure::of_status(status))
        }
        None => return response,
    };
    let mut written = failure.written(id.as_ref());
    // What else belongs to such an answer.
    for name in
        [ALLOW, http::header::CONTENT_RANGE, http::header::UPGRADE, http::header::SEC_WEBSOCKET_VERSION]
    {
        if let Some(value) = response.headers().get(&name) {
            written.headers_mut().insert(name, value.clone());
        }
    }
    written
}

/// Why the gateway did not do what was asked (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Details<'a> {
    /// `about:blank`: the status says it, and `code` what it is about.
    #[serde(rename = "type")]
    type_uri: &'a str,
    /// The status in words.
    title: &'a str,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong this time, for people.
    detail: &'a str,
    /// A stable word for it: an error's of the session, or one of the gateway's own.
    code: &'a str,
    /// The phase that ran out, of a timeout.
    #[schema(required)]
    phase: Option<&'a str>,
    /// The URL that was asked, where it was.
    #[schema(required)]
    url: Option<&'a str>,
    /// How many attempts were made.
    #[schema(required, minimum = 0)]
    attempts: Option<u32>,
    /// What the log calls the request: `X-Request-Id`.
    #[schema(required)]
    request_id: Option<&'a str>,
}

impl Failure {
    fn written(&self, id: Option<&HeaderValue>) -> Response {
        let body = Details {
            type_uri: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            phase: self.phase,
            url: self.url.as_deref(),
            attempts: self.attempts,
            request_id: id.and_then(|id| id.to_str().ok()),
        };
        // Strings and numbers have words in JSON.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let mut field = |name: HeaderName, value: &'static str| {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        };
        field(CONTENT_TYPE, "application/problem+json");
        field(CACHE_CONTROL, "no-store");
        field(headers::ERROR, self.code);
        if let Some(phase) = self.phase {
            field(headers::PHASE, phase);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            field(WWW_AUTHENTICATE, "Bearer realm=\"dualfetch\"");
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Told(self.code));
        response
    }
}

/// What a handler that panicked answers.
pub(super) fn of_panic(_: Box<dyn std::any::Any + Send>) -> Response {
    Failure::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}
