//! [`Settings`].

use std::num::NonZeroU32;
use std::time::Duration;

use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::deadline::Timeout;
use crate::policy::retry::Retry;
use crate::safe_mode::{Network, SafeMode};

use super::assets::Assets;
use super::keys::Keys;

/// A head of HTTP/1.1 has to fit into the buffer that bodies are read by, and each stream has one.
const HEAD: usize = 64 << 10;

/// What a gateway may do, and for whom. Whatever is set, it fetches in [`SafeMode`], keeps no cookies, and passes no
/// credentials on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Who may use it. Default nobody is named, and anyone may who reaches it: then it belongs on a loopback address.
    pub keys: Keys,
    /// Pages of which origins may use it beside its own, such as `https://app.example`, or `*` for all. Default none.
    pub origins: Vec<String>,
    /// Which names it answers to, in the `Host` field, beside `localhost` and IP addresses. Default none, which is any
    /// name where there are keys. Without that check a page could have its own name point here.
    pub hosts: Vec<String>,
    /// How often each key, and each address, may ask; each URL of a list is counted, too, and waits for its turn. Default no
    /// bound. Clients whose address is not known count as one: a server has to hand addresses over, see
    /// [`Gateway::router`](super::Gateway::router).
    pub rate: Option<CallRate>,
    /// Addresses or networks (`10.0.0.0/8`) of reverse proxies, which tell a client's address in `X-Forwarded-For`. Default
    /// none: the field is not believed. Where there are any, who comes without an address, as over a Unix socket, is one.
    pub trusted_proxies: Vec<String>,
    /// How many requests may be under way at once; 0 for no limit. Default 2,000.
    pub limit: usize,
    /// How many of them at one host (scheme, name and port); 0 for no limit. Default 10.
    pub limit_per_host: usize,
    /// How many of them may be of one caller, so that nobody takes all: of one key, or where there is none of one address.
    /// Loopback addresses and unknown ones tell nobody apart, and have no bound. `/fetch` refuses more (429), lists wait; 0 for no limit.
    /// Default 500.
    pub limit_per_caller: usize,
    /// Defaults: connect 10 s, headers 30 s, read 30 s, queue 30 s, total 5 min. A caller may ask for a shorter total.
    pub timeout: Timeout,
    /// How many more times a URL of a list may be tried that failed in a way that passes. Default 2. `/fetch` tries once:
    /// its caller may try again.
    pub retries: u32,
    /// How many redirects are followed, each checked as the first URL is. Default 10.
    pub max_redirects: u32,
    /// How many bytes a relayed body may have, as it comes. Default 256 MiB.
    pub max_response: u64,
    /// How many bytes a body to be sent may have. Default 8 MiB.
    pub max_upload: u64,
    /// How many URLs a list may have. Default 10,000.
    pub max_urls: usize,
    /// What may be asked. Default the public internet at ports 80 and 443.
    pub safe_mode: SafeMode,
    /// What it calls itself to servers. Default `dualfetch/` and the version, and `(gateway)`.
    pub user_agent: String,
    /// The page and the npm package, to be served at `/` and `/pkg/`. Default none.
    pub assets: Option<Assets>,
    /// What else its session is made with: TLS roots, a resolver. Default [`Config::new`]. What is above goes over it, and
    /// a [reload](super::Gateway::reload) leaves it as it is.
    pub config: Config,
}

/// How often one caller may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRate {
    /// So many requests…
    pub count: NonZeroU32,
    /// …in so much time.
    pub per: Duration,
    /// How many may come at once after a pause.
    pub burst: NonZeroU32,
}

impl CallRate {
    /// So many requests in so much time, and as many at once.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] for none of either.
    pub fn new(count: u32, per: Duration) -> Result<Self> {
        let count = NonZeroU32::new(count).filter(|_| !per.is_zero());
        let count = count.ok_or_else(|| invalid("rate", "no requests, or no time"))?;
        Ok(Self { count, per, burst: count })
    }

    /// So many at once after a pause, in place of as many as the rate's.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] for 0.
    pub fn burst(self, burst: u32) -> Result<Self> {
        let burst = NonZeroU32::new(burst).ok_or_else(|| invalid("burst", "nothing could ever be asked"))?;
        Ok(Self { burst, ..self })
    }
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        let seconds = Duration::from_secs;
        Self {
            keys: Keys::new(),
            origins: Vec::new(),
            hosts: Vec::new(),
            rate: None,
            trusted_proxies: Vec::new(),
            limit: 2_000,
            limit_per_host: 10,
            limit_per_caller: 500,
            timeout: Timeout::new()
                .connect(seconds(10))
                .headers(seconds(30))
                .read(seconds(30))
                .queue(seconds(30))
                .total(seconds(300)),
            retries: 2,
            max_redirects: 10,
            max_response: 256 << 20,
            max_upload: 8 << 20,
            max_urls: 10_000,
            safe_mode: SafeMode::new(),
            user_agent: concat!("dualfetch/", env!("CARGO_PKG_VERSION"), " (gateway)").to_owned(),
            assets: None,
            config: Config::new().max_header_bytes(HEAD),
        }
    }

    /// What the session is made with.
    pub(super) fn session(&self) -> Config {
        self.config
            .clone()
            .limit(self.limit)
            .limit_per_host(self.limit_per_host)
            .timeout(self.timeout)
            .retry(Retry::standard().attempts(self.retries.saturating_add(1)))
            .max_redirects(self.max_redirects)
            .max_body(self.max_response)
            .safe_mode(self.safe_mode.clone())
            .user_agent(&self.user_agent)
            .header("via", super::headers::VIA)
            .cookies(false)
    }

    /// Whether a session of the one is a session of the other.
    pub(super) fn fetches_as(&self, other: &Self) -> bool {
        let bounds = |of: &Self| {
            (of.limit, of.limit_per_host, of.timeout, of.retries, of.max_redirects, of.max_response)
        };
        bounds(self) == bounds(other)
            && self.safe_mode == other.safe_mode
            && self.user_agent == other.user_agent
    }

    /// Whether all of them make sense, as [`Gateway::new`](super::Gateway::new) asks.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] with the setting that does not.
    pub fn check(&self) -> Result<()> {
        if let Some(origin) = self.origins.iter().find(|origin| *origin != "*" && !is_origin(origin)) {
            return Err(invalid(
                "origins",
                format!(
                    "{origin:?} is no origin: write it as a browser sends it, such as https://app.example or \
                     http://localhost:3000, or `*`"
                ),
            ));
        }
        if let Some(host) = self.hosts.iter().find(|host| !is_host(host)) {
            return Err(invalid(
                "hosts",
                format!(
                    "{host:?} is no name of a host in lower case, such as gateway.example, without a port"
                ),
            ));
        }
        self.networks().map(drop)
    }

    /// Where the proxies are that are trusted.
    pub(super) fn networks(&self) -> Result<Vec<Network>> {
        let read = |text: &String| {
            Network::parse(text).map_err(|why| invalid("trusted_proxies", format!("{text:?} is {why}")))
        };
        self.trusted_proxies.iter().map(read).collect()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// As browsers send it: a scheme of theirs and a host, in lower case, without the port that the scheme has anyway.
fn is_origin(text: &str) -> bool {
    let is_written = |url: url::Url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    };
    // A host with a star in it no page has.
    !text.contains('*') && url::Url::parse(text).is_ok_and(is_written)
}

fn is_host(text: &str) -> bool {
    let is_plain = !text.contains(['*', ':', '/', '?', '#', '@']) && !text.ends_with('.');
    let url = url::Url::parse(&format!("http://{text}/"));
    is_plain && url.is_ok_and(|url| url.host_str() == Some(text))
}

fn invalid(option: &'static str, why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOption { option }).with_message(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_origin_or_host_is_refused_by_its_text() {
        for origin in [
            "",
            "app.example",
            "https://*.example",
            "https://app.example/",
            "https://APP.example",
            "null",
            "file:///",
            "ftp://app.example",
            "https://app.example:443",
            "https://a b",
        ] {
            let settings = Settings { origins: vec![origin.to_owned()], ..Settings::new() };
            let error = settings.check().expect_err(origin);
            assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "origins" });
            assert!(error.message().is_some_and(|message| message.contains(&format!("{origin:?}"))));
        }
        for origin in ["*", "https://app.example", "http://localhost:5173", "http://[::1]:80801"[..16].into()]
        {
            let settings = Settings { origins: vec![origin.to_owned()], ..Settings::new() };
            assert_eq!(settings.check().map_err(|error| error.to_string()), Ok(()), "{origin}");
        }
        for host in [
            "",
            "a:80",
            "https://a",
            "*.example",
            "Gateway.example",
            "gateway.example.",
            "a b",
            "a@b",
            "\u{e9}.example",
        ] {
            assert!(Settings { hosts: vec![host.to_owned()], ..Settings::new() }.check().is_err(), "{host}");
        }
        for host in ["gateway.example", "gateway", "xn--9ca.example"] {
            let settings = Settings { hosts: vec![host.to_owned()], ..Settings::new() };
            assert_eq!(settings.check().map_err(|error| error.to_string()), Ok(()), "{host}");
        }
    }
}
