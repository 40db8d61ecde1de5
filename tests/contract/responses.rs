//! What responses tell, and readers of parts of their bodies.

use dualfetch::{Config, Session};
use futures_util::TryStreamExt;

use super::{Lab, outcome};

pub async fn fields_that_describe_the_body(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let response = session.get(lab.url("/described")).await.expect("a head");
    assert_eq!(response.mime_type().as_deref(), Some("text/plain"));
    assert_eq!(response.charset().as_deref(), Some("ISO-8859-1"));
    let disposition = response.content_disposition().expect("it was sent");
    assert!(disposition.is_attachment());
    assert_eq!(disposition.file_name(), Some("a/b€.txt"));
    assert_eq!(disposition.safe_file_name().as_deref(), Some("b€.txt"));
    let urls: Vec<_> = response.links().iter().map(|link| link.url().as_str().to_owned()).collect();
    assert_eq!(urls, [lab.url("/page/2"), lab.url("/page/9?a,b")]);
    assert_eq!(response.link("last").and_then(|link| link.title()).as_deref(), Some("The, end"));
    assert!(response.link("prev").is_none());
}

pub async fn lines(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let body = "première\r\n\nthird\nlast";
    let post = session.post(lab.url("/echo-body?chunk=3")).header("content-type", "text/plain");
    let response = post.body(body).await.expect("a head");
    let lines: Vec<String> = response.lines().try_collect().await.expect("lines");
    assert_eq!(lines, ["première", "", "third", "last"]);

    let post = session.post(lab.url("/echo-body")).body("fine\ntoo long");
    let mut lines = post.await.expect("a head").lines().max_line(7).encoding("utf-8");
    assert_eq!(lines.try_next().await.expect("a line").as_deref(), Some("fine"));
    assert_eq!(outcome(&lines.try_next().await), "line_too_long");
}

pub async fn blocks(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let response = session.get(lab.url("/bytes/10000?chunk=777")).await.expect("a head");
    let blocks: Vec<_> = response.blocks(3000).try_collect().await.expect("blocks");
    assert_eq!(blocks.iter().map(bytes::Bytes::len).collect::<Vec<_>>(), [3000, 3000, 3000, 1000]);
    let expected: Vec<u8> = (0..10_000).map(|index| (index % 251) as u8).collect();
    assert!(blocks.concat() == expected);
}

pub async fn up_to_a_separator(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let mut response = session.post(lab.url("/echo-body?chunk=2")).body("ab||cd|e||f").await.expect("a head");
    for expected in [Some("ab||"), Some("cd|e||"), Some("f"), None] {
        let part = response.until(b"||", 6).await.expect("a part");
        assert_eq!(part.as_deref(), expected.map(str::as_bytes));
    }
    let mut response = session.post(lab.url("/echo-body")).body("abc||").await.expect("a head");
    assert_eq!(outcome(&response.until(b"||", 4).await), "line_too_long");
}

pub async fn what_is_left_ahead_is_read_by_others(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let mut response = session.post(lab.url("/echo-body")).body("head\nbody").await.expect("a head");
    assert_eq!(response.read_exactly(2).await.expect("it").as_deref(), Some(b"he".as_slice()));
    assert_eq!(response.until(b"\n", 9).await.expect("it").as_deref(), Some(b"ad\n".as_slice()));
    assert_eq!(response.read_exactly(5).await.expect("it is shorter"), None);
    assert_eq!(response.bytes().await.expect("the rest"), "body");
}

pub async fn text_in_a_given_encoding(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let post =
        || session.post(lab.url("/echo-body")).header("content-type", "text/plain;charset=utf-8").body("é");
    for (label, expected) in [("iso-8859-1", "Ã©"), ("gbk", "茅"), ("UTF-8", "é")] {
        let text = post().await.expect("a head").text_with(label).await;
        assert_eq!(text.expect("text"), expected, "{label}");
    }
    assert_eq!(outcome(&post().await.expect("a head").text_with("unheard-of").await), "invalid_option");
}

pub async fn json_of_any_type(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let post = session.post(lab.url("/echo-body")).header("content-type", "text/plain").body("[1]");
    let numbers = post.await.expect("a head").json_of_any_type::<Vec<u8>>().await;
    assert_eq!(numbers.expect("JSON"), [1]);
}

pub async fn a_status_with_the_start_of_its_body(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let response = session.get(lab.url("/page/1?status=404&size=300000")).await.expect("a head");
    let error = response.error_for_status().await.expect_err("not found");
    assert_eq!(error.code(), "status");
    let body = error.body().expect("its start");
    assert!(body.len() == 1024 && body.contains("<title>Page 1</title>"), "{body}");
    let good = session.get(lab.url("/page/1")).await.expect("a head").error_for_status().await;
    assert_eq!(outcome(&good), "ok");
}

pub async fn no_trailers(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let mut response = session.get(lab.url("/bytes/1000")).await.expect("a head");
    while response.chunk().await.expect("a piece").is_some() {}
    assert!(response.trailers().is_none());
}
