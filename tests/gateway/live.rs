//! `GET /ws`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use dualfetch::gateway::{Gateway, Keys};
use futures_util::{SinkExt, StreamExt};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::lab::{ask, gateway, problem, serve, settings, settings_with};
use crate::upstream::{Upstream, in_time};

/// How many URLs of one job are under way at once: what src/gateway/listing.rs says.
const UNDER_WAY: usize = 100;

/// A client of a gateway.
struct Client(WebSocketStream<TcpStream>);

async fn shake(address: SocketAddr, protocols: Option<&str>) -> Result<(Client, Response), Error> {
    let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
    if let Some(protocols) = protocols {
        request.headers_mut().insert("sec-websocket-protocol", protocols.parse().expect("a value"));
    }
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
    Ok((Client(socket), response))
}

impl Client {
    async fn of(gateway: &Gateway) -> Self {
        let address = serve(gateway.router()).await;
        shake(address, Some("dualfetch.v1")).await.expect("a handshake").0
    }

    async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.expect("it is sent");
    }

    async fn hear(&mut self) -> Message {
        in_time("a message", self.0.next()).await.expect("it goes on").expect("a message")
    }

    /// The next message that is no progress.
    async fn next(&mut self) -> Value {
        loop {
            let message = self.any().await;
            if message["type"] != "progress" {
                return message;
            }
        }
    }

    async fn any(&mut self) -> Value {
        loop {
            match self.hear().await {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next progress that tells of this state.
    async fn turned(&mut self, state: &str) -> Value {
        loop {
            let message = self.any().await;
            if message["type"] == "progress" && message["state"] == state {
                return message;
            }
        }
    }

    /// All rows of a job up to its end, and that.
    async fn rows(&mut self, id: &str) -> (Vec<Value>, Value) {
        let mut rows = Vec::new();
        loop {
            let mut message = self.next().await;
            assert_eq!(message["id"], id, "{message}");
            match message["type"].as_str() {
                Some("row") => rows.push(message["row"].take()),
                Some("end") => return (rows, message),
                _ => panic!("{message}"),
            }
        }
    }

    async fn refused(&mut self, message: &str) -> Value {
        self.0.send(Message::text(message)).await.expect("it is sent");
        let told = self.next().await;
        assert_eq!(told["type"], "error", "{message}: {told}");
        told
    }

    async fn closed(&mut self) -> CloseCode {
        loop {
            match self.hear().await {
                Message::Close(frame) => return frame.expect("a code").code,
                Message::Text(text) if text.contains("\"progress\"") => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

fn end(id: &str, reason: &str, rows: usize, failed: usize) -> Value {
    json!({ "type": "end", "id": id, "reason": reason, "rows": rows, "failed": failed })
}

#[tokio::test]
async fn the_subprotocol_is_chosen_and_no_key_is_told_back() {
    let mut settings = settings();
    let key = Keys::generate().expect("a key");
    settings.keys = settings.keys.add("one", &key.hash).expect("a hash");
    let address = serve(gateway(settings).router()).await;
    let (_, response) = shake(address, Some(&format!("dualfetch.key.{}, dualfetch.v1", key.secret)))
        .await
        .expect("a handshake");
    assert_eq!(response.headers()["sec-websocket-protocol"], "dualfetch.v1");
    assert!(!format!("{:?}", response.headers()).contains(&key.secret));

    for (protocols, status) in [
        (Some("dualfetch.v1"), StatusCode::UNAUTHORIZED),
        (Some("dualfetch.v1, dualfetch.key.df_wrong"), StatusCode::UNAUTHORIZED),
        (None, StatusCode::UNAUTHORIZED),
        (Some(&*format!("dualfetch.key.{}", key.secret)), StatusCode::BAD_REQUEST),
        (Some(&*format!("dualfetch.v2, dualfetch.key.{}", key.secret)), StatusCode::BAD_REQUEST),
    ] {
        let Err(Error::Http(response)) = shake(address, protocols).await else { panic!("{protocols:?}") };
        assert_eq!(response.status(), status, "{protocols:?}");
    }
}

#[tokio::test]
async fn what_asks_for_no_socket_is_told_that_there_is_one() {
    let gateway = gateway(settings());
    let response = ask(&gateway, Request::get("/ws").header("host", "localhost")).await;
    assert_eq!(
        (response.status(), &response.headers()["upgrade"]),
        (StatusCode::UPGRADE_REQUIRED, &"websocket".parse().unwrap())
    );
    assert_eq!(problem(response).await["code"], "upgrade_required");
}

#[tokio::test]
async fn a_job_has_progress_a_row_for_each_url_and_an_end() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    let urls = [upstream.url("/page/a"), "no URL".to_owned()];
    client
        .say(&json!({ "type": "start", "id": "a", "urls": urls, "ordered": true, "metadata": "head" }))
        .await;
    let begun = json!({
        "type": "progress", "id": "a", "rows": 0, "failed": 0, "taken": 0, "in_flight": 0, "state": "running"
    });
    assert_eq!(client.any().await, begun);
    let (rows, ended) = client.rows("a").await;
    assert_eq!(ended, end("a", "done", 2, 1));
    assert_eq!((&rows[0]["index"], &rows[0]["title"]), (&0.into(), &"Page a".into()));
    assert_eq!(rows[0]["metadata"]["description"]["value"], "about a");
    assert_eq!((&rows[1]["url"], &rows[1]["error"]["code"]), (&"no URL".into(), &"invalid_url".into()));
    // The name is free again.
    client.say(&json!({ "type": "start", "id": "a", "urls": [] })).await;
    assert_eq!(client.next().await, end("a", "done", 0, 0));
}

#[tokio::test]
async fn progress_is_told_at_most_four_times_a_second() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    let begun = Instant::now();
    client.say(&json!({ "type": "start", "id": "a", "urls": [], "more": true })).await;
    let (mut progress, mut rows) = (Vec::new(), 0);
    for round in 0..60 {
        let urls = upstream.urls(&format!("/page/{round}-"), 10);
        client.say(&json!({ "type": "add", "id": "a", "urls": urls, "more": round < 59 })).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    loop {
        let message = client.any().await;
        match message["type"].as_str() {
            Some("progress") => progress.push(message),
            Some("row") => rows += 1,
            _ => break,
        }
    }
    // One at its start.
    let most = 1 + begun.elapsed().as_millis() / 250;
    assert!((progress.len() as u128) <= most, "{} in {:?}", progress.len(), begun.elapsed());
    assert!(progress.len() > 1, "it lasts for more than half a second");
    let of = |message: &Value, name: &str| message[name].as_u64().expect("a number");
    assert!(progress.is_sorted_by_key(|message| of(message, "rows")));
    assert!(progress.iter().all(|told| of(told, "in_flight") == of(told, "taken") - of(told, "rows")));
    assert_eq!(rows, 600);
}

#[tokio::test]
async fn a_job_that_was_told_of_more_takes_it_as_it_comes() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    client.say(&json!({ "type": "start", "id": "a", "urls": [], "more": true })).await;
    client.say(&json!({ "type": "add", "id": "a", "urls": [upstream.url("/page/1")], "more": true })).await;
    assert_eq!(client.next().await["row"]["title"], "Page 1");
    client.say(&json!({ "type": "add", "id": "a", "urls": [upstream.url("/page/2")] })).await;
    assert_eq!(client.next().await["row"]["index"], 1);
    assert_eq!(client.next().await, end("a", "done", 2, 0));
    assert_eq!(client.refused(r#"{"type":"add","id":"a","urls":[]}"#).await["code"], "invalid_option");
}

#[tokio::test]
async fn a_pause_begins_nothing_new_and_finishes_what_is_under_way() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    client.say(&json!({ "type": "start", "id": "a", "urls": [upstream.url("/gate/0")], "more": true })).await;
    upstream.asked_for(1).await;
    client.say(&json!({ "type": "pause", "id": "a" })).await;
    let told = client.turned("paused").await;
    assert_eq!((&told["taken"], &told["in_flight"]), (&1.into(), &1.into()));
    client.say(&json!({ "type": "add", "id": "a", "urls": upstream.urls("/page/", 3) })).await;
    upstream.let_go(1);
    assert_eq!(client.next().await["row"]["title"], "Page 0");
    assert_eq!(upstream.asked(), 1);
    // It reports that it stands still, and goes on from there.
    client.say(&json!({ "type": "resume", "id": "a" })).await;
    client.turned("running").await;
    let (rows, ended) = client.rows("a").await;
    assert_eq!((rows.len(), ended), (3, end("a", "done", 4, 0)));
}

#[tokio::test]
async fn a_job_that_is_cancelled_ends_its_requests_and_leaves_the_others() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    client.say(&json!({ "type": "start", "id": "a", "urls": upstream.urls("/never/", 3) })).await;
    upstream.asked_for(3).await;
    client.say(&json!({ "type": "cancel", "id": "a" })).await;
    assert_eq!(client.next().await, end("a", "cancelled", 0, 0));
    upstream.forsaken().await;
    client.say(&json!({ "type": "start", "id": "b", "urls": [upstream.url("/page/b")] })).await;
    let (rows, ended) = client.rows("b").await;
    assert_eq!((&rows[0]["title"], ended), (&"Page b".into(), end("b", "done", 1, 0)));
}

#[tokio::test]
async fn jobs_go_on_side_by_side() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    client.say(&json!({ "type": "start", "id": "slow", "urls": [upstream.url("/gate/1")] })).await;
    client.say(&json!({ "type": "start", "id": "fast", "urls": [upstream.url("/page/1")] })).await;
    let (_, ended) = client.rows("fast").await;
    assert_eq!(ended, end("fast", "done", 1, 0));
    upstream.let_go(1);
    let (_, ended) = client.rows("slow").await;
    assert_eq!(ended, end("slow", "done", 1, 0));
}

#[tokio::test]
async fn what_cannot_be_done_is_told_and_the_socket_goes_on() {
    let (upstream, gateway) =
        (Upstream::start().await, gateway(settings_with(|settings| settings.max_urls = 3)));
    let mut client = Client::of(&gateway).await;
    for wrong in ["", "text", "[]", "{}", r#"{"type":"begin","id":"a"}"#, r#"{"type":"start","id":"a"}"#] {
        assert_eq!(client.refused(wrong).await["code"], "json", "{wrong}");
    }
    let told = client.refused(r#"{"type":"start","id":"a","urls":[],"limit":1}"#).await;
    assert_eq!((&told["code"], &told["id"]), (&"json".into(), &"a".into()));
    for wrong in ["add", "pause", "resume", "cancel"] {
        let message = json!({ "type": wrong, "id": "none" });
        let message = match wrong {
            "add" => json!({ "type": wrong, "id": "none", "urls": [] }),
            _ => message,
        };
        let told = client.refused(&message.to_string()).await;
        assert_eq!((&told["code"], &told["id"]), (&"invalid_option".into(), &"none".into()), "{wrong}");
    }
    for id in ["", &*"a".repeat(65)] {
        let message = json!({ "type": "start", "id": id, "urls": [] }).to_string();
        assert_eq!(client.refused(&message).await["code"], "invalid_option");
    }
    let many = json!({ "type": "start", "id": "a", "urls": upstream.urls("/page/", 4) }).to_string();
    assert_eq!(client.refused(&many).await["code"], "too_large");
    for n in 0..8 {
        client.say(&json!({ "type": "start", "id": n.to_string(), "urls": [], "more": true })).await;
    }
    let again = json!({ "type": "start", "id": "0", "urls": [] }).to_string();
    assert_eq!(client.refused(&again).await["code"], "invalid_option");
    let ninth = json!({ "type": "start", "id": "9", "urls": [] }).to_string();
    assert_eq!(client.refused(&ninth).await["code"], "too_large");
    client.say(&json!({ "type": "add", "id": "0", "urls": [upstream.url("/page/a")] })).await;
    let (rows, _) = client.rows("0").await;
    assert_eq!(rows[0]["title"], "Page a");
}

#[tokio::test]
async fn what_is_no_text_or_too_long_ends_it() {
    let gateway = gateway(settings());
    let mut client = Client::of(&gateway).await;
    client.0.send(Message::binary(&b"{}"[..])).await.expect("it is sent");
    assert_eq!(client.closed().await, CloseCode::Unsupported);

    let mut client = Client::of(&gateway).await;
    let long = json!({ "type": "start", "id": "a", "urls": ["a".repeat(250 << 10)] });
    client.say(&long).await;
    client.rows("a").await;
    client.0.send(Message::text("a".repeat((256 << 10) + 1))).await.expect("it is sent");
    assert_eq!(client.closed().await, CloseCode::Policy);
}

#[tokio::test]
async fn a_client_that_goes_ends_its_requests() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    client
        .say(&json!({ "type": "start", "id": "a", "urls": upstream.urls("/never/", 3), "more": true }))
        .await;
    client.say(&json!({ "type": "start", "id": "b", "urls": upstream.urls("/never/", 2) })).await;
    upstream.asked_for(5).await;
    drop(client);
    upstream.forsaken().await;
}

#[tokio::test]
async fn a_client_that_parts_is_answered_and_its_requests_end() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    client.say(&json!({ "type": "start", "id": "a", "urls": upstream.urls("/never/", 3) })).await;
    upstream.asked_for(3).await;
    let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    client.0.close(Some(frame)).await.expect("it is sent");
    assert_eq!(client.closed().await, CloseCode::Normal);
    assert!(in_time("the end", client.0.next()).await.is_none());
    upstream.forsaken().await;
}

#[tokio::test]
async fn no_more_is_fetched_for_who_does_not_read_and_nothing_is_lost() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    let count = 600;
    client.say(&json!({ "type": "start", "id": "a", "urls": upstream.urls("/long/", count) })).await;
    upstream.asked_for(UNDER_WAY).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // What lies between the two in buffers of the system's was taken, too.
    assert!(upstream.asked() < count - 100, "{}", upstream.asked());
    let (rows, ended) = client.rows("a").await;
    assert_eq!((rows.len(), ended), (count, end("a", "done", count, 0)));
}

#[tokio::test]
async fn a_gateway_that_drains_tells_what_it_took_and_parts() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    client
        .say(&json!({ "type": "start", "id": "open", "urls": [upstream.url("/gate/1")], "more": true }))
        .await;
    upstream.asked_for(1).await;
    gateway.drain();
    // Between the two the gateway has come to know of it, or it comes to know of it by this.
    let told = client.refused(r#"{"type":"start","id":"late","urls":[]}"#).await;
    assert_eq!(told["code"], "closed");
    upstream.let_go(1);
    let (rows, ended) = client.rows("open").await;
    assert_eq!((&rows[0]["title"], ended), (&"Page 1".into(), end("open", "closing", 1, 0)));
    assert_eq!(client.closed().await, CloseCode::Away);
    let address = serve(gateway.router()).await;
    let Err(Error::Http(response)) = shake(address, Some("dualfetch.v1")).await else {
        panic!("it has ended")
    };
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_gateway_that_closes_gives_rows_that_say_so() {
    let (upstream, gateway) = (Upstream::start().await, gateway(settings()));
    let mut client = Client::of(&gateway).await;
    client.say(&json!({ "type": "start", "id": "a", "urls": upstream.urls("/never/", 3) })).await;
    upstream.asked_for(3).await;
    gateway.drain();
    gateway.close();
    let (rows, ended) = client.rows("a").await;
    assert!(rows.iter().all(|row| row["error"]["code"] == "closed"), "{rows:?}");
    assert_eq!(ended, end("a", "done", 3, 3));
    assert_eq!(client.closed().await, CloseCode::Away);
    upstream.forsaken().await;
}

#[tokio::test]
async fn a_key_that_was_taken_away_asks_nothing_more_over_a_socket_that_is_open() {
    let (upstream, keys) = (Upstream::start().await, [(); 2].map(|()| Keys::generate().expect("a key")));
    let with = |name: &str, hash: &str| {
        settings_with(|settings| settings.keys = Keys::new().add(name, hash).expect("a hash"))
    };
    let message = json!({ "type": "start", "id": "a", "urls": [upstream.url("/page/a")] });
    let add = json!({ "type": "add", "id": "open", "urls": [upstream.url("/page/a")] });
    for (later, asked) in [(with("one", &keys[1].hash), &message), (with("two", &keys[0].hash), &add)] {
        let gateway = gateway(with("one", &keys[0].hash));
        let address = serve(gateway.router()).await;
        let protocols = format!("dualfetch.v1, dualfetch.key.{}", keys[0].secret);
        let (mut client, _) = shake(address, Some(&protocols)).await.expect("a handshake");
        client.say(&message).await;
        let _ = client.rows("a").await;
        client.say(&json!({ "type": "start", "id": "open", "urls": [], "more": true })).await;
        client.turned("running").await;
        gateway.reload(with("one", &keys[0].hash)).expect("settings");
        client.say(&message).await;
        let _ = client.rows("a").await;
        let before = upstream.asked();
        gateway.reload(later).expect("settings");
        client.say(asked).await;
        assert_eq!(client.closed().await, CloseCode::Policy);
        assert_eq!(upstream.asked(), before);
    }
}

#[tokio::test]
async fn an_origin_that_is_no_longer_allowed_asks_nothing_more() {
    let allowing = || settings_with(|settings| settings.origins = vec!["https://app.example".to_owned()]);
    let gateway = gateway(allowing());
    let address = serve(gateway.router()).await;
    let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
    request.headers_mut().insert("sec-websocket-protocol", "dualfetch.v1".parse().expect("a value"));
    request.headers_mut().insert("origin", "https://app.example".parse().expect("a value"));
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a handshake");
    let mut client = Client(socket);
    let message = json!({ "type": "start", "id": "a", "urls": [] });
    for settings in [allowing(), settings_with(|settings| settings.origins = vec!["*".to_owned()])] {
        gateway.reload(settings).expect("settings");
        client.say(&message).await;
        assert_eq!(client.next().await, end("a", "done", 0, 0));
    }
    gateway.reload(settings()).expect("settings");
    client.say(&message).await;
    assert_eq!(client.closed().await, CloseCode::Policy);
}

#[tokio::test]
async fn no_more_of_a_clients_words_is_told_back_than_an_id_may_have() {
    let mut client = Client::of(&gateway(settings())).await;
    let (fits, long) = ("ü".repeat(64), "ü".repeat(65));
    for kind in ["pause", "start", "none"] {
        let message = |id: &str| json!({ "type": kind, "id": id, "urls": 1 }).to_string();
        let told = client.refused(&message(&fits)).await;
        assert_eq!(told["id"], fits.as_str());
        let told = client.refused(&message(&long)).await;
        assert_eq!(told.get("id"), None, "{told}");
        let told = client.refused(&message(&"x".repeat(200 << 10))).await;
        assert!(told.to_string().len() < 1_000);
    }
    let told = client.refused(&json!({ "type": "y".repeat(200 << 10), "id": "a" }).to_string()).await;
    assert_eq!((told["id"].as_str(), told.to_string().len() < 1_000), (Some("a"), true));
}
