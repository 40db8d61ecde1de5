//! Forms there and back: what is sent is echoed under its own type, and read part by part.

use dualfetch::multipart::{Form, Multipart, Part, Reader};
use dualfetch::{Config, Session};

use super::{Lab, outcome};

pub async fn a_form_comes_back_as_it_was_sent(lab: &impl Lab) {
    let content: Vec<u8> = (0..10_000_u32).map(|at| (at % 251) as u8).collect();
    let form = Form::new()
        .text("zwölf \"Boxkämpfer\"", "ü\r\n")
        .part("file", Part::bytes(content.clone()).file_name("a\\b.bin"))
        .part("typed", Part::text("--\r\n").content_type("text/plain; charset=utf-8"));
    let session = lab.session(Config::new());
    let response = session.post(lab.url("/echo-body")).multipart(form).await.expect("a head");
    let mut parts = response.multipart().expect("parts");

    let text = parts.next().await.expect("a head").expect("a part");
    assert_eq!((text.name(), text.file_name()), (Some("zwölf \"Boxkämpfer\""), None));
    assert_eq!(text.text().await.expect("text"), "ü\r\n");
    let mut file = parts.next().await.expect("a head").expect("a part");
    assert_eq!((file.name(), file.file_name()), (Some("file"), Some("a\\b.bin")));
    let mut read = Vec::new();
    while let Some(piece) = file.chunk().await.expect("a piece") {
        read.extend_from_slice(&piece);
    }
    assert!(read == content, "{} bytes", read.len());
    let typed = parts.next().await.expect("a head").expect("a part");
    assert_eq!(typed.content_type(), Some("text/plain; charset=utf-8"));
    assert_eq!(typed.text().await.expect("text"), "--\r\n");
    assert!(parts.next().await.expect("the end").is_none());
}

pub async fn parts_in_parts_and_those_nobody_reads(lab: &impl Lab) {
    let inner = Multipart::new("alternative").part("one").part(Part::text("x".repeat(10_000))).part("three");
    let parts = Multipart::new("mixed").part(Part::multipart(inner)).part("last");
    let session = lab.session(Config::new());
    let response = session.put(lab.url("/echo-body")).multipart(parts).await.expect("a head");
    let mut parts = response.multipart().expect("parts");
    {
        let mut inner: Reader<'_> =
            parts.next().await.expect("a head").expect("a part").multipart().expect("parts in it");
        let _unread = inner.next().await.expect("a head");
        let mut half = inner.next().await.expect("a head").expect("a part");
        assert!(half.chunk().await.expect("a piece").is_some());
    }
    assert_eq!(parts.next().await.expect("a head").expect("a part").bytes().await.expect("bytes"), "last");
    assert!(parts.next().await.expect("the end").is_none());
}

pub async fn what_is_no_multipart(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let page = session.get(lab.url("/page/1")).await.expect("a head");
    assert_eq!(outcome(&page.multipart()), "content_type");
    let cut = session.post(lab.url("/echo-body")).header("content-type", "multipart/mixed; boundary=b");
    let mut parts = cut.body("--b\r\n\r\ncut").await.expect("a head").multipart().expect("a boundary");
    let part = parts.next().await.expect("a head").expect("a part");
    assert_eq!(outcome(&part.bytes().await), "decode");
}
