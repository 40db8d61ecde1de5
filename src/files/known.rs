//! What is written beside a part: of which version of which file it is. As `pkg/src/partial.js` has it, too.

use crate::platform::disk;
use crate::policy::ranges::{Spans, Validator};
use crate::url::Url;

/// Where a file is from, without the place's name, which may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source(String);

impl Source {
    pub(super) fn of(url: &Url) -> Self {
        Self(disk::fingerprint(&place(url)))
    }

    /// What is known of a part of it, as it is written.
    pub(super) fn state(&self, version: &Validator, total: Option<u64>, done: Option<&Spans>) -> Vec<u8> {
        use std::fmt::Write;
        let mut out = format!("{TITLE}\nfrom {}\n", self.0);
        let kind = match version {
            Validator::Date(_) => "date",
            Validator::Tag(_) => "tag",
        };
        let _ = writeln!(out, "{kind} {}", version.as_str());
        if let Some(total) = total {
            let _ = writeln!(out, "total {total}");
        }
        if let Some(done) = done {
            let _ = writeln!(out, "done {done}");
        }
        out.into_bytes()
    }
}

/// The URL without what is another one each time it is signed.
fn place(url: &Url) -> String {
    let mut place = format!("{}{}", url.origin(), url.path());
    let signs = ["x-amz-", "x-goog-"];
    let is_signature = |parameter: &&str| {
        signs.iter().any(|sign| {
            parameter
                .as_bytes()
                .get(..sign.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(sign.as_bytes()))
        })
    };
    let query = url.query().unwrap_or_default().split('&').filter(|parameter| !is_signature(parameter));
    let query = query.collect::<Vec<_>>().join("&");
    if !query.is_empty() {
        place.push('?');
        place.push_str(&query);
    }
    place
}

/// What is known of a part that is there.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) of: Source,
    pub(super) version: Validator,
    pub(super) total: Option<u64>,
    pub(super) done: Option<Spans>,
}

const TITLE: &str = "dualfetch part 1";

impl Known {
    /// `None` for what was not written here.
    pub(super) fn read(bytes: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(bytes).ok()?;
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next() != Some(TITLE) {
            return None;
        }
        let (mut of, mut version, mut total, mut done) = (None, None, None, None);
        for line in lines {
            match line.split_once(' ')? {
                ("from", value) => of = Some(Source(value.to_owned())),
                ("date", value) => version = Some(Validator::Date(value.to_owned())),
                ("tag", value) => version = Some(Validator::Tag(value.to_owned())),
                ("total", value) => total = Some(value.parse().ok()?),
                ("done", value) => done = Some(Spans::parse(value)?),
                _ => return None,
            }
        }
        Some(Self { of: of?, version: version?, total, done })
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    fn url(url: &str) -> Url {
        Url::parse(url).expect("a URL")
    }

    fn source(text: &str) -> Source {
        Source::of(&url(text))
    }

    #[test]
    fn what_is_known_of_a_part_is_read_back_and_nothing_else_is() {
        let of = source("https://a.example/secret?signature=1");
        let version = Validator::Tag("\"a b\"".to_owned());
        let mut done = Spans::up_to(5);
        done.add(7, 9);
        let written = of.state(&version, Some(10), Some(&done));
        assert!(!String::from_utf8_lossy(&written).contains("secret"));
        let known = Known::read(written.clone()).expect("it was written here");
        assert_eq!((known.of, known.version, known.total, known.done), (of, version, Some(10), Some(done)));
        for cut in 0..written.len() {
            let read = Known::read(written[..cut].to_vec());
            // A line may be missing at its end, never a part of one.
            assert!(read.is_none_or(|known| known.done.is_none()), "{cut}");
        }
    }

    /// Parts that the npm package has left are gone on with, and the other way round.
    #[test]
    fn places_are_known_by_what_the_npm_package_knows_them_by() {
        let source = source("https://example.com/a?b=1");
        let written = source.state(&Validator::Tag("\"1\"".into()), Some(7), None);
        let expected = "dualfetch part 1\nfrom 6cb547ac73ee23b7a1582362e5f81431\ntag \"1\"\ntotal 7\n";
        assert_eq!(String::from_utf8_lossy(&written), expected);
    }

    /// What the npm package is held to, too.
    #[cfg(feature = "json")]
    #[test]
    fn places_are_what_the_shared_cases_say() {
        let all: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/ranges.json")).expect("JSON");
        let cases: Vec<[String; 3]> = serde_json::from_value(all["places"].clone()).expect("lists");
        assert!(!cases.is_empty());
        for [given, expected, hash] in cases {
            assert_eq!((place(&url(&given)), source(&given).0), (expected, hash), "{given}");
        }
    }

    #[test]
    fn a_place_is_the_url_without_its_fragment_and_what_signs_it() {
        for (given, expected) in [
            ("https://example.com/a?b=1", "https://example.com/a?b=1"),
            ("https://u:p@example.com/a?X-Amz-Date=1&b=1&x-goog-x=2#f", "https://example.com/a?b=1"),
            ("https://example.com:443/a?X-Amz-Date=1", "https://example.com/a"),
            ("https://example.com/a?", "https://example.com/a"),
            ("https://example.com/a?b=2&X-Amz", "https://example.com/a?b=2&X-Amz"),
            ("https://example.com/a?b&&b", "https://example.com/a?b&&b"),
        ] {
            assert_eq!(place(&url(given)), expected, "{given}");
        }
    }
}
