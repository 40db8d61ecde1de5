//! A server of WebSockets on a bare socket: its frames are written by hand, so that they can also be wrong.
//!
//! | path | what it does once the handshake is done |
//! |---|---|
//! | `/ws/echo` | sends back what it is sent, frame by frame; answers pings and close frames |
//! | `/ws/close?code=…&reason=…` | sends a close frame, an empty one without a code, and waits for the answer |
//! | `/ws/cut` | sends `last`, then ends the connection |
//! | `/ws/sizes/{a}/{b}/…` | sends bytes of these lengths, then does as `/ws/echo` |
//! | `/ws/silent` | reads on, never says a word, and ends the connection 5 s after a close frame |
//! | `/ws/faults/{name}` | breaks the rules: [`FAULTS`] |
//!
//! `protocol=…` in the query is what it chooses of the subprotocols, whether it was offered or not.
//!
//! Without a handshake: `/ws/refused` is answered by a 403, `/ws/wrong-key` by a 101 with a wrong Sec-WebSocket-Accept,
//! `/ws/hang` by nothing.
//!
//! `/ws/seen?id=…` waits for the end of the connection whose query has the same `id`, and tells how the client ended it:
//! `close 1000 the reason`, `close` for a close frame without a code, `cut` for none. `/ws/idle` waits for the end of
//! all: a 204.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::cors;
use super::routes::pattern;

/// What is wrong, in which bytes, and the code that RFC 6455 wants the connection closed with.
pub const FAULTS: [(&str, &[u8], u16); 10] = [
    ("bad-close-code", &[0x88, 2, 0x03, 0xed], 1002),
    ("bad-opcode", &[0x83, 0], 1002),
    ("bad-utf-8", &[0x81, 2, 0xc3, 0x28], 1007),
    ("compressed", &[0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], 1002),
    ("fragmented-control", &[0x09, 0], 1002),
    ("masked", &[0x81, 0x81, 1, 2, 3, 4, b'x' ^ 1], 1002),
    ("nothing-to-continue", &[0x80, 0], 1002),
    ("oversized-control", &OVERSIZED, 1002),
    ("reserved-bits", &[0xa1, 1, b'x'], 1002),
    ("short-close", &[0x88, 1, 3], 1002),
];

const OVERSIZED: [u8; 130] = {
    let mut ping = [0; 130];
    (ping[0], ping[1], ping[3]) = (0x89, 126, 126);
    ping
};

/// A longer frame ends the connection.
const FRAME_LIMIT: u64 = 64 << 20;

/// How long `/ws/seen` and `/ws/idle` wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a close frame is left without an answer.
const SILENCE: Duration = Duration::from_secs(5);

/// A loopback port of WebSockets. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct WebSocketServer {
    address: SocketAddr,
    book: Arc<Book>,
    task: JoinHandle<()>,
}

impl WebSocketServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("bind a loopback port");
        let address = listener.local_addr().expect("the bound address");
        let book = Arc::<Book>::default();
        let task = tokio::spawn(accept(listener, Arc::clone(&book)));
        Self { address, book, task }
    }

    /// This path by http, which a WebSocket takes for ws.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until so many connections have asked for a handshake and are open.
    pub async fn wait_open(&self, count: usize) {
        let mut open = self.book.open.subscribe();
        let met = in_time(open.wait_for(|open| *open == count)).await;
        assert!(met.is_some(), "waited {PATIENCE:?} in vain for {count} WebSockets");
    }

    /// Waits until every connection has ended.
    pub async fn wait_idle(&self) {
        assert!(self.book.is_idle().await, "waited {PATIENCE:?} in vain for the WebSockets' end");
    }
}

impl Drop for WebSocketServer {
    fn drop(&mut self) {
        // The task owns the listener and, in a JoinSet, every connection.
        self.task.abort();
    }
}

/// What is known of all connections.
#[derive(Debug, Default)]
struct Book {
    open: watch::Sender<usize>,
    /// How those ended that have an `id`.
    ended: watch::Sender<HashMap<String, String>>,
}

impl Book {
    async fn is_idle(&self) -> bool {
        let mut open = self.open.subscribe();
        in_time(open.wait_for(|open| *open == 0)).await.is_some()
    }

    async fn seen(&self, id: &str) -> Option<String> {
        let mut ended = self.ended.subscribe();
        let ended = in_time(ended.wait_for(|ended| ended.contains_key(id))).await?.ok()?;
        ended.get(id).cloned()
    }
}

async fn in_time<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, future).await.ok()
}

async fn accept(listener: TcpListener, book: Arc<Book>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                connections.spawn(connection(stream, Arc::clone(&book)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, book: Arc<Book>) {
    let (reader, writer) = stream.into_split();
    let mut line = Line { reader: BufReader::new(reader), writer: BufWriter::new(writer) };
    let Ok(asked) = line.head().await else { return };
    match asked.path.as_str() {
        "/ws/seen" => {
            let seen = book.seen(&asked.query("id").unwrap_or_default()).await;
            let _ = line.answer("200 OK", &seen.unwrap_or_else(|| "still open".to_owned())).await;
        }
        "/ws/idle" => {
            let status = if book.is_idle().await { "204 No Content" } else { "409 Conflict" };
            let _ = line.answer(status, "").await;
        }
        _ => {
            book.open.send_modify(|open| *open += 1);
            let seen = line.serve(&asked).await.unwrap_or(Seen::Cut);
            drop(line);
            if let Some(id) = asked.query("id") {
                book.ended.send_modify(|ended| drop(ended.insert(id, seen.told())));
            }
            book.open.send_modify(|open| *open -= 1);
        }
    }
}

/// What the client's end was.
enum Seen {
    Close(Vec<u8>),
    Cut,
}

impl Seen {
    fn told(&self) -> String {
        match self {
            Self::Cut => "cut".to_owned(),
            Self::Close(payload) => match payload.split_at_checked(2) {
                None => "close".to_owned(),
                Some((code, reason)) => {
                    let code = u16::from_be_bytes([code[0], code[1]]);
                    format!("close {code} {}", String::from_utf8_lossy(reason)).trim_end().to_owned()
                }
            },
        }
    }
}

struct Asked {
    path: String,
    pairs: Vec<(String, String)>,
    key: String,
}

impl Asked {
    fn query(&self, name: &str) -> Option<String> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

/// One connection.
struct Line {
    reader: BufReader<OwnedReadHalf>,
    writer: BufWriter<OwnedWriteHalf>,
}

struct Frame {
    first: u8,
    payload: Vec<u8>,
}

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

impl Line {
    /// Reads the head of a request.
    async fn head(&mut self) -> io::Result<Asked> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let target = lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.replace("%20", " "))).collect();
        let fields = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
        let mut keys = fields.filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
        let key = keys.next().map(|(_, key)| key.trim().to_owned()).unwrap_or_default();
        Ok(Asked { path: path.to_owned(), pairs, key })
    }

    async fn answer(&mut self, status: &str, body: &str) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\n");
        if !status.starts_with("204") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        for (name, value) in cors::ALLOWING {
            head += &format!("{name}: {value}\r\n");
        }
        self.writer.write_all(format!("{head}\r\n{body}").as_bytes()).await?;
        self.writer.flush().await
    }

    /// Does what the path says, and tells how the client ended it.
    async fn serve(&mut self, asked: &Asked) -> io::Result<Seen> {
        let segments: Vec<&str> = asked.path.split('/').skip(2).collect();
        match segments.as_slice() {
            ["refused"] => {
                self.answer("403 Forbidden", "not you").await?;
                return Ok(Seen::Cut);
            }
            ["hang"] => return self.ignore().await,
            ["wrong-key"] => self.switch(asked, "no key of yours").await?,
            _ => self.switch(asked, &asked.key).await?,
        }
        match segments.as_slice() {
            ["close"] => {
                let code = asked.query("code").and_then(|code| code.parse::<u16>().ok());
                let mut payload: Vec<u8> = code.map(u16::to_be_bytes).into_iter().flatten().collect();
                payload.extend(asked.query("reason").unwrap_or_default().into_bytes());
                self.send(CLOSE, &payload).await?;
                loop {
                    if let Frame { first: CLOSE, payload } = self.receive().await? {
                        return Ok(Seen::Close(payload));
                    }
                }
            }
            ["cut"] => {
                self.send(TEXT, b"last").await?;
                self.writer.flush().await?;
                Ok(Seen::Cut)
            }
            ["silent" | "wrong-key"] => self.ignore().await,
            ["faults", name] => {
                let fault = FAULTS.iter().find(|(fault, ..)| fault == name);
                self.writer.write_all(fault.map_or(&[][..], |(_, bytes, _)| bytes)).await?;
                self.writer.flush().await?;
                self.ignore().await
            }
            ["sizes", sizes @ ..] => {
                for size in sizes {
                    self.send(BINARY, &pattern(size.parse().unwrap_or(0))).await?;
                }
                self.echo(None).await
            }
            _ => self.echo(asked.query("after_ms")).await,
        }
    }

    async fn switch(&mut self, asked: &Asked, key: &str) -> io::Result<()> {
        const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        let accept = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, [key, MAGIC].concat().as_bytes()));
        let mut head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
        );
        if let Some(protocol) = asked.query("protocol") {
            head += &format!("Sec-WebSocket-Protocol: {protocol}\r\n");
        }
        self.writer.write_all(format!("{head}\r\n").as_bytes()).await?;
        self.writer.flush().await
    }

    async fn echo(&mut self, after_ms: Option<String>) -> io::Result<Seen> {
        let after = after_ms.and_then(|ms| ms.parse().ok()).map(Duration::from_millis);
        loop {
            let Frame { first, payload } = self.receive().await?;
            match first {
                CLOSE => {
                    self.send(CLOSE, &payload).await?;
                    self.writer.flush().await?;
                    return Ok(Seen::Close(payload));
                }
                PING => self.send(PONG, &payload).await?,
                PONG => {}
                first => {
                    if let Some(after) = after {
                        tokio::time::sleep(after).await;
                    }
                    self.send(first, &payload).await?;
                }
            }
        }
    }

    /// Reads on until the client has ended the connection. A page cannot, once it has sent its close frame, and its browser
    /// waits long for the answer: then it is ended from here.
    async fn ignore(&mut self) -> io::Result<Seen> {
        loop {
            if let Frame { first: CLOSE, payload } = self.receive().await? {
                let _ = tokio::time::timeout(SILENCE, async { while self.receive().await.is_ok() {} }).await;
                return Ok(Seen::Close(payload));
            }
        }
    }

    async fn receive(&mut self) -> io::Result<Frame> {
        if self.reader.buffer().is_empty() {
            self.writer.flush().await?;
        }
        let first = self.reader.read_u8().await?;
        let second = self.reader.read_u8().await?;
        let length = match second & 0x7f {
            126 => u64::from(self.reader.read_u16().await?),
            127 => self.reader.read_u64().await?,
            length => u64::from(length),
        };
        if length > FRAME_LIMIT || second & 0x80 == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut mask = [0; 4];
        self.reader.read_exact(&mut mask).await?;
        let mut payload = vec![0; length as usize];
        self.reader.read_exact(&mut payload).await?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Ok(Frame { first, payload })
    }

    /// Writes a frame, which goes when the next one is waited for.
    async fn send(&mut self, first: u8, payload: &[u8]) -> io::Result<()> {
        let mut head = vec![first];
        match payload.len() {
            length @ 0..126 => head.push(length as u8),
            length @ 126..0x1_0000 => {
                head.push(126);
                head.extend((length as u16).to_be_bytes());
            }
            length => {
                head.push(127);
                head.extend((length as u64).to_be_bytes());
            }
        }
        self.writer.write_all(&head).await?;
        self.writer.write_all(payload).await
    }
}
