//! Settings: what a request changes, and what is refused.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::time::Duration;

use dualfetch::platform::Capabilities;
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, ErrorKind, HttpVersion, Request, Session, Timeout};

use crate::session;

const URL: &str = "https://a.example/";

fn refused(config: Config, capabilities: Capabilities) -> ErrorKind {
    let built = Client::with_backend(config, Scripted::with_capabilities(1, capabilities));
    built.expect_err("refused").kind().clone()
}

#[test]
fn a_request_s_header_replaces_the_session_s_of_that_name() {
    let (platform, session) = session(Config::new().header("x-who", "session").header("x-also", "session"));
    platform.on_every(|_: &Request| Reply::ok("x"));
    let request = session.get(URL).append_header("x-who", "one").append_header("x-who", "two");
    platform.run(request.send()).expect("an answer");
    let sent = &platform.calls()[0].headers;
    assert_eq!(sent.get_all("x-who").iter().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(sent["x-also"], "session");
    assert!(sent["user-agent"].to_str().expect("text").starts_with("dualfetch/"));
}

#[test]
fn user_and_password_in_the_url_are_sent_as_padded_base64() {
    for (userinfo, sent) in
        [("u:p", "dTpw"), ("u", "dTo="), ("us", "dXM6"), ("use", "dXNlOg=="), ("%FF%BF%3F%3E", "/78/Pjo=")]
    {
        let (platform, session) = session(Config::new());
        platform.on_every(|_: &Request| Reply::ok("x"));
        platform.run(session.get(format!("https://{userinfo}@a.example/")).send()).expect("an answer");
        assert_eq!(platform.calls()[0].headers["authorization"], format!("Basic {sent}"), "{userinfo}");
    }
}

#[test]
fn bad_header_names_and_values_are_refused_by_name() {
    let (platform, session) = session(Config::new());
    for (name, value) in [("bad name", "x"), ("x-smuggled", "a\r\nevil: 1"), ("", "x")] {
        let error = platform.run(session.get(URL).header(name, value).send()).expect_err(name);
        assert_eq!(error.code(), "invalid_header");
        assert!(error.to_string().contains(name), "{error}");
        assert!(!error.to_string().contains("evil"), "{error}");
    }
    assert!(platform.calls().is_empty());
    let error = refused(Config::new().header("bad name", "x"), Capabilities::all("scripted"));
    assert_eq!(error, ErrorKind::InvalidHeader);
}

#[test]
fn other_schemes_and_texts_that_are_no_url_are_refused_before_anything_is_sent() {
    let (platform, session) = session(Config::new());
    for (url, code) in [
        ("ftp://a.example/", "unsupported_scheme"),
        ("no url", "invalid_url"),
        ("http://[bad", "invalid_url"),
        ("data:,x", "unsupported_scheme"),
    ] {
        assert_eq!(platform.run(session.get(url).send()).expect_err(url).code(), code, "{url}");
    }
    assert!(platform.calls().is_empty());
}

#[test]
fn timeouts_of_zero_are_refused_by_name() {
    let kind =
        refused(Config::new().timeout(Timeout::new().queue(Duration::ZERO)), Capabilities::all("scripted"));
    assert_eq!(kind, ErrorKind::InvalidOption { option: "timeout.queue" });
    let (platform, session) = session(Config::new());
    let zero = session.get(URL).timeout(Timeout::new().total(Duration::ZERO)).send();
    assert_eq!(platform.run(zero).expect_err("refused").code(), "invalid_option");
}

#[test]
fn keep_alive_beside_force_close_is_refused() {
    let config = Config::new().keep_alive(Duration::from_secs(1)).force_close(true);
    assert_eq!(
        refused(config, Capabilities::all("scripted")),
        ErrorKind::InvalidOption { option: "keep_alive" }
    );
}

#[test]
fn what_a_platform_cannot_do_is_unsupported_by_name_and_defaults_never_are() {
    let mut page = Capabilities::all("browser");
    (page.connect_timeout, page.transport, page.raw_bodies, page.redirects) = (false, false, false, false);
    let unsupported = |feature| ErrorKind::Unsupported { feature, platform: "browser" };
    let second = Duration::from_secs(1);
    for (feature, config) in [
        ("timeout.connect", Config::new().timeout(Timeout::new().connect(second))),
        ("http_version", Config::new().http_version(HttpVersion::Http1)),
        ("keep_alive", Config::new().keep_alive(second)),
        ("force_close", Config::new().force_close(true)),
        ("auto_decompress", Config::new().auto_decompress(false)),
        ("max_redirects", Config::new().max_redirects(3)),
    ] {
        assert_eq!(refused(config, page.clone()), unsupported(feature));
    }
    assert!(Client::with_backend(Config::new(), Scripted::with_capabilities(1, page)).is_ok());
}

#[test]
fn the_readers_limit_is_the_request_s_when_it_sets_one() {
    let (platform, session) = session(Config::new().max_body(10));
    platform.on_every(|_: &Request| Reply::ok("x".repeat(20)).chunked());
    let read = |limit: Option<Option<u64>>| {
        let request = session.get(URL);
        let request = match limit {
            Some(limit) => request.max_body(limit),
            None => request,
        };
        platform.run(async { request.await?.bytes().await })
    };
    assert_eq!(*read(None).expect_err("too long").kind(), ErrorKind::BodyTooLarge { limit: 10 });
    assert_eq!(read(Some(Some(20))).expect("within").len(), 20);
    assert_eq!(read(Some(None)).expect("no bound").len(), 20);
}

#[test]
fn raise_for_status_makes_an_error_of_400_and_more() {
    let (platform, session) = session(Config::new().raise_for_status(true));
    platform.on_every(|request: &Request| {
        Reply::status(request.url().path().trim_start_matches('/').parse().unwrap_or(500))
    });
    let status = |status: u16| platform.run(session.get(format!("{URL}{status}")).send());
    assert!(status(399).is_ok());
    assert_eq!(
        *status(404).expect_err("an error").kind(),
        ErrorKind::Status(dualfetch::StatusCode::NOT_FOUND)
    );
    assert!(platform.run(session.get(format!("{URL}404")).raise_for_status(false).send()).is_ok());
}

#[cfg(feature = "json")]
#[test]
fn json_wants_json_and_tells_what_it_got() {
    let (platform, session) = session(Config::new());
    platform.on_every(|request: &Request| {
        let sent = |name: &str| String::from_utf8_lossy(request.headers()[name].as_bytes()).into_owned();
        Reply::ok(sent("x-body")).header("content-type", &sent("x-type"))
    });
    let read = |content_type: &str, body: &str| {
        let request = session.get(URL).header("x-type", content_type).header("x-body", body);
        platform.run(async { request.await?.json::<Vec<u32>>().await })
    };
    assert_eq!(read("application/json; charset=utf-8", "[1, 2]").expect("JSON"), [1, 2]);
    assert_eq!(read("application/vnd.api+json", "[3]").expect("JSON"), [3]);
    let error = read("text/html", "<html>oh").expect_err("HTML");
    assert_eq!(error.code(), "content_type");
    assert!(error.to_string().contains("text/html") && error.to_string().contains("<html>oh"), "{error}");
    assert_eq!(read("application/json", "[1,").expect_err("cut short").code(), "json");
}

#[test]
fn secrets_are_not_in_debug() {
    let config = Config::new().header("authorization", "Bearer t0ken");
    assert!(!format!("{config:?}").contains("t0ken"));
    let request = Request::builder(dualfetch::Method::GET, "https://me:pa55@a.example/")
        .header("cookie", "s=ecr3t")
        .build()
        .expect("a request");
    let shown = format!("{request:?}");
    assert!(!shown.contains("pa55") && !shown.contains("ecr3t"), "{shown}");
}

#[test]
fn a_password_before_a_bare_host_is_hidden_too() {
    let (platform, session) = session(Config::new());
    let e = platform.run(session.get("me:hunter2@example.com/x").send()).expect_err("refused");
    assert!(!e.to_string().contains("hunter2"), "{e}");
}

#[test]
fn header_fields_that_frame_the_body_are_not_the_caller_s() {
    let (platform, session) = session(Config::new());
    platform.on_every(|_: &Request| Reply::ok("x"));
    for request in [
        session.get(URL).header("content-length", "40"),
        session.post(URL).body("abcdefgh").header("content-length", "3"),
        session.post(URL).body("abcdefgh").header("transfer-encoding", "chunked"),
    ] {
        let error = platform.run(request.send()).expect_err("refused");
        assert_eq!(error.code(), "invalid_header");
    }
    assert!(platform.calls().is_empty());
    let true_length = session.post(URL).body("abcdefgh").header("content-length", "8");
    assert!(platform.run(true_length.send()).is_ok());
    let kind = refused(Config::new().header("content-length", "3"), Capabilities::all("scripted"));
    assert_eq!(kind, ErrorKind::InvalidHeader);
}
