//! [`Proxy`]: by way of whom an origin is asked. Inert data, the same on every platform.

mod environment;
mod exempt;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION};

use crate::error::{Error, ErrorKind, Result};
use crate::tls::Tls;
use crate::url::{self, Url, percent_decoded};

use exempt::Exempt;

/// A proxy, and for which requests it is. Native; elsewhere to set one is
/// [`Unsupported`](crate::ErrorKind::Unsupported).
///
/// Of a list of them the first that is for a request carries it, and what none is for goes to its origin directly. An
/// `https` URL goes through a tunnel (CONNECT: RFC 9110, section 9.3.6), of which the proxy sees the host's name and the
/// port, and so does a WebSocket, be it `wss` or `ws` (RFC 6455, section 4.1); an `http` URL is asked of an HTTP proxy by its absolute form (RFC 9112, section 3.2.2), and of a SOCKS proxy as
/// of the origin itself. What proves to the proxy who is asking, and the fields for it, never go to an origin.
///
/// `Debug` hides who is asking.
///
/// ```
/// use dualfetch::{Proxy, Url};
///
/// let proxy = Proxy::new("http://me:secret@proxy.example:3128")?;
/// assert_eq!(format!("{proxy:?}"), "Proxy { server: http://***@proxy.example:3128 }");
///
/// let proxy = proxy.no_proxy("localhost, .internal, 10.0.0.0/8")?;
/// assert!(proxy.is_for(&Url::parse("https://example.com/")?));
/// assert!(!proxy.is_for(&Url::parse("https://wiki.internal/")?));
/// assert!(!proxy.is_for(&Url::parse("http://10.1.2.3:8080/")?));
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// None: to the origin itself.
    server: Option<Arc<ProxyServer>>,
    scope: Scope,
    exempt: Exempt,
}

/// Where a proxy is, and what is said to it alone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ProxyServer {
    pub(crate) scheme: ProxyScheme,
    /// As in a URL, but an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// User name and password.
    pub(crate) credentials: Option<(Vec<u8>, Vec<u8>)>,
    /// How TLS is spoken with the proxy itself.
    pub(crate) tls: Option<Arc<Tls>>,
    fields: Vec<(HeaderName, HeaderValue)>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ProxyScheme {
    Http,
    /// HTTP over TLS, to the proxy itself.
    Https,
    /// SOCKS5, names resolved here.
    Socks5,
    /// SOCKS5, names resolved by the proxy.
    Socks5h,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scope {
    Every,
    Http,
    Https,
    Ws,
    Wss,
}

impl Proxy {
    /// A proxy by its URL, for every request: `http://`, `https://` (TLS to the proxy itself), `socks5://` (names are
    /// resolved here) or `socks5h://` (by the proxy); without a scheme, as in `proxy.example:3128`, `http`. The port is
    /// 80, 443 or 1080 where none is named. User name and password may stand in it, percent-encoded.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for another scheme, for what is no host or port, and for a path.
    pub fn new(url: &str) -> Result<Self> {
        let server = ProxyServer::parse(url).map_err(|why| {
            // Nothing of the text is shown: where it is wrong, a password may be anywhere in it.
            invalid(&why)
        })?;
        Ok(Self { server: Some(Arc::new(server)), scope: Scope::Every, exempt: Exempt::default() })
    }

    /// No proxy: to the origin itself, whatever comes later in the list or from the session.
    #[must_use]
    pub fn direct() -> Self {
        Self { server: None, scope: Scope::Every, exempt: Exempt::default() }
    }

    /// The proxies that the environment names, read now: `http_proxy` for `http` URLs, `https_proxy` for `https` ones,
    /// `all_proxy` for those that have none of their own; for WebSockets `ws_proxy` and `wss_proxy` before these,
    /// `ws` counting as `http` and `wss` as `https`; each without the hosts of `no_proxy` (see
    /// [`no_proxy`](Self::no_proxy)). A name in lower case counts before the same in capitals, and an empty value means
    /// no proxy. `HTTP_PROXY` does not count where `REQUEST_METHOD` is set: in a CGI program it is what a client sent as
    /// its `Proxy` field. As in curl and aiohttp, loopback addresses are exempt only where `no_proxy` names them.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption), its message naming the variable, for a value that
    /// [`new`](Self::new) or [`no_proxy`](Self::no_proxy) would not take.
    pub fn from_env() -> Result<Vec<Self>> {
        environment::proxies(|name| std::env::var_os(name))
    }

    /// For `http` URLs alone, and `ws` ones.
    #[must_use]
    pub fn only_http(mut self) -> Self {
        self.scope = Scope::Http;
        self
    }

    /// For `https` URLs alone, and `wss` ones.
    #[must_use]
    pub fn only_https(mut self) -> Self {
        self.scope = Scope::Https;
        self
    }

    /// Proves who is asking, to the proxy: by basic authentication (RFC 7617), or as SOCKS5 has it (RFC 1929). In place
    /// of what its URL has.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for a user name with a colon, which basic authentication cannot
    /// tell from the password; with SOCKS5, for an empty one and for more than 255 bytes; and for [`direct`](Self::direct).
    pub fn basic_auth(self, user: impl AsRef<str>, password: impl AsRef<str>) -> Result<Self> {
        let credentials = (user.as_ref().as_bytes().to_vec(), password.as_ref().as_bytes().to_vec());
        self.with_server(|server| {
            server.credentials = Some(credentials);
            server.check()
        })
    }

    /// A header field for the proxy, beside those of its name: in a CONNECT, and in a request for an `http` URL, where it
    /// takes the place of the request's own, and which a proxy hands on to the origin with all fields that it does not
    /// know. A `Proxy-Authorization`, which none hands on, is sent in place of [`basic_auth`](Self::basic_auth)'s.
    ///
    /// # Errors
    /// [`InvalidHeader`](crate::ErrorKind::InvalidHeader) for a name or value that HTTP does not allow;
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for `Host` and for what frames a message, with SOCKS5, which has
    /// no fields, and for [`direct`](Self::direct).
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<Self> {
        let wrong = |what: &str| {
            let message = format!("{what} of the proxy's field {:?}", name.as_ref());
            Error::new(ErrorKind::InvalidHeader).with_message(message)
        };
        let parsed = HeaderName::from_bytes(name.as_ref().as_bytes()).map_err(|_| wrong("the name"))?;
        let mut value = HeaderValue::from_bytes(value.as_ref()).map_err(|_| wrong("the value"))?;
        // A proxy's own fields are tokens more often than not.
        value.set_sensitive(true);
        self.with_server(|server| {
            if !server.scheme.is_http() {
                return Err("SOCKS has no header fields".to_owned());
            }
            if parsed == HOST || FRAMING.contains(&parsed.as_str()) {
                return Err(format!("the field {parsed} is not for hand"));
            }
            server.fields.push((parsed, value));
            Ok(())
        })
    }

    /// How TLS is spoken with an `https` proxy. Default: as [`Tls::new`] has it, whatever the session has for origins.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) for a proxy of another scheme and for [`direct`](Self::direct).
    pub fn tls(self, tls: Tls) -> Result<Self> {
        self.with_server(|server| match server.scheme {
            ProxyScheme::Https => {
                server.tls = Some(Arc::new(tls));
                Ok(())
            }
            _ => Err("TLS is spoken with an https proxy alone".to_owned()),
        })
    }

    /// Hosts that this proxy is not for, beside those named already, separated by commas or white space:
    ///
    /// | pattern | what it is |
    /// |---|---|
    /// | `example.com`, `.example.com`, `*.example.com` | the name and those below it |
    /// | `10.1.2.3`, `[::1]`, `::1` | the address, where the URL has it |
    /// | `10.0.0.0/8`, `10/8`, `fd00::/8` | the network, likewise |
    /// | `192.168.*`, `192.168.*.*` | the network of IPv4, likewise: `192.168.0.0/16` |
    /// | `<local>` | names without a dot |
    /// | `*` | every host |
    ///
    /// Each, but what has a slash, may have a port: `example.com:8080`, `*:8080`. Names are not resolved for it.
    ///
    /// # Errors
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) with the pattern that is none of these.
    pub fn no_proxy(mut self, hosts: &str) -> Result<Self> {
        self.exempt.add(hosts).map_err(|why| invalid(&why))?;
        Ok(self)
    }

    /// Whether it is for this URL: the first of a list that is carries the request.
    #[must_use]
    pub fn is_for(&self, url: &Url) -> bool {
        match (url.host(), url.port()) {
            (Some(host), Some(port)) => self.matches(url.scheme(), host, port),
            _ => false,
        }
    }

    /// Whether it is none: [`direct`](Self::direct).
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.server.is_none()
    }

    pub(crate) fn server(&self) -> Option<&Arc<ProxyServer>> {
        self.server.as_ref()
    }

    fn matches(&self, scheme: &str, host: &str, port: u16) -> bool {
        let in_scope = match self.scope {
            Scope::Every => true,
            Scope::Http => matches!(scheme, "http" | "ws"),
            Scope::Https => matches!(scheme, "https" | "wss"),
            Scope::Ws => scheme == "ws",
            Scope::Wss => scheme == "wss",
        };
        in_scope && !self.exempt.has(host, port)
    }

    fn with_server(mut self, change: impl FnOnce(&mut ProxyServer) -> Result<(), String>) -> Result<Self> {
        let Some(server) = &mut self.server else { return Err(invalid("there is no proxy to say it to")) };
        change(Arc::make_mut(server)).map_err(|why| invalid(&why))?;
        Ok(self)
    }
}

/// By way of whom this origin is asked: the first proxy of the list that is for it. None: directly.
#[allow(dead_code, reason = "a browser routes for itself")]
pub(crate) fn route<'a>(
    proxies: &'a [Proxy],
    scheme: &str,
    host: &str,
    port: u16,
) -> Option<&'a Arc<ProxyServer>> {
    proxies.iter().find(|proxy| proxy.matches(scheme, host, port))?.server.as_ref()
}

/// What the connection says of itself, and what says how a message is framed.
const FRAMING: [&str; 6] = ["connection", "content-length", "te", "trailer", "transfer-encoding", "upgrade"];

impl ProxyServer {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = ProxyScheme::parse(scheme)?;
        let (userinfo, place) = match rest.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, rest),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        if place.contains(['/', '?', '#', '\\']) || userinfo.is_some_and(|userinfo| userinfo.contains('/')) {
            return Err(
                "it has a path or a query, or a character in its password that has to be percent-encoded"
                    .into(),
            );
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (place, None),
        };
        let port = match port {
            None | Some("") => scheme.default_port(),
            Some(port) => port_of(port).ok_or("it has no port from 1 to 65535 after the colon")?,
        };
        let credentials = userinfo.map(|userinfo| {
            let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
            (percent_decoded(user), percent_decoded(password))
        });
        let server = Self { scheme, host: host_of(host)?, port, credentials, tls: None, fields: Vec::new() };
        server.check()?;
        Ok(server)
    }

    /// Refuses what its protocol cannot say.
    fn check(&self) -> Result<(), String> {
        let Some((user, password)) = &self.credentials else { return Ok(()) };
        match self.scheme.is_http() {
            true if user.contains(&b':') => {
                Err("a user name with a colon cannot be told from its password".into())
            }
            false if user.is_empty() || user.len().max(password.len()) > 255 => {
                Err("SOCKS5 takes a user name and a password of 255 bytes at most, and no empty name".into())
            }
            _ => Ok(()),
        }
    }

    /// The fields for the proxy alone, with who is asking among them.
    #[allow(dead_code, reason = "a browser routes for itself")]
    pub(crate) fn fields(&self) -> HeaderMap {
        let mut fields = HeaderMap::new();
        if let Some((user, password)) = self.credentials.as_ref().filter(|_| self.scheme.is_http()) {
            let plain = [user.as_slice(), b":", password].concat();
            // Base64 is made of what a field may hold.
            if let Ok(mut value) = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(plain))) {
                value.set_sensitive(true);
                fields.insert(PROXY_AUTHORIZATION, value);
            }
        }
        if self.fields.iter().any(|(name, _)| name == PROXY_AUTHORIZATION) {
            fields.remove(PROXY_AUTHORIZATION);
        }
        for (name, value) in &self.fields {
            fields.append(name, value.clone());
        }
        fields
    }
}

impl ProxyScheme {
    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            "socks5" => Ok(Self::Socks5),
            "socks5h" => Ok(Self::Socks5h),
            _ => Err("its scheme is none of http, https, socks5 and socks5h".into()),
        }
    }

    pub(crate) fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks5 | Self::Socks5h => 1080,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }
}

/// In the form in which URLs have it: lower case, Punycode, an IPv6 address without its brackets.
fn host_of(text: &str) -> Result<String, String> {
    let host = url::host_of(text).ok_or("it has no host that a URL could have")?;
    Ok(host.trim_start_matches('[').trim_end_matches(']').to_owned())
}

fn port_of(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::InvalidOption { option: "proxy" }).with_message(why)
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Proxy");
        match &self.server {
            None => out.field("server", &"direct"),
            Some(server) => out.field("server", server),
        };
        if self.scope != Scope::Every {
            out.field("scope", &self.scope);
        }
        if !self.exempt.is_empty() {
            out.field("no_proxy", &self.exempt);
        }
        out.finish()
    }
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.as_str())?;
        if self.credentials.is_some() {
            f.write_str("***@")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port)?,
            false => write!(f, "{}:{}", self.host, self.port)?,
        }
        let mut names = self.fields.iter().map(|(name, _)| name.as_str());
        match names.next() {
            None => Ok(()),
            Some(first) => write!(f, " with {}", names.fold(first.to_owned(), |all, name| all + ", " + name)),
        }
    }
}

/// For messages: who it is, without what is said to it.
impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "{}://[{}]:{}", self.scheme.as_str(), self.host, self.port),
            false => write!(f, "{}://{}:{}", self.scheme.as_str(), self.host, self.port),
        }
    }
}

impl FromStr for Proxy {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self> {
        Self::new(url)
    }
}

impl TryFrom<&str> for Proxy {
    type Error = Error;

    fn try_from(url: &str) -> Result<Self> {
        Self::new(url)
    }
}

impl TryFrom<&String> for Proxy {
    type Error = Error;

    fn try_from(url: &String) -> Result<Self> {
        Self::new(url)
    }
}

impl TryFrom<String> for Proxy {
    type Error = Error;

    fn try_from(url: String) -> Result<Self> {
        Self::new(&url)
    }
}
