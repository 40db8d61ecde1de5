//! [`Spans`]: what happens to requests, as spans of the `tracing` crate.

use http::StatusCode;
use tracing::field::{Empty, display};
use tracing::{Instrument, Span, debug_span, info_span};

use crate::error::Result;
use crate::maybe::BoxFuture;
use crate::request::Request;
use crate::response::Response;

use super::{Middleware, Next};

/// A span for each call, or for each attempt at each hop (crate feature `tracing`).
///
/// [`call`](Self::call), as [`Config::middleware`](crate::Config::middleware), opens a span `fetch` of level info, which
/// lasts until the response's head is there; [`hop`](Self::hop), as
/// [`Config::hop_middleware`](crate::Config::hop_middleware), opens one `exchange` of level debug within it for each
/// attempt. Their fields have the names of OpenTelemetry's conventions for HTTP clients: `http.request.method`,
/// `url.full` (a password hidden), `server.address`, `server.port`, `http.response.status_code`, and `error.type`, which
/// is the error's [code](crate::Error::code), or a status of 400 and more.
///
/// ```
/// use dualfetch::DefaultSession;
/// use dualfetch::middleware::Spans;
///
/// let session = DefaultSession::builder().middleware(Spans::call()).hop_middleware(Spans::hop()).build()?;
/// # let _ = session;
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Spans(Around);

#[derive(Clone, Copy, Debug)]
enum Around {
    Call,
    Hop,
}

impl Spans {
    /// A span for each call.
    #[must_use]
    pub fn call() -> Self {
        Self(Around::Call)
    }

    /// A span for each attempt at each hop.
    #[must_use]
    pub fn hop() -> Self {
        Self(Around::Hop)
    }

    /// The span; its macros want each name where it is made.
    fn span(self, request: &Request) -> Span {
        let url = request.url();
        let (method, full) = (request.method().as_str(), url.redacted());
        let (address, port) = (url.host().unwrap_or_default(), url.port().unwrap_or_default());
        macro_rules! span {
            ($span:ident, $name:literal) => {
                $span!(
                    $name,
                    http.request.method = method,
                    url.full = %full,
                    server.address = address,
                    server.port = port,
                    http.response.status_code = Empty,
                    error.r#type = Empty,
                )
            };
        }
        match self.0 {
            Around::Call => span!(info_span, "fetch"),
            Around::Hop => span!(debug_span, "exchange"),
        }
    }
}

impl Middleware for Spans {
    fn handle<'a>(&'a self, request: Request, mut next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        let span = self.span(&request);
        let inside = span.clone();
        Box::pin(
            async move {
                let result = next.run(request).await;
                note(&span, &result);
                result
            }
            .instrument(inside),
        )
    }
}

fn note(span: &Span, result: &Result<Response>) {
    match result {
        Ok(response) => note_status(span, response.status()),
        Err(error) => {
            span.record("error.type", error.code());
        }
    }
}

fn note_status(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.as_u16() >= 400 {
        span.record("error.type", display(status.as_u16()));
    }
}
