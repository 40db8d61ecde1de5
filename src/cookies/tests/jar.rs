//! What a jar keeps, and what it sends where: RFC 6265bis, sections 5.7 and 5.8.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::time::Duration;

use super::super::{CookieJar, Refused, SameSite};
use super::{NOW, after, jar_of, names, sent, sent_at, set, url};

#[test]
fn a_cookie_goes_to_the_hosts_it_is_for() {
    for (from, field, to, is_sent) in [
        // Without a domain: to its host alone.
        ("https://example.com/", "a=1", "https://example.com/", true),
        ("https://example.com/", "a=1", "https://www.example.com/", false),
        ("https://www.example.com/", "a=1", "https://example.com/", false),
        ("https://example.com/", "a=1; Domain=", "https://www.example.com/", false),
        // With one: to it and all under it.
        ("https://www.example.com/", "a=1; Domain=example.com", "https://example.com/", true),
        ("https://www.example.com/", "a=1; Domain=.EXAMPLE.com", "https://x.y.example.com/", true),
        ("https://www.example.com/", "a=1; Domain=www.example.com", "https://example.com/", false),
        ("https://www.example.com/", "a=1; Domain=example.com", "https://badexample.com/", false),
        ("https://www.example.com/", "a=1; Domain=example.com", "https://example.com.evil.org/", false),
        ("https://www.example.com/", "a=1; Domain=a.example; Domain=", "https://www.example.com/", true),
        // The port does not matter, the scheme only where it is `Secure`.
        ("https://example.com/", "a=1", "https://example.com:8443/", true),
        ("https://example.com/", "a=1", "http://example.com/", true),
        ("https://example.com/", "a=1; Secure", "http://example.com/", false),
        ("https://example.com/", "a=1; Secure", "wss://example.com/", true),
        // A dot at the end makes another host.
        ("https://example.com./", "a=1", "https://example.com./", true),
        ("https://example.com./", "a=1", "https://example.com/", false),
        ("https://www.example.com./", "a=1; Domain=example.com", "https://www.example.com/", false),
        // Names beyond ASCII, as they are in URLs.
        (
            "https://www.b\u{fc}cher.example/",
            "a=1; Domain=xn--bcher-kva.example",
            "https://b\u{fc}cher.example/",
            true,
        ),
        // Names of this machine and of a network of one's own.
        ("http://localhost:8080/", "a=1", "http://localhost/", true),
        ("http://localhost/", "a=1; Domain=localhost", "http://x.localhost/", false),
        ("http://app.internal/", "a=1; Domain=app.internal", "http://x.app.internal/", true),
    ] {
        let jar = jar_of(from, &[field]);
        assert_eq!(sent(&jar, to), if is_sent { "a=1" } else { "" }, "{field} from {from} to {to}");
    }
}

#[test]
fn what_is_not_allowed_is_refused_and_told_why() {
    for (from, field, why) in [
        ("https://a.example.com/", "a=1; Domain=b.example.com", Refused::Domain),
        ("https://example.com/", "a=1; Domain=www.example.com", Refused::Domain),
        ("https://badexample.com/", "a=1; Domain=example.com", Refused::Domain),
        ("https://example.com/", "a=1; Domain=..example.com", Refused::Domain),
        ("https://example.com/", "a=1; Domain=ex\u{e4}mple.com", Refused::Domain),
        ("https://a..com/", "a=1; Domain=..com", Refused::Domain),
        ("https://example.com/", "a=1; Domain=com", Refused::PublicSuffix),
        ("https://example.com./", "a=1; Domain=com.", Refused::PublicSuffix),
        ("https://example.com/", "a=1; Domain=com.", Refused::PublicSuffix),
        ("https://www.example.co.uk/", "a=1; Domain=co.uk", Refused::PublicSuffix),
        ("https://me.github.io/", "a=1; Domain=github.io", Refused::PublicSuffix),
        ("https://x.y.kawasaki.jp/", "a=1; Domain=y.kawasaki.jp", Refused::PublicSuffix),
        ("https://x.example/", "a=1; Domain=example", Refused::PublicSuffix),
        ("https://a.\u{516c}\u{53f8}.cn/", "a=1; Domain=xn--55qx5d.cn", Refused::PublicSuffix),
        // A bucket of its own is another's than the provider's.
        ("https://b.s3.amazonaws.com/", "a=1; Domain=amazonaws.com", Refused::Domain),
        ("http://127.0.0.1/", "a=1; Domain=0.0.1", Refused::Domain),
        ("http://[::1]/", "a=1; Domain=1]", Refused::Domain),
        ("http://example.com/", "a=1; Secure", Refused::Insecure),
        ("http://localhost/", "a=1; Secure", Refused::Insecure),
        ("https://example.com/", "__Secure-a=1", Refused::Prefix),
        ("https://example.com/", "__sEcUrE-a=1; Path=/", Refused::Prefix),
        ("https://example.com/", "__Host-a=1; Secure", Refused::Prefix),
        ("https://example.com/", "__Host-a=1; Path=/", Refused::Prefix),
        ("https://example.com/", "__Host-a=1; Secure; Path=/x", Refused::Prefix),
        ("https://example.com/", "__HOST-a=1; Secure; Path=/; Domain=example.com", Refused::Prefix),
        ("https://example.com/", "=__Host-a=1; Secure; Path=/", Refused::Prefix),
        ("https://example.com/", "__Secure-a; Secure; Path=/", Refused::Prefix),
        ("data:text/plain,x", "a=1", Refused::NoHost),
    ] {
        let jar = CookieJar::new();
        assert_eq!(jar.insert(&url(from), field, NOW), Err(why), "{field} from {from}");
        assert!(jar.is_empty());
    }
    for (from, field) in [
        ("https://www.city.kawasaki.jp/", "a=1; Domain=city.kawasaki.jp"),
        ("https://github.io/", "a=1; Domain=github.io"),
        ("https://example.com/", "__Secure-a=1; Secure"),
        ("https://example.com/", "__Host-a=1; Secure; Path=/"),
        ("https://example.com/", "__Host-a=1; Secure; Path=/; Domain="),
        ("https://example.com/", "a=__Host-; SameSite=None"),
    ] {
        assert_eq!(CookieJar::new().insert(&url(from), field, NOW), Ok(()), "{field} from {from}");
    }
}

#[test]
fn the_host_that_is_a_public_suffix_keeps_its_cookies_for_itself() {
    let jar = jar_of("https://github.io/", &["a=1; Domain=github.io"]);
    assert_eq!(sent(&jar, "https://github.io/"), "a=1");
    assert_eq!(sent(&jar, "https://me.github.io/"), "");
    assert!(jar.cookies()[0].host_only());
}

#[test]
fn paths_lead_to_what_is_under_them() {
    for (from, field, to, is_sent) in [
        ("/", "a=1", "/any/thing", true),
        ("/x/y", "a=1", "/x/z?q=/w", true),
        ("/x/y", "a=1", "/x", true),
        ("/x/y", "a=1", "/xy", false),
        ("/x/y", "a=1", "/", false),
        ("/x/y/", "a=1", "/x/y", true),
        ("/x/y/", "a=1", "/x", false),
        ("/x?y=/z/w", "a=1", "/", true),
        ("/", "a=1; Path=/x", "/x/", true),
        ("/", "a=1; Path=/x/", "/x", false),
        ("/", "a=1; Path=/x/", "/x/y", true),
        ("/", "a=1; Path=/X", "/x", false),
        ("/", "a=1; Path=/x%20y", "/x y/z", true),
        ("/x/y/z", "a=1; Path=w", "/x/y", true),
    ] {
        let jar = jar_of(&format!("https://a.example{from}"), &[field]);
        let got = sent(&jar, &format!("https://a.example{to}"));
        assert_eq!(got, if is_sent { "a=1" } else { "" }, "{field} from {from} to {to}");
    }
}

#[test]
fn longer_paths_go_first_and_then_older_cookies() {
    let jar =
        jar_of("https://www.a.example/", &["a=1", "b=2; Path=/x", "c=3", "d=4; Path=/x/y", "e=5; Path=/x"]);
    set(&jar, "https://www.a.example/", &["f=6; Domain=a.example"]);
    // A new value keeps the old place.
    set(&jar, "https://www.a.example/", &["a=one", "b=two; Path=/x"]);
    assert_eq!(sent(&jar, "https://www.a.example/x/y"), "d=4; b=two; e=5; a=one; c=3; f=6");
    let cookies = jar.cookies_for(&url("https://www.a.example/x/y"), NOW);
    assert_eq!(names(&cookies), ["d", "b", "e", "a", "c", "f"]);
    assert_eq!(names(&jar.cookies()), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn a_cookie_takes_the_place_of_the_same_one_only() {
    let jar = jar_of("https://www.a.example/", &["a=1", "a=2; Path=/x", "a=3; Domain=www.a.example", "A=4"]);
    assert_eq!(jar.len(), 4);
    assert_eq!(sent(&jar, "https://www.a.example/x"), "a=2; a=1; a=3; A=4");
    let latin1: &[u8] = b"a=\xe9";
    jar.insert(&url("https://www.a.example/"), latin1, NOW).expect("a cookie");
    assert_eq!(jar.len(), 4, "what its value is written in makes it no other cookie");
    set(&jar, "https://www.a.example/", &["a=5; Max-Age=0"]);
    assert_eq!(sent(&jar, "https://www.a.example/x"), "a=2; a=3; A=4", "an end in the past takes it out");
}

#[test]
fn cookies_end_when_they_say() {
    const DAY: u64 = 24 * 60 * 60;
    for (field, lives, dies) in [
        ("a=1; Max-Age=60", 59, 60),
        ("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 59, 60),
        ("a=1; Expires=Thu, 01 Jan 2026 00:00:10 GMT; Max-Age=x", 9, 10),
        ("a=1; Expires=Thu, 01 Jan 2026 00:00:10 GMT; Expires=nonsense", 9, 10),
        ("a=1; Expires=Thu, 01 Jan 2026 00:00:10 GMT; Expires=Thu, 01-Jan-26 00:00:20", 19, 20),
        ("a=1; Max-Age=99999999999999999999", 400 * DAY - 1, 400 * DAY),
        ("a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", 400 * DAY - 1, 400 * DAY),
    ] {
        let jar = jar_of("https://a.example/", &[field]);
        assert_eq!(sent_at(&jar, "https://a.example/", after(lives)), "a=1", "{field}");
        assert_eq!(sent_at(&jar, "https://a.example/", after(dies)), "", "{field}");
    }
    for field in
        ["a=1; Max-Age=0", "a=1; Max-Age=-5", "a=1; Expires=Wed, 31 Dec 1600 23:59:59 GMT; Max-Age=-1"]
    {
        assert!(jar_of("https://a.example/", &[field]).is_empty(), "{field}");
    }
    let jar = jar_of("https://a.example/", &["a=1; Expires=0", "b=2"]);
    assert_eq!(sent_at(&jar, "https://a.example/", after(10_000 * DAY)), "a=1; b=2", "no end, no date");
    assert_eq!(jar.cookies()[0].expires(), None);
}

#[test]
fn a_max_age_is_never_cut_short_by_a_part_of_a_second() {
    let jar = CookieJar::new();
    let (url, half) = (url("https://a.example/"), Duration::from_millis(500));
    jar.insert(&url, "a=1; Max-Age=1", NOW + half).expect("a cookie");
    assert_eq!(jar.cookies_for(&url, NOW + 2 * half + half / 2).len(), 1);
}

#[test]
fn plain_http_does_not_touch_a_secure_cookie() {
    let secure = &["id=safe; Secure; Domain=example.com; Path=/login"];
    for (from, field, is_kept) in [
        ("http://example.com/", "id=evil; Path=/login", false),
        ("http://example.com/", "id=evil; Path=/login/en", false),
        ("http://www.example.com/", "id=evil; Path=/login; Domain=example.com", false),
        ("http://www.example.com/", "id=evil; Path=/login", false),
        // Not sent before it, so it is no matter.
        ("http://example.com/", "id=other; Path=/", true),
        ("http://example.com/", "id2=other; Path=/login", true),
        ("http://example.org/", "id=other; Path=/login", true),
        ("https://www.example.com/", "id=other; Path=/login", true),
    ] {
        let jar = jar_of("https://www.example.com/", secure);
        set(&jar, from, &[field]);
        assert_eq!(jar.len(), if is_kept { 2 } else { 1 }, "{field} from {from}");
        assert!(sent(&jar, "https://example.com/login").contains("id=safe"), "{field} from {from}");
    }
}

#[test]
fn addresses_keep_cookies_when_they_may() {
    for address in ["http://127.0.0.1:8080/", "http://[2001:db8::1]/"] {
        let jar = jar_of(address, &["a=1"]);
        assert!(jar.is_empty(), "{address}");
        let jar = jar.allow_ip_hosts(true);
        set(&jar, address, &["a=1"]);
        assert_eq!(sent(&jar, address), "a=1", "{address}");
    }
    let jar = CookieJar::new().allow_ip_hosts(true);
    set(&jar, "http://192.168.0.1/", &["a=1; Domain=192.168.0.1", "b=2; Domain=0.1", "c=3; Domain=168.0.1"]);
    assert_eq!(sent(&jar, "http://192.168.0.1/"), "a=1");
    assert_eq!(sent(&jar, "http://10.168.0.1/"), "");
    set(&jar, "http://[2001:db8::1]/", &["a=1"]);
    assert_eq!(sent(&jar, "http://[2001:db8::2]/"), "");
    let jar = CookieJar::new();
    jar.insert(&url("http://127.0.0.1/"), "a=1", NOW).expect("the caller may");
    assert_eq!(sent(&jar, "http://127.0.0.1/"), "a=1");
}

#[test]
fn plain_http_is_secure_where_the_caller_says_so() {
    let field = "a=1; Secure";
    for loopback in ["http://localhost:3000/", "http://app.localhost/", "http://127.8.0.1/", "http://[::1]/"]
    {
        let jar = CookieJar::new().allow_ip_hosts(true);
        set(&jar, loopback, &[field]);
        assert!(jar.is_empty(), "{loopback}");
        let jar = jar.trust_loopback(true);
        set(&jar, loopback, &[field]);
        assert_eq!(sent(&jar, loopback), "a=1", "{loopback}");
    }
    let jar = CookieJar::new().trust_loopback(true).treat_as_secure(&url("http://build.internal:8080/x"));
    for (origin, is_kept) in [
        ("http://build.internal:8080/", true),
        ("http://build.internal/", false),
        ("http://notlocalhost/", false),
        ("http://128.0.0.1/", false),
    ] {
        jar.clear();
        let kept = jar.insert(&url(origin), field, NOW);
        assert_eq!(kept.is_ok(), is_kept, "{origin}");
        assert_eq!(sent(&jar, origin), if is_kept { "a=1" } else { "" }, "{origin}");
    }
}

#[test]
fn cookies_can_be_looked_at_and_taken_out() {
    let jar = jar_of("https://www.example.com/x/y", &["a=1; HttpOnly; Secure; SameSite=Lax; Max-Age=60"]);
    set(&jar, "https://example.com/", &["b=2; Domain=example.com"]);
    set(&jar, "https://other.example/", &["c=3"]);
    let cookies = jar.cookies();
    let (a, b) = (&cookies[0], &cookies[1]);
    assert_eq!((a.name(), a.value(), a.domain(), a.path()), ("a", "1", "www.example.com", "/x"));
    assert_eq!((a.secure(), a.http_only(), a.same_site()), (true, true, Some(SameSite::Lax)));
    assert_eq!((a.host_only(), a.expires()), (true, Some(after(60))));
    assert_eq!((b.host_only(), b.secure(), b.expires(), b.same_site()), (false, false, None, None));

    let same = jar.clone();
    same.retain(|cookie| cookie.name() != "a");
    assert_eq!(names(&jar.cookies()), ["b", "c"], "a clone is the same jar");
    set(&jar, "https://www.example.com/", &["d=4"]);
    jar.clear_domain("www.example.com");
    assert_eq!(names(&jar.cookies()), ["b", "c"]);
    set(&jar, "https://www.example.com/", &["d=4"]);
    jar.clear_domain(".Example.com");
    assert_eq!(names(&jar.cookies()), ["c"], "with all under it");
    jar.clear();
    assert!(jar.is_empty() && sent(&jar, "https://other.example/").is_empty());
}
