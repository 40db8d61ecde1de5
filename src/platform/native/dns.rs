//! Name look-up by the system, bounded: each look-up occupies a thread.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use tokio::sync::Semaphore;

/// How many look-ups run at once.
const AT_ONCE: usize = 64;

/// The system's resolver.
#[derive(Clone)]
pub(super) struct Resolver {
    running: Arc<Semaphore>,
}

/// A name that did not resolve: how look-up failures are told from others.
#[derive(Debug)]
pub(super) struct NotResolved {
    name: String,
    source: Option<std::io::Error>,
}

impl Resolver {
    pub(super) fn new() -> Self {
        Self { running: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Resolver {
    pub(super) async fn look_up(&self, name: &str, port: u16) -> Result<Vec<SocketAddr>, NotResolved> {
        if let Ok(address) = name.trim_matches(['[', ']']).parse() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let running = Arc::clone(&self.running);
        let name = name.to_owned();
        let failed = |name, source| NotResolved { name, source };
        let Ok(place) = running.acquire_owned().await else { return Err(failed(name, None)) };
        let asked = name.clone();
        // The place belongs to the thread, not to this future: the look-up goes on when the caller gives up.
        let looked_up = tokio::task::spawn_blocking(move || {
            let found = (asked.as_str(), port).to_socket_addrs();
            drop(place);
            found
        });
        match looked_up.await {
            Ok(Ok(found)) => Ok(found.collect()),
            Ok(Err(error)) => Err(failed(name, Some(error))),
            Err(_) => Err(failed(name, None)),
        }
    }
}

impl fmt::Display for NotResolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no address for {:?}", self.name)
    }
}

impl std::error::Error for NotResolved {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
