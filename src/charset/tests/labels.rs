//! Which rule decides, for every pair of rules and the labels themselves.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::charset::{Decoded, EncodingSource, decode};

const META: &[u8] = b"<!doctype html><meta charset=windows-1251><title>\xCC\xE8\xF0</title>";

fn ruled(decoded: &Decoded) -> (&'static str, EncodingSource) {
    (decoded.encoding, decoded.source)
}

#[test]
fn bom_wins_over_content_type() {
    let decoded = decode(b"\xEF\xBB\xBFna\xC3\xAFve", Some("text/html; charset=windows-1252"));
    assert_eq!(ruled(&decoded), ("UTF-8", EncodingSource::Bom));
    assert_eq!(decoded.text, "naïve");
}

#[test]
fn bom_wins_over_meta() {
    let decoded = decode(&[b"\xEF\xBB\xBF", META].concat(), None);
    assert_eq!(ruled(&decoded), ("UTF-8", EncodingSource::Bom));
    assert!(decoded.malformed);
}

#[test]
fn content_type_wins_over_meta() {
    let decoded = decode(META, Some("text/html; charset=koi8-r"));
    assert_eq!(ruled(&decoded), ("KOI8-R", EncodingSource::ContentType));
}

#[test]
fn content_type_wins_over_xml_declaration() {
    let decoded = decode(b"<?xml version='1.0' encoding='gbk'?><a/>", Some("text/xml; charset=utf-8"));
    assert_eq!(ruled(&decoded), ("UTF-8", EncodingSource::ContentType));
}

#[test]
fn content_type_wins_over_valid_utf8() {
    let decoded = decode("é".as_bytes(), Some("text/plain; charset=iso-8859-1"));
    assert_eq!(ruled(&decoded), ("windows-1252", EncodingSource::ContentType));
    assert_eq!(decoded.text, "Ã©");
}

#[test]
fn meta_wins_over_valid_utf8() {
    let decoded = decode("<meta charset=windows-1252>é".as_bytes(), Some("text/html"));
    assert_eq!(ruled(&decoded), ("windows-1252", EncodingSource::Meta));
}

#[test]
fn meta_wins_over_the_detector() {
    let decoded = decode(META, Some("text/html"));
    assert_eq!(ruled(&decoded), ("windows-1251", EncodingSource::Meta));
    assert!(decoded.text.contains("<title>Мир</title>"));
}

#[test]
fn meta_wins_over_xml_declaration_in_html() {
    let bytes = b"<?xml version='1.0' encoding='gbk'?><meta charset=big5>";
    assert_eq!(ruled(&decode(bytes, Some("text/html"))), ("Big5", EncodingSource::Meta));
}

#[test]
fn xml_declaration_wins_over_meta_in_xhtml() {
    let bytes = b"<?xml version='1.0' encoding='gbk'?><meta charset='big5'/>";
    assert_eq!(ruled(&decode(bytes, Some("application/xhtml+xml"))), ("GBK", EncodingSource::Xml));
}

#[test]
fn meta_counts_in_xhtml_without_declaration() {
    let bytes = b"<html><meta charset='big5'/>";
    assert_eq!(ruled(&decode(bytes, Some("application/xhtml+xml"))), ("Big5", EncodingSource::Meta));
}

#[test]
fn meta_counts_for_nothing_in_other_xml() {
    let bytes = b"<svg><meta charset='big5'/></svg>";
    assert_eq!(ruled(&decode(bytes, Some("image/svg+xml"))), ("UTF-8", EncodingSource::Utf8));
}

#[test]
fn xml_declaration_counts_in_html_without_meta() {
    let bytes = b"<?xml version='1.0' encoding='gbk'?><p>";
    assert_eq!(ruled(&decode(bytes, Some("text/html"))), ("GBK", EncodingSource::Xml));
}

#[test]
fn meta_counts_for_nothing_in_plain_text_and_json() {
    for content_type in ["text/plain", "application/json", "text/css"] {
        let decoded = decode(b"<meta charset=gbk>", Some(content_type));
        assert_eq!(ruled(&decoded), ("UTF-8", EncodingSource::Utf8), "{content_type}");
    }
}

#[test]
fn meta_counts_where_the_type_is_absent_or_invalid() {
    for content_type in [None, Some(""), Some("html"), Some("; charset=utf-8")] {
        assert_eq!(ruled(&decode(META, content_type)), ("windows-1251", EncodingSource::Meta));
    }
}

#[test]
fn unknown_content_type_label_falls_through_to_meta() {
    let decoded = decode(META, Some("text/html; charset=x-nonsense"));
    assert_eq!(ruled(&decoded), ("windows-1251", EncodingSource::Meta));
}

#[test]
fn unknown_content_type_label_falls_through_to_utf8() {
    let decoded = decode("é".as_bytes(), Some("text/plain; charset=none"));
    assert_eq!(ruled(&decoded), ("UTF-8", EncodingSource::Utf8));
}

#[test]
fn unknown_meta_label_falls_through_to_a_later_meta() {
    let decoded = decode(b"<meta charset=x-nonsense><meta charset=gbk>", None);
    assert_eq!(ruled(&decoded), ("GBK", EncodingSource::Meta));
}

#[test]
fn content_type_label_may_be_quoted_upper_case_and_padded() {
    for header in [
        r#"text/html; charset="GBK""#,
        "TEXT/HTML;CHARSET=GBK",
        "text/html; charset=GbK ; x=y",
        r#"text/html; charset=" gbk ""#,
    ] {
        assert_eq!(ruled(&decode(b"a", Some(header))), ("GBK", EncodingSource::ContentType), "{header}");
    }
}

#[test]
fn first_of_two_charsets_in_the_header_counts() {
    let decoded = decode(b"a", Some("text/html; charset=gbk; charset=big5"));
    assert_eq!(decoded.encoding, "GBK");
}

#[test]
fn labels_mean_what_the_encoding_standard_says() {
    for (label, name) in [
        ("iso-8859-1", "windows-1252"),
        ("us-ascii", "windows-1252"),
        ("latin1", "windows-1252"),
        ("iso-8859-9", "windows-1254"),
        ("tis-620", "windows-874"),
        ("gb2312", "GBK"),
        ("gb18030", "gb18030"),
        ("ks_c_5601-1987", "EUC-KR"),
        ("sjis", "Shift_JIS"),
        ("x-sjis", "Shift_JIS"),
        ("utf8", "UTF-8"),
        ("unicode", "UTF-16LE"),
        ("x-user-defined", "x-user-defined"),
    ] {
        let header = format!("text/plain; charset={label}");
        assert_eq!(decode(b"a", Some(&header)).encoding, name, "{label}");
    }
}

#[test]
fn every_label_of_the_standard_names_its_encoding() {
    let table = include_str!("../../../tests/oracles/labels.txt");
    for line in table.lines() {
        let (label, name) = line.split_once(' ').expect("a label and its encoding's name");
        for label in [label.to_owned(), label.to_ascii_uppercase(), format!("\t{label} ")] {
            let header = format!("text/plain; charset=\"{label}\"");
            assert_eq!(decode(b"a", Some(&header)).encoding, name, "{label:?}");
        }
    }
    assert_eq!(table.lines().count(), 228);
}

#[test]
fn utf16_label_in_the_header_is_utf16() {
    let decoded = decode(b"h\0i\0", Some("text/plain; charset=utf-16"));
    assert_eq!(decoded.text, "hi");
    assert_eq!(ruled(&decoded), ("UTF-16LE", EncodingSource::ContentType));
    assert_eq!(decode(b"\0h\0i", Some("text/plain; charset=utf-16be")).text, "hi");
}

#[test]
fn utf16_label_in_a_meta_means_utf8() {
    for label in ["utf-16", "utf-16le", "utf-16be", "ucs-2"] {
        let decoded = decode(format!("<meta charset={label}>é").as_bytes(), None);
        assert_eq!(ruled(&decoded), ("UTF-8", EncodingSource::Meta), "{label}");
    }
}

#[test]
fn utf16_label_in_an_xml_declaration_means_utf8() {
    let decoded = decode(b"<?xml version='1.0' encoding='utf-16'?><a/>", Some("text/xml"));
    assert_eq!(ruled(&decoded), ("UTF-8", EncodingSource::Xml));
}

#[test]
fn x_user_defined_in_a_meta_means_windows_1252() {
    assert_eq!(decode(b"<meta charset=x-user-defined>\x80", None).encoding, "windows-1252");
}

#[test]
fn utf16_boms_are_read_and_removed() {
    let little = decode(b"\xFF\xFEh\0i\0=\xD8\0\xDE", None);
    assert_eq!((little.text.as_str(), little.encoding), ("hi😀", "UTF-16LE"));
    let big = decode(b"\xFE\xFF\0h\0i", Some("text/html; charset=utf-8"));
    assert_eq!((big.text.as_str(), big.encoding, big.source), ("hi", "UTF-16BE", EncodingSource::Bom));
}

#[test]
fn utf16_without_bom_is_known_by_its_xml_declaration() {
    let bytes: Vec<u8> = "<?xml version='1.0'?><a>ж</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let decoded = decode(&bytes, Some("application/xml"));
    assert_eq!(ruled(&decoded), ("UTF-16LE", EncodingSource::Xml));
    assert!(decoded.text.ends_with("<a>ж</a>"));
}

#[test]
fn only_one_bom_is_removed() {
    assert_eq!(decode(b"\xEF\xBB\xBF\xEF\xBB\xBFa", None).text, "\u{FEFF}a");
}

#[test]
fn replacement_labels_give_one_replacement_character() {
    for label in ["iso-2022-kr", "hz-gb-2312", "iso-2022-cn", "replacement"] {
        let decoded = decode(b"some text", Some(&format!("text/html; charset={label}")));
        assert_eq!(decoded.text, "\u{FFFD}", "{label}");
        assert_eq!(decoded.encoding, "replacement");
        assert!(decoded.malformed);
    }
}

#[test]
fn replacement_of_an_empty_body_is_empty() {
    assert_eq!(decode(b"", Some("text/html; charset=iso-2022-kr")).text, "");
}

#[test]
fn source_names_are_stable() {
    let names = [
        (EncodingSource::Bom, "bom"),
        (EncodingSource::ContentType, "content-type"),
        (EncodingSource::Detected, "detected"),
        (EncodingSource::Meta, "meta"),
        (EncodingSource::Utf8, "utf-8"),
        (EncodingSource::Xml, "xml"),
    ];
    for (source, name) in names {
        assert_eq!(source.as_str(), name);
        assert_eq!(source.to_string(), name);
    }
}
