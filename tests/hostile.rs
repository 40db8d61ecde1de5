//! Pages made to be slow, large or deep: each is answered, in time linear in its length or bounded, with memory to match,
//! on a small stack. A binary of its own: everything in it is counted.
//!
//! Quick sizes by default. A million of everything, and pages of 100 MB:
//! `cargo test --release --features select --test hostile -- --ignored`

#![cfg(all(unix, feature = "html"))]

#[path = "memory/allocator.rs"]
mod allocator;
#[path = "hostile/pages.rs"]
mod pages;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use dualfetch::html::{Extent, Progress, Title, TitleScanner, metadata, title};
use pages::Hostile;
use rustix::time::{ClockId, clock_gettime};

/// What is done with a page.
struct Use {
    name: &'static str,
    run: fn(&str),
    /// The most memory beside the page: so many times its length, and so many bytes.
    most: (usize, usize),
}

/// What the scanner holds is the text and, while it grows, its copy. html5ever holds a comment, a CDATA section and a tag
/// in whole, in a buffer that doubles.
const USES: &[Use] = &[
    Use { name: "title", run: |page| drop(title(page)), most: (3, PASS) },
    Use { name: "scanner", run: |page| drop(scanned(page, 8 << 10, TitleScanner::new())), most: (3, PASS) },
    Use {
        name: "scanner, head",
        run: |page| drop(scanned(page, 64, TitleScanner::new().with_metadata(Extent::Head))),
        most: (3, PASS),
    },
    Use {
        name: "scanner, page",
        run: |page| drop(scanned(page, 8 << 10, TitleScanner::new().with_metadata(Extent::Page))),
        most: (3, PASS),
    },
    Use { name: "metadata", run: |page| drop(metadata(page)), most: (3, PASS) },
    #[cfg(feature = "select")]
    Use { name: "select", run: selected, most: (4, 340 << 20) },
];

/// The memory of titles, metadata and their places in the tree, which have bounds.
const PASS: usize = 32 << 20;

fn scanned(page: &str, piece: usize, mut scanner: TitleScanner) -> Title {
    for piece in page.as_bytes().chunks(piece) {
        let text = str::from_utf8(piece).expect("the pages are ASCII");
        if scanner.feed(text) == Progress::Final {
            break;
        }
    }
    scanner.end(false);
    drop(scanner.take_metadata());
    scanner.finish(false)
}

#[cfg(feature = "select")]
fn selected(page: &str) {
    if let Ok(document) = dualfetch::html::Document::parse(page) {
        drop(document.select("title, :root > :nth-child(2) > :last-child"));
    }
}

/// What a use of a page took.
#[derive(Clone, Copy)]
struct Taken {
    cpu: Duration,
    /// At the most at one time, the page aside.
    bytes: usize,
    length: usize,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of CPU and {} bytes for {} bytes", self.cpu, self.bytes, self.length)
    }
}

/// Everything is counted, so one at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn taken(page: String, run: fn(&str)) -> Taken {
    let measured = move || {
        let before = allocator::live().bytes;
        allocator::peak();
        let from = clock_gettime(ClockId::ThreadCPUTime);
        run(&page);
        let cpu = Duration::try_from(clock_gettime(ClockId::ThreadCPUTime) - from).expect("time goes on");
        Taken { cpu, bytes: allocator::peak().saturating_sub(before), length: page.len() }
    };
    // In a debug build html5ever's own frames are large.
    let thread = thread::Builder::new().stack_size(256 << 10).spawn(measured).expect("a thread");
    thread.join().expect("no panic")
}

/// html5ever compares each attribute of a tag with all before it, and opens formatting elements anew in each paragraph.
/// What that costs is counted and bounded; up to the bound it is no matter of the page's length alone.
fn is_quadratic(page: &Hostile) -> bool {
    page.name.starts_with("attributes") || page.name.contains("growing") || page.name.contains("one property")
}

#[track_caller]
fn check_memory(page: &Hostile, used: &Use, taken: Taken) {
    let (times, more) = used.most;
    assert!(taken.bytes <= times * taken.length + more, "{}, {}: {taken}", page.name, used.name);
}

fn check(pages: &[Hostile]) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for page in pages {
        for used in USES {
            // A title at the end has all of it parsed.
            let text = |count| page.page(count) + "<title>x</title>";
            let few = taken(text(700), used.run);
            check_memory(page, used, few);
            if !["scanner, head", "scanner, page"].contains(&used.name) || is_quadratic(page) {
                continue;
            }
            // Eight times as much: 64 times the time if it were quadratic. Less than a tenth of a second is no time.
            let many = taken(text(5_600), used.run);
            check_memory(page, used, many);
            let most = few.cpu * 24 + Duration::from_millis(100);
            assert!(many.cpu <= most, "{}, {}: {few}, but {many}", page.name, used.name);
        }
    }
}

#[test]
fn open_and_end_tags_are_bounded() {
    check(pages::OPEN);
}

#[test]
fn formatting_elements_are_bounded() {
    check(pages::FORMATTING);
}

#[test]
fn tables_and_templates_are_bounded() {
    check(pages::TABLES);
}

#[test]
fn foreign_elements_are_bounded() {
    check(pages::FOREIGN);
}

#[test]
fn texts_and_unclosed_markup_are_bounded() {
    check(pages::TEXT);
}

#[test]
fn metadata_is_bounded() {
    check(pages::METADATA);
}

#[test]
fn what_is_kept_of_a_long_title_is_bounded() {
    let page = format!("<title>{}", "word ".repeat(100_000));
    let found = title(&page).expect("a title");
    assert!(found.len() <= dualfetch::html::MAX_TITLE && found.len() > 60_000, "{}", found.len());
    assert_eq!(scanned(&page, 8 << 10, TitleScanner::new()).text, Some(found));
}

#[test]
#[ignore = "takes minutes: cargo test --release --features select --test hostile -- --ignored"]
fn a_million_of_anything_takes_seconds() {
    large(pages::all().map(|page| (page, 1_000_000)));
}

#[test]
#[ignore = "takes minutes: cargo test --release --features select --test hostile -- --ignored"]
fn a_hundred_megabytes_of_anything_long_take_seconds() {
    const LONG: &[&str] = &[
        "title",
        "title of references",
        "title of white space",
        "<",
        "comment",
        "CDATA",
        "script",
        "text",
        "one long name",
        "one long value",
        "one long description",
        "one long JSON-LD",
    ];
    let count = |page: &Hostile| 100_000_000_000 / page.page(1_000).len();
    let long = pages::all().filter(|page| LONG.contains(&page.name));
    large(long.map(|page| (page, count(page))));
}

fn large(pages: impl Iterator<Item = (&'static Hostile, usize)>) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut failed = Vec::new();
    for (page, count) in pages {
        for used in USES {
            let taken = taken(page.page(count) + "<title>x</title>", used.run);
            let told = format!("{}, {}: {taken}", page.name, used.name);
            println!("{told}");
            let (times, more) = used.most;
            // 100 MB of `<` alone, the dearest text, take html5ever 8 s, and a tree to select from takes two passes.
            if taken.cpu > Duration::from_secs(40) || taken.bytes > times * taken.length + more {
                failed.push(told);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
