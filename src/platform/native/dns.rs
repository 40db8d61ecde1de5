//! Name look-up by the system, bounded: each look-up occupies a thread.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::Semaphore;
use tower_service::Service;

use crate::maybe::BoxFuture;

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

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = NotResolved;
    type Future = BoxFuture<'static, Result<Self::Response, NotResolved>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NotResolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let running = Arc::clone(&self.running);
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let failed = |name, source| NotResolved { name, source };
            let Ok(place) = running.acquire_owned().await else { return Err(failed(name, None)) };
            let asked = name.clone();
            // The place belongs to the thread, not to this future: the look-up goes on when the caller gives up.
            let looked_up = tokio::task::spawn_blocking(move || {
                let found = (asked.as_str(), 0).to_socket_addrs();
                drop(place);
                found
            });
            match looked_up.await {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(error)) => Err(failed(name, Some(error))),
                Err(_) => Err(failed(name, None)),
            }
        })
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
