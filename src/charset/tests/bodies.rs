//! Whole bodies in the encodings of the web, with a label and without.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::charset::{Decoded, EncodingSource, Hints, decode, decode_with};
use encoding_rs::Encoding;

pub(super) const CHINESE: &str =
    "北京大学创办于一八九八年，初名京师大学堂，是中国第一所国立综合性大学，也是当时中国最高教育行政机关。";
pub(super) const TAIWANESE: &str =
    "國立臺灣大學是位於臺灣臺北市的國立大學，創立於日治時期，前身為臺北帝國大學，是臺灣第一所現代綜合大學。";
pub(super) const JAPANESE: &str = "東京大学は日本の東京都文京区に本部を置く国立大学です。明治十年に設立され、日本で最初の近代的な大学となりました。";
pub(super) const KOREAN: &str =
    "서울대학교는 대한민국의 국립 대학교이다. 서울특별시 관악구에 있으며 여러 대학과 대학원을 두고 있다.";
pub(super) const RUSSIAN: &str =
    "Московский государственный университет основан в тысяча семьсот пятьдесят пятом году.";
pub(super) const FRENCH: &str = "L’université a été fondée au Moyen Âge; elle était très réputée et accueillait des élèves de toute l’Europe.";
pub(super) const GREEK: &str =
    "Το Πανεπιστήμιο Αθηνών ιδρύθηκε το χίλια οκτακόσια τριάντα επτά και είναι το παλαιότερο.";

/// `text` in the encoding of that name, which must be able to hold it.
pub(super) fn encode(text: &str, name: &str) -> Vec<u8> {
    let encoding = Encoding::for_label(name.as_bytes()).expect("a label");
    let (bytes, _, lossy) = encoding.encode(text);
    assert!(!lossy, "{name} holds the text");
    bytes.into_owned()
}

#[track_caller]
fn assert_labelled(text: &str, name: &'static str) {
    let bytes = encode(text, name);
    let decoded = decode(&bytes, Some(&format!("text/plain; charset={name}")));
    assert_eq!(decoded.text, text);
    assert_eq!((decoded.encoding, decoded.source), (name, EncodingSource::ContentType));
    assert!(!decoded.malformed);

    let page = [format!("<meta charset={name}>").as_bytes(), &bytes].concat();
    let decoded = decode(&page, Some("text/html"));
    assert!(decoded.text.ends_with(text));
    assert_eq!((decoded.encoding, decoded.source), (name, EncodingSource::Meta));
}

#[track_caller]
fn assert_detected(text: &str, name: &'static str) -> Decoded {
    let page = format!("<!doctype html><title>{text}</title>");
    let decoded = decode(&encode(&page, name), Some("text/html"));
    assert_eq!(decoded.text, page);
    assert_eq!((decoded.encoding, decoded.source), (name, EncodingSource::Detected));
    decoded
}

#[test]
fn gbk_with_label() {
    assert_labelled(CHINESE, "GBK");
}

#[test]
fn gbk_without_label() {
    assert_detected(CHINESE, "GBK");
}

#[test]
fn big5_with_label() {
    assert_labelled(TAIWANESE, "Big5");
}

#[test]
fn big5_without_label() {
    assert_detected(TAIWANESE, "Big5");
}

#[test]
fn shift_jis_with_label() {
    assert_labelled(JAPANESE, "Shift_JIS");
}

#[test]
fn shift_jis_without_label() {
    assert_detected(JAPANESE, "Shift_JIS");
}

#[test]
fn euc_jp_with_label() {
    assert_labelled(JAPANESE, "EUC-JP");
}

#[test]
fn euc_jp_without_label() {
    assert_detected(JAPANESE, "EUC-JP");
}

#[test]
fn euc_kr_with_label() {
    assert_labelled(KOREAN, "EUC-KR");
}

#[test]
fn euc_kr_without_label() {
    assert_detected(KOREAN, "EUC-KR");
}

#[test]
fn windows_1251_with_label() {
    assert_labelled(RUSSIAN, "windows-1251");
}

#[test]
fn windows_1251_without_label() {
    assert_detected(RUSSIAN, "windows-1251");
}

#[test]
fn windows_1252_with_label() {
    assert_labelled(FRENCH, "windows-1252");
}

#[test]
fn windows_1252_without_label() {
    assert_detected(FRENCH, "windows-1252");
}

#[test]
fn windows_1253_without_label() {
    assert_detected(GREEK, "windows-1253");
}

#[test]
fn iso_2022_jp_with_label() {
    assert_labelled(JAPANESE, "ISO-2022-JP");
}

#[test]
fn iso_2022_jp_without_label_is_not_guessed() {
    let decoded = decode(&encode(JAPANESE, "ISO-2022-JP"), None);
    assert_eq!((decoded.encoding, decoded.source), ("UTF-8", EncodingSource::Utf8));
    assert!(decoded.text.starts_with("\u{1B}$B"));
}

#[test]
fn top_level_domain_helps_the_detector() {
    let bytes = encode("Łódź i Kraków", "iso-8859-2");
    let decoded = decode_with(&bytes, Hints::new().host("www.example.pl"));
    assert_eq!((decoded.text.as_str(), decoded.source), ("Łódź i Kraków", EncodingSource::Detected));
}

#[test]
fn few_bytes_are_read_in_the_language_of_the_host_s_country() {
    for (host, encoding) in [
        ("", "GBK"),
        ("a.example", "GBK"),
        ("a.cn", "GBK"),
        ("a.com.tw", "Big5"),
        ("A.JP.", "EUC-JP"),
        ("a.kr", "EUC-KR"),
        ("a.ru", "ISO-8859-5"),
        ("a.xn--p1ai", "ISO-8859-5"),
        ("a.co.th", "windows-874"),
    ] {
        let decoded = decode_with(b"\xB1\xB1\xBE\xA9", Hints::new().host(host));
        assert_eq!((decoded.encoding, decoded.source), (encoding, EncodingSource::Detected), "{host}");
    }
}

#[test]
fn host_counts_for_nothing_where_a_label_does_or_the_bytes_are_utf8() {
    let hints = || Hints::new().host("a.jp");
    assert_eq!(decode_with(b"\xB1\xB1", hints().content_type("text/html; charset=gbk")).encoding, "GBK");
    assert_eq!(decode_with(b"<meta charset=gbk>\xB1\xB1", hints()).encoding, "GBK");
    assert_eq!(decode_with("é".as_bytes(), hints()).encoding, "UTF-8");
}

#[test]
fn any_host_is_taken() {
    for host in ["", ".", "..", "[::1]", "127.0.0.1", "EXAMPLE.COM.", "пример.рф", "xn--p1ai", "a b"]
    {
        let decoded = decode_with(b"caf\xE9", Hints::new().host(host));
        assert_eq!(decoded.source, EncodingSource::Detected, "{host}");
    }
}

#[test]
fn empty_body_is_utf8() {
    let decoded = decode(b"", None);
    assert_eq!((decoded.text.as_str(), decoded.encoding), ("", "UTF-8"));
    assert_eq!((decoded.source, decoded.malformed), (EncodingSource::Utf8, false));
}

#[test]
fn body_that_is_only_a_bom_is_empty() {
    assert_eq!(decode(b"\xEF\xBB\xBF", None).text, "");
    assert_eq!(decode(b"\xFF\xFE", None).text, "");
}

#[test]
fn part_of_a_bom_is_no_bom() {
    assert_eq!(decode(b"\xEF\xBB", Some("text/plain; charset=windows-1252")).text, "ï»");
    assert_eq!(decode(b"\xFE", Some("text/plain; charset=windows-1252")).text, "þ");
}

#[test]
fn malformed_sequences_become_replacement_characters() {
    let decoded = decode(b"a\xFFb\xE2\x82c", Some("text/plain; charset=utf-8"));
    assert_eq!(decoded.text, "a\u{FFFD}b\u{FFFD}c");
    assert!(decoded.malformed);
}

#[test]
fn replacement_character_in_the_body_is_not_malformed() {
    assert!(!decode("\u{FFFD}".as_bytes(), None).malformed);
}

#[test]
fn odd_byte_at_the_end_of_utf16_is_malformed() {
    let decoded = decode(b"\xFF\xFEh\0i", None);
    assert_eq!((decoded.text.as_str(), decoded.malformed), ("h\u{FFFD}", true));
}

#[test]
fn utf8_with_one_broken_sequence_stays_utf8() {
    let mut bytes = RUSSIAN.as_bytes().to_vec();
    bytes.extend_from_slice(b"\xD0...");
    let decoded = decode(&bytes, None);
    assert_eq!((decoded.encoding, decoded.source), ("UTF-8", EncodingSource::Utf8));
    assert_eq!(decoded.text, format!("{RUSSIAN}\u{FFFD}..."));
    assert!(decoded.malformed);
}

#[test]
fn utf8_cut_off_at_the_end_stays_utf8() {
    let decoded = decode(b"\xE6\x97\xA5\xE6\x9C", None);
    assert_eq!((decoded.text.as_str(), decoded.encoding), ("日\u{FFFD}", "UTF-8"));
}

#[test]
fn lone_accent_at_the_end_is_not_utf8() {
    let decoded = decode(b"caf\xE9", None);
    assert_eq!((decoded.text.as_str(), decoded.encoding), ("café", "windows-1252"));
}

#[test]
fn legacy_text_with_a_pair_that_reads_as_utf8_is_still_detected() {
    let page = format!("模墨 {CHINESE}");
    assert_eq!(decode(&encode(&page, "GBK"), None).text, page);
}

#[test]
fn every_byte_value_decodes_in_every_encoding_without_panic() {
    let bytes: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
    for label in
        ["utf-8", "utf-16le", "gb18030", "big5", "euc-jp", "shift_jis", "iso-2022-jp", "euc-kr", "koi8-u"]
    {
        let decoded = decode(&bytes, Some(&format!("text/plain; charset={label}")));
        assert!(!decoded.text.is_empty(), "{label}");
    }
}
