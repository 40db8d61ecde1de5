//! HTTP clients, one for each way to make connections, the least recently used dropped past a bound.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::body::Outgoing;
use crate::connection::Connections;
use crate::connector::{Connecting, Connector};
use crate::error::{ErrorKind, Result};
use crate::options::{HttpVersion, Options, Transport};

use super::alpn::Alpn;
use super::connect::Connect;
use super::dial::Dial;
use super::names::{AllNames, Names};
use super::routes::{Purpose, Routes};
use super::tls::Configurations;
use super::way::Way;
use super::wire::Counter;

/// How many ways to make connections are kept ready: as many as there may be proxies in turn. One of them without
/// connections takes a few kilobytes.
const KEPT: usize = 256;

/// The longest keep-alive; the pool adds it to a clock that ends.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long an idle connection is kept when `keep_alive` is not set.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The least that hyper takes for its buffer, which a whole head of HTTP/1.1 must fit into.
const LEAST_BUFFER: usize = 8192;

/// A client and what is known of the origins it talks to.
pub(super) struct Pooled {
    pub(super) http: Client<Connect, Outgoing>,
    pub(super) alpn: Alpn,
}

pub(super) struct Clients {
    kept: Mutex<Kept>,
    tls: Configurations,
    names: AllNames,
    counter: Counter,
}

/// What a connection is made by; under another one it is not used.
type Key = (Transport, Purpose, Connecting);

#[derive(Default)]
struct Kept {
    /// The most recently used last.
    clients: Vec<(Key, Arc<Pooled>)>,
    /// Connections are no longer kept for later.
    is_closed: bool,
}

impl Clients {
    pub(super) fn new() -> Self {
        Self {
            kept: Mutex::default(),
            tls: Configurations::default(),
            names: AllNames::new(),
            counter: Counter::default(),
        }
    }

    /// The client for the way to make connections that these options name.
    pub(super) fn of(&self, options: &Options, purpose: Purpose) -> Result<Arc<Pooled>> {
        // Dropped after the lock is given back: a resolver that goes with it is the caller's code.
        let _let_go;
        let mut kept = self.lock();
        let Kept { clients, is_closed } = &mut *kept;
        let is_it = |(transport, known, connecting): &Key| {
            *transport == options.transport && *known == purpose && *connecting == options.connecting
        };
        if let Some(place) = clients.iter().rposition(|(key, _)| is_it(key)) {
            if place + 1 < clients.len() {
                let used = clients.remove(place);
                clients.push(used);
            }
            return clients
                .last()
                .map(|(_, client)| Arc::clone(client))
                .ok_or_else(|| ErrorKind::Closed.into());
        }
        let client = Arc::new(self.build(options, purpose, *is_closed)?);
        _let_go = (clients.len() == KEPT).then(|| clients.remove(0));
        clients.push(((options.transport, purpose, options.connecting.clone()), Arc::clone(&client)));
        Ok(client)
    }

    /// Lets idle connections go, and keeps none from now on. What is under way has what it needs.
    pub(super) fn close(&self) {
        let mut kept = self.lock();
        kept.is_closed = true;
        let let_go = std::mem::take(&mut kept.clients);
        drop(kept);
        drop(let_go);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn connections(&self) -> Connections {
        self.counter.read()
    }

    /// Forgets the addresses of a host, or all.
    pub(super) fn forget_names(&self, host: Option<&str>) {
        self.names.clear(host);
    }

    /// What looks names up under these settings.
    fn names(&self, connector: Option<&Connector>) -> Names {
        let Connector { resolver, dns_cache, overrides, address_family, .. } =
            connector.cloned().unwrap_or_default();
        self.names.of(
            resolver,
            dns_cache.unwrap_or_default(),
            overrides.unwrap_or_default(),
            address_family.unwrap_or_default(),
        )
    }

    fn build(&self, options: &Options, purpose: Purpose, is_closed: bool) -> Result<Pooled> {
        let (transport, connector) = (&options.transport, options.connecting.get());
        let version = transport.http_version.unwrap_or_default();
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(transport.keep_alive.unwrap_or(KEEP_ALIVE).min(FOR_EVER))
            .http2_only(version == HttpVersion::Http2);
        if let Some(fields) = transport.max_headers {
            builder.http1_max_headers(fields);
        }
        if let Some(bytes) = transport.max_header_bytes {
            builder.http1_max_buf_size(bytes.max(LEAST_BUFFER));
            builder.http2_max_header_list_size(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
        if let Some(limit) = connector.and_then(|connector| connector.max_idle_per_host) {
            builder.pool_max_idle_per_host(limit);
        }
        if is_closed || transport.force_close == Some(true) {
            builder.pool_max_idle_per_host(0);
        }
        let connect = Connect::new(
            self.counter.clone(),
            Way {
                names: self.names(connector),
                dial: Dial::new(connector)?,
                tls: self.tls.of(connector.and_then(|connector| connector.tls.as_ref()), version)?,
                safe_mode: connector.and_then(|connector| connector.safe_mode.clone()),
                unix_socket: connector.and_then(|connector| connector.unix_socket.clone()),
                routes: Routes::new(options, purpose, &self.tls)?,
            },
        );
        Ok(Pooled { http: builder.build(connect), alpn: Alpn::new() })
    }
}
