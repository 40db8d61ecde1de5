//! Closing a session: what is refused, what goes on, and when it is over.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, ErrorKind, Figures, Method, Request, Retry, Session, SessionExt};
use futures_util::future::{join, join_all};

use crate::{once, secs, session};

/// Larger than what the engine takes in unasked.
const LARGE: usize = 300 * 1024;

#[test]
fn a_closed_session_refuses_every_request_and_sends_none() {
    let (platform, session) = session(Config::new());
    let clone = session.clone();
    assert!(!session.is_closed());
    drop(session.close());
    assert!(clone.is_closed(), "clones are the same session");
    let request = Request::builder(Method::GET, "https://b.example/").build().expect("a request");
    let (error, row) = platform.run(async {
        let error = clone.get("https://me:secret@a.example/").await.expect_err("closed");
        (error, clone.fetch_all([request]).next().await.expect("a row"))
    });
    assert_eq!((error.kind(), error.attempts()), (&ErrorKind::Closed, 0));
    assert_eq!(error.to_string(), "the session is closed (https://a.example/)");
    assert_eq!(row.result.expect_err("closed").code(), "closed");
    assert!(platform.calls().is_empty());
}

#[test]
fn those_that_wait_are_told_at_once_and_leave_no_trace() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::hangs());
    platform.run(async {
        let mut sending = Box::pin(session.get("https://a.example/").send());
        assert!(once(&mut sending).await);
        let sends =
            ["a", "b", "a"].map(|host| Box::pin(session.get(format!("https://{host}.example/")).send()));
        let mut waiting = join_all(sends);
        assert!(once(&mut waiting).await);
        drop(session.close());
        assert_eq!((session.figures().in_flight, session.figures().waiting), (1, 0));
        let answers = waiting.await;
        assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|error| error.code() == "closed")));
        assert_eq!(platform.elapsed(), secs(0));
        drop(sending);
        assert_eq!(session.figures(), Figures::default());
    });
    assert_eq!(platform.calls().len(), 1);
}

#[test]
fn closing_is_over_when_the_last_body_is_read_or_dropped() {
    let (platform, session) = session(Config::new());
    platform.on_every(|_: &Request| Reply::ok(vec![0; LARGE]).pause(secs(1)).then("end"));
    platform.run(async {
        let read = session.get("https://a.example/").await.expect("a head");
        let dropped = session.get("https://b.example/").await.expect("a head");
        let mut closing = session.close();
        assert!(once(&mut closing).await);
        assert_eq!(read.bytes().await.expect("it goes on").len(), LARGE + 3);
        assert!(once(&mut closing).await, "one is left");
        drop(dropped);
        closing.await;
    });
    assert_eq!(platform.open(), 0);
}

#[test]
fn closing_an_idle_session_is_over_at_once() {
    let (platform, session) = session(Config::new());
    platform.on_every(|_: &Request| Reply::ok("small"));
    platform.run(async {
        let unread = session.get("https://a.example/").await.expect("a small body that is all here");
        session.close().await;
        assert_eq!(unread.text().await.expect("still here"), "small");
    });
}

#[test]
fn what_is_under_way_finishes_its_redirects_and_retries() {
    let retry = Retry::standard();
    let (platform, session) = session(Config::new().limit(1).retry(retry));
    platform.on("https://a.example/", Reply::redirect(302, "https://b.example/").after(secs(1)));
    platform.on("https://b.example/", Reply::status(503).after(secs(1)));
    platform.on("https://b.example/", Reply::ok("there").after(secs(1)));
    platform.run(async {
        let mut sending = Box::pin(session.get("https://a.example/").send());
        let mut waiting = Box::pin(session.get("https://a.example/").priority(1).send());
        assert!(once(&mut sending).await);
        assert!(once(&mut waiting).await);
        let mut closing = session.close();
        assert!(once(&mut closing).await);
        let ends = async {
            closing.await;
            platform.elapsed()
        };
        let (response, over_at) = join(sending, ends).await;
        assert_eq!(response.expect("it finishes").text().await.expect("a body"), "there");
        assert!(over_at >= secs(3), "over only after the last attempt: {over_at:?}");
        assert_eq!(waiting.await.expect_err("never had its turn").code(), "closed");
    });
}

#[test]
fn a_call_dropped_between_two_attempts_lets_closing_end() {
    let (platform, session) = session(Config::new().retry(Retry::standard()));
    platform.on_every(|_: &Request| Reply::error(ErrorKind::Connect));
    platform.run(async {
        let mut sending = Box::pin(session.get("https://a.example/").send());
        assert!(once(&mut sending).await);
        assert_eq!(session.figures().in_flight, 0, "it backs off");
        let mut closing = session.close();
        assert!(once(&mut closing).await);
        drop(sending);
        closing.await;
    });
}

#[test]
fn a_session_is_closed_once_and_stays_so_when_nobody_waits_for_the_end() {
    let (platform, session) = session(Config::new());
    platform.on_every(|_: &Request| Reply::ok(vec![0; LARGE]));
    platform.run(async {
        let response = session.get("https://a.example/").await.expect("a head");
        drop(session.close());
        let both = join(session.close(), session.clone().close());
        let (_, body) = join(both, response.bytes()).await;
        assert_eq!(body.expect("it goes on").len(), LARGE);
        assert_eq!(session.get("https://a.example/").await.expect_err("closed").code(), "closed");
    });
    assert_eq!(platform.closed(), 1, "the backend hears of it once");
}

#[cfg(feature = "html")]
#[test]
fn every_url_of_a_list_still_has_its_row() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::html("<title>T</title>").after(secs(1)));
    let results = platform.run(async {
        let mut rows = session.titles((0..5).map(|n| format!("https://a.example/{n}"))).ordered(true);
        let mut results = vec![];
        while let Some(row) = rows.next().await {
            results.push(row.error().map_or("ok", dualfetch::Error::code));
            drop(session.close());
        }
        results
    });
    assert_eq!(results[0], "ok");
    assert_eq!(results[4], "closed");
    assert_eq!(results.len(), 5);
}

#[test]
fn who_waits_for_the_end_no_more_is_forgotten() {
    use std::sync::Arc;
    use std::task::{Context, Wake, Waker};
    struct Idle;
    impl Wake for Idle {
        fn wake(self: Arc<Self>) {}
    }
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::hangs());
    platform.run(async {
        let mut sending = Box::pin(session.get("https://a.example/").send());
        assert!(once(&mut sending).await);
        let idle = Arc::new(Idle);
        let waker = Waker::from(Arc::clone(&idle));
        let mut closing = Box::pin(session.close());
        assert!(closing.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert_eq!(Arc::strong_count(&idle), 2);
        drop(closing);
        assert_eq!(Arc::strong_count(&idle), 1);
    });
}

#[test]
fn a_small_body_that_is_held_and_not_read_keeps_no_closing_waiting() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::ok("some").pause(secs(1)).then("more").chunked());
    platform.run(async {
        let held = session.get("https://a.example/").await.expect("an answer");
        assert_eq!(session.figures().in_flight, 1);
        session.close().await;
        assert_eq!(held.text().await.expect("it is all there"), "somemore");
    });
    assert_eq!(platform.elapsed(), secs(1));
}
