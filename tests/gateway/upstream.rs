//! A server that is asked for pages, and knows who asks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Html;
use axum::routing::get;
use tokio::sync::Semaphore;

use crate::lab::serve;

/// Far more than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server with a page at `/page/…`, one with a title of 100 KiB at `/long/…`, one that is given only when it is [let](Upstream::let_go) at `/gate/…`, and one that
/// never comes at `/never/…`.
#[derive(Clone)]
pub(crate) struct Upstream {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    asked: AtomicUsize,
    open: AtomicUsize,
    gate: Semaphore,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let inner = Arc::new(Inner {
            asked: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        });
        let router = Router::new()
            .route("/page/{name}", get(|state, name| async move { page(&state, &name) }))
            .route("/long/{name}", get(|state, name| async move { long(&state, &name) }))
            .route("/gate/{name}", get(gate))
            .route("/never/{name}", get(never))
            .with_state(Arc::clone(&inner));
        Self { address: serve(router).await, inner }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn urls(&self, path: &str, count: usize) -> Vec<String> {
        (0..count).map(|n| self.url(&format!("{path}{n}"))).collect()
    }

    /// How many requests have come.
    pub(crate) fn asked(&self) -> usize {
        self.inner.asked.load(Ordering::SeqCst)
    }

    /// Waits until so many have come.
    pub(crate) async fn asked_for(&self, count: usize) {
        until("requests come", || self.asked() >= count).await;
    }

    /// Waits until nobody waits for an answer any more.
    pub(crate) async fn forsaken(&self) {
        until("requests end", || self.inner.open.load(Ordering::SeqCst) == 0).await;
    }

    /// Lets so many pages out of the gate.
    pub(crate) fn let_go(&self, count: usize) {
        self.inner.gate.add_permits(count);
    }
}

fn page(State(inner): &State<Arc<Inner>>, Path(name): &Path<String>) -> Html<String> {
    inner.asked.fetch_add(1, Ordering::SeqCst);
    Html(format!("<title>Page {name}</title><meta name=description content='about {name}'>"))
}

fn long(state: &State<Arc<Inner>>, name: &Path<String>) -> Html<String> {
    let _ = page(state, name);
    Html(format!("<title>{}</title>", "long ".repeat(20 << 10)))
}

async fn gate(state: State<Arc<Inner>>, name: Path<String>) -> Html<String> {
    let answer = page(&state, &name);
    let _open = Open::new(&state.0);
    state.0.gate.acquire().await.expect("it is never closed").forget();
    answer
}

async fn never(state: State<Arc<Inner>>, name: Path<String>) -> Html<String> {
    let _ = page(&state, &name);
    let _open = Open::new(&state.0);
    std::future::pending().await
}

struct Open(Arc<Inner>);

impl Open {
    fn new(inner: &Arc<Inner>) -> Self {
        inner.open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(inner))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until it holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    in_time(what, waiting).await;
}

/// Waits for what has to come.
pub(crate) async fn in_time<T>(what: &str, coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, coming).await.unwrap_or_else(|_| panic!("{what}: not in {PATIENCE:?}"))
}
