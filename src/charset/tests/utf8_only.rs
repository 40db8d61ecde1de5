//! The build without the tables.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{assert_same_for_all_cuts, stream};
use crate::charset::{Decoder, EncodingSource, Event, Hints, decode};

fn unsupported(bytes: &[u8], content_type: &str) -> Option<String> {
    decode(bytes, Some(content_type)).unsupported
}

#[test]
fn utf8_is_read_and_its_bom_removed() {
    let decoded = decode("\u{FEFF}naïve".as_bytes(), None);
    assert_eq!((decoded.text.as_str(), decoded.encoding), ("naïve", "UTF-8"));
    assert_eq!(decoded.source, EncodingSource::Bom);
    assert_eq!(decoded.unsupported, None);
}

#[test]
fn malformed_sequences_become_replacement_characters() {
    let decoded = decode(b"a\xFF\xC3\xA9\xE2\x82c\xE9", None);
    assert_eq!(decoded.text, "a\u{FFFD}é\u{FFFD}c\u{FFFD}");
    assert_eq!((decoded.encoding, decoded.malformed, decoded.unsupported), ("UTF-8", true, None));
}

#[test]
fn legacy_label_is_reported_not_guessed_at() {
    let decoded = decode(b"\xC4\xE3 ok", Some("text/plain; charset=GBK"));
    assert_eq!(decoded.unsupported.as_deref(), Some("gbk"));
    assert_eq!((decoded.text.as_str(), decoded.encoding), ("\u{FFFD}\u{FFFD} ok", "unsupported"));
    assert_eq!(decoded.source, EncodingSource::ContentType);
}

#[test]
fn legacy_label_on_text_that_is_utf8_is_reported_too() {
    assert_eq!(unsupported("é".as_bytes(), "text/plain; charset=latin1").as_deref(), Some("latin1"));
}

#[test]
fn legacy_label_on_ascii_is_no_matter() {
    let decoded = decode(b"plain", Some("text/plain; charset=iso-8859-1"));
    assert_eq!((decoded.text.as_str(), decoded.encoding), ("plain", "UTF-8"));
    assert_eq!(decoded.unsupported, None);
}

#[test]
fn labels_that_read_ascii_otherwise_are_always_reported() {
    assert_eq!(unsupported(b"a", "text/plain; charset=iso-2022-jp").as_deref(), Some("iso-2022-jp"));
    assert_eq!(unsupported(b"a\0", "text/plain; charset=utf-16").as_deref(), Some("utf-16le"));
    assert_eq!(unsupported(b"\xFF\xFEa\0", "text/plain").as_deref(), Some("utf-16le"));
    assert_eq!(unsupported(b"", "text/plain; charset=iso-2022-jp"), None);
}

#[test]
fn utf16_label_in_a_meta_means_utf8() {
    assert_eq!(unsupported("<meta charset=utf-16>é".as_bytes(), "text/html"), None);
}

#[test]
fn legacy_meta_is_reported() {
    assert_eq!(unsupported(b"<meta charset=gbk>\xC4\xE3", "text/html").as_deref(), Some("gbk"));
}

#[test]
fn late_legacy_label_is_reported() {
    let mut decoder = Decoder::new(Hints::new().content_type("text/plain"));
    let mut out = String::new();
    assert_eq!(decoder.push(b"<meta charset=gbk>", &mut out), Event::Text);
    assert_eq!(decoder.late_label("gbk", &mut out), Event::Text);
    assert_eq!(decoder.unsupported(), None);
    assert_eq!(decoder.push(b"\xC4", &mut out), Event::Text);
    assert_eq!(decoder.unsupported(), Some("gbk"));
}

#[test]
fn bodies_do_not_depend_on_the_cuts() {
    for bytes in [
        "\u{FEFF}na\u{EF}ve 日本語 😀".as_bytes(),
        b"a\xFF\xC3\xA9\xE2\x82c\xE9",
        b"\xF0\x9F\x98\xF0\x9F\x98\x80\xE0\x80\x80\xED\xA0\x80\xF4\x90\x80\x80",
        b"<meta charset=gbk>\xC4\xE3",
        b"\xFF\xFEa\0b\0",
    ] {
        for content_type in ["text/html", "text/plain", "text/plain; charset=utf-8", "text/html; charset=gbk"]
        {
            assert_same_for_all_cuts(&Hints::new().content_type(content_type), bytes);
        }
    }
}

#[test]
fn very_long_labels_are_cut_not_refused() {
    let label = "x".repeat(100);
    let reported = unsupported(b"\xE9", &format!("text/plain; charset={label}"));
    assert!(reported.is_some_and(|reported| label.starts_with(&reported)));
}

#[test]
fn unlabelled_legacy_bytes_are_malformed_utf8_without_restart() {
    let (decoded, restarts) = stream(&Hints::new(), [b"caf\xE9 cr\xE8me".as_slice()]);
    assert_eq!((decoded.text.as_str(), restarts), ("caf\u{FFFD} cr\u{FFFD}me", 0));
    assert_eq!((decoded.source, decoded.unsupported), (EncodingSource::Utf8, None));
}
