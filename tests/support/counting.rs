//! A well-behaved HTTP server on many ports that counts what is in flight.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use http::{Method, StatusCode, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::cors;
use super::gate::Gate;
use super::ledger::{Connected, Counted, Counts, Flight, Ledger, Record, Visit};
use super::routes;
use super::tls::Handshakes;

/// How long responses in flight may take to end once the server stops.
const GRACE: Duration = Duration::from_secs(1);

/// N loopback ports served in one process. HTTP/1.1, and HTTP/2 to clients that open with its preface.
///
/// Dropping it stops it: no further connection is accepted, idle connections are closed, responses in flight get
/// one second. [`shutdown`](Self::shutdown) does the same and waits for it.
#[derive(Debug)]
pub struct CountingServer {
    ledger: Arc<Ledger>,
    addresses: Vec<SocketAddr>,
    scheme: &'static str,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl CountingServer {
    /// One host with the built-in [`routes`].
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The number of hosts, that is of ports.
    pub fn hosts(&self) -> usize {
        self.addresses.len()
    }

    pub fn address(&self, host: usize) -> SocketAddr {
        self.addresses[host]
    }

    /// `path` (with its query) on that host.
    pub fn url(&self, host: usize, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.addresses[host])
    }

    /// `count` URLs, dealt out over the hosts in turn: the n-th is `path(n)` on host `n % hosts`.
    pub fn urls(&self, count: usize, path: impl Fn(usize) -> String) -> Vec<String> {
        (0..count).map(|n| self.url(n % self.hosts(), &path(n))).collect()
    }

    /// The counters over all hosts.
    pub fn total(&self) -> Counts {
        self.ledger.total()
    }

    /// The counters of one host.
    pub fn host(&self, host: usize) -> Counts {
        self.ledger.host(host)
    }

    /// The highest peak that any one host saw.
    pub fn peak_per_host(&self) -> usize {
        self.ledger.hosts().iter().map(|counts| counts.peak).max().unwrap_or(0)
    }

    /// Waits until the counters over all hosts meet the condition, looking at each change.
    pub async fn wait_until(&self, what: &str, met: impl Fn(&Counts) -> bool) -> Counts {
        self.ledger.wait_until(what, |ledger| met(&ledger.total())).await;
        self.total()
    }

    /// The same for one host.
    pub async fn wait_until_on(&self, host: usize, what: &str, met: impl Fn(&Counts) -> bool) -> Counts {
        self.ledger.wait_until(what, |ledger| met(&ledger.host(host))).await;
        self.host(host)
    }

    /// Waits until at least `count` requests are in flight.
    pub async fn wait_in_flight(&self, count: usize) {
        self.wait_until(&format!("{count} requests in flight"), |counts| counts.in_flight >= count).await;
    }

    /// Waits until nothing is in flight.
    pub async fn wait_idle(&self) {
        self.wait_until("nothing in flight", |counts| counts.in_flight == 0).await;
    }

    /// The gate that routes with `gate=name` or `body_gate=name` wait at.
    pub fn gate(&self, name: &str) -> Gate {
        self.ledger.gate(name)
    }

    /// Every request so far, in the order of their heads. Panics unless the builder's `record` was called.
    pub fn records(&self) -> Vec<Record> {
        self.ledger.records()
    }

    /// Stops and waits until the ports are free: connecting is refused afterwards.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        for task in self.tasks.drain(..) {
            // A panic of the server is a bug of these files and must not pass unseen.
            task.await.expect("the server's task ended well");
        }
    }
}

impl Drop for CountingServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// What a [`CountingServer`] is built from.
#[derive(Clone, Debug)]
pub struct Builder {
    hosts: usize,
    record: bool,
    http1_only: bool,
    cors: bool,
    routes: Router,
    handler: Option<Router>,
}

impl Default for Builder {
    fn default() -> Self {
        Self { hosts: 1, record: false, http1_only: false, cors: false, routes: Router::new(), handler: None }
    }
}

impl Builder {
    /// @default 1
    pub fn hosts(mut self, hosts: usize) -> Self {
        self.hosts = hosts;
        self
    }

    /// Keeps each request's head for [`CountingServer::records`]. Off by default: it costs memory.
    pub fn record(mut self) -> Self {
        self.record = true;
        self
    }

    /// Refuses HTTP/2.
    pub fn http1_only(mut self) -> Self {
        self.http1_only = true;
        self
    }

    /// Lets pages of every origin read every answer, redirects and errors too. What a browser asks before a request
    /// (a preflight) is answered, and is no request of the counters. In a query `cors=no` takes it all back, and
    /// `cors=simple` allows requests that need no preflight alone.
    pub fn cors(mut self) -> Self {
        self.cors = true;
        self
    }

    /// Further routes, beside the built-in ones. They are counted as well, and find a [`Visit`] in the request's
    /// extensions.
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Answers everything that `routes` does not, in place of the built-in routes: any axum handler, such as
    /// `|request: Request| async { Response::new(Body::from("x")) }`.
    pub fn handler<H: Handler<T, ()>, T: 'static>(mut self, handler: H) -> Self {
        self.handler = Some(Router::new().fallback(handler));
        self
    }

    pub async fn start(self) -> CountingServer {
        self.start_with(None).await
    }

    pub(super) async fn start_with(self, handshakes: Option<Arc<Handshakes>>) -> CountingServer {
        let ledger = Ledger::new(self.hosts, self.record);
        let (stop, stopped) = watch::channel(false);
        let routes_of = Arc::clone(&ledger);
        let built_in = move |request: Request| routes::answer(Arc::clone(&routes_of), request);
        let fallback = self.handler.unwrap_or_else(|| Router::new().fallback(built_in));
        let router = fallback.merge(self.routes);
        let scheme = if handshakes.is_some() { "https" } else { "http" };
        let mut addresses = Vec::new();
        let mut tasks = Vec::new();
        for host in 0..self.hosts {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("bind a loopback port");
            addresses.push(listener.local_addr().expect("the bound address"));
            let port = Port {
                ledger: Arc::clone(&ledger),
                host,
                router: router.clone(),
                handshakes: handshakes.clone(),
                http1_only: self.http1_only,
                cors: self.cors,
                stopped: stopped.clone(),
            };
            tasks.push(tokio::spawn(port.accept(listener)));
        }
        CountingServer { ledger, addresses, scheme, stop, tasks }
    }
}

/// One listening port.
#[derive(Clone)]
struct Port {
    ledger: Arc<Ledger>,
    host: usize,
    router: Router,
    handshakes: Option<Arc<Handshakes>>,
    http1_only: bool,
    cors: bool,
    stopped: watch::Receiver<bool>,
}

impl Port {
    async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        let mut stopped = self.stopped.clone();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    // A connection that was gone before it was accepted is the client's business.
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(self.clone().connection(stream));
                    }
                }
                Some(_) = connections.join_next() => {}
                () = told(&mut stopped) => break,
            }
        }
        drop(listener);
        let ended = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, ended).await;
    }

    async fn connection(self, stream: TcpStream) {
        let connected = Connected::new(&self.ledger, self.host);
        let _ = stream.set_nodelay(true);
        match self.handshakes.clone() {
            None => self.serve(stream, connected.visit).await,
            Some(handshakes) => {
                let mut stopped = self.stopped.clone();
                tokio::select! {
                    secured = handshakes.accept(self.host, stream) => {
                        if let Some(stream) = secured {
                            self.serve(stream, connected.visit).await;
                        }
                    }
                    () = told(&mut stopped) => {}
                }
            }
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, visit: Visit) {
        let site = Site { ledger: self.ledger, visit };
        let mut router = self.router.layer(from_fn_with_state(site, track));
        if self.cors {
            router = router.layer(from_fn(cors::allow));
        }
        let service = TowerToHyperService::new(router);
        let mut server = auto::Builder::new(TokioExecutor::new());
        if self.http1_only {
            server = server.http1_only();
        }
        let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
        let mut stopped = self.stopped;
        // How a connection ends is no business of a well-behaved server: the client's side of it is under test.
        tokio::select! {
            _ = connection.as_mut() => {}
            () = told(&mut stopped) => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}

/// Waits until the server stops.
async fn told(stopped: &mut watch::Receiver<bool>) {
    // An error means that the server is gone, which is the same.
    let _ = stopped.wait_for(|stop| *stop).await;
}

#[derive(Clone)]
struct Site {
    ledger: Arc<Ledger>,
    visit: Visit,
}

/// Counts one request from its head to the last byte of its response.
async fn track(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let flight = Flight::new(&site.ledger, site.visit.host);
    request.extensions_mut().insert(site.visit);
    site.ledger.record(|| Record {
        visit: site.visit,
        method: request.method().clone(),
        uri: request.uri().clone(),
        version: request.version(),
        headers: request.headers().clone(),
    });
    let head_only = request.method() == Method::HEAD;
    let response = next.run(request).await;
    let status = response.status();
    if head_only || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        return response;
    }
    let declared = response.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse().ok());
    response.map(|body| axum::body::Body::new(Counted::new(body, declared, flight)))
}
