//! A server that may be asked, and sends elsewhere.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const STATUSES: [&str; 5] = ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"];

/// Listens at 127.0.0.2. Gives what it was told to, and else a page.
pub struct Upstream {
    pub port: u16,
    answers: Arc<Mutex<Vec<String>>>,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Upstream {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (answers, requests) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
        let (given, counted) = (Arc::clone(&answers), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (given, counted) = (Arc::clone(&given), Arc::clone(&counted));
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    let (mut first, mut line) = (String::new(), String::from("more"));
                    let _ = stream.read_line(&mut first).await;
                    while !line.trim().is_empty() {
                        line.clear();
                        let _ = stream.read_line(&mut line).await;
                    }
                    counted.fetch_add(1, Ordering::SeqCst);
                    let nth = first
                        .split(' ')
                        .nth(1)
                        .and_then(|path| path.strip_prefix('/')?.parse::<usize>().ok());
                    let told = nth.and_then(|nth| given.lock().expect("no panic").get(nth).cloned());
                    let page = || page("", "page");
                    let _ = stream.write_all(told.unwrap_or_else(page).as_bytes()).await;
                });
            }
        });
        Self { port, answers, requests, task }
    }

    /// A URL that redirects there, by one status after the other.
    pub fn sends_to(&self, place: &str) -> String {
        self.gives(|nth| {
            let status = STATUSES[nth % STATUSES.len()];
            format!(
                "HTTP/1.1 {status}\r\nLocation: {place}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        })
    }

    /// The URL of a page that names that place in every way that some client follows.
    pub fn names(&self, place: &str) -> String {
        let port = place.trim_end_matches('/').rsplit(':').next().expect("a port");
        let fields = format!(
            "Refresh: 0; url={place}\r\nContent-Location: {place}\r\nLocation: {place}\r\nAlt-Svc: h2=\"127.0.0.1:{port}\"\r\n\
             Link: <{place}>; rel=preload; as=script\r\nSourceMap: {place}\r\nReport-To: {{\"endpoints\":[{{\"url\":\"{place}\"}}]}}\r\n"
        );
        let head = format!(
            "<meta http-equiv=refresh content='0; url={place}'><base href='{place}'><link rel=canonical href='{place}'>\
             <link rel=icon href='{place}'><link rel=preload href='{place}'><meta property=og:image content='{place}'>\
             <script src='{place}'></script>"
        );
        self.gives(|_| {
            page(
                &fields,
                &format!("named</title>{head}<img src='{place}'><iframe src='{place}'></iframe><title>"),
            )
        })
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn gives(&self, answer: impl FnOnce(usize) -> String) -> String {
        let mut answers = self.answers.lock().expect("no panic");
        let nth = answers.len();
        answers.push(answer(nth));
        format!("http://127.0.0.2:{}/{nth}", self.port)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn page(fields: &str, title: &str) -> String {
    let body = format!("<!doctype html><title>{title}</title>");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close";
    format!("{head}\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}
