//! What nginx makes of bodies, and how fast it sends them.

use dualfetch::{Body, Session};

use super::super::help::{millis, outcome, session, total};
use super::{Ports, bytes, field, get, page, text};

pub async fn compressed_by_the_server(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/page.html")).await.expect("a head");
    assert_eq!(field(&response, "vary"), None, "gzip_vary is off");
    assert_eq!(response.content_length(), None);
    let (text, page) = (response.text().await.expect("a page"), page());
    assert_eq!(text, page);

    let session = session();
    let raw = session.get(nginx.url("plain", "/page.html")).auto_decompress(false);
    let response = raw.header("accept-encoding", "gzip").await.expect("a head");
    assert_eq!(field(&response, "content-encoding"), Some("gzip"));
    let sent = response.bytes().await.expect("a body");
    assert!(sent.starts_with(&[0x1f, 0x8b]) && sent.len() < page.len() / 10, "{} bytes", sent.len());
}

pub async fn sent_in_chunks(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/through/page.html")).await.expect("a head");
    assert_eq!(response.content_length(), None);
    assert_eq!(response.text().await.expect("a page"), page());
}

pub async fn as_they_are_stored(nginx: &Ports) {
    let session = session();
    let response = get(&session, nginx.url("plain", "/bytes.bin")).await.expect("a head");
    assert_eq!(response.content_length(), Some(300_000));
    assert_eq!(response.bytes().await.expect("a body"), bytes());
    let response = session.head(nginx.url("plain", "/bytes.bin")).await.expect("a head");
    assert_eq!(field(&response, "content-length"), Some("300000"));
    assert_eq!(response.bytes().await.expect("none"), "");
}

/// nginx sends what a second may bring, and then nothing until it has passed.
pub async fn slower_than_the_total(nginx: &Ports) {
    let session = session();
    for (timeout, expected) in
        [(total(1000), "timeout total"), (dualfetch::Timeout::new().read(millis(100)), "timeout read")]
    {
        let request = session.get(nginx.url("plain", "/crawling/bytes.bin")).timeout(timeout);
        assert_eq!(outcome(&async { request.await?.bytes().await }.await), expected);
    }
    assert_eq!(text(&session, nginx.url("plain", "/method")).await, "GET", "the session goes on");
}

pub async fn slowly_but_steadily(nginx: &Ports) {
    let bound = dualfetch::Timeout::new().read(millis(10_000));
    let session = session();
    let request = session.get(nginx.url("plain", "/slowly/bytes.bin")).header("range", "bytes=0-29999");
    let body = request.timeout(bound).await.expect("a head").bytes().await.expect("a body");
    assert_eq!(body, bytes()[..30_000]);
}

pub async fn nothing_under_a_coding(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/no-content")).await.expect("a head");
    assert_eq!(response.status(), 204);
    assert_eq!(response.bytes().await.expect("no bytes"), "");
}

pub async fn of_a_declared_charset(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/koi8/koi8.txt")).await.expect("a head");
    assert_eq!(response.content_type(), Some("text/plain; charset=koi8-r"));
    assert_eq!(response.text().await.expect("a text"), "Привет");
}

pub async fn uploaded_and_read_back(nginx: &Ports) {
    put_and_delete(nginx, "plain").await;
}

pub(super) async fn put_and_delete(nginx: &Ports, server: &str) {
    let (session, sent) = (session(), bytes().repeat(10));
    let url = nginx.url(server, "/upload/some/bytes.bin");
    let response = session.put(&*url).body(sent.clone()).await.expect("a head");
    assert_eq!(response.status(), 201);
    let got = get(&session, &url).await.expect("a head").bytes().await.expect("a body");
    assert!(got == sent, "{} bytes instead of {}", got.len(), sent.len());
    assert_eq!(session.delete(&*url).await.expect("a head").status(), 204);
    assert_eq!(get(&session, &url).await.expect("a head").status(), 404);
}

pub async fn streamed_and_read_back(nginx: &Ports) {
    stream_and_get(nginx, "plain").await;
}

/// With its length and without.
pub(super) async fn stream_and_get(nginx: &Ports, server: &str) {
    let session = session();
    let stream = || {
        let pieces =
            bytes().chunks(7777).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
        Body::stream(futures_util::stream::iter(pieces))
    };
    for (body, name) in [(stream(), "chunks"), (stream().with_length(bytes().len() as u64), "length")] {
        let url = nginx.url(server, &format!("/upload/streamed-in-{name}.bin"));
        assert_eq!(session.put(&*url).body(body).await.expect("a head").status(), 201);
        assert_eq!(get(&session, &url).await.expect("a head").bytes().await.expect("a body"), bytes());
    }
}
