//! Who may ask, and how often.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{ConnectInfo, MatchedPath, Request, State as Of};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock, QuantaInstant};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use http::header::{AUTHORIZATION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::problem::Failure;
use super::settings::{CallRate, Settings};
use super::state::{Behind, Live, State};
use super::{headers, keys};

use crate::safe_mode::Network;
use crate::session::Session;

/// How a WebSocket's subprotocols tell a key: a page can set no header field there.
pub(super) const KEY_PROTOCOL: &str = "dualfetch.key.";

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who asks. It is among a request's extensions.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) key: Option<Arc<str>>,
    pub(super) address: Option<IpAddr>,
    holder: Option<keys::Holder>,
    /// Of a page that is not the gateway's own.
    origin: Option<HeaderValue>,
}

impl Caller {
    #[cfg(test)]
    pub(super) fn new(key: Option<Arc<str>>, address: Option<IpAddr>) -> Self {
        Self { key, address, holder: None, origin: None }
    }

    /// Whether these settings let it in, too: those that it came in by may hold no more.
    pub(super) fn may_still(&self, settings: &Settings) -> bool {
        settings.keys.admits(self.holder.as_ref())
            && self.origin.as_ref().is_none_or(|origin| is_allowed(settings, origin))
    }
}

/// Lets those pass who may ask.
pub(super) async fn guard(Of(state): Of<State>, mut request: Request, next: Next) -> Response {
    let live = state.live();
    match check(&live, &request) {
        Ok(caller) => {
            tracing::Span::current().record("key", caller.key.as_deref());
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

fn check(live: &Live, request: &Request) -> Result<Caller, Failure> {
    let settings = &live.settings;
    let address = address(&live.proxies, request);
    tracing::Span::current().record("client", address.map(tracing::field::display));
    let holder = permitted(settings, request);
    // Those who show a key count by it. By its address everybody else does, whose guesses at keys are asks, too; they take
    // nothing from those beside them who have one.
    let shown = holder.as_ref().ok().and_then(|holder| holder.as_ref()).map(|holder| &holder.name);
    live.limiter.admit(shown, address, live.session.now())?;
    let holder = holder?;
    let key = holder.as_ref().map(|holder| Arc::clone(&holder.name));
    let origin = request.headers().get(ORIGIN).filter(|origin| !is_own(request, origin)).cloned();
    Ok(Caller { key, address, holder, origin })
}

/// Whose key this request shows, where keys are needed; or why it is not let in.
fn permitted(settings: &Settings, request: &Request) -> Result<Option<keys::Holder>, Failure> {
    host(settings, request)?;
    origin(settings, request)?;
    destination(request.headers())?;
    if headers::is_loop(request.headers()) {
        let status = StatusCode::LOOP_DETECTED;
        return Err(Failure::new(status, "loop", "this request has come by a gateway of this kind already"));
    }
    key(&settings.keys, request)
}

/// A page whose own name points here would be of the same origin, and could read everything.
fn host(settings: &Settings, request: &Request) -> Result<(), Failure> {
    let told = authority(request).ok_or_else(|| Failure::forbidden("the Host is none, or told twice"))?;
    let name = told.trim_end_matches('.');
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let is_local =
        name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    let is_any = settings.hosts.is_empty() && !settings.keys.is_empty();
    let is_named = settings.hosts.iter().any(|host| host.eq_ignore_ascii_case(name));
    match is_any || is_address || is_local || is_named {
        true => Ok(()),
        false => {
            Err(Failure::forbidden(format!("{name:?} is not among the hosts that this gateway answers to")))
        }
    }
}

/// The host that was asked, without its port. `None` for what is none, and where two are told.
fn authority(request: &Request) -> Option<&str> {
    let mut told = request.headers().get_all(HOST).iter();
    let (field, None) = (told.next(), told.next()) else { return None };
    let whole = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => field?.to_str().ok()?,
    };
    let port = whole.rfind(':').filter(|colon| !whole[*colon..].contains(']'));
    let (host, port) = whole.split_at(port.unwrap_or(whole.len()));
    let is_port = port.trim_start_matches(':').bytes().all(|byte| byte.is_ascii_digit());
    (is_port && !host.is_empty() && !host.contains('@')).then_some(host)
}

/// Pages of other origins may use it only where the settings say so: else any page that a user visits could.
fn origin(settings: &Settings, request: &Request) -> Result<(), Failure> {
    let fields = request.headers();
    let mut told = fields.get_all(ORIGIN).iter();
    let Some(origin) = told.next() else {
        // Navigations and images tell no origin, and would be answered: to nobody's use, but at the gateway's cost.
        let is_foreign =
            fields.get(FETCH_SITE).is_some_and(|site| site == "cross-site" || site == "same-site");
        return match is_foreign && !settings.origins.iter().any(|known| known == "*") {
            true => Err(Failure::forbidden("a page of another origin asks, and does not say which")),
            false => Ok(()),
        };
    };
    match told.next().is_none() && (is_allowed(settings, origin) || is_own(request, origin)) {
        true => Ok(()),
        false => {
            Err(Failure::forbidden(format!("{origin:?} is not among the origins that may use this gateway")))
        }
    }
}

/// Whether pages of this origin may use it.
pub(super) fn is_allowed(settings: &Settings, origin: &HeaderValue) -> bool {
    settings.origins.iter().any(|known| known == "*" || known.as_bytes() == origin.as_bytes())
}

/// Whether it is the page that this server gave: an origin of the host and port that was asked.
fn is_own(request: &Request, origin: &HeaderValue) -> bool {
    let asked = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let asked = asked.or_else(|| request.headers().get(HOST).map(HeaderValue::as_bytes));
    let origin = origin.as_bytes();
    let host = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
    host.zip(asked).is_some_and(|(host, asked)| host.eq_ignore_ascii_case(asked))
}

/// A stranger's script, style or worker is none of this origin's, whose page may hold a key.
fn destination(fields: &HeaderMap) -> Result<(), Failure> {
    const SEEN: [&[u8]; 6] = [b"audio", b"document", b"empty", b"image", b"track", b"video"];
    match fields.get(FETCH_DEST) {
        Some(dest) if !SEEN.contains(&dest.as_bytes()) => {
            Err(Failure::forbidden(format!("nothing from here is of use as a {dest:?}")))
        }
        _ => Ok(()),
    }
}

fn key(keys: &keys::Keys, request: &Request) -> Result<Option<keys::Holder>, Failure> {
    if keys.is_empty() {
        return Ok(None);
    }
    let refused = |detail: &'static str| Failure::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
    let fields = request.headers();
    let is_socket =
        request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str().ends_with("/ws"));
    let secret = match fields.contains_key(AUTHORIZATION) {
        true => bearer(fields),
        false if is_socket => protocol(fields),
        false => None,
    };
    let secret = secret.ok_or_else(|| refused("a key is needed: Authorization: Bearer df_…"))?;
    keys.holder(secret).map(Some).ok_or_else(|| refused("the key is not known here"))
}

fn bearer(fields: &HeaderMap) -> Option<&str> {
    let mut given = fields.get_all(AUTHORIZATION).iter();
    // Two would be two opinions.
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn protocol(fields: &HeaderMap) -> Option<&str> {
    let texts = fields.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).find_map(|protocol| protocol.trim().strip_prefix(KEY_PROTOCOL))
}

/// The client's address: the nearest one that is not of a proxy that is trusted.
fn address(proxies: &[Network], request: &Request) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let mut address = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
    // Who comes without an address comes from this machine.
    let is_trusted = |address: Option<IpAddr>| match address {
        Some(address) => proxies.iter().any(|proxy| proxy.contains(address)),
        None => !proxies.is_empty(),
    };
    let texts = request.headers().get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let told: Vec<&str> = texts.flat_map(|text| text.split(',')).map(str::trim).collect();
    for told in told.iter().rev() {
        let before = told.parse().or_else(|_| told.parse().map(|before: SocketAddr| before.ip()));
        match before {
            Ok(before) if is_trusted(address) => address = Some(before.to_canonical()),
            _ => break,
        }
    }
    address
}

/// How often each caller may ask: by its key, or else by its address.
pub(super) struct Limiter {
    rate: Option<CallRate>,
    by_key: Option<DefaultKeyedRateLimiter<Arc<str>>>,
    by_address: Option<DefaultKeyedRateLimiter<IpAddr>>,
    /// When those were forgotten last who have not asked for a while, in seconds.
    swept: AtomicU64,
}

/// How many addresses are remembered. The rest are one, until some can be forgotten.
const MOST: usize = 100_000;

/// How often it is looked who can be forgotten, in seconds.
const SWEEP: u64 = 10;

impl Limiter {
    pub(super) fn new(rate: Option<CallRate>) -> Self {
        let quota = rate.and_then(|CallRate { count, per, burst }| {
            Quota::with_period(per / count.get()).map(|quota| quota.allow_burst(burst))
        });
        let (by_key, by_address) = (quota.map(RateLimiter::keyed), quota.map(RateLimiter::keyed));
        Self { rate, by_key, by_address, swept: AtomicU64::new(0) }
    }

    /// Whether it is one of this rate.
    pub(super) fn is_of(&self, rate: Option<CallRate>) -> bool {
        self.rate == rate
    }

    /// Counts one ask of who shows this key, or else of this address.
    fn admit(&self, key: Option<&Arc<str>>, address: Option<IpAddr>, now: Duration) -> Result<(), Failure> {
        self.sweep(now);
        self.check(key, address).map_err(too_often)
    }

    /// Waits until this caller may ask once more: each URL of a list is counted, too.
    pub(super) async fn turn(&self, caller: &Caller, clock: &Behind) {
        while let Err(until) = self.check(caller.key.as_ref(), caller.address) {
            clock.sleep(left(until)).await;
        }
    }

    fn check(&self, key: Option<&Arc<str>>, address: Option<IpAddr>) -> Result<(), NotUntil<QuantaInstant>> {
        match (key, &self.by_key, &self.by_address) {
            (Some(key), Some(limiter), _) => limiter.check_key(key),
            (None, _, Some(limiter)) => {
                let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
                limiter.check_key(&address.filter(|_| limiter.len() < MOST).map_or(unknown, network))
            }
            _ => Ok(()),
        }
    }

    /// Forgets now and then the addresses that have not asked for a while.
    fn sweep(&self, now: Duration) {
        let (now, swept) = (now.as_secs(), self.swept.load(Ordering::Relaxed));
        if let Some(limiter) = &self.by_address
            && now.saturating_sub(swept) >= SWEEP
            && self.swept.compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            limiter.retain_recent();
        }
    }
}

fn left(until: NotUntil<QuantaInstant>) -> Duration {
    until.wait_time_from(DefaultClock::default().now())
}

fn too_often(until: NotUntil<QuantaInstant>) -> Failure {
    let seconds = left(until).as_secs() + 1;
    let status = StatusCode::TOO_MANY_REQUESTS;
    Failure::new(status, "rate_limited", "asked too often; Retry-After says when to ask again")
        .retry_after(seconds)
}

/// One caller of IPv6 has a whole network: its first 64 bits stand for all of it.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}
