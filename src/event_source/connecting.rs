//! One connection: the request, and whether its answer is a stream of events.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, CACHE_CONTROL, HeaderName, HeaderValue};

use crate::browser_options::{BrowserOptions, Cache};
use crate::error::{Error, ErrorKind, Result};
use crate::event_stream::EventId;
use crate::platform;
use crate::policy::retry::pause_asked_for;
use crate::request::{Request, insert};
use crate::response::{EventStream, RAISE_TIME, Response};
use crate::session::Session;

use super::source::Plan;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What a connection has come to.
pub(super) enum Connected {
    Open(Box<EventStream>),
    /// The server wants no more of them.
    Over,
    Failed(Failure),
}

/// Why there is none.
pub(super) struct Failure {
    pub(super) error: Error,
    /// The pause that the server asks for.
    pub(super) asked: Option<Duration>,
}

/// The request as it asks for events.
pub(super) fn asking(request: Request) -> Result<Request> {
    let mut request = request.into_builder().raise_for_status(false).build()?;
    let headers = request.headers_mut();
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("text/event-stream"));
    let has_cache = platform::has_cache();
    if !has_cache {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    let options = Arc::make_mut(&mut request.options);
    options.timeout.total.get_or_insert(None);
    options.max_body.get_or_insert(None);
    if has_cache {
        let past_it = BrowserOptions::new().cache(Cache::NoStore);
        let browser = match &options.browser {
            Some(own) => own.over(Some(&past_it)),
            None => past_it,
        };
        options.browser = Some(Arc::new(browser));
    }
    Ok(request)
}

/// Connects once.
pub(super) async fn connect<S: Session + ?Sized>(
    session: &S,
    request: Request,
    last_event_id: EventId,
    plan: Plan,
) -> Connected {
    match response(session, request, &last_event_id).await {
        Ok(response) => judged(session, response, &last_event_id, &plan).await,
        Err(error) => Connected::Failed(Failure { error, asked: None }),
    }
}

async fn response<S: Session + ?Sized>(session: &S, mut request: Request, id: &str) -> Result<Response> {
    if !id.is_empty() {
        let Ok(id) = HeaderValue::from_bytes(id.as_bytes()) else {
            let why = "\"last-event-id\" cannot hold this id: it has a control character";
            return Err(Error::new(ErrorKind::InvalidHeader).with_message(why).with_url(request.url()));
        };
        insert(request.headers_mut(), LAST_EVENT_ID, id)?;
    }
    session.send(request).await
}

async fn judged<S: Session + ?Sized>(
    session: &S,
    response: Response,
    last_event_id: &EventId,
    plan: &Plan,
) -> Connected {
    let status = response.status();
    let asked = pause_asked_for(response.headers());
    match status {
        StatusCode::NO_CONTENT => Connected::Over,
        StatusCode::OK => {
            let events = response.events().after(last_event_id.clone(), plan.max_event);
            let events = if plan.takes_any_type { events.any_type() } else { events };
            match events.check() {
                Ok(()) => Connected::Open(Box::new(events)),
                Err(error) => Connected::Failed(Failure { error, asked: None }),
            }
        }
        _ => {
            let error = Error::new(ErrorKind::Status(status));
            let error = match response.ok() {
                true => response.failed(error.with_message("a stream of events has status 200")),
                false => response.into_error(error, session.sleep(RAISE_TIME)).await,
            };
            Connected::Failed(Failure { error, asked })
        }
    }
}
