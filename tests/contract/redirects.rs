//! Redirects, on backends that show them.

use dualfetch::{Config, Method, Session};
use futures_util::future::join_all;

use super::{Lab, echoed, outcome};

pub async fn followed_with_their_history(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let response = session.get(lab.url("/redirect/3")).await.expect("a response");
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.url().as_str(), lab.url("/redirect/0"));
    let way: Vec<_> =
        response.history().iter().map(|hop| (hop.status.as_u16(), hop.url.as_str().to_owned())).collect();
    let expected = [3, 2, 1].map(|n| (302, lab.url(&format!("/redirect/{n}"))));
    assert_eq!(way, expected);
    assert!(response.text().await.expect("a page").contains("Page 0"));
}

pub async fn relative_ones(lab: &impl Lab) {
    let session = lab.session(Config::new());
    for (location, path) in
        [("page/7", "/page/7"), ("./page/7", "/page/7"), ("?status=200%26location=x", "/redirect-to")]
    {
        let response =
            session.get(lab.url(&format!("/redirect-to?location={location}"))).await.expect("a response");
        assert_eq!(response.url().path(), path, "{location}");
    }
}

/// The request's echo after a redirect by this status to this place.
async fn echo_after(lab: &impl Lab, method: Method, status: u16, to: &str) -> String {
    let session = lab.session(Config::new().header("x-session", "kept"));
    let url = lab.url(&format!("/redirect-to?status={status}&location={to}"));
    let request = session
        .request(method.clone(), url)
        .header("authorization", "Bearer secret")
        .header("cookie", "a=b")
        .header("content-type", "text/x-test")
        .header("x-own", "kept");
    let request = if method == Method::GET { request } else { request.body("the body") };
    let response = request.await.expect("a response");
    assert_eq!(response.history().len(), 1);
    response.text().await.expect("an echo")
}

pub async fn another_origin_gets_no_credentials(lab: &impl Lab) {
    let echo = echo_after(lab, Method::GET, 302, &lab.elsewhere("/echo")).await;
    assert_eq!(["authorization", "cookie"].map(|name| echoed(&echo, name)), ["", ""]);
    assert_eq!(["x-own", "x-session"].map(|name| echoed(&echo, name)), ["kept", "kept"]);

    let session = lab.session(Config::new());
    let url = lab.url(&format!("/redirect-to?location={}", lab.elsewhere("/echo")));
    let with_userinfo = url.replacen("://", "://user:pass@", 1);
    let echo = session.get(with_userinfo).await.expect("a response").text().await.expect("an echo");
    assert_eq!(echoed(&echo, "authorization"), "");
}

pub async fn the_same_origin_keeps_them(lab: &impl Lab) {
    let echo = echo_after(lab, Method::GET, 302, "/echo").await;
    assert_eq!(["authorization", "cookie"].map(|name| echoed(&echo, name)), ["Bearer secret", "a=b"]);
}

pub async fn see_other_becomes_get(lab: &impl Lab) {
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let echo = echo_after(lab, method, 303, "/echo").await;
        assert!(echo.starts_with("GET /echo"), "{echo}");
        assert!(!echo.contains("the body") && echoed(&echo, "content-type").is_empty(), "{echo}");
    }
}

pub async fn found_turns_post_into_get(lab: &impl Lab) {
    for (method, status, expected) in [
        (Method::POST, 301, "GET"),
        (Method::POST, 302, "GET"),
        (Method::PUT, 302, "PUT"),
        (Method::PATCH, 301, "PATCH"),
    ] {
        let echo = echo_after(lab, method, status, "/echo").await;
        assert!(echo.starts_with(expected), "{echo}");
        assert_eq!(echo.contains("the body"), expected != "GET", "{echo}");
    }
}

pub async fn temporary_keeps_method_and_body(lab: &impl Lab) {
    for status in [307, 308] {
        let echo = echo_after(lab, Method::POST, status, "/echo").await;
        assert!(echo.starts_with("POST /echo") && echo.ends_with("the body"), "{echo}");
        assert_eq!(echoed(&echo, "content-type"), "text/x-test");
    }
}

pub async fn head_stays_head(lab: &impl Lab) {
    let session = lab.session(Config::new());
    for status in [301, 302, 303, 307, 308] {
        let url = lab.url(&format!("/redirect-to?status={status}&location=/page/1"));
        let response = session.head(url).await.expect("a response");
        assert_eq!((response.status().as_u16(), response.url().path()), (200, "/page/1"));
        assert_eq!(response.bytes().await.expect("nothing"), "", "{status}");
    }
}

pub async fn a_loop_ends_with_its_history(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let error = session.get(lab.url("/loop")).await.expect_err("no end");
    assert_eq!(error.code(), "too_many_redirects");
    assert_eq!(error.history().len(), 11, "ten followed, and the one that was not");
    assert!(error.to_string().contains("10"), "{error}");
}

pub async fn the_limit_is_exact(lab: &impl Lab) {
    let session = lab.session(Config::new().max_redirects(3));
    for (count, expected) in [(3, "ok"), (4, "too_many_redirects")] {
        let result = session.get(lab.url(&format!("/redirect/{count}"))).await;
        assert_eq!(outcome(&result), expected, "{count}");
    }
    let own = session.get(lab.url("/redirect/4")).max_redirects(4).await;
    assert_eq!(outcome(&own), "ok");
}

pub async fn not_followed_when_not_wanted(lab: &impl Lab) {
    let session = lab.session(Config::new().follow_redirects(false));
    let response = session.get(lab.url("/redirect/2")).await.expect("a response");
    assert_eq!((response.status().as_u16(), response.history().len()), (302, 0));
    assert_eq!(response.headers().get("location").map(|value| value.as_bytes()), Some(&b"/redirect/1"[..]));
    let response = session.get(lab.url("/redirect/2")).follow_redirects(true).await.expect("a response");
    assert_eq!(response.status().as_u16(), 200);
}

pub async fn a_location_of_another_scheme(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let error = session.get(lab.url("/redirect-to?location=file:///etc/passwd")).await.expect_err("refused");
    assert_eq!((error.code(), error.history().len()), ("redirect", 1));
}

pub async fn userinfo_of_a_location_is_dropped(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let target = lab.elsewhere("/echo").replacen("://", "://evil:pass@", 1);
    let response =
        session.get(lab.url(&format!("/redirect-to?location={target}"))).await.expect("a response");
    assert_eq!(response.url().as_str(), lab.elsewhere("/echo"));
    assert_eq!(echoed(&response.text().await.expect("an echo"), "authorization"), "");
}

pub async fn at_limit_one(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(1).limit_per_host(1));
    let there = lab.url(&format!("/redirect-to?location={}", lab.elsewhere("/redirect/2")));
    let back = lab.elsewhere(&format!("/redirect-to?location={}", lab.url("/redirect/2")));
    let all = join_all((0..10).map(|n| {
        let (session, url) = (&session, if n % 2 == 0 { &there } else { &back });
        async move { session.get(url).await?.text().await }
    }));
    for text in all.await {
        assert!(text.expect("a page").contains("Page 0"));
    }
}
