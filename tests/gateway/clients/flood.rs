//! An upstream that sends without end, or takes without end, and counts what the network takes and gives.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[derive(Debug, Default)]
pub struct Flowed {
    pub sent: AtomicU64,
    pub taken: AtomicU64,
    pub open: AtomicU64,
}

/// Listens at 127.0.0.1. `/flood` sends without end; whatever else has a body is read without end and never answered;
/// `/deaf` is not even read.
pub struct Flood {
    pub address: SocketAddr,
    pub flowed: Arc<Flowed>,
    task: JoinHandle<()>,
}

impl Flood {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let flowed = Arc::<Flowed>::default();
        let counted = Arc::clone(&flowed);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    counted.open.fetch_add(1, Ordering::SeqCst);
                    serve(stream, &counted).await;
                    counted.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, flowed, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn open(&self) -> u64 {
        self.flowed.open.load(Ordering::SeqCst)
    }

    /// How much it is once it grows no more.
    pub async fn settled(&self, count: impl Fn(&Flowed) -> &AtomicU64) -> u64 {
        let (mut before, mut same) = (u64::MAX, 0);
        while same < 10 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = count(&self.flowed).load(Ordering::SeqCst);
            same = if now == before { same + 1 } else { 0 };
            assert!(now < 1 << 30, "a GB has flowed to somebody who does not read");
            before = now;
        }
        before
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, flowed: &Flowed) {
    let mut buffer = vec![0; 64 * 1024];
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read_buf(&mut head).await {
            Ok(1..) => {}
            _ => return,
        }
    }
    if head.starts_with(b"GET /flood ") {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
        while stream.write_all(&chunk).await.is_ok() {
            flowed.sent.fetch_add(0x4000, Ordering::SeqCst);
        }
        return;
    }
    if head.windows(6).any(|window| window == b" /deaf") {
        std::future::pending::<()>().await;
    }
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        flowed.taken.fetch_add(read as u64, Ordering::SeqCst);
    }
}
