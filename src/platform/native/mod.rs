//! Native: hyper and tokio. hyper sends one request over one connection; everything above that is the engine's.

// The one place where the native clock, timers and tasks are touched.
#![allow(clippy::disallowed_methods)]

mod alpn;
mod blocking;
mod body;
mod clients;
mod compress;
mod connect;
#[cfg(feature = "cookies")]
mod cookie_files;
mod dial;
pub(crate) mod disk;
mod failure;
pub(super) mod files;
#[cfg(feature = "hickory")]
mod hickory;
mod home;
mod names;
mod proxied;
mod routes;
mod socks;
mod stream;
mod system_resolver;
mod tls;
mod tunnel;
mod verifier;
mod way;
#[cfg(feature = "websocket")]
mod websocket;
mod wire;

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use std::time::Duration;

use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, RANGE, UPGRADE,
};
use http::{Method, StatusCode};
use hyper::ext::ReasonPhrase;
use hyper_util::client::legacy::connect::capture_connection;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use crate::body::Outgoing;
use crate::connection::{ConnectionInfo, Connections};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::head::{Head, Reason};
use crate::maybe::BoxFuture;
use crate::options::HttpVersion;
use crate::progress::Progress;
use crate::proxy::ProxyServer;
use crate::request::{Request, RequestOptions};

use super::{Backend, Capabilities};

use alpn::Pass;
use body::NativeBody;
use clients::{Clients, Pooled};
use connect::{CONNECT, Probe};
use home::Housed;
use routes::Purpose;

#[cfg(feature = "hickory")]
pub use hickory::HickoryResolver;
pub use home::Sleep;
pub use system_resolver::SystemResolver;

/// Whether the platform has an HTTP cache, which is told by an option.
pub(crate) fn has_cache() -> bool {
    false
}

/// What is offered in `Accept-Encoding`, and taken.
const ENCODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");

/// The native platform. Needs a tokio runtime with time and I/O when it sends.
pub struct Native {
    clients: Clients,
    capabilities: Capabilities,
    started: Instant,
    random: RandomState,
}

impl Native {
    /// The native platform. Opens nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            clients: Clients::new(),
            capabilities: Capabilities { browser_options: false, ..Capabilities::all("native") },
            started: Instant::now(),
            random: RandomState::new(),
        }
    }

    /// The request as it goes out: to its origin, or to the proxy that is sent it.
    fn translate(
        request: Request,
        purpose: Purpose,
        forwarder: Option<&ProxyServer>,
    ) -> Result<http::Request<Outgoing>> {
        let Request { method, url, mut headers, body, options, watch, .. } = request;
        if method == Method::CONNECT {
            // A tunnel is no response.
            return Err(ErrorKind::Unsupported { feature: "method", platform: "native" }.into());
        }
        if let Some(failure) = body.failure() {
            return Err(failure);
        }
        let wants_encoding = options.auto_decompress != Some(false) && !options.skips(&ACCEPT_ENCODING);
        if wants_encoding && !headers.contains_key(ACCEPT_ENCODING) {
            // A part of a compressed body cannot be decompressed. (Fetch, section 4.6.)
            let identity = HeaderValue::from_static("identity");
            headers.insert(ACCEPT_ENCODING, if headers.contains_key(RANGE) { identity } else { ENCODINGS });
        }
        if options.transport.force_close == Some(true) && purpose == Purpose::Requests {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        // hyper leaves the length of no bytes out, and some servers answer 411 to that. (RFC 9110, section 8.6; Fetch.)
        if body.length() == Some(0) && (!body.is_none() || matches!(method, Method::POST | Method::PUT)) {
            headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from_static("0"));
        }
        routes::address(&mut headers, forwarder, &options);
        let uri = url.into_uri()?;
        let body = match options.compress.filter(|_| body.length() != Some(0)) {
            Some(compression) if !headers.contains_key(CONTENT_ENCODING) => {
                headers.remove(CONTENT_LENGTH);
                headers.insert(CONTENT_ENCODING, compress::name(compression));
                compress::compressed(body, compression)
            }
            _ => body,
        };
        let mut out = http::Request::new(Outgoing::new(&body, watch));
        *out.method_mut() = method;
        *out.uri_mut() = uri;
        *out.headers_mut() = headers;
        Ok(out)
    }
}

fn head(parts: http::response::Parts) -> Head {
    let http::response::Parts { status, version, headers, mut extensions, .. } = parts;
    wire::tell(&mut extensions);
    if let Some(reason) = extensions.get::<ReasonPhrase>() {
        let reason = std::str::from_utf8(reason.as_bytes()).unwrap_or_default().to_owned();
        extensions.insert(Reason(reason));
    }
    Head { version, headers, extensions, ..Head::new(status) }
}

/// A request on its way.
enum Sending<F> {
    Begun(Pass, F),
    /// It may share a connection that is yet to be made, and another request is finding out.
    Waiting(OwnedNotified, Box<(Arc<Pooled>, http::Request<Outgoing>)>),
}

fn may_multiplex(request: &Request) -> bool {
    request.url.scheme() == "https"
        && !matches!(request.options.transport.http_version, Some(HttpVersion::Http1))
}

/// Waiting for another request's connection is connecting, too.
async fn wait(
    told: OwnedNotified,
    bound: Option<Duration>,
    (progress, now): (Option<&Progress>, Duration),
) -> Result<Pass> {
    if let Some(progress) = progress {
        progress.connecting(now);
    }
    let waiting = Pass::after(told);
    let pass = match bound {
        None => waiting.await,
        Some(bound) => tokio::time::timeout(bound, waiting)
            .await
            .map_err(|_| Error::new(ErrorKind::Timeout(Phase::Connect)))?,
    };
    if let Some(progress) = progress {
        progress.untouched();
    }
    Ok(pass)
}

impl Default for Native {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Native").finish_non_exhaustive()
    }
}

impl Backend for Native {
    const LOOKS: Option<Duration> = Some(wire::STRAGGLE);

    type Body = NativeBody;
    type Sleep = Sleep;

    fn exchange(
        &self,
        #[cfg_attr(not(feature = "websocket"), allow(unused_mut))] mut request: Request,
    ) -> impl Future<Output = Result<(Head, NativeBody)>> + Send {
        // What can be done at once is done here, so that the future stays small: there is one for each request.
        let started = self.started;
        let decompress = request.options.auto_decompress != Some(false);
        let is_head = request.method == Method::HEAD;
        let may_switch = request.headers.contains_key(UPGRADE);
        let bound = request.options.timeout.resolve().connect;
        let progress = request.progress.clone();
        #[cfg(feature = "websocket")]
        let handshake = websocket::Handshake::of(&mut request);
        #[cfg(not(feature = "websocket"))]
        let handshake: Result<Option<()>> = Ok(None);
        let purpose = match handshake {
            Ok(Some(_)) => Purpose::WebSockets,
            _ => Purpose::Requests,
        };
        let forwarder = routes::forwarder(&request.url, purpose, &request.options);
        let sending = handshake.and_then(|handshake| {
            let client = self.clients.of(&request.options, purpose)?;
            let asked = match may_multiplex(&request) {
                true => client.alpn.ask(&request.url.origin()),
                false => Ok(Pass::free()),
            };
            let mut request = Self::translate(request, purpose, forwarder.as_deref())?;
            let connection = capture_connection(&mut request);
            let sending = match asked {
                Ok(pass) => Sending::Begun(pass, client.http.request(request)),
                Err(told) => Sending::Waiting(told, Box::new((client, request))),
            };
            Ok((sending, connection, handshake))
        });
        Housed::here(async move {
            let (sending, connection, handshake) = sending?;
            let (pass, bound, pending) = match sending {
                Sending::Begun(pass, pending) => (pass, bound, pending),
                Sending::Waiting(told, waiting) => {
                    let asked = Instant::now();
                    let pass = wait(told, bound, (progress.as_deref(), started.elapsed())).await?;
                    let (client, request) = *waiting;
                    // One bound for both: waiting for another request's connection, and making an own one after all.
                    let bound = bound.map(|bound| bound.saturating_sub(asked.elapsed()));
                    (pass, bound, client.http.request(request))
                }
            };
            let probe = Arc::new(Probe::new(bound, progress, started));
            let execute = CONNECT.scope(Arc::clone(&probe), pending);
            let answered = wire::answered(pass.watch(execute, &probe), &connection, wire::STRAGGLE).await;
            #[cfg_attr(not(feature = "websocket"), allow(unused_mut))]
            let mut response = answered.ok_or_else(wire::gone)?.map_err(failure::sending)?;
            #[cfg(feature = "websocket")]
            let switched = handshake.zip(websocket::upgrade(&mut response));
            #[cfg(not(feature = "websocket"))]
            let _ = handshake;

            let (parts, body) = response.into_parts();
            if parts.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED
                && let Some(server) = forwarder
            {
                return Err(tunnel::refused(&server, None, parts.status, &parts.headers).into());
            }
            let mut head = head(parts);
            probe.came_by(head.extensions.get().is_some_and(ConnectionInfo::reused));
            #[cfg(feature = "websocket")]
            if let Some((handshake, upgrade)) = switched {
                // Boxed: the future of every request would be as large.
                let connection = Box::pin(handshake.finish(&mut head, upgrade)).await?;
                return Ok((head, NativeBody::switched(connection)));
            }
            if head.status == StatusCode::SWITCHING_PROTOCOLS && !may_switch {
                return Err(
                    Error::new(ErrorKind::Protocol).with_message("status 101, and no upgrade was asked for")
                );
            }
            let is_empty =
                is_head || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
            let body = NativeBody::new(body, head.version, &head.headers, decompress && !is_empty);
            head.is_decoded = Some(body.is_decoded());
            Ok((head, body))
        })
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        Sleep::until(self.started, at)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn unix_time(&self) -> Duration {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
    }

    fn random(&self) -> u64 {
        self.random.hash_one(Instant::now())
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(task);
        }
    }

    fn close(&self) {
        self.clients.close();
    }

    fn check(&self, options: &RequestOptions) -> Result<()> {
        // Without any, nothing can be wrong.
        match options.get().connecting.get() {
            Some(_) => self.clients.of(options.get(), Purpose::Requests).map(drop),
            None => Ok(()),
        }
    }

    fn connections(&self) -> Result<Connections> {
        Ok(self.clients.connections())
    }

    fn clear_dns_cache(&self, host: Option<&str>) -> Result<()> {
        self.clients.forget_names(host);
        Ok(())
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
}
