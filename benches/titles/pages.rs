//! The pages that are read, each with the title a browser would show.

use std::hint::black_box;

use super::realistic;
use super::words::{Words, collapsed};

pub(crate) struct Page {
    pub(crate) html: String,
    pub(crate) title: Option<String>,
}

/// Pages that are read one after the other.
pub(crate) struct Work {
    pub(crate) name: String,
    pub(crate) pages: Vec<Page>,
}

impl Work {
    pub(crate) fn bytes(&self) -> usize {
        self.pages.iter().map(|page| page.html.len()).sum()
    }

    pub(crate) fn pass(&self, title: fn(&str) -> Option<String>) {
        for page in &self.pages {
            black_box(title(black_box(&page.html)));
        }
    }

    /// How many answers are not the page's title, white space aside: that is easily mended by whoever asks.
    pub(crate) fn wrong(&self, title: fn(&str) -> Option<String>) -> usize {
        self.pages.iter().filter(|page| title(&page.html).as_deref().map(collapsed) != page.title).count()
    }
}

/// All there is to do.
pub(crate) fn works() -> Vec<Work> {
    let mut works = Vec::new();
    for (size, bytes) in [("2 KB", 2 << 10), ("60 KB", 60 << 10), ("1 MB", 1 << 20)] {
        for place in [Place::Early, Place::Late, Place::Absent] {
            works.push(Work { name: format!("{size}, {}", place.name()), pages: vec![page(bytes, place)] });
        }
    }
    works
        .push(Work { name: "1 MB, only icons' titles".to_owned(), pages: vec![page(1 << 20, Place::Icons)] });
    works.extend(realistic::works());
    works
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Absent,
    Early,
    /// None, but drawings with titles of their own.
    Icons,
    /// Behind the whole body.
    Late,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Absent => "no title",
            Self::Early => "title early",
            Self::Icons => "only icons' titles",
            Self::Late => "title late",
        }
    }
}

/// A page of about this size: an article's markup, with a title in its first kilobyte, at its end, or nowhere.
fn page(bytes: usize, place: Place) -> Page {
    let title = "Rivers &amp; lakes: a report";
    let mut words = Words::new(bytes as u64);
    let mut html = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.push_str("<link rel=\"stylesheet\" href=\"/assets/site.css\">\n");
    if place == Place::Early {
        html.push_str(&format!("<title>{title}</title>\n"));
    }
    html.push_str("<script src=\"/assets/site.js\" defer></script>\n</head>\n<body>\n");
    while html.len() + 100 < bytes {
        let block = match bytes - html.len() {
            2_000.. => words.block(),
            _ => format!("<p>{}</p>\n", words.words(9)),
        };
        html.push_str(&block);
        if place == Place::Icons {
            html.push_str(&words.icon());
        }
    }
    if place == Place::Late {
        html.push_str(&format!("<title>{title}</title>\n"));
    }
    html.push_str("</body>\n</html>\n");
    let has_title = matches!(place, Place::Early | Place::Late);
    Page { html, title: has_title.then(|| "Rivers & lakes: a report".to_owned()) }
}
