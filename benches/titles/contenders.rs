//! Who looks for titles: each as its documentation has it done, and stopped as early as it can be.

use std::cell::RefCell;
use std::rc::Rc;

use dualfetch::html::{Extent, Progress, TitleScanner};
use lol_html::{HtmlRewriter, Settings, element, end_tag, text};
use scraper::{Html, Selector};

use super::bare;

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) title: fn(&str) -> Option<String>,
}

pub(crate) const CONTENDERS: &[Contender] = &[
    Contender { name: "ours", title: dualfetch::html::title },
    Contender { name: "ours, from bytes", title: from_bytes },
    Contender { name: "ours, with metadata", title: with_metadata },
    Contender { name: "html5ever", title: bare::title },
    Contender { name: "scraper", title: by_scraper },
    Contender { name: "lol_html", title: by_lol_html },
    Contender { name: "tl", title: by_tl },
];

/// As a session does it: the page's bytes in the pieces it reads, decoded, with no word of the encoding from outside.
fn from_bytes(page: &str) -> Option<String> {
    scanned(page, TitleScanner::new())
}

fn with_metadata(page: &str) -> Option<String> {
    scanned(page, TitleScanner::new().with_metadata(Extent::Head))
}

#[cfg(feature = "charset")]
fn scanned(page: &str, mut scanner: TitleScanner) -> Option<String> {
    use dualfetch::charset::{Decoder, Hints};
    let mut decoder = Decoder::new(Hints::new());
    let mut text = String::new();
    for piece in page.as_bytes().chunks(8 << 10) {
        let _ = decoder.push(piece, &mut text);
        if scanner.feed(&text) == Progress::Final {
            return scanner.finish(false).text;
        }
        text.clear();
    }
    let _ = decoder.finish(&mut text);
    let _ = scanner.feed(&text);
    scanner.finish(false).text
}

#[cfg(not(feature = "charset"))]
fn scanned(page: &str, mut scanner: TitleScanner) -> Option<String> {
    let _ = scanner.feed(page);
    scanner.finish(false).text
}

fn by_scraper(page: &str) -> Option<String> {
    let document = Html::parse_document(page);
    let selector = Selector::parse("title").expect("a selector");
    document.select(&selector).next().map(|title| title.text().collect())
}

fn by_lol_html(page: &str) -> Option<String> {
    let title = Rc::new(RefCell::new(None::<String>));
    let (begun, read) = (Rc::clone(&title), Rc::clone(&title));
    let element = element!("title", move |element| {
        begun.borrow_mut().get_or_insert_default();
        // There is no other way to stop it.
        element.on_end_tag(end_tag!(|_| Err("that is all".into())))?;
        Ok(())
    });
    let text = text!("title", move |piece| {
        read.borrow_mut().get_or_insert_default().push_str(piece.as_str());
        Ok(())
    });
    let settings =
        Settings::new().append_element_content_handler(element).append_element_content_handler(text);
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    if rewriter.write(page.as_bytes()).is_ok() {
        let _ = rewriter.end();
    }
    title.take()
}

fn by_tl(page: &str) -> Option<String> {
    let document = tl::parse(page, tl::ParserOptions::default()).ok()?;
    let title = document.query_selector("title")?.next()?;
    Some(title.get(document.parser())?.inner_text(document.parser()).into_owned())
}
