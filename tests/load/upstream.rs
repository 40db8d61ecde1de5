//! What is fetched.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// | path | |
/// |---|---|
/// | `/slow/PIECES/MS` | so many pieces of 1 kB, so many milliseconds between two |
/// | `/flood` | bytes without end |
/// | `/page/MS/…` | a page, after so many milliseconds |
/// | `/hang` | nothing |
pub struct Upstream {
    pub address: SocketAddr,
    open: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

pub const PIECE: [u8; 1024] = *include_bytes!("piece.txt");

impl Upstream {
    pub async fn start() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let listener: TcpListener = socket.listen(4096).expect("it listens");
        let address = listener.local_addr().expect("an address");
        let open = Arc::<AtomicUsize>::default();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (counted, kept) = (Arc::clone(&open), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (counted, kept) = (Arc::clone(&counted), Arc::clone(&kept));
                tokio::spawn(async move {
                    counted.fetch_add(1, Ordering::SeqCst);
                    let _ = serve(stream, &kept).await;
                    counted.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, open, asked, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let _ = stream.set_nodelay(true);
    let mut head = Vec::new();
    loop {
        while !head.windows(4).any(|window| window == b"\r\n\r\n") {
            if stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        head.clear();
        let path = text.split(' ').nth(1).unwrap_or_default();
        asked.lock().expect("no panic").push(path.to_owned());
        let mut words = path.split('/').skip(1);
        let word = words.next().unwrap_or_default();
        let numbers: Vec<u64> = words.filter_map(|number| number.parse().ok()).collect();
        let number = |nth: usize| numbers.get(nth).copied().unwrap_or(0);
        let pause = |ms| tokio::time::sleep(Duration::from_millis(ms));
        match word {
            "slow" => {
                let length = number(0) * PIECE.len() as u64;
                stream
                    .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes())
                    .await?;
                for _ in 0..number(0) {
                    stream.write_all(&PIECE).await?;
                    tokio::select! {
                        () = pause(number(1)) => {}
                        // Who is asked for nothing more hears no end.
                        read = stream.read_buf(&mut head) => if read? == 0 { return Ok(()) },
                    }
                }
            }
            "flood" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
                let chunk = [b"10000\r\n".as_slice(), &PIECE.repeat(64), b"\r\n"].concat();
                loop {
                    stream.write_all(&chunk).await?;
                }
            }
            "page" => {
                pause(number(0)).await;
                let page = format!("<!doctype html><title>{path}</title>");
                let fields = format!("Content-Type: text/html\r\nContent-Length: {}", page.len());
                stream.write_all(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{page}").as_bytes()).await?;
            }
            _ => {
                stream.read_buf(&mut head).await?;
                return Ok(());
            }
        }
    }
}
