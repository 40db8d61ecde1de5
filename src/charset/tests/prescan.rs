//! The prescan, step by step of the standard.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::charset::engine::Encoding;
use crate::charset::prescan::{label_in_meta_content, meta, xml_declaration};

fn name(encoding: Option<Encoding>) -> Option<&'static str> {
    encoding.map(Encoding::name)
}

#[track_caller]
fn assert_meta(html: &str, expected: Option<&str>) {
    assert_eq!(name(meta(html.as_bytes())), expected, "{html}");
}

#[test]
fn meta_charset_in_any_quoting_and_case() {
    for html in [
        "<meta charset=gbk>",
        "<META CHARSET='GBK'>",
        "<meta charset = \"gbk\" >",
        "<meta/charset=gbk >",
        "<meta\ncharset\n=\ngbk\n>",
        "<meta charset=' gbk '>",
        "<meta name=x charset=gbk/ charset=big5>",
    ] {
        let expected = if html.contains("gbk/") { None } else { Some("GBK") };
        assert_meta(html, expected);
    }
}

#[test]
fn meta_pragma_needs_both_attributes() {
    assert_meta("<meta http-equiv=Content-Type content='text/html; charset=gbk'>", Some("GBK"));
    assert_meta("<meta content='text/html; charset=gbk' http-equiv=\"content-type\">", Some("GBK"));
    assert_meta("<meta content='text/html; charset=gbk'>", None);
    assert_meta("<meta http-equiv=refresh content='text/html; charset=gbk'>", None);
    assert_meta("<meta http-equiv=content-type content='text/html'>", None);
}

#[test]
fn charset_attribute_beats_content_in_either_order() {
    assert_meta("<meta http-equiv=content-type content='charset=big5' charset=gbk>", Some("GBK"));
    assert_meta("<meta charset=gbk http-equiv=content-type content='charset=big5'>", Some("GBK"));
    assert_meta("<meta content='charset=big5' charset=gbk>", Some("GBK"));
}

#[test]
fn unknown_charset_attribute_is_not_saved_by_content() {
    assert_meta("<meta charset=nonsense http-equiv=content-type content='charset=gbk'>", None);
}

#[test]
fn only_the_first_of_equal_attributes_counts() {
    assert_meta("<meta charset=gbk charset=big5>", Some("GBK"));
    assert_meta("<meta charset=nonsense charset=big5>", None);
}

#[test]
fn meta_in_a_comment_counts_for_nothing() {
    assert_meta("<!-- <meta charset=big5> --><meta charset=gbk>", Some("GBK"));
    assert_meta("<!-- > <meta charset=big5> -><meta charset=gbk>", None);
}

#[test]
fn shortest_comments_end_where_the_standard_says() {
    assert_meta("<!--><meta charset=gbk>", Some("GBK"));
    assert_meta("<!---><meta charset=gbk>", Some("GBK"));
}

#[test]
fn markup_declarations_and_instructions_end_at_the_first_bracket() {
    assert_meta("<!doctype html><meta charset=gbk>", Some("GBK"));
    assert_meta("<?php echo '<meta charset=big5>' ?><meta charset=gbk>", Some("GBK"));
    assert_meta("</ <meta charset=big5><meta charset=gbk>", Some("GBK"));
}

#[test]
fn meta_in_an_attribute_value_counts_for_nothing() {
    assert_meta("<a title='<meta charset=big5>'><meta charset=gbk>", Some("GBK"));
    assert_meta("</a title='<meta charset=big5>'><meta charset=gbk>", Some("GBK"));
}

#[test]
fn meta_in_a_script_counts_since_the_prescan_knows_no_scripts() {
    assert_meta("<script>'<meta charset=gbk>'</script>", Some("GBK"));
}

#[test]
fn longer_tag_names_are_no_meta() {
    assert_meta("<metadata charset=big5><meta charset=gbk>", Some("GBK"));
    assert_meta("<meta><meta charset=gbk>", Some("GBK"));
}

#[test]
fn equals_sign_may_start_an_attribute_name() {
    assert_meta("<meta =charset=big5 charset=gbk>", Some("GBK"));
}

#[test]
fn unfinished_meta_decides_nothing() {
    for html in ["<meta charset=gbk", "<meta charset='gbk", "<meta charset=gbk ", "<meta", "<", ""] {
        assert_meta(html, None);
    }
}

#[test]
fn label_in_content_follows_the_extraction_algorithm() {
    for (content, expected) in [
        ("text/html; charset=gbk", Some("gbk")),
        ("text/html; charset=gbk; x", Some("gbk")),
        ("charset=gbk x", Some("gbk")),
        ("CHARSET = \"a b\"", Some("a b")),
        ("charset charset=gbk", Some("gbk")),
        ("charsetcharset=gbk", Some("gbk")),
        ("xcharset=gbk", Some("gbk")),
        ("é charset=gbk é", Some("gbk")),
        ("charset=é", Some("é")),
        ("charset='gbk", None),
        ("charset=", None),
        ("charset", None),
        ("", None),
    ] {
        assert_eq!(label_in_meta_content(content), expected, "{content}");
    }
}

#[test]
fn xml_declaration_follows_the_standard() {
    for (xml, expected) in [
        ("<?xml version='1.0' encoding='gbk'?>", Some("GBK")),
        ("<?xml encoding = \"gbk\"?>", Some("GBK")),
        ("<?xml version='1.0'?><a encoding='gbk'>", None),
        ("<?xml encoding='g bk'?>", None),
        ("<?xml encoding=gbk?>", None),
        ("<?xml encoding='gbk", None),
        ("<?xml encoding='nonsense'?>", None),
        (" <?xml encoding='gbk'?>", None),
        ("<?XML encoding='gbk'?>", None),
        ("<?xml encoding='utf-16'?>", Some("UTF-8")),
    ] {
        assert_eq!(name(xml_declaration(xml.as_bytes())), expected, "{xml}");
    }
}

#[test]
fn meta_that_ends_past_1024_bytes_is_not_seen() {
    let page = |pad: usize| {
        let mut bytes = vec![b' '; pad];
        bytes.extend_from_slice(b"<meta charset=gbk>");
        crate::charset::decode(&bytes, None).encoding
    };
    assert_eq!(page(1024 - 18), "GBK");
    assert_eq!(page(1024 - 17), "UTF-8");
}
