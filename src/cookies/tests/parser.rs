//! What one `Set-Cookie` field says: RFC 6265bis, section 5.6.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::time::Duration;

use super::super::{Refused, SameSite, SetCookie};
use super::{jar_of, sent};

#[test]
fn name_and_value_are_as_the_server_wrote_them() {
    for (field, expected) in [
        ("foo=bar", "foo=bar"),
        ("foo=bar;", "foo=bar"),
        ("foo=bar; version=1; customvalue=\"1000 or more\"", "foo=bar"),
        ("foo=", "foo="),
        ("foo", "foo"),
        ("=foo", "foo"),
        ("=foo=bar", "foo=bar"),
        ("foo==bar", "foo==bar"),
        ("  A  = BC  ;foo;;;   bar", "A=BC"),
        ("  A=== BC  ;foo", "A=== BC"),
        ("\tA\t=\tB C\t", "A=B C"),
        ("a=b\tc", "a=b\tc"),
        // A comma parts nothing.
        ("z=y, a=b", "z=y, a=b"),
        ("foo=b;max-age=3600, c=d;path=/", "foo=b"),
        // Quotes are bytes like others, and keep no semicolon.
        ("a=\"zzz \"   ;", "a=\"zzz \""),
        ("a=\"zz;pp\" ; ;", "a=\"zz"),
        ("a=A\"B ;", "a=A\"B"),
        ("\"a b\"=\"\\\"\"", "\"a b\"=\"\\\"\""),
        // So are escapes and what is not ASCII.
        ("a=%20%3b+\\073", "a=%20%3b+\\073"),
        ("name=\u{6625}\u{8282}", "name=\u{6625}\u{8282}"),
        ("\u{6625}=\u{8282}; x", "\u{6625}=\u{8282}"),
        ("{\"a\":1}=[2]", "{\"a\":1}=[2]"),
    ] {
        let jar = jar_of("https://a.example/", &[field]);
        assert_eq!(sent(&jar, "https://a.example/"), expected, "{field}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_come_back_as_they_came() {
    let field = SetCookie::parse(b"caf\xe9=\xff\x80;").expect("a cookie");
    assert_eq!((field.name(), field.value()), ("caf\u{e9}", "\u{ff}\u{80}"));
    let mut out = Vec::new();
    field.pair.pair_to(&mut out);
    assert_eq!(out, b"caf\xe9=\xff\x80");
}

#[test]
fn what_holds_nothing_too_much_or_a_control_character_is_refused() {
    for field in ["", "=", ";", " ; Path=/", "\t= \t;", "   "] {
        assert_eq!(SetCookie::parse(field), Err(Refused::Empty), "{field:?}");
    }
    for byte in (0..=0x1f).chain([0x7f]).filter(|byte| *byte != b'\t') {
        for place in ["a\u{0}=b", "a=\u{0}", "a=b; x\u{0}", "\u{0}a=b", "a=b\u{0}"] {
            let field: Vec<u8> = place.bytes().map(|at| if at == 0 { byte } else { at }).collect();
            assert_eq!(SetCookie::parse(&field), Err(Refused::ControlCharacter), "{field:?}");
        }
    }
    for (name, value, fits) in [(1, 4095, true), (4096, 0, true), (2048, 2049, false), (0, 4097, false)] {
        let field = format!("{}={}; Path=/", "n".repeat(name), "v".repeat(value));
        let expected = if fits { Ok(()) } else { Err(Refused::TooLong) };
        assert_eq!(SetCookie::parse(&field).map(drop), expected, "{name} and {value}");
    }
}

#[test]
fn flags_are_there_in_any_case_and_with_any_value() {
    for (field, secure, http_only) in [
        ("a=b; Secure", true, false),
        ("a=b; seCURe;httponly", true, true),
        ("a=b;                Secure     ;", true, false),
        ("a=b; Secure=", true, false),
        ("a=b; Secure =false", true, false),
        ("a=b; HttpOnly= x; qux", false, true),
        ("a=b; qux=\"aaa;bbb\"; Secure", true, false),
        ("a=b; \"Secure\"", false, false),
        ("a=b; Secure qux", false, false),
        ("a=b, Secure", false, false),
        ("Secure; HttpOnly", false, true),
    ] {
        let parsed = SetCookie::parse(field).expect("a cookie");
        assert_eq!((parsed.secure(), parsed.http_only()), (secure, http_only), "{field}");
    }
}

#[test]
fn of_paths_and_domains_the_last_one_counts() {
    for (field, path, domain) in [
        ("a=b", None, None),
        ("a=b; Path", None, None),
        ("a=b; Path=; Domain=", None, None),
        ("a=b; path=/x; PATH = /y ", Some("/y"), None),
        ("a=b; Path=/x; Path=", None, None),
        ("a=b; Path=x", None, None),
        ("a=b; Path=\"/x\"", None, None),
        ("a=b; Path=/x?y=z#q", Some("/x?y=z#q"), None),
        ("a=b; Domain=A.Example", None, Some("a.example")),
        ("a=b; Domain=.a.example", None, Some("a.example")),
        ("a=b; Domain=..a.example", None, Some(".a.example")),
        ("a=b; Domain=a.example; Domain=b.example", None, Some("b.example")),
        ("a=b; Domain=a.example; Domain=", None, None),
        ("a=b; Domain=.", None, None),
    ] {
        let parsed = SetCookie::parse(field).expect("a cookie");
        assert_eq!((parsed.path(), parsed.domain()), (path, domain), "{field}");
    }
    let long = format!("/{}", "x".repeat(1024));
    let field = format!("a=b; Path=/; Path={long}; Domain=a.example; Domain={long}");
    let parsed = SetCookie::parse(&field).expect("a cookie");
    assert_eq!(
        (parsed.path(), parsed.domain()),
        (Some("/"), Some("a.example")),
        "what is too long is not there"
    );
    let parsed = SetCookie::parse(format!("a=b; Path={}", &long[..1024])).expect("a cookie");
    assert_eq!(parsed.path(), Some(&long[..1024]));
}

#[test]
fn max_age_is_seconds_and_nothing_else() {
    for (text, expected) in [
        ("60", Some(60)),
        ("0", Some(0)),
        ("-1", Some(0)),
        ("-99999999999999999999999", Some(0)),
        ("007", Some(7)),
        ("99999999999999999999999", Some(u64::MAX)),
        ("", None),
        ("-", None),
        ("+60", None),
        ("1.5", None),
        ("50,399", None),
        ("\"60\"", None),
        ("60 s", None),
        ("1-", None),
    ] {
        let parsed = SetCookie::parse(format!("a=b; Max-Age={text}")).expect("a cookie");
        assert_eq!(parsed.max_age(), expected.map(Duration::from_secs), "{text}");
    }
}

#[test]
fn same_site_is_one_of_three() {
    for (field, expected) in [
        ("a=b; SameSite=Lax", Some(SameSite::Lax)),
        ("a=b; samesite=STRICT", Some(SameSite::Strict)),
        ("a=b; SameSite = none", Some(SameSite::None)),
        ("a=b; SameSite", None),
        ("a=b; SameSite=Default", None),
        ("a=b; SameSite=Lax; SameSite=x", None),
    ] {
        assert_eq!(SetCookie::parse(field).expect("a cookie").same_site(), expected, "{field}");
    }
}
