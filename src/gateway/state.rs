//! [`State`]: what all routes share.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::platform;
use crate::safe_mode::Network;

use super::access::Limiter;
use super::metrics::Metrics;
use super::settings::Settings;
use super::share::Shares;
use super::stall::Stalls;

/// The session behind it.
pub(super) type Behind = Client<platform::Default>;

/// What all routes share.
#[derive(Clone)]
pub(super) struct State(Arc<Shared>);

struct Shared {
    live: RwLock<Arc<Live>>,
    stage: watch::Sender<Stage>,
    closing: CancellationToken,
    metrics: Arc<Metrics>,
    stalls: Stalls,
}

/// What is for requests that come now; those under way keep the one that they began with.
pub(super) struct Live {
    pub(super) session: Behind,
    pub(super) settings: Settings,
    pub(super) limiter: Arc<Limiter>,
    pub(super) shares: Arc<Shares>,
    pub(super) proxies: Vec<Network>,
}

/// How near the end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Running,
    /// Nothing new is begun.
    Draining,
    /// What is under way ends.
    Closing,
}

impl State {
    pub(super) fn new(settings: Settings) -> Result<Self> {
        let metrics = Arc::new(Metrics::new());
        let live = Live::new(settings, None, &metrics)?;
        Ok(Self(Arc::new(Shared {
            live: RwLock::new(Arc::new(live)),
            stage: watch::Sender::new(Stage::Running),
            closing: CancellationToken::new(),
            metrics,
            stalls: Stalls::new(),
        })))
    }

    pub(super) fn reload(&self, settings: Settings) -> Result<()> {
        let before = self.live();
        let live = Arc::new(Live::new(settings, Some(&before), &self.0.metrics)?);
        *self.0.live.write().unwrap_or_else(PoisonError::into_inner) = live;
        Ok(())
    }

    pub(super) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.0.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// Who watches answers that clients do not take.
    pub(super) fn stalls(&self) -> &Stalls {
        &self.0.stalls
    }

    /// How near the end is, and to wait for it to come nearer.
    pub(super) fn stage(&self) -> watch::Receiver<Stage> {
        self.0.stage.subscribe()
    }

    pub(super) fn is_draining(&self) -> bool {
        *self.0.stage.borrow() > Stage::Running
    }

    /// Fires when what is under way has to end.
    pub(super) fn closing(&self) -> &CancellationToken {
        &self.0.closing
    }

    pub(super) fn drain(&self) {
        self.advance(Stage::Draining);
    }

    pub(super) fn close(&self) {
        self.advance(Stage::Closing);
        self.0.closing.cancel();
        drop(self.live().session.close());
    }

    fn advance(&self, to: Stage) {
        self.0.stage.send_if_modified(|stage| {
            let is_new = *stage < to;
            *stage = (*stage).max(to);
            is_new
        });
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = *self.0.stage.borrow();
        f.debug_struct("State").field("stage", &stage).field("settings", &self.live().settings).finish()
    }
}

impl Live {
    /// `before`: what it comes after. Its session is kept where it may be, with its connections and what it counts.
    fn new(mut settings: Settings, before: Option<&Self>, metrics: &Arc<Metrics>) -> Result<Self> {
        settings.check()?;
        if let Some(before) = before {
            settings.config = before.settings.config.clone();
        }
        let session = match before.filter(|before| before.settings.fetches_as(&settings)) {
            Some(before) => before.session.clone(),
            None => {
                let watch = Arc::clone(metrics);
                let config = settings.session().on_event(move |event| watch.event(event));
                Client::with_backend(config, platform::Default::default())?
            }
        };
        // What was counted counts on, however often other settings change.
        let limiter = before.map(|before| &before.limiter).filter(|limiter| limiter.is_of(settings.rate));
        let limiter = limiter.map_or_else(|| Arc::new(Limiter::new(settings.rate)), Arc::clone);
        let shares = before.map(|before| &before.shares);
        let shares = shares.filter(|shares| shares.is_of(settings.limit_per_caller));
        let shares = shares.map_or_else(|| Arc::new(Shares::new(settings.limit_per_caller)), Arc::clone);
        let proxies = settings.networks()?;
        Ok(Self { session, settings, limiter, shares, proxies })
    }
}

/// The gateway has closed.
pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Closed).with_message("the gateway is ending")
}
