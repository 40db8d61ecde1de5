//! Server-sent events, event sources and lines of JSON.

use std::time::Duration;

use dualfetch::{Config, Session, SessionExt};
use futures_util::TryStreamExt;

use super::{Lab, outcome};

pub async fn of_a_response_in_pieces(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let stream =
        "\u{feff}: hello\r\nevent: e\r\ndata: première\r\n\r\nid: 7\ndata: a\rdata: b\n\ndata: cut off";
    let post = session.post(lab.url("/echo-body?chunk=1")).header("content-type", "text/event-stream");
    let mut events = post.body(stream).await.expect("a head").events();
    let mut seen = Vec::new();
    while let Some(event) = events.try_next().await.expect("sound") {
        seen.push([event.event, event.data, event.id.to_string()]);
    }
    let expected = [["e", "première", ""], ["message", "a\nb", "7"]];
    assert_eq!(seen, expected.map(|event| event.map(str::to_owned)));
    assert_eq!(events.last_event_id(), "7");
}

pub async fn another_type_is_none(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let mut events = session.get(lab.url("/page/1")).await.expect("a head").events();
    assert_eq!(outcome(&events.try_next().await), "content_type");
    assert_eq!(outcome(&session.event_source(lab.url("/page/1")).await), "content_type");
    assert_eq!(outcome(&session.event_source(lab.url("/status/404")).await), "status");
}

pub async fn a_source_goes_on_behind_the_last_event_until_it_is_told_to_stop(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(1));
    for source in [
        session.event_source(lab.url("/events/3")),
        session.post(lab.url("/events/3")).body("x").event_source(),
    ] {
        // Shorter than a server may have it.
        let mut source = source.reconnection_time(Duration::from_millis(10)).await.expect("a stream");
        let mut seen = Vec::new();
        while let Some(event) = source.try_next().await.expect("sound") {
            seen.push((event.event, event.data, event.id.to_string()));
        }
        let expected = [1, 2, 3].map(|n| ("tick".to_owned(), format!("{n}\nof 3"), n.to_string()));
        assert_eq!(seen, expected);
    }
}

pub async fn json_lines(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let post = session.post(lab.url("/echo-body?chunk=3")).header("content-type", "text/plain");
    let response = post.body("\u{feff}[1,\"ä\"]\r\n\r\n[2,\"b\"]\n[3]\n[4,\"d\"]").await.expect("a head");
    let mut values = response.json_lines::<(u8, String)>();
    assert_eq!(values.try_next().await.expect("sound"), Some((1, "ä".to_owned())));
    assert_eq!(values.try_next().await.expect("sound"), Some((2, "b".to_owned())));
    assert_eq!(outcome(&values.try_next().await), "json");
    assert_eq!(values.try_next().await.expect("sound"), Some((4, "d".to_owned())));
    assert_eq!(values.try_next().await.expect("the end"), None);
}
