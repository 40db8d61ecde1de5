//! `/titles`: a list of URLs in, a row for each as it is done.

mod answer;
mod input;
mod lines;
mod patience;

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State as Of};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use http::StatusCode;

use crate::html::Extent;
use crate::row::JsonError;

use super::access::Caller;
use super::headers;
use super::listing::{Listing, Manner, reached};
use super::live::Reach;
use super::problem::{Details, Failure};
use super::state::{Stage, State, closed};

use answer::Answer;
pub(super) use answer::Count;
use input::{Form, Input};

pub(super) fn routes() -> Router<State> {
    Router::new().route("/titles", post(titles))
}

/// The titles of a list of URLs
///
/// A row for each URL, as it is done: `application/x-ndjson`, a [Row](#/components/schemas/Row) a line; or, where Accept
/// names it, `text/event-stream`: events `row` with a Row as data and its index as id, then one `end` with a
/// [Count](#/components/schemas/Count). Where a list of lines turns out to be broken, or too long, after its first URL,
/// the last row has no `url` and the error. A client that reads slowly is fetched for slowly.
#[utoipa::path(
    post, path = "/titles", operation_id = "titles", tag = "fetching",
    params(
        ("ordered" = Option<bool>, Query, description = "Whether rows come in the order of the list. Default false"),
        ("metadata" = Option<Reach>, Query, description = "Gathers what each page says about itself, of its head or of all of it"),
    ),
    request_body(
        description = "The URLs: a JSON list of at most 1 MiB, or a JSON string on each line, which are read as rows go out",
        content(
            (Vec<String> = "application/json", example = json!(["https://example.com/", "https://example.org/"])),
            (String = "application/x-ndjson"),
            (String = "application/jsonl"),
        ),
    ),
    responses(
        (status = OK, description = "A row for each URL", content((String = "application/x-ndjson"), (String = "text/event-stream"))),
        (status = BAD_REQUEST, description = "It is no list, or an option makes no sense", body = Details, content_type = "application/problem+json"),
        (status = REQUEST_TIMEOUT, description = "The list does not come", body = Details, content_type = "application/problem+json"),
        (status = PAYLOAD_TOO_LARGE, description = "The list is too long", body = Details, content_type = "application/problem+json"),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "It is no type of a list", body = Details, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "The gateway is ending", body = Details, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn titles(
    Of(state): Of<State>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Failure> {
    let manner = manner(request.uri().query().unwrap_or_default())?;
    let form = Form::of(request.headers())?;
    let is_events = headers::takes_events(request.headers());
    if state.is_draining() {
        return Err(closed().into());
    }
    let live = state.live();
    let input = tokio::select! {
        biased;
        input = Input::read(form, request.into_body(), &live) => input?,
        // Who sends slowly does not hold the end.
        () = reached(state.stage(), Stage::Draining) => return Err(closed().into()),
    };
    let broken = input.broken();
    let listing = Listing::begin(&state, caller, manner, |under_way| input.urls(under_way));
    let answer = Answer::new(listing, broken, &state);
    let response = if is_events { answer.events() } else { answer.lines() };
    Ok(response.map(|body| Body::new(state.stalls().watch(body, &live.session))))
}

/// What the query asks for.
fn manner(query: &str) -> Result<Manner, Failure> {
    let refused = |why: String| Failure::bad_request("invalid_option", why);
    let (mut ordered, mut metadata) = (None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let is_again = match (&*name, &*value) {
            ("ordered", "true" | "false") => ordered.replace(&*value == "true").is_some(),
            ("ordered", _) => return Err(refused(format!("`ordered` is true or false, not {value:?}"))),
            ("metadata", _) => metadata.replace(extent(&value).map_err(refused)?).is_some(),
            _ => return Err(refused(format!("there is no parameter {name:?}"))),
        };
        if is_again {
            return Err(refused(format!("the parameter {name:?} is given twice")));
        }
    }
    Ok(Manner { ordered: ordered.unwrap_or_default(), metadata })
}

/// How far metadata is read.
pub(super) fn extent(text: &str) -> Result<Extent, String> {
    match text {
        "head" => Ok(Extent::Head),
        "page" => Ok(Extent::Page),
        _ => Err(format!("`metadata` is head or page, not {text:?}")),
    }
}

/// What is wrong with a list.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    code: &'static str,
    message: Cow<'static, str>,
}

impl Fault {
    fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    fn json(message: String) -> Self {
        Self::new("json", message)
    }

    /// The client has not sent all of it.
    fn cut() -> Self {
        Self::new("request_body", "the list was cut off")
    }

    /// The client sends it too slowly.
    fn late(after: Duration) -> Self {
        Self::new("timeout", format!("after {} s the list, or its next line, had not come", after.as_secs()))
    }

    /// Not all of it is taken.
    fn closing() -> Self {
        Self::new("closed", "the gateway is ending: the rest of the list is not taken")
    }

    fn told(&self) -> JsonError<'_> {
        JsonError::new(self.code, None, &*self.message)
    }
}

impl From<Fault> for Failure {
    fn from(Fault { code, message }: Fault) -> Self {
        let status = match code {
            "timeout" => StatusCode::REQUEST_TIMEOUT,
            "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_query_may_say_is_refused() {
        for query in
            ["ordered=yes", "ordered=", "ordered", "metadata=all", "a=b", "ordered=true&ordered=true"]
        {
            assert!(manner(query).is_err_and(|failure| failure.code == "invalid_option"), "{query}");
        }
        let asked = manner("metadata=page&ordered=true").expect("both are known");
        assert_eq!((asked.ordered, asked.metadata), (true, Some(Extent::Page)));
        let asked = manner("").expect("nothing is needed");
        assert_eq!((asked.ordered, asked.metadata), (false, None));
    }
}
