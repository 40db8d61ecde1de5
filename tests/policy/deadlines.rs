//! Timeouts: each phase has its own, and the error says which ran out.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::time::Duration;

use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, Error, Phase, Request, Response, Retry, Session, Timeout};
use futures_util::future::{join, join_all};

use crate::{once, secs, session};

const URL: &str = "https://a.example/";

/// What one request under this timeout comes to, body included, and when.
fn outcome(timeout: Timeout, reply: Reply) -> (Result<usize, Option<Phase>>, Duration) {
    let (platform, session) = session(Config::new().timeout(timeout));
    platform.on(URL, reply);
    let read = platform.run(async { session.get(URL).await?.bytes().await });
    (read.map(|bytes| bytes.len()).map_err(|error: Error| error.phase()), platform.elapsed())
}

#[test]
fn the_default_total_is_five_minutes() {
    assert_eq!(outcome(Timeout::new(), Reply::hangs()), (Err(Some(Phase::Total)), secs(300)));
}

#[test]
fn connecting_is_bounded_at_thirty_seconds() {
    let slow = Reply::ok("x").connecting(secs(31));
    assert_eq!(outcome(Timeout::new(), slow), (Err(Some(Phase::Connect)), secs(30)));
}

#[test]
fn the_head_s_time_starts_when_the_connection_stands() {
    let timeout = Timeout::new().headers(secs(5));
    let slow_connection = Reply::ok("x").connecting(secs(20)).after(secs(4));
    assert_eq!(outcome(timeout, slow_connection), (Ok(1), secs(24)));
    let slow_head = Reply::ok("x").connecting(secs(20)).after(secs(6));
    assert_eq!(outcome(timeout, slow_head), (Err(Some(Phase::Headers)), secs(25)));
    assert_eq!(outcome(timeout, Reply::hangs()), (Err(Some(Phase::Headers)), secs(5)));
}

#[test]
fn the_read_timeout_bounds_each_gap_and_not_their_sum() {
    let timeout = Timeout::new().read(secs(5));
    let patient = Reply::ok("a").pause(secs(4)).then("b").pause(secs(4)).then("c");
    assert_eq!(outcome(timeout, patient), (Ok(3), secs(8)));
    let gap = Reply::ok("a").pause(secs(4)).then("b").pause(secs(6)).then("c");
    assert_eq!(outcome(timeout, gap), (Err(Some(Phase::Read)), secs(9)));
}

#[test]
fn the_total_covers_head_and_body() {
    let timeout = Timeout::new().total(secs(10));
    let slow = Reply::ok("a").after(secs(6)).pause(secs(6)).then("b");
    assert_eq!(outcome(timeout, slow), (Err(Some(Phase::Total)), secs(10)));
}

#[test]
fn no_bound_at_all_waits_as_long_as_it_takes() {
    let day = secs(24 * 60 * 60);
    let timeout = Timeout::new().total(None).connect(None);
    assert_eq!(outcome(timeout, Reply::ok("x").connecting(day).after(day)), (Ok(1), day * 2));
}

#[test]
fn a_timeout_past_the_end_of_time_is_none() {
    let timeout = Timeout::new().total(Duration::MAX).wall(Duration::MAX).headers(Duration::MAX);
    assert_eq!(outcome(timeout, Reply::ok("x").after(secs(1))), (Ok(1), secs(1)));
}

/// Ten requests of ten seconds each, one at a time.
fn in_line(timeout: Timeout) -> Vec<Result<Response, Error>> {
    let (platform, session) = session(Config::new().limit(1).timeout(timeout));
    platform.on_every(|_: &Request| Reply::ok("x").after(secs(10)));
    platform.run(join_all((0..10).map(|_| session.get(URL).send())))
}

#[test]
fn waiting_in_line_does_not_use_up_the_total() {
    let answers = in_line(Timeout::new().total(secs(15)));
    assert!(answers.iter().all(Result::is_ok));
}

#[test]
fn the_queue_timeout_bounds_the_wait_alone() {
    let answers = in_line(Timeout::new().queue(secs(35)));
    let phases: Vec<_> = answers.iter().map(|answer| answer.as_ref().err().and_then(Error::phase)).collect();
    let (served, late) = phases.split_at(4);
    assert!(served.iter().all(Option::is_none), "{phases:?}");
    assert!(late.iter().all(|phase| *phase == Some(Phase::Queue)), "{phases:?}");
}

#[test]
fn the_wall_timeout_bounds_waiting_and_fetching_together() {
    let answers = in_line(Timeout::new().wall(secs(35)));
    let phases: Vec<_> = answers.iter().map(|answer| answer.as_ref().err().and_then(Error::phase)).collect();
    assert_eq!(phases.iter().filter(|phase| phase.is_none()).count(), 3, "{phases:?}");
    assert!(phases[3..].iter().all(|phase| *phase == Some(Phase::Wall)), "{phases:?}");
}

#[test]
fn the_total_spans_redirects() {
    let (platform, session) = session(Config::new().timeout(Timeout::new().total(secs(10))));
    platform.on_every(|request: &Request| {
        let next = request.url().path().len();
        Reply::redirect(302, &format!("/{}", "x".repeat(next))).after(secs(4))
    });
    let error = platform.run(session.get(URL).send()).expect_err("no end");
    assert_eq!((error.phase(), error.history().len()), (Some(Phase::Total), 2));
    assert_eq!(platform.elapsed(), secs(10));
}

#[test]
fn a_request_s_timeout_wins_phase_by_phase() {
    let (platform, session) = session(Config::new().timeout(Timeout::new().total(secs(10)).headers(secs(3))));
    platform.on(URL, Reply::hangs());
    let error =
        platform.run(session.get(URL).timeout(Timeout::new().headers(secs(7))).send()).expect_err("hangs");
    assert_eq!((error.phase(), platform.elapsed()), (Some(Phase::Headers), secs(7)));
}

#[test]
fn an_endless_body_that_is_always_ready_runs_into_the_total() {
    let platform = Scripted::new(1);
    let config = Config::new().timeout(Timeout::new().total(secs(10)));
    let session = Client::with_backend(config, platform.clone()).expect("sound settings");
    let endless =
        (0..1_000).fold(Reply::ok("x").chunked(), |reply, _| reply.then(vec![0; 70_000]).pause(secs(1)));
    platform.on(URL, endless);
    let error = platform
        .run(async {
            let mut response = session.get(URL).await?;
            while response.chunk().await?.is_some() {}
            Ok::<_, Error>(())
        })
        .expect_err("it never ends");
    assert_eq!((error.phase(), platform.elapsed()), (Some(Phase::Total), secs(10)));
}

#[test]
fn data_that_came_in_time_may_be_asked_for_late() {
    let (platform, session) = session(Config::new().timeout(Timeout::new().read(secs(5))));
    platform
        .on_every(|_: &Request| Reply::ok("a").pause(secs(1)).then("b").pause(secs(1)).then("c").chunked());
    let out = platform.run(async {
        let mut r = session.get("https://a.example/").await.unwrap();
        assert_eq!(r.chunk().await.unwrap().unwrap(), "a");
        assert!(once(&mut Box::pin(r.chunk())).await);
        platform.sleep(secs(10)).await;
        r.chunk().await
    });
    assert!(out.is_ok(), "{out:?}");
}

#[test]
fn nothing_comes_after_an_error() {
    let (platform, session) = session(Config::new().timeout(Timeout::new().total(secs(5))));
    platform.on_every(|_: &Request| Reply::ok("one").then("two").then("three").stall().chunked());
    let (first, second) = platform.run(async {
        let mut r = session.get("https://a.example/").await.unwrap();
        platform.sleep(secs(10)).await;
        (r.chunk().await, r.chunk().await)
    });
    assert!(first.is_err());
    assert!(!matches!(second, Ok(Some(_))), "after the error: {second:?}");
}

#[test]
fn waiters_take_back_a_permit_when_its_wall_clock_runs_out() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::ok(vec![0; 300 * 1024]).stall());
    let wall = Timeout::new().total(None).wall(secs(10));
    platform
        .run(async {
            let _a = session.get("https://a.example/1").timeout(wall).await.unwrap();
            session.get("https://a.example/2").await.map(drop)
        })
        .unwrap();
    assert_eq!(platform.elapsed(), secs(10));
}

#[test]
fn a_back_off_that_ends_with_the_total_is_not_waited_in_line_for() {
    let config = Config::new().limit(1).retry(Retry::standard()).timeout(Timeout::new().total(secs(5)));
    let (platform, session) = session(config);
    platform.on(URL, Reply::status(503).header("retry-after", "5"));
    platform.on("https://b.example/", Reply::ok("x").after(secs(60)));
    let other = session.get("https://b.example/").timeout(Timeout::new().total(None)).send();
    let (error, _) = platform.run(join(
        async {
            let error = session.get(URL).send().await.expect_err("no time left");
            (error.phase(), platform.elapsed())
        },
        other,
    ));
    assert_eq!(error, (Some(Phase::Total), secs(5)));
}

#[test]
fn a_redirect_that_takes_the_whole_total_is_not_waited_in_line_for() {
    let (platform, session) = session(Config::new().limit_per_host(1));
    platform.on(URL, Reply::redirect(302, "https://b.example/").after(secs(5)));
    platform.on("https://b.example/", Reply::ok("x").after(secs(60)));
    let other = session.get("https://b.example/").send();
    let (error, _) = platform.run(join(
        async {
            let sent = session.get(URL).timeout(Timeout::new().total(secs(5))).send();
            let error = sent.await.expect_err("no time left");
            (error.phase(), platform.elapsed())
        },
        other,
    ));
    assert_eq!(error, (Some(Phase::Total), secs(5)));
}

#[test]
fn what_was_left_unpolled_past_its_deadline_is_not_sent() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::ok("x").after(secs(5)));
    let error = platform.run(async {
        let mut first = Box::pin(session.get("https://b.example/").send());
        assert!(once(&mut first).await);
        let mut parked = Box::pin(session.get(URL).timeout(Timeout::new().wall(secs(7))).send());
        assert!(once(&mut parked).await);
        join(first, platform.sleep(secs(30))).await.0.expect("an answer");
        parked.await.expect_err("granted in time, and polled too late")
    });
    assert_eq!((error.phase(), platform.calls().len()), (Some(Phase::Wall), 1));
}

#[test]
fn a_request_whose_permit_was_taken_back_names_the_deadline_that_passed() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::ok("x").after(secs(5)));
    let error = platform.run(async {
        let mut parked = Box::pin(session.get(URL).timeout(Timeout::new().wall(secs(3))).send());
        assert!(once(&mut parked).await);
        session.get("https://b.example/").await.expect("the permit was taken back");
        parked.await.expect_err("its time was over")
    });
    assert_eq!(error.phase(), Some(Phase::Wall));
    let starts: Vec<_> = platform.calls().iter().map(|call| call.at).collect();
    assert_eq!(starts, [secs(0), Duration::from_millis(3_100)]);
}
