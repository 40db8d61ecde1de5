//! `dualfetch serve` as it runs: its address, its log, its signals, its end.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::run::dualfetch;
use crate::support::{PlainClient, within};

/// A server on a port of its own. It is killed with the value.
pub struct Served {
    child: Child,
    pub address: SocketAddr,
    /// What standard error has brought.
    log: watch::Receiver<String>,
}

/// What lets it fetch from the servers of the tests.
pub const LOCAL: [&str; 3] = ["--allow-network", "127.0.0.1", "--allow-any-port"];

impl Served {
    pub async fn start(args: &[&str]) -> Self {
        Self::start_in(args, &[]).await
    }

    /// With these variables in its environment.
    pub async fn start_in(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = dualfetch(&["serve"]);
        command.envs(variables.iter().copied());
        Self::start_as(command, args).await
    }

    /// Where nothing but the arguments says where it listens.
    pub async fn start_plainly(args: &[&str]) -> Self {
        Self::run(dualfetch(&["serve"]), args).await
    }

    /// In this folder.
    pub async fn start_at(folder: &Path, args: &[&str]) -> Self {
        let mut command = dualfetch(&["serve"]);
        command.current_dir(folder);
        Self::start_as(command, args).await
    }

    async fn start_as(command: Command, args: &[&str]) -> Self {
        let own_port: &[&str] = if args.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        Self::run(command, &[own_port, args].concat()).await
    }

    async fn run(mut command: Command, args: &[&str]) -> Self {
        if !args.contains(&"--page") {
            command.args(["--page", "none", "--package", "none"]);
        }
        let mut child = command.args(args).stdin(Stdio::null()).spawn().expect("the command starts");
        let mut err = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let (lines, log) = watch::channel(String::new());
        tokio::spawn(async move {
            while let Ok(Some(line)) = err.next_line().await {
                lines.send_modify(|log| *log += &format!("{line}\n"));
            }
        });
        let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let seen = || log.borrow().clone();
        let first = within("the first line of standard output", seen, out.next_line()).await.expect("UTF-8");
        let first = first.unwrap_or_else(|| panic!("it did not start: {}", seen()));
        let address = first.strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        Self { address: address.unwrap_or_else(|| panic!("{first:?}")), child, log }
    }

    pub fn pid(&self) -> Pid {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        id.expect("it runs")
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it can be told");
    }

    pub fn log(&self) -> String {
        self.log.borrow().clone()
    }

    /// Waits until the log has told this so many times.
    pub async fn tells(&self, what: &str, times: usize) {
        let mut log = self.log.clone();
        let told = log.wait_for(|log| log.matches(what).count() >= times);
        within(what, || self.log(), told).await.expect("it still tells");
    }

    /// Its exit code and all that it said.
    pub async fn end(mut self) -> (Option<i32>, String) {
        let mut log = self.log.clone();
        let seen = || self.log.borrow().clone();
        let status = within("its end", seen, self.child.wait()).await.expect("it ran");
        // Until nobody writes any more.
        within("the end of its log", || self.log(), async { while log.changed().await.is_ok() {} }).await;
        (status.code(), self.log())
    }

    /// A request on a connection of its own: status and body.
    pub async fn get(&self, path: &str) -> (u16, String) {
        self.get_with(path, "").await
    }

    /// With these fields, each with its line's end.
    pub async fn get_with(&self, path: &str, fields: &str) -> (u16, String) {
        let mut client = PlainClient::connect(self.address).await;
        client.send(request(path, &format!("{fields}Connection: close\r\n"))).await;
        let (bytes, end) = client.rest().await;
        end.unwrap_or_else(|error| panic!("{path}: {error}: {}", self.log()));
        answer(&bytes)
    }

    /// The path that fetches this URL.
    pub fn fetch(url: &str) -> String {
        let encoded = url.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        });
        format!("/fetch?url={}", encoded.collect::<String>())
    }
}

/// A request of the loopback host.
pub fn request(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n")
}

/// The status, and the rest behind the head.
pub fn answer(bytes: &[u8]) -> (u16, String) {
    let text = String::from_utf8_lossy(bytes);
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let (_, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    (status.unwrap_or_else(|| panic!("no answer: {text:?}")), body.to_owned())
}
