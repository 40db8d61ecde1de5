//! [`Gateway`]: an HTTP server's routes that fetch for those who cannot by themselves.
//!
//! A page may read only the sites that allow it (CORS), and many programs should not each ask the web in their own way.
//! A gateway is one session behind HTTP: bounded, polite, and in [`SafeMode`](crate::SafeMode) whatever is set. It is an
//! [axum] router, so that it can be mounted in a server of one's own; `dualfetch serve` is the server of the command line.
//!
//! | route | |
//! |---|---|
//! | `GET /fetch?url=…` (and HEAD, POST, PUT, PATCH, DELETE) | the answer of that URL, streamed through |
//! | `POST /titles` | a list of URLs in, a row with its title for each as soon as it is known |
//! | `GET /ws` | the same over a WebSocket, with pause, resume, cancel and progress |
//! | `GET /healthz`, `/readyz`, `/metrics` | for what watches it |
//! | `GET /openapi.json` | all of this, as OpenAPI 3.1 |
//! | `GET /` and `/pkg/` | the page and the npm package, where [`Settings::assets`] names them |
//!
//! ```no_run
//! use dualfetch::gateway::{Gateway, Settings};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let gateway = Gateway::new(Settings::new())?;
//! // With a slash at its end: what the page names beside itself is looked for below that.
//! let app = axum::Router::new().nest("/gateway/", gateway.router());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! // With the clients' addresses, which rates are counted by.
//! axum::serve(listener, app.into_make_service_with_connect_info::<std::net::SocketAddr>()).await?;
//! # Ok(())
//! # }
//! ```

mod access;
mod assets;
mod fetch;
mod headers;
mod health;
mod keys;
mod layers;
mod listing;
mod live;
mod metrics;
mod openapi;
mod problem;
mod relay;
mod settings;
mod share;
mod stall;
mod state;
mod titles;

use std::net::IpAddr;

use axum::Router;

use crate::error::Result;
use crate::policy::scheduler::Figures;

pub use assets::Assets;
pub use keys::{Keys, NewKey};
pub use settings::{CallRate, Settings};

use state::State;

/// A session behind HTTP. Cheap to clone: clones are the same gateway.
///
/// # Ending
/// [`drain`](Self::drain), then [`close`](Self::close) once there is no more time. Dropping it ends nothing that is under
/// way.
#[derive(Clone, Debug)]
pub struct Gateway {
    state: State,
}

impl Gateway {
    /// A gateway with these settings. Opens nothing yet.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) with the setting that makes no sense; else as
    /// [`Config::build`](crate::Config::build).
    pub fn new(settings: Settings) -> Result<Self> {
        Ok(Self { state: State::new(settings)? })
    }

    /// All routes, to be served or mounted. Where clients are to be told apart by their addresses the server has to hand
    /// these over, as `into_make_service_with_connect_info::<SocketAddr>()` does.
    pub fn router(&self) -> Router {
        let guarded = Router::new()
            .merge(fetch::routes())
            .merge(live::routes())
            .merge(metrics::routes())
            .merge(titles::routes());
        let open = Router::new().merge(health::routes()).merge(openapi::routes()).merge(assets::routes());
        layers::around(guarded, open, &self.state)
    }

    /// Takes new settings for requests that come from now on; those under way go on with the ones that they began with. Its
    /// connections are kept unless a bound of its fetching, its safe mode or its user agent has changed: then there is a new
    /// session, and what is under way in the old one does not count in its limits.
    ///
    /// # Errors
    /// As [`new`](Self::new). The settings then stay as they are.
    pub fn reload(&self, settings: Settings) -> Result<()> {
        self.state.reload(settings)
    }

    /// Begins the end: `/readyz` says so, lists take no more URLs, and every URL that was taken still gets its row.
    pub fn drain(&self) {
        self.state.drain();
    }

    /// Ends what is under way: URLs of lists that have no row yet get one of [`Closed`](crate::ErrorKind::Closed), bodies
    /// that are relayed are cut, and new requests are refused.
    pub fn close(&self) {
        self.state.close();
    }

    /// Whether this is the address of a proxy that [the settings](Settings::trusted_proxies) trust: what comes from there
    /// comes from many.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.state.live().proxies.iter().any(|proxy| proxy.contains(address))
    }

    /// What is under way and what waits, now.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.state.live().session.figures()
    }

    /// What `/metrics` shows.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.state.metrics().text(&self.state)
    }
}
