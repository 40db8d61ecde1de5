//! Addresses that are fixed for some names, as in a hosts file.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::url::Url;

/// Addresses that are fixed for some names: these are looked up nowhere.
///
/// What is fixed for a name with a port goes before what is fixed for the name alone. The `Host` field, cookies, and what
/// the server's certificate must name stay the URL's.
///
/// ```
/// use dualfetch::dns::Overrides;
///
/// let fixed = Overrides::new()
///     .with("api.example.com", ["127.0.0.1:8080".parse()?])? // whatever the URL's port
///     .with("www.example.com:443", ["[::1]:0".parse()?, "127.0.0.1:0".parse()?])?; // port 443 stays as it is
/// # let _ = fixed;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Overrides {
    /// Shared: each request's options hold a copy.
    fixed: Arc<BTreeMap<Key, Arc<[SocketAddr]>>>,
}

type Key = (Box<str>, Option<u16>);

const OPTION: ErrorKind = ErrorKind::InvalidOption { option: "resolve" };

impl Overrides {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Fixes the addresses of `host`, a name or a name with a port (`"example.com:8443"`), in place of those fixed for
    /// it before. They are tried in this order. Port 0 stands for the URL's own.
    ///
    /// Names are compared as URLs have them: without regard to case, in Punycode; a final dot makes no difference.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`]: the host is an IP address, or no host at all (`*.example.com` is none), or there is no
    /// address.
    pub fn with(mut self, host: &str, addresses: impl IntoIterator<Item = SocketAddr>) -> Result<Self> {
        let key = key(host)?;
        let addresses: Arc<[SocketAddr]> = addresses.into_iter().collect();
        if addresses.is_empty() {
            return Err(Error::new(OPTION).with_message(format!("no address for {host:?}")));
        }
        Arc::make_mut(&mut self.fixed).insert(key, addresses);
        Ok(self)
    }

    /// These, and `base` for other names.
    pub(crate) fn over(&self, base: &Self) -> Self {
        let mut all = base.clone();
        let added = self.fixed.iter().map(|(key, addresses)| (key.clone(), Arc::clone(addresses)));
        Arc::make_mut(&mut all.fixed).extend(added);
        all
    }

    /// What is fixed for this host of a URL, with the ports to connect to.
    #[allow(dead_code, reason = "the native backend alone looks names up")]
    pub(crate) fn of(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        if self.fixed.is_empty() {
            return None;
        }
        let name: Box<str> = rooted(host).to_ascii_lowercase().into();
        let fixed = self.fixed.get(&(name.clone(), Some(port))).or_else(|| self.fixed.get(&(name, None)))?;
        let ported = |mut address: SocketAddr| {
            if address.port() == 0 {
                address.set_port(port);
            }
            address
        };
        Some(fixed.iter().copied().map(ported).collect())
    }
}

fn key(text: &str) -> Result<Key> {
    let wrong = |why: &str| Error::new(OPTION).with_message(format!("{text:?} {why}"));
    if text.is_empty() || text.contains(['/', '\\', '@', '?', '#', '%']) || text.contains(char::is_whitespace)
    {
        return Err(wrong("is no host"));
    }
    // curl's, for every name and for what is forgotten later.
    if text.contains('*') || text.starts_with('+') {
        return Err(wrong("is no host: each is named, in full"));
    }
    if text.parse::<IpAddr>().is_ok() {
        return Err(wrong("is an IP address, which is looked up nowhere"));
    }
    // As it will stand in URLs.
    let url =
        Url::parse(&format!("http://{text}/")).map_err(|error| wrong("is no host").with_source(error))?;
    let host = url.host().ok_or_else(|| wrong("is no host"))?;
    if host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
        return Err(wrong("is an IP address, which is looked up nowhere"));
    }
    let port = match text.rsplit_once(':') {
        None => None,
        Some((_, digits)) => match url.port() {
            Some(port) if port > 0 && !digits.is_empty() => Some(port),
            _ => return Err(wrong("has no port that a URL can have")),
        },
    };
    Ok((rooted(host).into(), port))
}

/// Without the final dot that says that the name is whole.
fn rooted(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}
