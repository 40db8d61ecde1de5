//! Request bodies on the wire: their framing, their compression, and what a failing one does to its connection.

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use dualfetch::{Body, Compression, ErrorKind, Session};
use futures_util::stream;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::support::{CountingServer, RawServer, faults};

use super::help::{fetch, run, session};

fn pieces(pieces: &'static [&'static str]) -> Body {
    Body::stream(stream::iter(pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece))))
}

#[test]
fn a_stream_goes_in_chunks_and_one_of_known_length_with_it() {
    run(async {
        let server = CountingServer::builder().record().start().await;
        let (session, url) = (session(), server.url(0, "/echo-body"));
        for body in [pieces(&["one ", "two"]), pieces(&["one ", "two"]).with_length(7)] {
            let response = session.post(&url).body(body).await.expect("a head");
            assert_eq!(response.text().await.expect("an echo"), "one two");
        }
        let framing: Vec<_> = server
            .records()
            .iter()
            .map(|record| {
                ["transfer-encoding", "content-length"].map(|name| record.headers.get(name).cloned())
            })
            .collect();
        let value = |text: &str| Some(text.parse().expect("a value"));
        assert_eq!(framing, [[value("chunked"), None], [None, value("7")]]);
        assert_eq!(server.total().connections, 1, "both leave the connection as it was");
    });
}

#[test]
fn a_stream_that_fails_is_no_whole_request_and_its_connection_is_not_used_again() {
    run(async {
        let server = RawServer::start(faults::silent()).await;
        let session = session();
        for body in [
            Body::stream(stream::iter([Ok("some"), Err(std::io::Error::other("the disk is gone"))])),
            pieces(&["abc"]).with_length(4),
            pieces(&["abc"]).with_length(2),
        ] {
            let error = session.post(server.url("/")).body(body).await.expect_err("it failed");
            assert_eq!(*error.kind(), ErrorKind::RequestBody, "{error:?}");
        }
        assert_eq!(server.connections(), 3);
        let error = session
            .post(server.url("/"))
            .body(Body::stream(stream::iter([Err::<&str, _>(std::io::Error::other("the disk is gone"))])))
            .await
            .expect_err("it failed");
        assert!(error.to_string().contains("the disk is gone"), "{error}");
    });
}

#[test]
fn bodies_are_compressed_small_ones_with_their_length() {
    run(async {
        let server = CountingServer::builder().record().start().await;
        let (session, url) = (session(), server.url(0, "/echo-body"));
        let small = "compressible ".repeat(100);
        let large = "compressible, and large ".repeat(10_000);
        for (compression, name) in [
            (Compression::Brotli, "br"),
            (Compression::Deflate, "deflate"),
            (Compression::Gzip, "gzip"),
            (Compression::Zstd, "zstd"),
        ] {
            for text in [&small, &large] {
                let post = session.post(&url).compress(compression).body(text.clone());
                let sent = post.await.expect("a head").bytes().await.expect("an echo");
                assert!(sent.len() < text.len() / 4, "{name}: {} of {}", sent.len(), text.len());
                assert_eq!(decompressed(compression, sent.to_vec()).await, *text, "{name}");
                let record = server.records().pop().expect("a record");
                assert_eq!(record.headers["content-encoding"], name);
                assert_eq!(record.headers.contains_key("content-length"), text.len() < 64 * 1024, "{name}");
            }
        }
        let streamed = session.post(&url).compress(Compression::Gzip).body(pieces(&["one ", "two"]));
        let sent = streamed.await.expect("a head").bytes().await.expect("an echo");
        assert_eq!(decompressed(Compression::Gzip, sent.to_vec()).await, "one two");
    });
}

#[test]
fn what_says_it_is_compressed_or_is_nothing_is_not_compressed() {
    run(async {
        let server = CountingServer::builder().record().start().await;
        let (session, url) = (session(), server.url(0, "/echo-body"));
        let own = session.post(&url).header("content-encoding", "own").compress(Compression::Gzip).body("x");
        assert_eq!(own.await.expect("a head").text().await.expect("an echo"), "x");
        session.get(&url).compress(Compression::Gzip).await.expect("a head").bytes().await.expect("nothing");
        let encodings: Vec<_> =
            server.records().iter().map(|record| record.headers.get("content-encoding").cloned()).collect();
        assert_eq!(encodings, [Some("own".parse().expect("a value")), None]);
    });
}

#[test]
fn a_failing_stream_is_told_through_its_compression() {
    run(async {
        let server = RawServer::start(faults::silent()).await;
        let failing =
            Body::stream(stream::iter([Ok("some"), Err(std::io::Error::other("the disk is gone"))]));
        let post = session().post(server.url("/")).compress(Compression::Gzip).body(failing).await;
        let error = post.expect_err("it failed");
        assert_eq!(*error.kind(), ErrorKind::RequestBody, "{error:?}");
        assert!(error.to_string().contains("the disk is gone"), "{error}");
    });
}

#[test]
fn heads_beyond_the_default_bounds_are_taken_in_where_that_is_asked_for() {
    run(async {
        let server = RawServer::start(faults::many_headers(300, "x")).await;
        let error = fetch(&session(), &server.url("/")).await.expect_err("more than 100");
        assert_eq!(*error.kind(), ErrorKind::HeadersTooLarge, "{error:?}");
        let get = session().get(server.url("/")).max_headers(400).await.expect("a head");
        assert_eq!(get.text().await.expect("a body"), "x");

        let server = RawServer::start(faults::huge_header(600_000, "x")).await;
        let error = fetch(&session(), &server.url("/")).await.expect_err("more than 400 kB");
        assert_eq!(*error.kind(), ErrorKind::HeadersTooLarge, "{error:?}");
        let get = session().get(server.url("/")).max_header_bytes(1_000_000).await.expect("a head");
        assert_eq!(get.text().await.expect("a body"), "x");
    });
}

#[test]
fn automatic_fields_stay_out_of_the_head() {
    run(async {
        let server = RawServer::start(faults::pages("x")).await;
        let names = ["accept", "accept-encoding", "user-agent"];
        let session = session();
        let get = session.get(server.url("/")).skip_auto_headers(names);
        get.await.expect("a head").bytes().await.expect("a body");
        let head = server.head(0).await;
        let sent: Vec<_> = head.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        assert_eq!(sent, ["host"]);
    });
}

async fn decompressed(compression: Compression, bytes: Vec<u8>) -> String {
    let bytes = std::io::Cursor::new(bytes);
    let mut reader: Box<dyn AsyncRead + Unpin> = match compression {
        Compression::Brotli => Box::new(BrotliDecoder::new(bytes)),
        Compression::Deflate => Box::new(ZlibDecoder::new(bytes)),
        Compression::Gzip => Box::new(GzipDecoder::new(bytes)),
        _ => Box::new(ZstdDecoder::new(bytes)),
    };
    let mut text = String::new();
    reader.read_to_string(&mut text).await.expect("what was sent is whole");
    text
}
