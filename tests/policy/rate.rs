//! The pace at which requests start.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::time::Duration;

use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Config, ErrorKind, Phase, Request, Retry, Session, Timeout};
use futures_util::future::{join, join_all};

use crate::{once, secs, session};

fn starts(platform: &Scripted) -> Vec<Duration> {
    platform.calls().into_iter().map(|call| call.at).collect()
}

fn every(interval: Duration, count: u32) -> Vec<Duration> {
    (0..count).map(|n| interval * n).collect()
}

#[test]
fn requests_start_evenly_spaced_whatever_their_host_and_their_length() {
    let (platform, session) = session(Config::new().rate(2, secs(1)));
    platform.on_every(|request: &Request| Reply::ok("x").after(secs(request.url().path().len() as u64)));
    let urls = (0..20).map(|n| format!("https://h{}.example/{}", n % 3, "a".repeat(n % 7)));
    platform.run(join_all(urls.map(|url| session.get(url).send())));
    assert_eq!(starts(&platform), every(Duration::from_millis(500), 20));
}

#[test]
fn the_limit_holds_beside_the_rate_and_idle_time_is_not_made_up_for() {
    let (platform, session) = session(Config::new().limit(1).rate(1, secs(1)));
    platform.on_every(|_: &Request| Reply::ok("x").after(secs(5)));
    platform.run(async {
        let send = |n| session.get(format!("https://a.example/{n}")).send();
        join_all((0..3).map(send)).await;
        platform.sleep(secs(85)).await;
        join_all((0..2).map(send)).await;
    });
    assert_eq!(starts(&platform), [0, 5, 10, 100, 105].map(secs));
}

#[test]
fn retries_and_redirects_count() {
    let (platform, session) = session(Config::new().rate(1, secs(10)).retry(Retry::standard().attempts(2)));
    platform.on("https://a.example/moved", Reply::redirect(302, "https://a.example/here"));
    platform.on("https://b.example/", Reply::status(503).header("retry-after", "0"));
    platform.on_every(|_: &Request| Reply::ok("x"));
    platform.run(async {
        session.get("https://a.example/moved").await.expect("an answer");
        session.get("https://b.example/").await.expect("an answer");
        session.get("https://c.example/").await.expect("an answer");
    });
    assert_eq!(starts(&platform), [0, 0, 20, 30, 40].map(secs));
}

#[test]
fn waiting_for_the_rate_is_waiting_in_line() {
    let timeout = Timeout::new().total(secs(3)).queue(secs(15));
    let (platform, session) = session(Config::new().rate(1, secs(10)).timeout(timeout));
    platform.on_every(|_: &Request| Reply::ok("x").after(secs(2)));
    let sent = platform.run(join_all((0..3).map(|_| session.get("https://a.example/").send())));
    let phases: Vec<_> = sent.into_iter().map(|sent| sent.err().and_then(|error| error.phase())).collect();
    assert_eq!(phases, [None, None, Some(Phase::Queue)]);
}

#[test]
fn who_gives_up_waiting_uses_no_start() {
    let (platform, session) = session(Config::new().rate(1, secs(10)));
    platform.on_every(|_: &Request| Reply::ok("x"));
    platform.run(async {
        let mut first = Box::pin(session.get("https://a.example/").send());
        assert!(!once(&mut first).await || first.await.is_ok());
        let mut gone = Box::pin(session.get("https://a.example/").send());
        assert!(once(&mut gone).await);
        let kept = session.get("https://b.example/").send();
        let (kept, ()) = join(kept, async move { drop(gone) }).await;
        kept.expect("an answer");
    });
    assert_eq!(starts(&platform), [0, 10].map(secs));
}

#[test]
fn who_comes_while_a_waiter_without_room_keeps_watch_starts_on_time() {
    let (platform, session) = session(Config::new().limit_per_host(1).rate(1, secs(1)));
    platform.on("https://slow.example/", Reply::ok("x").after(secs(60)));
    platform.on("https://a.example/", Reply::ok("x"));
    let send = |url| session.get(url).send();
    let slow = join(send("https://slow.example/"), send("https://slow.example/"));
    let ((first, second), ()) = platform.run(join(slow, async {
        platform.sleep(Duration::from_millis(100)).await;
        send("https://a.example/").await.expect("an answer");
    }));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(starts(&platform), [0, 1, 60].map(secs));
}

#[test]
fn a_rate_of_nothing_is_refused() {
    for config in [Config::new().rate(0, secs(1)), Config::new().rate(1, Duration::ZERO)] {
        let error = dualfetch::Client::with_backend(config, Scripted::new(1)).expect_err("no rate");
        assert_eq!(*error.kind(), ErrorKind::InvalidOption { option: "rate" });
    }
}
