//! Bodies read in parts, and what an answer tells beside its body.

use dualfetch::Session;
use futures_util::StreamExt;
use serde_json::Value;

use super::super::help::session;
use super::Httpbin;

pub async fn line_by_line(httpbin: &Httpbin) {
    let mut lines = httpbin.get(&session(), "/stream/20").await.lines();
    let mut ids = Vec::new();
    while let Some(line) = lines.next().await {
        let line: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        ids.push(line["id"].as_u64().expect("a number"));
    }
    assert!(ids.iter().copied().eq(0..20), "{ids:?}");
}

pub async fn block_by_block(httpbin: &Httpbin) {
    let blocks = httpbin.get(&session(), "/stream-bytes/1050?seed=1&chunk_size=7").await.blocks(100);
    let sizes: Vec<_> = blocks.map(|block| block.expect("a block").len()).collect().await;
    assert_eq!(sizes, [&[100; 10][..], &[50]].concat());
}

pub async fn an_error_with_its_page(httpbin: &Httpbin) {
    let response = httpbin.get(&session(), "/status/418").await;
    assert_eq!(response.reason(), Some("I'M A TEAPOT"));
    let error = response.error_for_status().await.expect_err("418");
    assert_eq!(error.code(), "status");
    assert!(format!("{error} {:?}", error.body()).contains("teapot"), "{error}");
}

pub async fn links_and_file_names(httpbin: &Httpbin) {
    let query = "Link=%3C/page/2%3E;%20rel=next,%20%3Chttp://a.example/%3E;rel=%22last%20x%22\
                 &Content-Disposition=attachment;%20filename=%22a.txt%22;%20filename*=UTF-8''%25e2%2582%25ac.txt";
    let response = httpbin.get(&session(), &format!("/response-headers?{query}")).await;
    assert_eq!(response.link("next").expect("a link").url().as_str(), httpbin.url("/page/2"));
    assert_eq!(response.link("last").expect("a link").url().as_str(), "http://a.example/");
    let disposition = response.content_disposition().expect("a disposition");
    assert!(disposition.is_attachment());
    assert_eq!(disposition.file_name(), Some("€.txt"));
}

pub async fn cookies_of_the_answer(httpbin: &Httpbin) {
    let session = session();
    let request = session.get(httpbin.named_url("/cookies/set?a=1&b=2")).follow_redirects(false);
    let response = request.await.expect("a head");
    let set: Vec<_> =
        response.cookies().map(|cookie| (cookie.name().to_owned(), cookie.value().to_owned())).collect();
    assert_eq!(set, [("a", "1"), ("b", "2")].map(|(name, value)| (name.to_owned(), value.to_owned())));
}
