//! What one caller may have: its rate, its share, and of the gateway's time.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use dualfetch::gateway::{CallRate, Gateway, Settings};
use http::{Request, Response, StatusCode};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::lab::{fetch, gateway, problem, send, settings, settings_with, text};
use crate::upstream::{Upstream, in_time, until};

/// From a client of this address, which is no loopback one.
async fn from(gateway: &Gateway, peer: &str, mut request: Request<Body>) -> Response<Body> {
    let peer: SocketAddr = format!("{peer}:5").parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(peer));
    send(gateway, request).await
}

fn get(url: &str) -> Request<Body> {
    fetch(url).body(Body::empty()).expect("a request")
}

fn list(urls: &[String]) -> Request<Body> {
    upload("application/json", Value::from(urls).to_string())
}

fn upload(content_type: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/titles").header("host", "localhost").header("content-type", content_type);
    request.body(body.into()).expect("a request")
}

/// A body that never ends, and of which nothing comes but this.
fn unfinished(text: &'static str) -> (mpsc::Sender<()>, Body) {
    let (hold, held) = mpsc::channel::<()>(1);
    let pieces = futures_util::stream::unfold((Some(text), held), |(text, mut held)| async move {
        match text {
            Some(text) => Some((Ok::<_, std::convert::Infallible>(text), (None, held))),
            None => held.recv().await.map(|()| (Ok(""), (None, held))),
        }
    });
    (hold, Body::from_stream(pieces))
}

fn few(settings: &mut Settings) {
    settings.limit_per_caller = 2;
}

#[tokio::test]
async fn who_has_its_share_under_way_is_refused_more_until_some_of_it_has_ended() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings_with(few)));
    let ask = |peer: &'static str, path: &str| from(&gateway, peer, get(&upstream.url(path)));
    let held = [ask("192.0.2.1", "/page/1").await, ask("192.0.2.1", "/page/2").await];
    let refused = ask("192.0.2.1", "/page/3").await;
    assert_eq!(
        (refused.status(), &refused.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"1".parse().unwrap())
    );
    assert_eq!(problem(refused).await["code"], "rate_limited");
    assert_eq!(upstream.asked(), 2);
    assert_eq!(ask("192.0.2.2", "/page/4").await.status(), StatusCode::OK, "another");
    gateway.reload(settings_with(few)).expect("settings");
    assert_eq!(ask("192.0.2.1", "/page/3").await.status(), StatusCode::TOO_MANY_REQUESTS, "counted on");
    let [one, _two] = held;
    assert!(text(one).await.contains("Page 1"));
    assert_eq!(ask("192.0.2.1", "/page/3").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn all_lists_of_a_caller_wait_within_its_share() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings_with(few)));
    let one = from(&gateway, "192.0.2.1", list(&upstream.urls("/gate/a", 3))).await;
    let two = from(&gateway, "192.0.2.1", list(&upstream.urls("/gate/b", 3))).await;
    upstream.asked_for(2).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(upstream.asked(), 2);
    let other = from(&gateway, "192.0.2.2", list(&upstream.urls("/page/", 3))).await;
    assert_eq!(in_time("another's rows", text(other)).await.lines().count(), 3);
    upstream.let_go(6);
    for mine in [one, two] {
        let rows = in_time("all rows", text(mine)).await;
        assert_eq!(rows.matches("\"title\":\"Page ").count(), 3, "{rows}");
    }
}

#[tokio::test]
async fn a_list_that_waits_for_its_share_ends_with_the_gateway() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings_with(few)));
    let answer = from(&gateway, "192.0.2.1", list(&upstream.urls("/gate/", 9))).await;
    upstream.asked_for(2).await;
    gateway.drain();
    upstream.let_go(9);
    let rows = in_time("the rows of what was taken", text(answer)).await;
    // The one that waited was taken, too; a last row says that the others were not.
    assert_eq!((rows.matches("\"title\":\"Page ").count(), upstream.asked()), (3, 3), "{rows}");
    assert_eq!((rows.lines().count(), rows.matches("\"code\":\"closed\"").count()), (4, 1), "{rows}");
}

#[tokio::test]
async fn each_url_of_a_list_waits_for_its_turn() {
    let upstream = Upstream::start().await;
    let rate = CallRate::new(1, Duration::from_secs(3600)).and_then(|rate| rate.burst(4));
    let gateway = gateway(settings_with(|settings| settings.rate = Some(rate.expect("a rate"))));
    // The request is one, too.
    let answer = from(&gateway, "192.0.2.1", list(&upstream.urls("/page/", 9))).await;
    upstream.asked_for(3).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(upstream.asked(), 3);
    let refused = from(&gateway, "192.0.2.1", get(&upstream.url("/page/a"))).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(from(&gateway, "192.0.2.2", get(&upstream.url("/page/a"))).await.status(), StatusCode::OK);
    gateway.drain();
    let rows = in_time("the end", text(answer)).await;
    assert_eq!((rows.lines().count(), rows.matches("\"code\":\"closed\"").count()), (4, 1), "{rows}");
}

#[tokio::test]
async fn a_list_of_which_nothing_was_asked_yet_when_the_gateway_ends_is_told_so() {
    let upstream = Upstream::start().await;
    let rate = CallRate::new(1, Duration::from_secs(3600)).expect("a rate");
    let url = Value::from(upstream.url("/page/a")).to_string();
    for (content_type, body) in [("application/json", format!("[{url}]")), ("application/jsonl", url)] {
        let gateway = gateway(settings_with(|settings| settings.rate = Some(rate)));
        let answer = from(&gateway, "192.0.2.1", upload(content_type, body)).await;
        gateway.drain();
        let rows = in_time("the end", text(answer)).await;
        assert_eq!(rows.lines().count(), 1);
        assert!(rows.contains("\"url\":null") && rows.contains("\"code\":\"closed\""), "{rows}");
    }
    assert_eq!(upstream.asked(), 0);
}

#[tokio::test]
async fn lists_that_do_not_come_do_not_hold_the_end() {
    for (content_type, begun) in [
        ("application/json", "[\"http://a/\","),
        ("application/x-ndjson", "\"http://"),
        ("application/jsonl", ""),
    ] {
        let gateway = gateway(settings());
        let (_hold, body) = unfinished(begun);
        let sending = tokio::spawn({
            let gateway = gateway.clone();
            async move { send(&gateway, upload(content_type, body)).await }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!sending.is_finished());
        gateway.drain();
        let answer = in_time("an answer", sending).await.expect("no panic");
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(problem(answer).await["code"], "closed");
    }
}

#[tokio::test]
async fn errors_of_rows_are_counted_as_those_of_answers_are() {
    let gateway = gateway(settings());
    let answer = send(&gateway, list(&["no URL".to_owned(), "nor this".to_owned()])).await;
    text(answer).await;
    let broken = send(&gateway, upload("application/jsonl", "\"no URL\"\nno line\n")).await;
    text(broken).await;
    let told = |line: &str| gateway.metrics().lines().any(|known| known == line);
    until("they are counted", || {
        told("dualfetch_failures_total{code=\"invalid_url\"} 3")
            && told("dualfetch_failures_total{code=\"json\"} 1")
    })
    .await;
}
