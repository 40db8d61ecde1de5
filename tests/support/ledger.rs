//! The counters of a [`super::CountingServer`] and the body that counts a request down.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Uri, Version};
use http_body::{Frame, SizeHint};
use tokio::sync::watch;

use super::gate::{Gate, within};

/// A reading of the counters, of one host or over all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Requests whose head has come and whose response is not yet handed over.
    pub in_flight: usize,
    /// The most that were in flight at one moment.
    pub peak: usize,
    /// Requests since the start.
    pub requests: usize,
    /// Connections since the start.
    pub connections: usize,
    /// Connections open now. (A client's close is seen a moment after it: wait for it.)
    pub open_connections: usize,
    /// The most that were open at one moment.
    pub peak_connections: usize,
}

/// Where a request came in: an extension of every request that a handler gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Visit {
    /// The index of the host, that is of the port.
    pub host: usize,
    /// The number of the connection over all hosts, from 0.
    pub connection: usize,
}

/// A request as the server saw it, kept when the builder's `record` was called.
#[derive(Clone, Debug)]
pub struct Record {
    pub visit: Visit,
    pub method: Method,
    pub uri: Uri,
    pub version: Version,
    pub headers: HeaderMap,
}

#[derive(Debug, Default)]
struct Counters {
    in_flight: AtomicUsize,
    peak: AtomicUsize,
    requests: AtomicUsize,
    connections: AtomicUsize,
    open_connections: AtomicUsize,
    peak_connections: AtomicUsize,
}

impl Counters {
    fn read(&self) -> Counts {
        Counts {
            in_flight: self.in_flight.load(SeqCst),
            peak: self.peak.load(SeqCst),
            requests: self.requests.load(SeqCst),
            connections: self.connections.load(SeqCst),
            open_connections: self.open_connections.load(SeqCst),
            peak_connections: self.peak_connections.load(SeqCst),
        }
    }

    fn request(&self) {
        self.requests.fetch_add(1, SeqCst);
        self.peak.fetch_max(self.in_flight.fetch_add(1, SeqCst) + 1, SeqCst);
    }

    fn connection(&self) -> usize {
        self.peak_connections.fetch_max(self.open_connections.fetch_add(1, SeqCst) + 1, SeqCst);
        self.connections.fetch_add(1, SeqCst)
    }
}

/// What all hosts of one server share.
#[derive(Debug)]
pub struct Ledger {
    total: Counters,
    hosts: Vec<Counters>,
    /// Told at every change of a counter, so that nobody polls.
    changed: watch::Sender<()>,
    records: Option<Mutex<Vec<Record>>>,
    gates: Mutex<HashMap<String, Gate>>,
}

impl Ledger {
    pub fn new(hosts: usize, record: bool) -> Arc<Self> {
        Arc::new(Self {
            total: Counters::default(),
            hosts: (0..hosts).map(|_| Counters::default()).collect(),
            changed: watch::Sender::new(()),
            records: record.then(Mutex::default),
            gates: Mutex::default(),
        })
    }

    pub fn total(&self) -> Counts {
        self.total.read()
    }

    pub fn host(&self, host: usize) -> Counts {
        self.hosts[host].read()
    }

    pub fn hosts(&self) -> Vec<Counts> {
        self.hosts.iter().map(Counters::read).collect()
    }

    pub async fn wait_until(&self, what: &str, met: impl Fn(&Self) -> bool) {
        let mut changed = self.changed.subscribe();
        let met = async {
            while !met(self) {
                if changed.changed().await.is_err() {
                    return;
                }
            }
        };
        within(what, || format!("{:?}", self.total()), met).await;
    }

    pub fn gate(&self, name: &str) -> Gate {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry(name.to_owned()).or_default().clone()
    }

    pub fn record(&self, record: impl FnOnce() -> Record) {
        if let Some(records) = &self.records {
            records.lock().unwrap_or_else(PoisonError::into_inner).push(record());
        }
    }

    pub fn records(&self) -> Vec<Record> {
        let records = self.records.as_ref().expect("the builder's `record` was not called");
        records.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One open connection; counted down when dropped.
pub struct Connected {
    ledger: Arc<Ledger>,
    pub visit: Visit,
}

impl Connected {
    pub fn new(ledger: &Arc<Ledger>, host: usize) -> Self {
        ledger.hosts[host].connection();
        let connection = ledger.total.connection();
        ledger.changed.send_replace(());
        Self { ledger: Arc::clone(ledger), visit: Visit { host, connection } }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.ledger.hosts[self.visit.host].open_connections.fetch_sub(1, SeqCst);
        self.ledger.total.open_connections.fetch_sub(1, SeqCst);
        self.ledger.changed.send_replace(());
    }
}

/// One request in flight; counted down when dropped.
pub struct Flight {
    ledger: Arc<Ledger>,
    host: usize,
}

impl Flight {
    pub fn new(ledger: &Arc<Ledger>, host: usize) -> Self {
        ledger.hosts[host].request();
        ledger.total.request();
        ledger.changed.send_replace(());
        Self { ledger: Arc::clone(ledger), host }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.ledger.hosts[self.host].in_flight.fetch_sub(1, SeqCst);
        self.ledger.total.in_flight.fetch_sub(1, SeqCst);
        self.ledger.changed.send_replace(());
    }
}

/// A response body that ends its flight with the last byte it hands over, BEFORE the connection writes that
/// byte: otherwise a quick client would start its next request while this one still counts.
pub struct Counted {
    body: Body,
    flight: Option<Flight>,
    /// What is still to come, where the length was declared.
    remaining: Option<u64>,
}

impl Counted {
    pub fn new(body: Body, declared: Option<u64>, flight: Flight) -> Self {
        use http_body::Body as _;
        let remaining = declared.or_else(|| body.size_hint().exact());
        let ended = body.is_end_stream() || remaining == Some(0);
        Self { body, flight: (!ended).then_some(flight), remaining }
    }
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let (Some(remaining), Some(Ok(frame))) = (&mut self.remaining, &frame) {
            let length = frame.data_ref().map_or(0, Bytes::len);
            *remaining = remaining.saturating_sub(length as u64);
        }
        if !matches!(frame, Some(Ok(_))) || self.body.is_end_stream() || self.remaining == Some(0) {
            self.flight = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
