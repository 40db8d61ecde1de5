//! Name look-up by the system, bounded: each look-up occupies a thread.

use std::fmt;
use std::net::ToSocketAddrs;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::maybe::BoxFuture;
use crate::names::{Addresses, BoxError, Resolve};

/// How many look-ups run at once.
const AT_ONCE: usize = 64;

/// The system's resolver (`getaddrinfo`), which sessions use unless they are given another: it knows the machine's hosts
/// file, its search domains, and whatever else the machine resolves names by.
///
/// It tells nothing of how long addresses hold. Each look-up occupies a thread of the tokio runtime for blocking work; 64
/// run at once at most, counted together for all clones, and the others wait.
///
/// # Cancellation
/// The system cannot be told to give up: the thread is occupied until it has an answer.
#[derive(Clone)]
pub struct SystemResolver {
    running: Arc<Semaphore>,
}

impl SystemResolver {
    /// One with a count of its own.
    #[must_use]
    pub fn new() -> Self {
        Self { running: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemResolver").finish_non_exhaustive()
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
        let (running, name) = (Arc::clone(&self.running), name.to_owned());
        Box::pin(async move {
            let place = running.acquire_owned().await?;
            let runtime = Handle::try_current()?;
            // The place belongs to the thread, not to this future: the look-up goes on when the caller gives up.
            let looked_up = runtime.spawn_blocking(move || {
                let found = (name.as_str(), 0).to_socket_addrs();
                drop(place);
                found
            });
            Ok(looked_up.await??.collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_immediate;

    use super::*;

    #[tokio::test]
    async fn it_knows_this_machine_and_says_what_it_does_not_know() {
        let resolver = SystemResolver::new();
        let local = resolver.resolve("localhost").await.unwrap();
        assert!(local.iter().all(|address| address.is_loopback()) && !local.is_empty(), "{local:?}");
        assert_eq!(local.ttl(), None);
        // No name of a hosts file or of DNS: labels are 63 bytes long at most.
        let error = resolver.resolve(&"x".repeat(64)).await.unwrap_err();
        assert!(error.is::<std::io::Error>(), "{error:?}");
    }

    #[tokio::test]
    async fn look_ups_wait_for_a_place_and_give_it_back() {
        let resolver = SystemResolver { running: Arc::new(Semaphore::new(0)) };
        let mut waiting = resolver.clone().resolve("localhost");
        assert!(poll_immediate(&mut waiting).await.is_none(), "there is no place");
        resolver.running.add_permits(1);
        waiting.await.unwrap();
        resolver.resolve("localhost").await.unwrap();
        assert_eq!(SystemResolver::new().running.available_permits(), 64);
    }

    #[test]
    fn without_a_runtime_it_fails() {
        let asked = futures_util::FutureExt::now_or_never(SystemResolver::new().resolve("localhost"));
        asked.unwrap().unwrap_err();
    }
}
