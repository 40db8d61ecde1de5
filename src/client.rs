//! [`Client`]: the one implementation of [`Session`], over any platform.

mod attempt;
mod bounded;
mod guarded;
mod hops;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::error::Result;
use crate::maybe::MaybeSend;
use crate::platform::Backend;
use crate::policy::scheduler::{Figures, Limits, Scheduler};
use crate::request::Request;
use crate::response::Response;
use crate::session::Session;

/// A session over the platform `B`.
///
/// Cheap to clone: clones share limits and connections. When the last clone and the last response of it are dropped,
/// so are its connections.
pub struct Client<B: Backend> {
    shared: Arc<Shared<B>>,
}

struct Shared<B> {
    backend: B,
    config: Config,
    scheduler: Arc<Scheduler>,
}

impl<B: Backend> Client<B> {
    /// A session with these settings over this backend.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) and [`InvalidHeader`](crate::ErrorKind::InvalidHeader) for
    /// what makes no sense, [`Unsupported`](crate::ErrorKind::Unsupported) for what was set and the platform cannot do.
    pub fn with_backend(config: Config, backend: B) -> Result<Self> {
        config.validate(backend.capabilities())?;
        let scheduler = Scheduler::new(config.limits(backend.capabilities()));
        let config = config.with_defaults(backend.capabilities());
        Ok(Self { shared: Arc::new(Shared { backend, config, scheduler }) })
    }

    /// What is under way and what waits, now.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.shared.scheduler.figures()
    }

    /// The settings it was made with.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }
}

impl<B: Backend> Session for Client<B> {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response>> + MaybeSend {
        hops::send(&self.shared, request)
    }

    fn now(&self) -> Duration {
        self.shared.backend.now()
    }

    fn limits(&self) -> Limits {
        self.shared.config.limits(self.shared.backend.capabilities())
    }
}

impl<B: Backend> Clone for Client<B> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<B: Backend> fmt::Debug for Client<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("platform", &self.shared.backend.capabilities().platform)
            .field("config", &self.shared.config)
            .field("figures", &self.shared.scheduler.figures())
            .finish()
    }
}
