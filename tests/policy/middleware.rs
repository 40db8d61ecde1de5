//! Middleware: where it stands, what it sees, and what it may do.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dualfetch::maybe::BoxFuture;
use dualfetch::middleware::{self, AuthRefresh, Middleware, Next, Refresh, SetHeaders};
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{
    Client, Config, ErrorKind, HeaderName, HeaderValue, Phase, Request, Response, Result, Retry, Session,
    Timeout,
};
use futures_util::future::join_all;

use crate::{secs, session};

const URL: &str = "https://a.example/";

fn url() -> dualfetch::Url {
    dualfetch::Url::parse(URL).expect("a URL")
}

/// Notes its name, what it saw of the request, and the status of the answer.
#[derive(Clone)]
struct Noting(&'static str, Arc<Mutex<Vec<String>>>);

impl Noting {
    fn note(&self, what: impl std::fmt::Display) {
        self.1.lock().expect("no panic").push(format!("{} {what}", self.0));
    }
}

impl Middleware for Noting {
    fn handle<'a>(&'a self, request: Request, mut next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            self.note(format_args!("> {}", request.url().path()));
            let response = next.run(request).await?;
            self.note(format_args!("< {}", response.status().as_u16()));
            Ok(response)
        })
    }
}

#[test]
fn around_the_call_once_and_around_each_attempt_at_each_hop() {
    let log = Arc::<Mutex<Vec<String>>>::default();
    let noting = |name| Noting(name, Arc::clone(&log));
    let config =
        Config::new().retry(Retry::standard()).middleware(noting("call")).hop_middleware(noting("hop"));
    let (platform, session) = session(config);
    platform.on(URL, Reply::redirect(302, "/b"));
    platform.on("https://a.example/b", Reply::status(503));
    platform.on("https://a.example/b", Reply::ok("x"));
    let get = session.get(URL).middleware(noting("own call")).hop_middleware(noting("own hop"));
    let response = platform.run(get.send()).expect("an answer");
    assert_eq!((response.history().len(), response.attempts()), (1, 2));
    assert_eq!(
        *log.lock().expect("no panic"),
        [
            "call > /",
            "own call > /",
            "hop > /",
            "own hop > /",
            "own hop < 302",
            "hop < 302",
            "hop > /b",
            "own hop > /b",
            "own hop < 503",
            "hop < 503",
            "hop > /b",
            "own hop > /b",
            "own hop < 200",
            "hop < 200",
            "own call < 200",
            "call < 200",
        ]
    );
}

#[test]
fn an_attempt_s_middleware_sees_what_is_sent_and_may_change_it() {
    let (platform, session) =
        session(Config::new().header("x-session", "1").hop_middleware(SetHeaders::new(|request| {
            let seen = request.headers().keys().map(HeaderName::as_str).collect::<Vec<_>>().join(" ");
            Ok(vec![(HeaderName::from_static("x-seen"), HeaderValue::try_from(seen).expect("a value"))])
        })));
    platform.on(URL, Reply::ok("x"));
    platform.run(session.get(URL).header("x-own", "2").send()).expect("an answer");
    let seen = platform.calls()[0].headers["x-seen"].to_str().expect("text").to_owned();
    for name in ["accept", "user-agent", "x-session", "x-own"] {
        assert!(seen.split(' ').any(|seen| seen == name), "{seen}");
    }
}

#[test]
fn a_middleware_may_answer_by_itself_or_fail_the_call() {
    let made = middleware::from_fn(|_, _| {
        Box::pin(async {
            Response::try_from(
                http::Response::builder().status(418).extension(url()).body("made").expect("sound"),
            )
        })
    });
    fn hop_fails(_: Request, _: Next<'_>) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async { Err(ErrorKind::Protocol.into()) })
    }
    let (platform, session) = session(Config::new());
    let text = platform.run(async {
        let response = session.get(URL).middleware(made).await?;
        assert_eq!(response.status(), 418);
        response.text().await
    });
    assert_eq!(text.expect("an answer"), "made");
    let error = platform.run(session.get(URL).hop_middleware(middleware::from_fn(hop_fails)).send());
    let error = error.expect_err("failed");
    assert_eq!((error.code(), error.url().map(|url| url.as_str())), ("protocol", Some(URL)));
    assert!(platform.calls().is_empty());
    assert_eq!(session.figures().in_flight, 0);
}

#[test]
fn what_an_attempt_s_middleware_makes_is_checked_before_it_is_sent() {
    let set = |name: &'static str, value: &'static str| {
        SetHeaders::new(move |_: &Request| {
            Ok(vec![(HeaderName::from_static(name), HeaderValue::from_static(value))])
        })
    };
    let elsewhere = middleware::from_fn(|_, mut next| {
        Box::pin(async move {
            next.run(Request::builder(dualfetch::Method::GET, "ftp://a.example/").build()?).await
        })
    });
    let (platform, session) = session(Config::new());
    let post = || session.post(URL).body("abc");
    for (request, code) in [
        (post().hop_middleware(set("content-length", "2")), "invalid_header"),
        (post().hop_middleware(set("transfer-encoding", "chunked")), "invalid_header"),
        (post().hop_middleware(set("expect", "100-continue")), "unsupported"),
        (post().hop_middleware(elsewhere), "unsupported_scheme"),
    ] {
        assert_eq!(platform.run(request.send()).expect_err(code).code(), code);
    }
    assert!(platform.calls().is_empty());
}

#[test]
fn a_middleware_that_always_fails_is_retried_as_often_as_an_attempt() {
    let count = Arc::new(AtomicUsize::new(0));
    let tried = Arc::clone(&count);
    let failing = middleware::from_fn(move |_, _| {
        tried.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Err(ErrorKind::Connect.into()) })
    });
    let (platform, session) =
        session(Config::new().retry(Retry::standard().attempts(4)).hop_middleware(failing));
    let error = platform.run(session.get(URL).send()).expect_err("it fails");
    assert_eq!((error.code(), error.attempts(), count.load(Ordering::Relaxed)), ("connect", 0, 4));
    assert!(platform.calls().is_empty());
}

#[test]
fn a_response_made_by_an_attempt_s_middleware_is_read_like_any_other() {
    let made = middleware::from_fn(|_, _| {
        Box::pin(async {
            let made = http::Response::builder()
                .extension(url())
                .header("content-type", "text/html; charset=windows-1252");
            Response::try_from(made.body(b"gr\xfc\xdf".to_vec()).expect("sound"))
        })
    });
    let (platform, session) = session(Config::new().hop_middleware(made));
    let text = platform.run(async { session.get(URL).await?.text().await });
    assert_eq!(text.expect("an answer"), "grüß");
    assert!(platform.calls().is_empty());
}

#[test]
fn the_call_s_middleware_may_use_a_session_of_one_permit() {
    let (platform, inner) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::ok(vec![0; 100_000]));
    let again = inner.clone();
    let outer = inner
        .extend(|config| {
            config.middleware(middleware::from_fn(move |request, mut next| {
                let session = again.clone();
                Box::pin(async move {
                    session.get("https://b.example/token").await?.bytes().await?;
                    next.run(request).await
                })
            }))
        })
        .expect("sound settings");
    let bodies = platform.run(join_all((0..3).map(|_| async { outer.get(URL).await?.bytes().await })));
    assert!(bodies.iter().all(Result::is_ok));
    assert_eq!((platform.calls().len(), platform.peak()), (6, 1));
}

#[test]
fn running_on_twice_asks_twice_and_keeps_one_permit() {
    let twice = middleware::from_fn(|request, mut next| {
        Box::pin(async move {
            drop(next.run(request.clone()).await?);
            next.run(request).await
        })
    });
    for place in ["call", "hop"] {
        let (platform, session) = session(Config::new().limit(1));
        platform.on(URL, Reply::ok("one"));
        platform.on(URL, Reply::ok("two"));
        let twice = twice.clone();
        let get = session.get(URL);
        let get = if place == "call" { get.middleware(twice) } else { get.hop_middleware(twice) };
        let text = platform.run(async { get.await?.text().await });
        assert_eq!((text.expect("an answer").as_str(), platform.calls().len()), ("two", 2), "{place}");
        assert_eq!(session.figures().in_flight, 0);
    }
}

#[test]
fn the_wall_clock_runs_for_middleware_too() {
    let (platform, session) = session(Config::new().timeout(Timeout::new().wall(secs(5))));
    platform.on(URL, Reply::ok("x"));
    let waits = platform.clone();
    let slow = middleware::from_fn(move |request, mut next| {
        let pause = waits.sleep(secs(7));
        Box::pin(async move {
            pause.await;
            next.run(request).await
        })
    });
    let error = platform.run(session.get(URL).middleware(slow).send()).expect_err("too slow");
    assert_eq!((error.phase(), platform.elapsed()), (Some(Phase::Wall), secs(5)));
    assert!(platform.calls().is_empty());
}

#[test]
fn a_dropped_call_drops_its_middleware() {
    struct Held(Arc<AtomicUsize>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::hangs());
    let count = Arc::clone(&dropped);
    let holding = middleware::from_fn(move |request, mut next| {
        let held = Held(Arc::clone(&count));
        Box::pin(async move {
            let response = next.run(request).await;
            drop(held);
            response
        })
    });
    platform.run(async {
        let mut sending = Box::pin(session.get(URL).middleware(holding).send());
        assert!(crate::once(&mut sending).await);
        assert_eq!(session.figures().in_flight, 1);
        drop(sending);
    });
    assert_eq!((dropped.load(Ordering::Relaxed), session.figures().in_flight, platform.open()), (1, 0, 0));
}

#[test]
fn an_attempt_s_middleware_is_bounded_by_total_and_wall() {
    let sleeps = |platform: &Scripted| {
        let platform = platform.clone();
        middleware::from_fn(move |request, mut next| {
            let platform = platform.clone();
            Box::pin(async move {
                let response = next.run(request).await;
                platform.sleep(secs(3_600)).await;
                response
            })
        })
    };
    let bounds = [
        (Timeout::new().total(secs(5)).wall(secs(10)), Phase::Total, 5),
        (Timeout::new().total(None).wall(secs(10)), Phase::Wall, 10),
    ];
    for (timeout, phase, after) in bounds {
        let (platform, session) = session(Config::new().limit(1).timeout(timeout));
        platform.on(URL, Reply::ok("x"));
        let slow = sleeps(&platform);
        let error = platform.run(session.get(URL).hop_middleware(slow).send()).expect_err("too slow");
        assert_eq!((error.phase(), platform.elapsed()), (Some(phase), secs(after)));
        assert_eq!((session.figures().in_flight, platform.open()), (0, 0));
    }
}

#[test]
fn a_body_that_an_attempt_s_middleware_reads_is_bounded_too() {
    let reading = || {
        middleware::from_fn(|request, mut next| {
            Box::pin(async move {
                let response = next.run(request).await?;
                let made = http::Response::builder().extension(url()).body(response.bytes().await?);
                Response::try_from(made.expect("sound"))
            })
        })
    };
    let (platform, session) = session(Config::new().limit(1).timeout(secs(5)));
    platform.on(URL, Reply::ok("some").stall());
    let error = platform.run(session.get(URL).hop_middleware(reading()).send()).expect_err("it stalls");
    assert_eq!((error.phase(), platform.elapsed()), (Some(Phase::Total), secs(5)));
    platform.on("https://a.example/large", Reply::ok(vec![0; 5_000]).chunked());
    let get = session.get("https://a.example/large").max_body(1_000).hop_middleware(reading());
    assert_eq!(platform.run(get.send()).expect_err("too large").code(), "body_too_large");
}

#[test]
fn waiting_in_line_does_not_count_for_the_total_of_an_attempt_with_middleware() {
    let plain = || middleware::from_fn(|request, mut next| Box::pin(async move { next.run(request).await }));
    let (platform, session) = session(Config::new().limit(1).timeout(secs(6)).hop_middleware(plain()));
    platform.on_every(|_: &Request| Reply::ok("x").after(secs(5)));
    let all = platform.run(join_all((0..4).map(|_| session.get(URL).send())));
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(platform.elapsed(), secs(20));
}

#[test]
fn the_url_of_a_response_is_the_one_that_was_asked_last() {
    let rewriting = middleware::from_fn(|request, mut next| {
        Box::pin(async move {
            let url = request.url().as_str().replace("a.example", "b.example");
            let there = Request::builder(request.method().clone(), url).build()?;
            next.run(there).await
        })
    });
    let (platform, session) =
        session(Config::new().header("authorization", "Bearer a").hop_middleware(rewriting));
    platform.on("https://b.example/", Reply::redirect(302, "y"));
    platform.on("https://b.example/y", Reply::ok("x"));
    let response = platform.run(session.get(URL).send()).expect("an answer");
    assert_eq!(response.url().as_str(), "https://b.example/y");
    assert_eq!(response.history()[0].url.as_str(), "https://b.example/");
    let calls = platform.calls();
    assert!(calls.iter().all(|call| !call.headers.contains_key("authorization")), "{calls:?}");
}

#[test]
fn raise_for_status_is_judged_outside_the_call_s_middleware() {
    let log = Arc::<Mutex<Vec<String>>>::default();
    let (platform, session) = session(Config::new().raise_for_status(true));
    platform.on(URL, Reply::status(404).then("nothing here"));
    let get = session.get(URL).middleware(Noting("call", Arc::clone(&log)));
    let error = platform.run(get.send()).expect_err("404");
    assert_eq!((error.code(), error.body()), ("status", Some("nothing here")));
    assert_eq!(*log.lock().expect("no panic"), ["call > /", "call < 404"]);
}

#[test]
fn what_the_call_s_middleware_adds_to_the_request_is_heeded() {
    let log = Arc::<Mutex<Vec<String>>>::default();
    let noting = Noting("hop", Arc::clone(&log));
    let adding = middleware::from_fn(move |request, mut next| {
        let noting = noting.clone();
        Box::pin(async move { next.run(request.into_builder().hop_middleware(noting).build()?).await })
    });
    let (platform, session) = session(Config::new().middleware(adding));
    platform.on(URL, Reply::ok("x"));
    platform.run(session.get(URL).send()).expect("an answer");
    assert_eq!(*log.lock().expect("no panic"), ["hop > /", "hop < 200"]);
}

#[test]
fn set_headers_may_be_bound_to_one_origin() {
    let fields = |_: &Request| Ok(vec![(HeaderName::from_static("x-secret"), HeaderValue::from_static("7"))]);
    let bound = SetHeaders::new(fields).only_for(URL).expect("a URL");
    let (platform, session) = session(Config::new().hop_middleware(bound));
    platform.on(URL, Reply::redirect(302, "https://evil.example/"));
    platform.on("https://evil.example/", Reply::ok("x"));
    platform.run(session.get(URL).send()).expect("an answer");
    let sent: Vec<_> = platform.calls().iter().map(|call| call.headers.contains_key("x-secret")).collect();
    assert_eq!(sent, [true, false]);
}

/// Hands out `token-1`, `token-2`, … after a second each.
#[derive(Clone)]
struct Tokens(Scripted, Arc<AtomicUsize>);

impl Refresh for Tokens {
    fn refresh<'a>(&'a self, _: Option<&'a str>) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            self.0.sleep(secs(1)).await;
            Ok(format!("token-{}", self.1.fetch_add(1, Ordering::Relaxed) + 1))
        })
    }
}

fn guarded_by(platform: &Scripted, good: &'static str) {
    platform.on_every(move |request: &Request| {
        match request.headers().get("authorization").is_some_and(|value| value == good) {
            true => Reply::ok("welcome"),
            false => Reply::status(401),
        }
    });
}

fn refreshing(platform: &Scripted) -> (Client<Scripted>, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let refresh = AuthRefresh::new(URL, Tokens(platform.clone(), Arc::clone(&asked))).expect("a URL");
    let config = Config::new().limit(2).middleware(refresh.token("token-0"));
    (Client::with_backend(config, platform.clone()).expect("sound settings"), asked)
}

#[test]
fn many_that_are_refused_wait_for_one_new_token() {
    let platform = Scripted::new(1);
    guarded_by(&platform, "Bearer token-1");
    let (session, asked) = refreshing(&platform);
    let statuses = platform.run(join_all(
        (0..10).map(|_| async { session.get(URL).await.map(|response| response.status().as_u16()) }),
    ));
    assert!(statuses.iter().all(|status| matches!(status, Ok(200))), "{statuses:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn a_token_goes_to_its_origin_alone_and_never_over_one_s_own() {
    let platform = Scripted::new(1);
    guarded_by(&platform, "Bearer token-1");
    let (session, asked) = refreshing(&platform);
    platform.run(session.get("https://b.example/").send()).expect("an answer");
    platform.run(session.get(URL).bearer_auth("mine").send()).expect("an answer");
    let sent: Vec<_> =
        platform.calls().iter().map(|call| call.headers.get("authorization").cloned()).collect();
    assert_eq!(sent, [None, Some(HeaderValue::from_static("Bearer mine"))]);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[test]
fn a_second_refusal_is_the_answer() {
    let platform = Scripted::new(1);
    guarded_by(&platform, "Bearer never");
    let (session, asked) = refreshing(&platform);
    let response = platform.run(session.get(URL).send()).expect("an answer");
    assert_eq!(
        (response.status().as_u16(), platform.calls().len(), asked.load(Ordering::Relaxed)),
        (401, 2, 1)
    );
}

#[test]
fn a_stream_that_was_sent_is_not_sent_again_with_a_new_token() {
    let platform = Scripted::new(1);
    guarded_by(&platform, "Bearer token-1");
    let (session, _) = refreshing(&platform);
    let body = dualfetch::Body::stream(futures_util::stream::iter([Ok::<_, std::io::Error>("x")]));
    let response = platform.run(session.post(URL).body(body).send()).expect("an answer");
    assert_eq!((response.status().as_u16(), platform.calls().len()), (401, 1));
    assert_eq!(
        platform.run(session.get(URL).send()).expect("an answer").status(),
        200,
        "the next has the new one"
    );
}

#[test]
fn an_extended_session_changes_defaults_and_shares_limits_and_end() {
    let (platform, session) = session(Config::new().limit(1).header("x-a", "1").header("x-b", "1"));
    platform.on_every(|_: &Request| Reply::ok(vec![0; 100_000]));
    let other =
        session.extend(|config| config.header("x-a", "2").user_agent("me/1")).expect("sound settings");
    platform.run(async {
        let held = other.get(URL).await.expect("an answer");
        let mut waiting = Box::pin(session.get(URL).send());
        assert!(crate::once(&mut waiting).await, "one permit for both");
        drop(held);
        waiting.await.expect("an answer");
    });
    let sent =
        |name: &str| platform.calls().iter().map(|call| call.headers[name].clone()).collect::<Vec<_>>();
    assert_eq!(
        (sent("x-a"), sent("x-b")),
        (vec!["2".parse().unwrap(), "1".parse().unwrap()], vec![HeaderValue::from_static("1"); 2])
    );
    assert_eq!(sent("user-agent")[0], "me/1");

    for (config, option) in [
        (session.extend(|config| config.limit(2)), "limit"),
        (session.extend(|config| config.limit_per_host(2)), "limit_per_host"),
        (session.extend(|config| config.rate(1, secs(1))), "rate"),
    ] {
        assert_eq!(*config.expect_err("shared").kind(), ErrorKind::InvalidOption { option });
    }
    drop(other.close());
    assert!(session.is_closed());
}

#[test]
fn a_refresh_may_ask_the_same_origin_by_the_same_session() {
    #[derive(Clone, Default)]
    struct Asking(Arc<Mutex<Option<Client<Scripted>>>>);
    impl Refresh for Asking {
        fn refresh<'a>(&'a self, _: Option<&'a str>) -> BoxFuture<'a, Result<String>> {
            let session = self.0.lock().expect("no panic").clone().expect("it is there");
            Box::pin(async move { session.post("https://a.example/token").await?.text().await })
        }
    }
    let asking = Asking::default();
    let refresh = AuthRefresh::new(URL, asking.clone()).expect("a URL");
    let (platform, session) = session(Config::new().limit(1).raise_for_status(true).middleware(refresh));
    *asking.0.lock().expect("no panic") = Some(session.clone());
    platform.on_every(|request: &Request| match request.url().path() {
        "/token" => Reply::ok("token-1"),
        _ if request.headers().get("authorization").is_some_and(|value| value == "Bearer token-1") => {
            Reply::ok("in")
        }
        _ => Reply::status(401),
    });
    let texts = platform.run(join_all((0..5).map(|_| async { session.get(URL).await?.text().await })));
    assert!(texts.iter().all(|text| matches!(text, Ok(text) if text == "in")), "{texts:?}");
    let asked = platform.calls().iter().filter(|call| call.url.ends_with("/token")).count();
    assert_eq!(asked, 1);
}

#[test]
fn a_refusal_after_another_origin_is_none_of_the_token() {
    let platform = Scripted::new(1);
    let (session, asked) = refreshing(&platform);
    platform.on(URL, Reply::redirect(302, "https://b.example/"));
    platform.on("https://b.example/", Reply::redirect(302, "https://a.example/back"));
    platform.on("https://a.example/back", Reply::status(401));
    let response = platform.run(session.get(URL).send()).expect("an answer");
    assert_eq!((response.status().as_u16(), asked.load(Ordering::Relaxed)), (401, 0));
}

#[test]
fn a_refresh_that_fails_fails_all_that_waited_for_it_once() {
    struct Failing(Scripted, Arc<AtomicUsize>);
    impl Refresh for Failing {
        fn refresh<'a>(&'a self, _: Option<&'a str>) -> BoxFuture<'a, Result<String>> {
            Box::pin(async move {
                self.1.fetch_add(1, Ordering::Relaxed);
                self.0.sleep(secs(10)).await;
                Err(dualfetch::Error::new(ErrorKind::Connect).with_message("the issuer is away"))
            })
        }
    }
    let (platform, asked) = (Scripted::new(1), Arc::new(AtomicUsize::new(0)));
    let refresh = AuthRefresh::new(URL, Failing(platform.clone(), Arc::clone(&asked))).expect("a URL");
    let session =
        Client::with_backend(Config::new().middleware(refresh), platform.clone()).expect("sound settings");
    let all = platform.run(join_all((0..20).map(|_| session.get(URL).send())));
    assert!(
        all.iter().all(|result| {
            result.as_ref().is_err_and(|error| error.message() == Some("the issuer is away"))
        })
    );
    assert_eq!((asked.load(Ordering::Relaxed), platform.elapsed()), (1, secs(10)));
    platform.run(session.get(URL).send()).expect_err("away");
    assert_eq!(asked.load(Ordering::Relaxed), 2, "the next one asks anew");
}

#[test]
fn an_extension_to_another_base_takes_no_credentials_along() {
    let config = Config::new().base_url("https://a.example/").bearer_auth("of-a").header("x-kept", "1");
    let (platform, session) = session(config);
    platform.on_every(|_: &Request| Reply::ok("x"));
    let moved = session.extend(|config| config.base_url("https://b.example/")).expect("sound settings");
    let own = session.extend(|config| config.base_url("https://b.example/").bearer_auth("of-b"));
    platform.run(moved.get("x").send()).expect("an answer");
    platform.run(own.expect("sound settings").get("x").send()).expect("an answer");
    let sent: Vec<_> =
        platform.calls().iter().map(|call| call.headers.get("authorization").cloned()).collect();
    assert_eq!(sent, [None, Some(HeaderValue::from_static("Bearer of-b"))]);
    assert!(platform.calls().iter().all(|call| call.headers["x-kept"] == "1"));
}

#[test]
fn a_request_that_middleware_makes_falls_back_to_its_caller_s_options() {
    use dualfetch::SafeMode;

    let inward = || {
        middleware::from_fn(|_, mut next| {
            Box::pin(async move {
                next.run(Request::builder(dualfetch::Method::GET, "http://10.0.0.1/").build()?).await
            })
        })
    };
    let (of_session, safe) = session(Config::new().safe_mode(SafeMode::new()));
    let (of_request, open) = session(Config::new());
    for (platform, request) in [
        (&of_session, safe.get(URL).hop_middleware(inward())),
        (&of_session, safe.get(URL).middleware(inward())),
        (&of_request, open.get(URL).safe_mode(SafeMode::new()).hop_middleware(inward())),
        (&of_request, open.get(URL).safe_mode(SafeMode::new()).middleware(inward())),
    ] {
        assert_eq!(platform.run(request.send()).expect_err("denied").code(), "denied");
    }
    assert!(of_session.calls().is_empty() && of_request.calls().is_empty());
    of_request.on_every(|_: &Request| Reply::ok("x"));
    let elsewhere =
        of_request.run(open.get(URL).hop_middleware(inward()).send()).expect("nothing is in its way");
    assert_eq!(elsewhere.url().as_str(), "http://10.0.0.1/");
}
