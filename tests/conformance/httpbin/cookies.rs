//! Cookies, by the session's own jar. httpbin reads them as Python does: a value in quotes comes out without.

use dualfetch::{Config, CookieJar, Session};
use serde_json::{Value, json};

use super::super::help::session;
use super::Httpbin;

async fn cookies(session: &dualfetch::DefaultSession, url: String) -> Value {
    let answer: Value = session.get(url).await.expect("a head").json().await.expect("JSON");
    answer["cookies"].clone()
}

pub async fn set_on_the_way_and_sent_at_its_end(httpbin: &Httpbin) {
    let session = session();
    // 302 to /cookies.
    let seen = cookies(&session, httpbin.named_url("/cookies/set?a=1&b=two%20words&c=%22q%22")).await;
    assert_eq!(seen, json!({ "a": "1", "b": "two words", "c": "\"q\"" }));
    assert_eq!(cookies(&session, httpbin.named_url("/cookies")).await, seen, "they are kept");
    let seen = cookies(&session, httpbin.named_url("/cookies/set/a/another")).await;
    assert_eq!(seen["a"], "another");
}

pub async fn deleted_by_expiry(httpbin: &Httpbin) {
    let session = session();
    cookies(&session, httpbin.named_url("/cookies/set?a=1&b=2")).await;
    // Max-Age=0 and an Expires of 1970.
    let seen = cookies(&session, httpbin.named_url("/cookies/delete?a")).await;
    assert_eq!(seen, json!({ "b": "2" }));
}

pub async fn of_one_host_alone(httpbin: &Httpbin) {
    let session = session();
    cookies(&session, httpbin.named_url("/cookies/set?a=1")).await;
    assert_eq!(cookies(&session, httpbin.url("/cookies")).await, json!({}));
    let back = format!("/redirect-to?url={}", httpbin.named_url("/cookies"));
    assert_eq!(cookies(&session, httpbin.url(&back)).await, json!({ "a": "1" }), "by a redirect back");
}

pub async fn of_an_address_where_that_is_allowed(httpbin: &Httpbin) {
    assert_eq!(cookies(&session(), httpbin.url("/cookies/set?a=1")).await, json!({}));
    let jar = CookieJar::new().allow_ip_hosts(true);
    let session = Config::new().cookie_store(jar.clone()).build().expect("a session");
    assert_eq!(cookies(&session, httpbin.url("/cookies/set?a=1")).await, json!({ "a": "1" }));
    assert_eq!(jar.len(), 1);
}

pub async fn of_one_request(httpbin: &Httpbin) {
    let session = session();
    cookies(&session, httpbin.named_url("/cookies/set?a=1&b=2")).await;
    for (to, expected) in [
        (httpbin.named_url("/cookies"), json!({ "a": "own", "b": "2", "c": "3" })),
        (httpbin.named_url("/redirect-to?url=/cookies"), json!({ "a": "own", "b": "2", "c": "3" })),
        (httpbin.named_url(&format!("/redirect-to?url={}", httpbin.url("/cookies"))), json!({})),
    ] {
        let request = session.get(&*to).cookie("a", "own").cookie("c", "3");
        let answer: Value = request.await.expect("a head").json().await.expect("JSON");
        assert_eq!(answer["cookies"], expected, "{to}");
    }
    assert_eq!(cookies(&session, httpbin.named_url("/cookies")).await, json!({ "a": "1", "b": "2" }));
}

pub async fn none_where_they_are_switched_off(httpbin: &Httpbin) {
    let session = Config::new().cookies(false).build().expect("a session");
    assert_eq!(cookies(&session, httpbin.named_url("/cookies/set?a=1")).await, json!({}));
}
