//! The host as it is written, before a parser makes another of it.

/// Whether `reference` has its host in the very letters of `host`, which it was resolved to; or has none of its own,
/// as one may that `is_relative`: resolved against a base of the same scheme (WHATWG URL standard, section 4.4; of the
/// special schemes alone).
pub(super) fn has_host(reference: &str, is_relative: bool, host: &str) -> bool {
    let host = host.as_bytes();
    // How much of it was there; past its end once something else was.
    let mut same = 0;
    let (mut slashes, mut is_start, mut is_port, mut may_be_scheme) = (0, true, false, true);
    for byte in reference.bytes() {
        match byte {
            // Around the text and, some of them, within it they do not count; no host has any other of them.
            0..=b' ' => {}
            b'/' | b'\\' if is_start => (slashes, may_be_scheme) = (slashes + 1, false),
            b'/' | b'\\' | b'?' | b'#' => break,
            b':' if may_be_scheme => (same, is_start, may_be_scheme) = (0, true, false),
            b':' => is_port = true,
            // What came before was a user's name.
            b'@' => (same, is_port, may_be_scheme) = (0, false, false),
            _ if is_port => {}
            _ => {
                (same, is_start) = (if host.get(same) == Some(&byte) { same + 1 } else { usize::MAX }, false)
            }
        }
    }
    is_relative && slashes < 2 || same == host.len()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use crate::error::ErrorKind;
    use crate::url::{NOT_CANONICAL, Url};

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    #[test]
    fn an_ipv4_address_is_read_in_its_canonical_form_alone() {
        for host in [
            "127.1",
            "127.0.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "0177.0.0.1",
            "127.0.0.01",
            "127.0.0.1.",
            "127.0.0.0x1",
            "127.0.0.%31",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "①②⑦.0.0.1",
            "127。0。0。1",
            "127.0.0.1\u{3002}",
            "127.0\u{ad}.0.1",
        ] {
            for spelled in &SPELLINGS {
                let (before, after) = spelled.split_once("HOST").expect("a place for it");
                let (text, canonical) =
                    (format!("{before}{host}{after}"), format!("{before}127.0.0.1{after}"));
                assert_eq!(url(&canonical).host(), Some("127.0.0.1"), "{canonical:?}");
                let error = Url::parse(&text).expect_err(&text);
                assert_eq!(*error.kind(), ErrorKind::InvalidUrl);
                assert!(error.to_string().contains(NOT_CANONICAL), "{error}");
                for base in ["http://a.example/x", "https://127.0.0.1/", "ftp://a.example/"] {
                    // Of the base's own scheme fewer than two slashes are a path.
                    let is_path =
                        base.starts_with("http:") && matches!(*spelled, "http:HOST/" | "http:/HOST/");
                    assert!(is_path || url(base).join(&text).is_err(), "{text:?} from {base}");
                    assert!(is_path || url(base).join(&canonical).is_ok(), "{canonical:?} from {base}");
                }
            }
            for reference in
                ["//HOST", "/\\HOST:80/", "\\/me@HOST?x", "/\t/HOST", "HTTPS://HOST/", "https:/\\\\HOST/"]
            {
                for base in ["https://a.example/x?y#z", "https://127.0.0.1/"] {
                    let joined = |host| url(base).join(&reference.replace("HOST", host));
                    assert!(joined(host).is_err(), "{reference:?} with {host:?} from {base}");
                    assert_eq!(
                        joined("127.0.0.1").expect("canonical").host(),
                        Some("127.0.0.1"),
                        "{reference:?}"
                    );
                }
            }
        }
    }

    /// Ways to write one URL around its host.
    const SPELLINGS: [&str; 17] = [
        "http://HOST",
        "http://HOST/",
        "HTTP://HOST:8080/127.0.0.1",
        "http://127.0.0.1@HOST/",
        "http://127.0.0.1:80@HOST:80?@127.0.0.1",
        "http://a@127.0.0.1@HOST#@127.0.0.1/",
        "http:HOST/",
        "http:/HOST/",
        "http:\\\\HOST\\@127.0.0.1/",
        "http:////HOST/x",
        "http:/\\/\\HOST:/",
        "ht\ntp:/\t/HOST\r/\t",
        " \u{1}\n http://HOST \u{1}\n",
        "ws://HOST/",
        "http://me:@HOST:80/@127.0.0.1:80/",
        "http://:127.0.0.1@HOST",
        "http://127.0.0.1:127.0.0.1@HOST?//127.0.0.1/",
    ];

    #[test]
    fn a_reference_without_a_host_keeps_the_one_of_its_base() {
        let base = url("http://127.0.0.1:8080/a/b");
        for reference in [
            "",
            "x",
            "/x",
            "\\x",
            "?127.1",
            "#127.1",
            "127.1",
            "127.1:80/",
            "http:127.1",
            "http:/127.1",
            "\t/\n127.1",
        ] {
            assert_eq!(base.join(reference).expect(reference).origin(), "http://127.0.0.1:8080");
        }
        assert_eq!(url("http://1.2.3.4.example/").host(), Some("1.2.3.4.example"));
        assert_eq!(url("http://[::ffff:127.0.0.1]/").host(), Some("[::ffff:7f00:1]"));
    }
}
