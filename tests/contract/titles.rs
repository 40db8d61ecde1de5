//! Titles and rows.

use dualfetch::{Config, SessionExt};
use futures_util::StreamExt;

use super::{Lab, outcome};

pub async fn of_one_page(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let page = session.page(lab.url("/page/7")).await.expect("a page");
    assert_eq!(page.title.as_deref(), Some("Page 7"));
    assert_eq!((page.title_source.as_str(), page.encoding), ("head", Some("UTF-8")));
    assert_eq!((page.status.as_u16(), page.redirects), (200, 0));
}

pub async fn of_many_in_order(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(7));
    let urls: Vec<_> =
        (0..100).map(|n| lab.url(&format!("/page/{n}?delay_ms={}", (100 - n) % 7 * 3))).collect();
    let rows: Vec<_> = session.titles(urls.clone()).ordered(true).collect().await;
    assert_eq!(rows.len(), 100);
    for (n, row) in rows.iter().enumerate() {
        assert_eq!((row.index, &row.url), (n, &urls[n]));
        assert_eq!(row.title(), Some(format!("Page {n}").as_str()));
    }
}

pub async fn as_completed_each_url_once(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(7));
    let urls: Vec<_> = (0..100).map(|n| lab.url(&format!("/page/{n}"))).collect();
    let mut rows: Vec<_> = session.titles(urls).collect().await;
    rows.sort_by_key(|row| row.index);
    let titles: Vec<_> = rows.iter().map(|row| row.title().unwrap_or_default().to_owned()).collect();
    assert_eq!(titles, (0..100).map(|n| format!("Page {n}")).collect::<Vec<_>>());
}

pub async fn failures_are_rows(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let urls = [lab.url("/page/1"), "http//typo".to_owned(), lab.url("/loop"), "ftp://a.example/".to_owned()];
    let rows: Vec<_> = session.titles(urls).ordered(true).collect().await;
    let seen: Vec<_> = rows.iter().map(|row| outcome(&row.result)).collect();
    let of_a_loop = if lab.shows_redirects() { "too_many_redirects" } else { "network" };
    assert_eq!(seen, ["ok", "invalid_url", of_a_loop, "unsupported_scheme"]);
    assert!(rows[1].title().is_none() && rows[1].error().is_some());
}

pub async fn an_error_page_has_one(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let page = session.page(lab.url("/status/404")).await.expect("a page");
    assert_eq!((page.status.as_u16(), page.title.as_deref()), (404, Some("Status 404")));
}

pub async fn other_types_are_not_read(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let page = session.page(lab.url("/page/1?type=text/plain")).await.expect("a page");
    assert_eq!((page.title, page.title_source.as_str(), page.encoding), (None, "content-type", None));
}

pub async fn an_endless_input(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(3));
    let endless = (0..).map(|n: u64| lab.url(&format!("/page/{n}")));
    let urls: Vec<_> = endless.take(200).collect();
    let mut pulled = 0;
    let counted = std::iter::from_fn(|| {
        pulled += 1;
        urls.get(pulled - 1).cloned()
    });
    let rows: Vec<_> = session.titles(counted).take(30).collect().await;
    assert!(rows.iter().all(|row| row.title().is_some()));
    assert!(pulled <= 30 + 12, "{pulled} URLs were pulled for 30 rows at limit 3");
}
