//! Which hosts a proxy is not for: names, addresses and networks, as `NO_PROXY` lists them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::{host_of, port_of};

/// What is exempt from a proxy.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Exempt(Arc<Vec<Pattern>>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Pattern {
    host: Host,
    /// None: any.
    port: Option<u16>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Host {
    Any,
    /// Names without a dot.
    Local,
    /// The name and those below it, as URLs have them, without the dots at its ends.
    Name(String),
    /// The addresses that begin with these many of its bits.
    Network(IpAddr, u8),
}

const FORMS: &str = "write example.com, *.example.com, 10.1.2.3, [::1], 10.0.0.0/8, fd00::/8, 10.*, <local> or *; \
                     all but those with a slash may have a port";

impl Exempt {
    /// Adds the hosts of a list.
    pub(super) fn add(&mut self, list: &str) -> Result<(), String> {
        let texts = list.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|text| !text.is_empty());
        let more: Vec<_> = texts
            .map(|text| {
                Pattern::parse(text).ok_or_else(|| format!("{text:?} names no hosts to exempt: {FORMS}"))
            })
            .collect::<Result<_, _>>()?;
        Arc::make_mut(&mut self.0).extend(more);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The host as a URL has it.
    pub(super) fn has(&self, host: &str, port: u16) -> bool {
        if self.is_empty() {
            return false;
        }
        let address = address(host);
        let name = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().any(|pattern| {
            pattern.port.is_none_or(|its| its == port)
                && match (&pattern.host, address) {
                    (Host::Any, _) => true,
                    (Host::Local, None) => !name.contains('.'),
                    (Host::Name(above), None) => is_at_or_below(name, above),
                    (Host::Network(network, bits), Some(address)) => is_in(address, *network, *bits),
                    _ => false,
                }
        })
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        if let Some((network, bits)) = text.split_once('/') {
            let network = address(network).or_else(|| Some(leading(network)?.0.into()))?;
            let bits = bits.parse().ok().filter(|bits| *bits <= width(network))?;
            return Some(Self { host: Host::Network(network, bits), port: None });
        }
        if let Some(address) = address(text) {
            return Some(Self::of_address(address, None));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port_of(port)?)),
            None => (text, None),
        };
        if let Some(address) = address(host) {
            return Some(Self::of_address(address, port));
        }
        if host == "*" {
            return Some(Self { host: Host::Any, port });
        }
        if host == "<local>" {
            return Some(Self { host: Host::Local, port });
        }
        if let Some((network, bits)) = starred(host) {
            return Some(Self { host: Host::Network(network, bits), port });
        }
        let name = host.strip_prefix("*.").or_else(|| host.strip_prefix('.')).unwrap_or(host);
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_empty() || name.starts_with('.') || name.contains(['*', ':', '[', ']', '@']) {
            return None;
        }
        let name = host_of(name).ok()?;
        // What a URL takes for an address is no name that could ever match.
        name.parse::<IpAddr>().is_err().then_some(Self { host: Host::Name(name), port })
    }

    fn of_address(address: IpAddr, port: Option<u16>) -> Self {
        Self { host: Host::Network(address, width(address)), port }
    }
}

/// An IPv6 address with or without brackets; one that stands for an IPv4 address is that one.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// The bytes that an IPv4 address begins with, as in `169.254`: the address with zeros after them, and their bits.
fn leading(text: &str) -> Option<(Ipv4Addr, u8)> {
    let count = text.split('.').count();
    let zeros = 4_usize.checked_sub(count)?;
    let address = format!("{text}{}", ".0".repeat(zeros)).parse().ok()?;
    Some((address, u8::try_from(count * 8).ok()?))
}

/// A network as `192.168.*` has it, or `192.168.*.*`.
fn starred(text: &str) -> Option<(IpAddr, u8)> {
    let mut bytes = text.strip_suffix(".*")?;
    while let Some(fewer) = bytes.strip_suffix(".*") {
        bytes = fewer;
    }
    let is_short = text.split('.').count() <= 4;
    let (network, bits) = leading(bytes).filter(|_| is_short)?;
    Some((network.into(), bits))
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (one.to_bits() ^ other.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            (one.to_bits() ^ other.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

fn is_at_or_below(name: &str, above: &str) -> bool {
    let Some(before) = name.len().checked_sub(above.len()) else { return false };
    match (name.get(..before), name.get(before..)) {
        (Some(below), Some(end)) => {
            end.eq_ignore_ascii_case(above) && (below.is_empty() || below.ends_with('.'))
        }
        _ => false,
    }
}

impl fmt::Debug for Exempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|pattern| pattern.to_string())).finish()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Any => f.write_str("*")?,
            Host::Local => f.write_str("<local>")?,
            Host::Name(name) => f.write_str(name)?,
            Host::Network(network, bits) => write!(f, "{network}/{bits}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}
