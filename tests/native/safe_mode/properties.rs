//! What must hold of every address. The blocks are IANA's registries of special-purpose addresses, written here once more
//! so that a slip in the library's table is seen.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dualfetch::{SafeMode, Url};
use proptest::prelude::*;

/// First address and length of prefix: what has no place on the public internet.
const IPV4: &[(&str, u32)] = &[
    ("0.0.0.0", 8),
    ("10.0.0.0", 8),
    ("100.64.0.0", 10),
    ("127.0.0.0", 8),
    ("168.63.129.16", 32),
    ("169.254.0.0", 16),
    ("172.16.0.0", 12),
    ("192.0.0.0", 24),
    ("192.0.2.0", 24),
    ("192.31.196.0", 24),
    ("192.52.193.0", 24),
    ("192.88.99.0", 24),
    ("192.168.0.0", 16),
    ("192.175.48.0", 24),
    ("198.18.0.0", 15),
    ("198.51.100.0", 24),
    ("203.0.113.0", 24),
    ("224.0.0.0", 4),
    ("240.0.0.0", 4),
];

/// Within 2000::/3. Outside of it everything is denied but what translates to an IPv4 address that is not.
const IPV6: &[(&str, u32)] =
    &[("2001::", 23), ("2001:db8::", 32), ("2002::", 16), ("2620:4f:8000::", 48), ("3fff::", 20)];

fn in_block(blocks: &'static [(&'static str, u32)], random: u128) -> impl Strategy<Value = u128> {
    prop::sample::select(blocks).prop_map(move |(first, prefix)| match first.parse().expect("an address") {
        IpAddr::V4(first) => {
            let rest = (random as u32).checked_shr(prefix).unwrap_or(0);
            u128::from(first.to_bits() | rest)
        }
        IpAddr::V6(first) => first.to_bits() | random.checked_shr(prefix).unwrap_or(0),
    })
}

fn denied_ipv4() -> impl Strategy<Value = Ipv4Addr> {
    any::<u128>()
        .prop_flat_map(|random| in_block(IPV4, random))
        .prop_map(|bits| Ipv4Addr::from_bits(bits as u32))
}

fn is_in(blocks: &[(&str, u32)], address: IpAddr) -> bool {
    blocks.iter().any(|(first, prefix)| match (first.parse().expect("an address"), address) {
        (IpAddr::V4(first), IpAddr::V4(address)) => {
            (first.to_bits() ^ address.to_bits()).leading_zeros() >= *prefix
        }
        (IpAddr::V6(first), IpAddr::V6(address)) => {
            (first.to_bits() ^ address.to_bits()).leading_zeros() >= *prefix
        }
        _ => false,
    })
}

fn public_ipv4() -> impl Strategy<Value = Ipv4Addr> {
    any::<u32>()
        .prop_map(Ipv4Addr::from_bits)
        .prop_filter("a public one", |address| !is_in(IPV4, (*address).into()))
}

fn is_isatap(address: Ipv6Addr) -> bool {
    (address.to_bits() >> 32) as u32 & !0x0200_0000 == 0x5efe
}

fn public_ipv6() -> impl Strategy<Value = Ipv6Addr> {
    any::<u128>()
        .prop_map(|random| Ipv6Addr::from_bits(1 << 125 | random >> 3))
        .prop_filter("a public one", |address| !is_in(IPV6, (*address).into()) && !is_isatap(*address))
}

/// Every form of IPv6 that stands for an address of IPv4; `rest` is what the form leaves open.
fn forms(inner: Ipv4Addr, rest: u128) -> Vec<Ipv6Addr> {
    let bits = u128::from(inner.to_bits());
    let low = |prefix: &str| prefix.parse::<Ipv6Addr>().expect("a prefix").to_bits() | bits;
    let public = 1 << 125 | rest >> 67 << 64;
    [
        bits,
        low("::ffff:0:0"),
        low("::ffff:0:0:0"),
        low("64:ff9b::"),
        low("64:ff9b:1::") | rest >> 48 >> 32 << 32,
        low("64:ff9b:1::") & !0xffff_ffff | bits >> 16 << 64 | (bits & 0xffff) << 40 | rest & 0xff_ffff_ffff,
        low("2002::") & !0xffff_ffff | bits << 80 | rest >> 48,
        low("2001::") & !0xffff_ffff | bits << 64 | rest >> 64,
        low("2001::") & !0xffff_ffff | rest >> 96 << 64 | rest << 96 >> 64 | bits ^ 0xffff_ffff,
        public | 0x5efe << 32 | bits,
        public | 0x0200_5efe << 32 | bits,
        low("fe80::5efe:0:0"),
    ]
    .map(Ipv6Addr::from_bits)
    .to_vec()
}

fn is_denied(safe: &SafeMode, address: impl Into<IpAddr>) -> bool {
    let address = address.into();
    let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    let by_url = safe.check_url(&Url::parse(&format!("http://{host}/")).expect("a URL"));
    let denied = safe.check_address(address);
    assert_eq!(by_url.is_err(), denied.is_err(), "{address}");
    assert!(denied.as_ref().err().is_none_or(|error| error.code() == "denied"), "{denied:?}");
    denied.is_err()
}

/// A network that holds `address`, and ends `prefix` bits into it.
fn network_of(address: Ipv4Addr, prefix: u32) -> String {
    let first = address.to_bits() & u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
    format!("{}/{prefix}", Ipv4Addr::from_bits(first))
}

/// One part of an address in a base, with zeros before it.
fn part(value: u32, base: usize, zeros: usize) -> String {
    let zeros = "0".repeat(zeros);
    match base {
        0 => value.to_string(),
        1 => format!("0{zeros}{value:o}"),
        2 => format!("0x{zeros}{value:x}"),
        _ => format!("0X{zeros}{value:X}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_denied_ipv4_address_is_denied_in_every_form(inner in denied_ipv4(), rest: u128) {
        let safe = SafeMode::new();
        prop_assert!(is_denied(&safe, inner));
        for form in forms(inner, rest) {
            prop_assert!(is_denied(&safe, form), "{form} of {inner}");
        }
    }

    #[test]
    fn a_public_ipv4_address_is_let_through_as_it_is_and_by_nat64_alone(inner in public_ipv4(), rest: u128) {
        let safe = SafeMode::new();
        prop_assert!(!is_denied(&safe, inner));
        for form in forms(inner, rest) {
            let is_nat64 = form.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
            prop_assert_eq!(is_denied(&safe, form), !is_nat64, "{} of {}", form, inner);
        }
    }

    #[test]
    fn what_the_standard_library_knows_of_is_denied(ipv4: u32, ipv6: u128) {
        let (ipv4, ipv6) = (Ipv4Addr::from_bits(ipv4), Ipv6Addr::from_bits(ipv6));
        let is_special = ipv4.is_private() || ipv4.is_loopback() || ipv4.is_link_local() || ipv4.is_multicast()
            || ipv4.is_broadcast() || ipv4.is_documentation() || ipv4.is_unspecified();
        prop_assert!(!is_special || is_denied(&SafeMode::new(), ipv4), "{ipv4}");
        let is_special = ipv6.is_unique_local() || ipv6.is_unicast_link_local() || ipv6.is_multicast();
        prop_assert!(!is_special || is_denied(&SafeMode::new(), ipv6), "{ipv6}");
    }

    #[test]
    fn ipv6_addresses_beyond_the_public_ones_are_denied(random: u128, block in any::<u128>().prop_flat_map(|random| in_block(IPV6, random))) {
        prop_assert!(is_denied(&SafeMode::new(), Ipv6Addr::from_bits(block)));
        let beyond = Ipv6Addr::from_bits(random);
        let is_public = random >> 125 == 1 || random >> 32 == 0x64_ff9b << 64;
        prop_assert!(is_public || is_denied(&SafeMode::new(), beyond), "{beyond}");
    }

    #[test]
    fn public_ipv6_addresses_are_let_through(address in public_ipv6()) {
        prop_assert!(!is_denied(&SafeMode::new(), address), "{address}");
    }

    #[test]
    fn an_own_denial_holds_in_every_form_whatever_is_allowed(bits: u32, prefix in 0_u32..=32, rest: u128) {
        let inner = Ipv4Addr::from_bits(bits);
        let safe = SafeMode::new().deny_network(&network_of(inner, prefix)).and_then(|safe| safe.allow_network("::/0"));
        let safe = safe.and_then(|safe| safe.allow_network("0.0.0.0/0")).expect("networks");
        prop_assert!(is_denied(&safe, inner));
        for form in forms(inner, rest) {
            prop_assert!(is_denied(&safe, form), "{form} of {inner}");
        }
    }

    #[test]
    fn an_own_allowance_is_for_the_form_that_it_names(inner in denied_ipv4(), prefix in 8_u32..=32, rest: u128) {
        let safe = SafeMode::new().allow_network(&network_of(inner, prefix)).expect("a network");
        prop_assert!(!is_denied(&safe, inner));
        for form in forms(inner, rest) {
            prop_assert!(is_denied(&safe, form), "{form} of {inner}");
        }
    }

    #[test]
    fn an_ipv4_address_is_a_url_s_host_in_one_spelling_alone(
        bits: u32, count in 1_usize..=4, bases: [usize; 4], zeros: [usize; 4], dot: bool, join: bool,
    ) {
        let last = bits << (8 * (count as u32 - 1)) >> (8 * (count as u32 - 1));
        let mut parts: Vec<_> = (0..count - 1).map(|nth| bits >> (24 - 8 * nth) & 0xff).collect();
        parts.push(if count == 1 { bits } else { last });
        let parts: Vec<_> =
            parts.iter().zip(bases.iter().zip(zeros)).map(|(value, (base, zeros))| part(*value, base % 4, zeros % 3)).collect();
        let host = format!("{}{}", parts.join("."), if dot { "." } else { "" });
        let text = format!("http://{host}/");
        let read = match join {
            true => Url::parse("https://example.com/").expect("a URL").join(&text),
            false => Url::parse(&text),
        };
        let canonical = Ipv4Addr::from_bits(bits).to_string();
        match read {
            Ok(url) => prop_assert_eq!((url.host(), &host), (Some(canonical.as_str()), &canonical)),
            Err(error) => {
                prop_assert!(host != canonical, "{}", error);
                prop_assert_eq!(error.code(), "invalid_url");
            }
        }
    }
}
