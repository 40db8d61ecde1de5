//! Many in, rows out.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dualfetch::html::TitleSource;
use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, Method, Request, SessionExt, Url};
use futures_util::StreamExt;

use crate::{secs, session};

fn url(n: usize) -> String {
    format!("https://host{}.example/{n}", n % 3)
}

/// The page of `/n` is titled `Page n` and takes longer the smaller n is.
fn page(request: &Request) -> Reply {
    let n: u64 = request.url().path()[1..].parse().unwrap_or(0);
    Reply::html(format!("<title>Page {n}</title><p>text")).after(secs(100 - n % 100))
}

#[test]
fn every_url_has_one_row_with_its_title() {
    let (platform, session) = session(Config::new().limit(7).limit_per_host(3));
    platform.on_every(page);
    let mut rows = platform.run(session.titles((0..50).map(url)).collect::<Vec<_>>());
    rows.sort_by_key(|row| row.index);
    assert_eq!(rows.len(), 50);
    for (n, row) in rows.iter().enumerate() {
        assert_eq!((row.index, row.url.as_str()), (n, url(n).as_str()));
        assert_eq!(row.title(), Some(format!("Page {n}").as_str()));
    }
    assert!(platform.peak() <= 7);
}

#[test]
fn rows_come_as_completed_or_in_order() {
    let (platform, session) = session(Config::new());
    platform.on_every(page);
    let indices = |ordered| {
        let rows = session.titles((0..10).map(url)).ordered(ordered);
        platform.run(rows.map(|row| row.index).collect::<Vec<_>>())
    };
    assert_eq!(indices(false), (0..10).rev().collect::<Vec<_>>());
    assert_eq!(indices(true), (0..10).collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_fetched_has_a_row_that_says_why() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/404", Reply::html("<title>Gone</title>"));
    platform.on("https://a.example/hangs", Reply::hangs());
    let urls = ["no url", "ftp://a.example/", "https://a.example/404", "https://a.example/hangs"];
    let rows = platform.run(session.titles(urls).ordered(true).collect::<Vec<_>>());
    let codes: Vec<_> = rows.iter().map(|row| row.error().map(|error| error.code())).collect();
    assert_eq!(codes, [Some("invalid_url"), Some("unsupported_scheme"), None, Some("timeout")]);
    assert!(rows[0].error().is_some_and(|error| error.to_string().contains("no url")));
    assert_eq!(rows[2].title(), Some("Gone"));
}

#[test]
fn an_endless_input_is_read_no_further_than_the_window() {
    let (platform, session) = session(Config::new().limit(5));
    platform.on_every(|_: &Request| Reply::html("<title>x</title>").after(secs(1)));
    for ordered in [false, true] {
        let pulled = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&pulled);
        let endless = std::iter::repeat_with(move || count.fetch_add(1, Ordering::SeqCst)).map(url);
        let rows = session.titles(endless).ordered(ordered).take(30);
        assert_eq!(platform.run(rows.collect::<Vec<_>>()).len(), 30);
        let pulled = pulled.load(Ordering::SeqCst);
        assert!(pulled <= 30 + 4 * 5, "{pulled}");
        assert_eq!(platform.open(), 0, "dropping the batch ended what was under way");
    }
}

#[test]
fn one_slow_row_holds_an_ordered_batch_at_its_window() {
    let (platform, session) = session(Config::new().limit(2));
    platform.on_every(|request: &Request| match request.url().path() {
        "/0" => Reply::html("<title>slow</title>").after(secs(200)),
        _ => Reply::html("<title>fast</title>").after(secs(1)),
    });
    let pulled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&pulled);
    let input = (0..100).map(move |n| {
        count.fetch_add(1, Ordering::SeqCst);
        url(n)
    });
    let mut rows = session.titles(input).ordered(true).window(8);
    platform.run(rows.next()).expect("the slow row");
    assert!(pulled.load(Ordering::SeqCst) <= 9);
}

#[test]
fn a_title_is_told_before_the_page_has_ended_and_the_rest_is_not_read() {
    let (platform, session) = session(Config::new());
    let head = format!("<!DOCTYPE html><title>Early</title>{}", " ".repeat(2_000));
    platform
        .on("https://a.example/", Reply::html(head).then(vec![b'x'; 100_000]).pause(secs(60)).then("end"));
    let page = platform.run(session.page("https://a.example/")).expect("a page");
    assert_eq!((page.title.as_deref(), page.title_source), (Some("Early"), TitleSource::Head));
    assert!(page.transfer.remaining.is_some_and(|left| left > 0), "{:?}", page.transfer);
    assert_eq!(platform.elapsed(), secs(0));
}

#[test]
fn a_small_remainder_is_read_behind_the_row_and_a_stalled_one_let_go() {
    let (platform, session) = session(Config::new());
    let head = format!("<title>Early</title>{}", "x".repeat(2_000));
    platform.on("https://a.example/", Reply::html(head.clone()).pause(secs(1)).then("the end"));
    platform.on("https://b.example/", Reply::html(head).header("content-length", "9000").stall());
    platform.run(async {
        session.page("https://a.example/").await.expect("a page");
        session.page("https://b.example/").await.expect("a page");
        assert_eq!((platform.elapsed(), platform.open()), (secs(0), 2), "both rests are being read");
    });
    platform.run(platform.sleep(Duration::from_millis(1_500)));
    assert_eq!(platform.open(), 1);
    platform.run(platform.sleep(secs(1)));
    assert_eq!((platform.open(), session.figures().in_flight), (0, 0));
}

#[test]
fn what_is_not_html_is_not_read() {
    let (platform, session) = session(Config::new());
    platform.on(
        "https://a.example/",
        Reply::ok("<title>no</title>").header("content-type", "image/svg+xml").stall(),
    );
    let page = platform.run(session.page("https://a.example/")).expect("a page");
    assert_eq!((page.title, page.title_source), (None, TitleSource::ContentType));
    assert_eq!(page.encoding, None);
}

#[test]
fn a_page_is_looked_at_up_to_the_byte_cap() {
    let (platform, session) = session(Config::new());
    let late = format!("{}<title>late</title>", "x".repeat(5_000));
    platform.on_every(move |_: &Request| Reply::html(late.clone()));
    let rows = platform.run(session.titles([url(1)]).max_bytes(4_000).collect::<Vec<_>>());
    let page = rows[0].result.as_ref().expect("a page");
    assert_eq!((page.title.as_deref(), page.title_source), (None, TitleSource::Truncated));
}

#[test]
fn responses_come_with_their_requests_places() {
    let (platform, session) = session(Config::new().limit(2));
    platform.on_every(|request: &Request| Reply::ok(request.url().path().to_owned()).after(secs(1)));
    let requests = (0..20).map(|n| Request::new(Method::GET, Url::parse(&url(n)).expect("a URL")));
    platform.run(async {
        let mut rows = session.fetch_all(requests).ordered(true);
        let mut next = 0;
        while let Some(row) = rows.next().await {
            assert_eq!(row.index, next);
            let text = row.result.expect("an answer").text().await.expect("a body");
            assert_eq!(text, format!("/{next}"));
            next += 1;
        }
        assert_eq!(next, 20);
    });
}

#[test]
fn asking_for_order_midway_loses_no_row() {
    let (platform, session) = session(Config::new());
    platform.on_every(|r: &Request| Reply::html("x").after(secs(if r.url().path() == "/0" { 9 } else { 1 })));
    let n = platform.run(async {
        use futures_util::StreamExt;
        let mut b = session.titles((0..5).map(|n| format!("https://a.example/{n}")));
        let _ = b.next().await;
        b.ordered(true).count().await
    });
    assert_eq!(n, 4);
}

/// When the last row of the hosts but the first is there: 100 hosts, 20 URLs each, 50 to 150 ms a page.
fn last_row(hangs: bool) -> Duration {
    let (platform, session) = session(Config::new().limit(100).limit_per_host(10));
    platform.on_every(move |request: &Request| {
        let n: u64 = request.url().path()[1..].parse().unwrap_or(0);
        match request.url().host() {
            Some("host0.example") if hangs => Reply::hangs(),
            _ => Reply::html("<title>x</title>").after(Duration::from_millis(50 + n * 7_919 % 101)),
        }
    });
    let urls = (0..2_000).map(|n| format!("https://host{}.example/{n}", n % 100));
    platform.run(async {
        let mut rows = session.titles(urls);
        let mut last = Duration::ZERO;
        let mut left = 99 * 20;
        while left > 0
            && let Some(row) = rows.next().await
        {
            if row.index % 100 != 0 {
                last = platform.elapsed();
                left -= 1;
            }
        }
        last
    })
}

#[test]
fn one_host_of_a_hundred_that_hangs_delays_the_others_by_a_tenth_at_most() {
    let (with, without) = (last_row(true), last_row(false));
    assert!(with * 10 <= without * 11, "{with:?} instead of {without:?}");
}
