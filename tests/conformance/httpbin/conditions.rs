//! Conditional requests, ranges and freshness.

use dualfetch::{Response, Session};

use super::super::help::session;
use super::{Httpbin, field};

async fn asked(httpbin: &Httpbin, path: &str, name: &str, value: &str) -> Response {
    let session = session();
    session.get(httpbin.url(path)).header(name, value).await.expect("a head")
}

pub async fn etags(httpbin: &Httpbin) {
    for (name, value, status) in [
        ("if-none-match", "\"tag\"", 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "\"another\"", 200),
        ("if-match", "\"another\"", 412),
        ("if-match", "\"another\", \"tag\"", 200),
    ] {
        let response = asked(httpbin, "/etag/tag", name, value).await;
        assert_eq!(response.status(), status, "{name}: {value}");
        let body = response.bytes().await.expect("a body");
        assert_eq!(body.is_empty(), status != 200, "{name}: {value}");
    }
}

pub async fn dates(httpbin: &Httpbin) {
    let first = httpbin.get(&session(), "/cache").await;
    let (date, tag) = (field(&first, "last-modified").expect("a date"), field(&first, "etag"));
    assert!(date.ends_with(" GMT") && tag.is_some(), "{date}");
    let response = asked(httpbin, "/cache", "if-modified-since", date).await;
    assert_eq!((response.status().as_u16(), response.content_length()), (304, None));
    assert_eq!(response.bytes().await.expect("none"), "");
}

pub async fn ranges(httpbin: &Httpbin) {
    for (range, status, content_range, body) in [
        ("bytes=0-4", 206, Some("bytes 0-4/100"), "abcde"),
        ("bytes=95-", 206, Some("bytes 95-99/100"), "rstuv"),
        ("bytes=-3", 206, Some("bytes 97-99/100"), "tuv"),
        ("bytes=200-", 416, Some("bytes */100"), ""),
    ] {
        let response = asked(httpbin, "/range/100?chunk_size=2", "range", range).await;
        assert_eq!(response.status(), status, "{range}");
        assert_eq!(field(&response, "content-range"), content_range, "{range}");
        assert_eq!(response.text().await.expect("a part"), body, "{range}");
    }
}

pub async fn freshness(httpbin: &Httpbin) {
    let response = httpbin.get(&session(), "/cache/60").await;
    assert_eq!(field(&response, "cache-control"), Some("public, max-age=60"));
}
