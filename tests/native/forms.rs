//! Forms of files, large bytes and streams on the wire: their framing, their being sent again, and their reading.

use bytes::Bytes;
use dualfetch::multipart::{Form, Part};
use dualfetch::{Body, ErrorKind, Response, Session};
use futures_util::stream;

use crate::support::{CountingServer, RawServer, Script};

use super::help::{run, session};

/// A file of this test's own, removed with it.
struct Kept(std::path::PathBuf);

impl Kept {
    fn new(name: &str, content: &[u8]) -> Self {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("write the file");
        Self(path)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn pattern(length: u32) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

async fn read(response: Response) -> Vec<(Option<String>, Bytes)> {
    let mut parts = response.multipart().expect("parts");
    let mut all = Vec::new();
    while let Some(part) = parts.next().await.expect("a part") {
        all.push((part.name().map(str::to_owned), part.bytes().await.expect("its content")));
    }
    all
}

#[test]
fn a_form_of_known_length_goes_with_it_and_one_of_a_stream_in_chunks() {
    run(async {
        let server = CountingServer::builder().record().start().await;
        let (session, url) = (session(), server.url(0, "/echo-body"));
        let file = Kept::new("form.bin", &pattern(500_000));
        let known =
            Form::new().file("file", &file.0).part("bytes", Part::bytes(pattern(300_000))).text("a", "1");
        let pieces = stream::iter(["--\r\n", "streamed"].map(Ok::<_, std::io::Error>));
        let unknown = known.clone().part("stream", Part::new(Body::stream(pieces)));
        for (form, streamed) in [(known, None), (unknown, Some("--\r\nstreamed"))] {
            let all = read(session.post(&url).multipart(form).await.expect("a head")).await;
            let expected = [
                ("file", Bytes::from(pattern(500_000))),
                ("bytes", pattern(300_000).into()),
                ("a", "1".into()),
            ];
            let expected = expected.into_iter().chain(streamed.map(|text| ("stream", text.into())));
            let expected: Vec<_> = expected.map(|(name, content)| (Some(name.to_owned()), content)).collect();
            assert!(
                all == expected,
                "{:?}",
                all.iter().map(|(name, part)| (name, part.len())).collect::<Vec<_>>()
            );
        }
        let has = |name: &str| -> Vec<bool> {
            server.records().iter().map(|record| record.headers.contains_key(name)).collect()
        };
        assert_eq!((has("content-length"), has("transfer-encoding")), (vec![true, false], vec![false, true]));
        assert_eq!(server.total().connections, 1, "both leave the connection as it was");
    });
}

#[test]
fn a_file_is_opened_again_for_a_redirect_that_keeps_the_form() {
    run(async {
        let server = CountingServer::builder().record().start().await;
        let file = Kept::new("again.txt", b"of a file");
        let url = server.url(0, "/redirect-to?status=307&location=/echo-body");
        let form = Form::new().file("file", &file.0);
        let response = session().post(url).multipart(form).await.expect("a head");
        assert_eq!(response.history().len(), 1);
        assert_eq!(read(response).await, [(Some("file".to_owned()), Bytes::from("of a file"))]);
        assert_eq!(server.records().len(), 2);
    });
}

#[test]
fn parts_of_a_response_that_is_cut_are_its_connection_s_error() {
    run(async {
        let whole = "--b\r\n\r\none\r\n--b\r\n\r\ntwo";
        let typed = [("content-type", "multipart/mixed; boundary=b"), ("content-length", "1000")];
        let script = Script::new().read_head().send_head("200 OK", &typed).send(whole).close();
        let server = RawServer::start(script).await;
        let mut parts = session().get(server.url("/")).await.expect("a head").multipart().expect("parts");
        let part = parts.next().await.expect("a head").expect("a part");
        assert_eq!(part.bytes().await.expect("it is whole"), "one");
        let part = parts.next().await.expect("a head").expect("a part");
        let error = part.bytes().await.expect_err("it is not");
        assert_eq!(error.kind(), &ErrorKind::Disconnected, "{error:?}");
        assert_eq!(error.url().map(|url| url.as_str()), Some(server.url("/").as_str()));
    });
}
