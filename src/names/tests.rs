use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::{AddressFamily, Addresses, BoxError, DnsCache, Overrides, Resolve, SharedResolver};
use crate::error::ErrorKind;
use crate::maybe::BoxFuture;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn what_is_fixed_for_a_port_goes_before_what_is_fixed_for_the_name() {
    let fixed = Overrides::new()
        .with("a.test", [at("10.0.0.1:0")])
        .and_then(|fixed| fixed.with("a.test:8443", [at("10.0.0.2:0"), at("[::1]:9")]))
        .unwrap();
    assert_eq!(fixed.of("a.test", 443), Some(vec![at("10.0.0.1:443")]));
    assert_eq!(fixed.of("a.test", 8443), Some(vec![at("10.0.0.2:8443"), at("[::1]:9")]));
    assert_eq!(fixed.of("b.a.test", 443), None, "a name does not stand for those below it");
}

#[test]
fn a_default_port_that_is_named_is_a_port_like_others() {
    let fixed = Overrides::new().with("a.test:80", [at("10.0.0.1:0")]).unwrap();
    assert_eq!(fixed.of("a.test", 80), Some(vec![at("10.0.0.1:80")]));
    assert_eq!(fixed.of("a.test", 443), None);
}

#[test]
fn fixed_names_are_found_as_urls_have_them() {
    let fixed = Overrides::new()
        .with("WWW.Example.com", [at("10.0.0.1:0")])
        .and_then(|fixed| fixed.with("bücher.test", [at("10.0.0.2:0")]))
        .and_then(|fixed| fixed.with("whole.test.", [at("10.0.0.3:0")]))
        .unwrap();
    for host in ["www.example.com", "www.example.com.", "WWW.EXAMPLE.COM"] {
        assert_eq!(fixed.of(host, 1), Some(vec![at("10.0.0.1:1")]), "{host}");
    }
    assert_eq!(fixed.of("xn--bcher-kva.test", 1), Some(vec![at("10.0.0.2:1")]));
    assert_eq!(fixed.of("whole.test", 1), Some(vec![at("10.0.0.3:1")]));
}

#[test]
fn what_is_no_name_cannot_be_fixed() {
    let literals =
        ["127.0.0.1", "127.0.0.1:80", "::1", "[::1]", "[::1]:443", "127.1", "0x7f.0.0.1", "2130706433"];
    let others = [
        "",
        " ",
        "a b",
        "a/b",
        "user@a.test",
        "a.test:",
        "a.test:0",
        "a.test:65536",
        "a.test:x",
        ":80",
        "%61.test",
        "*",
        "*:80",
        "*.test",
        "+a.test:80",
    ];
    for host in literals.into_iter().chain(others) {
        let error = Overrides::new().with(host, [at("10.0.0.1:0")]).expect_err(host);
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "resolve" }, "{host}");
        assert!(error.message().unwrap().contains(&format!("{host:?}")), "{error}");
    }
    let error = Overrides::new().with("a.test", []).unwrap_err();
    assert!(error.to_string().contains("no address for \"a.test\""), "{error}");
}

#[test]
fn fixed_later_is_in_place_of_what_was_fixed_before_and_only_there() {
    let first = Overrides::new().with("a.test", [at("10.0.0.1:0")]).unwrap();
    let second = first.clone().with("A.test", [at("10.0.0.2:0")]).unwrap();
    assert_eq!(first.of("a.test", 1), Some(vec![at("10.0.0.1:1")]));
    assert_eq!(second.of("a.test", 1), Some(vec![at("10.0.0.2:1")]));
    assert_ne!(first, second);
}

#[test]
fn a_record_shortens_what_is_kept_and_never_lengthens_it() {
    let seconds = Duration::from_secs;
    let default = DnsCache::default();
    assert_eq!(default.time_for(None), Some(seconds(10)));
    assert_eq!(default.time_for(Some(seconds(3))), Some(seconds(3)));
    assert_eq!(default.time_for(Some(seconds(300))), Some(seconds(10)));
    assert_eq!(DnsCache::new().forever().time_for(Some(seconds(3))), None);
    assert_eq!(DnsCache::off().time_for(None), Some(Duration::ZERO));
    assert_eq!(DnsCache::off().capacity(), 0);
}

#[test]
fn families_have_their_own_addresses() {
    let (four, six) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    let has = |family: AddressFamily| (family.has(four), family.has(six));
    assert_eq!(has(AddressFamily::Any), (true, true));
    assert_eq!(has(AddressFamily::Ipv4), (true, false));
    assert_eq!(has(AddressFamily::Ipv6), (false, true));
}

#[test]
fn addresses_keep_their_order_and_their_scope() {
    let found: Addresses = [at("[fe80::1%7]:53"), at("10.0.0.1:53")].into_iter().collect();
    assert_eq!(found.iter().map(|ip| ip.to_string()).collect::<Vec<_>>(), ["fe80::1", "10.0.0.1"]);
    assert_eq!(found.ttl(), None);
    let (found, ttl) = found.with_ttl(Duration::from_secs(1)).into_parts();
    assert_eq!(found, [at("[fe80::1%7]:0"), at("10.0.0.1:0")]);
    assert_eq!(ttl, Some(Duration::from_secs(1)));
}

#[test]
fn a_resolver_is_equal_to_itself_alone() {
    struct Nothing(#[allow(dead_code, reason = "so that each has a place of its own")] u8);
    impl Resolve for Nothing {
        fn resolve(&self, _: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
            Box::pin(std::future::ready(Ok(Addresses::default())))
        }
    }
    let one = SharedResolver(Arc::new(Nothing(1)));
    let other = SharedResolver(Arc::new(Nothing(1)));
    assert_eq!(one, one.clone());
    assert_ne!(one, other);
    let all: HashSet<_> = [one.clone(), other, one].into_iter().collect();
    assert_eq!(all.len(), 2);
}
