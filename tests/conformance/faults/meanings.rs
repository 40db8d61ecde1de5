//! What a body is, by what is said of it and by what it holds.

use dualfetch::{DefaultSession, Session};
use serde_json::{Value, json};

use super::super::help::{outcome, session};
use super::rows;
use crate::support::{RawServer, Script};

fn of_type(media: Option<&str>, body: impl Into<bytes::Bytes>) -> Script {
    let body = body.into();
    let length = body.len().to_string();
    let mut fields = vec![("Content-Length", length.as_str())];
    fields.extend(media.map(|media| ("Content-Type", media)));
    Script::new().forever(Script::new().read_head().send_head("200 OK", &fields).send(body))
}

async fn read_as_json(session: &DefaultSession, script: Script) -> dualfetch::Result<Value> {
    let server = RawServer::start(script).await;
    session.get(server.url("/")).await?.json().await
}

pub async fn types_that_are_json(_: &()) {
    let session = session();
    for media in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "APPLICATION/JSON",
        " application/json ; profile=\"a;b\"",
        "application/problem+json",
        "application/vnd.api+json; charset=utf-8",
        "application/ld+json",
        "image/x+json",
        "text/json",
    ] {
        let read = read_as_json(&session, of_type(Some(media), "{\"a\": [1]}")).await;
        assert_eq!(read.ok(), Some(json!({ "a": [1] })), "{media}");
    }
}

pub async fn types_that_are_none(_: &()) {
    let session = session();
    for media in [
        Some("text/html"),
        Some("text/plain"),
        Some("application/javascript"),
        Some("application/jsonp"),
        Some("application/x-json-stream"),
        Some("application/json+xml"),
        Some("json"),
        Some(""),
        None,
    ] {
        let read = read_as_json(&session, of_type(media, "{\"a\": [1]}")).await;
        assert_eq!(outcome(&read), "content_type", "{media:?}");
    }
    for body in ["", "{", "{}x", "nul", "\u{fffd}"] {
        let read = read_as_json(&session, of_type(Some("application/json"), body)).await;
        assert_eq!(outcome(&read), "json", "{body:?}");
    }
}

/// RFC 8259, section 8.1: JSON is UTF-8, whatever its type says.
pub async fn json_in_any_unicode(_: &()) {
    let session = session();
    let text = "{\"a\": \"ä\u{1f600}\"}";
    let utf_16: Vec<_> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (media, body, expected) in [
        ("application/json", text.as_bytes().to_vec(), "ok"),
        ("application/json", ["\u{feff}", text].concat().into_bytes(), "ok"),
        ("application/json; charset=iso-8859-1", text.as_bytes().to_vec(), "ok"),
        ("application/json; charset=utf-16le", utf_16.clone(), "json"),
        ("application/json", [&[0xff, 0xfe][..], &utf_16].concat(), "json"),
        ("application/json", b"{\"a\": \"\xe4\"}".to_vec(), "json"),
    ] {
        let read = read_as_json(&session, of_type(Some(media), body)).await;
        assert_eq!(outcome(&read), expected, "{media}");
        assert!(read.is_err() || read.ok() == Some(json!({ "a": "ä\u{1f600}" })), "{media}");
    }
}

pub async fn charsets_unknown_and_lying(_: &()) {
    let cyrillic = &b"\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0? \xd5\xee\xf0\xee\xf8\xee."[..];
    let greeting = "200: Привет, как дела? Хорошо.";
    let utf_8 = "Привет, как дела? Хорошо.".as_bytes();
    let page =
        |charset: &str, body: &[u8]| of_type(Some(&format!("text/html; charset={charset}")), body.to_vec());
    rows(vec![
        ("declared", page("windows-1251", cyrillic), greeting),
        ("declared, quoted, in capitals", page("\"WINDOWS-1251\"", cyrillic), greeting),
        ("unknown, and UTF-8", page("no-such", utf_8), greeting),
        ("unknown, and not UTF-8", page("no-such", cyrillic), greeting),
        ("empty, and not UTF-8", page("", cyrillic), greeting),
        ("none, and not UTF-8", of_type(Some("text/html"), cyrillic), greeting),
        ("no type at all", of_type(None, utf_8), greeting),
        // A label is believed, as in a browser.
        ("another one", page("iso-8859-1", &b"\x93quoted\x94 \x80"[..]), "200: \u{201c}quoted\u{201d} €"),
        ("UTF-8 and is not", page("utf-8", &b"a\xffb"[..]), "200: a\u{fffd}b"),
        ("a BOM before every label", page("windows-1251", &[b"\xef\xbb\xbf", utf_8].concat()), greeting),
    ])
    .await;
}
