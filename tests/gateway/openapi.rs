//! `GET /openapi.json`: described is what there is.

use std::collections::BTreeSet;

use axum::body::Body;
use dualfetch::gateway::Keys;
use dualfetch::row::{JsonRow, write};
use dualfetch::{Client, Config, SessionExt, platform::scripted::Scripted};
use http::{Method, Request, StatusCode};
use serde_json::Value;

use crate::lab::{self, ask, problem, settings, text};

async fn description() -> Value {
    let gateway = lab::gateway(settings());
    let response = ask(&gateway, Request::get("/openapi.json").header("host", "localhost")).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_str(&text(response).await).expect("JSON")
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().expect("an object").keys().cloned().collect()
}

/// Every path that stands in the gateway's source.
fn routes() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/gateway");
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let source =
        files.filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).expect("a text"));
    let of_one = |text: String| -> Vec<String> {
        let routes = text.split(".route(\"").skip(1);
        routes.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
    };
    source.flat_map(of_one).collect()
}

#[tokio::test]
async fn every_route_is_described_and_every_description_has_its_route() {
    let all = description().await;
    assert!(all["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    let described = keys(&all["paths"]);
    assert!(described.contains("/fetch"));
    assert_eq!(described, routes());

    let gateway = lab::gateway(settings());
    for (path, item) in all["paths"].as_object().expect("paths") {
        for method in keys(item) {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let request = Request::builder().method(method.clone()).uri(path).header("host", "localhost");
            let status = ask(&gateway, request).await.status();
            assert!(
                ![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&status),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn a_key_is_needed_where_it_is_said_to_be() {
    let mut settings = settings();
    settings.keys = settings.keys.add("one", &Keys::generate().expect("a key").hash).expect("a hash");
    let gateway = lab::gateway(settings);
    let all = description().await;
    assert_eq!(all["components"]["securitySchemes"]["key"]["scheme"], "bearer");
    for (path, item) in all["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let request = Request::builder().method(method.clone()).uri(path).header("host", "localhost");
            let is_refused = ask(&gateway, request).await.status() == StatusCode::UNAUTHORIZED;
            assert_eq!(is_refused, operation.get("security").is_some(), "{method} {path}");
            assert_eq!(is_refused, operation["responses"].get("401").is_some(), "{method} {path}");
        }
    }
}

/// Whether an object has what is required, and nothing that is not known.
fn fits(object: &Value, schema: &Value) {
    let required: BTreeSet<String> = serde_json::from_value(schema["required"].clone()).expect("names");
    let (has, knows) = (keys(object), keys(&schema["properties"]));
    assert!(required.is_subset(&has), "{required:?} {has:?}");
    assert!(has.is_subset(&knows), "{has:?} {knows:?}");
}

#[tokio::test]
async fn rows_and_problems_are_as_their_schemas_say() {
    let all = description().await;
    let schemas = &all["components"]["schemas"];
    let session = Client::with_backend(Config::new(), Scripted::new(1)).expect("a session");
    let row = session.titles(["no URL"]).next().await.expect("a row");
    for metadata in [false, true] {
        let mut json = Vec::new();
        write(&JsonRow::of(&row, metadata), &mut json);
        let row: Value = serde_json::from_slice(&json).expect("JSON");
        fits(&row, &schemas["Row"]);
        fits(&row["error"], &schemas["RowError"]);
    }
    let gateway = lab::gateway(settings());
    let request = Request::get("/fetch").header("host", "localhost").body(Body::empty()).expect("a request");
    fits(&problem(lab::send(&gateway, request).await).await, &schemas["Problem"]);
}

#[tokio::test]
async fn it_is_compressed_for_who_takes_it() {
    let gateway = lab::gateway(settings());
    for (path, taken, coding) in [
        ("/openapi.json", "br", Some("br")),
        ("/openapi.json", "gzip", Some("gzip")),
        ("/openapi.json", "identity", None),
        ("/metrics", "gzip", Some("gzip")),
    ] {
        let asked = Request::get(path).header("host", "localhost").header("accept-encoding", taken);
        let answer = ask(&gateway, asked).await;
        let told = answer.headers().get("content-encoding").map(|coding| coding.to_str().expect("a word"));
        assert_eq!(told, coding, "{path} {taken}");
        let vary: Vec<_> = answer.headers().get_all("vary").iter().collect();
        assert!(vary.iter().any(|vary| *vary == "accept-encoding"), "{path} {vary:?}");
    }
}
