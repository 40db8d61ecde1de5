//! Blobs and files of the platform as bodies, alone and in forms.

use dualfetch::multipart::{Form, Part};
use dualfetch::{Body, Config, ErrorKind, Response, Session};
use futures_util::stream;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Blob, File, FilePropertyBag};

use crate::contract::Lab;

use super::lab::run;

const LENGTH: u32 = 700_000;

/// A file of so many bytes, each its place's remainder by 251.
fn file() -> File {
    let bytes: Vec<u8> = (0..LENGTH).map(|at| (at % 251) as u8).collect();
    let parts = Array::of1(&Uint8Array::from(&bytes[..]));
    let file = File::new_with_u8_array_sequence(&parts, "ü \"x\".bin").expect("a file");
    file.unchecked_into()
}

fn is_the_file(bytes: &[u8]) -> bool {
    bytes.len() == LENGTH as usize
        && bytes.iter().enumerate().all(|(at, byte)| at % 251 == usize::from(*byte))
}

async fn echoed(lab: &impl Lab, body: Body) -> Response {
    let session = lab.session(Config::new());
    session.post(lab.url("/echo-body")).header("content-type", "x/y").body(body).await.expect("a head")
}

#[wasm_bindgen_test]
async fn a_blob_is_a_body_of_known_length_that_can_be_sent_again() {
    run(async |lab| {
        let body = Body::from(Blob::from(file()));
        assert_eq!(body.length(), Some(u64::from(LENGTH)));
        for _ in 0..2 {
            let response = echoed(lab, body.clone()).await;
            assert_eq!(response.content_type(), Some("x/y"));
            assert!(is_the_file(&response.bytes().await.expect("bytes")));
        }
    })
    .await;
}

/// A file of this type.
fn typed(content_type: &str) -> File {
    let options = FilePropertyBag::new();
    options.set_type(content_type);
    let parts = Array::of1(&Uint8Array::from(b"typed".as_slice()));
    File::new_with_u8_array_sequence_and_options(&parts, "typed", &options).expect("a file")
}

#[wasm_bindgen_test]
async fn a_blob_s_type_is_sent_where_the_request_sets_none() {
    run(async |lab| {
        let session = lab.session(Config::new());
        for (content_type, expected) in [("x/z", Some("x/z")), ("", None)] {
            let body = Body::from(typed(content_type));
            let response = session.post(lab.url("/echo")).body(body).await.expect("a head");
            let told = response.text().await.expect("text");
            let sent = told.lines().find_map(|line| line.strip_prefix("content-type: "));
            assert_eq!((sent, told.ends_with("typed")), (expected, true), "{told}");
        }
        let response = echoed(lab, typed("x/z").into()).await;
        assert_eq!(response.content_type(), Some("x/y"));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_file_of_a_type_that_is_none_is_a_part_without_it() {
    run(async |lab| {
        let session = lab.session(Config::new());
        for (content_type, expected) in [("foo", "application/octet-stream"), ("x/z;a=b", "x/z;a=b")] {
            let form = Form::new().part("file", Part::from_file(typed(content_type)));
            let response = session.post(lab.url("/echo-body")).multipart(form).await.expect("a head");
            let mut parts = response.multipart().expect("parts");
            let part = parts.next().await.expect("a head").expect("a part");
            assert_eq!(part.content_type(), Some(expected));
            assert_eq!(part.text().await.expect("text"), "typed");
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_file_is_sent_in_a_form_by_its_name_beside_bytes_and_streams() {
    run(async |lab| {
        let pieces = || stream::iter(["stre", "amed"].map(Ok::<_, std::io::Error>));
        let form = Form::new()
            .text("a", "1")
            .part("file", Part::from_file(file()))
            .part("stream", Part::new(Body::replayable(pieces)))
            .part("blob", Part::new(Blob::from(file())).content_type("x/y"));
        let session = lab.session(Config::new());
        let response = session.post(lab.url("/echo-body")).multipart(form).await.expect("a head");
        let mut parts = response.multipart().expect("parts");
        assert_eq!(parts.next().await.expect("a head").expect("a part").text().await.expect("text"), "1");
        let part = parts.next().await.expect("a head").expect("a part");
        assert_eq!(part.file_name(), Some("ü \"x\".bin"));
        assert_eq!(part.content_type(), Some("application/octet-stream"));
        assert!(is_the_file(&part.bytes().await.expect("bytes")));
        assert_eq!(
            parts.next().await.expect("a head").expect("a part").text().await.expect("text"),
            "streamed"
        );
        let part = parts.next().await.expect("a head").expect("a part");
        assert_eq!((part.file_name(), part.content_type()), (None, Some("x/y")));
        assert!(is_the_file(&part.bytes().await.expect("bytes")));
        assert!(parts.next().await.expect("the end").is_none());
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_was_taken_once_is_not_sent_again_beside_a_blob() {
    run(async |lab| {
        let once = Body::stream(stream::iter([Ok::<_, std::io::Error>("once")]));
        let form = Form::new().part("file", Part::from_file(file())).part("once", Part::new(once));
        let session = lab.session(Config::new());
        let post = || session.post(lab.url("/echo-body")).multipart(form.clone());
        post().await.expect("a head");
        assert_eq!(post().await.expect_err("it is gone").kind(), &ErrorKind::BodyConsumed);
        let path = Form::new().file("file", "/etc/hostname");
        let error = session.post(lab.url("/echo-body")).multipart(path).await.expect_err("no files here");
        assert!(matches!(error.kind(), ErrorKind::Unsupported { feature: "Body::file", .. }), "{error}");
    })
    .await;
}
