//! Titles that need no parser, and that the parser says the same.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::parser::{Outcome, Parser};
use super::super::plain::{Plain, plain};
use super::super::skim::skim;
use super::PAGES;

/// What is plain, once the parser has said the same.
#[track_caller]
fn checked(page: &str) -> Option<Plain> {
    let found = plain(&skim(page, false))?;
    let mut parser = Parser::new(false, None);
    let Outcome::Final(Some(parsed)) = parser.run(page, false) else {
        panic!("no title is final in {page:?}")
    };
    assert_eq!((found.title.as_str(), true), (parsed.text.as_str(), parsed.in_head), "{page:?}");
    assert_eq!(found.labels, parser.labels(), "{page:?}");
    Some(found)
}

#[test]
fn an_ordinary_title_is_plain() {
    for (page, title) in [
        ("<!doctype html><html><head><meta charset=utf-8><link rel=icon><title>a</title>", "a"),
        ("<title lang='>'> a\r\n b </TITLE\n/>", "a b"),
        ("<title></title>", ""),
        ("<title>a & b &amp; c &lt;p&gt; &#8211; &#X2013; d</title>", "a & b & c <p> – – d"),
        ("<title>&nbsp;a&&amp;&quot;&#39;</title>", "\u{a0}a&&\"'"),
        ("<title>a</titles></titl<b></title>", "a</titles></titl<b>"),
    ] {
        assert_eq!(checked(page).map(|found| found.title).as_deref(), Some(title), "{page}");
    }
}

#[test]
fn the_encoding_s_label_is_told_along() {
    for (page, labels) in [
        ("<meta charset=utf-8>", &["utf-8"][..]),
        ("<meta charset=\"UTF-8\" /><META CharSet='gbk'>", &["UTF-8", "gbk"]),
        ("<meta name=a content=b>", &[]),
    ] {
        let found = checked(&format!("{page}<title>a</title>")).expect("it is plain");
        assert_eq!(found.labels, labels, "{page}");
    }
}

#[test]
fn what_is_not_plain_is_left_to_the_parser() {
    for page in [
        "<title>a",
        "<title>a</title",
        "<title>a</title ",
        "<title>a\0</title>",
        "<title>a &amp b</title>",
        "<title>a &notit; b</title>",
        "<title>a &#128; b</title>",
        "<title>a &#0; b</title>",
        "<title>a &#xD800;</title>",
        "<title>a &#+49;</title>",
        "<title>a &AMP;</title>",
        "<title>a&</title>",
        "<p><title>a</title>",
        "<meta charset=a&amp;b><title>a</title>",
        "<meta charset=utf-8/><title>a</title>",
        "<meta charset=''><title>a</title>",
        "<meta charset=a name=b><title>a</title>",
        "<meta content='text/html; charset=gbk' http-equiv=content-type><title>a</title>",
    ] {
        assert_eq!(plain(&skim(page, false)), None, "{page}");
    }
}

#[test]
fn the_parser_says_the_same_of_every_page() {
    for (page, _) in PAGES {
        let _ = checked(page);
    }
}

/// Heads put together at random from what heads hold, and from what is nearly that.
#[test]
fn the_parser_says_the_same_of_heads_made_up() {
    const PARTS: &[&str] = &[
        "<!doctype html>",
        "<html>",
        "<head>",
        "</head>",
        "<meta charset=utf-8>",
        "<meta charset=\"gbk\"/>",
        "<meta charset=x y>",
        "<meta name=a content=b>",
        "<link>",
        "<base href=x>",
        "<script>a<b</script>",
        "<style>a</style>",
        "<noscript><p></noscript>",
        "<!-- <title>no</title> -->",
        "<!-->",
        "\n",
        "<title>",
        "<title x='>'>",
        "</title>",
        "</title >",
        "</titl",
        "<",
        "&",
        "&amp;",
        "&amp",
        "&lt;",
        "&#8211;",
        "&#x41;",
        "&#128;",
        "&copy;",
        "&copyx;",
        "a",
        " ",
        "é",
        "\r",
        "\0",
        "b c",
        "/>",
        "<template>",
        "<p>",
    ];
    let mut state = 5_u64;
    let mut number = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut plain = 0;
    for _ in 0..20_000 {
        let head: String = (0..number(5)).map(|_| PARTS[number(14)]).collect();
        let text: String = (0..number(6)).map(|_| PARTS[number(PARTS.len())]).collect();
        let page = format!("{head}{}{text}</title>", if number(8) == 0 { "" } else { "<title>" });
        plain += usize::from(checked(&page).is_some());
    }
    assert!(plain > 2_000, "{plain}");
}
