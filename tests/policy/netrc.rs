//! A netrc file at work: which hop is given whose name.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, ErrorKind, Netrc, Session};

use crate::session;

/// `a:1`, `b:2` and `d:4`, encoded.
const A: &str = "Basic YToxNQ==";
const B: &str = "Basic YjoyNg==";
const DEFAULT: &str = "Basic ZDo0OA==";

fn known(config: Config) -> (Scripted, Client<Scripted>) {
    let text = "machine a.example login a password 15\nmachine b.example login b password 26\ndefault login d password 48";
    session(config.netrc(Netrc::parse(text).expect("a netrc")))
}

/// What each request so far said of who is asking.
fn told(platform: &Scripted) -> Vec<Option<String>> {
    let field = |headers: &dualfetch::HeaderMap| {
        headers.get("authorization").map(|value| value.to_str().expect("text").to_owned())
    };
    platform.calls().iter().map(|call| field(&call.headers)).collect()
}

#[test]
fn each_hop_is_given_its_own_host_s_credentials() {
    let (platform, session) = known(Config::new());
    platform.on("https://a.example/", Reply::redirect(302, "/next"));
    platform.on("https://a.example/next", Reply::redirect(307, "https://b.example:8443/"));
    platform.on("https://b.example:8443/", Reply::redirect(302, "https://a.example/end"));
    platform.on("https://a.example/end", Reply::ok("x"));
    platform.run(session.get("https://a.example/").send()).expect("an answer");
    assert_eq!(told(&platform), [A, A, B, A].map(|value| Some(value.to_owned())));
    assert!(platform.calls().iter().all(|call| call.headers["authorization"].is_sensitive()));
}

#[test]
fn the_default_is_for_the_origin_that_the_caller_asked_alone() {
    let (platform, session) = known(Config::new());
    platform.on("https://other.example/", Reply::redirect(302, "/next"));
    platform.on("https://other.example/next", Reply::redirect(302, "https://evil.example/"));
    platform.on("https://evil.example/", Reply::redirect(302, "https://a.example/"));
    platform.on("https://a.example/", Reply::ok("x"));
    platform.run(session.get("https://other.example/").send()).expect("an answer");
    let expected = [Some(DEFAULT), Some(DEFAULT), None, Some(A)];
    assert_eq!(told(&platform), expected.map(|value| value.map(str::to_owned)));
}

#[test]
fn what_the_caller_says_counts_before_it_and_does_not_follow_to_another_origin() {
    let (platform, session) = known(Config::new());
    platform.on_every(|request: &dualfetch::Request| match request.url().path() {
        "/away" => Reply::redirect(302, "https://b.example/"),
        _ => Reply::ok("x"),
    });
    let run = |url: &str, bearer: bool| {
        let get = session.get(url);
        let get = if bearer { get.bearer_auth("own") } else { get };
        platform.run(get.send()).expect("an answer");
    };
    run("https://a.example/away", true);
    run("https://me:self@a.example/", false);
    let expected = ["Bearer own", B, "Basic bWU6c2VsZg=="];
    assert_eq!(told(&platform), expected.map(|value| Some(value.to_owned())));
}

#[test]
fn a_redirect_into_the_open_is_given_no_password() {
    let (platform, session) = known(Config::new());
    platform.on("https://a.example/", Reply::redirect(302, "http://a.example:8080/"));
    platform.on("http://a.example:8080/", Reply::ok("x"));
    platform.run(session.get("https://a.example/").send()).expect("an answer");
    assert_eq!(told(&platform), [Some(A.to_owned()), None]);
    // That the caller asked itself.
    platform.run(session.get("http://a.example:8080/").send()).expect("an answer");
    assert_eq!(told(&platform).last(), Some(&Some(A.to_owned())));
}

#[test]
fn a_field_of_the_session_counts_before_it() {
    let (platform, session) = known(Config::new().header("authorization", "Bearer session"));
    platform.on("https://a.example/", Reply::ok("x"));
    platform.run(session.get("https://a.example/").send()).expect("an answer");
    assert_eq!(told(&platform), [Some("Bearer session".to_owned())]);
}

#[test]
fn a_request_can_do_without_it() {
    let (platform, session) = known(Config::new());
    platform.on("https://a.example/", Reply::ok("x"));
    let get = session.get("https://a.example/").skip_auto_headers(["authorization"]);
    platform.run(get.send()).expect("an answer");
    assert_eq!(told(&platform), [None]);
}

#[test]
fn a_name_that_basic_authentication_cannot_say_is_an_error() {
    let netrc = Netrc::parse("machine a.example login a:b password secret").expect("a netrc");
    let (platform, session) = session(Config::new().netrc(netrc));
    let error = platform.run(session.get("https://a.example/").send()).expect_err("no such field");
    assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "basic_auth" });
    assert!(platform.calls().is_empty() && !format!("{error:?}").contains("secret"));
}
