//! Cookies on a request's way: which hop sends which, and what is kept of each answer.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dualfetch::cookies::{CookieJar, CookieStore};
use dualfetch::platform::Capabilities;
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, ErrorKind, HeaderMap, HeaderValue, Request, Response, Retry, Session, Url};

use crate::{secs, session};

const URL: &str = "https://a.example/";

fn get(platform: &Scripted, session: &Client<Scripted>, url: &str) -> Response {
    platform.run(session.get(url).send()).expect("an answer")
}

/// The `Cookie` fields of every request so far, those of one request joined by ` | `.
fn sent(platform: &Scripted) -> Vec<String> {
    let text = |headers: &HeaderMap| {
        let fields: Vec<_> =
            headers.get_all("cookie").iter().map(|value| value.to_str().expect("text")).collect();
        fields.join(" | ")
    };
    platform.calls().iter().map(|call| text(&call.headers)).collect()
}

#[test]
fn what_an_answer_sets_the_next_request_sends() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x").header("set-cookie", "a=\"1, 2\"; Path=/").header("set-cookie", "b=2"));
    platform.on_every(|_: &Request| Reply::ok("x"));
    let response = get(&platform, &session, URL);
    let set: Vec<_> =
        response.cookies().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect();
    assert_eq!(set, ["a=\"1, 2\"", "b=2"]);
    for url in ["https://a.example/x", "https://b.example/", "https://www.a.example/", "http://a.example/"] {
        get(&platform, &session, url);
    }
    assert_eq!(sent(&platform), ["", "a=\"1, 2\"; b=2", "", "", "a=\"1, 2\"; b=2"]);
}

#[test]
fn each_hop_of_a_redirect_is_sent_its_own_cookies_and_all_set_some() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::redirect(302, "/login").header("set-cookie", "first=1; Secure"));
    let login =
        Reply::redirect(303, "http://www.a.example/").header("set-cookie", "second=2; Domain=a.example");
    platform.on("https://a.example/login", login.header("set-cookie", "evil=1; Domain=b.example"));
    platform.on(
        "http://www.a.example/",
        Reply::redirect(302, "https://b.example/").header("set-cookie", "third=3"),
    );
    platform.on("https://b.example/", Reply::redirect(307, "https://a.example/end"));
    platform.on(
        "https://a.example/end",
        Reply::status(404).header("set-cookie", "second=; Max-Age=0; Domain=a.example"),
    );
    let response = get(&platform, &session, URL);
    assert_eq!((response.status().as_u16(), response.history().len()), (404, 4));
    assert_eq!(sent(&platform), ["", "first=1", "second=2", "", "first=1; second=2"]);
    get(&platform, &session, "https://a.example/end");
    assert_eq!(sent(&platform).pop().as_deref(), Some("first=1"), "an answer of any status takes them away");
}

#[test]
fn a_loop_that_waits_for_its_cookie_ends() {
    let (platform, session) = session(Config::new());
    platform.on_every(|request: &Request| match request.headers().contains_key("cookie") {
        true => Reply::ok("let in"),
        false => Reply::redirect(302, "/").header("set-cookie", "wall=1"),
    });
    assert_eq!(get(&platform, &session, URL).history().len(), 1);
}

#[test]
fn an_answer_that_is_retried_sets_cookies_for_the_next_attempt() {
    let (platform, session) = session(Config::new().retry(Retry::standard()));
    platform.on(URL, Reply::status(503).header("set-cookie", "node=2"));
    platform.on(URL, Reply::ok("x"));
    assert_eq!(get(&platform, &session, URL).attempts(), 2);
    assert_eq!(sent(&platform), ["", "node=2"]);
}

#[test]
fn an_answer_that_is_an_error_to_the_caller_sets_cookies_too() {
    let (platform, session) = session(Config::new().raise_for_status(true).max_redirects(0));
    platform.on(URL, Reply::status(401).header("set-cookie", "a=1"));
    platform.on("https://a.example/loop", Reply::redirect(302, "/loop").header("set-cookie", "b=2"));
    platform.run(session.get(URL).send()).expect_err("a status");
    platform.run(session.get("https://a.example/loop").send()).expect_err("too many");
    platform.run(session.get(URL).send()).expect_err("a status");
    assert_eq!(sent(&platform), ["", "a=1", "a=1; b=2"]);
}

#[test]
fn cookies_end_on_the_platform_s_clock() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x").header("set-cookie", "a=1; Max-Age=10").header("set-cookie", "b=2"));
    platform.on("https://a.example/wait", Reply::ok("x").after(secs(9)));
    platform.on("https://a.example/end", Reply::ok("x").after(secs(1)));
    for path in ["", "wait", "end", "end"] {
        get(&platform, &session, &format!("{URL}{path}"));
    }
    assert_eq!(platform.elapsed(), secs(11));
    assert_eq!(sent(&platform), ["", "a=1; b=2", "a=1; b=2", "b=2"]);
}

#[test]
fn strangers_cannot_set_what_is_not_theirs() {
    let (platform, session) = session(Config::new());
    platform.on_every(|request: &Request| {
        let field = request.url().query().unwrap_or_default().replace('_', " ");
        if field.is_empty() { Reply::ok("x") } else { Reply::ok("x").header("set-cookie", &field) }
    });
    for (from, field, to) in [
        ("https://x.co.uk/", "a=1;_Domain=co.uk", "https://y.co.uk/"),
        ("https://evil.example/", "a=1;_Domain=a.example", "https://a.example/"),
        ("https://evil.a.example/", "a=1", "https://a.example/"),
        ("http://a.example/", "a=1;_Secure", "https://a.example/"),
        ("https://10.0.0.1/", "a=1", "https://10.0.0.1/"),
        ("https://a.example/", "a=1;_Secure", "http://a.example/"),
        ("https://c.example/", "a=1;_Path=/x", "https://c.example/y"),
    ] {
        get(&platform, &session, &format!("{from}?{field}"));
        get(&platform, &session, to);
        assert_eq!(sent(&platform).pop().as_deref(), Some(""), "{field} from {from} to {to}");
    }
}

#[test]
fn addresses_take_part_when_the_jar_allows_it() {
    let (platform, session) = session(Config::new().cookie_store(CookieJar::new().allow_ip_hosts(true)));
    platform.on_every(|_: &Request| Reply::ok("x").header("set-cookie", "a=1"));
    get(&platform, &session, "http://127.0.0.1:8080/");
    get(&platform, &session, "http://127.0.0.1:8080/");
    assert_eq!(sent(&platform), ["", "a=1"]);
}

#[test]
fn a_request_s_own_cookies_go_beside_the_jar_s_and_in_place_of_the_same() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x").header("set-cookie", "a=1").header("set-cookie", "b=2"));
    platform.on_every(|_: &Request| Reply::ok("x"));
    get(&platform, &session, URL);
    for request in [
        session.get(URL).cookie("own", "x"),
        session.get(URL).cookie("a", "\"x y\"").cookie("own", "").cookie("own", "y=z"),
        session.get(URL).header("cookie", "a=hand; c=hand").cookie("a", "own"),
        session.get(URL).cookies(false).cookie("own", "x"),
        session.get(URL),
    ] {
        platform.run(request.send()).expect("an answer");
    }
    let expected = ["", "a=1; b=2; own=x", "b=2; a=\"x y\"; own=y=z", "c=hand; a=own", "own=x", "a=1; b=2"];
    assert_eq!(sent(&platform), expected);
}

#[test]
fn a_request_s_own_cookies_stay_with_its_origin() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::redirect(307, "/same"));
    platform.on("https://a.example/same", Reply::redirect(307, "https://a.example:8443/"));
    platform.on("https://a.example:8443/", Reply::redirect(307, URL).header("set-cookie", "kept=1"));
    platform.on(URL, Reply::ok("back"));
    platform.run(session.get(URL).cookie("own", "x").send()).expect("an answer");
    assert_eq!(sent(&platform), ["own=x", "own=x", "", "kept=1"]);
}

#[test]
fn a_field_set_by_hand_is_sent_in_place_of_the_jar_s_and_stays_with_its_origin() {
    let (platform, by_hand) = session(Config::new());
    platform.on(URL, Reply::redirect(302, "/same").header("set-cookie", "jar=1"));
    platform.on("https://a.example/same", Reply::redirect(302, "https://b.example/"));
    platform.on("https://b.example/", Reply::redirect(302, "https://a.example/end"));
    platform.on("https://a.example/end", Reply::ok("x"));
    platform
        .run(by_hand.get(URL).header("cookie", "a=1;b").append_header("cookie", "c=3").send())
        .expect("an answer");
    assert_eq!(sent(&platform), ["a=1;b | c=3", "a=1;b | c=3", "", "jar=1"]);

    let (platform, of_the_session) = session(Config::new().header("cookie", "all=1"));
    platform.on_every(|_: &Request| Reply::ok("x").header("set-cookie", "jar=1"));
    get(&platform, &of_the_session, URL);
    get(&platform, &of_the_session, URL);
    platform.run(of_the_session.get(URL).cookie("own", "x").send()).expect("an answer");
    assert_eq!(sent(&platform), ["all=1", "all=1", "all=1; own=x"]);
}

#[test]
fn names_and_values_that_are_no_cookie_s_are_refused_by_name() {
    for (name, value) in [
        ("", "x"),
        ("a b", "x"),
        ("a=b", "x"),
        ("a;b", "x"),
        ("a\r\nb", "x"),
        ("name", "hunter2; b=2"),
        ("name", "hunter2\r\nevil: 1"),
        ("name", " hunter2"),
        ("name", "hunter2 "),
    ] {
        let error = session(Config::new()).1.get(URL).cookie(name, value).build().expect_err(value);
        let told = error.to_string();
        assert_eq!(error.kind(), &ErrorKind::InvalidHeader);
        assert!(told.contains(&format!("{name:?}")) && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn secrets_are_marked_and_not_in_debug() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x").header("set-cookie", "kept=hunter2"));
    get(&platform, &session, URL);
    let request = session.get(URL).cookie("own", "hunter3").build().expect("a request");
    let shown = format!("{request:?} {:?} {session:?}", request.options());
    assert!(!shown.contains("hunter"), "{shown}");
    platform.run(session.send(request)).expect("an answer");
    assert!(platform.calls()[1].headers["cookie"].is_sensitive());
}

#[test]
fn own_cookies_go_with_a_request_made_anew_from_its_parts() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    let request = session.get(URL).cookie("own", "x").build().expect("a request");
    let outside = http::Request::try_from(request).expect("an http::Request");
    platform.run(session.send(outside.try_into().expect("a request"))).expect("an answer");
    assert_eq!(sent(&platform), ["own=x"]);
}

#[test]
fn cookies_can_be_switched_off_and_on() {
    let (platform, off) = session(Config::new().cookies(false));
    platform.on_every(|_: &Request| Reply::ok("x").header("set-cookie", "a=1"));
    get(&platform, &off, URL);
    platform.run(off.get(URL).cookies(true).send()).expect("an answer");
    get(&platform, &off, URL);
    platform.run(off.get(URL).cookies(true).send()).expect("an answer");
    assert_eq!(sent(&platform), ["", "", "", "a=1"]);
}

#[test]
fn a_jar_is_shared_by_all_that_have_it() {
    let jar = CookieJar::new();
    let platform = Scripted::new(1);
    platform.on(URL, Reply::ok("x").header("set-cookie", "a=1"));
    let of = || {
        Client::with_backend(Config::new().cookie_store(jar.clone()), platform.clone()).expect("a session")
    };
    let (one, other) = (of(), of());
    get(&platform, &one, URL);
    get(&platform, &other, URL);
    jar.insert(&Url::parse(URL).expect("a URL"), "b=2", Duration::ZERO).expect("a cookie");
    get(&platform, &one, URL);
    jar.clear();
    get(&platform, &one, URL);
    assert_eq!(sent(&platform), ["", "a=1", "a=1; b=2", ""]);
}

/// Keeps everything for everybody, and notes when it was asked.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl CookieStore for Notes {
    fn store_cookies(&self, url: &Url, fields: &mut dyn Iterator<Item = &HeaderValue>, now: Duration) {
        let fields: Vec<_> = fields.map(|field| field.to_str().expect("text")).collect();
        self.0.lock().expect("notes").push(format!("{} {url} {}", now.as_secs(), fields.join(" | ")));
    }

    fn cookie_header(&self, url: &Url, now: Duration) -> Option<HeaderValue> {
        self.0.lock().expect("notes").push(format!("{} {url}", now.as_secs()));
        Some(HeaderValue::from_static("of=mine"))
    }
}

#[test]
fn a_store_of_one_s_own_is_asked_before_each_hop_and_told_after_it() {
    let notes = Notes::default();
    let (platform, session) = session(Config::new().cookie_store(notes.clone()));
    let to = "https://b.example/";
    platform.on(
        URL,
        Reply::redirect(302, to).header("set-cookie", "a=1").header("set-cookie", "b=2").after(secs(3)),
    );
    platform.on(to, Reply::ok("x"));
    get(&platform, &session, URL);
    assert_eq!(sent(&platform), ["of=mine", "of=mine"]);
    let expected = ["0 https://a.example/", "3 https://a.example/ a=1 | b=2", "3 https://b.example/"];
    assert_eq!(*notes.0.lock().expect("notes"), expected);
}

#[test]
fn where_the_platform_keeps_cookies_asking_for_ours_is_unsupported() {
    let mut browser = Capabilities::all("browser");
    browser.cookies = false;
    let unsupported = ErrorKind::Unsupported { feature: "cookies", platform: "browser" };
    for config in [
        Config::new().cookies(true),
        Config::new().cookies(false),
        Config::new().cookie_store(Notes::default()),
    ] {
        let refused = Client::with_backend(config, Scripted::with_capabilities(1, browser.clone()));
        assert_eq!(refused.expect_err("unsupported").kind(), &unsupported);
    }
    let platform = Scripted::with_capabilities(1, browser);
    let session = Client::with_backend(Config::new(), platform.clone()).expect("a session");
    platform.on(URL, Reply::ok("x").header("set-cookie", "a=1"));
    get(&platform, &session, URL);
    get(&platform, &session, URL);
    assert_eq!(sent(&platform), ["", ""]);
    let refused = platform.run(session.get(URL).cookies(true).send());
    assert_eq!(refused.expect_err("unsupported").kind(), &unsupported);
}
