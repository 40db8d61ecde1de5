//! exploratory
#![cfg(not(target_arch = "wasm32"))]

#[path = "memory/allocator.rs"]
mod allocator;
#[path = "hostile/pages.rs"]
mod pages;

use dualfetch::html::{Extent, Progress, TitleScanner};
use std::time::Duration;

fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn scan(page: &str, mut scanner: TitleScanner) {
    for piece in page.as_bytes().chunks(8192) {
        if scanner.feed(str::from_utf8(piece).unwrap()) == Progress::Final {
            break;
        }
    }
    scanner.end(false);
    let _ = scanner.take_metadata();
    let _ = scanner.finish(false);
}

#[cfg(feature = "select")]
fn select(page: &str) {
    use dualfetch::html::Document;
    if let Ok(document) = Document::parse(page) {
        let _ = document.select("title, :root :nth-child(2)");
    }
}

type Use = (&'static str, fn(&str));
const USES: &[Use] = &[
    ("title", |page| drop(dualfetch::html::title(page))),
    ("title+", |page| drop(dualfetch::html::title(&(page.to_owned() + "<title>x</title>")))),
    ("scan", |page| scan(page, TitleScanner::new())),
    ("scan+", |page| scan(&(page.to_owned() + "<title>x</title>"), TitleScanner::new())),
    ("head", |page| scan(page, TitleScanner::new().with_metadata(Extent::Head))),
    ("page", |page| scan(page, TitleScanner::new().with_metadata(Extent::Page))),
    ("metadata", |page| drop(dualfetch::html::metadata(page))),
    #[cfg(feature = "select")]
    ("select", select),
];

#[test]
#[ignore]
fn explore() {
    let sizes: Vec<usize> = std::env::var("SIZES")
        .unwrap_or("60000,240000,960000".into())
        .split(',')
        .map(|s| s.parse().unwrap())
        .collect();
    let filter = std::env::var("FILTER").unwrap_or_default();
    let uses = std::env::var("USES").unwrap_or_default();
    for (kind, page) in pages::all() {
        if !format!("{kind}/{}", page.name).contains(&filter) {
            continue;
        }
        for (name, run) in USES {
            if !uses.is_empty() && !uses.split(',').any(|u| u == *name) {
                continue;
            }
            let mut line = format!("{kind:22} {:34} {name:9}", page.name);
            for &size in &sizes {
                let text = page.page(size);
                let len = text.len();
                let (time, peak) = std::thread::Builder::new()
                    .stack_size(256 << 10)
                    .spawn(move || {
                        let before = allocator::live().bytes;
                        allocator::peak();
                        let from = cpu();
                        run(&text);
                        let time = cpu() - from;
                        (time, allocator::peak() - before)
                    })
                    .unwrap()
                    .join()
                    .unwrap();
                line += &format!(
                    " | {:8.2} ms {:6.1} ns/B {:6.2} MB of {:6.2}",
                    time.as_secs_f64() * 1e3,
                    time.as_secs_f64() * 1e9 / len as f64,
                    peak as f64 / 1e6,
                    len as f64 / 1e6
                );
            }
            println!("{line}");
        }
    }
}
