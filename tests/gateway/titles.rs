//! `POST /titles`.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use dualfetch::gateway::{Gateway, Settings};
use futures_util::StreamExt;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::lab::{self, problem, settings, settings_with, text};
use crate::upstream::{Upstream, in_time};

const LIST: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const EVENTS: &str = "text/event-stream";

/// How many URLs of one list are under way at once, and how many rows may wait to be taken, with those: what
/// src/gateway/listing.rs says.
const UNDER_WAY: usize = 100;
const UNTAKEN: usize = 2 * UNDER_WAY;

fn gateway() -> Gateway {
    lab::gateway(settings())
}

fn post(query: &str, content_type: &str, accept: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(format!("/titles{query}")).header("host", "localhost");
    let request = request.header("content-type", content_type).header("accept", accept);
    request.body(body.into()).expect("a request")
}

async fn send(gateway: &Gateway, request: Request<Body>) -> Response<Body> {
    lab::send(gateway, request).await
}

fn lines(urls: &[String]) -> String {
    urls.iter().map(|url| format!("{}\n", Value::from(url.as_str()))).collect()
}

async fn rows(response: Response<Body>) -> Vec<Value> {
    assert_eq!(
        (response.status(), &response.headers()["content-type"]),
        (StatusCode::OK, &LINES.parse().unwrap())
    );
    let text = in_time("all rows", text(response)).await;
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A body whose lines come as they are sent.
fn coming() -> (mpsc::UnboundedSender<String>, Body) {
    let (sender, receiver) = mpsc::unbounded_channel::<String>();
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async {
        let line = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(line), receiver))
    });
    (sender, Body::from_stream(pieces))
}

fn line(url: &str) -> String {
    format!("\"{url}\"\n")
}

/// Rows one by one.
struct Rows(BodyDataStream, Vec<u8>);

impl Rows {
    fn new(response: Response<Body>) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        Self(response.into_body().into_data_stream(), Vec::new())
    }

    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.1.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.1.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("JSON"));
            }
            let piece = in_time("a row", self.0.next()).await?;
            self.1.extend_from_slice(&piece.expect("a clean body"));
        }
    }
}

#[tokio::test]
async fn a_list_of_any_form_has_a_row_for_each_url() {
    let (upstream, gateway) = (Upstream::start().await, gateway());
    let urls = [upstream.url("/page/a"), "no URL".to_owned(), upstream.url("/page/b")];
    for (content_type, body) in [
        (LIST, Value::from(&urls[..]).to_string()),
        ("Application/JSON; charset=utf-8", Value::from(&urls[..]).to_string()),
        (LINES, lines(&urls)),
        ("application/jsonl", lines(&urls)),
    ] {
        let rows = rows(send(&gateway, post("?ordered=true", content_type, "*/*", body)).await).await;
        assert_eq!(rows.len(), 3, "{content_type}");
        let mut first = rows[0].clone();
        assert!(first["elapsed_ms"].is_u64());
        first["elapsed_ms"] = 0.into();
        let expected = json!({
            "index": 0, "url": urls[0], "final_url": urls[0], "status": 200, "title": "Page a", "title_source": "head",
            "encoding": "UTF-8", "encoding_source": "content-type", "bytes": 62, "elapsed_ms": 0, "attempts": 1,
            "error": null,
        });
        assert_eq!(first, expected);
        assert_eq!((&rows[1]["url"], &rows[1]["error"]["code"]), (&"no URL".into(), &"invalid_url".into()));
        assert_eq!((&rows[2]["title"], &rows[2]["index"]), (&"Page b".into(), &2.into()));
    }
    assert_eq!(rows(send(&gateway, post("", LIST, "*/*", "[]")).await).await, [] as [Value; 0]);
    assert_eq!(rows(send(&gateway, post("", LINES, "*/*", "")).await).await, [] as [Value; 0]);
}

#[tokio::test]
async fn what_safe_mode_denies_is_a_row_that_says_so() {
    let gateway = lab::gateway(Settings::new());
    let rows =
        rows(send(&gateway, post("", LIST, "*/*", r#"["http://127.0.0.1/", "http://[::1]/"]"#)).await).await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["error"]["code"] == "denied"), "{rows:?}");
}

#[tokio::test]
async fn a_url_with_credentials_is_a_row_that_says_so_and_is_not_asked() {
    let (upstream, gateway) = (Upstream::start().await, gateway());
    let plain = upstream.url("/page/@");
    let urls = [plain.replace("//", "//me:pw@"), plain.replace("//", "//me@"), plain];
    let rows = rows(send(&gateway, post("?ordered=true", LINES, "*/*", lines(&urls))).await).await;
    for (row, url) in rows.iter().zip(&urls).take(2) {
        assert_eq!((&row["url"], &row["error"]["code"]), (&url.as_str().into(), &"invalid_url".into()));
    }
    assert_eq!((&rows[2]["title"], upstream.asked()), (&"Page @".into(), 1));
}

#[tokio::test]
async fn events_are_rows_with_their_index_and_an_end_that_counts_them() {
    let (upstream, gateway) = (Upstream::start().await, gateway());
    let body = lines(&[upstream.url("/page/a"), "no URL".to_owned()]);
    let response = send(&gateway, post("?ordered=true", LINES, EVENTS, body)).await;
    assert_eq!(response.headers()["content-type"], EVENTS);
    let text = in_time("all events", text(response)).await;
    let events: Vec<Vec<(&str, &str)>> = text
        .trim_end()
        .split("\n\n")
        .map(|event| event.lines().map(|line| line.split_once(": ").expect("a field")).collect())
        .collect();
    assert_eq!(events.len(), 3, "{text}");
    let of = |event: usize, name: &str| {
        events[event].iter().find(|(field, _)| *field == name).map(|(_, value)| *value)
    };
    assert_eq!((of(0, "event"), of(0, "id"), of(1, "id")), (Some("row"), Some("0"), Some("1")));
    let row: Value = serde_json::from_str(of(0, "data").expect("data")).expect("JSON");
    assert_eq!(row["title"], "Page a");
    assert_eq!((of(2, "event"), of(2, "data")), (Some("end"), Some(r#"{"rows":2,"failed":1}"#)));
}

#[tokio::test]
async fn rows_come_as_they_are_done_or_in_order() {
    let (upstream, gateway) = (Upstream::start().await, gateway());
    let urls = json!([upstream.url("/gate/a"), upstream.url("/page/b")]).to_string();
    let mut rows = Rows::new(send(&gateway, post("", LIST, "*/*", urls.clone())).await);
    assert_eq!(rows.next().await.expect("a row")["title"], "Page b");
    upstream.let_go(1);
    assert_eq!(rows.next().await.expect("a row")["title"], "Page a");
    assert_eq!(rows.next().await, None);

    let mut rows = Rows::new(send(&gateway, post("?ordered=true", LIST, "*/*", urls)).await);
    upstream.asked_for(4).await;
    upstream.let_go(1);
    assert_eq!(rows.next().await.expect("a row")["title"], "Page a");
    assert_eq!(rows.next().await.expect("a row")["title"], "Page b");
}

#[tokio::test]
async fn metadata_is_there_where_it_is_asked_for() {
    let (upstream, gateway) = (Upstream::start().await, gateway());
    let urls = json!([upstream.url("/page/a"), "no URL"]).to_string();
    for reach in ["head", "page"] {
        let query = format!("?metadata={reach}&ordered=true");
        let rows = rows(send(&gateway, post(&query, LIST, "*/*", urls.clone())).await).await;
        let expected = json!({ "value": "about a", "source": "meta" });
        assert_eq!(rows[0]["metadata"]["description"], expected);
        assert_eq!(rows[1].get("metadata"), Some(&Value::Null));
    }
    let rows = rows(send(&gateway, post("", LIST, "*/*", urls)).await).await;
    assert!(rows.iter().all(|row| row.get("metadata").is_none()));
}

#[tokio::test]
async fn a_row_comes_before_the_list_has_ended() {
    let (upstream, gateway) = (Upstream::start().await, gateway());
    let (list, body) = coming();
    list.send(line(&upstream.url("/page/a"))).expect("it is read");
    let mut rows = Rows::new(in_time("a head", send(&gateway, post("", LINES, "*/*", body))).await);
    assert_eq!(rows.next().await.expect("a row")["title"], "Page a");
    list.send(line(&upstream.url("/page/b"))).expect("it is read");
    assert_eq!(rows.next().await.expect("a row")["title"], "Page b");
    drop(list);
    assert_eq!(rows.next().await, None);
}

#[tokio::test]
async fn what_is_no_list_is_refused_before_any_row() {
    let gateway = lab::gateway(settings_with(|settings| settings.max_urls = 2));
    let long = format!("[\"{}\"]", "a".repeat(1 << 20));
    let long_line = format!("\"{}\"\n", "a".repeat(20 << 10));
    for (query, content_type, body, status, code) in [
        ("", "text/plain", "[]", 415, "unsupported_media_type"),
        ("", "application/json-seq", "[]", 415, "unsupported_media_type"),
        ("", LIST, "", 400, "json"),
        ("", LIST, "{}", 400, "json"),
        ("", LIST, "[1]", 400, "json"),
        ("", LIST, "[\"http://a/\"", 400, "json"),
        ("", LIST, "[\"http://a/\"] x", 400, "json"),
        ("", LIST, "[\"a\",\"b\",\"c\"]", 413, "too_large"),
        ("", LIST, &*long, 413, "too_large"),
        ("", LINES, "http://a/\n", 400, "json"),
        ("", LINES, &*long_line, 400, "line_too_long"),
        ("?ordered=1", LIST, "[]", 400, "invalid_option"),
        ("?metadata=all", LIST, "[]", 400, "invalid_option"),
        ("?urls=a", LIST, "[]", 400, "invalid_option"),
    ] {
        let response = send(&gateway, post(query, content_type, "*/*", body.to_owned())).await;
        assert_eq!(response.status().as_u16(), status, "{query} {content_type} {code}");
        assert_eq!(problem(response).await["code"], code);
    }
    let mut coded = post("", LIST, "*/*", "[]");
    coded.headers_mut().insert("content-encoding", "gzip".parse().expect("a value"));
    let response = send(&gateway, coded).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(problem(response).await["code"], "unsupported_media_type");

    gateway.drain();
    let response = send(&gateway, post("", LIST, "*/*", "[]")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(problem(response).await["code"], "closed");
}

#[tokio::test]
async fn a_list_that_breaks_off_has_rows_until_there_and_one_that_says_why() {
    let upstream = Upstream::start().await;
    let url = line(&upstream.url("/page/a"));
    let long = format!("\"{}\"\n", "a".repeat(20 << 10));
    let many = url.repeat(9);
    let settings = settings_with(|settings| (settings.max_urls, settings.max_upload) = (3, 30 << 10));
    let gateway = lab::gateway(settings);
    for (rest, before, code) in [
        ("http://b/\n", 1, "json"),
        (&*format!("{url}{{}}\n"), 2, "json"),
        (&*long, 1, "line_too_long"),
        (&*many, 3, "too_large"),
        (&*format!("{}{url}", " \n".repeat(20 << 10)), 1, "too_large"),
    ] {
        let (list, body) = coming();
        let text = format!("{url}{rest}{url}");
        text.split_inclusive('\n').for_each(|line| list.send(line.to_owned()).expect("it is read"));
        drop(list);
        let rows = rows(send(&gateway, post("", LINES, "*/*", body)).await).await;
        let (last, others) = rows.split_last().expect("rows");
        assert_eq!(others.len(), before, "{code}");
        assert!(others.iter().all(|row| row["title"] == "Page a"));
        assert_eq!(
            (&last["url"], &last["error"]["code"], &last["index"]),
            (&Value::Null, &code.into(), &before.into())
        );
    }
}

#[tokio::test]
async fn no_more_is_fetched_for_who_does_not_read_and_nothing_is_lost() {
    let (upstream, gateway) = (Upstream::start().await, gateway());
    let count = 3 * UNTAKEN;
    let body = lines(&upstream.urls("/page/", count));
    let response = send(&gateway, post("", LINES, "*/*", body)).await;
    upstream.asked_for(UNTAKEN).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(upstream.asked(), UNTAKEN);
    let rows = rows(response).await;
    let mut indexes: Vec<_> = rows.iter().map(|row| row["index"].as_u64().expect("a number")).collect();
    indexes.sort_unstable();
    assert!(indexes.into_iter().eq(0..count as u64));
    assert!(rows.iter().all(|row| row["error"].is_null()));
}

#[tokio::test]
async fn long_rows_take_the_room_of_several() {
    let (upstream, gateway) = (Upstream::start().await, gateway());
    let body = lines(&upstream.urls("/long/", UNTAKEN));
    let response = send(&gateway, post("", LINES, "*/*", body)).await;
    upstream.asked_for(UNDER_WAY).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Each is counted as twelve more only once it is done.
    assert!(upstream.asked() < UNDER_WAY + UNDER_WAY / 5, "{}", upstream.asked());
    let rows = rows(response).await;
    assert!(rows.len() == UNTAKEN && rows.iter().all(|row| row["error"].is_null()));
}

#[tokio::test]
async fn a_client_that_goes_ends_its_requests() {
    for accept in ["*/*", EVENTS] {
        let (upstream, gateway) = (Upstream::start().await, gateway());
        let body = lines(&upstream.urls("/never/", 5));
        let response = send(&gateway, post("", LINES, accept, body)).await;
        upstream.asked_for(5).await;
        drop(response);
        upstream.forsaken().await;
    }
}

#[tokio::test]
async fn a_gateway_that_drains_takes_no_more_urls_and_gives_rows_for_all_it_took() {
    let (upstream, gateway) = (Upstream::start().await, gateway());
    let (list, body) = coming();
    for n in 0..3 {
        list.send(line(&upstream.url(&format!("/gate/{n}")))).expect("it is read");
    }
    let response = send(&gateway, post("", LINES, EVENTS, body)).await;
    upstream.asked_for(3).await;
    gateway.drain();
    let _ = list.send(line(&upstream.url("/page/late")));
    upstream.let_go(3);
    let text = in_time("the end", text(response)).await;
    // The last one says that there was more, or may have been.
    assert!(text.ends_with("event: end\ndata: {\"rows\":4,\"failed\":1}\n\n"), "{text}");
    assert!(text.contains("\"url\":null") && text.contains("\"code\":\"closed\""), "{text}");
    assert_eq!(upstream.asked(), 3);
}

#[tokio::test]
async fn a_gateway_that_closes_gives_rows_that_say_so() {
    for query in ["", "?ordered=true"] {
        let (upstream, gateway) = (Upstream::start().await, gateway());
        let (list, body) = coming();
        list.send(lines(&upstream.urls("/never/", 4))).expect("it is read");
        let response = send(&gateway, post(query, LINES, "*/*", body)).await;
        upstream.asked_for(4).await;
        gateway.drain();
        gateway.close();
        let rows = rows(response).await;
        // One for each, and one for what may have come yet.
        assert_eq!(rows.iter().filter(|row| row["error"]["code"] == "closed").count(), 5, "{rows:?}");
        assert_eq!((rows.len(), rows[4]["url"].is_null()), (5, true));
        upstream.forsaken().await;
        drop(list);
    }
}
