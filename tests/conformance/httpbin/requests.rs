//! What httpbin makes of what is sent.

use dualfetch::{Body, Compression, Config, Method, Session};
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

const ODD: [(&str, &str); 4] = [("a", "1"), ("a", "ü & =%20+"), ("", "no name"), ("empty", "")];

fn odd() -> Value {
    json!({ "a": ["1", "ü & =%20+"], "": "no name", "empty": "" })
}

pub async fn params(httpbin: &Httpbin) {
    let session = session();
    // A redirect does not get them again.
    for path in ["/get?", "/redirect-to?url=/get&"] {
        let request = session.get(httpbin.url(path)).raw_params("b=%2f&c").params(ODD);
        let response = request.follow_redirects(true).await.expect("a head");
        let last = response.url().query().map(str::to_owned);
        let answer: Value = response.json().await.expect("JSON");
        match path {
            "/get?" => {
                let mut expected = odd();
                (expected["b"], expected["c"]) = ("/".into(), "".into());
                assert_eq!(answer["args"], expected);
            }
            _ => assert_eq!((&answer["args"], last), (&json!({}), None)),
        }
    }
}

pub async fn a_form(httpbin: &Httpbin) {
    let session = session();
    let response = session.post(httpbin.url("/post")).form(ODD).await.expect("a head");
    let answer: Value = response.json().await.expect("JSON");
    assert_eq!(answer["form"], odd());
    assert_eq!(answer["headers"]["Content-Type"], "application/x-www-form-urlencoded");
}

pub async fn text_with_its_type(httpbin: &Httpbin) {
    let session = session();
    let response = session.post(httpbin.url("/post")).text("grüße").await.expect("a head");
    let answer: Value = response.json().await.expect("JSON");
    assert_eq!(answer["data"], "grüße");
    assert_eq!(answer["headers"]["Content-Type"], "text/plain; charset=utf-8");
}

pub async fn a_stream(httpbin: &Httpbin) {
    let session = session();
    let pieces = || futures_util::stream::iter(["one ", "", "two ", "three"].map(Ok::<_, std::io::Error>));
    for (body, length) in [
        (Body::stream(pieces()), None),
        (Body::stream(pieces()).with_length(13), Some("13")),
        (Body::replayable(pieces), None),
    ] {
        let request = session.post(httpbin.url("/post")).header("content-type", "text/plain").body(body);
        let answer: Value = request.await.expect("a head").json().await.expect("JSON");
        assert_eq!(answer["data"], "one two three");
        // waitress takes the chunks apart and tells the length.
        assert_eq!(answer["headers"]["Content-Length"], length.unwrap_or("13"));
    }
}

pub async fn compressed(httpbin: &Httpbin) {
    let session = session();
    let text = "words ".repeat(1000);
    for (compression, name) in [(Compression::Gzip, "gzip"), (Compression::Deflate, "deflate")] {
        let request = session.post(httpbin.url("/post")).body(text.clone()).compress(compression);
        let answer: Value = request.await.expect("a head").json().await.expect("JSON");
        assert_eq!(answer["headers"]["Content-Encoding"], name);
        assert!(answer["data"].as_str().is_some_and(|sent| sent.len() < 200), "{answer}");
    }
}

pub async fn relative_to_a_base(httpbin: &Httpbin) {
    let session = Config::new().base_url(httpbin.url("/anything/v1/")).build().expect("a session");
    for (relative, path) in [
        ("users", "/anything/v1/users"),
        ("users/1?page=2", "/anything/v1/users/1?page=2"),
        ("../v2/users", "/anything/v2/users"),
        ("/anything/users", "/anything/users"),
        ("?page=2", "/anything/v1/?page=2"),
        ("", "/anything/v1/"),
    ] {
        let answer: Value = session.get(relative).await.expect("a head").json().await.expect("JSON");
        assert_eq!(answer["url"], httpbin.url(path), "{relative:?}");
    }
    let answer: Value =
        session.get(httpbin.named_url("/get")).await.expect("a head").json().await.expect("JSON");
    assert_eq!(answer["url"], httpbin.named_url("/get"));
}
