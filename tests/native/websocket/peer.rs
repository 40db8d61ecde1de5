//! A server of WebSockets on a bare socket, which says what it is told to.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::support::within;

pub const FINAL: u8 = 0x80;
pub const TEXT: u8 = 0x81;
pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;

/// A port.
pub struct Peer {
    listener: TcpListener,
}

impl Peer {
    pub async fn start() -> Self {
        Self { listener: TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port") }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("the bound address")
    }

    pub fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address())
    }

    /// The next connection, and the head of its request.
    pub async fn asked(&self) -> Raw {
        let (stream, _) = self.listener.accept().await.expect("a connection");
        let mut raw = Raw { stream: BufReader::new(stream), head: String::new() };
        while !raw.head.ends_with("\r\n\r\n") {
            raw.head.push(char::from(raw.stream.read_u8().await.expect("a whole head")));
        }
        raw
    }

    /// The next connection, open.
    pub async fn open(&self) -> Raw {
        let mut raw = self.asked().await;
        raw.agree("").await;
        raw
    }
}

/// A connection.
pub struct Raw {
    stream: BufReader<TcpStream>,
    pub head: String,
}

impl Raw {
    /// The value of a field of the request.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// What proves that the key was understood.
    pub fn accept(&self) -> String {
        derive_accept_key(self.field("sec-websocket-key").expect("a key").as_bytes())
    }

    /// The answer that opens it, with these lines more.
    pub async fn agree(&mut self, more: &str) {
        let accept = self.accept();
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
            sec-websocket-accept: {accept}\r\n{more}\r\n"
        );
        self.send(head.as_bytes()).await;
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the client is there");
    }

    /// Sends a frame.
    pub async fn say(&mut self, first: u8, payload: &[u8]) {
        self.send(&frame(first, payload)).await;
    }

    /// The client's next frame; `None` where the connection has ended.
    pub async fn heard(&mut self) -> Option<(u8, Vec<u8>)> {
        within("a frame", String::new, async {
            let first = self.stream.read_u8().await.ok()?;
            let second = self.stream.read_u8().await.expect("a length");
            assert!(second & 0x80 != 0, "a client's frames are masked");
            let length = match second & 0x7f {
                126 => u64::from(self.stream.read_u16().await.expect("a length")),
                127 => self.stream.read_u64().await.expect("a length"),
                short => u64::from(short),
            };
            let mut key = [0; 4];
            self.stream.read_exact(&mut key).await.expect("a key");
            let mut payload = vec![0; usize::try_from(length).expect("it fits")];
            self.stream.read_exact(&mut payload).await.expect("a payload");
            payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
            Some((first, payload))
        })
        .await
    }

    /// The close frame that the client sends, its code and reason. Then the connection ends.
    pub async fn closed(&mut self) -> (u16, String) {
        let Some((CLOSE, payload)) = self.heard().await else { panic!("no close frame") };
        assert_eq!(self.heard().await, None, "nothing follows a close frame");
        let (code, reason) = payload.split_first_chunk().expect("a code");
        (u16::from_be_bytes(*code), String::from_utf8(reason.to_vec()).expect("a text"))
    }

    /// Ends the connection in order, or by a reset.
    pub fn end(self, by_reset: bool) {
        if by_reset {
            self.stream.get_ref().set_zero_linger().expect("a socket");
        }
    }

    /// Says nothing more, and listens.
    pub async fn fall_silent(&mut self) {
        self.stream.shutdown().await.expect("a connection");
    }
}

/// A server's frame.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        length @ 0..=125 => out.push(length.to_be_bytes()[7]),
        length @ 126..=0xffff => {
            out.push(126);
            out.extend(&length.to_be_bytes()[6..]);
        }
        length => {
            out.push(127);
            out.extend(length.to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out
}
