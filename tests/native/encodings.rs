//! What tests/oracles/encodings.test.mjs compares with Node and Chromium: every label over every two bytes, natively.

use std::io::Write;

use dualfetch::charset::{Hints, decode_with};
use serde_json::json;

/// Prints a line of JSON for each label of a variable, its `how` behind it: see `bodies`. Where another variable asks
/// for the texts, a line for each body.
#[test]
#[ignore = "tests/oracles runs it"]
fn digests_of_the_labels() {
    let asked = std::env::var("DUALFETCH_LABELS").expect("labels, each with its `how`, one to a line");
    let in_full = std::env::var_os("DUALFETCH_TEXTS").is_some();
    let mut out = std::io::stdout().lock();
    for line in asked.lines() {
        let (label, how) = line.split_once(' ').expect("two words");
        let hints = Hints::new().content_type(&format!("text/plain; charset={label}"));
        let mut digest = Digest::default();
        for body in bodies(how) {
            let text = decode_with(&body, hints.clone()).text;
            digest.add(&text);
            if in_full {
                writeln!(out, "{}", json!({ "text": text })).expect("someone to read it");
            }
        }
        let name = decode_with(b"", hints).encoding;
        let line = json!({ "label": label, "name": name, "digest": digest.to_string() });
        writeln!(out, "{line}").expect("someone to read it");
    }
}

/// The same as in tests/oracles/encodings.mjs. `apart`: each two bytes alone, and as the start of more. `joined`: all of
/// them as one body, for an encoding in which no byte depends on another. `named`: none, the label is all that matters.
fn bodies(how: &str) -> Vec<Vec<u8>> {
    let pairs = (0..=u16::MAX).map(u16::to_be_bytes);
    let mut bodies: Vec<Vec<u8>> = match how {
        "apart" => {
            pairs.flat_map(|pair| [pair.to_vec(), [&pair[..], b"\xA1\x30\x3C\x41"].concat()]).collect()
        }
        "named" => return Vec::new(),
        "joined" => vec![b" ".iter().copied().chain(pairs.flatten()).collect()],
        _ => panic!("no such way: {how}"),
    };
    for mark in [&b"\xEF\xBB\xBF"[..], b"\xFE\xFF", b"\xFF\xFE"] {
        bodies.extend(
            [b"".as_slice(), b"A", b"\0A", mark, b"\xC3\xA9\x30\xD8"].map(|rest| [mark, rest].concat()),
        );
    }
    bodies
}

/// Of texts by their UTF-16, which both languages have at hand.
#[derive(Default)]
struct Digest {
    first: u32,
    second: u32,
}

impl Digest {
    fn add(&mut self, text: &str) {
        // The last one stands between two texts.
        for unit in text.encode_utf16().chain([u16::MAX]) {
            self.first = (self.first ^ u32::from(unit)).wrapping_mul(0x0100_0193);
            self.second = self.second.rotate_left(5).wrapping_add(u32::from(unit)).wrapping_mul(0x85EB_CA6B);
        }
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}{:08x}", self.first, self.second)
    }
}
