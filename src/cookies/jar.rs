//! [`CookieJar`]: cookies in memory, by RFC 6265bis.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use super::CookieStore;
use super::cookie::Cookie;
use super::matching::{
    default_path, domain_matches, is_encrypted, is_ip, is_loopback, is_public_suffix, site,
};
use super::set_cookie::{Refused, SetCookie};
use super::shelf::Shelf;
use crate::url::Url;

/// Cookies in memory, kept and sent as RFC 6265bis says. A clone is the same jar: one can be given to several sessions,
/// looked into while they run, and saved when they have ended.
///
/// - A value is sent as the server wrote it: nothing is quoted, unquoted, decoded or encoded.
/// - `Domain` must be the host's own or one above it, and no public suffix (`co.uk`, `github.io`): whoever has a host
///   there would set cookies for all the others. Neither can a cookie go from a public suffix up, or down into one.
/// - `Secure` cookies are neither set nor replaced over plain http.
/// - Hosts that are addresses get none, unless [`allow_ip_hosts`](Self::allow_ip_hosts).
/// - A cookie lasts 400 days at most. It has 4096 bytes for name and value, 1024 for each attribute.
/// - A site, that is a public suffix with one label before it, has 180 cookies at most, and all together 3000. Then
///   those go that have ended, then of a site those that are not `Secure`, then what has not been used for longest.
/// - `SameSite` is kept and changes nothing, since no page asks.
///
/// ```
/// use dualfetch::cookies::CookieJar;
/// use dualfetch::platform::scripted::{Reply, Scripted};
/// use dualfetch::{Client, Config, Session};
///
/// let platform = Scripted::new(1);
/// platform.on("https://a.example/login", Reply::redirect(303, "/").header("set-cookie", "id=7; Secure; HttpOnly"));
/// platform.on("https://a.example/", Reply::ok("hello"));
///
/// let jar = CookieJar::new();
/// let session = Client::with_backend(Config::new().cookie_store(jar.clone()), platform.clone())?;
/// platform.run(session.post("https://a.example/login").send())?;
/// assert_eq!(platform.calls()[1].headers["cookie"], "id=7");
///
/// let cookie = &jar.cookies()[0];
/// assert_eq!((cookie.name(), cookie.value(), cookie.domain()), ("id", "7", "a.example"));
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct CookieJar {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    shelf: Shelf,
    allows_ip_hosts: bool,
    trusts_loopback: bool,
    /// Origins as [`Url::origin`] writes them.
    trusted: Vec<Box<str>>,
}

/// Who wants a cookie kept.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Caller,
    Server,
}

impl CookieJar {
    /// An empty jar.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether hosts that are addresses may set cookies. Default: no, since an address is not a name that somebody
    /// keeps. What the caller puts in for one is kept and sent either way.
    #[must_use]
    pub fn allow_ip_hosts(self, allow: bool) -> Self {
        self.lock().allows_ip_hosts = allow;
        self
    }

    /// Whether plain http to this machine (`localhost`, names under it, 127.0.0.0/8, `[::1]`) counts as secure, as it
    /// does in a browser: nobody is on the way. Default: no.
    #[must_use]
    pub fn trust_loopback(self, trust: bool) -> Self {
        self.lock().trusts_loopback = trust;
        self
    }

    /// Counts this URL's scheme, host and port as secure, be it plain http: `Secure` cookies are then set from it and
    /// sent to it.
    #[must_use]
    pub fn treat_as_secure(self, origin: &Url) -> Self {
        self.lock().trusted.push(origin.origin().into());
        self
    }

    /// Puts a cookie in as if a server had sent this `Set-Cookie` field in an answer from this URL, at this time since
    /// 1970. `jar.insert(&url, "name=value", now)` is one for this host alone and the end of the session.
    ///
    /// # Errors
    /// Why it is not kept. It is then as it was.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use dualfetch::Url;
    /// use dualfetch::cookies::{CookieJar, Refused};
    ///
    /// let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    /// let (jar, url) = (CookieJar::new(), Url::parse("https://www.example.co.uk/")?);
    /// jar.insert(&url, "seen=1; Domain=example.co.uk; Max-Age=3600", now)?;
    /// assert_eq!(jar.insert(&url, "all=1; Domain=co.uk", now), Err(Refused::PublicSuffix));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert(&self, url: &Url, set_cookie: impl AsRef<[u8]>, now: Duration) -> Result<(), Refused> {
        self.lock().admit(url, SetCookie::parse(set_cookie)?, By::Caller, now)
    }

    /// All cookies, in the order in which they were made. Ones that have [ended](Cookie::is_expired) may be among them.
    #[must_use]
    pub fn cookies(&self) -> Vec<Cookie> {
        self.lock().shelf.all().into_iter().cloned().collect()
    }

    /// The cookies that a request for this URL is sent with at this time since 1970, in that order.
    #[must_use]
    pub fn cookies_for(&self, url: &Url, now: Duration) -> Vec<Cookie> {
        self.lock().take_for(url, now).into_iter().cloned().collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().shelf.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all cookies out.
    pub fn clear(&self) {
        self.lock().shelf = Shelf::default();
    }

    /// Takes out the cookies of this domain and of all under it.
    pub fn clear_domain(&self, domain: &str) {
        let domain = domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase();
        self.retain(|cookie| !domain_matches(cookie.domain(), &domain));
    }

    /// Takes out all but those for which it holds. The jar is locked meanwhile: to ask it anything else in `keep` would
    /// wait for ever.
    pub fn retain(&self, keep: impl FnMut(&Cookie) -> bool) {
        self.lock().shelf.retain(keep);
    }

    /// Puts in what was loaded.
    pub(super) fn put_all(&self, cookies: Vec<Cookie>, now: Duration) -> usize {
        let mut shared = self.lock();
        let mut kept = 0;
        for cookie in cookies {
            kept += usize::from(!cookie.is_expired(now));
            shared.shelf.put(cookie, now);
        }
        kept
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CookieStore for CookieJar {
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn store_cookies(&self, url: &Url, fields: &mut dyn Iterator<Item = &HeaderValue>, now: Duration) {
        for field in fields {
            let admitted = SetCookie::parse(field.as_bytes())
                .and_then(|cookie| self.lock().admit(url, cookie, By::Server, now));
            if let Err(refused) = admitted {
                log::debug!("a cookie of {} is not kept: {refused}", url.host().unwrap_or_default());
            }
        }
    }

    fn cookie_header(&self, url: &Url, now: Duration) -> Option<HeaderValue> {
        let mut text = Vec::new();
        for cookie in self.lock().take_for(url, now) {
            if !text.is_empty() {
                text.extend_from_slice(b"; ");
            }
            cookie.pair.pair_to(&mut text);
        }
        // A cookie has no control character and is not empty.
        let mut value = HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).ok()?;
        value.set_sensitive(true);
        (!value.is_empty()).then_some(value)
    }
}

impl Shared {
    /// RFC 6265bis, section 5.7.
    fn admit(&mut self, url: &Url, set: SetCookie, by: By, now: Duration) -> Result<(), Refused> {
        let host = url.host().ok_or(Refused::NoHost)?;
        if by == By::Server && !self.allows_ip_hosts && is_ip(host) {
            return Err(Refused::IpHost);
        }
        let domain = match set.domain.as_deref() {
            Some(domain) => domain_of(host, domain)?,
            None => None,
        };
        let (end, names_path) = (set.end(now), set.path.is_some());
        let cookie = Cookie {
            host_only: domain.is_none(),
            domain: domain.unwrap_or(host).into(),
            path: set.path.unwrap_or_else(|| default_path(url.path()).into()),
            expires: end,
            secure: set.secure,
            http_only: set.http_only,
            same_site: set.same_site,
            pair: set.pair,
        };
        check_prefix(&cookie, names_path)?;
        if !self.is_secure(url) && (cookie.secure || self.shelf.has_secure_like(&cookie)) {
            return Err(Refused::Insecure);
        }
        self.shelf.put(cookie, now);
        Ok(())
    }

    fn take_for(&mut self, url: &Url, now: Duration) -> Vec<&Cookie> {
        if self.shelf.len() == 0 {
            return Vec::new();
        }
        let is_secure = self.is_secure(url);
        self.shelf.take_for(url.host().unwrap_or_default(), url.path(), is_secure, now)
    }

    fn is_secure(&self, url: &Url) -> bool {
        is_encrypted(url)
            || self.trusts_loopback && is_loopback(url)
            || !self.trusted.is_empty() && self.trusted.iter().any(|trusted| **trusted == *url.origin())
    }
}

/// The domain that a cookie from this host is for, other than the host alone.
fn domain_of<'a>(host: &str, domain: &'a str) -> Result<Option<&'a str>, Refused> {
    if is_ip(host) || is_public_suffix(domain) {
        return match (domain == host, is_ip(host)) {
            (true, _) => Ok(None),
            (false, true) => Err(Refused::Domain),
            (false, false) => Err(Refused::PublicSuffix),
        };
    }
    match domain_matches(host, domain) && !domain.starts_with('.') && site(host) == site(domain) {
        true => Ok(Some(domain)),
        false => Err(Refused::Domain),
    }
}

/// A nameless cookie whose value has such a prefix would be sent as one that has it in its name.
fn check_prefix(cookie: &Cookie, names_path: bool) -> Result<(), Refused> {
    let shown = if cookie.name().is_empty() { cookie.value() } else { cookie.name() };
    let begins =
        |prefix: &str| shown.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let (is_secure, is_host) = (begins("__Secure-"), begins("__Host-"));
    let is_as_it_says = match (is_secure, is_host) {
        (false, false) => true,
        _ if cookie.name().is_empty() => false,
        (_, true) => cookie.secure && cookie.host_only && names_path && cookie.path() == "/",
        (true, false) => cookie.secure,
    };
    match is_as_it_says {
        true => Ok(()),
        false => Err(Refused::Prefix),
    }
}

/// How many there are, and none of them.
impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieJar").field("cookies", &self.len()).finish_non_exhaustive()
    }
}
