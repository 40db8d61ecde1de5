//! Waiting without luck: gates that a test opens, and a wait that fails loudly.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// How long any wait of the support code lasts before it fails the test. Far more than a busy machine needs.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Awaits `future`; when [`PATIENCE`] runs out, panics with what was awaited and what `seen` reports.
pub async fn within<T>(what: &str, seen: impl FnOnce() -> String, future: impl Future<Output = T>) -> T {
    within_at_most(PATIENCE, what, seen, future).await
}

/// The same with a patience of its own.
pub async fn within_at_most<T>(
    patience: Duration,
    what: &str,
    seen: impl FnOnce() -> String,
    future: impl Future<Output = T>,
) -> T {
    match tokio::time::timeout(patience, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {patience:?} in vain for: {what}\nseen: {}", seen()),
    }
}

/// A gate that the test opens. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets everyone pass, now and later.
    pub fn open(&self) {
        self.0.close();
    }

    /// Lets exactly `count` passages through, whether they wait already or come later.
    pub fn let_through(&self, count: usize) {
        self.0.add_permits(count);
    }

    /// Waits until the gate is open, or takes one of the passages let through.
    pub async fn pass(&self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// What lies between two pieces of a drip.
#[derive(Clone, Debug)]
pub enum Pace {
    /// Nothing: the next piece follows as soon as the socket takes it.
    AtOnce,
    /// One passage of the gate before each piece but the first.
    Gate(Gate),
    /// A time before each piece but the first.
    Gap(Duration),
}

impl Pace {
    pub async fn wait(&self) {
        match self {
            Self::AtOnce => {}
            Self::Gate(gate) => gate.pass().await,
            Self::Gap(gap) => tokio::time::sleep(*gap).await,
        }
    }
}
