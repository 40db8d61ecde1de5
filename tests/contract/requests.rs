//! What is sent, and what is refused before it is.

use std::time::Duration;

use dualfetch::{Config, Method, Session, Timeout};

use super::{Lab, echoed, outcome};

pub async fn session_headers_and_their_replacement(lab: &impl Lab) {
    let session = lab.session(Config::new().header("x-both", "session").header("x-session", "kept"));
    let get = session.get(lab.url("/echo")).header("X-Both", "request");
    let echo = get.await.expect("a response").text().await.expect("an echo");
    assert_eq!(["x-both", "x-session"].map(|name| echoed(&echo, name)), ["request", "kept"]);
    assert!(!echo.contains("session\nx-both"), "{echo}");
}

pub async fn methods_and_bodies(lab: &impl Lab) {
    let session = lab.session(Config::new());
    for (method, body) in [
        (Method::GET, None),
        (Method::POST, Some("p")),
        (Method::PUT, Some("u")),
        (Method::PATCH, Some("a")),
        (Method::DELETE, None),
    ] {
        let request = session.request(method.clone(), lab.url("/echo"));
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        let echo = request.await.expect("a response").text().await.expect("an echo");
        assert!(echo.starts_with(&format!("{method} /echo")), "{echo}");
        assert!(echo.ends_with(&format!("\n\n{}", body.unwrap_or_default())), "{echo}");
    }
}

pub async fn userinfo_is_basic(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let url = lab.url("/echo").replacen("://", "://user:pass@", 1);
    let response = session.get(url).await.expect("a response");
    assert_eq!(response.url().as_str(), lab.url("/echo"));
    assert_eq!(echoed(&response.text().await.expect("an echo"), "authorization"), "Basic dXNlcjpwYXNz");
}

pub async fn a_header_with_a_newline(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let error = session.get(lab.url("/echo")).header("x-bad", "a\nb").await.expect_err("refused");
    assert_eq!(error.code(), "invalid_header");
    assert!(error.to_string().contains("x-bad"), "{error}");
}

pub async fn an_unknown_scheme(lab: &impl Lab) {
    let session = lab.session(Config::new());
    for url in ["ftp://a.example/", "file:///x", "data:,x", "gopher://a.example/"] {
        let error = session.get(url).await.expect_err("refused");
        assert_eq!(error.code(), "unsupported_scheme", "{url}");
        assert_eq!(error.url().map(|url| url.as_str()), Some(url));
    }
}

pub async fn a_malformed_url(lab: &impl Lab) {
    let session = lab.session(Config::new());
    for url in ["http//typo", "", "a.example/x", "http://"] {
        let error = session.get(url).await.expect_err("refused");
        assert_eq!(error.code(), "invalid_url", "{url}");
        assert!(error.to_string().contains(url), "{error}");
    }
}

pub async fn a_zero_timeout(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let get = session.get(lab.url("/echo")).timeout(Timeout::new().read(Duration::ZERO));
    let error = get.await.expect_err("refused");
    assert_eq!(error.code(), "invalid_option");
    assert!(error.to_string().contains("timeout.read"), "{error}");
}

pub async fn raise_for_status_by_session_and_request(lab: &impl Lab) {
    let raising = lab.session(Config::new().raise_for_status(true));
    let plain = lab.session(Config::new());
    let url = lab.url("/status/404");
    assert_eq!(outcome(&raising.get(&url).await), "status");
    assert_eq!(outcome(&raising.get(&url).raise_for_status(false).await), "ok");
    assert_eq!(outcome(&plain.get(&url).await), "ok");
    assert_eq!(outcome(&plain.get(&url).raise_for_status(true).await), "status");
    assert_eq!(outcome(&plain.get(&url).await.expect("a response").raise_for_status()), "status");
    assert_eq!(outcome(&raising.get(lab.url("/page/1")).await), "ok");
}
