//! Streams that end, are cut, and are waited for.

use dualfetch::{DefaultSession, EventSourceBuilder, Session, SessionExt};
use futures_util::TryStreamExt;
use serde_json::Value;

use super::Lab;

pub async fn over_connections_that_end_and_are_cut(lab: &Lab) {
    let session = DefaultSession::new().expect("a session");
    assert_eq!(ticks(session.event_source(lab.url("/ticks/7"))).await, 7);
}

pub async fn by_post(lab: &Lab) {
    let session = DefaultSession::new().expect("a session");
    let source = session.post(lab.url("/ticks/5")).body("question").event_source().last_event_id("2");
    assert_eq!(ticks(source).await, 3);
}

/// The server waits for what is only said once its first event is here.
pub async fn as_they_come(lab: &Lab) {
    let session = DefaultSession::new().expect("a session");
    let mut events = session.get(lab.url("/held")).await.expect("a head").events();
    let first = events.try_next().await.expect("sound").expect("an event");
    assert_eq!((first.id.as_str(), first.data.as_str()), ("1", "1\nof 2"));
    assert_eq!(session.post(lab.url("/go")).await.expect("a head").text().await.expect("a text"), "said");
    assert_eq!(events.try_next().await.expect("sound").expect("an event").id, "2");
    assert_eq!(events.try_next().await.expect("sound"), None);
}

pub async fn lines_of_json(lab: &Lab) {
    let session = DefaultSession::new().expect("a session");
    let lines = session.get(lab.url("/lines")).await.expect("a head").json_lines::<Value>();
    let all: Vec<Value> = lines.try_collect().await.expect("values");
    assert_eq!(all.iter().map(|value| &value["n"]).collect::<Vec<_>>(), [1, 2, 3]);
}

/// How many there were, each the one after that before.
async fn ticks(source: EventSourceBuilder<'_, DefaultSession>) -> usize {
    let mut events = source.await.expect("a stream");
    let mut seen: Vec<u64> = Vec::new();
    while let Some(event) = events.try_next().await.expect("sound") {
        assert_eq!(event.event, "tick");
        seen.push(event.id.parse().expect("a number"));
    }
    assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seen:?}");
    seen.len()
}
