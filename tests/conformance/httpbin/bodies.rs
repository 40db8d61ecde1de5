//! Bodies and what they are.

use dualfetch::Session;
use serde_json::Value;

use super::super::help::{outcome, session};
use super::{Httpbin, field};

async fn undone(httpbin: &Httpbin, path: &str, flag: &str, coding: &str) {
    let session = session();
    assert_eq!(httpbin.json(&session, path).await[flag], true);
    let raw = session.get(httpbin.url(path)).auto_decompress(false).await.expect("a head");
    assert_eq!(field(&raw, "content-encoding"), Some(coding));
    let (length, body) = (raw.content_length(), raw.bytes().await.expect("a body"));
    assert_eq!(length, Some(body.len() as u64));
    assert!(serde_json::from_slice::<Value>(&body).is_err(), "it was not compressed");
}

pub async fn gzip(httpbin: &Httpbin) {
    undone(httpbin, "/gzip", "gzipped", "gzip").await;
}

pub async fn deflate(httpbin: &Httpbin) {
    undone(httpbin, "/deflate", "deflated", "deflate").await;
}

pub async fn brotli(httpbin: &Httpbin) {
    undone(httpbin, "/brotli", "brotli", "br").await;
}

pub async fn utf_8_of_many_scripts(httpbin: &Httpbin) {
    let response = httpbin.get(&session(), "/encoding/utf8").await;
    assert_eq!(response.content_type(), Some("text/html; charset=utf-8"));
    let text = response.text().await.expect("a text");
    for words in ["∮ E⋅da = Q", "Οὐχὶ ταὐτὰ", "გთხოვთ", "ᚻᛖ ᚳᚹᚫᚦ", "⡌⠁⠧⠑", "╔══╦══╗"]
    {
        assert!(text.contains(words), "{words}");
    }
}

pub async fn json_and_what_is_none(httpbin: &Httpbin) {
    let session = session();
    assert_eq!(httpbin.json(&session, "/json").await["slideshow"]["title"], "Sample Slide Show");
    for path in ["/xml", "/html", "/bytes/10"] {
        let result = httpbin.get(&session, path).await.json::<Value>().await;
        assert_eq!(outcome(&result), "content_type", "{path}");
    }
    let path = "/response-headers?Content-Type=application/problem%2Bjson";
    assert_eq!(httpbin.json(&session, path).await["Content-Type"][1], "application/problem+json");
}

pub async fn lines_as_they_come(httpbin: &Httpbin) {
    let mut response = httpbin.get(&session(), "/stream/20").await;
    assert_eq!(response.content_length(), None);
    let mut all = Vec::new();
    while let Some(piece) = response.chunk().await.expect("a piece") {
        assert!(!piece.is_empty());
        all.extend_from_slice(&piece);
    }
    let ids = all.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| {
        serde_json::from_slice::<Value>(line).expect("a line of JSON")["id"].as_u64().expect("a number")
    });
    assert!(ids.eq(0..20));
}

pub async fn bytes_in_chunks(httpbin: &Httpbin) {
    let session = session();
    let response = httpbin.get(&session, "/stream-bytes/50000?chunk_size=333").await;
    assert_eq!(response.content_length(), None);
    assert_eq!(response.bytes().await.expect("a body").len(), 50_000);
    let response = httpbin.get(&session, "/range/50000?chunk_size=333").await;
    let alphabet: Vec<_> = (b'a'..=b'z').cycle().take(50_000).collect();
    assert_eq!(response.bytes().await.expect("a body"), alphabet);
}

pub async fn images_by_what_is_accepted(httpbin: &Httpbin) {
    let session = session();
    for (accept, start) in [
        ("image/png", &b"\x89PNG"[..]),
        ("image/jpeg", b"\xff\xd8\xff"),
        ("image/webp", b"RIFF"),
        ("image/svg+xml", b"<svg"),
    ] {
        let request = session.get(httpbin.url("/image")).header("accept", accept);
        let response = request.await.expect("a head");
        assert_eq!(response.content_type(), Some(accept));
        assert!(response.bytes().await.expect("an image").starts_with(start), "{accept}");
    }
    let refused = session.get(httpbin.url("/image")).header("accept", "application/json");
    assert_eq!(refused.await.expect("a head").status(), 406);
}

pub async fn base64_of_a_path(httpbin: &Httpbin) {
    let response = httpbin.get(&session(), "/base64/w6TDtsO8").await;
    assert_eq!(response.text().await.expect("a text"), "äöü");
}

pub async fn none_of_head(httpbin: &Httpbin) {
    let session = session();
    let response = session.head(httpbin.url("/gzip")).await.expect("a head");
    assert_eq!(response.status(), 200);
    assert_eq!(response.bytes().await.expect("none"), "");
}
