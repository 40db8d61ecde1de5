//! Request bodies: what is sent, how often, and how far it has come.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use dualfetch::platform::Capabilities;
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Body, Client, Config, ErrorKind, Method, Request, Retry, Session};
use futures_util::stream;

use crate::session;

const URL: &str = "https://a.example/";

/// One of each kind of stream: taken once, and made again.
fn once(pieces: &'static [&'static str]) -> Body {
    Body::stream(stream::iter(pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece))))
}

fn again(pieces: &'static [&'static str]) -> Body {
    Body::replayable(move || stream::iter(pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece))))
}

fn bodies(platform: &Scripted) -> Vec<Option<Bytes>> {
    platform.calls().into_iter().map(|call| call.body).collect()
}

#[test]
fn a_stream_is_sent_as_it_comes() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    platform.run(session.post(URL).body(once(&["one ", "", "two"])).send()).expect("an answer");
    assert_eq!(bodies(&platform), [Some(Bytes::from("one two"))]);
}

#[test]
fn a_retry_sends_a_stream_again_only_where_it_can_be_made_again() {
    for (body, calls) in [(once(&["x"]), 1), (again(&["x"]), 2), (Body::from("x"), 2)] {
        let (platform, session) = session(Config::new().retry(Retry::standard()));
        platform.on(URL, Reply::status(503));
        platform.on(URL, Reply::ok("x"));
        let response = platform.run(session.put(URL).body(body).send()).expect("an answer");
        assert_eq!(response.status(), if calls == 1 { 503 } else { 200 });
        assert_eq!(bodies(&platform), vec![Some(Bytes::from("x")); calls]);
    }
}

#[test]
fn a_redirect_that_keeps_the_body_needs_it_again() {
    for status in [307, 308] {
        let (platform, session) = session(Config::new());
        platform.on(URL, Reply::redirect(status, "/next"));
        platform.on("https://a.example/next", Reply::ok("x"));
        let error = platform.run(session.post(URL).body(once(&["x"])).send()).expect_err("it is gone");
        assert_eq!((error.kind(), error.history().len()), (&ErrorKind::BodyConsumed, 1), "{status}");
        assert_eq!(platform.calls().len(), 1);

        platform.run(session.post(URL).body(again(&["x"])).send()).expect("an answer");
        assert_eq!(bodies(&platform)[1..], [Some(Bytes::from("x")), Some(Bytes::from("x"))]);
    }
}

#[test]
fn a_redirect_that_drops_the_body_does_not_need_it() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::redirect(303, "/next"));
    platform.on("https://a.example/next", Reply::ok("x"));
    platform.run(session.post(URL).body(once(&["x"])).send()).expect("an answer");
    assert_eq!(bodies(&platform), [Some(Bytes::from("x")), None]);
}

#[test]
fn an_error_of_the_stream_ends_the_request_and_is_its_source() {
    let (platform, session) = session(Config::new().retry(Retry::standard()));
    platform.on(URL, Reply::ok("x"));
    let failing = || stream::iter([Ok("some"), Err(std::io::Error::other("the disk is gone"))]);
    let error = platform.run(session.put(URL).body(Body::replayable(failing)).send()).expect_err("it failed");
    assert_eq!(*error.kind(), ErrorKind::RequestBody);
    assert!(error.to_string().contains("the disk is gone"), "{error}");
    assert!(std::error::Error::source(&error).is_some_and(|source| source.is::<std::io::Error>()));
    assert_eq!(platform.calls().len(), 1, "not retried");
}

#[test]
fn a_stream_is_held_to_the_length_that_was_told() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    let mut ends = Vec::new();
    for length in [2, 3, 4] {
        let sent = platform.run(session.post(URL).body(once(&["a", "bc"]).with_length(length)).send());
        ends.push(sent.map(|_| ()).map_err(|error| error.to_string()));
    }
    assert!(ends[0].as_ref().is_err_and(|text| text.contains("more than the 2 bytes")), "{ends:?}");
    assert_eq!(ends[1], Ok(()));
    assert!(ends[2].as_ref().is_err_and(|text| text.contains("3 of the 4 bytes")), "{ends:?}");
}

#[test]
fn a_length_set_by_hand_is_a_stream_s_and_must_be_that_of_bytes() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    let send = |length: &str, body: Body| {
        platform.run(session.post(URL).header("content-length", length).body(body).send()).map(|_| ())
    };
    assert!(send("3", once(&["abc"])).is_ok());
    assert_eq!(*send("4", once(&["abc"])).expect_err("too short").kind(), ErrorKind::RequestBody);
    for (length, body) in
        [("4", Body::from("abc")), ("x", once(&["abc"])), ("4", once(&["abc"]).with_length(3))]
    {
        assert_eq!(*send(length, body).expect_err(length).kind(), ErrorKind::InvalidHeader);
    }
}

#[test]
fn how_far_the_sending_has_come_is_told_after_each_piece() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    let told = Arc::new(Mutex::new(Vec::new()));
    let watch = || {
        let told = Arc::clone(&told);
        move |progress: dualfetch::UploadProgress| {
            told.lock().expect("no panic").push((progress.sent, progress.total));
        }
    };
    platform.run(session.post(URL).body(once(&["ab", "c"])).on_upload(watch()).send()).expect("an answer");
    platform.run(session.post(URL).body(vec![0; 150_000]).on_upload(watch()).send()).expect("an answer");
    let whole = Some(150_000);
    let expected = [(2, None), (3, None), (65_536, whole), (131_072, whole), (150_000, whole)];
    assert_eq!(*told.lock().expect("no panic"), expected);
    assert_eq!(bodies(&platform)[1].as_ref().map(Bytes::len), Some(150_000));
}

#[test]
fn what_a_platform_cannot_do_with_bodies_is_refused_by_name() {
    let mut capabilities = Capabilities::all("browser");
    (capabilities.upload_progress, capabilities.transport) = (false, false);
    let platform = Scripted::with_capabilities(1, capabilities);
    let session = Client::with_backend(Config::new(), platform.clone()).expect("sound settings");
    let refused = |request: dualfetch::RequestBuilder<&Client<Scripted>>| {
        platform.run(request.send()).expect_err("refused").kind().clone()
    };
    let unsupported = |feature| ErrorKind::Unsupported { feature, platform: "browser" };
    let post = || session.post(URL).body("x");
    assert_eq!(refused(post().on_upload(|_| {})), unsupported("on_upload"));
    assert_eq!(refused(post().compress(dualfetch::Compression::Gzip)), unsupported("compress"));
    assert_eq!(refused(post().skip_auto_headers(["accept"])), unsupported("skip_auto_headers"));
    assert!(platform.calls().is_empty());
}

#[test]
fn waiting_for_100_continue_is_refused_by_name() {
    let (platform, session) = session(Config::new());
    let error = platform.run(session.post(URL).header("expect", "100-continue").body("x").send());
    let expected = ErrorKind::Unsupported { feature: "expect", platform: "every platform" };
    assert_eq!(error.expect_err("refused").kind(), &expected);
}

#[test]
fn forms_texts_and_their_types() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    let send = |request: dualfetch::RequestBuilder<&Client<Scripted>>| {
        platform.run(request.send()).expect("an answer");
        let call = platform.calls().pop().expect("a call");
        let value = call.headers.get("content-type").map(|value| value.to_str().expect("text").to_owned());
        (value, call.body)
    };
    let sent = |content_type: Option<&str>, body: &'static str| {
        (content_type.map(str::to_owned), Some(Bytes::from(body)))
    };
    let form = || session.post(URL).form([("a", "1 2"), ("ü", "&")]);
    let of_form = "application/x-www-form-urlencoded";
    assert_eq!(send(form()), sent(Some(of_form), "a=1+2&%C3%BC=%26"));
    assert_eq!(send(form().skip_auto_headers(["Content-Type"])), sent(None, "a=1+2&%C3%BC=%26"));
    let by_hand = form().header("content-type", "x/y").skip_auto_headers(["content-type"]);
    assert_eq!(send(by_hand), sent(Some("x/y"), "a=1+2&%C3%BC=%26"));
    assert_eq!(send(session.post(URL).text("grüß")), sent(Some("text/plain; charset=utf-8"), "grüß"));
    assert_eq!(send(session.post(URL).body("x")), sent(None, "x"));
    let map = std::collections::BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    assert_eq!(send(session.post(URL).form(&map)), sent(Some(of_form), "k=v"));
}

#[test]
fn a_body_tells_what_it_is_but_not_what_it_holds() {
    let shown = [Body::empty(), Body::from("secret"), once(&["secret"]), once(&["x"]).with_length(9)];
    let shown = shown.map(|body| format!("{body:?}"));
    assert_eq!(shown, ["Body(none)", "Body(6 bytes)", "Body(stream)", "Body(stream of 9 bytes)"]);
    let request = Request::builder(Method::POST, URL).body(once(&["x"])).build().expect("a request");
    assert_eq!(
        (request.body().length(), request.body().as_bytes(), request.body().is_stream()),
        (None, None, true)
    );
}

#[cfg(target_arch = "wasm32")]
#[test]
fn a_file_is_refused_by_name_where_there_are_none() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    let error = platform.run(session.put(URL).body(Body::file("a.txt")).send()).expect_err("refused");
    assert_eq!(error.kind(), &ErrorKind::Unsupported { feature: "Body::file", platform: "browser" });
    assert!(platform.calls().is_empty());
}
