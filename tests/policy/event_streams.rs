//! A body as server-sent events, and as values of JSON line by line.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, ErrorKind, EventStream, Response, Result, ServerEvent, Session};
use futures_util::TryStreamExt;

use crate::{once, secs, session};

/// Has a response read.
fn reading<T>(reply: Reply, read: impl AsyncFnOnce(Response) -> T) -> T {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", reply);
    platform.run(async { read(session.get("https://a.example/").await.expect("a head")).await })
}

fn stream(pieces: &[&'static str]) -> Reply {
    let reply = Reply::status(200).header("content-type", "text/event-stream");
    pieces.iter().fold(reply, |reply, piece| reply.then(*piece).pause(secs(1)))
}

fn data(events: Vec<ServerEvent>) -> Vec<String> {
    events.into_iter().map(|event| event.data).collect()
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.expect_err("an error").kind().clone()
}

#[test]
fn events_come_wherever_the_pieces_end() {
    let body = "\u{feff}data: ä\r\n\r\nid: 1\ndata: b\ndata: c\n\ndata: cut off";
    for at in (0..=body.len()).filter(|at| body.is_char_boundary(*at)) {
        let (one, two) = body.split_at(at);
        let events = reading(stream(&[one, two]), async |response| {
            response.events().try_collect().await.expect("events")
        });
        assert_eq!(data(events), ["ä", "b\nc"], "{at}");
    }
}

#[test]
fn an_event_is_there_as_soon_as_it_has_ended() {
    reading(stream(&["data: 1\r\r", "data: 2\n\n"]).stall().chunked(), async |response| {
        let mut events = response.events();
        assert_eq!(events.next().await.expect("an event").expect("sound").data, "1");
        assert_eq!(events.next().await.expect("an event").expect("sound").data, "2");
        assert!(once(&mut events.next()).await, "there is no third");
    });
}

#[test]
fn giving_an_event_up_loses_nothing() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", stream(&["data: 1\n", "data: 2\n\ndata: 3\n\n"]));
    platform.run(async {
        let mut events = session.get("https://a.example/").await.expect("a head").events();
        assert!(once(&mut events.next()).await);
        platform.sleep(secs(2)).await;
        let seen: Vec<ServerEvent> = events.try_collect().await.expect("events");
        assert_eq!(data(seen), ["1\n2", "3"]);
    });
}

#[test]
fn another_content_type_is_an_error_unless_any_will_do() {
    let typed = |name: &'static str| Reply::ok("data: 1\n\n").header("content-type", name);
    let first = |reply: Reply, with: fn(EventStream) -> EventStream| {
        reading(reply, async |response| with(response.events()).try_next().await)
    };
    for name in ["text/plain", "text/event-streams", "text/event-stream, text/plain", "application/json", ""]
    {
        let error = first(typed(name), |events| events).expect_err(name);
        assert_eq!(error.kind(), &ErrorKind::ContentType, "{name}");
        assert!(error.to_string().contains("text/event-stream"), "{error}");
        assert!(error.url().is_some());
        assert_eq!(first(typed(name), EventStream::any_type).expect(name).expect("an event").data, "1");
    }
    assert_eq!(kind(first(Reply::ok("data: 1\n\n"), |events| events)), ErrorKind::ContentType);
    // Whatever a parameter says, it is UTF-8.
    for name in ["text/event-stream", "Text/Event-Stream ; x=y", "text/event-stream;charset=windows-1251"] {
        let event = first(typed(name).then("data: ok…\n\n"), |events| events).expect(name);
        assert_eq!(event.expect("an event").data, "1", "{name}");
    }
}

#[test]
fn a_stream_of_events_ends_after_an_error() {
    for (reply, expected) in [
        (stream(&["data: 1\n\n", "data: 2\n"]).fail(ErrorKind::Disconnected), ErrorKind::Disconnected),
        (stream(&["data: 1\n\n", "data: 22345678\n\ndata: 3\n\n"]), ErrorKind::LineTooLong { limit: 13 }),
    ] {
        reading(reply, async |response| {
            let mut events = response.events().max_event(13);
            assert_eq!(events.next().await.expect("an event").expect("sound").data, "1");
            assert_eq!(kind(events.next().await.expect("an error")), expected);
            assert!(events.next().await.is_none());
        });
    }
}

/// Reads on until an error. Then the one permit is free, though what was read is still there.
fn gives_its_permit_back<T>(reply: Reply, expected: &ErrorKind, read: impl Fn(Response) -> T)
where
    T: futures_util::Stream<Item: std::fmt::Debug>
        + futures_util::TryStream<Error = dualfetch::Error>
        + Unpin,
{
    let (platform, session) = session(Config::new().limit(1));
    platform.on("https://a.example/", reply.stall().chunked());
    platform.on("https://b.example/", Reply::ok("there"));
    platform.run(async {
        let mut values = read(session.get("https://a.example/").await.expect("a head"));
        let error = loop {
            match values.try_next().await {
                Ok(value) => assert!(value.is_some(), "no end before the error"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), expected);
        assert_eq!((session.figures().in_flight, platform.open()), (0, 0), "{expected:?}");
        session.get("https://b.example/").await.expect("the permit is free");
        drop(values);
    });
}

#[test]
fn a_reader_that_has_ended_by_an_error_holds_no_permit() {
    let too_long = ErrorKind::LineTooLong { limit: 13 };
    let long = || stream(&["data: 1\n\n", "data: 22345678\n\n"]);
    gives_its_permit_back(long(), &too_long, |response| response.events().max_event(13));
    gives_its_permit_back(long(), &too_long, |response| response.lines().max_line(13));
    gives_its_permit_back(Reply::html("data: 1\n\n"), &ErrorKind::ContentType, Response::events);
}

#[test]
fn what_an_error_has_ended_still_tells_how_far_it_had_come() {
    reading(stream(&["data: 1\n\n", "data: 22345678\n\n"]).stall().chunked(), async |response| {
        let mut events = response.events().max_event(13);
        events.next().await.expect("an event").expect("sound");
        events.next().await.expect("an error").expect_err("it is too long");
        assert_eq!(events.response().transfer().decoded, 25);
    });
}

#[cfg(feature = "json")]
mod json_lines {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use dualfetch::JsonLines;

    use super::*;

    fn pieces(pieces: &[&'static str]) -> Reply {
        pieces.iter().fold(Reply::status(200), |reply, piece| reply.then(*piece).pause(secs(1)))
    }

    #[test]
    fn values_come_wherever_the_pieces_end() {
        let body = "\u{feff}1\n\n 2 \r\n\r\n \t\n3";
        for at in (0..=body.len()).filter(|at| body.is_char_boundary(*at)) {
            let (one, two) = body.split_at(at);
            let seen: Vec<u8> = reading(pieces(&[one, two]), async |response| {
                response.json_lines::<u8>().try_collect().await.expect("numbers")
            });
            assert_eq!(seen, [1, 2, 3], "{at}");
        }
        for nothing in [&[][..], &["\n"], &["", "\r\n"], &["  "]] {
            let seen: Vec<u8> = reading(pieces(nothing), async |response| {
                response.json_lines::<u8>().try_collect().await.expect("numbers")
            });
            assert_eq!(seen, [0; 0], "{nothing:?}");
        }
    }

    #[test]
    fn a_value_is_there_as_soon_as_its_line_has_ended() {
        reading(pieces(&["1\n", "2\n"]).stall().chunked(), async |response| {
            let mut numbers = response.json_lines::<u8>();
            assert_eq!(numbers.next().await.expect("a number").expect("sound"), 1);
            assert_eq!(numbers.next().await.expect("a number").expect("sound"), 2);
            assert!(once(&mut numbers.next()).await, "there is no third");
        });
    }

    #[test]
    fn a_line_that_is_not_what_was_asked_for_is_told_by_its_number_and_can_be_gone_past() {
        reading(pieces(&["1\n\n\"two", "\"\n3\n{\n5"]), async |response| {
            let mut numbers = response.json_lines::<u8>();
            assert_eq!(numbers.next().await.expect("a number").expect("sound"), 1);
            let error = numbers.next().await.expect("an error").expect_err("it is text");
            assert_eq!(error.kind(), &ErrorKind::Json);
            let told = error.message().expect("a message");
            assert!(
                told.starts_with("line 3: invalid type: string \"two\", expected u8; it starts "),
                "{told}"
            );
            assert!(error.url().is_some() && std::error::Error::source(&error).is_some());
            assert_eq!(numbers.next().await.expect("a number").expect("sound"), 3);
            let told = numbers.next().await.expect("an error").expect_err("it is a map").to_string();
            assert!(told.contains("line 5: invalid type: map"), "{told}");
            assert_eq!(numbers.next().await.expect("a number").expect("sound"), 5);
            assert!(numbers.next().await.is_none());
            assert!(numbers.next().await.is_none());
        });
    }

    #[test]
    fn a_line_longer_than_the_limit_is_an_error_and_the_end() {
        for (body, limit) in
            [("1\n\"345\"\n4\n", 4), ("1\n\"345\"\r\n4\n", 4), ("1\n\"34567", 4), ("1\n\"345\"", 4)]
        {
            let read = async |mut numbers: JsonLines<serde_json::Value>| {
                numbers.next().await.expect("a number").expect("sound");
                (numbers.next().await.expect("one more"), numbers.next().await.is_none())
            };
            let (second, is_over) =
                reading(pieces(&[body]), async |response| read(response.json_lines().max_line(limit)).await);
            assert_eq!(kind(second), ErrorKind::LineTooLong { limit }, "{body:?}");
            assert!(is_over, "{body:?}");
            if body.contains('5') && !body.contains('6') {
                let (second, _) = reading(pieces(&[body]), async |response| {
                    read(response.json_lines().max_line(limit + 1)).await
                });
                assert_eq!(second.expect("it fits"), "345", "{body:?}");
            }
        }
    }

    #[test]
    fn lines_that_have_ended_by_an_error_hold_no_permit() {
        let too_long = ErrorKind::LineTooLong { limit: 4 };
        gives_its_permit_back(pieces(&["1\n", "234567\n"]), &too_long, |response| {
            response.json_lines::<u64>().max_line(4)
        });
    }

    #[test]
    fn values_end_where_the_transfer_fails() {
        reading(pieces(&["1\n2"]).fail(ErrorKind::Disconnected), async |response| {
            let mut numbers = response.json_lines::<u8>();
            assert_eq!(numbers.next().await.expect("a number").expect("sound"), 1);
            assert_eq!(kind(numbers.next().await.expect("an error")), ErrorKind::Disconnected);
            assert!(numbers.next().await.is_none(), "what was cut off is no value");
        });
    }
}
