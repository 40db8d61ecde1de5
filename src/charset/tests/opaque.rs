//! The encodings in which ASCII bytes may be something else: UTF-16, ISO-2022-JP, replacement.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::bodies::{JAPANESE, encode};
use super::{assert_same_for_all_cuts, stream};
use crate::charset::{Decoded, Decoder, EncodingSource, Event, Hints, decode};

const PAGE: &str = "<title>ж 😀</title>";

fn little(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn big(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn html() -> Hints {
    Hints::new().content_type("text/html")
}

fn ruled(decoded: &Decoded) -> (&str, &'static str, EncodingSource) {
    (&decoded.text, decoded.encoding, decoded.source)
}

#[test]
fn utf16_is_read_by_its_bom_whatever_the_header_says() {
    for header in ["text/html", "text/html; charset=utf-16be", "text/html; charset=iso-2022-jp", "text/plain"]
    {
        let decoded = decode(&[b"\xFF\xFE", little(PAGE).as_slice()].concat(), Some(header));
        assert_eq!(ruled(&decoded), (PAGE, "UTF-16LE", EncodingSource::Bom), "{header}");
        let decoded = decode(&[b"\xFE\xFF", big(PAGE).as_slice()].concat(), Some(header));
        assert_eq!(ruled(&decoded), (PAGE, "UTF-16BE", EncodingSource::Bom), "{header}");
    }
}

#[test]
fn utf16_without_a_bom_is_read_by_the_header() {
    let decoded = decode(&little(PAGE), Some("text/html; charset=utf-16"));
    assert_eq!(ruled(&decoded), (PAGE, "UTF-16LE", EncodingSource::ContentType));
    let decoded = decode(&big(PAGE), Some("text/html; charset=utf-16be"));
    assert_eq!(ruled(&decoded), (PAGE, "UTF-16BE", EncodingSource::ContentType));
}

#[test]
fn utf16_without_a_bom_is_read_by_the_first_bytes_of_its_xml_declaration() {
    let xml = format!("<?xml version='1.0' encoding='utf-8'?>{PAGE}");
    for content_type in ["text/html", "text/xml", "application/xhtml+xml"] {
        let decoded = decode(&little(&xml), Some(content_type));
        assert_eq!(ruled(&decoded), (xml.as_str(), "UTF-16LE", EncodingSource::Xml), "{content_type}");
        let decoded = decode(&big(&xml), Some(content_type));
        assert_eq!(ruled(&decoded), (xml.as_str(), "UTF-16BE", EncodingSource::Xml), "{content_type}");
    }
    assert_eq!(decode(&little(&xml), Some("text/plain")).source, EncodingSource::Detected);
}

#[test]
fn utf16_that_nothing_tells_is_never_guessed() {
    // All of its bytes are ASCII, NUL among them.
    let decoded = decode(&little("<title>a</title>"), Some("text/html"));
    assert_eq!((decoded.encoding, decoded.source), ("UTF-8", EncodingSource::Utf8));
    assert_eq!(decoded.text.replace('\0', ""), "<title>a</title>");
    // A meta in UTF-16 is none that a prescan sees.
    let decoded = decode(&little("<meta charset=gbk>ж"), Some("text/html"));
    assert_ne!((decoded.encoding, decoded.source), ("GBK", EncodingSource::Meta));
}

#[test]
fn utf16_does_not_depend_on_the_cuts() {
    let lone = [b"\xFE\xFF\0a\xD8\0".as_slice(), b"\0b\xDC\0\xDC\0\xD8\0\0"].concat();
    let decoded = decode(&lone, None);
    assert_eq!((decoded.text.as_str(), decoded.malformed), ("a\u{FFFD}b\u{FFFD}\u{FFFD}\u{FFFD}", true));
    assert_same_for_all_cuts(&html(), &lone);
    assert_same_for_all_cuts(&html(), &[b"\xFF\xFE", little(PAGE).as_slice()].concat());
    assert_same_for_all_cuts(&Hints::new().content_type("a/b; charset=utf-16"), &little(PAGE));
}

#[test]
fn iso_2022_jp_keeps_its_state_over_the_cuts() {
    // Katakana, Roman (where the backslash is a yen sign) and two sets of kanji, back to ASCII.
    let bytes = b"a\x1B(I1\x1B(J\\~\x1B$@F|\x1B$BK\\\x1B(Bb";
    let hints = Hints::new().content_type("text/html; charset=iso-2022-jp");
    assert_eq!(stream(&hints, [bytes.as_slice()]).0.text, "aｱ¥‾日本b");
    assert_same_for_all_cuts(&hints, bytes);
    assert_same_for_all_cuts(&html(), &[b"<meta charset=iso-2022-jp>".as_slice(), bytes].concat());
}

#[test]
fn iso_2022_jp_escapes_with_nothing_between_and_broken_ones_are_malformed() {
    for (bytes, text) in [
        (b"\x1B$B\x1B(Ba".as_slice(), "\u{FFFD}a"),
        (b"a\x1B", "a\u{FFFD}"),
        (b"a\x1B$", "a\u{FFFD}$"),
        (b"\x1B(Xa", "\u{FFFD}(Xa"),
        (b"\x1B$BF", "\u{FFFD}"),
        (b"\x0E\x0F\x80", "\u{FFFD}\u{FFFD}\u{FFFD}"),
    ] {
        let decoded = decode(bytes, Some("text/plain; charset=csISO2022JP"));
        assert_eq!((decoded.text.as_str(), decoded.malformed), (text, true), "{bytes:?}");
    }
}

#[test]
fn iso_2022_jp_in_a_meta_of_the_page_counts() {
    let page = [b"<meta charset=iso-2022-jp>".as_slice(), &encode(JAPANESE, "ISO-2022-JP")].concat();
    let decoded = decode(&page, Some("text/html"));
    assert_eq!((decoded.encoding, decoded.source), ("ISO-2022-JP", EncodingSource::Meta));
    assert!(decoded.text.ends_with(JAPANESE));
}

#[test]
fn replacement_in_a_meta_hides_the_page() {
    for label in ["hz-gb-2312", "iso-2022-kr", "iso-2022-cn-ext", "csiso2022kr", "replacement"] {
        let page = format!("<meta charset={label}><title>a</title>");
        let decoded = decode(page.as_bytes(), Some("text/html"));
        assert_eq!(ruled(&decoded), ("\u{FFFD}", "replacement", EncodingSource::Meta), "{label}");
        assert_same_for_all_cuts(&html(), page.as_bytes());
    }
}

#[test]
fn replacement_gives_its_character_once_over_all_pieces() {
    let hints = Hints::new().content_type("text/html; charset=iso-2022-kr");
    let (decoded, restarts) = stream(&hints, [b"a".as_slice(), b"b", b"", b"c"]);
    assert_eq!((decoded.text.as_str(), restarts), ("\u{FFFD}", 0));
}

#[test]
fn bom_wins_over_replacement() {
    let decoded = decode(b"\xEF\xBB\xBFa", Some("text/html; charset=iso-2022-kr"));
    assert_eq!(ruled(&decoded), ("a", "UTF-8", EncodingSource::Bom));
}

#[test]
fn late_label_behind_the_end_of_a_short_body_still_counts() {
    for (bytes, label, event, text) in [
        (b"a".as_slice(), "gbk", Event::Text, ""),
        (b"a \xCF\xF0\xE8\xE2\xE5\xF2", "koi8-r", Event::Restart, "a оПХБЕР"),
        ("é".as_bytes(), "windows-1252", Event::Restart, "Ã©"),
        (b"caf\xE9 \xC3", "utf-8", Event::Restart, "caf\u{FFFD} \u{FFFD}"),
        (b"\x1B$BF|", "iso-2022-jp", Event::Restart, "日"),
        (b"a", "iso-2022-kr", Event::Restart, "\u{FFFD}"),
    ] {
        let mut decoder = Decoder::new(html());
        let mut out = String::new();
        let _ = decoder.push(bytes, &mut out);
        let _ = decoder.finish(&mut out);
        out.clear();
        assert_eq!(decoder.late_label(label, &mut out), event, "{label}");
        assert_eq!((out.as_str(), decoder.source()), (text, EncodingSource::Meta), "{label}");
        // The first one settles it.
        assert_eq!(decoder.late_label("big5", &mut out), Event::Text);
        assert_eq!(out, text);
    }
}
