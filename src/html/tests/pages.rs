//! Every page of the table by every way to read it.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod table;

use std::collections::HashSet;
use std::iter;

use super::super::{Extent, Metadata, Progress, TitleScanner, metadata, title};
use crate::charset::{Decoder, Event, Hints};

pub(super) use table::PAGES;

/// The title of a page that comes in these pieces.
fn scan<'a>(mut scanner: TitleScanner, pieces: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let _ = pieces.into_iter().find(|piece| scanner.feed(piece) == Progress::Final);
    scanner.finish(false).text
}

/// Both halves of a page, for each place where it may be cut.
fn halves(page: &str) -> impl Iterator<Item = [&str; 2]> {
    let places = (0..=page.len()).filter(|&at| page.is_char_boundary(at));
    places.map(|at| page.split_at(at).into())
}

/// The text of a body in two pieces, as a session hands it to a scanner.
fn decoded([start, rest]: [&[u8]; 2]) -> Vec<String> {
    let mut decoder = Decoder::new(Hints::new().content_type("text/html; charset=utf-8"));
    let [mut first, mut second] = [String::new(), String::new()];
    let events =
        [decoder.push(start, &mut first), decoder.push(rest, &mut second), decoder.finish(&mut second)];
    assert_eq!(events, [Event::Text; 3], "what is labelled is read once");
    vec![first, second]
}

#[test]
fn the_pages_are_many_and_each_is_there_once() {
    let pages: HashSet<_> = PAGES.iter().map(|(page, _)| page).collect();
    assert_eq!(pages.len(), PAGES.len());
    assert!(PAGES.len() >= 170, "{}", PAGES.len());
}

#[test]
fn every_page_has_its_title() {
    for (page, expected) in PAGES {
        assert_eq!(title(page).as_deref(), *expected, "{page:?}");
    }
}

#[test]
fn every_page_cut_anywhere_has_its_title() {
    for (page, expected) in PAGES {
        for halves in halves(page) {
            assert_eq!(scan(TitleScanner::new(), halves).as_deref(), *expected, "{halves:?}");
            let guessed = TitleScanner::new().with_guessed_encoding();
            assert_eq!(scan(guessed, halves).as_deref(), *expected, "{halves:?}");
        }
    }
}

#[test]
fn every_page_by_the_character_has_its_title() {
    for (page, expected) in PAGES {
        let characters = page.split_inclusive(|_: char| true);
        assert_eq!(scan(TitleScanner::new(), characters).as_deref(), *expected, "{page:?}");
    }
}

#[test]
fn every_page_cut_between_any_two_bytes_of_its_body_has_its_title() {
    for (page, expected) in PAGES {
        for at in 0..=page.len() {
            let texts = decoded(page.as_bytes().split_at(at).into());
            let found = scan(TitleScanner::new(), texts.iter().map(String::as_str));
            assert_eq!(found.as_deref(), *expected, "{page:?} at {at}");
        }
    }
}

#[test]
fn every_page_cut_anywhere_has_its_metadata() {
    let head = "<meta name=description content='a &amp; b'><link rel=canonical href=c><base href=/>";
    for (page, _) in PAGES {
        let page = format!("{head}{page}<meta property=og:title content=d>");
        let whole = metadata(&page);
        for halves in halves(&page) {
            let mut scanner = TitleScanner::new().with_metadata(Extent::Page);
            let _ = halves.map(|half| scanner.feed(half));
            scanner.end(false);
            assert_eq!(scanner.take_metadata().unwrap_or_default(), whole, "{halves:?}");
        }
        assert_ne!(whole, Metadata::default());
    }
}

/// Behind a start that is as long as what the scanner and the parser take at a time.
#[test]
fn every_page_across_the_border_of_two_pieces_has_its_title() {
    for size in [4 << 10, 16 << 10] {
        for (page, expected) in PAGES {
            for before in [0, page.len() / 2, page.len()] {
                let start = "<head><!---->";
                let filler: String = iter::repeat_n(' ', size - start.len() - before).collect();
                let page = format!("{start}{filler}{page}");
                assert_eq!(scan(TitleScanner::new(), [page.as_str()]).as_deref(), *expected, "{page:?}");
            }
        }
    }
}
