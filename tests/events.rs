//! Server-sent events, read as `tests/events.json` says; the npm package's own parser is held to the same table.
#![cfg(all(feature = "json", not(target_arch = "wasm32")))]

#[path = "../fuzz/src/events/standard.rs"]
#[allow(unreachable_pub, reason = "the fuzz targets reach it")]
mod standard;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use dualfetch::event_stream::{EventId, EventParser, MAX_ID, ServerEvent};
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, ErrorKind, SessionExt};
use proptest::prelude::*;
use serde_json::Value;

use standard::{Read, by_the_standard};

/// A stream, and what it comes to.
struct Case {
    name: String,
    chunks: Vec<Vec<u8>>,
    read: Read,
    /// What an event source waits after it, unless it is told otherwise.
    pause: Option<Duration>,
}

fn cases() -> Vec<Case> {
    let all: Vec<Value> = serde_json::from_str(include_str!("events.json")).expect("JSON");
    assert!(all.len() >= 80, "{} cases", all.len());
    all.iter().map(case).collect()
}

fn case(value: &Value) -> Case {
    let chunk = |chunk: &Value| match chunk.get("base64") {
        Some(bytes) => BASE64.decode(text(bytes)).expect("base64"),
        None => text(chunk).into_bytes(),
    };
    let time =
        |name: &str| value.get(name).map(|time| Duration::from_millis(time.as_u64().expect("a number")));
    let event = |event: &Value| ["event", "data", "id"].map(|field| text(&event[field]));
    Case {
        name: text(&value["name"]),
        chunks: value["chunks"].as_array().expect("a list").iter().map(chunk).collect(),
        read: Read {
            events: value["events"].as_array().expect("a list").iter().map(event).collect(),
            retry: time("retry"),
            last_event_id: text(&value["lastEventId"]),
            is_too_long: value.get("error").is_some_and(|code| code == "line_too_long"),
        },
        pause: time("pause"),
    }
}

/// As it is there, or as often as it is there.
fn text(value: &Value) -> String {
    let plain = |value: &Value| value.as_str().expect("a text").to_owned();
    match value.get("repeat") {
        Some(part) => plain(part).repeat(value["times"].as_u64().expect("a number") as usize),
        None => plain(value),
    }
}

fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut parser = EventParser::new();
    let mut events = Vec::new();
    let mut is_too_long = false;
    for mut chunk in chunks {
        loop {
            match parser.next(&mut chunk) {
                Ok(Some(ServerEvent { event, data, id, .. })) => events.push([event, data, id.to_string()]),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error.kind(), &ErrorKind::LineTooLong { limit: MAX_ID });
                    assert!(!is_too_long, "it fails once");
                    is_too_long = true;
                }
            }
        }
        assert!(chunk.is_empty(), "it stops before the end of what it was given");
    }
    Read { events, retry: parser.retry(), last_event_id: parser.last_event_id().to_owned(), is_too_long }
}

#[test]
fn streams_come_to_what_the_table_says() {
    for Case { name, chunks, read: expected, .. } in cases() {
        assert_eq!(read(chunks.iter().map(Vec::as_slice)), expected, "{name}");
        assert_eq!(by_the_standard(&chunks.concat()), expected, "{name}, by the standard's steps");
    }
}

#[test]
fn an_event_source_waits_after_a_stream_for_as_long_as_the_table_says() {
    let mut checked = 0;
    for Case { name, chunks, pause, .. } in cases() {
        let Some(expected) = pause else { continue };
        let platform = Scripted::new(1);
        let stream = Reply::ok(chunks.concat()).header("content-type", "text/event-stream");
        platform.on("https://a.example/", stream);
        platform.on("https://a.example/", Reply::status(204));
        let session = Client::with_backend(Config::new(), platform.clone()).expect("a session");
        platform.run(async {
            let mut source = session.event_source("https://a.example/").await.expect("a stream");
            while let Some(event) = source.next().await {
                event.expect("sound");
            }
        });
        let calls = platform.calls();
        assert_eq!(calls[1].at - calls[0].ended.expect("it has ended"), expected, "{name}");
        checked += 1;
    }
    assert!(checked >= 4, "{checked} cases");
}

#[test]
fn events_share_the_id_that_one_of_them_had() {
    let mut bytes = b"id:7\ndata:1\n\ndata:2\n\n:\n\ndata:3\n\n".as_slice();
    let mut parser = EventParser::new();
    let ids: Vec<EventId> =
        std::iter::from_fn(|| parser.next(&mut bytes).expect("it is short")).map(|event| event.id).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| id.as_ptr() == ids[0].as_ptr() && *id == "7"));
}

#[test]
fn a_stream_cut_at_every_byte_gives_the_same_events() {
    for Case { name, chunks, read: expected, .. } in cases() {
        let whole = chunks.concat();
        assert_eq!(read([whole.as_slice()]), expected, "{name}, whole");
        assert_eq!(read(whole.chunks(1)), expected, "{name}, byte by byte");
        let step = if whole.len() > 2000 { 997 } else { 1 };
        for at in (0..=whole.len()).step_by(step) {
            let (one, two) = whole.split_at(at);
            assert_eq!(read([one, two]), expected, "{name}, cut at {at}");
            assert_eq!(read([one, b"", two]), expected, "{name}, with nothing at {at}");
        }
    }
}

#[test]
fn what_follows_a_stream_of_the_table_does_not_change_its_events() {
    for Case { name, chunks, read: expected, .. } in cases() {
        let longer = [chunks.concat(), b"\n\nid:x\ndata:y\n\n".to_vec()].concat();
        let got = read([longer.as_slice()]);
        assert_eq!(got.events[..expected.events.len()], expected.events, "{name}");
        let last = if expected.is_too_long { &expected.last_event_id } else { "x" };
        assert_eq!(got.last_event_id, last, "{name}");
    }
}

/// What a stream is made of: what is special, and what is not.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"\n",
        b"\n",
        b"\n\n",
        b"\r",
        b"\r\n",
        b"\r\n\r\n",
        b":",
        b": ",
        b" ",
        b"data",
        b"data:",
        b"data: x\n",
        b"event:",
        b"event: e\n",
        b"id:",
        b"id: 1\n",
        b"id\n",
        b"retry:",
        b"retry: 10\n",
        b"7",
        b"\0",
        b"a",
        b"\xef\xbb\xbf",
        b"\xef",
        b"\xbb",
        b"\xbf",
        b"\xe2\x80",
        b"\xa6",
        b"\xff",
        "\u{1f600}".as_bytes(),
    ];
    proptest::collection::vec(proptest::sample::select(words), 0..40).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_stream_cut_anywhere_comes_to_what_the_standard_says(
        stream in streams(),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
    ) {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        ends.push(stream.len());
        ends.sort_unstable();
        let mut from = 0;
        let chunks: Vec<&[u8]> =
            ends.into_iter().map(|end| &stream[std::mem::replace(&mut from, end)..end]).collect();
        prop_assert_eq!(read(chunks), by_the_standard(&stream));
    }

    /// Where the limit strikes is a matter of the bytes, not of how they come.
    #[test]
    fn the_limit_of_an_event_does_not_depend_on_the_cuts(stream in streams(), limit in 0_usize..24) {
        let until_the_limit = |chunks: &mut dyn Iterator<Item = &[u8]>| {
            let mut parser = EventParser::new().max_event(limit);
            let mut events = Vec::new();
            for mut chunk in chunks {
                loop {
                    match parser.next(&mut chunk) {
                        Ok(Some(event)) => events.push(event),
                        Ok(None) => break,
                        Err(error) => return (events, Some(error.kind().clone())),
                    }
                }
            }
            (events, None)
        };
        let whole = until_the_limit(&mut [stream.as_slice()].into_iter());
        prop_assert_eq!(&until_the_limit(&mut stream.chunks(1)), &whole);
        prop_assert_eq!(&until_the_limit(&mut stream.chunks(3)), &whole);
        let too_long = ErrorKind::LineTooLong { limit };
        prop_assert!(whole.1.is_none_or(|kind| kind == too_long));
    }
}

#[test]
fn an_event_too_long_is_an_error_before_it_has_come_and_the_last_thing() {
    for (stream, fits) in [("data:12345\n\n", 10), ("data:1\ndata:2\nevent:e\n\n", 11), (": comment\n\n", 9)]
    {
        let mut bytes = stream.as_bytes();
        assert!(EventParser::new().max_event(fits).next(&mut bytes).is_ok(), "{stream:?}");
        let mut bytes = stream.as_bytes();
        let mut parser = EventParser::new().max_event(fits - 1);
        let error = parser.next(&mut bytes).expect_err("it is too long");
        assert_eq!(error.kind(), &ErrorKind::LineTooLong { limit: fits - 1 }, "{stream:?}");
        assert_eq!(parser.next(&mut b"\n\ndata:x\n\n".as_slice()).expect("nothing more"), None);
    }
    // No end of the line is needed for that.
    let mut parser = EventParser::new();
    let endless = [b'x'; 4096];
    let taken = (0..).take_while(|_| parser.next(&mut endless.as_slice()).is_ok()).count();
    assert_eq!(taken, 1024 * 1024 / 4096);
}

#[test]
fn an_event_tells_the_reconnection_time_that_was_set_since_the_one_before() {
    let mut bytes = b"retry:5\n\ndata:1\n\ndata:2\n\nretry:7\ndata:3\nretry:8\n\n".as_slice();
    let mut parser = EventParser::new();
    let mut retries = Vec::new();
    while let Some(event) = parser.next(&mut bytes).expect("it is short") {
        retries.push(event.retry.map(|time| time.as_millis()));
    }
    assert_eq!(retries, [Some(5), None, Some(8)]);
    // What no clock can count is the longest time there is.
    let mut bytes = format!("retry:{}\n", "9".repeat(100)).into_bytes();
    bytes.push(b'\n');
    let mut parser = EventParser::new();
    assert_eq!(parser.next(&mut bytes.as_slice()).expect("it is short"), None);
    assert_eq!(parser.retry(), Some(Duration::from_millis(u64::MAX)));
}

#[test]
fn a_stream_that_goes_on_has_the_id_of_what_came_before() {
    let mut parser = EventParser::after("7");
    let mut bytes = b"data:1\n\nid\ndata:2\n\n".as_slice();
    assert_eq!(parser.last_event_id(), "7");
    let ids: Vec<EventId> =
        std::iter::from_fn(|| parser.next(&mut bytes).expect("it is short")).map(|event| event.id).collect();
    assert_eq!(ids, ["7", ""]);
}
