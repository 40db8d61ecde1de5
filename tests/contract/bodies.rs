//! Bodies and their readers.

use dualfetch::{Config, Session};

use super::{Lab, outcome};

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

pub async fn pieces_are_the_body(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let mut response = session.get(lab.url("/bytes/200000")).await.expect("a head");
    assert_eq!(response.content_length(), Some(200_000));
    let mut read = Vec::new();
    while let Some(piece) = response.chunk().await.expect("a piece") {
        assert!(!piece.is_empty());
        read.extend_from_slice(&piece);
    }
    assert!(read == pattern(200_000));
    assert_eq!(response.transfer().decoded, 200_000);
    assert!(response.chunk().await.expect("still the end").is_none());
}

pub async fn the_whole_body_in_one(lab: &impl Lab) {
    let session = lab.session(Config::new());
    for length in [0, 1, 1000, 100_000] {
        let response = session.get(lab.url(&format!("/bytes/{length}"))).await.expect("a head");
        assert!(response.bytes().await.expect("a body") == pattern(length));
    }
}

pub async fn text_by_label(lab: &impl Lab) {
    let session = lab.session(Config::new());
    // The same bytes, C3 A9, under three labels.
    for (label, text) in [("utf-8", "é"), ("iso-8859-1", "Ã©"), ("gbk", "茅")] {
        let post =
            session.post(lab.url("/echo-body")).header("content-type", format!("text/plain;charset={label}"));
        assert_eq!(post.body("é").await.expect("a head").text().await.expect("text"), text, "{label}");
    }
}

pub async fn json(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let post = session.post(lab.url("/echo-body")).json(&["a", "é"]);
    let response = post.await.expect("a head");
    assert_eq!(response.content_type(), Some("application/json"));
    assert_eq!(response.json::<Vec<String>>().await.expect("JSON"), ["a", "é"]);

    let broken = session.post(lab.url("/echo-body")).header("content-type", "application/json").body("[1,");
    let error = broken.await.expect("a head").json::<Vec<u8>>().await.expect_err("half of it");
    assert_eq!((error.code(), error.attempts()), ("json", 1));
    assert!(error.to_string().contains("[1,"), "{error}");
}

pub async fn json_of_another_type(lab: &impl Lab) {
    let session = lab.session(Config::new());
    for (media, code) in [("text/html", "content_type"), ("application/problem+json", "ok")] {
        let post = session.post(lab.url("/echo-body")).header("content-type", media).body("[1]");
        let result = post.await.expect("a head").json::<Vec<u8>>().await;
        assert_eq!(outcome(&result), code, "{media}");
    }
}

pub async fn answers_without_a_body(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let head = session.head(lab.url("/page/1")).await.expect("a head");
    assert_eq!(head.bytes().await.expect("nothing"), "");
    for status in [204, 304] {
        let response = session.get(lab.url(&format!("/status/{status}"))).await.expect("a head");
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.bytes().await.expect("nothing"), "");
    }
}

pub async fn max_body(lab: &impl Lab) {
    let session = lab.session(Config::new().max_body(1000));
    let get = |length: usize| session.get(lab.url(&format!("/bytes/{length}")));
    for (length, expected) in [(1000, "ok"), (1001, "body_too_large"), (300_000, "body_too_large")] {
        let result = async { get(length).await?.bytes().await }.await;
        assert_eq!(outcome(&result), expected, "{length}");
    }
    let more = async { get(5000).max_body(5000).await?.bytes().await };
    assert_eq!(more.await.expect("the request's own bound").len(), 5000);
    let all = async { get(300_000).max_body(None).await?.bytes().await };
    assert_eq!(all.await.expect("no bound").len(), 300_000);
}

pub async fn a_status_is_no_error(lab: &impl Lab) {
    let session = lab.session(Config::new());
    for status in [400, 404, 500, 599] {
        let response = session.get(lab.url(&format!("/status/{status}"))).await.expect("a response");
        assert_eq!((response.status().as_u16(), response.ok()), (status, false));
        assert!(response.text().await.expect("a page").contains(&format!("<title>Status {status}</title>")));
    }
}
