//! reqwest clients, one for each way to make connections, the least recently used dropped past a bound.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::options::{HttpVersion, Transport};

use super::alpn::Alpn;
use super::connect::ConnectLayer;
use super::dns::Resolver;
use super::tls;

/// How many ways to make connections are kept ready.
const KEPT: usize = 32;

/// The longest keep-alive; the pool adds it to a clock that ends.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long an idle connection is kept when `keep_alive` is not set.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A reqwest client and what is known of the origins it talks to.
pub(super) struct Pooled {
    pub(super) reqwest: reqwest::Client,
    pub(super) alpn: Alpn,
}

pub(super) struct Clients {
    /// The most recently used last.
    kept: Mutex<Vec<(Transport, Arc<Pooled>)>>,
    verifier: OnceLock<tls::Verifier>,
    resolver: Arc<Resolver>,
}

impl Clients {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::default(), verifier: OnceLock::new(), resolver: Arc::new(Resolver::new()) }
    }

    /// The client for this way to make connections.
    pub(super) fn of(&self, transport: &Transport) -> Result<Arc<Pooled>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.iter().rposition(|(key, _)| key == transport) {
            if place + 1 < kept.len() {
                let used = kept.remove(place);
                kept.push(used);
            }
            return kept.last().map(|(_, client)| Arc::clone(client)).ok_or_else(|| ErrorKind::Closed.into());
        }
        let client = Arc::new(self.build(transport)?);
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((*transport, Arc::clone(&client)));
        Ok(client)
    }

    fn build(&self, transport: &Transport) -> Result<Pooled> {
        let version = transport.http_version.unwrap_or_default();
        let verifier = self.verifier.get_or_init(tls::verifier);
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(verifier, version)?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .pool_idle_timeout(transport.keep_alive.unwrap_or(KEEP_ALIVE).min(FOR_EVER))
            .dns_resolver(Arc::clone(&self.resolver))
            .connector_layer(ConnectLayer);
        builder = match version {
            HttpVersion::Auto => builder,
            HttpVersion::Http1 => builder.http1_only(),
            HttpVersion::Http2 => builder.http2_prior_knowledge(),
        };
        if transport.force_close == Some(true) {
            builder = builder.pool_max_idle_per_host(0);
        }
        let reqwest = builder.build().map_err(|error| {
            Error::new(ErrorKind::Tls).with_message("the HTTP client could not be made").with_source(error)
        })?;
        Ok(Pooled { reqwest, alpn: Alpn::new() })
    }
}
