//! This crate, with its defaults wherever the work does not ask for something else.

use std::time::Duration;

use dualfetch::tls::{Roots, Tls, TlsVersion};
use dualfetch::{DefaultSession, Proxy, Session, SessionExt};
use futures_util::{StreamExt, stream};

use crate::IN_FLIGHT;
use crate::measure::{Measured, Start};
use crate::pages::SMALL;

pub(crate) async fn gets(url: &str, count: usize, warm_up: usize) -> Measured {
    by(DefaultSession::new().expect("a session"), url, count, warm_up).await
}

/// Of a server for which this CA alone speaks.
pub(crate) async fn secure_gets(url: &str, ca: &str, count: usize, warm_up: usize) -> Measured {
    let tls = Tls::new().roots(Roots::None).add_roots(ca);
    by(DefaultSession::builder().tls(tls).build().expect("a session"), url, count, warm_up).await
}

async fn by(session: DefaultSession, url: &str, count: usize, warm_up: usize) -> Measured {
    some(&session, url, warm_up).await;
    let start = Start::now();
    some(&session, url, count).await;
    start.taken()
}

/// Each with options of its own, if there are proxies to be among them.
pub(crate) async fn gets_with_options(url: &str, proxies: &[&str], count: usize, warm_up: usize) -> Measured {
    if proxies.is_empty() {
        return gets(url, count, warm_up).await;
    }
    let session = DefaultSession::new().expect("a session");
    let proxies: Vec<Proxy> =
        proxies.iter().map(|proxy| Proxy::new(proxy).expect("the URL of a proxy")).collect();
    let some = async |count: usize| {
        stream::iter(0..count)
            .map(|number| {
                let request = session.get(url).timeout(Duration::from_secs(30 + number as u64 % 7));
                let request = request.tls(Tls::new().min_version(TlsVersion::V1_3));
                let request = request.proxy(proxies[number % proxies.len()].clone());
                async move { request.send().await?.bytes().await }
            })
            .buffer_unordered(IN_FLIGHT)
            .for_each(async |body| assert_eq!(body.expect("a body").len(), SMALL))
            .await;
    };
    some(warm_up).await;
    let start = Start::now();
    some(count).await;
    start.taken()
}

async fn some(session: &DefaultSession, url: &str, count: usize) {
    stream::iter(0..count)
        .map(|_| async move { session.get(url).send().await?.bytes().await })
        .buffer_unordered(IN_FLIGHT)
        .for_each(async |body| assert_eq!(body.expect("a body").len(), SMALL))
        .await;
}

pub(crate) async fn titles(url: &str, count: usize, warm_up: usize) -> Measured {
    let session = DefaultSession::new().expect("a session");
    some_titles(&session, url, warm_up).await;
    let start = Start::now();
    some_titles(&session, url, count).await;
    start.taken()
}

async fn some_titles(session: &DefaultSession, url: &str, count: usize) {
    let mut rows = session.titles((0..count).map(|page| format!("{url}{page}")));
    while let Some(row) = rows.next().await {
        let title = row.result.expect("a page").title;
        assert_eq!(title, Some(format!("Page {}", row.index)));
    }
}

/// Until the last row of all hosts but the first.
pub(crate) async fn hang(hosts: &[&str], each: usize, warm_up: usize) -> Measured {
    let session = DefaultSession::builder().limit(IN_FLIGHT).limit_per_host(10).build().expect("a session");
    // The number says how late the page is, so no two hosts answer in step.
    let urls = |each: usize, hosts: &[&str]| -> Vec<String> {
        (0..each * hosts.len()).map(|number| format!("{}{number}", hosts[number % hosts.len()])).collect()
    };
    session.titles(urls(warm_up, &hosts[1..])).for_each(async |row| drop(row.result.expect("a page"))).await;
    let mut left = each * (hosts.len() - 1);
    let mut rows = session.titles(urls(each, hosts));
    let start = Start::now();
    while left > 0 {
        let row = rows.next().await.expect("a row for each URL");
        if row.index % hosts.len() != 0 {
            row.result.expect("a page");
            left -= 1;
        }
    }
    start.taken()
}
