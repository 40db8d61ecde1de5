//! Event streams that are connected again.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dualfetch::event_stream::MAX_ID;
use dualfetch::platform::scripted::{Call, Reply, Scripted};
use dualfetch::{
    Body, Client, Config, DynSession, Error, ErrorKind, EventSource, EventSourceBuilder, Method, Phase,
    Retry, Session, SessionExt, Timeout,
};
use futures_util::stream;

use crate::{once, secs, session};

const URL: &str = "https://a.example/";

type Source<'a> = EventSource<'a, Client<Scripted>>;
type Builder<'a> = EventSourceBuilder<'a, Client<Scripted>>;

/// A stream of these events, which then ends.
fn events(text: &'static str) -> Reply {
    Reply::ok(text).header("content-type", "text/event-stream")
}

/// All data until the end, and what ended it.
async fn rest<S: Session + ?Sized>(source: &mut EventSource<'_, S>) -> (Vec<String>, Option<Error>) {
    let mut seen = Vec::new();
    while let Some(event) = source.next().await {
        match event {
            Ok(event) => seen.push(event.data),
            Err(error) => {
                assert!(source.next().await.is_none(), "it ends after an error");
                return (seen, Some(error));
            }
        }
    }
    (seen, None)
}

/// What came of these replies, one after the other: data, the error at the end, and the calls. After them: 204.
fn run(
    replies: impl IntoIterator<Item = Reply>,
    with: impl FnOnce(Builder<'_>) -> Builder<'_>,
) -> (Vec<String>, Option<Error>, Vec<Call>) {
    let (platform, session) = session(Config::new());
    for reply in replies {
        platform.on(URL, reply);
    }
    platform.on(URL, Reply::status(204));
    let (seen, error) = platform.run(async {
        match with(session.event_source(URL)).await {
            Ok(mut source) => rest(&mut source).await,
            Err(error) => (Vec::new(), Some(error)),
        }
    });
    assert_eq!(platform.open(), 0, "nothing is left under way");
    (seen, error, platform.calls())
}

/// The pauses between the calls.
fn pauses(calls: &[Call]) -> Vec<Duration> {
    calls.windows(2).map(|pair| pair[1].at - pair[0].ended.expect("it has ended")).collect()
}

fn header<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.headers.get(name).map(|value| value.to_str().expect("text"))
}

#[test]
fn it_asks_for_events_past_caches() {
    let (seen, error, calls) = run([events("data: 1\n\n")], |source| source);
    assert_eq!((seen, error.is_none()), (vec!["1".to_owned()], true));
    assert_eq!((calls.len(), &calls[0].method), (2, &Method::GET));
    assert_eq!(header(&calls[0], "accept"), Some("text/event-stream"));
    // A page is told by an option.
    assert!(matches!(header(&calls[0], "cache-control"), Some("no-store") | None));
    assert_eq!(header(&calls[0], "last-event-id"), None);
}

#[test]
fn a_post_with_a_body_is_sent_again_as_it_was() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/?a=b", events("data: 1\n\n"));
    platform.on("https://a.example/?a=b", events("data: 2\n\n"));
    platform.on("https://a.example/?a=b", Reply::status(204));
    let (seen, error) = platform.run(async {
        let builder = session.event_source(URL).method(Method::POST).body("question").params([("a", "b")]);
        let builder =
            builder.bearer_auth("token").header("accept", "*/*").header("cache-control", "max-age=5");
        rest(&mut builder.await.expect("a stream")).await
    });
    assert_eq!((seen, error.is_none()), (vec!["1".to_owned(), "2".to_owned()], true));
    for call in platform.calls() {
        assert_eq!((&call.method, call.body.as_deref()), (&Method::POST, Some(&b"question"[..])));
        assert_eq!(header(&call, "authorization"), Some("Bearer token"));
        assert_eq!(
            (header(&call, "accept"), header(&call, "cache-control")),
            (Some("*/*"), Some("max-age=5"))
        );
    }
}

#[test]
fn a_stream_that_ends_is_connected_again_after_the_reconnection_time_behind_the_last_event() {
    let replies = [
        events("id: 1\ndata: a\n\n"),
        // What is not ended is lost, and comes again.
        events("data: b\n\nid: 3\ndata: cut off"),
        events("id\ndata: c\n\n"),
        events("data: d\n\n"),
    ];
    let (seen, error, calls) = run(replies, |source| source);
    assert_eq!((seen.concat(), error.is_none()), ("abcd".to_owned(), true));
    let ids: Vec<_> = calls.iter().map(|call| header(call, "last-event-id")).collect();
    assert_eq!(ids, [None, Some("1"), Some("1"), None, None]);
    assert_eq!(pauses(&calls), [secs(3); 4]);
}

#[test]
fn events_keep_the_id_over_connections() {
    let (platform, session) = session(Config::new());
    platform.on(URL, events("id: 7\ndata: a\n\n"));
    platform.on(URL, events("data: b\n\n"));
    platform.run(async {
        let mut source = session.event_source(URL).last_event_id("5").await.expect("a stream");
        assert_eq!(source.last_event_id(), "5");
        for _ in 0..2 {
            let event = source.next().await.expect("an event").expect("sound");
            assert_eq!((event.id.as_str(), source.last_event_id()), ("7", "7"));
        }
    });
    let ids: Vec<_> =
        platform.calls().iter().map(|call| header(call, "last-event-id").map(str::to_owned)).collect();
    assert_eq!(ids, [Some("5".to_owned()), Some("7".to_owned())]);
}

#[test]
fn an_id_of_other_letters_is_sent_as_utf_8_and_one_with_a_control_character_ends_it() {
    let (_, error, calls) = run([events("id: ü\ndata: a\n\n")], |source| source);
    assert!(error.is_none());
    assert_eq!(calls[1].headers["last-event-id"].as_bytes(), "ü".as_bytes());
    let (seen, error, calls) = run([events("id: \u{1}\ndata: a\n\n")], |source| source);
    assert_eq!((seen.len(), calls.len()), (1, 1));
    assert_eq!(error.expect("an error").kind(), &ErrorKind::InvalidHeader);
}

#[test]
fn the_reconnection_time_is_the_callers_until_the_server_sets_one_under_the_ceiling() {
    let replies = [
        events("data: a\n\n"),
        events("retry: 750\ndata: b\n\n"),
        events("data: c\n\n"),
        // Without an event, too.
        events("data: d\n\nretry: 9000000000000000000000\n"),
        events("data: e\n\n"),
    ];
    let (seen, _, calls) =
        run(replies, |source| source.reconnection_time(secs(7)).max_reconnection_time(secs(20)));
    assert_eq!(seen.concat(), "abcde");
    let ms = Duration::from_millis;
    assert_eq!(pauses(&calls), [secs(7), ms(750), ms(750), secs(20), secs(20)]);
}

#[test]
fn a_server_cannot_have_it_connected_again_without_a_pause_but_the_caller_can() {
    let hasty = || (0..5).map(|_| events("retry: 0\ndata: a\n\n"));
    let (seen, _, calls) = run(hasty(), |source| source);
    assert_eq!((seen.len(), pauses(&calls)), (5, vec![Duration::from_millis(500); 5]));
    let own = Duration::from_millis(20);
    let (_, _, calls) = run(hasty(), |source| source.reconnection_time(own));
    assert_eq!(pauses(&calls), [own; 5]);
    let (_, _, calls) = run(hasty(), |source| source.reconnection_time(Duration::ZERO));
    assert_eq!(pauses(&calls), [Duration::ZERO; 5]);
}

#[test]
fn an_id_that_is_too_long_ends_it() {
    let long: &'static str = format!("data: a\n\nid: {}\ndata: b\n\n", "x".repeat(MAX_ID + 1)).leak();
    let (seen, error, calls) = run([events(long)], |source| source);
    assert_eq!((seen.concat(), calls.len()), ("a".to_owned(), 1));
    assert_eq!(error.expect("an error").kind(), &ErrorKind::LineTooLong { limit: MAX_ID });
    let fits: &'static str = format!("id: {}\ndata: a\n\n", "x".repeat(MAX_ID)).leak();
    let (_, error, calls) = run([events(fits)], |source| source);
    assert!(error.is_none());
    assert_eq!(header(&calls[1], "last-event-id").map(str::len), Some(MAX_ID));
}

#[test]
fn pauses_double_with_each_failure_in_a_row_and_start_anew_after_an_event() {
    let fails = || Reply::error(ErrorKind::Connect);
    let replies =
        [events("data: a\n\n"), fails(), fails(), fails(), fails(), fails(), events("data: b\n\n"), fails()];
    let (seen, error, calls) = run(replies, |source| source);
    assert_eq!((seen.concat(), error.is_none()), ("ab".to_owned(), true));
    let bounds = [(3, 3), (3, 6), (6, 12), (12, 24), (24, 48), (30, 60), (3, 3), (3, 6)];
    let pauses = pauses(&calls);
    assert_eq!(pauses.len(), bounds.len());
    for (pause, (from, to)) in pauses.iter().zip(bounds) {
        assert!((secs(from)..=secs(to)).contains(pause), "{pauses:?}");
    }
    // Not all at the same place between the bounds.
    assert!(pauses[1..6].iter().any(|pause| pause.subsec_nanos() != 0), "{pauses:?}");
}

#[test]
fn streams_that_bring_no_event_back_off_too_and_comments_are_none() {
    let (seen, _, calls) = run([events(": hello\n\n"), events(""), events("id: 3\n\n")], |source| source);
    assert!(seen.is_empty());
    for (pause, (from, to)) in pauses(&calls).into_iter().zip([(3, 6), (6, 12), (12, 24)]) {
        assert!((secs(from)..=secs(to)).contains(&pause), "{pause:?}");
    }
    assert_eq!(header(&calls[3], "last-event-id"), Some("3"));
}

#[test]
fn what_may_pass_is_passed() {
    let proxy = ErrorKind::Proxy { status: None, refused: false };
    for kind in [ErrorKind::Connect, ErrorKind::Disconnected, ErrorKind::Dns, ErrorKind::Network, proxy] {
        let cut = events("data: a\n\ndata: b\n").fail(kind.clone()).chunked();
        let (seen, error, calls) =
            run([cut, Reply::error(kind.clone()), events("data: c\n\n")], |source| source);
        assert_eq!((seen.concat(), error.is_none(), calls.len()), ("ac".to_owned(), true, 4), "{kind:?}");
    }
    for status in [408, 425, 429, 500, 502, 503, 504, 520, 599] {
        let replies = [events("data: a\n\n"), Reply::status(status).then("sorry"), events("data: b\n\n")];
        let (seen, error, calls) = run(replies, |source| source);
        assert_eq!((seen.concat(), error.is_none(), calls.len()), ("ab".to_owned(), true, 4), "{status}");
    }
}

#[test]
fn what_does_not_pass_ends_it() {
    let refused = ErrorKind::Proxy { status: None, refused: true };
    for kind in [
        ErrorKind::Tls,
        ErrorKind::Protocol,
        ErrorKind::Decode,
        ErrorKind::Closed,
        ErrorKind::Aborted,
        refused,
    ] {
        let (seen, error, calls) = run([events("data: a\n\n").fail(kind.clone())], |source| source);
        assert_eq!((seen.concat(), calls.len()), ("a".to_owned(), 1));
        assert_eq!(error.expect("an error").kind(), &kind);
        let (_, error, calls) = run([events("data: a\n\n"), Reply::error(kind.clone())], |source| source);
        assert_eq!((error.expect("an error").kind(), calls.len()), (&kind, 2));
    }
    for status in [201, 205, 206, 304, 400, 401, 403, 404, 410, 422, 431, 451] {
        let (_, error, calls) = run([events("data: a\n\n"), Reply::status(status)], |source| source);
        let error = error.expect("an error");
        assert_eq!(
            (error.kind(), calls.len()),
            (&ErrorKind::Status(status.try_into().expect("a status")), 2)
        );
        assert!(error.url().is_some());
    }
    let page = Reply::html("<title>Log in</title>");
    let (_, error, calls) = run([events("data: a\n\n"), page], |source| source);
    assert_eq!((error.expect("an error").kind(), calls.len()), (&ErrorKind::ContentType, 2));
    let (seen, error, calls) = run([events("data: a\n\ndata: 123456\n\n")], |source| source.max_event(10));
    assert_eq!((seen.concat(), calls.len()), ("a".to_owned(), 1));
    assert_eq!(error.expect("an error").kind(), &ErrorKind::LineTooLong { limit: 10 });
}

#[test]
fn the_first_connection_is_not_made_again() {
    for (reply, code) in [
        (Reply::error(ErrorKind::Connect), "connect"),
        (Reply::status(503), "status"),
        (Reply::status(404).then("no such stream"), "status"),
        (Reply::html("x"), "content_type"),
    ] {
        let (seen, error, calls) = run([reply], |source| source);
        assert_eq!((seen.len(), error.expect("an error").code(), calls.len()), (0, code, 1));
    }
    let (_, error, _) = run([Reply::status(404).then("no such stream")], |source| source);
    assert_eq!(error.expect("an error").body(), Some("no such stream"));
    // Unless that was asked for; and what is connected again is not retried beside.
    let replies = [Reply::status(503), events("data: a\n\n"), Reply::status(503), events("data: b\n\n")];
    let (seen, error, calls) = run(replies, |source| source.retry(Retry::standard()));
    assert_eq!((seen.concat(), error.is_none()), ("ab".to_owned(), true));
    assert!(pauses(&calls)[2] >= secs(3), "{:?}", pauses(&calls));
}

#[test]
fn status_204_ends_it_at_once_and_later() {
    let (seen, error, calls) = run([Reply::status(204)], |source| source);
    assert_eq!((seen.len(), error.is_none(), calls.len()), (0, true, 1));
    let (seen, error, calls) =
        run([events("data: a\n\n"), Reply::status(204), events("data: b\n\n")], |source| source);
    assert_eq!((seen.concat(), error.is_none(), calls.len()), ("a".to_owned(), true, 2));
}

#[test]
fn attempts_in_a_row_may_be_bounded() {
    let fails = || Reply::status(503);
    let replies = || {
        [
            events("data: a\n\n"),
            fails(),
            events(""),
            fails(),
            fails(),
            events("data: b\n\n"),
            fails(),
            fails(),
            fails(),
        ]
    };
    let (seen, error, calls) = run(replies(), |source| source.max_attempts(3));
    assert_eq!(
        (seen.concat(), error.expect("the last one").code(), calls.len()),
        ("ab".to_owned(), "status", 9)
    );
    let (seen, error, calls) = run(replies(), |source| source.max_attempts(0));
    assert_eq!((seen.concat(), error.is_some(), calls.len()), ("a".to_owned(), true, 2));
    let (seen, error, _) = run(replies(), |source| source.max_attempts(3).max_attempts(None));
    assert_eq!((seen.concat(), error.is_none()), ("ab".to_owned(), true));
}

#[test]
fn it_is_connected_once_where_that_is_wanted() {
    let (seen, error, calls) = run([events("data: a\n\n")], |source| source.reconnect(false));
    assert_eq!((seen.concat(), error.is_none(), calls.len()), ("a".to_owned(), true, 1));
    let cut = events("data: a\n\n").fail(ErrorKind::Disconnected);
    let (seen, error, calls) = run([cut], |source| source.reconnect(false));
    assert_eq!(
        (seen.concat(), error.expect("it was cut").code(), calls.len()),
        ("a".to_owned(), "disconnected", 1)
    );
}

#[test]
fn a_retry_after_is_waited_for() {
    for (status, asked, from, to) in [(503, "100", 100, 100), (429, "1", 3, 6), (503, "999999", 3_600, 3_600)]
    {
        let replies = [events("data: a\n\n"), Reply::status(status).header("retry-after", asked)];
        let (_, _, calls) = run(replies, |source| source);
        let pause = pauses(&calls)[1];
        assert!((secs(from)..=secs(to)).contains(&pause), "{status} {asked}: {pause:?}");
    }
}

#[test]
fn no_total_bounds_it_unless_it_is_the_requests_own() {
    let slow = || events("data: a\n\n").pause(secs(1_000)).then("data: b\n\n");
    let (platform, session) = session(Config::new().timeout(secs(10)).max_body(12));
    platform.on(URL, slow());
    platform.on(URL, Reply::status(204));
    let (seen, _) =
        platform.run(async { rest(&mut session.event_source(URL).await.expect("a stream")).await });
    assert_eq!((seen.concat(), platform.calls().len()), ("ab".to_owned(), 2));

    let (seen, error, calls) = run([slow(), events("data: c\n\n")], |source| source.timeout(secs(10)));
    assert_eq!((seen.concat(), error.is_none(), calls.len()), ("ac".to_owned(), true, 3));
    assert_eq!(calls[1].at, secs(13));
}

#[test]
fn silence_is_a_lost_connection_where_the_gap_is_bounded() {
    let silent = events("data: a\n\n").pause(secs(19)).then(": alive\n\n").stall().chunked();
    let replies = [silent, Reply::hangs(), events("data: b\n\n")];
    let (seen, error, calls) =
        run(replies, |source| source.timeout(Timeout::new().read(secs(20)).headers(secs(9))));
    assert_eq!((seen.concat(), error.is_none()), ("ab".to_owned(), true));
    assert_eq!((calls[1].at, calls[1].ended), (secs(42), Some(secs(51))));
}

#[test]
fn a_wall_clock_that_has_run_out_ends_it() {
    let (seen, error, calls) = run([events("data: a\n\n").stall().chunked()], |source| {
        source.timeout(Timeout::new().wall(secs(30)))
    });
    assert_eq!((seen.concat(), calls.len()), ("a".to_owned(), 1));
    assert_eq!(error.expect("an error").phase(), Some(Phase::Wall));
}

#[test]
fn a_body_that_can_be_taken_once_is_not_sent_again() {
    let (platform, session) = session(Config::new());
    platform.on(URL, events("data: a\n\n"));
    let body = Body::stream(stream::iter(["x"].map(Ok::<_, std::io::Error>)));
    let (seen, error) = platform.run(async {
        let source = session.post(URL).body(body).event_source();
        rest(&mut source.await.expect("a stream")).await
    });
    assert_eq!((seen.concat(), platform.calls().len()), ("a".to_owned(), 1));
    assert_eq!(error.expect("an error").kind(), &ErrorKind::BodyConsumed);
}

#[test]
fn the_permit_is_held_while_connected_and_not_while_pausing() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on(URL, events("data: a\n\n").pause(secs(10)));
    platform.on(URL, events("data: b\n\n").stall().chunked());
    platform.on("https://a.example/other", Reply::ok("x"));
    platform.run(async {
        let mut source = session.event_source(URL).await.expect("a stream");
        source.next().await.expect("an event").expect("sound");
        let mut other = Box::pin(session.get("https://a.example/other").send());
        assert!(once(&mut other).await, "the stream has the only permit");
        let mut next = source.next();
        assert!(once(&mut next).await);
        platform.sleep(secs(11)).await;
        // The stream has ended, which is noticed when it is polled.
        assert!(once(&mut next).await);
        other.await.expect("it pauses");
        next.await.expect("an event").expect("sound");
    });
    assert_eq!(platform.peak(), 1);
}

#[test]
fn dropping_it_ends_the_connection_or_the_wait_for_one() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on(URL, events("data: a\n\n").stall().chunked());
    platform.on(URL, events("data: a\n\n"));
    platform.run(async {
        let mut source = session.event_source(URL).await.expect("a stream");
        source.next().await.expect("an event").expect("sound");
        assert_eq!(platform.open(), 1);
        drop(source);
        assert_eq!(platform.open(), 0);
        let mut source = session.event_source(URL).await.expect("a stream");
        source.next().await.expect("an event").expect("sound");
        assert!(once(&mut source.next()).await);
        drop(source);
        platform.sleep(secs(100)).await;
    });
    assert_eq!(platform.calls().len(), 2);
}

#[test]
fn giving_an_event_up_loses_nothing() {
    let (platform, session) = session(Config::new());
    platform.on(URL, events("data: a\n").pause(secs(1)).then("\ndata: b\n\n"));
    platform.on(URL, Reply::status(503).after(secs(2)));
    platform.on(URL, events("data: c\n\n").after(secs(2)));
    platform.on(URL, Reply::status(204));
    platform.run(async {
        let mut source: Source<'_> = session.event_source(URL).await.expect("a stream");
        let mut seen = Vec::new();
        // Each second the caller has something else to do.
        loop {
            let next = source.next();
            match futures_util::future::select(next, Box::pin(platform.sleep(secs(1)))).await {
                futures_util::future::Either::Left((None, _)) => break,
                futures_util::future::Either::Left((Some(event), _)) => seen.push(event.expect("sound").data),
                futures_util::future::Either::Right(_) => {}
            }
        }
        assert_eq!(seen, ["a", "b", "c"]);
    });
    assert_eq!(platform.calls().len(), 4);
}

#[test]
fn each_loss_is_told_before_the_pause() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&told);
    let replies =
        [events("data: a\n\n"), Reply::status(503).header("retry-after", "50"), events("data: b\n\n")];
    run(replies, |source| {
        source.on_lost(move |lost| {
            let why = lost.error.map(|error| error.code().to_owned());
            noting.lock().expect("whole").push((why, lost.pause, lost.failed));
        })
    });
    let told = told.lock().expect("whole");
    assert_eq!(*told, [(None, secs(3), 0), (Some("status".to_owned()), secs(50), 1), (None, secs(3), 0)]);
}

#[test]
fn it_works_over_a_session_whose_type_is_not_told_and_with_a_base_url() {
    let (platform, session) = session(Config::new().base_url("https://a.example/api/"));
    platform.on("https://a.example/api/events", events("data: a\n\n"));
    platform.on("https://a.example/api/events", Reply::status(204));
    let session = DynSession::from(session);
    let (seen, error) =
        platform.run(async { rest(&mut session.event_source("events").await.expect("a stream")).await });
    assert_eq!((seen.concat(), error.is_none()), ("a".to_owned(), true));
}

#[test]
fn redirects_are_followed_anew_each_time() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::redirect(307, "https://b.example/"));
    platform.on(URL, Reply::redirect(307, "https://c.example/"));
    platform.on("https://b.example/", events("data: b\n\n"));
    platform.on("https://c.example/", events("data: c\n\n"));
    platform.on("https://c.example/", Reply::status(204));
    let (seen, _) =
        platform.run(async { rest(&mut session.event_source(URL).await.expect("a stream")).await });
    assert_eq!(seen, ["b", "c"]);
}

#[test]
fn bad_input_is_told_when_it_is_awaited() {
    let (platform, session) = session(Config::new());
    for (builder, code) in [
        (session.event_source("no URL"), "invalid_url"),
        (session.event_source(URL).header("a b", "c"), "invalid_header"),
        (session.event_source(URL).last_event_id("a\nb"), "invalid_header"),
    ] {
        let error = platform.run(async { builder.await.map(drop) }).expect_err("bad input");
        assert_eq!(error.code(), code);
    }
    assert!(platform.calls().is_empty());
}
