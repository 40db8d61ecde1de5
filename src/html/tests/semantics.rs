//! What a page's title is.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::{Extent, MAX_TITLE, Title, TitleScanner, TitleSource, metadata, title};
use super::PAGES;

#[track_caller]
fn check(page: &str, expected: Option<&str>) {
    assert_eq!(title(page).as_deref(), expected, "{page}");
}

#[test]
fn pages_have_their_titles() {
    for (page, expected) in PAGES {
        check(page, *expected);
    }
}

#[test]
fn ascii_white_space_is_stripped_and_collapsed() {
    check("<title>\t a \n\r\x0c b\r\n</title>", Some("a b"));
}

#[test]
fn other_white_space_is_kept() {
    check(
        "<title>\u{a0}a&nbsp;\u{2003} b\u{b}\u{85}\u{3000}</title>",
        Some("\u{a0}a\u{a0}\u{2003} b\u{b}\u{85}\u{3000}"),
    );
}

#[test]
fn an_empty_title_is_not_a_missing_one() {
    check("<title></title>", Some(""));
    check("<title> \n </title>", Some(""));
    check("<p>no title", None);
}

#[test]
fn an_empty_title_is_not_made_up_for_by_a_second() {
    check("<title></title><title>b</title>", Some(""));
}

#[test]
fn markup_in_a_title_is_text() {
    check("<title>a <b>bold</b> <!-- move --> &lt;i&gt;</title>", Some("a <b>bold</b> <!-- move --> <i>"));
}

#[test]
fn only_the_first_of_two_titles_counts() {
    check("<title>a</title><meta><title>b</title>", Some("a"));
}

#[test]
fn a_title_after_the_head_belongs_to_the_head() {
    check("<head></head><title>a</title><body>", Some("a"));
    let mut scanner = TitleScanner::new();
    let _ = scanner.feed("<head></head><title>a</title><body>");
    assert_eq!(scanner.finish(false).source, TitleSource::Head);
}

#[test]
fn an_svg_title_is_no_title() {
    check("<svg><title>no</title></svg>", None);
    check("<svg><g><title>no</title></g></svg><p><title>a</title>", Some("a"));
}

#[test]
fn a_title_in_mathml_is_no_title() {
    check("<math><title>no</title></math>", None);
}

#[test]
fn a_title_within_svg_desc_foreign_object_or_title_counts() {
    check("<svg><desc><title>a</title></desc></svg>", Some("a"));
    check("<svg><foreignObject><title>a</title></foreignObject></svg>", Some("a"));
    check("<svg><title><title>a</title></title></svg>", Some("a"));
}

#[test]
fn a_title_within_a_mathml_text_element_counts() {
    for name in ["mi", "mo", "mn", "ms", "mtext"] {
        check(&format!("<math><{name}><title>a</title></{name}></math>"), Some("a"));
    }
}

#[test]
fn a_title_within_annotation_xml_counts_if_its_encoding_is_html() {
    check("<math><annotation-xml encoding=TEXT/html><title>a</title>", Some("a"));
    check("<math><annotation-xml encoding='application/xhtml+xml' id=x><title>a</title>", Some("a"));
    check("<math><annotation-xml><title>no</title>", None);
    check("<math><annotation-xml encoding='text/xml'><title>no</title>", None);
}

#[test]
fn foreign_markup_that_breaks_out_makes_a_title_html() {
    check("<svg><p><title>a</title>", Some("a"));
    check("<svg><font color=red><title>a</title>", Some("a"));
    check("<svg><font id=red><title>no</title>", None);
}

#[test]
fn a_template_s_title_is_no_title() {
    check("<template><title>no</title></template>", None);
    check("<template><div><title>no</title></div></template><title>a</title>", Some("a"));
    check("<div><template shadowrootmode=open><title>no</title></template></div>", None);
    check("<table><template><title>no</title></template><td><title>a</title></table>", Some("a"));
}

#[test]
fn a_title_in_a_comment_script_style_or_noscript_is_no_title() {
    check("<!-- <title>no</title> --><title>a</title>", Some("a"));
    check("<script>document.write('<title>no</title>')</script><title>a</title>", Some("a"));
    check("<style><title>no</title></style><title>a</title>", Some("a"));
    check("<noscript><title>no</title></noscript><title>a</title>", Some("a"));
    check("<body><textarea><title>no</title></textarea><iframe><title>no</title></iframe>", None);
}

#[test]
fn a_script_is_ended_as_the_standard_has_it() {
    check("<script><!-- <script> </script><title>no</title> --></script><title>a</title>", Some("a"));
    check("<script></scriptx><title>no</title></script ><title>a</title>", Some("a"));
    check("<script></script x='>'><title>a</title>", Some("a"));
}

#[test]
fn a_title_misplaced_in_a_table_comes_before_those_in_its_cells() {
    check("<table><tr><td><title>b</title></td></tr><title>a</title></table>", Some("a"));
    check("<p>x<table><caption><title>b</title></caption><b><title>a</title></b></table>", Some("a"));
    check("<table><td><title>b</title><table><td><title>c</title></td><title>a</title>", Some("b"));
}

#[test]
fn misplaced_titles_keep_their_order() {
    check("<table><title>a</title><tr><title>b</title></tr></table>", Some("a"));
}

#[test]
fn a_late_frameset_takes_the_body_s_title_away() {
    check("<div><title>no</title></div><frameset>", None);
    check("<div><title>no</title></div><title>no</title><frameset></frameset><noframes>x", None);
    check("<head><title>a</title></head><div></div><frameset>", Some("a"));
}

/// Who gathers from the whole page reads on behind a final title.
#[test]
fn a_late_frameset_leaves_the_head_s_title() {
    let mut scanner = TitleScanner::new().with_metadata(Extent::Page);
    let _ = scanner.feed("<title>a</title><div><title>no</title></div><frameset>");
    assert_eq!(scanner.finish(false), Title { text: Some("a".into()), source: TitleSource::Head });
}

#[test]
fn a_frameset_comes_too_late_once_the_body_has_content() {
    check("<div>x<title>a</title></div><frameset>", Some("a"));
    check("<body><title>a</title><frameset>", Some("a"));
    check("<svg><title>x</title></svg><div><title>a</title></div><frameset>", Some("a"));
}

#[test]
fn a_nul_in_foreign_content_leaves_the_frameset_its_chance() {
    check("<svg>\0</svg><div><title>no</title></div><frameset>", None);
    check("<noscript>x</noscript><div><title>no</title></div><frameset>", None);
    check("<input type=hidden><div><title>no</title></div><frameset>", None);
    check("<input><div><title>a</title></div><frameset>", Some("a"));
}

#[test]
fn misnested_formatting_moves_titles_without_reordering_them() {
    check("<b>1<p><title>a</title></b>2</p><title>b</title>", Some("a"));
    check("<a><div><i><p><title>a</title></a><title>b</title></i>", Some("a"));
    check("<table><b><title>b</title><td><title>c</title></td></b><title>d</title></table>", Some("b"));
}

#[test]
fn a_title_the_page_ends_in_counts() {
    check("<title>a", Some("a"));
    check("<title>a</titl", Some("a</titl"));
    check("<title>a</title", Some("a</title"));
    check("<title>a</title ", Some("a"));
    check("<title>&amp", Some("&"));
    check("<title id=", None);
}

#[test]
fn a_longer_name_is_another_tag() {
    check("<titles>no</titles><title-x>no</title-x>", None);
    check("<title/>a</title>", Some("a"));
}

#[test]
fn line_ends_and_nuls_are_normalised() {
    check("<title>a\r\nb\rc\0d</title>", Some("a b c\u{fffd}d"));
}

#[test]
fn nesting_is_capped_and_reading_goes_on() {
    let deep = "<div>".repeat(10_000);
    check(&format!("{deep}<title>a</title>"), Some("a"));
    check(&format!("{deep}{}<title>a</title>", "</div>".repeat(10_000)), Some("a"));
    check(
        &format!("<svg>{}<title>no</title></svg><p>{deep}<title>a</title>", "<g>".repeat(10_000)),
        Some("a"),
    );
    check(&format!("<template>{deep}</template><title>a</title>"), Some("a"));
}

#[test]
fn a_title_in_a_deep_table_is_found() {
    let deep = "<table><tr><td>".repeat(300);
    check(&format!("{deep}<title>a</title>{}", "</td></tr></table>".repeat(300)), Some("a"));
}

#[test]
fn a_long_title_is_cut_at_the_cap() {
    let page = format!("<title>{}</title>", "x é ".repeat(1_250_000));
    let found = title(&page).unwrap_or_default();
    assert!(found.len() <= MAX_TITLE && found.len() > MAX_TITLE - 4, "{}", found.len());
    assert!(found.starts_with("x é x") && !found.ends_with(' '));
    let word = title(&format!("<title>{}</title>", "é".repeat(MAX_TITLE))).unwrap_or_default();
    assert_eq!(word.len(), MAX_TITLE);
}

/// These would not end if anything were quadratic in the page's length.
#[test]
fn hostile_pages_take_linear_time() {
    let end = "<title>a</title>";
    for (start, repeated) in [
        ("", "<b>"),
        ("", "<"),
        ("", "</"),
        ("", "<svg>"),
        ("<svg>", "<g></x>"),
        ("", "<p><b><i>"),
        ("", "<b><p></b>"),
        ("", "<a><div>"),
        ("", "<table>"),
        ("<table>", "\0&a"),
        ("", "<template>"),
        ("", "<p><title>x</title>"),
        ("<template>", "<title>x</title>"),
        ("<!--", "--!"),
        ("<script>", "<!--<script>"),
        ("<p>", "</x>"),
    ] {
        let _ = title(&format!("{start}{}{end}", repeated.repeat(20_000)));
    }
}

#[test]
fn a_tag_of_a_fifty_thousand_attributes_is_given_up_on() {
    let attributes: String = (0..50_000).map(|i| format!(" a{i}")).collect();
    for tag in ["a", "meta charset=x", "html", "link rel=icon", "title"] {
        let page = format!("<{tag}{attributes}><title>a</title>");
        let _ = title(&page);
        let _ = metadata(&page);
    }
}

#[test]
fn a_long_attribute_value_comment_or_script_is_not() {
    let text = "<path d='M 1 2 3'/> ".repeat(30_000);
    check(&format!("<img src=\"{text}\"><title>a</title>"), Some("a"));
    check(&format!("<!-- {text} --><title>a</title>"), Some("a"));
    check(&format!("<script>{text}</script><title>a</title>"), Some("a"));
}
