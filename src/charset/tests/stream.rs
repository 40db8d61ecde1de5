//! Bodies in pieces: what is held back, what is handed out, when it is taken back.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::bodies::{CHINESE, FRENCH, JAPANESE, KOREAN, RUSSIAN, TAIWANESE, encode};
use super::{assert_same_for_all_cuts, assert_same_for_cuts, stream};
use crate::charset::tentative::RETAINED;
use crate::charset::{Decoder, EncodingSource, Event, Hints, decode, decode_with};

fn html() -> Hints {
    Hints::new().content_type("text/html")
}

fn plain() -> Hints {
    Hints::new().content_type("text/plain")
}

/// What one push gives.
#[track_caller]
fn push(decoder: &mut Decoder, bytes: &[u8]) -> String {
    let mut out = String::new();
    assert_eq!(decoder.push(bytes, &mut out), Event::Text);
    out
}

/// A decoder that has taken, and handed out, `bytes` as tentative UTF-8.
#[track_caller]
fn tentative(bytes: &[u8]) -> Decoder {
    let mut decoder = Decoder::new(plain());
    assert_eq!(push(&mut decoder, bytes).as_bytes(), bytes);
    decoder
}

#[test]
fn pages_in_every_encoding_do_not_depend_on_the_cuts() {
    for (text, name) in [
        (CHINESE, "GBK"),
        (CHINESE, "gb18030"),
        (TAIWANESE, "Big5"),
        (JAPANESE, "Shift_JIS"),
        (JAPANESE, "EUC-JP"),
        (JAPANESE, "ISO-2022-JP"),
        (KOREAN, "EUC-KR"),
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "KOI8-U"),
        (FRENCH, "windows-1252"),
        (CHINESE, "UTF-8"),
        ("héllo 😀", "UTF-8"),
    ] {
        // Short, since each cut of an unlabelled body costs two runs of the detector.
        let text: String = text.chars().take(16).collect();
        let bytes = encode(&format!("<title>{text}</title>"), name);
        assert_same_for_all_cuts(&html(), &bytes);
        assert_same_for_all_cuts(&Hints::new().content_type(&format!("text/html; charset={name}")), &bytes);
        let head = format!("<!-- <meta charset=utf-8> --><meta charset={name}>");
        assert_same_for_all_cuts(&html(), &[head.as_bytes(), &bytes].concat());
    }
}

#[test]
fn byte_order_marks_do_not_depend_on_the_cuts() {
    for bytes in [
        b"\xEF\xBB\xBFna\xC3\xAFve".as_slice(),
        b"\xFF\xFEh\0i\0=\xD8\0\xDE",
        b"\xFE\xFF\0h\0i",
        b"\xEF\xBB",
        b"\xEF\xBB\xEF",
        b"\xFF",
        b"\xFE\xFE",
    ] {
        assert_same_for_all_cuts(&html(), bytes);
        assert_same_for_all_cuts(&plain(), bytes);
        assert_same_for_all_cuts(&Hints::new().content_type("text/html; charset=gbk"), bytes);
    }
}

#[test]
fn declarations_do_not_depend_on_the_cuts() {
    let utf16: Vec<u8> = "<?xml version='1.0'?><a>ж</a>".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [
        b"<?xml version='1.0' encoding='windows-1251'?><a>\xE6</a>".as_slice(),
        b"<?xml version='1.0'?><meta charset='windows-1251'><a>\xE6</a>",
        &utf16,
    ] {
        for content_type in ["text/html", "application/xhtml+xml", "application/rss+xml"] {
            assert_same_for_all_cuts(&Hints::new().content_type(content_type), bytes);
        }
    }
}

#[test]
fn malformed_utf8_does_not_depend_on_the_cuts() {
    for bytes in [
        b"\xE6\x97\xA5\xE6\x9C".as_slice(),
        b"caf\xE9",
        b"\xC3\xA9\xE0\x80\x80 x",
        b"\xED\xA0\x80 \xF4\x90\x80\x80",
        b"\xF0\x9F\x98 \xF0\x9F\x98\x80",
    ] {
        assert_same_for_all_cuts(&plain(), bytes);
        assert_same_for_all_cuts(&html(), bytes);
        assert_same_for_all_cuts(&Hints::new().content_type("text/plain; charset=utf-8"), bytes);
    }
}

#[test]
fn long_pages_do_not_depend_on_the_cuts() {
    for (text, name) in [(CHINESE, "GBK"), (RUSSIAN, "windows-1251"), (FRENCH, "windows-1252")] {
        let mut bytes = "<p>© é".repeat(3).into_bytes();
        bytes.resize(5000, b' ');
        bytes.extend_from_slice(&encode(&text.repeat(80), name));
        let cuts =
            [0, 1, 3, 4, 8, 1023, 1024, 1025, 4999, 5000, 5001, 5002, 9095, 9096, 9097, bytes.len() - 1];
        assert_same_for_cuts(&html(), &bytes, cuts);
    }
}

#[test]
fn nothing_comes_out_before_1024_bytes_without_a_label() {
    let mut decoder = Decoder::new(html());
    assert_eq!(push(&mut decoder, &[b'a'; 1000]), "");
    assert_eq!(push(&mut decoder, &[b'b'; 23]), "");
    let text = push(&mut decoder, b"c");
    assert_eq!(text.len(), 1024);
    assert!(text.ends_with("bc"));
}

#[test]
fn text_comes_out_as_soon_as_the_meta_is_complete() {
    let mut decoder = Decoder::new(html());
    assert_eq!(push(&mut decoder, b"<title>x</title><meta chars"), "");
    assert_eq!(push(&mut decoder, b"et=gbk"), "");
    assert_eq!(push(&mut decoder, b"><p>"), "<title>x</title><meta charset=gbk><p>");
    assert_eq!((decoder.encoding(), decoder.source()), ("GBK", EncodingSource::Meta));
}

#[test]
fn text_comes_out_at_once_with_a_header_label() {
    let mut decoder = Decoder::new(Hints::new().content_type("text/html; charset=gbk"));
    assert_eq!(push(&mut decoder, b"a"), "a");
}

#[test]
fn text_comes_out_at_once_where_no_label_can_stand_inside() {
    let mut decoder = Decoder::new(plain());
    assert_eq!(push(&mut decoder, b"a"), "a");
    let mut decoder = Decoder::new(Hints::new().content_type("application/rss+xml"));
    assert_eq!(push(&mut decoder, b"<?xml version='1.0'"), "");
    assert_eq!(push(&mut decoder, b"?>"), "<?xml version='1.0'?>");
}

#[test]
fn held_text_comes_out_at_the_end() {
    let (decoded, restarts) = stream(&html(), [b"<title>short</title>".as_slice()]);
    assert_eq!((decoded.text.as_str(), restarts), ("<title>short</title>", 0));
}

#[test]
fn detection_after_5000_ascii_bytes_voids_nothing() {
    let mut bytes = vec![b'a'; 5000];
    bytes.extend_from_slice(&encode(CHINESE, "GBK"));
    let (decoded, restarts) = stream(&html(), bytes.chunks(100));
    assert_eq!((decoded.encoding, decoded.source, restarts), ("GBK", EncodingSource::Detected, 0));
    assert!(decoded.text.ends_with(CHINESE));
}

#[test]
fn detection_after_text_that_read_as_utf8_restarts() {
    let mut bytes = vec![b'a'; 5000];
    bytes.extend_from_slice(&encode("模墨 ", "GBK"));
    bytes.extend_from_slice(&encode(CHINESE, "GBK"));
    let (decoded, restarts) = stream(&html(), bytes.chunks(1));
    assert_eq!((decoded.encoding, restarts), ("GBK", 1));
    assert!(decoded.text.ends_with(&format!("a模墨 {CHINESE}")));
}

#[test]
fn restart_clears_out_and_starts_from_the_first_byte() {
    let mut decoder = tentative("é".as_bytes());
    let mut out = String::from("left over");
    assert_eq!(decoder.push(&encode(FRENCH, "windows-1252"), &mut out), Event::Text);
    assert_eq!(decoder.finish(&mut out), Event::Restart);
    assert_eq!(out, format!("Ã©{FRENCH}"));
}

#[test]
fn malformed_sequence_holds_text_back_until_there_is_enough_to_judge() {
    let mut decoder = tentative(b"plain ");
    assert_eq!(push(&mut decoder, &encode(RUSSIAN, "windows-1251")), "");
    let filler = encode(&RUSSIAN.repeat(60), "windows-1251");
    assert!(push(&mut decoder, &filler).starts_with(RUSSIAN));
    assert_eq!(decoder.encoding(), "windows-1251");
}

#[test]
fn more_text_can_change_the_verdict_at_the_end() {
    let mut bytes = b"<p>\xA9 2004</p>".to_vec();
    bytes.resize(6000, b' ');
    bytes.extend_from_slice(&encode(&RUSSIAN.repeat(3), "windows-1251"));
    let (decoded, restarts) = stream(&plain(), bytes.chunks(500));
    assert_eq!((decoded.encoding, restarts), ("windows-1251", 1));
    assert_eq!(decoded, decode(&bytes, Some("text/plain")));
}

#[test]
fn sequence_cut_between_pushes_is_not_malformed() {
    let (decoded, restarts) = stream(&plain(), "日本語 😀".as_bytes().chunks(1));
    assert_eq!((decoded.text.as_str(), decoded.encoding, restarts), ("日本語 😀", "UTF-8", 0));
    assert!(!decoded.malformed);
}

#[test]
fn late_label_after_ascii_goes_on_without_restart() {
    let mut decoder = tentative(b"<meta charset=gbk><title>");
    let mut out = String::new();
    assert_eq!(decoder.late_label("gbk", &mut out), Event::Text);
    assert_eq!(decoder.push(&encode(CHINESE, "GBK"), &mut out), Event::Text);
    assert_eq!(out, CHINESE);
    assert_eq!((decoder.encoding(), decoder.source()), ("GBK", EncodingSource::Meta));
}

#[test]
fn late_label_takes_over_a_sequence_that_was_cut() {
    let mut decoder = tentative(b"a");
    assert_eq!(push(&mut decoder, b"\xC4"), "");
    let mut out = String::new();
    assert_eq!(decoder.late_label("gbk", &mut out), Event::Text);
    assert_eq!(decoder.push(b"\xE3", &mut out), Event::Text);
    assert_eq!(out, "你");
}

#[test]
fn late_label_after_other_text_restarts() {
    let mut decoder = tentative("é <meta charset=windows-1252>".as_bytes());
    let mut out = String::from("left over");
    assert_eq!(decoder.late_label(" Windows-1252 ", &mut out), Event::Restart);
    assert_eq!(out, "Ã© <meta charset=windows-1252>");
    assert_eq!((decoder.encoding(), decoder.source()), ("windows-1252", EncodingSource::Meta));
}

#[test]
fn late_label_overrules_the_detector() {
    let mut bytes = encode(&RUSSIAN.repeat(60), "windows-1251");
    bytes.insert(0, b'a');
    let mut decoder = Decoder::new(plain());
    let _ = push(&mut decoder, &bytes);
    assert_eq!(decoder.source(), EncodingSource::Detected);
    let mut out = String::new();
    assert_eq!(decoder.late_label("koi8-r", &mut out), Event::Restart);
    assert_eq!(out, decode(&bytes, Some("text/plain; charset=koi8-r")).text);
}

#[test]
fn late_label_that_agrees_settles() {
    let mut decoder = tentative("é".as_bytes());
    let mut out = String::new();
    assert_eq!(decoder.late_label("utf-16", &mut out), Event::Text);
    assert_eq!(decoder.push(b"\xFF", &mut out), Event::Text);
    assert_eq!(decoder.finish(&mut out), Event::Text);
    assert_eq!((out.as_str(), decoder.source()), ("\u{FFFD}", EncodingSource::Meta));
}

#[test]
fn late_label_releases_text_held_for_judging() {
    let mut decoder = tentative(b"a");
    assert_eq!(push(&mut decoder, b"\xFF b"), "");
    let mut out = String::new();
    assert_eq!(decoder.late_label("utf-8", &mut out), Event::Text);
    assert_eq!(out, "\u{FFFD} b");
}

#[test]
fn late_label_for_iso_2022_jp_restarts_even_after_ascii() {
    let bytes = encode(JAPANESE, "ISO-2022-JP");
    let mut decoder = tentative(&bytes);
    let mut out = String::new();
    assert_eq!(decoder.late_label("iso-2022-jp", &mut out), Event::Restart);
    assert_eq!(out, JAPANESE);
}

#[test]
fn late_label_for_the_replacement_encoding_restarts() {
    let mut decoder = tentative(b"text");
    let mut out = String::new();
    assert_eq!(decoder.late_label("iso-2022-kr", &mut out), Event::Restart);
    assert_eq!(out, "\u{FFFD}");
}

#[test]
fn late_label_that_is_unknown_changes_nothing() {
    let mut decoder = tentative(b"a");
    let mut out = String::new();
    assert_eq!(decoder.late_label("nonsense", &mut out), Event::Text);
    assert_eq!((out.as_str(), decoder.source()), ("", EncodingSource::Utf8));
}

#[test]
fn late_label_counts_for_nothing_once_a_rule_decided() {
    for (hints, bytes) in [
        (Hints::new().content_type("text/html; charset=utf-8"), b"a".as_slice()),
        (html(), b"\xEF\xBB\xBFa"),
        (html(), b"<meta charset=utf-8>a"),
    ] {
        let mut decoder = Decoder::new(hints);
        let _ = push(&mut decoder, bytes);
        let source = decoder.source();
        let mut out = String::new();
        assert_eq!(decoder.late_label("gbk", &mut out), Event::Text);
        assert_eq!((decoder.encoding(), decoder.source()), ("UTF-8", source));
    }
}

#[test]
fn past_the_limit_utf8_text_is_settled() {
    let mut text = "é".repeat(RETAINED / 2);
    let mut decoder = Decoder::new(plain());
    let mut out = push(&mut decoder, text.as_bytes());
    assert_eq!(decoder.late_label("windows-1252", &mut out), Event::Text);
    assert_eq!(decoder.push(&encode(RUSSIAN, "windows-1251"), &mut out), Event::Text);
    assert_eq!(decoder.finish(&mut out), Event::Text);
    assert_eq!(
        (decoder.encoding(), decoder.source(), decoder.malformed()),
        ("UTF-8", EncodingSource::Utf8, true)
    );
    text.push('\u{FFFD}');
    assert!(out.starts_with(&text));
}

#[test]
fn past_the_limit_text_after_ascii_is_held_until_judged() {
    let mut decoder = Decoder::new(plain());
    let mut out = push(&mut decoder, &vec![b'a'; RETAINED]);
    out.clear();
    assert_eq!(decoder.push("é".as_bytes(), &mut out), Event::Text);
    assert_eq!(out, "");
    assert_eq!(decoder.push(&[b'b'; 4094], &mut out), Event::Text);
    assert!(out.starts_with("éb"));
    assert_eq!(decoder.push(b"\xFF", &mut out), Event::Text);
    assert!(out.ends_with("b\u{FFFD}"));
}

#[test]
fn past_the_limit_a_first_character_that_reads_as_utf8_misleads_nobody() {
    let text = format!("模 {CHINESE}");
    let mut bytes = vec![b'a'; RETAINED + 9];
    bytes.extend_from_slice(&encode(&text, "GBK"));
    let (decoded, restarts) = stream(&plain(), bytes.chunks(1000));
    assert_eq!((decoded.encoding, restarts), ("GBK", 0));
    assert!(decoded.text.ends_with(&text));
}

#[test]
fn past_the_limit_ascii_can_still_be_detected() {
    let mut bytes = vec![b'a'; 2 * RETAINED + 17];
    bytes.extend_from_slice(&encode(CHINESE, "GBK"));
    let (decoded, restarts) = stream(&plain(), bytes.chunks(60_000));
    assert_eq!((decoded.encoding, restarts), ("GBK", 0));
    assert!(decoded.text.ends_with(CHINESE));
    assert_eq!(decoded, decode(&bytes, Some("text/plain")));
}

#[test]
fn past_the_limit_ascii_can_still_take_a_late_label() {
    let mut decoder = Decoder::new(plain());
    let mut out = push(&mut decoder, &vec![b'a'; RETAINED + 1]);
    out.clear();
    assert_eq!(decoder.late_label("gbk", &mut out), Event::Text);
    assert_eq!(decoder.push(&encode(CHINESE, "GBK"), &mut out), Event::Text);
    assert_eq!(out, CHINESE);
}

#[test]
fn past_the_limit_a_label_that_reads_ascii_otherwise_comes_too_late() {
    let mut decoder = Decoder::new(plain());
    let mut out = push(&mut decoder, &vec![b'a'; RETAINED + 1]);
    assert_eq!(decoder.late_label("iso-2022-jp", &mut out), Event::Text);
    assert_eq!((decoder.encoding(), decoder.source()), ("UTF-8", EncodingSource::Utf8));
    assert_eq!(out.len(), RETAINED + 1);
}

#[test]
fn limit_does_not_depend_on_the_cuts() {
    for tail in [b"\xC4\xE3\xBA\xC3 \xC4\xE3\xBA\xC3".as_slice(), "éé".as_bytes(), b"\xE9", b"\xE0\x80\xE9"]
    {
        for before in 0..5 {
            let mut bytes = vec![b'a'; RETAINED - before];
            bytes.extend_from_slice(tail);
            bytes.extend_from_slice(b" and \xE9 on");
            let whole = decode_with(&bytes, plain());
            for cut in RETAINED - 6..bytes.len() {
                let (head, rest) = bytes.split_at(cut);
                let (decoded, _) = stream(&plain(), std::iter::once(head).chain(rest.chunks(1)));
                assert_eq!(decoded, whole, "{before} before the limit, cut at {cut}");
            }
        }
    }
}

#[test]
fn verdict_is_final_at_the_limit() {
    let mut bytes = b"\xA9 2004".to_vec();
    bytes.resize(RETAINED, b' ');
    bytes.extend_from_slice(&encode(&RUSSIAN.repeat(3), "windows-1251"));
    let (decoded, restarts) = stream(&plain(), bytes.chunks(100_000));
    assert_eq!((decoded.encoding, restarts), ("windows-1252", 0));
}

#[test]
fn restart_forgets_earlier_malformed_sequences() {
    let mut decoder = tentative(RUSSIAN.as_bytes());
    let mut out = String::new();
    assert_eq!(decoder.push(b"\xFF", &mut out), Event::Text);
    assert_eq!(decoder.push(&[b' '; 5000], &mut out), Event::Text);
    assert!(decoder.malformed());
    assert_eq!(decoder.late_label("iso-8859-5", &mut out), Event::Restart);
    assert!(!decoder.malformed());
}

#[test]
fn pushing_after_the_end_does_nothing() {
    let mut decoder = tentative(b"a");
    let mut out = String::new();
    assert_eq!(decoder.finish(&mut out), Event::Text);
    assert_eq!(decoder.push(b"b", &mut out), Event::Text);
    assert_eq!(decoder.late_label("gbk", &mut out), Event::Text);
    assert_eq!(decoder.finish(&mut out), Event::Text);
    assert_eq!(out, "");
}

#[test]
fn empty_pushes_change_nothing() {
    let (decoded, _) =
        stream(&html(), [b"".as_slice(), b"<meta ", b"", b"charset=gbk>", b"", b"\xC4", b"", b"\xE3", b""]);
    assert_eq!(decoded.text, "<meta charset=gbk>你");
}

#[test]
fn no_bytes_at_all_are_empty_utf8() {
    for hints in [html(), plain(), Hints::new(), Hints::new().content_type("text/xml; charset=gbk")] {
        let (decoded, restarts) = stream(&hints, []);
        assert_eq!((decoded.text.as_str(), restarts), ("", 0));
    }
}

#[test]
fn random_bytes_in_random_pieces_equal_the_whole() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or_default() % below
    };
    let alphabet =
        b"<>!-/?meta charset=\"'gbk utf8;xml encoding\x1B\x0E\xC3\xA9\xE4\xBD\xA0\xFF\xFE\xEF\xBB\xBF\0";
    let types =
        ["text/html", "text/plain", "text/xml", "application/xhtml+xml", "text/html; charset=shift_jis"];
    for _ in 0..3000 {
        let len = random(60);
        let bytes: Vec<u8> = (0..len).map(|_| alphabet[random(alphabet.len())]).collect();
        let hints = Hints::new().content_type(types[random(types.len())]);
        let mut pieces = Vec::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(1 + random(rest.len()));
            pieces.push(piece);
            rest = tail;
        }
        assert_eq!(stream(&hints, pieces).0, decode_with(&bytes, hints.clone()), "{bytes:?}");
    }
}
