//! Answers that take their time.

use std::time::Duration;

use dualfetch::{Session, Timeout};

use super::super::help::{millis, outcome, session, total};
use super::Httpbin;

pub async fn for_the_head(httpbin: &Httpbin) {
    let session = session();
    let url = httpbin.url("/delay/1");
    let (head, all) = (Timeout::new().headers(millis(300)), total(300));
    assert_eq!(outcome(&session.get(&*url).timeout(head).await), "timeout headers");
    assert_eq!(outcome(&session.get(&*url).timeout(all).await), "timeout total");
    let response = session.get(&*url).timeout(Timeout::new().read(millis(10))).await.expect("a head");
    assert!(response.elapsed() >= Duration::from_secs(1), "{:?}", response.elapsed());
}

/// A second between the first byte and the second.
pub async fn for_the_body(httpbin: &Httpbin) {
    let session = session();
    for (timeout, expected) in [
        (Timeout::new().read(millis(300)), "timeout read"),
        (total(800), "timeout total"),
        (Timeout::new().read(millis(10_000)), "ok"),
    ] {
        let request = session.get(httpbin.url("/drip?duration=2&numbytes=2&delay=0")).timeout(timeout);
        let body = async { request.await?.bytes().await }.await;
        assert_eq!(outcome(&body), expected);
    }
}

pub async fn drop_by_drop(httpbin: &Httpbin) {
    let response = httpbin.get(&session(), "/drip?duration=0.5&numbytes=20&code=201&delay=0").await;
    assert_eq!((response.status().as_u16(), response.content_length()), (201, Some(20)));
    assert_eq!(response.bytes().await.expect("a body"), "*".repeat(20));
}
