//! The fault matrix: what can go wrong at each stage of a request's way, how a server does it, and what a caller is
//! told of it, natively, in a page and in Node.
//!
//! The servers run here. The client runs in a process of its own, which trusts their CA and holds nothing else: so it
//! can be counted what each fault leaves behind. A page and Node are sent to the same servers by serving.rs.

mod http1;
mod http2;
mod lower;
mod running;

use crate::support::{Certificate, Issuer, RawServer, Refusing, Script, Unanswering};
use crate::visits::{Act, Bound, Visit};

/// Where on a request's way it goes wrong.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Stage {
    /// No connection comes to stand.
    Connect,
    /// TLS's handshake.
    Tls,
    /// From the connection to the end of the response's head, the upload included.
    Head,
    /// Between the head and the body's first byte.
    Between,
    /// Within the body.
    Body,
    /// Where the body should end.
    End,
    /// After it, while the connection waits for its next request.
    Idle,
}

/// One way to go wrong.
#[derive(Clone, Debug)]
pub(super) struct Row {
    stage: Stage,
    name: &'static str,
    server: Server,
    act: Act,
    native: Expected,
    page: Option<Expected>,
    node: Option<Expected>,
}

type Expected = (Bound, &'static str);

/// How a server goes wrong. Of several scripts, each connection in turn follows one.
#[derive(Clone, Debug)]
enum Server {
    /// A port where nobody listens.
    Refusing,
    /// A port that drops what comes.
    Unanswering,
    /// HTTP/1.1 in plain.
    Plain(Vec<Script>),
    /// In plain where the client speaks TLS.
    NoTls(Script),
    /// HTTP/1.1 behind TLS.
    Tls { certificate: Certificate, alpn: &'static [&'static str], client_auth: bool, scripts: Vec<Script> },
    /// HTTP/2, agreed on behind TLS; in plain for those who know.
    H2(Vec<Script>),
}

impl Server {
    fn plain(script: Script) -> Self {
        Self::Plain(vec![script])
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::Refusing | Self::Unanswering => "any",
            Self::Plain(_) => "HTTP/1.1",
            Self::NoTls(_) | Self::Tls { .. } => "TLS",
            Self::H2(_) => "HTTP/2",
        }
    }
}

impl Row {
    fn new(stage: Stage, name: &'static str, server: Server) -> Self {
        let native = (Bound::None, "");
        Self { stage, name, server, act: Act::Get, native, page: None, node: None }
    }

    fn act(mut self, act: Act) -> Self {
        self.act = act;
        self
    }

    fn natively(self, outcome: &'static str) -> Self {
        self.natively_bound(Bound::None, outcome)
    }

    fn natively_bound(mut self, bound: Bound, outcome: &'static str) -> Self {
        self.native = (bound, outcome);
        self
    }

    /// In a page, under the same bound.
    fn page(mut self, outcome: &'static str) -> Self {
        self.page = Some((self.native.0, outcome));
        self
    }

    /// Unbounded, in each place.
    fn seen(mut self, native: &'static str, page: &'static str, node: &'static str) -> Self {
        (self.native, self.page, self.node) =
            ((Bound::None, native), Some((Bound::None, page)), Some((Bound::None, node)));
        self
    }

    fn elsewhere_bound(mut self, bound: Bound, outcome: &'static str) -> Self {
        (self.page, self.node) = (Some((bound, outcome)), Some((bound, outcome)));
        self
    }

    fn everywhere_bound(self, bound: Bound, outcome: &'static str) -> Self {
        self.natively_bound(bound, outcome).elsewhere_bound(bound, outcome)
    }

    fn title(&self) -> String {
        format!("{:?}, {}: {}", self.stage, self.server.protocol(), self.name)
    }
}

pub(super) fn rows() -> Vec<Row> {
    let all = [
        lower::connect(),
        lower::tls(),
        http1::head(),
        http1::between(),
        http1::body(),
        http1::end(),
        http1::idle(),
        http2::head(),
        http2::between(),
        http2::body(),
        http2::end(),
        http2::idle(),
    ];
    all.concat()
}

/// All servers of the matrix, running.
pub(super) struct Servers {
    pub(super) issuer: Issuer,
    running: Vec<(Row, Running)>,
}

enum Running {
    Refusing(Refusing),
    Unanswering(Unanswering),
    Raw { server: RawServer, is_tls: bool },
    H2 { secure: RawServer, plain: RawServer },
}

impl Servers {
    pub(super) async fn start() -> Self {
        let issuer = Issuer::new();
        let mut running = Vec::new();
        for row in rows() {
            let server = row.server.clone().start(&issuer).await;
            running.push((row, server));
        }
        Self { issuer, running }
    }

    /// What is to be expected natively.
    pub(super) fn native(&self) -> Vec<Visit> {
        let visits = self.running.iter().flat_map(|(row, server)| {
            let plain = match server {
                Running::H2 { plain, .. } => Some((plain.url("/"), ", in plain", true)),
                _ => None,
            };
            [(server.url(), "", false)].into_iter().chain(plain).map(|(url, how, prior_knowledge)| {
                let (bound, expected) = row.native;
                Visit {
                    prior_knowledge,
                    ..visit(&format!("{}{how}", row.title()), url, row.act, bound, expected)
                }
            })
        });
        visits.collect()
    }

    /// What is to be expected in a page.
    pub(super) fn page(&self) -> Vec<Visit> {
        self.visits(|row| row.page)
    }

    /// What is to be expected in Node.
    pub(super) fn node(&self) -> Vec<Visit> {
        self.visits(|row| row.node)
    }

    fn visits(&self, expected: impl Fn(&Row) -> Option<Expected>) -> Vec<Visit> {
        let visits = self.running.iter().filter_map(|(row, server)| {
            let (bound, expected) = expected(row)?;
            Some(visit(&row.title(), server.url(), row.act, bound, expected))
        });
        visits.collect()
    }
}

fn visit(name: &str, url: String, act: Act, bound: Bound, expected: &str) -> Visit {
    Visit { name: name.to_owned(), url, act, bound, prior_knowledge: false, expected: expected.to_owned() }
}

/// All visits in one line.
pub(super) fn in_a_line(visits: &[Visit]) -> String {
    let line = |visit: &Visit| {
        let Visit { name, url, act, bound, prior_knowledge, expected } = visit;
        format!("{name}|{url}|{act:?}|{bound:?}|{prior_knowledge}|{expected}")
    };
    visits.iter().map(line).collect::<Vec<_>>().join(";")
}

impl Server {
    async fn start(self, issuer: &Issuer) -> Running {
        match self {
            Self::Refusing => Running::Refusing(Refusing::new()),
            Self::Unanswering => Running::Unanswering(Unanswering::start().await),
            Self::Plain(scripts) => {
                Running::Raw { server: RawServer::cycle(scripts, None).await, is_tls: false }
            }
            Self::NoTls(script) => {
                Running::Raw { server: RawServer::cycle(vec![script], None).await, is_tls: true }
            }
            Self::Tls { certificate, alpn, client_auth, scripts } => {
                let tls = issuer.acceptor(certificate, alpn, client_auth);
                Running::Raw { server: RawServer::cycle(scripts, Some(tls)).await, is_tls: true }
            }
            Self::H2(scripts) => {
                let tls = issuer.acceptor(Certificate::Valid, &["h2"], false);
                let secure = RawServer::cycle(scripts.clone(), Some(tls)).await;
                Running::H2 { secure, plain: RawServer::cycle(scripts, None).await }
            }
        }
    }
}

impl Running {
    fn url(&self) -> String {
        match self {
            Self::Refusing(port) => port.url("/"),
            Self::Unanswering(port) => port.url("/"),
            Self::Raw { server, is_tls: false } => server.url("/"),
            Self::Raw { server, is_tls: true } | Self::H2 { secure: server, .. } => {
                server.url("/").replace("http:", "https:")
            }
        }
    }
}
