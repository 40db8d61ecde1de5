//! What the pages for those who come from other clients promise, and no other test shows.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::platform::scripted::Reply;
use dualfetch::{Client, Config, Session};

use crate::session;

const URL: &str = "https://a.example/";

#[test]
#[cfg(feature = "middleware")]
fn a_middleware_can_keep_what_was_asked_with_the_answer() {
    use dualfetch::middleware::{Next, from_fn};
    use dualfetch::{HeaderMap, Method, Request};

    #[derive(Clone)]
    struct Asked(Method, HeaderMap);

    let keep = from_fn(|request: Request, mut next: Next<'_>| {
        Box::pin(async move {
            let asked = Asked(request.method().clone(), request.headers().clone());
            let mut response = next.run(request).await?;
            response.extensions_mut().insert(asked);
            Ok(response)
        })
    });
    let (platform, session) = session(Config::new().hop_middleware(keep));
    platform.on(URL, Reply::redirect(303, "/b"));
    platform.on("https://a.example/b", Reply::ok("x"));
    let response = platform.run(session.post(URL).header("x-key", "7").body("y").send()).expect("an answer");
    let Asked(method, headers) = response.extensions().get().expect("what was kept");
    assert_eq!(
        (method, &headers["x-key"], &headers["accept"]),
        (&Method::GET, &"7".parse().unwrap(), &"*/*".parse().unwrap())
    );
}

#[test]
fn the_last_body_that_was_set_is_the_one_that_is_sent() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    platform.run(session.post(URL).body("first").text("second").send()).expect("an answer");
    assert_eq!(platform.calls().pop().expect("a call").body.as_deref(), Some(&b"second"[..]));
}

#[test]
fn a_session_tells_the_fields_it_sends() {
    let (platform, session) = session(Config::new().header("x-key", "7"));
    platform.on(URL, Reply::ok("x"));
    platform.run(session.get(URL).send()).expect("an answer");
    let sent = platform.calls().pop().expect("a call").headers;
    for (name, value) in session.config().headers() {
        assert_eq!(sent[name], *value, "{name}");
    }
    assert_eq!(session.config().headers()["x-key"], "7");
}

#[test]
fn a_response_is_ok_below_400() {
    for (status, ok) in [(200, true), (204, true), (304, true), (399, true), (400, false), (500, false)] {
        let (platform, session) = session(Config::new());
        platform.on(URL, Reply::status(status));
        let response = platform.run(session.get(URL).send()).expect("an answer");
        assert_eq!(response.ok(), ok, "{status}");
    }
}

#[test]
fn an_ipv4_address_in_another_form_than_its_canonical_one_is_refused() {
    let (platform, session) = session(Config::new().base_url("http://127.0.0.1/"));
    let refused = |url: &str| platform.run(session.get(url).send()).expect_err(url).code();
    for url in ["http://127.1/", "http://0x7f000001/", "http://2130706433/", "http://0177.0.0.1/", "//127.1/"]
    {
        assert_eq!(refused(url), "invalid_url", "{url}");
    }
    assert_eq!(refused("http://127.0.0.256/"), "invalid_url");
    let base = Client::with_backend(Config::new().base_url("http://127.1/"), platform.clone());
    assert_eq!(base.expect_err("refused").code(), "invalid_url");
    for location in ["http://127.1/", "//0x7f.1/", "http:\\\\2130706433/", "http:0177.0.0.1/"] {
        platform.on("https://a.example/", Reply::status(302).header("location", location));
        assert_eq!(refused("https://a.example/"), "redirect", "{location}");
    }
    assert_eq!(platform.calls().len(), 4);
}
