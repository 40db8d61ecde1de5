//! Who may ask, and how often.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State as Of};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::header::{AUTHORIZATION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::problem::Failure;
use super::settings::{CallRate, Settings};
use super::state::State;
use super::{headers, keys};

/// How a WebSocket's subprotocols tell a key: a page can set no header field there.
pub(super) const KEY_PROTOCOL: &str = "dualfetch.key.";

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who asks. It is among a request's extensions.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) key: Option<Arc<str>>,
    pub(super) address: Option<IpAddr>,
}

/// Lets those pass who may ask.
pub(super) async fn guard(Of(state): Of<State>, mut request: Request, next: Next) -> Response {
    let live = state.live();
    let checked = check(&live.settings, &request).and_then(|caller| {
        live.limiter.admit(&caller)?;
        Ok(caller)
    });
    match checked {
        Ok(caller) => {
            tracing::Span::current().record("key", caller.key.as_deref());
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

fn check(settings: &Settings, request: &Request) -> Result<Caller, Failure> {
    host(settings, request)?;
    origin(settings, request)?;
    if headers::is_loop(request.headers()) {
        let status = StatusCode::LOOP_DETECTED;
        return Err(Failure::new(status, "loop", "this request has come by a gateway of this kind already"));
    }
    let key = key(&settings.keys, request.headers())?;
    Ok(Caller { key, address: address(settings, request) })
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

fn key(keys: &keys::Keys, fields: &HeaderMap) -> Result<Option<Arc<str>>, Failure> {
    if keys.is_empty() {
        return Ok(None);
    }
    let refused = |detail: &'static str| Failure::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
    let secret = bearer(fields).or_else(|| protocol(fields));
    let secret = secret.ok_or_else(|| refused("a key is needed: Authorization: Bearer df_…"))?;
    keys.check(secret).map(Some).ok_or_else(|| refused("the key is not known here"))
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
fn address(settings: &Settings, request: &Request) -> Option<IpAddr> {
    let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let mut address = peer.ip().to_canonical();
    let texts = request.headers().get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let told: Vec<&str> = texts.flat_map(|text| text.split(',')).map(str::trim).collect();
    for told in told.iter().rev() {
        if !settings.trusted_proxies.contains(&address) {
            break;
        }
        match told.parse::<IpAddr>() {
            Ok(before) => address = before.to_canonical(),
            Err(_) => break,
        }
    }
    Some(address)
}

/// How often each caller may ask: by key and by address.
pub(super) struct Limiter {
    by_key: Option<DefaultKeyedRateLimiter<Arc<str>>>,
    by_address: Option<DefaultKeyedRateLimiter<IpAddr>>,
}

/// How many callers are remembered before those are forgotten who have not asked for a while.
const MANY: usize = 10_000;

impl Limiter {
    pub(super) fn new(rate: Option<CallRate>) -> Self {
        let quota = rate.and_then(|CallRate { count, per, burst }| {
            Quota::with_period(per / count.get()).map(|quota| quota.allow_burst(burst))
        });
        Self { by_key: quota.map(RateLimiter::keyed), by_address: quota.map(RateLimiter::keyed) }
    }

    fn admit(&self, caller: &Caller) -> Result<(), Failure> {
        let wait = |until: governor::NotUntil<_>| {
            let seconds = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
            let status = StatusCode::TOO_MANY_REQUESTS;
            Failure::new(status, "rate_limited", "asked too often; Retry-After says when to ask again")
                .retry_after(seconds)
        };
        if let (Some(limiter), Some(key)) = (&self.by_key, &caller.key) {
            limiter.check_key(key).map_err(wait)?;
        }
        if let (Some(limiter), Some(address)) = (&self.by_address, &caller.address) {
            if limiter.len() > MANY {
                limiter.retain_recent();
            }
            limiter.check_key(&network(*address)).map_err(wait)?;
        }
        Ok(())
    }
}

/// One caller of IPv6 has a whole network: its first 64 bits stand for all of it.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}
