//! The hop loop.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::platform::Capabilities;
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, ErrorKind, Request, Session};

use crate::session;

#[test]
fn redirects_are_followed_and_kept() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::redirect(301, "/b").header("x-hop", "1"));
    platform.on("https://a.example/b", Reply::redirect(302, "https://b.example/c#here"));
    platform.on("https://b.example/c#here", Reply::ok("there"));
    let response = platform.run(session.get("https://a.example/").send()).expect("an answer");
    assert_eq!(response.url().as_str(), "https://b.example/c#here");
    let hops: Vec<_> = response.history().iter().map(|hop| (hop.url.as_str(), hop.status.as_u16())).collect();
    assert_eq!(hops, [("https://a.example/", 301), ("https://a.example/b", 302)]);
    assert_eq!(response.history()[0].headers["x-hop"], "1");
}

#[test]
fn ten_redirects_are_followed_and_the_eleventh_is_an_error_with_the_history() {
    let (platform, session) = session(Config::new());
    platform.on_every(|request: &Request| match request.url().path() {
        "/10" => Reply::ok("there"),
        path => {
            let next = path[1..].parse::<u32>().map_or(1, |n| n + 1);
            Reply::redirect(302, &format!("/{next}"))
        }
    });
    assert!(platform.run(session.get("https://a.example/0").send()).is_ok());

    let error = platform.run(session.get("https://a.example/11").send()).expect_err("no end");
    assert_eq!(*error.kind(), ErrorKind::TooManyRedirects { limit: 10 });
    assert_eq!(error.history().len(), 11);
}

#[test]
fn redirects_are_not_followed_when_told_so() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::redirect(302, "/b"));
    let response = platform.run(session.get("https://a.example/").follow_redirects(false).send());
    assert_eq!(response.expect("the 3xx itself").status(), 302);
}

#[test]
fn a_post_becomes_a_get_without_its_body_on_303_and_stays_whole_on_307() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/303", Reply::redirect(303, "/end"));
    platform.on("https://a.example/307", Reply::redirect(307, "/end"));
    platform.on("https://a.example/end", Reply::ok("x"));
    for path in ["303", "307"] {
        let url = format!("https://a.example/{path}");
        let post = session.post(url).header("content-type", "text/plain").body("payload");
        platform.run(post.send()).expect("an answer");
    }
    let ends: Vec<_> = platform.calls().into_iter().filter(|call| call.url.ends_with("/end")).collect();
    assert_eq!((ends[0].method.as_str(), ends[0].body.as_deref()), ("GET", None));
    assert!(!ends[0].headers.contains_key("content-type"));
    assert_eq!((ends[1].method.as_str(), ends[1].body.as_deref()), ("POST", Some(&b"payload"[..])));
    assert_eq!(ends[1].headers["content-type"], "text/plain");
}

#[test]
fn credentials_do_not_cross_origins_and_do_stay_within() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::redirect(302, "/same"));
    platform.on("https://a.example/same", Reply::redirect(302, "http://a.example/other"));
    platform.on("http://a.example/other", Reply::redirect(302, "https://evil:me@a.example/back"));
    platform.on("https://a.example/back", Reply::ok("x"));
    let request = session.get("https://me:secret@a.example/").header("cookie", "a=1").header("x-kept", "1");
    platform.run(request.send()).expect("an answer");
    let carried: Vec<_> = platform
        .calls()
        .iter()
        .map(|call| (call.headers.contains_key("authorization"), call.headers.contains_key("cookie")))
        .collect();
    assert_eq!(carried, [(true, true), (true, true), (false, false), (false, false)]);
    let calls = platform.calls();
    assert_eq!(calls[0].headers["authorization"], "Basic bWU6c2VjcmV0");
    assert!(calls.iter().all(|call| call.headers["x-kept"] == "1" && !call.url.contains('@')));
}

#[test]
fn a_redirect_to_another_scheme_is_refused_with_the_history() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::redirect(302, "file:///etc/passwd"));
    let error = platform.run(session.get("https://a.example/").send()).expect_err("refused");
    assert_eq!((error.code(), error.history().len()), ("redirect", 1));
}

#[test]
fn a_platform_that_follows_by_itself_tells_unsupported_for_what_needs_hops() {
    let mut page = Capabilities::all("browser");
    page.redirects = false;
    let platform = Scripted::with_capabilities(1, page);
    let session = Client::with_backend(Config::new(), platform.clone()).expect("sound settings");
    let error =
        platform.run(session.get("https://a.example/").follow_redirects(false).send()).expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::Unsupported { feature: "follow_redirects", platform: "browser" });
    assert!(platform.calls().is_empty(), "refused before anything was sent");
}

#[test]
fn the_session_s_credentials_do_not_cross_origins_either() {
    let (platform, session) =
        session(Config::new().header("authorization", "Bearer s3cret").header("cookie", "sid=1"));
    platform.on("https://a.example/", Reply::redirect(302, "http://evil.example/"));
    platform.on("http://evil.example/", Reply::ok("x"));
    platform.run(session.get("https://a.example/").send()).unwrap();
    let last = platform.calls().pop().unwrap();
    assert!(
        !last.headers.contains_key("authorization") && !last.headers.contains_key("cookie"),
        "{:?}",
        last.headers
    );
}

#[test]
fn a_host_header_stays_with_its_origin() {
    let (platform, session) = session(Config::new());
    platform.on("https://10.0.0.1/", Reply::redirect(302, "https://other.example/"));
    platform.on("https://other.example/", Reply::ok("x"));
    platform.run(session.get("https://10.0.0.1/").header("host", "internal.example").send()).unwrap();
    let last = platform.calls().pop().unwrap();
    assert!(!last.headers.contains_key("host"), "{:?}", last.headers.get("host"));
}

#[test]
fn cookies_of_hops_are_not_in_debug() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::redirect(302, "/b").header("set-cookie", "sid=hunter2"));
    platform.on("https://a.example/b", Reply::ok("x"));
    let r = platform.run(session.get("https://a.example/").send()).unwrap();
    assert!(!format!("{:?}", r.history()).contains("hunter2"), "{:?}", r.history());
}
