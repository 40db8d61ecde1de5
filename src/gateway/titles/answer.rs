//! Rows as an answer's body.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use serde::Serialize;

use crate::gateway::listing::{Listing, Row};
use crate::gateway::metrics::{Metrics, Open};
use crate::gateway::state::State;
use crate::row::{JsonRow, write};

use super::input::Broken;

/// How often a comment is sent while there is no event, so that nothing on the way takes the connection for a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How many rows that are done already are written as one piece.
const AT_ONCE: usize = 64;

/// Rows as they come, each as JSON; in the end what is wrong with the list, if anything is.
pub(super) struct Answer {
    listing: Listing,
    broken: Broken,
    metrics: Arc<Metrics>,
    count: Count,
    /// It is counted as open for as long as it is.
    _open: Open,
}

/// What there was in all: the data of the last event.
#[derive(Clone, Copy, Debug, Default, Serialize, utoipa::ToSchema)]
pub(in crate::gateway) struct Count {
    /// How many rows there were, the last one of a list that broke off included.
    rows: usize,
    /// How many of them have an error.
    failed: usize,
}

impl Answer {
    pub(super) fn new(listing: Listing, broken: Broken, state: &State) -> Self {
        let metrics = Arc::clone(state.metrics());
        Self { listing, broken, count: Count::default(), _open: metrics.open(), metrics }
    }

    /// A row a line.
    pub(super) fn lines(self) -> Response {
        let pieces = self.ready_chunks(AT_ONCE).map(|rows| {
            let mut piece = Vec::new();
            for Row { json, .. } in rows {
                piece.extend_from_slice(&json);
                piece.push(b'\n');
            }
            Ok::<_, std::convert::Infallible>(Bytes::from(piece))
        });
        let mut response = Response::new(Body::from_stream(pieces));
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        streamed(response)
    }

    /// A row an event, and one that says that these were all.
    pub(super) fn events(self) -> Response {
        let events = stream::unfold(Some(self), |answer| async move {
            let mut answer = answer?;
            let event = match answer.next().await {
                Some(Row { index, json, .. }) => {
                    return Some((event("row", &json).id(index.to_string()), Some(answer)));
                }
                None => {
                    let mut json = Vec::new();
                    write(&answer.count, &mut json);
                    event("end", &json)
                }
            };
            Some((event, None))
        });
        let sse = Sse::new(events.map(Ok::<_, std::convert::Infallible>));
        streamed(sse.keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
    }
}

fn event(name: &str, json: &[u8]) -> Event {
    // It is JSON without control characters.
    Event::default().event(name).data(String::from_utf8_lossy(json))
}

/// What is passed on as it comes, by nobody kept.
fn streamed(mut response: Response) -> Response {
    let fields = response.headers_mut();
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

impl Stream for Answer {
    type Item = Row;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Row>> {
        let this = &mut *self;
        this.listing.poll_next_unpin(cx).map(|row| {
            let row = row.or_else(|| {
                let fault = this.broken.take()?;
                let mut json = Vec::new();
                write(&JsonRow::broken(this.count.rows, fault.told()), &mut json);
                Some(Row { index: this.count.rows, json, failed: Some(fault.code) })
            })?;
            this.count.rows += 1;
            if let Some(code) = row.failed {
                this.count.failed += 1;
                this.metrics.failed(code);
            }
            Some(row)
        })
    }
}
