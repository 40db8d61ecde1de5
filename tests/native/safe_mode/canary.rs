//! A server that should see nobody, and one that sends to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Listens at every address of this machine, by IPv6 too where there is one.
pub struct Canary {
    port: u16,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Canary {
    pub async fn start() -> Self {
        let listener = match TcpListener::bind("[::]:0").await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind("0.0.0.0:0").await.expect("a port"),
        };
        Self::at(listener)
    }

    /// Listens at 127.0.0.1, at the port at which the front listens elsewhere.
    pub async fn beside(places: &[&str]) -> (Self, Front) {
        loop {
            let front = Front::start(places.iter().map(|place| (*place).to_owned()).collect()).await;
            // The port may be another's there.
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", front.port)).await {
                return (Self::at(listener), front);
            }
        }
    }

    fn at(listener: TcpListener) -> Self {
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, |_| "200 OK\r\nContent-Length: 7\r\n\r\nreached".to_owned()));
            }
        });
        Self { port, connections, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub fn in_place_of_p(&self, text: &str) -> String {
        text.replace("{P}", &self.port.to_string())
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Listens at 127.0.0.2 and redirects `/N` to the Nth of its places, by one status after the other; anything else is a
/// page.
pub struct Front {
    port: u16,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

const STATUSES: [&str; 5] = ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"];

impl Front {
    pub async fn start(places: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(AtomicUsize::new(0));
        let (counted, places) = (Arc::clone(&requests), Arc::new(places));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (counted, places) = (Arc::clone(&counted), Arc::clone(&places));
                tokio::spawn(serve(stream, move |path| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    let nth: Option<usize> = path.trim_start_matches('/').parse().ok();
                    match nth.and_then(|nth| Some((STATUSES[nth % STATUSES.len()], places.get(nth)?))) {
                        Some((status, place)) => {
                            format!("{status}\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n")
                        }
                        None => {
                            "200 OK\r\nContent-Type: text/html\r\nContent-Length: 16\r\n\r\n<title>x</title>"
                                .to_owned()
                        }
                    }
                }));
            }
        });
        Self { port, requests, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, nth: usize) -> String {
        format!("http://127.0.0.2:{}/{nth}", self.port)
    }

    pub fn page(&self) -> String {
        format!("http://127.0.0.2:{}/page", self.port)
    }

    /// Nobody listens there from now on.
    pub async fn end(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Answers one request after the other with what comes after the version; their bodies are as long as they say.
async fn serve(stream: TcpStream, answer: impl Fn(&str) -> String) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut path, mut length, mut line) = (String::new(), 0_usize, String::new());
        loop {
            line.clear();
            match stream.read_line(&mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) if path.is_empty() => path = line.split(' ').nth(1).unwrap_or_default().to_owned(),
                Ok(_) if line == "\r\n" => break,
                Ok(_) => {
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap_or(0);
                    }
                }
            }
        }
        let mut body = vec![0; length];
        let answered = format!("HTTP/1.1 {}", answer(&path));
        if stream.read_exact(&mut body).await.is_err() || stream.write_all(answered.as_bytes()).await.is_err()
        {
            return;
        }
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}
