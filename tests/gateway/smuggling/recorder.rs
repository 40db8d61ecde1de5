//! An upstream that keeps every byte that comes, and answers with the bytes it was given.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What came on one connection.
#[derive(Clone, Debug, Default)]
pub struct Came {
    pub bytes: Vec<u8>,
    /// How many requests came to their end, and were answered.
    pub requests: usize,
}

impl Came {
    /// Each request by itself, the last one perhaps not whole.
    pub fn pieces(&self) -> Vec<Self> {
        let (mut pieces, mut rest) = (Vec::new(), self.bytes.as_slice());
        while let Some(length) = whole(rest) {
            pieces.push(Self { bytes: rest[..length].to_vec(), requests: 1 });
            rest = &rest[length..];
        }
        if !rest.is_empty() {
            pieces.push(Self { bytes: rest.to_vec(), requests: 0 });
        }
        pieces
    }

    /// The head, its lines without their order.
    pub fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.bytes.clone()).expect("ASCII");
        let (head, _) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines: Vec<_> = head.split("\r\n").map(str::to_owned).collect();
        lines[1..].sort();
        lines
    }

    /// What follows the head.
    pub fn body(&self) -> &[u8] {
        let end = self.bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        &self.bytes[end + 4..]
    }
}

/// Listens at 127.0.0.1.
pub struct Recorder {
    pub address: SocketAddr,
    came: Arc<Mutex<Vec<Came>>>,
    task: JoinHandle<()>,
}

pub const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

impl Recorder {
    /// Gives this to each request, whatever it is.
    pub async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let came = Arc::<Mutex<Vec<Came>>>::default();
        let (kept, answer) = (Arc::clone(&came), Arc::new(answer.into()));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let nth = {
                    let mut kept = kept.lock().expect("no panic");
                    kept.push(Came::default());
                    kept.len() - 1
                };
                tokio::spawn(serve(stream, nth, Arc::clone(&kept), Arc::clone(&answer)));
            }
        });
        Self { address, came, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn came(&self) -> Vec<Came> {
        self.came.lock().expect("no panic").clone()
    }

    /// The requests that came for this target, each by itself.
    pub fn at(&self, target: &str) -> Vec<Came> {
        let is_at = |piece: &Came| {
            let text = String::from_utf8_lossy(&piece.bytes);
            text.split(' ').nth(1).is_some_and(|own| own == target)
        };
        self.came().iter().flat_map(Came::pieces).filter(is_at).collect()
    }

    /// How many came, whatever they are.
    pub fn count(&self) -> usize {
        self.came().iter().map(|came| came.pieces().len()).sum()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, nth: usize, came: Arc<Mutex<Vec<Came>>>, answer: Arc<Vec<u8>>) {
    let (mut buffer, mut done) = (vec![0; 64 * 1024], 0);
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        let ended = {
            let mut came = came.lock().expect("no panic");
            let Some(own) = came.get_mut(nth) else { return };
            own.bytes.extend_from_slice(&buffer[..read]);
            let mut ended = 0;
            while let Some(length) = whole(&own.bytes[done..]) {
                done += length;
                ended += 1;
            }
            own.requests += ended;
            ended
        };
        for _ in 0..ended {
            let _ = stream.write_all(&answer).await;
        }
        // Where the answer's end is the connection's.
        if ended > 0 && ends(&answer) {
            let _ = stream.shutdown().await;
        }
    }
}

fn ends(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    text.contains("connection: close") || !text.contains("content-length") && !text.contains("chunked")
}

/// How long the first request is, if it is there as a whole. Knows no framing but the strictest.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let field = |name: &str| text.split("\r\n").find_map(|line| line.strip_prefix(name)).map(str::trim);
    if field("transfer-encoding:") == Some("chunked") {
        let end = bytes[head..].windows(5).position(|window| window == b"0\r\n\r\n")?;
        return Some(head + end + 5);
    }
    let length: usize = field("content-length:").map_or(Some(0), |length| length.parse().ok())?;
    (bytes.len() >= head + length).then_some(head + length)
}
