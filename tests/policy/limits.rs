//! Permits: who holds them, for how long, and that nothing waits for ever.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::time::Duration;

use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, ErrorKind, Phase, Request, Session, Timeout};
use futures_util::future::{join, join_all};

use crate::{once, secs, session};

/// Larger than what the engine takes in unasked.
const LARGE: usize = 300 * 1024;

fn urls(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("https://a.example/{n}")).collect()
}

/// Sends everything, waits for all heads, and reads the bodies only then.
async fn read_afterwards(session: &impl Session, urls: Vec<String>) -> Vec<dualfetch::Result<String>> {
    let responses = join_all(urls.into_iter().map(|url| session.get(url).send())).await;
    join_all(responses.into_iter().map(|response| async { response?.text().await })).await
}

#[test]
fn limits_hold_and_are_used() {
    let (platform, session) = session(Config::new().limit(10).limit_per_host(3));
    platform.on_every(|_: &Request| Reply::ok("page").after(secs(1)));
    let urls = (0..200).map(|n| format!("https://host{}.example/{n}", n % 4));
    let answers = platform.run(join_all(urls.map(|url| session.get(url).send())));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(platform.peak(), 10);
    assert_eq!(platform.peak_at("https://host0.example"), 3);
    assert_eq!(platform.elapsed(), secs(20));
}

#[test]
fn small_bodies_read_only_afterwards_hold_nobody_up() {
    let (platform, session) = session(Config::new().limit(10));
    platform.on_every(|_: &Request| Reply::ok("small"));
    let bodies = platform.run(read_afterwards(&session, urls(1_000)));
    assert!(bodies.into_iter().all(|body| body.is_ok_and(|text| text == "small")));
    assert!(platform.peak() <= 10);
}

#[test]
fn small_bodies_that_come_late_and_undeclared_hold_nobody_up() {
    let (platform, session) = session(Config::new().limit(10));
    platform
        .on_every(|_: &Request| Reply::ok("sm").pause(secs(1)).then("a").pause(secs(1)).then("ll").chunked());
    let bodies = platform.run(read_afterwards(&session, urls(1_000)));
    assert!(bodies.into_iter().all(|body| body.is_ok_and(|text| text == "small")));
    assert!(platform.peak() <= 10);
}

#[test]
fn large_unread_bodies_lose_their_permits_when_their_time_is_over() {
    let (platform, session) = session(Config::new().limit(10).timeout(Timeout::new().total(secs(30))));
    platform.on_every(|_: &Request| Reply::ok(vec![0; LARGE]).pause(secs(1)).then("end"));
    let bodies = platform.run(async {
        let responses = join_all(urls(100).into_iter().map(|url| session.get(url).send())).await;
        join_all(responses.into_iter().map(|response| async { response?.bytes().await })).await
    });
    let (read, timed_out): (Vec<_>, Vec<_>) = bodies.into_iter().partition(Result::is_ok);
    assert_eq!((read.len(), timed_out.len()), (10, 90), "the last ten can still be read");
    assert!(timed_out.into_iter().all(|body| body.unwrap_err().phase() == Some(Phase::Total)));
    assert!(platform.peak() <= 10, "a permit taken back ends its transfer");
    assert_eq!(platform.elapsed(), secs(9 * 30 + 1));
}

#[test]
fn one_host_s_unread_bodies_do_not_hold_up_another() {
    let (platform, session) = session(Config::new().limit(100).limit_per_host(2));
    platform.on_every(|_: &Request| Reply::ok(vec![0; LARGE]));
    platform.run(async {
        let _held = join_all(urls(2).into_iter().map(|url| session.get(url).send())).await;
        session.get("https://b.example/").await.expect("another host has room");
    });
    assert_eq!(platform.elapsed(), secs(0));
}

#[test]
fn a_body_of_no_bytes_holds_no_permit() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on("https://a.example/204", Reply::status(204));
    platform.on("https://a.example/", Reply::ok(""));
    platform.run(async {
        let _empty = session.get("https://a.example/204").await.expect("an answer");
        let _also_empty = session.get("https://a.example/").await.expect("an answer");
        assert_eq!(session.figures().in_flight, 0);
    });
}

#[test]
fn dropping_a_response_gives_its_permit_back_and_ends_the_transfer() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::ok(vec![0; LARGE]).stall());
    platform.run(async {
        let response = session.get("https://a.example/").await.expect("an answer");
        assert_eq!((session.figures().in_flight, platform.open()), (1, 1));
        drop(response);
        assert_eq!((session.figures().in_flight, platform.open()), (0, 0));
        session.get("https://a.example/").await.expect("the permit is free");
    });
}

#[test]
fn dropping_a_send_gives_its_permit_or_its_place_back() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::hangs());
    platform.run(async {
        let mut sending = Box::pin(session.get("https://a.example/").send());
        let mut waiting = Box::pin(session.get("https://a.example/").send());
        assert!(once(&mut sending).await);
        assert!(once(&mut waiting).await);
        let figures = session.figures();
        assert_eq!((figures.in_flight, figures.waiting, figures.hosts.len()), (1, 1, 1));
        drop(waiting);
        drop(sending);
        let figures = session.figures();
        assert_eq!((figures.in_flight, figures.waiting, figures.hosts.len()), (0, 0, 0));
        assert_eq!(platform.open(), 0);
    });
}

#[test]
fn a_body_that_fails_gives_its_permit_back() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| {
        Reply::ok(vec![0; LARGE]).pause(secs(1)).fail(ErrorKind::Disconnected).chunked()
    });
    platform.run(async {
        let mut response = session.get("https://a.example/").await.expect("an answer");
        let error = loop {
            match response.chunk().await {
                Ok(chunk) => assert!(chunk.is_some(), "no end before the failure"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.code(), "disconnected");
        assert_eq!(error.url().map(|url| url.as_str()), Some("https://a.example/"));
        assert_eq!(session.figures().in_flight, 0);
    });
}

#[test]
fn redirects_across_hosts_at_limit_one_do_not_deadlock() {
    let (platform, session) = session(Config::new().limit(1).limit_per_host(1));
    platform.on_every(|request: &Request| match request.url().origin().as_ref() {
        "https://a.example" => Reply::redirect(302, "https://b.example/").after(secs(1)),
        "https://b.example" => Reply::redirect(302, "https://c.example/").after(secs(1)),
        _ => Reply::ok("there").after(secs(1)),
    });
    let answers = platform.run(join_all(urls(5).into_iter().map(|url| session.get(url).send())));
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|response| response.history().len() == 2)));
    assert_eq!(platform.peak(), 1);
}

#[test]
fn a_higher_priority_overtakes_at_its_host() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::ok("x").after(secs(1)));
    let (_, urgent) = platform.run(join(
        join_all(urls(3).into_iter().map(|url| session.get(url).send())),
        session.get("https://a.example/urgent").priority(1).send(),
    ));
    assert!(urgent.is_ok());
    let order: Vec<_> = platform.calls().into_iter().map(|call| call.url).collect();
    assert_eq!(order[1], "https://a.example/urgent", "{order:?}");
}

#[test]
fn hosts_take_turns_so_a_long_line_at_one_does_not_hold_up_the_others() {
    let (platform, session) = session(Config::new().limit(2));
    platform.on_every(|_: &Request| Reply::ok("x").after(secs(1)));
    let crowd = join_all((0..100).map(|n| session.get(format!("https://crowd.example/{n}")).send()));
    let late = async {
        session.get("https://late.example/").await.expect("an answer");
        platform.elapsed()
    };
    let (_, served_at) = platform.run(join(crowd, late));
    assert!(served_at <= secs(3), "{served_at:?}");
}

#[test]
fn one_hanging_request_costs_no_small_unread_body() {
    let (platform, session) = session(Config::new().limit(10));
    platform.on("https://hang.example/", Reply::hangs());
    platform.on_every(|_: &Request| Reply::ok("sm").pause(Duration::from_millis(50)).then("all").chunked());
    let bodies = platform.run(async {
        let urls = (0..100)
            .map(|n| if n == 3 { "https://hang.example/".into() } else { format!("https://a.example/{n}") });
        let rs = join_all(urls.map(|u| session.get(u).send())).await;
        join_all(rs.into_iter().map(|r| async { r?.text().await })).await
    });
    let failed = bodies.iter().filter(|b| b.is_err()).count();
    assert_eq!(
        failed,
        1,
        "only the hanging one; took {:?}; {:?}",
        platform.elapsed(),
        bodies.iter().filter_map(|b| b.as_ref().err()).nth(1)
    );
}

#[test]
fn one_long_stream_costs_no_small_unread_body() {
    let (platform, session) = session(Config::new().limit(2));
    platform.on(
        "https://long.example/",
        (0..1000).fold(Reply::status(200).chunked(), |r, _| r.pause(secs(1)).then("x")),
    );
    platform.on_every(|_: &Request| Reply::ok("sm").pause(Duration::from_millis(50)).then("all").chunked());
    let (_, bodies) = platform.run(join(
        async {
            session.get("https://long.example/").timeout(Timeout::new().total(None)).await?.bytes().await
        },
        async {
            let rs = join_all((0..5).map(|n| session.get(format!("https://a.example/{n}")).send())).await;
            join_all(rs.into_iter().map(|r| async { r?.text().await })).await
        },
    ));
    let failed = bodies.iter().filter(|b| b.is_err()).count();
    assert_eq!(failed, 0);
}

#[test]
fn a_waiter_that_nobody_polls_holds_nobody_up() {
    let (platform, session) = session(Config::new().limit(1).timeout(Timeout::new().total(secs(30))));
    platform.on_every(|_: &Request| Reply::ok(vec![0; 300 * 1024]).stall());
    platform
        .run(async {
            let _a = session.get("https://a.example/1").await.unwrap();
            let mut parked = Box::pin(session.get("https://a.example/2").send());
            assert!(once(&mut parked).await);
            let c = session.get("https://b.example/3").await;
            drop(parked);
            c.map(drop)
        })
        .unwrap();
}

#[test]
fn redirected_requests_keep_their_order_at_the_front() {
    let (platform, session) = session(Config::new().limit(0).limit_per_host(1));
    platform.on_every(|r: &Request| match r.url().host() {
        Some("login.example") => Reply::ok("x").after(secs(10)),
        Some(h) => {
            let n: u64 = h[1..2].parse().unwrap();
            Reply::redirect(302, &format!("https://login.example/{n}")).after(secs(n))
        }
        _ => Reply::status(404),
    });
    platform.run(join_all((1..=5).map(|n| session.get(format!("https://h{n}.example/")).send())));
    let order: Vec<_> = platform
        .calls()
        .into_iter()
        .filter(|c| c.url.contains("login"))
        .map(|c| c.url[c.url.len() - 1..].to_owned())
        .collect();
    assert_eq!(order, ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_request_that_times_out_is_at_its_end_before_a_waiter_starts() {
    let (platform, session) = session(Config::new().limit(1).timeout(Timeout::new().total(secs(30))));
    platform.on_every(|_: &Request| Reply::hangs());
    platform.run(async {
        let mut late = Box::pin(session.get("https://a.example/late").send());
        let mut early = Box::pin(session.get("https://a.example/early").send());
        assert!(once(&mut early).await);
        assert!(once(&mut late).await);
        // Both timers are set for the same moment; the waiter is polled first.
        let (late, early) = join(late, early).await;
        assert!(late.is_err() && early.is_err());
    });
    assert_eq!(platform.peak(), 1);
}
