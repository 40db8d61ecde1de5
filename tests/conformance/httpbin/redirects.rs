//! Redirects as httpbin gives them.

use dualfetch::{Body, Config, Method, RedirectPolicy, Session};
use serde_json::{Value, json};

use super::super::help::{outcome, session};
use super::Httpbin;

pub async fn one_after_the_other(httpbin: &Httpbin) {
    let response = httpbin.get(&session(), "/redirect/5").await;
    assert_eq!(response.url().as_str(), httpbin.url("/get"));
    let way: Vec<_> = response.history().iter().map(|hop| (hop.status.as_u16(), hop.url.path())).collect();
    let after =
        ["/relative-redirect/4", "/relative-redirect/3", "/relative-redirect/2", "/relative-redirect/1"];
    assert_eq!(way[0], (302, "/redirect/5"));
    assert!(way[1..].iter().map(|(_, path)| *path).eq(after), "{way:?}");
}

pub async fn more_than_are_followed(httpbin: &Httpbin) {
    let session = session();
    assert_eq!(httpbin.get(&session, "/redirect/10").await.history().len(), 10);
    let error = session.get(httpbin.url("/redirect/11")).await.expect_err("too many");
    assert_eq!((error.code(), error.history().len()), ("too_many_redirects", 11));
    assert_eq!(outcome(&session.get(httpbin.url("/redirect/11")).max_redirects(11).await), "ok");
    let none = session.get(httpbin.url("/redirect/1")).max_redirects(0).await;
    assert_eq!(outcome(&none), "too_many_redirects");
}

pub async fn absolute_and_relative(httpbin: &Httpbin) {
    for path in ["/absolute-redirect/3", "/relative-redirect/3", "/redirect/3?absolute=true"] {
        let response = httpbin.get(&session(), path).await;
        assert_eq!((response.url().path(), response.history().len()), ("/get", 3), "{path}");
    }
}

pub async fn by_each_status(httpbin: &Httpbin) {
    let session = session();
    for (status, expected) in [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")] {
        let path = format!("/redirect-to?url=/anything&status_code={status}");
        let request = session.request(Method::POST, httpbin.url(&path)).header("content-type", "text/plain");
        let answer: Value = request.body("a body").await.expect("a head").json().await.expect("JSON");
        assert_eq!(answer["method"], expected, "{status}");
        let (body, media) = match expected {
            "POST" => (json!("a body"), json!("text/plain")),
            _ => (json!(""), Value::Null),
        };
        assert_eq!((&answer["data"], &answer["headers"]["Content-Type"]), (&body, &media), "{status}");
    }
}

pub async fn to_another_host_of_the_same_server(httpbin: &Httpbin) {
    let session = session();
    let to = httpbin.named_url("/headers");
    for (path, expected) in [(format!("/redirect-to?url={to}"), false), ("/headers".to_owned(), true)] {
        let request = session.get(httpbin.url(&path)).header("authorization", "Bearer secret");
        let answer: Value = request
            .header("cookie", "a=b")
            .header("x-own", "kept")
            .await
            .expect("a head")
            .json()
            .await
            .expect("JSON");
        let sent = &answer["headers"];
        for name in ["Authorization", "Cookie"] {
            assert_eq!(sent.get(name).is_some(), expected, "{path}: {sent}");
        }
        assert_eq!(sent["X-Own"], "kept");
    }
}

/// The caller's own field goes along on the same host.
pub async fn cookies_set_by_hand(httpbin: &Httpbin) {
    let session = session();
    for path in ["/cookies", "/redirect-to?url=/cookies"] {
        let request = session.get(httpbin.url(path)).header("cookie", "a=b; c=\"d e\"");
        let answer: Value = request.await.expect("a head").json().await.expect("JSON");
        assert_eq!(answer["cookies"], json!({ "a": "b", "c": "d e" }), "{path}");
    }
}

pub async fn of_a_stream(httpbin: &Httpbin) {
    let session = session();
    let pieces = || futures_util::stream::iter(["a ", "body"].map(Ok::<_, std::io::Error>));
    for (status, body, expected) in [
        (307, Body::stream(pieces()), Err("body_consumed")),
        (308, Body::stream(pieces()), Err("body_consumed")),
        (307, Body::replayable(pieces), Ok("a body")),
        (308, Body::replayable(pieces), Ok("a body")),
        (303, Body::stream(pieces()), Ok("")),
    ] {
        let url = httpbin.url(&format!("/redirect-to?url=/anything&status_code={status}"));
        match (session.post(url).body(body).await, expected) {
            (Ok(response), Ok(sent)) => {
                assert_eq!(response.json::<Value>().await.expect("JSON")["data"], sent, "{status}");
            }
            (result, expected) => assert_eq!(outcome(&result), expected.err().unwrap_or("ok"), "{status}"),
        }
    }
}

pub async fn by_policy(httpbin: &Httpbin) {
    let (here, there) = (httpbin.url("/get"), httpbin.named_url("/get"));
    for (policy, to, expected) in [
        (RedirectPolicy::follow(), &there, "200"),
        (RedirectPolicy::stop(), &here, "302"),
        (RedirectPolicy::refuse(), &here, "redirect"),
        (RedirectPolicy::same_origin(), &here, "200"),
        (RedirectPolicy::same_origin(), &there, "redirect"),
    ] {
        let session = Config::new().redirect_policy(policy).build().expect("a session");
        let result = session.get(httpbin.url(&format!("/redirect-to?url={to}"))).await;
        let seen = result.map_or_else(|error| error.code().to_owned(), |it| it.status().as_str().to_owned());
        assert_eq!(seen, expected, "{to}");
    }
}
