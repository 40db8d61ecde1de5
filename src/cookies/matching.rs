//! Which hosts and paths a cookie is for: RFC 6265bis, sections 5.1.3 and 5.1.4.

use std::net::Ipv4Addr;

use psl::{List, Psl};

use crate::url::Url;

/// Whether a host, as a URL serialises it, is an address.
pub(super) fn is_ip(host: &str) -> bool {
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

/// Whether a cookie of this domain, which is no host's alone, is for this host. Both in lower case.
pub(super) fn domain_matches(host: &str, domain: &str) -> bool {
    match host.strip_suffix(domain) {
        Some("") => true,
        Some(before) => before.ends_with('.') && !is_ip(host),
        None => false,
    }
}

/// Whether many who have nothing to do with each other have their hosts under this name: `com`, `co.uk`, `github.io`.
/// So is a name of one label.
pub(super) fn is_public_suffix(domain: &str) -> bool {
    let name = domain.strip_suffix('.').unwrap_or(domain);
    List.suffix(name.as_bytes()).is_some_and(|suffix| suffix.as_bytes().len() == name.len())
}

/// The name that one owner has a host and all its neighbours under: the public suffix and one label. An address, and a
/// public suffix, is alone.
pub(super) fn site(host: &str) -> &str {
    let name = host.strip_suffix('.').unwrap_or(host);
    if is_ip(name) {
        return name;
    }
    List.domain(name.as_bytes())
        .and_then(|domain| name.get(name.len() - domain.as_bytes().len()..))
        .unwrap_or(name)
}

/// Whether a cookie of this path is for a request of that one.
pub(super) fn path_matches(request: &str, path: &str) -> bool {
    match request.strip_prefix(path) {
        Some(rest) => rest.is_empty() || path.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

/// The path of a cookie that names none: the folder of what was asked for.
pub(super) fn default_path(request: &str) -> &str {
    match request.rfind('/') {
        Some(end) if end > 0 && request.starts_with('/') => &request[..end],
        _ => "/",
    }
}

pub(super) fn is_encrypted(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "wss")
}

/// Whether the URL is of this machine: `localhost`, names under it, 127.0.0.0/8 and `[::1]`.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host().unwrap_or_default();
    let name = host.strip_suffix('.').unwrap_or(host);
    name == "localhost"
        || name.ends_with(".localhost")
        || name == "[::1]"
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}
