//! A gateway that listens, as the binary has it listen; a client that writes what it likes; and where it must not lead to.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dualfetch::SafeMode;
use dualfetch::dns::{Addresses, BoxError, Resolve};
use dualfetch::gateway::{Gateway, Settings};
use dualfetch::maybe::BoxFuture;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::support::within;

pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(test)
}

/// Settings for a gateway that may ask what is at this address, at any port, and asks once.
pub fn settings(allowed: &str) -> Settings {
    let mut settings = Settings::new();
    settings.safe_mode = SafeMode::new().allow_any_port().allow_network(allowed).expect("a network");
    settings.config = settings.config.clone().resolver(Names::default());
    settings.retries = 0;
    settings
}

/// A gateway on a port of its own, until it is dropped.
pub struct Serving {
    pub address: SocketAddr,
    pub gateway: Gateway,
    task: JoinHandle<()>,
    /// The command, where it is what serves, by settings of its own.
    _command: Option<Child>,
}

impl Serving {
    pub async fn start(settings: Settings) -> Self {
        Self::at(Ipv4Addr::LOCALHOST, settings).await
    }

    pub async fn at(address: Ipv4Addr, settings: Settings) -> Self {
        let gateway = Gateway::new(settings).expect("settings that make sense");
        let listener = TcpListener::bind((address, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = gateway.router();
        let task = tokio::spawn(async move {
            while let Ok((stream, client)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let router = router.clone().layer(axum::Extension(axum::extract::ConnectInfo(client)));
                tokio::spawn(async move {
                    let mut server = auto::Builder::new(TokioExecutor::new());
                    server.http1().timer(TokioTimer::new());
                    let service = TowerToHyperService::new(router);
                    let _ = server.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, gateway, task, _command: None }
    }

    /// The same by the command, which may ask what is at this address; nothing where it is not built.
    pub async fn by_command(allowed: &str) -> Option<Self> {
        let mut command =
            Command::new(option_env!("CARGO_BIN_EXE_dualfetch").filter(|_| cfg!(feature = "cli"))?);
        command.args([
            "serve",
            "--page",
            "none",
            "--package",
            "none",
            "--listen",
            "127.0.0.1:0",
            "--retries",
            "0",
        ]);
        command.args(["--allow-any-port", "--allow-network", allowed]).kill_on_drop(true);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the command starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = within("an address", String::new, out.next_line()).await.expect("UTF-8").expect("a line");
        let address = line.strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let gateway = Gateway::new(Settings::new()).expect("settings that make sense");
        let task = tokio::spawn(std::future::ready(()));
        Some(Self { address: address.expect("an address"), gateway, task, _command: Some(child) })
    }

    /// Sends this on a connection of its own, and reads up to its end.
    pub async fn says(&self, request: impl AsRef<[u8]>) -> Vec<Answer> {
        says(self.address, request).await
    }

    /// Asks for this target, on a connection of its own.
    pub async fn get(&self, target: &str) -> Answer {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        one(&request, self.says(&request).await)
    }

    /// Has this URL fetched.
    pub async fn fetch(&self, url: &str) -> Answer {
        self.get(&format!("/fetch?url={}", escaped(url))).await
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
        self.gateway.close();
    }
}

pub async fn says(address: SocketAddr, request: impl AsRef<[u8]>) -> Vec<Answer> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // Who refuses a head need not read the rest of it.
    let _ = stream.write_all(request.as_ref()).await;
    let mut bytes = Vec::new();
    let seen = || format!("for {:?}", String::from_utf8_lossy(request.as_ref()));
    let _ = within("the answer's end", seen, stream.read_to_end(&mut bytes)).await;
    Answer::all(&bytes)
}

/// The one answer that there must be.
pub fn one(request: &str, mut answers: Vec<Answer>) -> Answer {
    assert_eq!(answers.len(), 1, "{request:?}: {answers:?}");
    answers.remove(0)
}

/// All but what never needs it.
pub fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// An answer as it came.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body came to the end that the head announced.
    pub whole: bool,
}

impl Answer {
    /// One after the other, of one connection; what is no head yet is left out.
    pub fn all(bytes: &[u8]) -> Vec<Self> {
        let (mut answers, mut rest) = (Vec::new(), bytes);
        while let Some((answer, after)) = Self::first(rest) {
            answers.push(answer);
            rest = after;
        }
        answers
    }

    fn first(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let end = find(bytes, b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).expect("an ASCII head");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok());
        let fields = lines.map(|line| line.split_once(':').expect("a field"));
        let fields =
            fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let mut answer = Self { status: status.expect("a status"), fields, ..Self::default() };
        let rest = &bytes[end + 4..];
        if answer.field("transfer-encoding") == Some("chunked") {
            let after = answer.read_chunks(rest);
            return Some((answer, after));
        }
        let told = answer.field("content-length").map(|length| length.parse().expect("a length"));
        let length: usize = match answer.status {
            101 | 204 | 304 => 0,
            _ => told.unwrap_or(rest.len()),
        };
        answer.whole = rest.len() >= length;
        let (body, after) = rest.split_at(length.min(rest.len()));
        answer.body = body.to_vec();
        Some((answer, after))
    }

    fn read_chunks<'a>(&mut self, mut rest: &'a [u8]) -> &'a [u8] {
        while let Some(end) = find(rest, b"\r\n") {
            let size =
                std::str::from_utf8(&rest[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.expect("a chunk's size");
            let Some(chunk) = rest.get(end + 2..end + 2 + size + 2) else { break };
            self.body.extend_from_slice(&chunk[..size]);
            rest = &rest[end + 2 + size + 2..];
            if size == 0 {
                self.whole = true;
                break;
            }
        }
        if self.whole { rest } else { &[] }
    }

    /// The field's value; more than one of it fails the test.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut named = self.fields.iter().filter(|(own, _)| own == name);
        let value = named.next().map(|(_, value)| value.as_str());
        assert!(named.next().is_none(), "{name} is there twice: {self:?}");
        value
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a problem that is told as all are, and of no relayed answer.
    pub fn code(&self) -> Option<String> {
        let code = self.field("dualfetch-error")?;
        let told = self.json();
        let same = told["code"] == code && told["status"] == self.status;
        let right = same && self.field("content-type") == Some("application/problem+json");
        assert!(right && self.field("dualfetch-url").is_none() && self.whole, "{self:?}");
        Some(code.to_owned())
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Listens at every address of this machine, by IPv6 too where there is one, and should see nobody.
pub struct Canary {
    pub port: u16,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Canary {
    pub async fn start() -> Self {
        let listener = match TcpListener::bind("[::]:0").await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind("0.0.0.0:0").await.expect("a port"),
        };
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut some = [0; 4096];
                    let _ = stream.read(&mut some).await;
                    let page = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nreached";
                    let _ = stream.write_all(page.as_bytes()).await;
                });
            }
        });
        Self { port, connections, task }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Names that only these tests know. Any other is of nobody, so that no test asks the world.
#[derive(Clone, Default)]
pub struct Names(pub HashMap<String, Vec<IpAddr>>);

impl Resolve for Names {
    fn resolve(&self, name: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
        let name = name.trim_end_matches('.');
        let found = match name {
            "localhost" => Some(vec![Ipv4Addr::LOCALHOST.into()]),
            _ => self.0.get(name).cloned(),
        };
        Box::pin(async move { found.map(Addresses::new).ok_or_else(|| "nobody of that name".into()) })
    }
}
