//! What the parser is spared, and that it makes no difference.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::TitleScanner;
use super::super::skim::{Within, attributes, skim};

/// Checks what is left of `page` in front of `rest`.
#[track_caller]
fn check(page: &str, kept: &str, rest: &str) {
    let skimmed = skim(page, false);
    assert_eq!((skimmed.kept.as_str(), skimmed.rest), (kept, rest), "{page}");
}

#[test]
fn an_ordinary_head_is_passed_over() {
    check(
        "<!doctype html>\n<html lang=en>\r\n<head ><META name='a>b' content=\"c>\"><link href=/x/>\
         <script async src=x>if (a < b) '</scripts>'</SCRIPT ><style>a > b</style><noscript><p></noscript>\
         <base/><title>a</title>",
        "<!doctype html><head>",
        "<title>a</title>",
    );
}

#[test]
fn what_tells_metadata_is_kept_where_that_is_wanted() {
    let page = "<!doctype html><html lang=en><head><meta name=author content=a><link rel=stylesheet href=b>\
        <link rel=ICON href=c><base href=d><script>e</script><script data-x='>' type=application/LD+json>{}</script>\
        <script type='application/ld&#43;json'>{}</script><style>f</style><title>";
    let skimmed = skim(page, true);
    let kept = "<!doctype html><head><html lang=en><meta name=author content=a><link rel=ICON href=c><base href=d>\
        <script data-x='>' type=application/LD+json>{}</script><script type='application/ld&#43;json'>{}</script>";
    assert_eq!((skimmed.kept.as_str(), skimmed.rest), (kept, "<title>"));
}

#[test]
fn what_is_too_long_to_keep_is_left() {
    let long = "a".repeat(300_000);
    for page in [format!("<title>{long}</title>"), format!("<meta name=author content={long}>")] {
        let skimmed = skim(&page, true);
        assert_eq!((skimmed.kept.as_str(), skimmed.rest.len()), ("", page.len()));
    }
    check(&format!("<script>{long}</script><!doctype {long}>"), "<head>", &format!("<!doctype {long}>"));
}

#[test]
fn a_declared_encoding_is_kept() {
    check("<meta charset=gbk><title>", "<head><meta charset=gbk>", "<title>");
    check("<meta content='CharSet=x'><title>", "<head><meta content='CharSet=x'>", "<title>");
    check("<meta content='&#99;harset=x'><title>", "<head><meta content='&#99;harset=x'>", "<title>");
}

#[test]
fn a_declared_encoding_is_found_without_a_title() {
    let mut scanner = TitleScanner::new();
    let _ = scanner.feed("<meta charset=gbk><script>'<title></title>'</script>");
    assert_eq!(scanner.encoding_label().as_deref(), Some("gbk"));
}

#[test]
fn comments_end_where_the_standard_ends_them() {
    check("<!-- a > b --><!----><!-- -- --!><!--<!-->x", "", "x");
    for page in ["<!-->x-->", "<!--->x-->", "<!---!>x", "<!-- "] {
        check(page, "", page);
    }
}

#[test]
fn what_is_not_there_in_whole_is_left() {
    for page in
        ["<meta content='>", "<link", "<link ", "<script>", "<script></script", "<style></styles>", "<!doct"]
    {
        check(page, "", page);
    }
}

#[test]
fn a_script_with_a_comment_is_left() {
    check("<script><!-- </script>", "", "<script><!-- </script>");
    check("<style><!-- </style>x", "<head>", "x");
}

#[test]
fn anything_else_is_left() {
    for page in [
        "x",
        "<title>",
        "<body>",
        "<template>",
        "</head>",
        "<header>",
        "<p>",
        "\0",
        "<?xml?>",
        "\u{feff}<html>",
    ] {
        check(page, "", page);
        check(&format!("<link>{page}"), "<head>", page);
    }
}

#[test]
fn attributes_are_counted_as_the_tokenizer_makes_them() {
    let count = |text| attributes(text, Within::BeforeName);
    assert_eq!(count("a b=c d = 'e f' g=\"h\"i/j=/k =l ="), Some(7));
    assert_eq!(count("a='>' b"), Some(2));
    assert_eq!(count("a= >"), None);
    assert_eq!(attributes("a b\" c", Within::Quoted(b'"')), Some(1));
}
