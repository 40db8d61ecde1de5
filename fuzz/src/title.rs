//! Titles: what the scanner says in pieces, early, is what the whole page says.

use dualfetch::html::{Extent, MAX_TITLE, Progress, Title, TitleScanner, TitleSource, title};

use super::memory::peak_of;
use super::plan::Plan;

/// What reading a page takes for each of its bytes, at most, and beside that.
const PER_BYTE: usize = 8;
const BESIDE: usize = 128 << 10;

/// Panics where the title of this page depends on how it comes in, or takes more memory than the page accounts for.
pub fn hold(data: &[u8]) {
    let plan = Plan::of(data);
    let page = String::from_utf8_lossy(data).repeat(plan.times);
    let (whole, peak) = peak_of(|| scan(TitleScanner::new(), [page.as_str()]));
    assert!(peak <= BESIDE + PER_BYTE * page.len(), "{peak} bytes for a page of {}", page.len());
    if whole.source == TitleSource::Truncated {
        // Given up on as too much work, at a point that depends on how the page came in.
        return;
    }
    assert_is_tidy(whole.text.as_deref());
    assert_eq!(title(&page), whole.text, "all at once");
    // An element of no consequence that ends the quick way through a page's start.
    assert_eq!(title(&format!("<?>{page}")), whole.text, "by the parser alone");

    let (pieces, peak) = peak_of(|| scan(TitleScanner::new(), plan.pieces(&page)));
    assert_eq!(pieces, whole, "in pieces");
    assert!(peak <= BESIDE + PER_BYTE * page.len(), "{peak} bytes for a page of {} in pieces", page.len());
    let guessed = scan(TitleScanner::new().with_guessed_encoding(), plan.pieces(&page));
    assert_eq!(guessed, whole, "with an encoding that was guessed");
    for extent in [Extent::Head, Extent::Page] {
        // To the page's end, that is, with no early stop.
        assert_eq!(scan(TitleScanner::new().with_metadata(extent), [page.as_str()]), whole, "{extent:?}");
    }
}

fn scan<'a>(mut scanner: TitleScanner, pieces: impl IntoIterator<Item = &'a str>) -> Title {
    for piece in pieces {
        if scanner.feed(piece) == Progress::Final {
            break;
        }
    }
    while scanner.encoding_label().is_some() {}
    scanner.finish(false)
}

fn assert_is_tidy(title: Option<&str>) {
    let Some(title) = title else { return };
    assert!(title.len() <= MAX_TITLE, "{} bytes", title.len());
    let words: Vec<&str> = title.split(|c: char| c.is_ascii_whitespace()).collect();
    assert!(title.is_empty() || words.iter().all(|word| !word.is_empty()), "{title:?}");
    assert!(!title.contains(['\t', '\n', '\x0C', '\r']), "{title:?}");
}
