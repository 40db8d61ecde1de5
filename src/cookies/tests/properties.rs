//! What holds for any field, from any host.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::{CookieJar, CookieStore, SetCookie, date};
use super::{NOW, url};

const HOSTS: [&str; 8] = [
    "https://example.com/",
    "https://www.example.com/x/y",
    "http://www.example.com/",
    "https://example.com./",
    "https://me.github.io/",
    "http://localhost/",
    "http://127.0.0.1/",
    "https://[2001:db8::1]/x/",
];

/// Fields as they might be: pieces that mean something, and bytes that do not.
fn field() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"a",
        b"b",
        b"=",
        b"=",
        b";",
        b"; ",
        b" ",
        b"\t",
        b"\"",
        b",",
        b".",
        b"/",
        b"\xe9",
        b"\xc3\xa9",
        b"\0",
        b"__Host-",
        b"__Secure-",
        b"Secure",
        b"HttpOnly",
        b"Path=/",
        b"Path=/x",
        b"Domain=",
        b"example.com",
        b"com",
        b"github.io",
        b"127.0.0.1",
        b"SameSite=Lax",
        b"SameSite=None",
        b"Max-Age=",
        b"-",
        b"1",
        b"60",
        b"99999999999999999999",
        b"Expires=Thu, 01 Jan 2026 00:01:00 GMT",
        b"Expires=",
        b"#HttpOnly_",
    ];
    vec(prop_oneof![8 => select(words).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..4)], 0..12)
        .prop_map(|pieces| pieces.concat())
}

fn jar() -> impl Strategy<Value = CookieJar> {
    vec((select(HOSTS.to_vec()), field()), 0..40).prop_map(|fields| {
        let jar = CookieJar::new();
        for (host, field) in fields {
            let _ = jar.insert(&url(host), field, NOW);
            assert_eq!(jar.len(), jar.cookies().len());
        }
        jar
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_field_and_no_date_does_harm(bytes in vec(any::<u8>(), 0..200), field in field()) {
        for field in [&bytes, &field] {
            let _ = date::parse(field);
            if let Ok(cookie) = SetCookie::parse(field) {
                let mut pair = Vec::new();
                cookie.pair.pair_to(&mut pair);
                prop_assert!(http::HeaderValue::from_bytes(&pair).is_ok());
            }
        }
    }

    #[test]
    fn what_is_kept_is_sent_as_bytes_of_the_field(host in select(HOSTS.to_vec()), field in field()) {
        let (jar, url) = (CookieJar::new(), url(host));
        if jar.insert(&url, &field, NOW).is_ok()
            && let Some(sent) = CookieStore::cookie_header(&jar, &url, NOW)
        {
            let value = sent.as_bytes().rsplit(|byte| *byte == b'=').next().unwrap_or_default();
            prop_assert!(field.windows(value.len().max(1)).any(|bytes| bytes == value) || value.is_empty());
        }
    }

    #[test]
    fn what_is_saved_loads_to_the_same_jar(jar in jar()) {
        #[cfg(feature = "json")]
        {
            let loaded = CookieJar::new();
            loaded.load_json(&jar.to_json(), NOW).expect("what was written");
            prop_assert_eq!(loaded.cookies(), jar.cookies());
        }
        // What cookies.txt has no place for.
        jar.retain(|cookie| cookie.same_site().is_none());
        jar.retain(|cookie| !cookie.name().contains('\t') && !cookie.path().contains('\t'));
        let loaded = CookieJar::new();
        loaded.load_netscape(jar.to_netscape(), NOW).expect("what was written");
        prop_assert_eq!(loaded.cookies(), jar.cookies());
    }

    #[test]
    fn no_text_that_is_loaded_does_harm(text in vec(any::<u8>(), 0..300), jar in jar(), cut in any::<prop::sample::Index>()) {
        let loaded = CookieJar::new();
        let _ = loaded.load_netscape(&text, NOW);
        let saved = jar.to_netscape();
        let _ = loaded.load_netscape(&saved[..cut.index(saved.len())], NOW);
        #[cfg(feature = "json")]
        {
            let saved = jar.to_json();
            let _ = loaded.load_json(&String::from_utf8_lossy(&saved.as_bytes()[..cut.index(saved.len())]), NOW);
        }
        for host in HOSTS {
            let _ = CookieStore::cookie_header(&loaded, &url(host), NOW);
        }
    }
}
