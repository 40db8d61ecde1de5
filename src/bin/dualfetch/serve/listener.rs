//! Where clients connect.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ConnectInfo;
use futures_util::FutureExt;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

use crate::Stop;

use super::addresses::Addresses;
use super::configuration::Listen;
use super::connection::Server;
use super::wire::Place;

/// As many as a system keeps that have come and were not taken yet; it may be fewer.
pub(super) const BACKLOG: i32 = 1_024;
/// After so long a peer that is silent is asked whether it is there, by TCP: it may have gone without a word.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a system that can give no connection is left alone.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the log is told of the same trouble.
const TELLING: Duration = Duration::from_secs(10);

/// An address that is listened on.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(super::unix::Socket),
}

impl Listener {
    /// Sockets of the file system get this mode.
    pub(super) async fn bind(listen: &Listen, mode: u32) -> Result<Self, Stop> {
        let bound = match listen {
            Listen::Tcp(address) => TcpListener::bind(address).await.map(|listener| {
                // Its connections inherit it; where they do not, it is only that.
                let _ = SockRef::from(&listener).set_tcp_keepalive(&TcpKeepalive::new().with_time(SILENCE));
                Self::Tcp(listener)
            }),
            #[cfg(unix)]
            Listen::Unix(path) => super::unix::Socket::bind(path, mode).await.map(Self::Unix),
        };
        #[cfg(not(unix))]
        let _ = mode;
        bound.map_err(|error| {
            Stop::Fault(match error.kind() {
                io::ErrorKind::AddrInUse => {
                    format!("listen: {listen} is taken, another program listens there; give another by --listen, or port 0 for a free one")
                }
                io::ErrorKind::AddrNotAvailable => format!("listen: this machine has no address {listen}: {error}"),
                io::ErrorKind::PermissionDenied => {
                    format!("listen: {listen} may not be listened on by this user: {error}; ports from 1024 on may")
                }
                _ => format!("listen: cannot listen on {listen}: {error}"),
            })
        })
    }

    /// How to get there.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Tcp(listener) => listener
                .local_addr()
                .map_or_else(|error| error.to_string(), |address| format!("http://{address}")),
            #[cfg(unix)]
            Self::Unix(socket) => format!("unix:{}", socket.path().display()),
        }
    }

    /// Takes connections, as many at once as there are places, until `ending` is true; those that have come by then are
    /// taken still. Of an address that has as many as it may, more are closed.
    pub(super) async fn accept(
        self,
        server: Server,
        places: Arc<Semaphore>,
        addresses: Addresses,
        mut ending: watch::Receiver<bool>,
    ) {
        let mut trouble = Trouble::default();
        loop {
            let next = async {
                let place = place(&places, &mut trouble).await?;
                Some((self.next().await, place))
            };
            let next = tokio::select! {
                // However many come.
                biased;
                _ = ending.wait_for(|ending| *ending) => break,
                next = next => next,
            };
            match next {
                Some((Ok(stream), place)) => {
                    if !stream.serve(server.clone(), place, &addresses) && trouble.is_to_tell() {
                        tracing::warn!(
                            "an address has as many connections as max_connections_per_address allows; more are closed"
                        );
                    }
                }
                Some((Err(error), _)) => trouble.met(&error).await,
                None => break,
            }
        }
        for _ in 0..BACKLOG {
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { break };
            let Some(Ok(stream)) = self.next().now_or_never() else { break };
            stream.serve(server.clone(), place, &addresses);
        }
    }

    async fn next(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Rows are small, and each is waited for.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream, peer))
            }
            #[cfg(unix)]
            Self::Unix(socket) => socket.next().await.map(Stream::Unix),
        }
    }
}

/// A connection that was taken.
enum Stream {
    Tcp(tokio::net::TcpStream, SocketAddr),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Stream {
    /// Whether it is served: an address may have as many already as it may.
    fn serve(self, server: Server, place: OwnedSemaphorePermit, addresses: &Addresses) -> bool {
        match self {
            Self::Tcp(stream, peer) => {
                let Some(held) = addresses.take(peer.ip()) else { return false };
                let place = Place { _one: place, _of_address: Some(held) };
                tokio::spawn(server.serve(stream.into_split(), Some(ConnectInfo(peer)), place));
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                let place = Place { _one: place, _of_address: None };
                tokio::spawn(server.serve(stream.into_split(), None::<ConnectInfo<SocketAddr>>, place));
            }
        }
        true
    }
}

/// Waits for a place, and says so.
async fn place(places: &Arc<Semaphore>, trouble: &mut Trouble) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Some(place);
    }
    if trouble.is_to_tell() {
        tracing::warn!("there are as many connections as max_connections allows; more wait until one ends");
    }
    Arc::clone(places).acquire_owned().await.ok()
}

/// What keeps connections from being taken, told now and then.
#[derive(Default)]
struct Trouble {
    told: Option<Instant>,
}

impl Trouble {
    fn is_to_tell(&mut self) -> bool {
        let is_due = self.told.is_none_or(|told| told.elapsed() >= TELLING);
        if is_due {
            self.told = Some(Instant::now());
        }
        is_due
    }

    /// A connection that is gone again is nothing; where the system has no more to give (files, memory) it is left alone
    /// for a moment.
    async fn met(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
            return;
        }
        if self.is_to_tell() {
            tracing::error!(%error, "a connection could not be taken");
        }
        sleep(PAUSE).await;
    }
}
