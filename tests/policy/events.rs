//! Events and timing: what is told of a request, in which order, and when.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dualfetch::events::{Event, What};
use dualfetch::platform::scripted::Reply;
use dualfetch::{Body, Config, ErrorKind, Request, Retry, Session, Timing};

use crate::{secs, session};

const URL: &str = "https://a.example/";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(u64, Duration, String)>>>);

impl Log {
    fn observer(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let log = Arc::clone(&self.0);
        move |event| {
            let what = match &event.what {
                What::RequestStart { attempt, .. } => format!("start {attempt} {}", event.url.path()),
                What::ResponseStart { status, elapsed, .. } => {
                    format!("head {} {elapsed:?}", status.as_u16())
                }
                What::Retry { error, .. } => format!("retry {:?}", error.map(dualfetch::Error::code)),
                What::Redirect { status, to } => format!("redirect {} {}", status.as_u16(), to.path()),
                What::Finished { status, elapsed } => format!("finished {} {elapsed:?}", status.as_u16()),
                What::Failed { error } => format!("failed {}", error.code()),
                What::BodyEnd { transfer } => format!("end {}", transfer.decoded),
                other => format!("{other:?}"),
            };
            log.lock().expect("no panic").push((event.call, event.at, what));
        }
    }

    fn whats(&self) -> Vec<String> {
        self.0.lock().expect("no panic").iter().map(|(.., what)| what.clone()).collect()
    }
}

#[test]
fn all_that_happens_to_a_request_is_told_in_its_order() {
    let log = Log::default();
    let (platform, session) = session(Config::new().retry(Retry::standard()).on_event(log.observer()));
    platform.on(URL, Reply::redirect(307, "/b").after(secs(1)));
    platform.on("https://a.example/b", Reply::error(ErrorKind::Disconnected));
    platform.on(
        "https://a.example/b",
        Reply::ok("abc").connecting(secs(2)).after(secs(1)).pause(secs(1)).then("de"),
    );
    let body = platform.run(async { session.put(URL).body("xy").await?.bytes().await });
    assert_eq!(body.expect("an answer"), "abcde");
    let whats = log.whats();
    assert_eq!(
        whats,
        [
            "Queued",
            "Admitted { waited: 0ns }",
            "start 1 /",
            "ChunkSent { bytes: 2 }",
            "Connection { how: Reused, connect: None, resolve: None }",
            "head 307 1s",
            "redirect 307 /b",
            "start 1 /b",
            "ChunkSent { bytes: 2 }",
            "retry Some(\"disconnected\")",
            "Queued",
            "Admitted { waited: 0ns }",
            "start 2 /b",
            "ChunkSent { bytes: 2 }",
            "Connection { how: Started, connect: Some(2s), resolve: None }",
            "head 200 3s",
            "ChunkReceived { bytes: 3 }",
            &whats[17],
            "ChunkReceived { bytes: 2 }",
            "end 5",
        ]
    );
    assert!(whats[17].starts_with("finished 200"), "{whats:?}");
    let calls: Vec<_> = log.0.lock().expect("no panic").iter().map(|(call, ..)| *call).collect();
    assert!(calls.iter().all(|call| *call == calls[0]), "{calls:?}");
}

#[test]
fn a_call_that_fails_says_so_last_and_so_does_a_body() {
    let log = Log::default();
    let (platform, session) = session(Config::new().on_event(log.observer()));
    platform.on(URL, Reply::error(ErrorKind::Dns));
    platform.run(session.get(URL).send()).expect_err("no name");
    assert_eq!(log.whats().last().map(String::as_str), Some("failed dns"));

    platform.on("https://a.example/cut", Reply::ok(vec![0; 100_000]).fail(ErrorKind::Disconnected));
    let body = platform.run(async { session.get("https://a.example/cut").await?.bytes().await });
    body.expect_err("cut");
    assert_eq!(log.whats().last().map(String::as_str), Some("failed disconnected"));
}

#[test]
fn a_request_s_own_observer_knows_what_was_attached() {
    #[derive(Clone, Debug, PartialEq)]
    struct Tag(u8);
    let seen = Arc::<Mutex<Vec<Option<Tag>>>>::default();
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    let note = Arc::clone(&seen);
    let mut request = session
        .get(URL)
        .on_event(move |event: &Event<'_>| {
            note.lock().expect("no panic").push(event.extensions.get::<Tag>().cloned());
        })
        .build()
        .expect("a request");
    request.extensions_mut().insert(Tag(7));
    platform.run(session.send(request)).expect("an answer");
    let seen = seen.lock().expect("no panic");
    assert!(seen.len() >= 5 && seen.iter().all(|tag| *tag == Some(Tag(7))), "{seen:?}");
}

#[test]
fn streams_tell_of_each_piece_and_to_the_caller_s_own_watch_too() {
    let log = Log::default();
    let (platform, session) = session(Config::new().on_event(log.observer()));
    platform.on(URL, Reply::ok("x"));
    let sent = Arc::<Mutex<Vec<u64>>>::default();
    let note = Arc::clone(&sent);
    let pieces = ["ab", "c"].map(Ok::<_, std::io::Error>);
    let post = session
        .post(URL)
        .body(Body::stream(futures_util::stream::iter(pieces)))
        .on_upload(move |progress| note.lock().expect("no panic").push(progress.sent));
    platform.run(post.send()).expect("an answer");
    let told: Vec<_> = log.whats().into_iter().filter(|what| what.starts_with("ChunkSent")).collect();
    assert_eq!(told, ["ChunkSent { bytes: 2 }", "ChunkSent { bytes: 1 }"]);
    assert_eq!(*sent.lock().expect("no panic"), [2, 3]);
}

#[test]
fn timing_tells_where_the_time_went() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on("https://b.example/", Reply::ok("x").after(secs(5)));
    platform.on(URL, Reply::ok("x").connecting(secs(2)).after(secs(3)));
    let (_, timed) = platform
        .run(futures_util::future::join(session.get("https://b.example/").send(), session.get(URL).send()));
    let timed = timed.expect("an answer");
    let Timing { queue, connect, headers, total, .. } = timed.timing();
    assert_eq!((queue, connect, headers, total), (secs(5), Some(secs(2)), secs(3), secs(10)));
    assert_eq!(timed.elapsed(), total);
    let reused = platform.run(session.get("https://b.example/").send()).expect("an answer");
    assert_eq!((reused.timing().connect, reused.timing().headers), (None, secs(5)));
}

#[test]
fn debug_of_an_event_hides_credentials() {
    let shown = Arc::<Mutex<String>>::default();
    let note = Arc::clone(&shown);
    let config = Config::new().bearer_auth("hunter2").on_event(move |event: &Event<'_>| {
        note.lock().expect("no panic").push_str(&format!("{event:?}"));
    });
    let (platform, session) = session(config);
    platform.on_every(|_: &Request| Reply::ok("x").header("set-cookie", "hunter2"));
    platform.run(session.get("https://me:hunter2@a.example/").send()).expect("an answer");
    let shown = shown.lock().expect("no panic");
    assert!(shown.contains("RequestStart") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_call_that_is_dropped_says_so_with_and_without_middleware() {
    for has_middleware in [false, true] {
        let log = Log::default();
        let (platform, session) = session(Config::new().on_event(log.observer()));
        platform.on(URL, Reply::hangs());
        let get = session.get(URL);
        let get = match has_middleware {
            true => get.middleware(dualfetch::middleware::from_fn(|request, mut next| {
                Box::pin(async move { next.run(request).await })
            })),
            false => get,
        };
        platform.run(async {
            let mut sending = Box::pin(get.send());
            assert!(crate::once(&mut sending).await);
        });
        let whats = log.whats();
        assert_eq!(whats.iter().filter(|what| *what == "Cancelled").count(), 1, "{whats:?}");
        assert_eq!(whats.last().map(String::as_str), Some("Cancelled"));
    }
}

#[test]
fn a_call_with_middleware_has_one_number_and_one_end() {
    let log = Log::default();
    let twice = dualfetch::middleware::from_fn(|request, mut next| {
        Box::pin(async move {
            drop(next.run(request.clone()).await?);
            next.run(request).await
        })
    });
    let (platform, session) = session(Config::new().on_event(log.observer()).middleware(twice));
    platform.on(URL, Reply::ok("x"));
    platform.run(session.get(URL).send()).expect("an answer");
    let events = log.0.lock().expect("no panic");
    assert!(events.iter().all(|(call, ..)| *call == events[0].0), "{events:?}");
    assert_eq!(events.iter().filter(|(.., what)| what.starts_with("finished")).count(), 1, "{events:?}");
}
