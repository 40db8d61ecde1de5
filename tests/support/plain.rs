//! A client on a plain socket: for the tests of the servers, and to poke at a server beside the crate.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::gate::within;

/// A client that hides nothing and panics at what it does not expect.
#[derive(Debug)]
pub struct PlainClient(pub TcpStream);

impl PlainClient {
    pub async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("connect"))
    }

    pub async fn get(address: SocketAddr, path: &str) -> Self {
        let mut client = Self::connect(address).await;
        client.ask("GET", path).await;
        client
    }

    /// Sends a request without a body.
    pub async fn ask(&mut self, method: &str, path: &str) {
        self.send(format!("{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("send");
    }

    /// Reads up to the empty line, and not a byte further.
    pub async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.expect("a byte of the head"));
        }
        String::from_utf8(head).expect("an ASCII head")
    }

    pub async fn exactly(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).await.expect("so many bytes");
        bytes
    }

    /// A response with a content length.
    pub async fn response(&mut self) -> (String, Vec<u8>) {
        let head = self.head().await;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        let body = self.exactly(length.parse().expect("a number")).await;
        (head, body)
    }

    /// All that comes, and how it ends: `Ok` for FIN.
    pub async fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = within("the end", String::new, self.0.read_to_end(&mut bytes)).await;
        (bytes, end.map(|_| ()))
    }

    /// All that comes before the RST that must come.
    pub async fn sees_reset(&mut self) -> Vec<u8> {
        let (bytes, end) = self.rest().await;
        assert_eq!(end.expect_err("RST, not FIN").kind(), ErrorKind::ConnectionReset);
        bytes
    }

    /// All that comes before the FIN that must come.
    pub async fn sees_fin(&mut self) -> Vec<u8> {
        let (bytes, end) = self.rest().await;
        end.expect("FIN, not RST");
        bytes
    }
}
