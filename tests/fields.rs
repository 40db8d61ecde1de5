//! Header fields of a response, read as `tests/fields.json` says; the npm package's own reading is held to the same by
//! `pkg/test/fields.test.mjs`.
#![cfg(all(feature = "json", not(target_arch = "wasm32")))]

use dualfetch::{ContentDisposition, Response, Url, safe_file_name};
use serde_json::{Value, json};

fn cases(of: &str) -> Vec<Vec<Value>> {
    let all: Value = serde_json::from_str(include_str!("fields.json")).expect("JSON");
    serde_json::from_value(all[of].clone()).expect("lists")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A response to a request for a URL with a fragment, with this field.
fn with(name: &str, value: &str) -> Response {
    let url = Url::parse("https://a.example/dir/page?x=1#frag").expect("a URL");
    let made = http::Response::builder().header(name, value.as_bytes()).extension(url).body(());
    Response::try_from(made.expect("a response")).expect("a response")
}

#[test]
fn content_disposition_is_read_as_the_cases_say() {
    for case in cases("contentDisposition") {
        let told = ContentDisposition::parse(text(&case[0]));
        let told = json!([case[0], told.kind(), told.is_attachment(), told.file_name()]);
        assert_eq!(told, json!(case));
    }
}

#[test]
fn file_names_are_made_safe_as_the_cases_say() {
    for case in cases("safeFileName") {
        assert_eq!(json!([case[0], safe_file_name(text(&case[0]))]), json!(case));
    }
}

#[test]
fn links_are_read_as_the_cases_say() {
    for case in cases("links") {
        let links = with("link", text(&case[0])).links();
        let told: Vec<Value> = links
            .iter()
            .map(|link| {
                let anchor = link.anchor().map(|anchor| anchor.as_str().to_owned());
                json!([link.url().as_str(), link.rels().collect::<Vec<_>>(), anchor, link.title()])
            })
            .collect();
        assert_eq!(json!([case[0], told]), json!(case));
    }
}

#[test]
fn media_types_are_read_as_the_cases_say() {
    for case in cases("mediaType") {
        let response = with("content-type", text(&case[0]));
        let told = json!([case[0], response.mime_type().unwrap_or_default(), response.charset()]);
        assert_eq!(told, json!(case));
    }
}
