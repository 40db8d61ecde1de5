//! The command as a process.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Far more than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// It may ask servers of this machine, as many at once as come.
    pub async fn start(args: &[&str]) -> Self {
        let binary = std::env::var_os("DUALFETCH").unwrap_or_else(|| env!("CARGO_BIN_EXE_dualfetch").into());
        let mut command = Command::new(binary);
        command.args(["serve", "--page", "none", "--package", "none", "--listen", "127.0.0.1:0"]);
        command
            .args([
                "--allow-network",
                "127.0.0.1",
                "--allow-any-port",
                "--limit-per-host",
                "0",
                "--max-upload",
                "2GB",
                // All of them are this machine.
                "--max-connections-per-address",
                "0",
            ])
            .args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("the command starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = within("an address", out.next_line()).await.expect("UTF-8").expect("a line");
        let address = first.strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        Self { address: address.unwrap_or_else(|| panic!("{first:?}")), child }
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    pub fn terminate(&self) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).expect("an id");
        kill_process(id, Signal::TERM).expect("it can be told");
    }

    pub async fn end(mut self) -> ExitStatus {
        within("its end", self.child.wait()).await.expect("it ran")
    }

    /// A connection on which this has been said.
    pub async fn says(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        let _ = stream.set_nodelay(true);
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        stream
    }

    pub async fn fetches(&self, url: &str) -> TcpStream {
        let url = escaped(url);
        self.says(&format!(
            "GET /fetch?url={url} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        ))
        .await
    }

    /// A connection whose list has no end yet, and more URLs of the same kind than are taken at once.
    pub async fn is_listed(&self, url: &str) -> TcpStream {
        let fields = format!("Host: {}\r\nContent-Type: application/x-ndjson", self.address);
        let list = format!("\"{url}\"\n").repeat(5_000);
        let head = format!("POST /titles HTTP/1.1\r\n{fields}\r\nContent-Length: {}\r\n\r\n", list.len() + 1);
        let mut stream = self.says(&head).await;
        let _ = tokio::time::timeout(Duration::from_millis(300), stream.write_all(list.as_bytes())).await;
        stream
    }
}

pub fn escaped(url: &str) -> String {
    url.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// How much memory this process has.
pub fn resident_kb(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("what is resident");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// How long `/healthz` takes to be answered, on a new connection.
pub fn healthz(address: SocketAddr) -> Duration {
    use std::io::{Read, Write};
    let since = Instant::now();
    let mut stream = std::net::TcpStream::connect(address).expect("a connection");
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    since.elapsed()
}

pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for {what}"))
}
