//! When the scanner answers, and that pieces make no difference.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::{Extent, MAX_PAGE, Progress, Title, TitleScanner, TitleSource, title};
use super::PAGES;

/// The answer to a page fed in these pieces, and how many bytes it took.
fn scan<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (Title, usize) {
    let mut scanner = TitleScanner::new();
    let mut read = 0;
    for piece in pieces {
        read += piece.len();
        if scanner.feed(piece) == Progress::Final {
            break;
        }
    }
    (scanner.finish(false), read)
}

fn chars(page: &str) -> impl Iterator<Item = &str> {
    page.split_inclusive(|_: char| true)
}

/// Checks that a page is final exactly at the end of `start`.
#[track_caller]
fn final_after(start: &str, rest: &str, expected: &str, source: TitleSource) {
    let page = format!("{start}{rest}");
    let (found, read) = scan(chars(&page));
    assert_eq!((found.text.as_deref(), found.source), (Some(expected), source), "{page}");
    assert_eq!(&page[..read], start);
}

#[track_caller]
fn never_final(page: &str) {
    let mut scanner = TitleScanner::new();
    for piece in chars(page) {
        assert_eq!(scanner.feed(piece), Progress::More, "{page}");
    }
}

#[test]
fn a_scanner_is_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<TitleScanner>();
}

#[test]
fn every_page_split_anywhere_gives_the_same_answer() {
    for (page, expected) in PAGES {
        for at in (0..=page.len()).filter(|&at| page.is_char_boundary(at)) {
            let (start, rest) = page.split_at(at);
            assert_eq!(scan([start, rest]).0.text.as_deref(), *expected, "{start} | {rest}");
        }
    }
}

#[test]
fn every_page_fed_by_the_character_gives_the_same_answer() {
    for (page, expected) in PAGES {
        assert_eq!(scan(chars(page)).0.text.as_deref(), *expected, "{page}");
    }
}

#[test]
fn every_page_behind_a_long_start_gives_the_same_answer() {
    let start = format!("<head><!--{}-->", "<title>no</title>é".repeat(3_000));
    for (page, expected) in PAGES {
        let page = format!("{start}{page}");
        assert_eq!(scan([page.as_str()]).0.text.as_deref(), *expected, "{page}");
        assert_eq!(title(&page).as_deref(), *expected, "{page}");
    }
}

#[test]
fn a_title_in_the_head_is_final_at_its_end_tag() {
    final_after("<title>a</title>", "<p>b", "a", TitleSource::Head);
    final_after("<head><meta><script></script><title>a</title >", "</head>", "a", TitleSource::Head);
}

#[test]
fn a_title_in_the_body_is_final_once_no_frameset_can_follow() {
    final_after("<body><title>a</title>", "<p>b", "a", TitleSource::Body);
    final_after("<p>x<title>a</title>", "<p>b", "a", TitleSource::Body);
    final_after("<img><title>a</title>", "<p>b", "a", TitleSource::Body);
    never_final("<p><title>a</title></p>");
    never_final("<p><title>a</title></p><b></b><title>b</title>");
}

#[test]
fn a_title_in_a_table_is_not_final() {
    never_final("<table><td><title>a</title></td>");
    never_final("<p>x<table><td><title>a</title></td><td><title>b</title>");
    final_after("<table><td><title>a</title></td></table><title>b</title>", "<p>c", "a", TitleSource::Body);
}

#[test]
fn a_title_is_final_some_way_after_its_table_without_another() {
    let page = format!("<table><td><title>a</title></td></table>{}", "<p>more".repeat(10_000));
    let (found, read) = scan(chars(&page));
    assert_eq!((found.text.as_deref(), found.source), (Some("a"), TitleSource::Body));
    assert!(read < 200, "{read}");
}

#[test]
fn a_title_that_is_no_title_does_not_end_the_search() {
    final_after("<svg><title>no</title></svg>x<title>a</title>", "<p>b", "a", TitleSource::Body);
    final_after("<script>'<title></title>'</script><title>a</title>", "<p>b", "a", TitleSource::Head);
}

#[test]
fn a_page_fed_whole_is_final_too() {
    let mut scanner = TitleScanner::new();
    assert_eq!(scanner.feed(&format!("<title>a</title>{}", "<p>b".repeat(1_000_000))), Progress::Final);
    assert_eq!(scanner.feed("<title>c</title>"), Progress::Final);
    assert_eq!(scanner.finish(true), Title { text: Some("a".into()), source: TitleSource::Head });
}

#[test]
fn a_page_read_to_its_end_without_a_title_says_missing() {
    let (found, _) = scan(["<p>a", "<svg><title>no</title></svg>"]);
    assert_eq!(found, Title { text: None, source: TitleSource::Missing });
    assert_eq!(scan([]).0.source, TitleSource::Missing);
}

#[test]
fn a_page_cut_short_says_truncated() {
    for (page, text) in [
        ("", None),
        ("<p>a", None),
        ("<title>a b", Some("a b")),
        ("<title>a</titl", Some("a")),
        ("<p><title>a</title>", Some("a")),
        ("<table><td><title>a</title>", Some("a")),
    ] {
        let mut scanner = TitleScanner::new();
        let _ = scanner.feed(page);
        let found = scanner.finish(true);
        assert_eq!((found.text.as_deref(), found.source), (text, TitleSource::Truncated), "{page}");
    }
}

#[test]
fn a_page_cut_short_behind_a_final_title_does_not() {
    let mut scanner = TitleScanner::new();
    let _ = scanner.feed("<title>a</title><p>b");
    assert_eq!(scanner.finish(true).source, TitleSource::Head);
}

#[test]
fn an_endless_page_is_cut_at_the_cap() {
    let mut scanner = TitleScanner::new();
    let piece = "<p>and so on".repeat(10_000);
    let mut read = 0;
    while scanner.feed(&piece) == Progress::More {
        read += piece.len();
        assert!(read <= MAX_PAGE);
    }
    assert_eq!(scanner.finish(false), Title { text: None, source: TitleSource::Truncated });
}

#[test]
fn a_title_beyond_the_first_pieces_is_found() {
    let filler = format!("<style>{}</style>", "p { color: red }\n".repeat(100_000));
    let page = format!("<head>{filler}<title>a</title><body>{}", "b".repeat(1_000_000));
    let (found, read) = scan([page.as_str()]);
    assert_eq!((found.text.as_deref(), read), (Some("a"), page.len()));
    assert_eq!(scan(page.as_bytes().chunks(1_000).filter_map(|piece| str::from_utf8(piece).ok())).0, found);
}

#[test]
fn many_titles_that_are_none_take_linear_time() {
    let page = format!("<svg>{}", "<title>no</title>".repeat(20_000));
    assert_eq!(scan(page.as_bytes().chunks(10).filter_map(|piece| str::from_utf8(piece).ok())).0.text, None);
}

#[test]
fn labels_come_in_order_and_once() {
    let mut scanner = TitleScanner::new();
    let _ = scanner
        .feed("<meta charset=' bogus '><meta http-equiv=Content-Type content='text/html; charset=gbk'>");
    assert_eq!(scanner.encoding_label(), None);
    let _ = scanner.feed("<svg><title>x</title></svg>");
    assert_eq!(scanner.encoding_label().as_deref(), Some("bogus"));
    let _ = scanner.feed("<meta charset=big5><title>x</title>");
    assert_eq!(scanner.encoding_label().as_deref(), Some("gbk"));
    assert_eq!(scanner.encoding_label().as_deref(), Some("big5"));
    assert_eq!(scanner.encoding_label(), None);
}

#[test]
fn what_is_no_declaration_gives_no_label() {
    let mut scanner = TitleScanner::new();
    let _ = scanner.feed(
        "<link rel=stylesheet charset=gbk><meta name=charset content=gbk><meta content='charset=gbk'>\
         <!-- <meta charset=gbk> --><meta charset=''><title>x</title>",
    );
    assert_eq!(scanner.encoding_label(), None);
}

#[test]
fn under_a_guessed_encoding_a_title_beyond_ascii_waits_for_the_head_s_end() {
    let mut scanner = TitleScanner::new().with_guessed_encoding();
    assert_eq!(scanner.feed("<title>é</title>"), Progress::More);
    assert_eq!(scanner.feed("<meta charset=gbk></head><body>"), Progress::Final);
    assert_eq!(scanner.encoding_label().as_deref(), Some("gbk"));
    assert_eq!(scanner.finish(false), Title { text: Some("é".into()), source: TitleSource::Head });

    let mut scanner = TitleScanner::new().with_guessed_encoding();
    assert_eq!(scanner.feed("<title>e</title>"), Progress::Final);
}

#[test]
fn a_frameset_that_replaces_the_body_leaves_the_head_s_title() {
    let page = "<head><title>é</title></head><p><title>gone</title><frameset>";
    let kept = Title { text: Some("é".into()), source: TitleSource::Head };
    let scanner = || TitleScanner::new().with_guessed_encoding();
    for mut scanner in
        [scanner(), scanner().with_metadata(Extent::Head), scanner().with_metadata(Extent::Page)]
    {
        let _ = scanner.feed(page);
        assert_eq!(scanner.finish(false), kept);
    }
    assert_eq!(crate::html::metadata(page).best_title.map(|title| title.value).as_deref(), Some("é"));
}
