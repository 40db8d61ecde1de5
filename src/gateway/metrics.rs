//! `/metrics`: what goes on, for Prometheus.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State as Of};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tower_http::compression::CompressionLayer;

use crate::events::{Event, What};
use crate::session::Session;

use super::state::State;

/// How many hosts are told of: strangers name them, and each is a line for as long as Prometheus keeps it.
const HOSTS: usize = 50;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn routes() -> Router<State> {
    Router::new().route("/metrics", get(show).layer(CompressionLayer::new()))
}

/// What goes on
///
/// Requests answered, fetches under way and waiting, hosts that are left alone for a while, bytes, and latencies.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "watching", responses(
    (status = OK, description = "Figures, as Prometheus reads them", body = String, content_type = "application/openmetrics-text"),
))]
pub(super) async fn show(Of(state): Of<State>) -> Response {
    ([(CONTENT_TYPE, TEXT)], state.metrics().text(&state)).into_response()
}

/// Counts a request of the gateway's own, and how long its head took.
pub(super) async fn count(Of(state): Of<State>, request: Request, next: Next) -> Response {
    // What no route has is one: names of strangers' choice would be without end.
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT") => known,
        _ => "other",
    };
    let method = method.to_owned();
    let live = state.live();
    let begun = live.session.now();
    let response = next.run(request).await;
    let took = live.session.now().saturating_sub(begun);
    let metrics = state.metrics();
    let status = response.status().as_u16();
    if let Some(code) = response.extensions().get::<Told>() {
        metrics.failed(code.0);
    }
    metrics.requests.get_or_create(&Answered { route: route.clone(), method, status }).inc();
    metrics.seconds.get_or_create(&Route { route }).observe(took.as_secs_f64());
    response
}

/// The code of the failure that an answer tells, among its extensions.
#[derive(Clone, Copy)]
pub(super) struct Told(pub(super) &'static str);

/// All figures. Those of a [session](crate::Session) come by its events.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    failures: Family<Failure, Counter>,
    fetches: Family<Outcome, Counter>,
    fetch_seconds: Histogram,
    relayed: Counter,
    received: Counter,
    sent: Counter,
    open: Gauge<i64, AtomicI64>,
    in_flight: Gauge<i64, AtomicI64>,
    waiting: Gauge<i64, AtomicI64>,
    host_in_flight: Family<Host, Gauge<i64, AtomicI64>>,
    host_waiting: Family<Host, Gauge<i64, AtomicI64>>,
    host_back_off: Family<Host, Gauge<f64, AtomicU64>>,
    /// Until when each host is left alone before what failed there is tried again.
    back_off: Mutex<HashMap<String, Duration>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failure {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Host {
    origin: String,
}

/// From 1 ms to some 65 s.
fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 17))
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut this = Self {
            registry: Registry::with_prefix("dualfetch"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(latencies),
            failures: Family::default(),
            fetches: Family::default(),
            fetch_seconds: latencies(),
            relayed: Counter::default(),
            received: Counter::default(),
            sent: Counter::default(),
            open: Gauge::default(),
            in_flight: Gauge::default(),
            waiting: Gauge::default(),
            host_in_flight: Family::default(),
            host_waiting: Family::default(),
            host_back_off: Family::default(),
            back_off: Mutex::default(),
        };
        this.register();
        this
    }

    fn register(&mut self) {
        let all = &mut self.registry;
        all.register("http_requests", "Requests answered", self.requests.clone());
        all.register(
            "http_request_seconds",
            "From a request to the head of its answer",
            self.seconds.clone(),
        );
        all.register(
            "failures",
            "What clients were told of that did not work, by its code",
            self.failures.clone(),
        );
        let outcomes = "Fetches by the class of their status, or the code of their error; a body that breaks counts once more";
        all.register("fetches", outcomes, self.fetches.clone());
        let fetch = "From a fetch to the head of its answer, waiting included";
        all.register("fetch_seconds", fetch, self.fetch_seconds.clone());
        all.register("relayed_bytes", "Bytes of bodies passed on to clients", self.relayed.clone());
        all.register("received_bytes", "Bytes of bodies that came, decompressed", self.received.clone());
        all.register("sent_bytes", "Bytes of bodies sent", self.sent.clone());
        all.register(
            "open_streams",
            "Bodies that are being relayed, lists and WebSockets",
            self.open.clone(),
        );
        all.register("in_flight", "Fetches under way", self.in_flight.clone());
        all.register("waiting", "Fetches that wait for their turn", self.waiting.clone());
        all.register("host_in_flight", "Fetches under way at a host", self.host_in_flight.clone());
        all.register("host_waiting", "Fetches that wait for their turn at a host", self.host_waiting.clone());
        let back_off = "Seconds until what failed at a host is tried again";
        all.register("host_back_off_seconds", back_off, self.host_back_off.clone());
    }

    /// All of it, in OpenMetrics' text.
    pub(super) fn text(&self, state: &State) -> String {
        let session = &state.live().session;
        let mut figures = session.figures();
        self.in_flight.set(amount(figures.in_flight));
        self.waiting.set(amount(figures.waiting));
        figures.hosts.sort_unstable_by_key(|host| std::cmp::Reverse(host.in_flight + host.waiting));
        self.host_in_flight.clear();
        self.host_waiting.clear();
        for figures in figures.hosts.into_iter().take(HOSTS) {
            let host = Host { origin: figures.origin };
            self.host_in_flight.get_or_create(&host).set(amount(figures.in_flight));
            self.host_waiting.get_or_create(&host).set(amount(figures.waiting));
        }
        self.back_offs(session.now());
        let mut text = String::new();
        // A string takes all.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn back_offs(&self, now: Duration) {
        let mut back_off = self.back_off.lock().unwrap_or_else(PoisonError::into_inner);
        back_off.retain(|_, until| *until > now);
        self.host_back_off.clear();
        for (origin, until) in &*back_off {
            let left = until.saturating_sub(now).as_secs_f64();
            self.host_back_off.get_or_create(&Host { origin: origin.clone() }).set(left);
        }
    }

    /// What the session tells.
    pub(super) fn event(&self, event: &Event<'_>) {
        match event.what {
            What::ChunkReceived { bytes } => drop(self.received.inc_by(bytes)),
            What::ChunkSent { bytes } => drop(self.sent.inc_by(bytes)),
            What::Finished { status, elapsed } => {
                let outcome = ["1xx", "2xx", "3xx", "4xx", "5xx"]
                    .get(usize::from(status.as_u16() / 100).wrapping_sub(1));
                self.outcome(outcome.unwrap_or(&"other"));
                self.fetch_seconds.observe(elapsed.as_secs_f64());
            }
            What::Failed { error } => self.outcome(error.code()),
            What::Cancelled => self.outcome("cancelled"),
            What::Retry { after, .. } => {
                self.backs_off(&event.url.origin(), event.at.saturating_add(after), event.at)
            }
            _ => {}
        }
    }

    /// A client was told of this: by an answer, or by a row.
    pub(super) fn failed(&self, code: &'static str) {
        self.failures.get_or_create(&Failure { code }).inc();
    }

    fn outcome(&self, outcome: &'static str) {
        self.fetches.get_or_create(&Outcome { outcome }).inc();
    }

    fn backs_off(&self, origin: &str, until: Duration, now: Duration) {
        let mut back_off = self.back_off.lock().unwrap_or_else(PoisonError::into_inner);
        if back_off.len() >= HOSTS {
            back_off.retain(|_, until| *until > now);
        }
        if let Some(known) = back_off.get_mut(origin) {
            *known = until.max(*known);
        } else if back_off.len() < HOSTS {
            back_off.insert(origin.to_owned(), until);
        }
    }

    /// So much of a body went on to the client.
    pub(super) fn relayed(&self, bytes: usize) {
        self.relayed.inc_by(bytes as u64);
    }

    /// A body is being relayed until this is dropped.
    pub(super) fn open(self: &Arc<Self>) -> Open {
        self.open.inc();
        Open(self.open.clone())
    }
}

/// A body that is being relayed.
pub(super) struct Open(Gauge<i64, AtomicI64>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn amount(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
