//! The caller's selectors.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::select::Bounds;
use super::super::{Document, SelectError};

/// The texts of what is picked.
#[track_caller]
fn picked(page: &str, css: &str) -> Vec<String> {
    let document = Document::parse(page).expect("a page");
    document.select(css).expect("a selector").into_iter().map(|element| element.text).collect()
}

#[test]
fn an_attribute_of_another_namespace_keeps_its_prefix() {
    let document = Document::parse("<svg><a href=1 xlink:href=2 xml:lang=de>").expect("a page");
    let picked = &document.select("a").expect("a selector")[0];
    let told = [picked.attribute("href"), picked.attribute("xlink:href"), picked.attribute("xml:lang")];
    assert_eq!((told, picked.attributes.len()), ([Some("1"), Some("2"), Some("de")], 3));
}

#[test]
fn elements_come_in_tree_order_with_all_that_they_are() {
    let page = "<table><tr><td class='b a' ID=x> one\n <b>two</b></td></tr><p>misplaced</table>";
    let document = Document::parse(page).expect("a page");
    let found = document.select("td, p, html").expect("selectors");
    let names: Vec<_> = found.iter().map(|element| element.name.as_str()).collect();
    assert_eq!(names, ["html", "p", "td"]);
    let cell = &found[2];
    assert_eq!(
        (cell.text.as_str(), cell.attribute("class"), cell.attribute("id")),
        ("one two", Some("b a"), Some("x"))
    );
    assert_eq!(cell.html, "<td class=\"b a\" id=\"x\"> one\n <b>two</b></td>");
    assert_eq!(cell.attribute("ID"), None);
}

#[test]
fn selectors_of_level_4_are_known() {
    let page = "<ul><li>a<li class=x>b<li><i>c</i></ul>";
    for (css, expected) in [
        ("li:has(> i)", &["c"][..]),
        ("li:not(.x, :has(i))", &["a"]),
        (":is(ul, ol) > li:nth-child(2)", &["b"]),
        (":where(li):last-child", &["c"]),
        ("li.x ~ li", &["c"]),
        ("[class^=X i]", &["b"]),
        ("li:first-of-type, li.x", &["a", "b"]),
        (":root > head, :scope > body", &["", "abc"]),
    ] {
        assert_eq!(picked(page, css), expected, "{css}");
    }
}

#[test]
fn what_is_no_element_of_the_document_is_not_selected() {
    assert_eq!(picked("<template><p>no</p></template><p>yes", "p"), ["yes"]);
    assert_eq!(picked("<noscript><p>no</p></noscript>", "p"), [""; 0]);
    assert_eq!(picked("<div><p></div><frameset><frame>", "p"), [""; 0]);
    assert_eq!(picked("", "body *"), [""; 0]);
}

#[test]
fn a_bad_selector_is_told_and_named() {
    let document = Document::parse("<p>").expect("a page");
    for css in
        ["", " ", "p[", "p >", "::before", "a:hover", "p,", "1", "#", "p:nth-child(", ":not()", "p:frob"]
    {
        let error = document.select(css).expect_err(css);
        assert!(
            matches!(&error, SelectError::InvalidSelector { css: named, .. } if named == css),
            "{css}: {error}"
        );
        assert!(error.to_string().contains(&format!("{css:?}")), "{error}");
    }
}

#[test]
fn what_lies_within_itself_a_thousand_times_is_too_much_to_select() {
    let page = format!("{}{}", "<div>".repeat(500), "a".repeat(200_000));
    let document = Document::parse(&page).expect("a page");
    assert!(matches!(document.select("div"), Err(SelectError::TooMuch { .. })));
    assert_eq!(document.select("div:not(:has(div))").expect("the innermost").len(), 1);
}

#[test]
fn an_element_s_html_is_the_standard_s_serialisation() {
    for html in [
        "<div a=\"&amp;&lt;&gt;&quot;'&nbsp;é\">&amp;&lt;&gt;\"'&nbsp;é<br><hr><img src=\"x\"><!-- a > b --></div>",
        "<div><script>a < b && c</script><style>a > b</style><textarea>&lt;</textarea><iframe><p></iframe></div>",
        "<div><svg viewBox=\"z\" xlink:href=\"u\" xml:lang=\"y\" xmlns:xlink=\"x\"><style>a &gt; b</style><br-x></br-x></svg></div>",
        "<div><table><colgroup><col></colgroup><tbody><tr><td><noscript><p></noscript></td></tr></tbody></table></div>",
        "<div><template><b>t</b></template></div>",
    ] {
        let document = Document::parse(html).expect("a page");
        assert_eq!(document.select("body > div").expect("a selector")[0].html, html);
    }
}

/// The page's tree, where a few thousand nodes and a million steps are the most.
fn tight(page: &str) -> Result<Document, SelectError> {
    Document::parse_within(page, Bounds { bytes: 1 << 20, work: 1 << 20 })
}

#[test]
fn a_page_made_to_be_slow_or_large_is_refused() {
    let attributes = |count| format!("<p {}>", (0..count).map(|i| format!("a{i} ")).collect::<String>());
    let opened_anew = |attributes: &str, count| {
        let formatting: String = (0..200).map(|i| format!("<b id={i} {attributes}>")).collect();
        format!("<p>{formatting}{}", "<p>x".repeat(count))
    };
    let compared = |attributes: &str, count| {
        let each = format!("<b {attributes}></b>");
        format!("{}{}", "<b>".repeat(100), each.repeat(count))
    };
    for (ordinary, hostile) in [
        (attributes(100), attributes(20_000)),
        ("<p>".repeat(1_000), "<p>".repeat(10_000)),
        (opened_anew("", 3), opened_anew("", 100)),
        (opened_anew("a b c d e f g h", 1), opened_anew("a b c d e f g h", 20)),
        (compared("a b c d e f g h", 30), compared("a b c d e f g h", 1_500)),
    ] {
        assert!(tight(&ordinary).is_ok(), "{ordinary:.80}");
        assert_eq!(tight(&hostile).err(), Some(SelectError::TooComplex), "{hostile:.80}");
    }
}

#[test]
fn a_deep_page_is_cut_flat_and_attributes_of_many_bodies_are_not_all_kept() {
    let bodies: String = (0..5_000).map(|i| format!("<body a{i}>")).collect();
    let merged = Document::parse(&bodies).expect("a page").select("body").expect("a body");
    assert!(merged[0].attributes.len() <= 64);
    let deep = format!("{}<i>x</i>", "<div>".repeat(10_000));
    let document = Document::parse(&deep).expect("a page");
    assert!(document.select("div").expect("divs").len() < 512);
}
