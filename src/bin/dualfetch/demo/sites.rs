//! The embedded sites: a few hosts on loopback ports that serve the pages.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http::{HeaderValue, Method, StatusCode, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::pages::{Answer, Page, Whole};

/// How many hosts there are that speak HTTP; one more does not.
const HOSTS: usize = 3;

/// The running sites. Their tasks end with the runtime.
#[derive(Debug)]
pub(crate) struct Sites(Arc<Map>);

/// Which page is where.
#[derive(Debug)]
struct Map {
    pages: HashMap<String, (SocketAddr, Answer)>,
}

impl Sites {
    /// Serves the pages, dealt out over the hosts in turn.
    pub(crate) async fn start(pages: &[Page]) -> io::Result<Self> {
        let mut hosts = Vec::new();
        for _ in 0..HOSTS {
            hosts.push(TcpListener::bind(("127.0.0.1", 0)).await?);
        }
        let cutting = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mut map = HashMap::new();
        for (index, page) in pages.iter().enumerate() {
            let address = match page.answer {
                Answer::Cut => cutting.local_addr()?,
                _ => hosts[index % HOSTS].local_addr()?,
            };
            map.insert(page.path.clone(), (address, page.answer.clone()));
        }
        let map = Arc::new(Map { pages: map });
        for host in hosts {
            let map = Arc::clone(&map);
            let router = Router::new().fallback(move |request: Request| answer(Arc::clone(&map), request));
            tokio::spawn(async move { axum::serve(host, router).await });
        }
        tokio::spawn(cut_all(cutting));
        Ok(Self(map))
    }

    /// How many hosts there are.
    pub(crate) fn hosts(&self) -> usize {
        HOSTS + 1
    }

    /// Where the page is.
    pub(crate) fn url(&self, page: &Page) -> String {
        self.0.url(&page.path).unwrap_or_default()
    }
}

impl Map {
    fn url(&self, path: &str) -> Option<String> {
        self.pages.get(path).map(|(address, _)| format!("http://{address}{path}"))
    }
}

/// Every answer may be read by a page from anywhere, such as the demo page: the sites keep no secrets.
async fn answer(map: Arc<Map>, request: Request) -> Response {
    const ANY: HeaderValue = HeaderValue::from_static("*");
    let mut response = match request.method() {
        // What a browser asks before it sends headers of the page's own.
        &Method::OPTIONS => {
            let mut response = empty(StatusCode::NO_CONTENT);
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ANY);
            response
        }
        _ => asked(&map, request.uri().path()).await,
    };
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    response
}

async fn asked(map: &Map, path: &str) -> Response {
    match map.pages.get(path).map(|(_, answer)| answer) {
        Some(Answer::Hang) => std::future::pending().await,
        Some(Answer::Long { start, length }) => long(start, *length),
        Some(Answer::Redirect(to)) => redirect(map, to),
        Some(Answer::Whole(page)) => whole(page).await,
        Some(Answer::Cut) | None => empty(StatusCode::NOT_FOUND),
    }
}

async fn whole(page: &Whole) -> Response {
    tokio::time::sleep(page.after).await;
    let mut response = Response::new(match page.pause {
        Duration::ZERO => Body::from(page.body.clone()),
        pause => Body::from_stream(halves(page.body.clone(), pause)),
    });
    *response.status_mut() = page.status;
    if let Ok(content_type) = HeaderValue::from_str(&page.content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    if let Some(encoding) = page.content_encoding {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn halves(mut body: Bytes, pause: Duration) -> impl Stream<Item = io::Result<Bytes>> {
    let start = body.split_to(body.len() / 2);
    let rest = stream::once(async move {
        tokio::time::sleep(pause).await;
        Ok(body)
    });
    stream::iter([Ok(start)]).chain(rest)
}

fn redirect(map: &Map, to: &str) -> Response {
    let mut response = empty(StatusCode::MOVED_PERMANENTLY);
    if let Some(Ok(to)) = map.url(to).map(HeaderValue::try_from) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// The start of a page, then filler. It is made as it is sent, so what nobody reads costs nothing.
fn long(start: &Bytes, length: u64) -> Response {
    static FILLER: [u8; 16 * 1024] = [b' '; 16 * 1024];
    let left = length.saturating_sub(start.len() as u64);
    let filler = stream::unfold(left, |left| async move {
        let count = left.min(FILLER.len() as u64);
        (count > 0).then(|| (Bytes::from_static(&FILLER[..count as usize]), left - count))
    });
    let pieces = stream::iter([start.clone()]).chain(filler).map(Ok::<_, io::Error>);
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(start.len() as u64 + left));
    response
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// No HTTP library promises more than it sends, so this is a bare socket.
async fn cut_all(listener: TcpListener) {
    loop {
        // A connection that was gone before it was accepted is the client's business.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(cut(stream));
        }
    }
}

async fn cut(mut stream: TcpStream) -> io::Result<()> {
    // What has come must be read first: otherwise the kernel answers with a reset, and the half page may be lost.
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await? > 0 {}
    // The head is whole: Chromium takes half of one for all there is, and blames CORS for what is not in it.
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\naccess-control-allow-origin: *\r\n\
                  content-length: 1000\r\n\r\n<!doctype html><head>";
    stream.write_all(answer.as_bytes()).await
}
