//! TLS, and HTTP/2 over it.

use std::collections::BTreeSet;

use dualfetch::{Config, HttpVersion, Session, Version};
use futures_util::future::join_all;

use super::super::help::{fetch, outcome, session, total};
use super::connections::place;
use super::{Ports, bodies, get, page, paths, refusals, text};

pub async fn the_version_agreed_on(nginx: &Ports) {
    for (server, version, expected) in [
        ("secure", HttpVersion::Auto, Version::HTTP_2),
        ("secure", HttpVersion::Http1, Version::HTTP_11),
        ("secure", HttpVersion::Http2, Version::HTTP_2),
        ("secure_1", HttpVersion::Auto, Version::HTTP_11),
    ] {
        let session = Config::new().http_version(version).build().expect("a session");
        let response = get(&session, nginx.url(server, "/session")).await.expect("a head");
        assert_eq!(response.version(), expected, "{server}");
        let seen = response.text().await.expect("a body");
        let name = if expected == Version::HTTP_2 { "HTTP/2.0" } else { "HTTP/1.1" };
        assert!(seen.starts_with("TLSv1.3 ") && seen.ends_with(name), "{seen}");
    }
}

pub async fn one_connection_for_many(nginx: &Ports) {
    let (session, url) = (session(), nginx.url("secure", "/connection"));
    let places = join_all((0..50).map(|_| place(&session, &url))).await;
    let connections: BTreeSet<_> = places.iter().map(|(connection, _)| connection).collect();
    assert_eq!(connections.len(), 1, "{places:?}");
}

pub async fn compressed_over_http_2(nginx: &Ports) {
    assert_eq!(text(&session(), nginx.url("secure", "/page.html")).await, page());
}

pub async fn an_upload_over_http_2(nginx: &Ports) {
    bodies::put_and_delete(nginx, "secure").await;
    bodies::stream_and_get(nginx, "secure").await;
}

pub async fn a_large_upload_that_is_refused_early(nginx: &Ports) {
    let session = session();
    let request = session.post(nginx.url("secure", "/small-uploads")).body(vec![0; 20_000_000]);
    refusals::refused_early(request.await).await;
    assert_eq!(text(&session, nginx.url("secure", "/method")).await, "GET", "the session goes on");
}

pub async fn connections_of_three_requests(nginx: &Ports) {
    let (session, url) = (session(), nginx.url("secure_thrice", "/connection"));
    let mut connections = BTreeSet::new();
    for _ in 0..10 {
        connections.insert(place(&session, &url).await.0);
    }
    assert!(connections.len() >= 3, "{connections:?}");
}

/// With its GOAWAY the server tells which requests it has not looked at: those are sent again.
pub async fn many_at_once_over_connections_of_three(nginx: &Ports) {
    let (session, url) = (session(), nginx.url("secure_thrice", "/connection"));
    join_all((0..12).map(|_| place(&session, &url))).await;
}

pub async fn paths_as_they_were_written(nginx: &Ports) {
    paths::arrive_unchanged(nginx, "secure").await;
}

pub async fn slower_than_the_total(nginx: &Ports) {
    let session = session();
    let request = session.get(nginx.url("secure", "/crawling/bytes.bin")).timeout(total(1000));
    assert_eq!(outcome(&async { request.await?.bytes().await }.await), "timeout total");
    assert_eq!(text(&session, nginx.url("secure", "/method")).await, "GET", "the session goes on");
}

pub async fn a_session_is_resumed(nginx: &Ports) {
    let session = Config::new().force_close(true).build().expect("a session");
    let url = nginx.url("secure_1", "/session");
    assert_eq!(text(&session, &url).await, "TLSv1.3 . HTTP/1.1");
    assert_eq!(text(&session, &url).await, "TLSv1.3 r HTTP/1.1");
}

pub async fn to_a_scheme_without_tls_go_no_credentials(nginx: &Ports) {
    let session = session();
    let request = session.get(nginx.url("secure", "/to-plain")).header("authorization", "Bearer secret");
    assert_eq!(request.header("cookie", "a=b").await.expect("a head").text().await.expect("a body"), "|||");
}

/// nginx resets the stream, and blames the protocol for it.
pub async fn dropped_without_an_answer(nginx: &Ports) {
    let session = session();
    assert_eq!(outcome(&fetch(&session, &nginx.url("secure", "/444")).await), "protocol");
    assert_eq!(text(&session, nginx.url("secure", "/method")).await, "GET", "the session goes on");
}

pub async fn plain_text_to_a_secure_port(nginx: &Ports) {
    let url = nginx.url("secure", "/").replacen("https:", "http:", 1);
    let session = Config::new().http_version(HttpVersion::Http1).build().expect("a session");
    assert_eq!(get(&session, url).await.expect("an answer").status(), 400);
}

pub async fn a_file_up_and_down(nginx: &Ports) {
    super::files::up_and_down(nginx, "secure").await;
    super::files::in_two_calls(nginx, "secure").await;
    super::files::in_parts(nginx, "secure").await;
}
