//! Making connections, by TCP and TLS: the bound on it, and word of how far it is.
//!
//! hyper-util polls a new connection first in the task that asked for it, so a task-local set around the request is
//! seen here. A connection that is no longer needed goes on in the background, under the same bound.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tower_service::Service;

use crate::connection::{ConnectionInfo, TlsInfo};
use crate::maybe::BoxFuture;
use crate::platform::Progress;

use super::dns::Resolver;
use super::tls;
use super::wire::Wire;

tokio::task_local! {
    /// The request on whose behalf a connection is made.
    pub(super) static CONNECT: Arc<Probe>;
}

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What one request wants of its connection, and what became of it.
pub(super) struct Probe {
    bound: Option<Duration>,
    progress: Option<Arc<Progress>>,
    started: Instant,
    stage: AtomicU8,
}

/// How far a request's connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    /// None had to be made, so far.
    Untouched = 0,
    Connecting = 1,
    /// It stands, and speaks HTTP/1.1.
    Http1 = 2,
    /// It stands, and speaks HTTP/2.
    Http2 = 3,
}

impl Probe {
    pub(super) fn new(bound: Option<Duration>, progress: Option<Arc<Progress>>, started: Instant) -> Self {
        Self { bound, progress, started, stage: AtomicU8::new(Stage::Untouched as u8) }
    }

    pub(super) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            1 => Stage::Connecting,
            2 => Stage::Http1,
            3 => Stage::Http2,
            _ => Stage::Untouched,
        }
    }

    fn connecting(&self) {
        self.stage.store(Stage::Connecting as u8, Ordering::Relaxed);
        if let Some(progress) = &self.progress {
            progress.connecting(self.started.elapsed());
        }
    }

    fn connected(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
        if let Some(progress) = &self.progress {
            progress.connected(self.started.elapsed());
        }
    }
}

/// Connecting took longer than its bound.
#[derive(Debug)]
pub(super) struct ConnectTimeout;

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connecting took too long")
    }
}

impl std::error::Error for ConnectTimeout {}

/// Several clones are made for each request, and few requests connect: the connector itself is cloned only then.
#[derive(Clone)]
pub(super) struct Connect {
    inner: Arc<HttpsConnector<HttpConnector<Resolver>>>,
}

impl Connect {
    pub(super) fn new(tcp: HttpConnector<Resolver>, tls: ClientConfig) -> Self {
        Self { inner: Arc::new(HttpsConnector::from((tcp, tls))) }
    }
}

impl Service<Uri> for Connect {
    type Response = Wire<Stream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        // Its parts are always ready.
        let connecting = HttpsConnector::clone(&self.inner).call(target);
        let probe = CONNECT.try_with(Arc::clone).ok();
        if let Some(probe) = &probe {
            probe.connecting();
        }
        Box::pin(async move {
            let Some(probe) = probe else { return Ok(wire(connecting.await?)) };
            let connection = match probe.bound {
                None => connecting.await?,
                // Not boxed by hand: `?` would box the box, and the type could not be found again.
                Some(bound) => {
                    tokio::time::timeout(bound, connecting).await.map_err(|_| ConnectTimeout)??
                }
            };
            probe.connected(match connection.connected().is_negotiated_h2() {
                true => Stage::Http2,
                false => Stage::Http1,
            });
            Ok(wire(connection))
        })
    }
}

fn wire(stream: Stream) -> Wire<Stream> {
    let told = match &stream {
        MaybeHttpsStream::Http(tcp) => told(tcp.inner(), None),
        MaybeHttpsStream::Https(tls) => {
            let (tcp, tls) = tls.inner().get_ref();
            told(tcp.inner().inner(), Some(tls::info(tls)))
        }
    };
    Wire::new(stream).telling(told)
}

fn told(tcp: &TcpStream, tls: Option<TlsInfo>) -> ConnectionInfo {
    ConnectionInfo::new(tcp.peer_addr().ok(), tcp.local_addr().ok(), tls)
}
