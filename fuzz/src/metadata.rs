//! Metadata: what is gathered in pieces is what the whole page says, and no more of it than is promised.

use dualfetch::html::{
    Extent, MAX_ENTRIES, MAX_VALUE, Metadata, Progress, Sourced, TitleScanner, TitleSource, metadata,
};

use super::memory::peak_of;
use super::plan::Plan;

/// What reading a page takes for each of its bytes, at most, and beside that. JSON as a tree takes the most.
const PER_BYTE: usize = 96;
const BESIDE: usize = 256 << 10;

/// Panics where the metadata of this page depend on how it comes in, or take more memory than the page accounts for.
pub fn hold(data: &[u8]) {
    let plan = Plan::of(data);
    let page = String::from_utf8_lossy(data).repeat(plan.times);
    let (all, peak) = peak_of(|| metadata(&page));
    assert!(peak <= BESIDE + PER_BYTE * page.len(), "{peak} bytes for a page of {}", page.len());
    assert_is_bounded(&all);
    for extent in [Extent::Head, Extent::Page] {
        let (whole, source) = gather(extent, [page.as_str()]);
        if source == TitleSource::Truncated {
            // Given up on as too much work, at a point that depends on how the page came in.
            continue;
        }
        assert_is_bounded(&whole);
        let (pieces, peak) = peak_of(|| gather(extent, plan.pieces(&page)));
        assert_eq!(pieces, (whole.clone(), source), "{extent:?} in pieces");
        assert!(
            peak <= BESIDE + PER_BYTE * page.len(),
            "{peak} bytes for a page of {} in pieces",
            page.len()
        );
        // An element of no consequence that ends the quick way through a page's start.
        let parsed = gather(extent, ["<?>", page.as_str()]);
        assert_eq!(parsed, (whole.clone(), source), "{extent:?} by the parser alone");
        if extent == Extent::Page {
            assert_eq!(all, whole, "all at once");
        }
    }
    resolve(all);
}

fn gather<'a>(extent: Extent, pieces: impl IntoIterator<Item = &'a str>) -> (Metadata, TitleSource) {
    let mut scanner = TitleScanner::new().with_metadata(extent);
    for piece in pieces {
        if scanner.feed(piece) == Progress::Final {
            break;
        }
    }
    scanner.end(false);
    let gathered = scanner.take_metadata().expect("it was asked for, and the page has ended");
    assert!(scanner.take_metadata().is_none(), "it is taken once");
    (gathered, scanner.finish(false).source)
}

fn assert_is_bounded(found: &Metadata) {
    let lists = [
        found.authors.len(),
        found.feeds.len(),
        found.icons.len(),
        found.open_graph.len(),
        found.robots.len(),
        found.twitter.len(),
    ];
    assert!(lists.into_iter().all(|entries| entries <= MAX_ENTRIES), "{lists:?}");
    let single = [&found.best_title, &found.canonical, &found.description, &found.headline, &found.language];
    for Sourced { value, .. } in single.into_iter().flatten().chain(&found.authors) {
        assert!(!value.is_empty() && value.len() <= MAX_VALUE, "{} bytes", value.len());
    }
    for property in found.open_graph.iter().chain(&found.robots).chain(&found.twitter) {
        assert!(!property.content.is_empty() && property.content.len() <= MAX_VALUE, "{}", property.name);
    }
}

/// It is given each URL once, and what it says is kept.
fn resolve(mut found: Metadata) {
    let before = found.clone();
    found.resolve(|_| None);
    assert_eq!(found, before);
    found.resolve(|url| Some(format!("x:{url}")));
    assert!(found.icons.iter().all(|icon| icon.url.starts_with("x:")));
    assert_eq!(found.base, before.base);
}
