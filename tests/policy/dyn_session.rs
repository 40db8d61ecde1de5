//! A session whose type is forgotten does what the session inside does.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, DynSession, Method, Request, Session, SessionExt};

use crate::{once, session};

#[test]
fn verbs_and_their_options_reach_the_session_inside() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::ok("posted"));
    let session = DynSession::from(session);
    let text = platform.run(async {
        let sending = session.post("https://a.example/").header("x-id", "7").body("data");
        sending.await.expect("an answer").text().await.expect("a body")
    });
    assert_eq!(text, "posted");
    let call = &platform.calls()[0];
    assert_eq!((&call.method, call.body.as_deref()), (&Method::POST, Some(&b"data"[..])));
    assert_eq!(call.headers["x-id"], "7");
}

#[test]
fn a_dyn_session_can_be_wrapped_again() {
    let (platform, session) = session(Config::new().limit(3));
    platform.on_every(|_: &Request| Reply::ok("x"));
    let twice = DynSession::new(DynSession::new(session.clone()));
    assert_eq!(twice.limits(), session.limits());
    assert_eq!(twice.now(), session.now());
    platform.run(async { twice.clone().get("https://a.example/").await.expect("an answer") });
}

#[test]
fn dropping_a_send_gives_its_permit_back() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::hangs());
    let wrapped = DynSession::from(session.clone());
    platform.run(async {
        let mut sending = Box::pin(wrapped.get("https://a.example/").send());
        assert!(once(&mut sending).await);
        assert_eq!(session.figures().in_flight, 1);
        drop(sending);
        assert_eq!(session.figures().in_flight, 0);
    });
}

#[test]
fn fetch_all_gives_its_rows() {
    let (platform, session) = session(Config::new());
    platform.on_every(|_: &Request| Reply::ok("x"));
    let session = DynSession::from(session);
    let requests = ["a", "b"].map(|host| {
        Request::builder(Method::GET, format!("https://{host}.example/")).build().expect("a request")
    });
    let indexes = platform.run(async {
        let mut rows = session.fetch_all(requests).ordered(true);
        let mut indexes = vec![];
        while let Some(row) = rows.next().await {
            indexes.push((row.index, row.result.is_ok()));
        }
        indexes
    });
    assert_eq!(indexes, [(0, true), (1, true)]);
}

#[cfg(feature = "html")]
#[test]
fn titles_gives_its_rows() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::html("<title>A</title>"));
    let session = DynSession::from(session);
    let title = platform.run(async {
        let row = session.titles(["https://a.example/"]).next().await.expect("a row");
        row.title().map(str::to_owned)
    });
    assert_eq!(title.as_deref(), Some("A"));
}
