//! What a page says about itself.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::{
    Extent, MAX_ENTRIES, MAX_METADATA, MAX_VALUE, Metadata, Progress, Sourced, TitleScanner, metadata, title,
};
use super::PAGES;

fn told(value: &Option<Sourced>) -> Option<(&str, &str)> {
    value.as_ref().map(|own| (own.value.as_str(), own.source.as_str()))
}

/// Scans a page in these pieces; `None` for the title unless it has one.
fn scan<'a>(pieces: impl IntoIterator<Item = &'a str>, extent: Extent) -> (Option<String>, Metadata) {
    let mut scanner = TitleScanner::new().with_metadata(extent);
    for piece in pieces {
        if scanner.feed(piece) == Progress::Final {
            break;
        }
    }
    scanner.end(false);
    let metadata = scanner.take_metadata().expect("it was asked for");
    (scanner.finish(false).text, metadata)
}

/// Pages with all kinds of metadata at all kinds of places.
const TELLING: &[&str] = &[
    r#"<!DOCTYPE html><html lang=en><head><meta charset=utf-8><base href="/a/"><title>t</title>
       <meta name=description content="  two
       words "><link rel="canonical" href="b"><link rel=icon href=i.png sizes=32x32 type=image/png>
       <meta property=og:title content="o"><meta property=og:image content=x.png></head><body>
       <meta name=author content=late><p>text"#,
    r#"<script type="application/ld+json">{"headline":"h","author":{"name":"n"}}</script><title>é</title>"#,
    r#"<p>x<script type='application/ld+json'>{"author":["a","b"]}</script><meta name=robots content=noindex>"#,
    r#"<table><tr><td><link rel=icon href=2><tr></tr><meta name=description content=1></table><title>t</title>"#,
    r#"<svg><link rel=icon href=no></svg><template><link rel=icon href=no></template>"#,
    r#"<noscript><meta name=description content=no></noscript><!-- <base href=no> --><base><base href=yes>"#,
    r#"<div><meta name=author content=gone></div><frameset><title>no</title></frameset>"#,
    r#"<html><html lang=de><body lang=fr><html lang=it><meta name=twitter:title content=w>"#,
];

#[test]
fn every_page_split_anywhere_tells_the_same() {
    for page in TELLING.iter().copied().chain(PAGES.iter().map(|(page, _)| *page)) {
        for extent in [Extent::Head, Extent::Page] {
            let whole = scan([page], extent);
            for at in (0..=page.len()).filter(|&at| page.is_char_boundary(at)) {
                let (start, rest) = page.split_at(at);
                assert_eq!(scan([start, rest], extent), whole, "{start} | {rest}");
            }
            assert_eq!(scan(page.split_inclusive(|_: char| true), extent), whole, "{page}");
        }
    }
}

#[test]
fn the_title_is_what_it_is_without_metadata() {
    for page in TELLING.iter().copied().chain(PAGES.iter().map(|(page, _)| *page)) {
        for extent in [Extent::Head, Extent::Page] {
            assert_eq!(scan([page], extent).0, title(page), "{page}");
        }
    }
}

#[test]
fn a_scanner_tells_to_the_page_s_end_what_the_plain_function_tells() {
    for page in TELLING {
        assert_eq!(scan([*page], Extent::Page).1, metadata(page), "{page}");
    }
}

#[test]
fn a_head_s_extent_ends_where_the_body_begins() {
    let (_, head) = scan([TELLING[0]], Extent::Head);
    assert_eq!(told(&head.description), Some(("two words", "meta")));
    assert!(head.authors.is_empty());
    let page = metadata(TELLING[0]);
    assert_eq!(page.authors[0].value, "late");
    let (_, after_head) =
        scan(["<head></head><meta name=author content=a><p><meta name=robots content=b>"], Extent::Head);
    assert_eq!((after_head.authors.len(), after_head.robots.len()), (1, 0));
}

#[test]
fn a_head_s_extent_is_final_with_title_and_body() {
    let mut scanner = TitleScanner::new().with_metadata(Extent::Head);
    for piece in ["<title>a</title>", "<meta name=author content=b>", "</head>\n"] {
        assert_eq!(scanner.feed(piece), Progress::More);
        assert_eq!(scanner.take_metadata(), None);
    }
    assert_eq!(scanner.feed("<p>"), Progress::Final);
    assert_eq!(scanner.take_metadata().expect("settled").authors.len(), 1);
    assert_eq!(scanner.take_metadata(), None);
}

#[test]
fn what_is_no_element_of_the_document_does_not_count() {
    for page in [TELLING[4], "<noscript><meta name=description content=no></noscript>", TELLING[6]] {
        let told = metadata(page);
        assert_eq!(told, Metadata { best_title: told.best_title.clone(), ..Metadata::default() }, "{page}");
    }
    assert_eq!(metadata(TELLING[5]).base.as_deref(), Some("yes"));
}

#[test]
fn the_first_in_tree_order_counts_and_not_the_first_that_was_parsed() {
    let page =
        "<table><tr><td><meta name=author content=second></td></tr><tr><meta name=author content=first>";
    assert_eq!(metadata(page).authors[0].value, "first");
}

#[test]
fn the_best_title_is_open_graph_s_then_twitter_s_then_the_document_s() {
    let own = "<title>own</title>";
    let twitter = "<meta name=twitter:title content=twitter>";
    let og = "<meta property=og:title content=og>";
    let empty = "<meta property=og:title content=' '>";
    for (page, expected) in [
        (format!("{own}{twitter}{og}"), Some(("og", "open-graph"))),
        (format!("{own}{twitter}{empty}"), Some(("twitter", "twitter"))),
        (format!("{own}{empty}"), Some(("own", "title"))),
        ("<title> </title>".to_owned(), None),
    ] {
        assert_eq!(told(&metadata(&page).best_title), expected, "{page}");
    }
}

#[test]
fn each_value_names_its_source_and_the_better_one_comes_first() {
    let page = |elements: &[&str]| metadata(&elements.concat());
    let description = [
        "<meta name=twitter:description content=c>",
        "<meta property=og:description content=b>",
        "<meta name=Description content=a>",
    ];
    assert_eq!(told(&page(&description).description), Some(("a", "meta")));
    assert_eq!(told(&page(&description[..2]).description), Some(("b", "open-graph")));
    assert_eq!(told(&page(&description[..1]).description), Some(("c", "twitter")));
    let canonical = ["<meta property=og:url content=b>", "<link rel='x CANONICAL' href=' a '>"];
    assert_eq!(told(&page(&canonical).canonical), Some(("a", "link")));
    assert_eq!(told(&page(&canonical[..1]).canonical), Some(("b", "open-graph")));
    let language = [
        "<meta property=og:locale content=pt_BR>",
        "<meta http-equiv=Content-Language content=de>",
        "<body><html lang=en>",
    ];
    assert_eq!(told(&page(&language).language), Some(("en", "html")));
    assert_eq!(told(&page(&language[..2]).language), Some(("de", "http-equiv")));
    assert_eq!(told(&page(&language[..1]).language), Some(("pt-BR", "open-graph")));
    let author =
        ["<meta name=author content=b>", "<script type=application/ld+json>{\"author\":\"a\"}</script>"];
    assert_eq!(page(&author).authors[0].source.as_str(), "json-ld");
    assert_eq!(page(&author[..1]).authors[0].source.as_str(), "meta");
}

#[test]
fn the_image_is_open_graph_s_then_twitter_s_then_a_link_s() {
    let link = "<link rel=image_src href=link>";
    let twitter = "<meta name=twitter:image:src content=src><meta name=twitter:image content=twitter>";
    let og = "<meta property=og:image:alt content=no><meta property=og:image:secure_url content=secure>";
    for (page, expected) in [
        (format!("{link}{twitter}{og}<meta property=og:image content=og>"), Some(("og", "open-graph"))),
        (format!("{link}{twitter}"), Some(("twitter", "twitter"))),
        (format!("{link}{og}"), Some(("secure", "open-graph"))),
        (link.to_owned(), Some(("link", "link"))),
        ("<link rel=icon href=a>".to_owned(), None),
    ] {
        let mut page = metadata(&page);
        assert_eq!(told(&page.image), expected);
        page.resolve(|url| Some(format!("x:{url}")));
        assert!(page.image.is_none_or(|image| image.value.starts_with("x:")), "it is made absolute");
    }
}

#[test]
fn a_list_of_languages_is_no_language() {
    let page = metadata("<meta http-equiv=content-language content='en, de'>");
    assert_eq!(page.language, None);
}

#[test]
fn icons_and_feeds_are_told_by_rel_and_type() {
    let page = metadata(
        "<link rel='shortcut icon' href=a><link rel=apple-touch-icon sizes=180x180 href=b><link rel=stylesheet href=c>\
         <link rel=alternate type=application/rss+xml title=' News  today' href=d><link rel=alternate hreflang=de href=e>\
         <link rel='ALTERNATE' type='Application/Atom+XML; charset=utf-8' href=f><link rel=icon href=''><link rel=icon>",
    );
    let icons: Vec<_> =
        page.icons.iter().map(|icon| (icon.rel, icon.url.as_str(), icon.sizes.as_deref())).collect();
    assert_eq!(icons, [("icon", "a", None), ("apple-touch-icon", "b", Some("180x180"))]);
    let feeds: Vec<_> = page.feeds.iter().map(|feed| (feed.url.as_str(), feed.title.as_deref())).collect();
    assert_eq!(feeds, [("d", Some("News today")), ("f", None)]);
}

#[test]
fn properties_are_kept_in_order_whichever_attribute_names_them() {
    let page = metadata(
        "<meta property=og:image content=1><meta name='OG:Image' content=2><meta property='og:image og:image' name=og:image content=3>\
         <meta property=twitter:card content=summary><meta name=keywords content=no><meta property='article:tag twitter:x' content=4>\
         <meta name=googlebot-news content=nosnippet><meta name=robots content='noindex,  nofollow'>",
    );
    let list = |list: &[super::super::Property]| -> Vec<String> {
        list.iter().map(|own| format!("{}={}", own.name, own.content)).collect()
    };
    assert_eq!(list(&page.open_graph), ["og:image=1", "og:image=2", "og:image=3", "article:tag=4"]);
    assert_eq!(list(&page.twitter), ["twitter:card=summary", "twitter:x=4"]);
    assert_eq!(list(&page.robots), ["googlebot-news=nosnippet", "robots=noindex, nofollow"]);
}

#[test]
fn json_ld_is_read_through_lists_graphs_and_references() {
    for (script, headline, authors) in [
        (r#"{"headline":" A  b ","author":{"@type":"Person","name":"N"}}"#, Some("A b"), &["N"][..]),
        (r#"[{"@type":"WebSite"},{"headline":"h","author":[{"name":"a"},"b"]}]"#, Some("h"), &["a", "b"]),
        (r#"{"@graph":[{"@id":"p","name":"x"},{"headline":"h","author":{"@id":"p"}}]}"#, Some("h"), &["x"]),
        (r#"{"mainEntity":{"headline":"h"}}"#, Some("h"), &[]),
        (r#"{"@graph":[{"author":"other"},{"headline":"h","author":"own"}]}"#, Some("h"), &["own"]),
        (r#"[{"headline":"page"},{"headline":"h","author":"own"}]"#, Some("h"), &["own"]),
        (r#"[{"headline":"h"},{"creator":["a","a"]}]"#, Some("h"), &["a"]),
        (r#"{"headline":{"@value":"h"},"author":{"name":null,"@value":"a"}}"#, Some("h"), &["a"]),
        (r#"{"author":{"name":["a",{"name":"b"}]}}"#, None, &["a", "b"]),
        (r#"{"headline":7,"author":null}"#, None, &[]),
        (r#"{"headline":"cut"#, None, &[]),
        ("<!-- no JSON -->", None, &[]),
    ] {
        let page = metadata(&format!("<script type=' Application/LD+json;x '>{script}</script>"));
        assert_eq!(page.headline.as_ref().map(|own| own.value.as_str()), headline, "{script}");
        let names: Vec<_> = page.authors.iter().map(|own| own.value.as_str()).collect();
        assert_eq!(names, authors, "{script}");
    }
}

#[test]
fn the_scripts_of_a_page_are_read_together() {
    let script = |json: &str| format!("<script type=application/ld+json>{json}</script>");
    let page = script(r#"{"@type":"VideoObject","author":"Uploader"}"#)
        + &script("not JSON")
        + &script(r##"{"headline":"h","author":[{"@id":"#a"},{"@id":"#none"}]}"##)
        + &script(r##"{"@id":"#a","name":"Ann"}"##);
    let page = metadata(&page);
    assert_eq!(told(&page.headline), Some(("h", "json-ld")));
    assert_eq!(page.authors.iter().map(|own| own.value.as_str()).collect::<Vec<_>>(), ["Ann"]);
}

#[test]
fn json_ld_that_is_nearly_json_is_read_all_the_same() {
    for script in [
        "{\"headline\":\"a\nb\"}",
        "<!-- {\"headline\":\"a b\"} -->",
        "//<![CDATA[\n{\"headline\":\"a b\"}\n//]]>",
        "/*<![CDATA[*/ [{\"headline\":\"a b\",\"x\":[1, 2]}] /*]]>*/",
        "\u{feff}{\"headline\":\"a b\",\"x\":[1,\n],};",
    ] {
        let page = metadata(&format!("<script type=application/ld+json>{script}</script>"));
        assert_eq!(told(&page.headline), Some(("a b", "json-ld")), "{script}");
    }
    let half = r#"{"headline":"cut \ud83d","a":"\ud83d\ude00 \\ud83d \" , }"}"#;
    let page = metadata(&format!("<script type=application/ld+json>{half}</script>"));
    assert_eq!(told(&page.headline), Some(("cut \u{fffd}", "json-ld")));
}

#[test]
fn a_name_is_one_name_and_a_property_may_be_several() {
    let page = metadata("<meta name='product description' content=no><meta name=' Description ' content=a>");
    assert_eq!(told(&page.description), Some(("a", "meta")));
    let page = metadata("<meta http-equiv=x-refresh name=description content=b>");
    assert_eq!(told(&page.description), Some(("b", "meta")));
}

#[test]
fn a_url_loses_its_line_ends_and_no_more() {
    let page = metadata("<meta property=og:image content=' https://a.example/a\nb  c.png '>");
    assert_eq!(page.open_graph[0].content, "https://a.example/ab  c.png");
}

#[test]
fn a_script_of_another_type_tells_nothing() {
    let page = metadata(
        r#"<script>{"headline":"no"}</script><script type=application/json>{"headline":"no"}</script>"#,
    );
    assert_eq!(page, Metadata::default());
}

#[test]
fn urls_are_resolved_but_for_those_that_cannot_be() {
    let mut page = metadata(
        "<link rel=canonical href=a><link rel=icon href=b><link rel=feed href=bad>\
         <meta property=og:image content=c><meta property=og:image:alt content=d><meta name=twitter:image:src content=e>\
         <meta property=og:title content=f>",
    );
    page.resolve(|url| (url != "bad").then(|| format!("x:{url}")));
    assert_eq!(told(&page.canonical), Some(("x:a", "link")));
    assert_eq!((page.icons[0].url.as_str(), page.feeds[0].url.as_str()), ("x:b", "bad"));
    let contents: Vec<_> = page.open_graph.iter().map(|own| own.content.as_str()).collect();
    assert_eq!(contents, ["x:c", "d", "f"]);
    assert_eq!(page.twitter[0].content, "x:e");
}

#[test]
fn lists_and_values_have_a_bound() {
    let page = metadata(&"<meta property=og:image content=a><link rel=icon href=a>".repeat(MAX_ENTRIES + 7));
    assert_eq!((page.open_graph.len(), page.icons.len()), (MAX_ENTRIES, MAX_ENTRIES));
    let long = "a".repeat(MAX_VALUE + 1);
    let page = metadata(&format!("<link rel=canonical href={long}><meta name=description content=b>"));
    assert_eq!((page.canonical, page.description.expect("there is one").value.as_str()), (None, "b"));
    let long = "é".repeat(MAX_VALUE);
    let page = metadata(&format!(
        "<html lang='x{long}'><meta name=description content='x{long}'><meta property=og:url content='{long}'>"
    ));
    assert_eq!(page.description.expect("it is cut").value.len(), MAX_VALUE - 1);
    assert_eq!(page.language.expect("it is cut").value.len(), MAX_VALUE - 1);
    assert!(page.open_graph.is_empty(), "a URL is not cut");
}

/// All that it holds, in bytes.
fn held(metadata: &Metadata) -> usize {
    let properties = metadata.open_graph.iter().chain(&metadata.twitter).chain(&metadata.robots);
    let urls = metadata.icons.iter().map(|own| &own.url).chain(metadata.feeds.iter().map(|own| &own.url));
    properties.map(|own| own.name.len() + own.content.len()).chain(urls.map(String::len)).sum()
}

#[test]
fn metadata_is_bounded_in_all_before_urls_are_resolved_and_after() {
    let content = "x".repeat(MAX_VALUE);
    let names: String = (0..900).map(|n| format!("og:{n} twitter:{n} ")).collect();
    let page = format!("<meta property='{names}' content={content}>").repeat(40);
    let told = metadata(&page);
    assert!(held(&told) <= MAX_METADATA && !told.open_graph.is_empty(), "{}", held(&told));
    let page =
        "<link rel=icon href=a><link rel=feed href=a><meta property=og:url content=a>".repeat(MAX_ENTRIES);
    let mut told = metadata(&page);
    told.resolve(|url| Some(format!("{}{url}", "x".repeat(60_000))));
    assert!(told.open_graph.iter().any(|own| own.content.len() > 60_000), "as many as there is room for");
    assert!(held(&told) <= 2 * MAX_METADATA, "{}", held(&told));
    let mut told = metadata("<link rel=icon href=a>");
    told.resolve(|url| Some(format!("{}{url}", "x".repeat(MAX_VALUE))));
    assert_eq!(told.icons[0].url, "a");
}

#[test]
fn a_title_that_is_certain_is_not_cut_by_reading_on_for_metadata() {
    for (page, source) in
        [("<title>a</title><meta name=x>", "head"), ("<p>x<table><title>a</title>", "truncated")]
    {
        for extent in [Extent::Head, Extent::Page] {
            let mut scanner = TitleScanner::new().with_metadata(extent);
            let _ = scanner.feed(page);
            let told = scanner.finish(true);
            assert_eq!((told.text.as_deref(), told.source.as_str()), (Some("a"), source), "{page}");
        }
    }
}

#[test]
fn a_frameset_ends_the_head_as_a_body_does() {
    let (_, told) = scan(
        [
            "<title>a</title><meta name=author content=b><frameset>",
            "</frameset><noframes></noframes><link rel=icon href=c>",
        ],
        Extent::Head,
    );
    assert_eq!((told.authors.len(), told.icons.len()), (1, 0));
}

#[test]
fn a_script_too_long_to_keep_tells_nothing_and_costs_no_memory() {
    let script = |len: usize| {
        format!("<script type=application/ld+json>{{\"headline\":\"{}\"}}</script>", "a".repeat(len))
    };
    assert!(metadata(&script(100)).headline.is_some());
    assert_eq!(metadata(&script(2 << 20)).headline, None);
}

#[test]
fn deep_json_is_no_danger() {
    let script = format!("<script type=application/ld+json>{}</script>", "[".repeat(100_000));
    assert_eq!(metadata(&script), Metadata::default());
    let nested = format!("{{\"author\":{}\"a\"{}}}", "{\"name\":".repeat(60), "}".repeat(60));
    let script = format!("<script type=application/ld+json>{nested}</script>");
    assert!(metadata(&script).authors.is_empty());
}
