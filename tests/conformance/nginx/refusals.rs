//! What nginx does not take.

use dualfetch::{Response, Result, Session};

use super::super::help::{outcome, session};
use super::{Ports, field, get, text};

pub async fn a_password_that_is_wanted(nginx: &Ports) {
    let session = session();
    let url = nginx.url("plain", "/private/small.txt");
    let response = get(&session, &url).await.expect("a head");
    assert_eq!(response.status(), 401);
    assert_eq!(field(&response, "www-authenticate"), Some("Basic realm=\"a realm\""));
    for (userinfo, status) in
        [("user:pass%20word", 200), ("user:pass word", 200), ("user:wrong", 401), ("user", 401)]
    {
        let response =
            get(&session, url.replacen("://", &format!("://{userinfo}@"), 1)).await.expect("a head");
        assert_eq!(response.status(), status, "{userinfo}");
    }
}

pub async fn a_body_too_large_of_a_post_in_small(nginx: &Ports) {
    let session = session();
    for (length, status) in [(1024, 200), (1025, 413)] {
        let request = session.post(nginx.url("plain", "/small-uploads")).body(vec![0; length]);
        assert_eq!(request.await.expect("a head").status(), status, "{length} bytes");
    }
}

pub async fn a_large_upload_that_is_refused_early(nginx: &Ports) {
    let session = session();
    refused_early(session.post(nginx.url("plain", "/small-uploads")).body(vec![0; 20_000_000]).await).await;
    assert_eq!(text(&session, nginx.url("plain", "/method")).await, "GET", "the session goes on");
}

/// The answer, not an error of the upload that it cut off.
pub(super) async fn refused_early(response: Result<Response>) {
    let response = response.expect("the answer");
    assert_eq!(response.status(), 413);
    assert!(response.text().await.expect("a page").contains("413 Request Entity Too Large"));
}

pub async fn a_head_too_large(nginx: &Ports) {
    let session = session();
    let request = session.get(nginx.url("other", "/method")).header("x-long", "x".repeat(3000));
    let response = request.await.expect("a head");
    assert_eq!(response.status(), 400);
    assert!(response.text().await.expect("a page").contains("Too Large"));
}

pub async fn a_target_too_long(nginx: &Ports) {
    let url = nginx.url("other", &format!("/method?{}", "x".repeat(3000)));
    assert_eq!(get(&session(), url).await.expect("a head").status(), 414);
}

/// The client's own bounds, on what nginx sends.
pub async fn more_fields_than_are_wanted(nginx: &Ports) {
    let session = session();
    let url = nginx.url("plain", "/page.html");
    for (fields, expected) in [(2, "headers_too_large"), (100, "ok")] {
        assert_eq!(outcome(&session.get(&*url).max_headers(fields).await), expected, "{fields} fields");
    }
}
