//! How many requests a connection serves, and how it ends.

use std::collections::BTreeSet;

use dualfetch::{DefaultSession, Session};

use super::super::help::{fetch, millis, outcome, session};
use super::{Ports, get, text};

/// The number of the connection, and of the request on it.
pub(super) async fn place(session: &DefaultSession, url: &str) -> (u64, u64) {
    let text = text(session, url).await;
    let (connection, request) = text.split_once(' ').expect("two numbers");
    (connection.parse().expect("a number"), request.parse().expect("a number"))
}

async fn places(nginx: &Ports, server: &str, count: usize) -> Vec<(u64, u64)> {
    let (session, url) = (session(), nginx.url(server, "/connection"));
    let mut places = Vec::new();
    for _ in 0..count {
        places.push(place(&session, &url).await);
    }
    places
}

pub async fn kept(nginx: &Ports) {
    let places = places(nginx, "plain", 5).await;
    let connections: BTreeSet<_> = places.iter().map(|(connection, _)| connection).collect();
    assert_eq!(connections.len(), 1, "{places:?}");
    assert!(places.iter().map(|(_, request)| *request).eq(1..=5), "{places:?}");
}

pub async fn ended_after_each_request(nginx: &Ports) {
    let places = places(nginx, "once", 5).await;
    let connections: BTreeSet<_> = places.iter().map(|(connection, _)| connection).collect();
    assert_eq!(connections.len(), 5, "{places:?}");
}

pub async fn ended_after_three(nginx: &Ports) {
    let places = places(nginx, "thrice", 7).await;
    assert!(places.iter().map(|(_, request)| *request).eq([1, 2, 3, 1, 2, 3, 1]), "{places:?}");
}

/// The next request opens another. One that meets the server's close half-way is told so: whether it was acted upon nobody
/// knows, so it is not sent again unasked.
pub async fn closed_while_idle(nginx: &Ports) {
    let (session, url) = (session(), nginx.url("brief", "/connection"));
    let (first, _) = place(&session, &url).await;
    for pause in [1, 50, 1000, 1000, 1000] {
        tokio::time::sleep(millis(pause)).await;
        let posted = async { session.post(&*url).body("a body").await?.text().await }.await;
        match posted {
            Ok(text) if !text.starts_with(&format!("{first} ")) => return,
            Ok(_) => {}
            Err(error) => assert_eq!(error.code(), "disconnected"),
        }
    }
    panic!("every request was served by connection {first}, or by none");
}

pub async fn dropped_without_an_answer(nginx: &Ports) {
    let session = session();
    let kept = nginx.url("plain", "/connection");
    let first = place(&session, &kept).await;
    assert_eq!(outcome(&fetch(&session, &nginx.url("plain", "/444")).await), "disconnected");
    assert_ne!(place(&session, &kept).await.0, first.0);
}

pub async fn none_behind_the_proxy(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/unreachable/")).await.expect("an answer");
    assert_eq!(response.status(), 502);
}
