//! Bodies as they come off the wire: content codings, counts, empty ones, text.

use async_compression::Level;
use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use bytes::Bytes;
use dualfetch::{Config, Session, SessionExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::support::{CountingServer, RawServer, Script, faults};

use super::help::{at_rest, fetch, run, session};

/// What an encoder makes of these bytes.
macro_rules! encoded {
    ($encoder:ident, $bytes:expr) => {{
        // Fast rather than small: brotli's best takes seconds in a debug build.
        let mut encoder = $encoder::with_quality(Vec::new(), Level::Fastest);
        finish(&mut encoder, $bytes).await;
        Bytes::from(encoder.into_inner())
    }};
}

async fn finish(encoder: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    encoder.write_all(bytes).await.expect("memory takes all");
    encoder.shutdown().await.expect("memory takes all");
}

fn sends(coding: &str, body: impl Into<Bytes>) -> Script {
    faults::with_headers(&[("Content-Encoding", coding)], body)
}

fn text() -> String {
    "A line of text that compresses well.\n".repeat(5000)
}

#[test]
fn every_coding_is_undone_and_counted() {
    run(async {
        let text = text();
        let plain = text.as_bytes();
        let twice = encoded!(GzipEncoder, plain);
        let members = [faults::gzip(&plain[..1000]), faults::gzip(&plain[1000..])].concat();
        let cases = [
            ("gzip", encoded!(GzipEncoder, plain)),
            ("x-gzip", encoded!(GzipEncoder, plain)),
            ("GZIP", encoded!(GzipEncoder, plain)),
            ("gzip", Bytes::from(members)),
            ("deflate", encoded!(ZlibEncoder, plain)),
            ("deflate", encoded!(DeflateEncoder, plain)),
            ("br", encoded!(BrotliEncoder, plain)),
            ("zstd", encoded!(ZstdEncoder, plain)),
            ("gzip, br", encoded!(BrotliEncoder, &twice)),
            ("gzip,identity ,zstd", encoded!(ZstdEncoder, &twice)),
            ("identity", Bytes::from(text.clone())),
        ];
        let session = session();
        for (coding, body) in cases {
            let server = RawServer::start(sends(coding, body.clone())).await;
            let mut response = session.get(server.url("/")).await.expect("a head");
            let mut seen = Vec::new();
            while let Some(piece) = response.chunk().await.expect("a piece") {
                seen.extend_from_slice(&piece);
            }
            assert!(seen == plain, "{coding}: {} bytes of {}", seen.len(), plain.len());
            let transfer = response.transfer();
            assert_eq!(
                (transfer.wire, transfer.decoded),
                (body.len() as u64, plain.len() as u64),
                "{coding}"
            );
            assert_eq!(transfer.remaining, Some(0), "{coding}");
            assert_eq!(response.content_length(), Some(body.len() as u64), "{coding}");
            at_rest(&session).await;
            // The end of the data was the end of the body: the connection is kept.
            fetch(&session, &server.url("/")).await.expect("again");
            assert_eq!(server.connections(), 1, "{coding}");
        }
    });
}

#[test]
fn codings_in_fields_of_their_own_are_one_list() {
    run(async {
        let body = encoded!(ZstdEncoder, &faults::gzip(b"twice"));
        let script =
            faults::with_headers(&[("Content-Encoding", "gzip"), ("Content-Encoding", "zstd")], body);
        let server = RawServer::start(script).await;
        assert_eq!(fetch(&session(), &server.url("/")).await.expect("a body"), "twice");
    });
}

#[test]
fn an_unknown_coding_is_left_as_it_is() {
    run(async {
        for coding in ["aws-chunked", "gzip, mystery", "gzip, gzip, gzip, gzip, gzip"] {
            let server = RawServer::start(sends(coding, "as it is")).await;
            assert_eq!(fetch(&session(), &server.url("/")).await.expect("a body"), "as it is", "{coding}");
        }
    });
}

#[test]
fn without_auto_decompress_the_body_is_as_it_was_sent() {
    run(async {
        let file = faults::gzip(b"text");
        let server = RawServer::start(sends("gzip", file.clone())).await;
        let session = session();
        let get = || session.get(server.url("/"));
        assert_eq!(get().auto_decompress(false).await.expect("a head").bytes().await.expect("it"), file);
        assert_eq!(get().await.expect("a head").bytes().await.expect("it"), "text");
        let offers: Vec<_> = server
            .heads()
            .iter()
            .map(|(_, head)| head.header("accept-encoding").map(str::to_owned))
            .collect();
        assert_eq!(offers, [None, Some("gzip, deflate, br, zstd".to_owned())]);
    });
}

#[test]
fn a_coding_declared_for_no_bytes_is_no_error() {
    run(async {
        let session = session();
        for coding in ["gzip", "br", "zstd", "deflate", "gzip, br"] {
            let server = RawServer::start(sends(coding, "")).await;
            assert_eq!(fetch(&session, &server.url("/")).await.expect("an empty body"), "", "{coding}");

            let chunked = [("Content-Encoding", coding), ("Transfer-Encoding", "chunked")];
            let script = Script::new().read_head().send_head("200 OK", &chunked).send("0\r\n\r\n");
            let server = RawServer::start(script).await;
            assert_eq!(fetch(&session, &server.url("/")).await.expect("an empty body"), "", "{coding}");
        }
    });
}

#[test]
fn answers_without_a_body_hold_no_permit_and_keep_their_connection() {
    run(async {
        let head = [("Content-Encoding", "gzip"), ("Content-Length", "5000000")];
        let not_modified = [("Content-Encoding", "gzip"), ("ETag", "\"x\"")];
        let server = RawServer::by_head(move |asked| match asked.target.as_str() {
            "/head" => Script::new().send_head("200 OK", &head),
            "/204" => Script::new().send_head("204 No Content", &not_modified),
            "/304" => Script::new().send_head("304 Not Modified", &not_modified),
            _ => Script::new().send_head("200 OK", &[("Content-Length", "0")]),
        })
        .await;
        let session = session();
        let requests = [
            session.head(server.url("/head")),
            session.get(server.url("/204")),
            session.get(server.url("/304")),
            session.get(server.url("/0")),
        ];
        for request in requests {
            let response = request.await.expect("a head");
            assert_eq!(session.figures().in_flight, 0, "{response:?}");
            assert_eq!(response.bytes().await.expect("no bytes"), "");
        }
        assert_eq!(server.connections(), 1);
        let error = session.head(server.url("/head")).max_body(10).await;
        error.expect("the length of a HEAD's answer is not that of its body");
    });
}

#[test]
fn what_is_decompressed_at_once_leaves_other_tasks_their_turn() {
    run(async {
        let bomb = encoded!(GzipEncoder, &vec![0; 32_000_000]);
        let server = RawServer::start(sends("gzip", bomb)).await;
        let response = session().get(server.url("/")).await.expect("a head");
        let turns = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = std::sync::Arc::clone(&turns);
        let other = tokio::spawn(async move {
            loop {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(response.bytes().await.expect("all of it").len(), 32_000_000);
        other.abort();
        let turns = turns.load(std::sync::atomic::Ordering::Relaxed);
        assert!(turns >= 32_000_000 / (128 * 16 * 1024), "{turns} turns");
    });
}

#[test]
fn max_body_counts_what_comes_out_of_the_decoder() {
    run(async {
        let zeros = vec![0; 5_000_000];
        let bomb = encoded!(GzipEncoder, &zeros);
        assert!(bomb.len() < 100_000);
        let server = RawServer::start(sends("gzip", bomb.clone())).await;
        let session = session();
        let get = |limit: u64| session.get(server.url("/")).max_body(limit).send();
        for limit in [bomb.len() as u64, 4_999_999] {
            let error = async { get(limit).await?.bytes().await }.await.expect_err("a bomb");
            assert_eq!(error.code(), "body_too_large");
            assert!(error.to_string().contains("raise max_body"), "{error}");
        }
        let all = get(5_000_000).await.expect("a head").bytes().await.expect("exactly so many");
        assert_eq!(all.len(), 5_000_000);
        at_rest(&session).await;
    });
}

#[test]
fn text_is_read_in_the_encoding_that_it_is_in() {
    run(async {
        let session = session();
        let cases: [(&str, &[u8], &str); 6] = [
            ("text/plain; charset=gbk", b"\xc4\xe3\xba\xc3", "你好"),
            ("text/plain; charset=Shift_JIS", b"\x93\xfa\x96{", "日本"),
            ("text/plain; charset=iso-8859-1", b"caf\xe9 \x80", "café €"),
            ("text/plain; charset=utf-16le", b"h\0i\0", "hi"),
            ("text/html", b"<meta charset=windows-1251>\xcf\xf0\xe8", "<meta charset=windows-1251>При"),
            ("text/plain; charset=gbk", b"\xef\xbb\xbf\xe4\xbd\xa0", "你"),
        ];
        for (media, bytes, expected) in cases {
            let length = bytes.len().to_string();
            let head = [("Content-Type", media), ("Content-Length", length.as_str())];
            let server =
                RawServer::start(Script::new().read_head().send_head("200 OK", &head).send(bytes)).await;
            let response = session.get(server.url("/")).await.expect("a head");
            assert_eq!(response.text().await.expect("text"), expected, "{media}");
        }
    });
}

#[test]
fn a_compressed_page_gives_its_title_and_is_read_no_further() {
    run(async {
        // Filler that does not compress, so that the file is long too.
        let mut state = 1_u32;
        let noise: String = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + (state >> 24) as u8 % 26)
        })
        .take(1_000_000)
        .collect();
        let page = format!("<title>Packed</title><p>{noise}");
        for (coding, file) in [
            ("gzip", encoded!(GzipEncoder, page.as_bytes())),
            ("br", encoded!(BrotliEncoder, page.as_bytes())),
            ("zstd", encoded!(ZstdEncoder, page.as_bytes())),
        ] {
            let server = RawServer::start(sends(coding, file.clone())).await;
            let seen = session().page(server.url("/")).await.expect("a title");
            assert_eq!(seen.title.as_deref(), Some("Packed"), "{coding}");
            assert!(
                seen.transfer.wire < file.len() as u64 / 2,
                "{coding}: {:?} of {}",
                seen.transfer,
                file.len()
            );
            assert!(server.ended(0).await.by_peer());
        }
    });
}

#[test]
fn pieces_come_as_they_arrive_and_are_never_empty() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        let url = server.url(0, "/bytes/300000?chunk=100000&body_gate=more");
        let mut response = session.get(url).await.expect("a head");
        let mut read = 0;
        while read < 100_000 {
            read += response.chunk().await.expect("a piece").expect("not the end").len();
        }
        // The rest has not been sent: what came did not wait for it.
        assert_eq!(read, 100_000);
        server.gate("more").open();
        while let Some(piece) = response.chunk().await.expect("a piece") {
            assert!(!piece.is_empty());
            read += piece.len();
        }
        assert_eq!(read, 300_000);
        assert!(response.chunk().await.expect("still the end").is_none());
    });
}

#[test]
fn the_session_may_ask_for_bodies_as_they_were_sent() {
    run(async {
        let file = faults::gzip(b"text");
        let server = RawServer::start(sends("gzip", file.clone())).await;
        let session = Config::new().auto_decompress(false).build().expect("a session");
        assert_eq!(fetch(&session, &server.url("/")).await.expect("a body"), file);
        let get = session.get(server.url("/")).auto_decompress(true);
        assert_eq!(get.await.expect("a head").bytes().await.expect("a body"), "text");
    });
}
