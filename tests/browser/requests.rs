//! What no fetch can do, wherever it runs, is refused by name; and what it does by itself is not in our way.

use std::time::Duration;

use dualfetch::{Config, Error, HttpVersion, Method, Session, Timeout};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::contract::Lab;

use super::lab::run;

fn unsupported(result: Result<impl Sized, Error>, feature: &str) {
    let Err(error) = result else { panic!("{feature} was taken") };
    assert_eq!(error.code(), "unsupported");
    assert!(error.to_string().contains(feature), "{error}");
}

#[wasm_bindgen_test]
async fn what_no_fetch_can_do_is_unsupported_by_name() {
    run(async |lab| {
        let session = lab.session(Config::new());
        let get = || session.get(lab.url("/echo"));
        let connect = Timeout::new().connect(Duration::from_secs(1));
        unsupported(get().timeout(connect).await, "timeout.connect");
        unsupported(get().http_version(HttpVersion::Http1).await, "http_version");
        unsupported(get().auto_decompress(false).await, "auto_decompress");
        unsupported(get().body("x").await, "body");
        for method in [Method::CONNECT, Method::TRACE] {
            unsupported(session.request(method, lab.url("/echo")).await, "method");
        }
        unsupported(Config::new().timeout(connect).build(), "timeout.connect");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_compressed_body_is_read_whole() {
    run(async |lab| {
        let session = lab.session(Config::new());
        let response = session.get(lab.faulty("/gzip")).await.expect("a response");
        let body = response.bytes().await.expect("a page");
        assert_eq!(body.len(), 5000);
        assert!(body.starts_with(b"<!doctype html><html><head><title>Packed</title>"));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_piece_comes_before_the_rest_is_there() {
    run(async |lab| {
        let session = lab.session(Config::new());
        let mut response = session.get(lab.faulty("/stalled")).await.expect("a head");
        let piece = response.chunk().await.expect("a piece").expect("half of it");
        assert!(piece.starts_with(b"<!doctype html><html><head><title>Half</title>"));
    })
    .await;
}
