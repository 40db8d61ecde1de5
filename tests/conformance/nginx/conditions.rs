//! Conditional requests and ranges (RFC 9110, sections 13 and 14).

use dualfetch::{Response, Session};

use super::super::help::session;
use super::{Ports, bytes, field, get, page};

async fn asked(nginx: &Ports, path: &str, name: &str, value: &str) -> Response {
    session().get(nginx.url("plain", path)).header(name, value).raise_for_status(false).await.expect("a head")
}

pub async fn not_modified_by_etag(nginx: &Ports) {
    let first = get(&session(), nginx.url("plain", "/page.html")).await.expect("a head");
    // By gzip the entity is another one, so nginx makes its tag a weak one.
    let tag = field(&first, "etag").expect("a tag").to_owned();
    assert!(tag.starts_with("W/"), "{tag}");
    let session = session();
    let again = session.get(nginx.url("plain", "/page.html")).header("if-none-match", &tag);
    let response = again.raise_for_status(true).await.expect("304 is no error");
    assert_eq!((response.status().as_u16(), response.history().len()), (304, 0));
    assert_eq!(field(&response, "etag").map(|tag| tag.trim_start_matches("W/")), Some(&tag[2..]));
    assert_eq!(response.bytes().await.expect("no body"), "");
    let response = asked(nginx, "/page.html", "if-none-match", "\"another\"").await;
    assert_eq!((response.status().as_u16(), response.text().await.expect("a page")), (200, page()));
}

pub async fn not_modified_by_date(nginx: &Ports) {
    let first = get(&session(), nginx.url("plain", "/bytes.bin")).await.expect("a head");
    let date = field(&first, "last-modified").expect("a date").to_owned();
    let response = asked(nginx, "/bytes.bin", "if-modified-since", &date).await;
    assert_eq!(response.status(), 304);
    let response = asked(nginx, "/bytes.bin", "if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT").await;
    assert_eq!(response.status(), 412);
}

pub async fn a_range(nginx: &Ports) {
    let response = asked(nginx, "/bytes.bin", "range", "bytes=100-199").await;
    assert_eq!(response.status(), 206);
    assert_eq!(field(&response, "content-range"), Some("bytes 100-199/300000"));
    assert_eq!(response.bytes().await.expect("a part"), bytes()[100..200]);
}

pub async fn a_range_from_behind(nginx: &Ports) {
    let response = asked(nginx, "/bytes.bin", "range", "bytes=-10").await;
    assert_eq!((response.status().as_u16(), response.content_length()), (206, Some(10)));
    assert_eq!(response.bytes().await.expect("a part"), bytes()[299_990..]);
}

pub async fn a_range_beyond_the_end(nginx: &Ports) {
    let response = asked(nginx, "/bytes.bin", "range", "bytes=300000-").await;
    assert_eq!(response.status(), 416);
    assert_eq!(field(&response, "content-range"), Some("bytes */300000"));
}

pub async fn a_range_that_no_longer_holds(nginx: &Ports) {
    let session = session();
    let request = session.get(nginx.url("plain", "/bytes.bin")).header("range", "bytes=0-9");
    let response = request.header("if-range", "\"of-yesterday\"").await.expect("a head");
    assert_eq!((response.status().as_u16(), response.content_length()), (200, Some(300_000)));
}

pub async fn fresh_for_an_hour(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/cached/small.txt")).await.expect("a head");
    assert_eq!(field(&response, "cache-control"), Some("max-age=3600"));
    assert!(field(&response, "expires").is_some_and(|date| date.ends_with(" GMT")));
}
