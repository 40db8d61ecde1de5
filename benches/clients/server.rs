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
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::echo;
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
                let _ = stream.set_nodelay(true);
                tokio::spawn(speak(stream, false, Arc::clone(&pages)));
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
    let (ca, certificate, key) = certificate();
    let [tls, h2] = [&b"http/1.1"[..], b"h2"].map(|alpn| secure(alpn, certificate.clone(), &key, &pages));
    let (tls, h2, ca) = (tls.await, h2.await, ca.replace('\n', "\\n"));
    let (ports, silent, echo) = (ports.join(","), address.port(), echo::serve().await);
    println!(r#"{{"ports":[{ports}],"silent":{silent},"echo":{echo},"tls":{tls},"h2":{h2},"ca":"{ca}"}}"#);
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

/// The port of a server that speaks TLS, and this protocol over it.
async fn secure(
    alpn: &'static [u8],
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    pages: &Arc<Pages>,
) -> u16 {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows these versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    let mut config = config.expect("the key fits the certificate");
    config.alpn_protocols = vec![alpn.to_vec()];
    let (acceptor, pages) = (TlsAcceptor::from(Arc::new(config)), Arc::clone(pages));
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let (acceptor, pages) = (acceptor.clone(), Arc::clone(&pages));
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    speak(stream, alpn == b"h2", pages).await;
                }
            });
        }
    });
    address.port()
}

/// A CA in PEM, and a certificate of it for `localhost` with its key.
fn certificate() -> (String, CertificateDer<'static>, KeyPair) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    (ca.pem(), params.signed_by(&key, &ca).expect("a certificate").der().clone(), key)
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    is_http2: bool,
    pages: Arc<Pages>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let pages = Arc::clone(&pages);
        async move { Ok::<_, Infallible>(answer(request.uri().path(), &pages).await) }
    });
    // A client that ends a transfer early is an error here, and none.
    let builder = auto::Builder::new(TokioExecutor::new());
    let builder = if is_http2 { builder.http2_only() } else { builder.http1_only() };
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
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
