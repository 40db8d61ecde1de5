//! The pages that are served.

use std::fmt::Write;

use bytes::Bytes;

/// The bytes of the page that is asked for again and again.
pub(crate) const SMALL: usize = 2048;

/// How many sizes there are: page n has that of page n + 100.
const SIZES: usize = 100;
const LEAST: f64 = 2e3;
const MOST: f64 = 500e3;

pub(crate) struct Pages {
    small: Bytes,
    /// What stands before and after the title.
    parts: Vec<(Bytes, Bytes)>,
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self {
            small: Bytes::from(filled("<!doctype html><title>Page</title>", SMALL)),
            parts: (0..SIZES).map(part).collect(),
        }
    }

    pub(crate) fn small(&self) -> Bytes {
        self.small.clone()
    }

    pub(crate) fn titled(&self, page: usize) -> [Bytes; 3] {
        let (head, rest) = &self.parts[page % SIZES];
        [head.clone(), Bytes::from(format!("Page {page}")), rest.clone()]
    }
}

/// From 2 to 500 kB, as many between 2 and 4 as between 200 and 400, in an order that mixes them. The title comes after
/// a head of up to 3.5 kB.
fn part(n: usize) -> (Bytes, Bytes) {
    let share = (n * 37 % SIZES) as f64 / (SIZES - 1) as f64;
    let size = (LEAST * (MOST / LEAST).powf(share)) as usize;
    let mut head = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    for line in 0..2 + n * 61 % 37 {
        let _ = writeln!(
            head,
            "<link rel=\"preload\" href=\"/assets/style-{line:04}.css\" as=\"style\" crossorigin>"
        );
        if head.len() > size / 4 {
            break;
        }
    }
    head.push_str("<title>");
    let rest = filled("</title>\n</head>\n<body>\n", size - head.len());
    (Bytes::from(head), Bytes::from(rest))
}

/// `start` and then so much of an article that the whole has this many bytes.
fn filled(start: &str, size: usize) -> String {
    let mut text = String::from(start);
    let mut line = 0;
    while text.len() < size {
        let _ = write!(
            text,
            "<div class=\"entry\" id=\"entry-{line}\"><h2>Entry {line}</h2>\n<p>Of the <a href=\"/entry/{line}?from=list&amp;at={line}\">\
             many</a> words on this page <em>some</em> are here, and the others stand in the lines above and below it.</p>\n\
             <ul><li>one</li><li>two <b>and</b> three</li></ul><img src=\"/image/{line}.png\" alt=\"An image\"></div>\n"
        );
        line += 1;
    }
    text.truncate(size);
    text
}
