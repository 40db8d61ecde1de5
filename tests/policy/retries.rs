//! The attempt loop.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::time::Duration;

use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, ErrorKind, Phase, Request, Retry, Session, Timeout};
use futures_util::future::join;

use crate::{secs, session};

const URL: &str = "https://a.example/";

#[test]
fn nothing_is_retried_unless_asked_for() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::error(ErrorKind::Connect));
    platform.on(URL, Reply::ok("x"));
    let error = platform.run(session.get(URL).send()).expect_err("one attempt");
    assert_eq!((error.code(), error.attempts()), ("connect", 1));
}

#[test]
fn a_passing_failure_is_retried_until_it_has_passed() {
    let (platform, session) = session(Config::new().retry(Retry::standard()));
    platform.on(URL, Reply::error(ErrorKind::Connect));
    platform.on(URL, Reply::status(503));
    platform.on(URL, Reply::ok("x"));
    let response = platform.run(session.get(URL).send()).expect("the third attempt");
    assert_eq!((response.attempts(), response.status().as_u16()), (3, 200));
}

#[test]
fn the_last_outcome_stands() {
    let (platform, session) = session(Config::new().retry(Retry::standard().attempts(2)));
    platform.on(URL, Reply::status(503));
    let response = platform.run(session.get(URL).send()).expect("an answer");
    assert_eq!((response.attempts(), response.status().as_u16()), (2, 503));
}

#[test]
fn a_post_is_not_sent_twice() {
    let (platform, session) = session(Config::new().retry(Retry::standard()));
    platform.on(URL, Reply::error(ErrorKind::Disconnected));
    platform.run(session.post(URL).body("x").send()).expect_err("one attempt");
    assert_eq!(platform.calls().len(), 1);
}

#[test]
fn what_the_server_did_not_look_at_is_sent_again_unasked_but_not_for_ever() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::unprocessed());
    platform.on(URL, Reply::unprocessed());
    platform.on(URL, Reply::ok("x"));
    let response = platform.run(session.post(URL).body("x").send()).expect("an answer");
    assert_eq!((response.attempts(), platform.calls().len()), (1, 3));

    platform.on_every(|_: &Request| Reply::unprocessed());
    let error = platform.run(session.get("https://b.example/").send()).expect_err("never looked at");
    assert_eq!((error.code(), platform.calls().len()), ("disconnected", 3 + 9));
}

#[test]
fn retry_after_is_waited_for_without_a_permit() {
    let (platform, session) = session(Config::new().limit(1).retry(Retry::standard()));
    platform.on(URL, Reply::status(429).header("retry-after", "7"));
    platform.on(URL, Reply::ok("x"));
    platform.on("https://b.example/", Reply::ok("y").after(secs(1)));
    let (first, second) = platform.run(join(session.get(URL).send(), async {
        session.get("https://b.example/").await.expect("an answer");
        platform.elapsed()
    }));
    assert!(first.is_ok());
    assert_eq!(second, secs(1), "the permit was free meanwhile");
    assert_eq!(platform.calls().last().map(|call| call.at), Some(secs(7)));
}

#[test]
fn retry_after_may_be_a_date() {
    let (platform, session) = session(Config::new().retry(Retry::standard()));
    platform.on(URL, Reply::status(503).header("retry-after", "Thu, 01 Jan 1970 00:00:09 GMT"));
    platform.on(URL, Reply::ok("x"));
    platform.run(session.get(URL).send()).expect("an answer");
    assert_eq!(platform.elapsed(), secs(9));
}

#[test]
fn the_total_runs_on_while_backing_off() {
    let retry = Retry::standard().attempts(100).backoff(secs(30), secs(30));
    let (platform, session) = session(Config::new().retry(retry).timeout(Timeout::new().total(secs(60))));
    platform.on(URL, Reply::error(ErrorKind::Connect));
    let error = platform.run(session.get(URL).send()).expect_err("never up");
    assert_eq!((error.phase(), platform.elapsed()), (Some(Phase::Total), secs(60)));
    assert!(error.attempts() > 1);
}

#[test]
fn back_off_is_random_but_the_seed_s() {
    let times = || {
        let (platform, session) = session(Config::new().retry(Retry::standard().attempts(5)));
        platform.on_every(|_: &Request| Reply::error(ErrorKind::Dns));
        platform.run(session.get(URL).send()).expect_err("never up");
        platform.calls().iter().map(|call| call.at).collect::<Vec<Duration>>()
    };
    assert_eq!(times(), times());
    assert_eq!(times().len(), 5);
}
