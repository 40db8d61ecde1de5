//! [`Client`]: the one implementation of [`Session`], over any platform.

mod attempt;
mod bounded;
mod closing;
mod cookies;
mod guarded;
mod hops;
mod layered;
mod sent;
#[cfg(feature = "websocket")]
mod switched;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::connection::Connections;
use crate::dyn_session::DynSession;
use crate::error::{Error, ErrorKind, Result};
use crate::gated::Gated;
use crate::maybe::{BoxFuture, MaybeSend};
use crate::middleware::Layers;
use crate::options::Options;
use crate::platform::Backend;
use crate::policy::scheduler::{Figures, Limits, Scheduler};
use crate::request::{Request, RequestOptions};
use crate::response::Response;
use crate::session::Session;
use crate::url::Url;

pub use closing::Closing;

/// A session over the platform `B`.
///
/// Cheap to clone: a clone is the same session, with the same limits and connections.
///
/// # Dropping
/// Dropping a clone ends nothing: requests and responses have what they need, and go on. When the last clone and the
/// last response are gone, so are the connections. To refuse further requests before that, [`close`](Self::close) it.
pub struct Client<B: Backend> {
    shared: Arc<Shared<B>>,
}

struct Shared<B> {
    backend: Arc<B>,
    config: Config,
    /// The configuration's, as requests share them.
    options: Arc<Options>,
    /// The configuration's, where there are any.
    layers: Option<Gated<Arc<Layers>>>,
    scheduler: Arc<Scheduler>,
}

impl<B: Backend> Client<B> {
    /// A session with these settings over this backend.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) and [`InvalidHeader`](crate::ErrorKind::InvalidHeader) for
    /// what makes no sense, [`Unsupported`](crate::ErrorKind::Unsupported) for what was set and the platform cannot do.
    pub fn with_backend(config: Config, backend: B) -> Result<Self> {
        let scheduler = Scheduler::new(config.limits(backend.capabilities()));
        Self::over(config, Arc::new(backend), scheduler)
    }

    fn over(config: Config, backend: Arc<B>, scheduler: Arc<Scheduler>) -> Result<Self> {
        config.validate(backend.capabilities())?;
        let config = config.with_defaults(backend.capabilities());
        let config = cookies::with_store(config, backend.capabilities())?;
        let options = Arc::new(config.options.clone());
        backend.check(&RequestOptions::new(Arc::clone(&options)))?;
        let layers = config.all_layers()?.shared();
        Ok(Self { shared: Arc::new(Shared { backend, config, options, layers, scheduler }) })
    }

    /// How many connections there are now, and how many were made.
    ///
    /// ```no_run
    /// # fn example(session: &dualfetch::DefaultSession) -> dualfetch::Result<()> {
    /// let connections = session.connections()?;
    /// println!("{} of {} connections stand", connections.open, connections.made);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where the platform does not tell, as a browser does not.
    pub fn connections(&self) -> Result<Connections> {
        self.shared.backend.connections()
    }

    /// Forgets the addresses that were found for a host, or for all: new connections ask the resolver again. Those that
    /// stand are kept.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where the platform looks names up by itself, as a browser does.
    pub fn clear_dns_cache<'h>(&self, host: impl Into<Option<&'h str>>) -> Result<()> {
        self.shared.backend.clear_dns_cache(host.into())
    }

    /// A session with changed defaults over the same connections, within the same limits and rate: what is under way in
    /// one counts in the other, and closing one closes both.
    ///
    /// `change` is given this session's settings: what it leaves alone stays, middleware and observers are added to. So
    /// does the jar, and with it who the cookies say is asking: for another user give it one of its own
    /// (`config.cookie_store(CookieJar::new())`). Where the [`base_url`](Config::base_url) becomes one of another origin,
    /// the credentials of this session that are left alone do not go along.
    ///
    /// # Errors
    /// As [`with_backend`](Self::with_backend), and [`InvalidOption`](crate::ErrorKind::InvalidOption) where a limit or
    /// the rate was changed: they are shared.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::Scripted};
    /// # let platform = Scripted::new(1);
    /// let session = Client::with_backend(Config::new().limit(10), platform.clone())?;
    /// let api = session.extend(|config| config.base_url("https://api.example/").header("x-key", "7"))?;
    /// # platform.run(async {
    /// assert_eq!(api.get("users").await?.url().as_str(), "https://api.example/users");
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn extend(&self, change: impl FnOnce(Config) -> Config) -> Result<Self> {
        let config = change(self.shared.config.clone()).without_credentials_of(&self.shared.config);
        if let Some(option) = self.shared.config.changed_limit(&config) {
            return Err(Error::new(ErrorKind::InvalidOption { option })
                .with_message("it is shared with the session that is extended"));
        }
        Self::over(config, Arc::clone(&self.shared.backend), Arc::clone(&self.shared.scheduler))
    }

    /// What is under way and what waits, now.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.shared.scheduler.figures()
    }

    /// Closes the session, for all its clones and for good. That is done by the call, awaited or not; the future is
    /// ready when nothing is under way any more.
    ///
    /// From then on a request, and one that waits for its first permit, is [`Closed`](crate::ErrorKind::Closed). What
    /// has had its permit is under way and goes on to the end of its body, its redirects and retries included.
    /// Connections that nothing uses are let go. Closing again does nothing, and waits for the same end.
    ///
    /// The future is kept waiting by a body of more than 64 KiB that is neither read nor dropped (a `response` in scope is
    /// not dropped), and by a request whose future is not polled: where that may be, bound it by a timeout of your own. What shall end sooner is to be dropped by its
    /// owner. (JavaScript, which cannot drop, has a `close()` that ends what is under way, too.)
    ///
    /// # Cancellation
    /// Dropping the future opens nothing again.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, ErrorKind, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::ok(vec![0; 300 * 1024]));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let under_way = session.get("https://example.com/").await?;
    /// let closing = session.close();
    /// let refused = session.get("https://example.com/").await.unwrap_err();
    /// assert_eq!(refused.kind(), &ErrorKind::Closed);
    ///
    /// assert_eq!(under_way.bytes().await?.len(), 300 * 1024);
    /// closing.await;
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn close(&self) -> Closing {
        if self.shared.scheduler.close() {
            self.shared.backend.close();
        }
        Closing::new(&self.shared.scheduler)
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.scheduler.is_closed()
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

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let backend = &self.shared.backend;
        Box::pin(backend.sleep_until(backend.now().saturating_add(duration)))
    }

    fn base_url(&self) -> Option<&Url> {
        self.shared.config.base_url.as_ref()
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

impl<B: Backend> From<Client<B>> for DynSession {
    fn from(client: Client<B>) -> Self {
        Self::new(client)
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
