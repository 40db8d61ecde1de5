//! What httpbin makes of what is sent.

use dualfetch::{Config, Method, Session};
use serde_json::{Value, json};

use super::super::help::session;
use super::Httpbin;

pub async fn a_query(httpbin: &Httpbin) {
    let answer = httpbin.json(&session(), "/get?a=1&a=2&b=x%20y+z&c=&d=%26%3D%2B&ü=ä#not-sent").await;
    assert_eq!(answer["args"], json!({ "a": ["1", "2"], "b": "x y z", "c": "", "d": "&=+", "ü": "ä" }));
}

async fn posted(httpbin: &Httpbin, media: &str, body: impl Into<dualfetch::Body>) -> Value {
    let session = session();
    let request = session.post(httpbin.url("/post")).header("content-type", media).body(body);
    request.await.expect("a head").json().await.expect("JSON")
}

pub async fn json(httpbin: &Httpbin) {
    let session = session();
    let sent = json!({ "text": "ä\u{1f600}\"\\\n", "number": 1.5, "list": [null, true], "empty": {} });
    let answer: Value =
        session.post(httpbin.url("/post")).json(&sent).await.expect("a head").json().await.expect("JSON");
    assert_eq!(answer["json"], sent);
    assert_eq!(answer["headers"]["Content-Type"], "application/json");
}

pub async fn text(httpbin: &Httpbin) {
    let answer = posted(httpbin, "text/plain; charset=utf-8", "grüße\r\n").await;
    assert_eq!((&answer["data"], &answer["json"]), (&json!("grüße\r\n"), &Value::Null));
    assert_eq!(answer["headers"]["Content-Length"], "9");
}

pub async fn bytes(httpbin: &Httpbin) {
    let all: Vec<u8> = (0..=255).collect();
    let answer = posted(httpbin, "application/octet-stream", all.clone()).await;
    let data = answer["data"].as_str().expect("a data URL");
    let (_, encoded) = data.split_once("base64,").expect("a data URL");
    use base64::Engine as _;
    assert_eq!(base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64"), all);
}

pub async fn a_form_by_hand(httpbin: &Httpbin) {
    let answer = posted(httpbin, "application/x-www-form-urlencoded", "a=1&a=2&b=x+y%26").await;
    assert_eq!(answer["form"], json!({ "a": ["1", "2"], "b": "x y&" }));
}

pub async fn no_body(httpbin: &Httpbin) {
    let session = session();
    let answer: Value = session.post(httpbin.url("/post")).await.expect("a head").json().await.expect("JSON");
    assert_eq!((&answer["data"], &answer["headers"]["Content-Length"]), (&json!(""), &json!("0")));
    let answer = httpbin.json(&session, "/get").await;
    for name in ["Content-Length", "Content-Type", "Transfer-Encoding"] {
        assert_eq!(answer["headers"][name], Value::Null, "{name}");
    }
}

pub async fn every_method(httpbin: &Httpbin) {
    let session = session();
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
        let response = session.request(method.clone(), httpbin.url("/anything")).await.expect("a head");
        let answer: Value = response.json().await.expect("JSON");
        assert_eq!(answer["method"], method.as_str());
    }
    let response = session.options(httpbin.url("/get")).await.expect("a head");
    let allowed = super::field(&response, "allow").expect("what is allowed");
    assert!(["GET", "HEAD", "OPTIONS"].iter().all(|method| allowed.contains(method)), "{allowed}");
    assert_eq!(session.post(httpbin.url("/get")).await.expect("a head").status(), 405);
}

pub async fn header_fields(httpbin: &Httpbin) {
    let session = Config::new().header("x-session", "of it").header("x-both", "of it").build().expect("one");
    let request =
        session.get(httpbin.url("/headers")).header("x-both", "of this").append_header("x-two", "1");
    let answer: Value =
        request.append_header("x-two", "2").await.expect("a head").json().await.expect("JSON");
    let sent = &answer["headers"];
    // waitress joins fields of one name.
    for (name, value) in [("X-Session", "of it"), ("X-Both", "of this"), ("X-Two", "1, 2")] {
        assert_eq!(sent[name], value, "{sent}");
    }
    assert_eq!(sent["Host"], format!("127.0.0.1:{}", httpbin.port));
    assert_eq!(sent["User-Agent"], concat!("dualfetch/", env!("CARGO_PKG_VERSION")));
}
