//! The server that every client speaks to: hyper on one thread, in a process of its own.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use crate::measure;
use crate::pages::Pages;

/// How many hosts there are for the work that has one that hangs.
const HOSTS: usize = 100;

/// Prints where it listens, a line of JSON, and ends with its standard input: it never outlives who started it.
pub(crate) async fn run() {
    let pages = Arc::new(Pages::new());
    let mut ports = Vec::new();
    for _ in 0..HOSTS {
        let (listener, address) = listener().await;
        let pages = Arc::clone(&pages);
        ports.push(address.port().to_string());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(speak(stream, Arc::clone(&pages)));
            }
        });
    }
    let (silent, address) = listener().await;
    tokio::spawn(async move {
        let mut taken = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            taken.push(stream);
        }
    });
    println!(r#"{{"ports":[{}],"silent":{}}}"#, ports.join(","), address.port());
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

async fn speak(stream: TcpStream, pages: Arc<Pages>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let pages = Arc::clone(&pages);
        async move { Ok::<_, Infallible>(answer(request.uri().path(), &pages).await) }
    });
    // A client that ends a transfer early is an error here, and none.
    let _ = auto::Builder::new(TokioExecutor::new())
        .http1_only()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// `/` is the small page, `/title/N` page N, `/late/N` the small page after 50 to 150 ms, `/cpu` what this process has
/// had of the processors, in seconds.
async fn answer(path: &str, pages: &Pages) -> Response<Parts> {
    let mut steps = path.split('/').skip(1);
    let kind = steps.next().unwrap_or_default();
    let number: usize = steps.next().and_then(|number| number.parse().ok()).unwrap_or(0);
    let parts = match kind {
        "title" => Parts::from(pages.titled(number)),
        "cpu" => Parts::from([Bytes::from(measure::cpu().as_secs_f64().to_string())]),
        "late" => {
            tokio::time::sleep(Duration::from_millis(50 + number as u64 * 7_919 % 101)).await;
            Parts::from([pages.small()])
        }
        _ => Parts::from([pages.small()]),
    };
    let mut response = Response::new(parts);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// A body whose length is known.
struct Parts(VecDeque<Bytes>);

impl<const N: usize> From<[Bytes; N]> for Parts {
    fn from(parts: [Bytes; N]) -> Self {
        Self(parts.into())
    }
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|part| part.len() as u64).sum())
    }
}
