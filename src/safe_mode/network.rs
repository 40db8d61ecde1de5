//! Networks, and those of which no site is a part.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    first: IpAddr,
    prefix: u32,
}

impl Network {
    /// `10.0.0.0/8`, or one address.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        const NONE: &str = "neither an address nor a network such as 10.1.0.0/16";
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| NONE)?;
        let bits = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            // A sign or a leading zero is a slip; so are bits beyond the prefix, and nobody can say which half is wrong.
            Some("0") => 0,
            Some(text) if text.starts_with(|first: char| matches!(first, '1'..='9')) => {
                text.parse().ok().filter(|prefix| *prefix <= bits).ok_or(NONE)?
            }
            Some(_) => return Err(NONE),
        };
        let host_bits = bits - prefix;
        let zeros = match first {
            IpAddr::V4(first) => first.to_bits().trailing_zeros(),
            IpAddr::V6(first) => first.to_bits().trailing_zeros(),
        };
        match zeros >= host_bits {
            true => Ok(Self { first, prefix }),
            false => Err("the address has bits beyond its prefix"),
        }
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let same = match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => (first.to_bits() ^ address.to_bits()).leading_zeros(),
            (IpAddr::V6(first), IpAddr::V6(address)) => (first.to_bits() ^ address.to_bits()).leading_zeros(),
            _ => return false,
        };
        same >= self.prefix
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why no stranger may name this address, if it is one of no site.
pub(super) fn built_in(address: IpAddr) -> Result<(), String> {
    match what(address) {
        Some(what) => Err(format!("{address} is {what}")),
        None => match address {
            IpAddr::V6(outer) if NAT64.contains(address) => {
                let inner = IpAddr::V4(low(outer));
                what(inner)
                    .map_or(Ok(()), |what| Err(format!("{address} stands for {inner}, which is {what}")))
            }
            _ => Ok(()),
        },
    }
}

fn what(address: IpAddr) -> Option<&'static str> {
    let named = BLOCKS.iter().find(|(network, _)| network.contains(address)).map(|(_, what)| *what);
    named.or_else(|| match address {
        IpAddr::V6(address) if is_isatap(address) => Some("of ISATAP (RFC 5214)"),
        IpAddr::V6(_) if !PUBLIC.contains(address) && !NAT64.contains(address) => {
            Some("not among the public addresses, 2000::/3 (RFC 4291)")
        }
        _ => None,
    })
}

/// The IPv4 addresses that a tunnel or translator may take this one for: by its prefix, and by its interface identifier.
pub(super) fn embedded(address: IpAddr) -> [Option<Ipv4Addr>; 3] {
    let IpAddr::V6(v6) = address else { return [None; 3] };
    let bits = v6.to_bits();
    let of_isatap = is_isatap(v6).then(|| low(v6));
    let at = |shift: u32| Some(Ipv4Addr::from_bits((bits >> shift) as u32));
    if TEREDO.contains(address) {
        return [at(64), Some(Ipv4Addr::from_bits(!low(v6).to_bits())), of_isatap];
    }
    if SIX_TO_FOUR.contains(address) {
        return [at(80), None, of_isatap];
    }
    if LOCAL_NAT64.contains(address) {
        // The form for a prefix of 48 bits jumps over eight (RFC 6052, section 2.2).
        let split = ((bits >> 64) as u32) << 16 | ((bits >> 40) as u32) & 0xffff;
        return [Some(low(v6)), Some(Ipv4Addr::from_bits(split)), None];
    }
    let is_last = [COMPATIBLE, MAPPED, NAT64, TRANSLATED].iter().any(|network| network.contains(address));
    [is_last.then(|| low(v6)), None, of_isatap]
}

fn low(address: Ipv6Addr) -> Ipv4Addr {
    Ipv4Addr::from_bits(address.to_bits() as u32)
}

/// By its interface identifier, under whatever prefix.
fn is_isatap(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [_, _, _, _, 0 | 0x200, 0x5efe, _, _])
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u32) -> Network {
    Network { first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
}

/// By its first four groups, and its last.
const fn v6([a, b, c, d]: [u16; 4], last: u16, prefix: u32) -> Network {
    Network { first: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, last)), prefix }
}

const COMPATIBLE: Network = v6([0; 4], 0, 96);
const LOCAL_NAT64: Network = v6([0x64, 0xff9b, 1, 0], 0, 48);
const MAPPED: Network = Network { first: IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0)), prefix: 96 };
const NAT64: Network = v6([0x64, 0xff9b, 0, 0], 0, 96);
const PUBLIC: Network = v6([0x2000, 0, 0, 0], 0, 3);
const SIX_TO_FOUR: Network = v6([0x2002, 0, 0, 0], 0, 16);
const TEREDO: Network = v6([0x2001, 0, 0, 0], 0, 32);
const TRANSLATED: Network =
    Network { first: IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0)), prefix: 96 };

const ANYCAST: &str = "for the anycast of a protocol (RFC 6890)";
const DOCUMENTATION: &str = "for documentation (RFC 5737)";
const METADATA: &str = "a cloud's metadata service";
const PRIVATE: &str = "private (RFC 1918)";

/// IANA's registries of special-purpose addresses, and what else no site has. The first that applies names the reason.
const BLOCKS: [(Network, &str); 43] = [
    (v4(169, 254, 169, 254, 32), METADATA),
    (v4(169, 254, 170, 2, 32), METADATA),
    (v4(100, 100, 100, 200, 32), METADATA),
    (v4(168, 63, 129, 16, 32), METADATA),
    (v4(192, 0, 0, 192, 32), METADATA),
    (v4(0, 0, 0, 0, 8), "of \"this network\" (RFC 791)"),
    (v4(10, 0, 0, 0, 8), PRIVATE),
    (v4(100, 64, 0, 0, 10), "shared by a carrier's customers (RFC 6598)"),
    (v4(127, 0, 0, 0, 8), "loopback (RFC 1122)"),
    (v4(169, 254, 0, 0, 16), "link-local (RFC 3927)"),
    (v4(172, 16, 0, 0, 12), PRIVATE),
    (v4(192, 0, 0, 0, 24), "for protocols (RFC 6890)"),
    (v4(192, 0, 2, 0, 24), DOCUMENTATION),
    (v4(192, 31, 196, 0, 24), ANYCAST),
    (v4(192, 52, 193, 0, 24), ANYCAST),
    (v4(192, 88, 99, 0, 24), "a relay of 6to4 (RFC 7526)"),
    (v4(192, 168, 0, 0, 16), PRIVATE),
    (v4(192, 175, 48, 0, 24), ANYCAST),
    (v4(198, 18, 0, 0, 15), "for benchmarking (RFC 2544)"),
    (v4(198, 51, 100, 0, 24), DOCUMENTATION),
    (v4(203, 0, 113, 0, 24), DOCUMENTATION),
    (v4(224, 0, 0, 0, 4), "multicast (RFC 5771)"),
    (v4(255, 255, 255, 255, 32), "broadcast (RFC 919)"),
    (v4(240, 0, 0, 0, 4), "reserved (RFC 1112)"),
    (v6([0xfd00, 0xec2, 0, 0], 0x254, 128), METADATA),
    (v6([0xfd20, 0xce, 0, 0], 0x254, 128), METADATA),
    (v6([0xfd00, 0x42, 0, 0], 0x42, 128), METADATA),
    (v6([0; 4], 0, 128), "unspecified (RFC 4291)"),
    (v6([0; 4], 1, 128), "loopback (RFC 4291)"),
    (MAPPED, "IPv4-mapped (RFC 4291)"),
    (COMPATIBLE, "IPv4-compatible (RFC 4291)"),
    (TRANSLATED, "IPv4-translated (RFC 2765)"),
    (LOCAL_NAT64, "of a local NAT64 (RFC 8215)"),
    (TEREDO, "of Teredo (RFC 4380)"),
    (v6([0x2001, 0, 0, 0], 0, 23), "for protocols (RFC 2928)"),
    (v6([0x2001, 0xdb8, 0, 0], 0, 32), "for documentation (RFC 3849)"),
    (SIX_TO_FOUR, "of 6to4 (RFC 7526)"),
    (v6([0x2620, 0x4f, 0x8000, 0], 0, 48), ANYCAST),
    (v6([0x3fff, 0, 0, 0], 0, 20), "for documentation (RFC 9637)"),
    (v6([0xfc00, 0, 0, 0], 0, 7), "unique local (RFC 4193)"),
    (v6([0xfe80, 0, 0, 0], 0, 10), "link-local (RFC 4291)"),
    (v6([0xfec0, 0, 0, 0], 0, 10), "site-local (RFC 3879)"),
    (v6([0xff00, 0, 0, 0], 0, 8), "multicast (RFC 4291)"),
];
