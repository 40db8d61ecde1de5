//! What a response tells that only the wire shows: reason phrases, header fields as sent, trailers, connections.

use async_compression::Level;
use async_compression::tokio::write::{BrotliEncoder, ZlibEncoder};
use dualfetch::{Config, DefaultSession, HttpVersion, Response, ResponseBody, Session, Version};
use tokio::io::AsyncWriteExt;

use crate::support::h2::{self, END_STREAM, data};
use crate::support::{CountingServer, RawServer, Script, TlsServer, faults};

use super::child::{self, CaStore};
use super::help::{at_rest, named, run, session};

const TRAILED: [(&str, &str); 1] = [("Transfer-Encoding", "chunked")];

async fn get(session: &DefaultSession, server: &RawServer) -> Response {
    session.get(server.url("/")).await.unwrap_or_else(|error| panic!("{error:?}\n{}", server.story()))
}

async fn read_to_end(response: &mut Response) -> Vec<u8> {
    let mut read = Vec::new();
    while let Some(piece) = response.chunk().await.expect("a piece") {
        assert!(response.trailers().is_none_or(|trailers| trailers.contains_key("x-sum")));
        read.extend_from_slice(&piece);
    }
    read
}

/// This body in chunks, each of a byte at least, and these trailers.
fn trailed(headers: &[(&str, &str)], body: &[u8], trailers: &str) -> Script {
    let half = body.len() / 2;
    let mut sent = Vec::new();
    for part in [&body[..half], &body[half..]] {
        sent.extend(format!("{:x}\r\n", part.len()).into_bytes());
        sent.extend(part);
        sent.extend(b"\r\n");
    }
    sent.extend(format!("0\r\n{trailers}\r\n").into_bytes());
    let headers: Vec<_> = TRAILED.iter().chain(headers).copied().collect();
    Script::new().forever(Script::new().read_head().send_head("200 OK", &headers).send(sent))
}

#[test]
fn a_reason_is_what_the_server_wrote() {
    run(async {
        let session = session();
        for (line, expected) in [
            (b"200 OK".as_slice(), Some("OK")),
            (b"200 Fine by me", Some("Fine by me")),
            (b"404 Not Found", Some("Not Found")),
            (b"299 Own", Some("Own")),
            (b"200 ", None),
            (b"299 ", None),
            (b"200", None),
            // The parser keeps ASCII alone.
            ("200 naïve".as_bytes(), None),
        ] {
            let head = [b"HTTP/1.1 ", line, b"\r\nContent-Length: 0\r\n\r\n"].concat();
            let server = RawServer::start(Script::new().read_head().send(head)).await;
            let response = get(&session, &server).await;
            assert_eq!(response.reason(), expected, "{}", String::from_utf8_lossy(line));
        }
    });
}

#[test]
fn http_2_has_no_reason() {
    run(async {
        let server = RawServer::start(Script::new().serves_h2("page")).await;
        let session = Config::new().http_version(HttpVersion::Http2).build().expect("a session");
        assert_eq!(get(&session, &server).await.reason(), None);
    });
}

#[test]
fn header_fields_are_in_their_order_with_the_bytes_that_were_sent() {
    run(async {
        let head = b"HTTP/1.1 200 OK\r\nX-Zed: 1\r\nALPHA: \t caf\xe9 \r\nx-zed:  2\r\nContent-Length: 0\r\nBeta:\r\n\r\n";
        let server = RawServer::start(Script::new().read_head().send(head.as_slice())).await;
        let response = get(&session(), &server).await;
        let seen: Vec<_> =
            response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let expected: [(&str, &[u8]); 5] = [
            ("x-zed", b"1"),
            ("x-zed", b"2"),
            ("alpha", b"caf\xe9"),
            ("content-length", b"0"),
            ("beta", b""),
        ];
        assert_eq!(seen, expected);
    });
}

#[test]
fn a_file_name_in_raw_bytes_is_read_as_utf_8_or_latin_1() {
    run(async {
        for name in ["naïve.txt".as_bytes(), b"na\xefve.txt"] {
            let head = [
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Disposition: attachment; filename=\"",
                name,
                b"\"\r\n\r\n",
            ];
            let server = RawServer::start(Script::new().read_head().send(head.concat())).await;
            let disposition = get(&session(), &server).await.content_disposition().expect("it was sent");
            assert_eq!(disposition.file_name(), Some("naïve.txt"));
        }
    });
}

#[test]
fn trailers_of_chunked_bodies_are_told_and_the_connection_is_kept() {
    run(async {
        let session = session();
        let long = vec![b'x'; 300_000];
        for body in [b"plain text".as_slice(), &long] {
            let server = RawServer::start(trailed(&[], body, "X-Sum: 7\r\nX-Sum: 8\r\nX-Other: y\r\n")).await;
            for _ in 0..2 {
                let mut response = get(&session, &server).await;
                assert!(response.trailers().is_none());
                assert!(read_to_end(&mut response).await == body);
                let trailers = response.trailers().expect("trailers");
                assert_eq!(trailers.get_all("x-sum").iter().collect::<Vec<_>>(), ["7", "8"]);
                assert_eq!(trailers["x-other"], "y");
                at_rest(&session).await;
            }
            assert_eq!(server.connections(), 1);
        }
    });
}

#[test]
fn trailers_of_compressed_bodies_are_told_and_the_connection_is_kept() {
    run(async {
        let text = b"A line of text that compresses well.\n".repeat(3000);
        let mut brotli = BrotliEncoder::with_quality(Vec::new(), Level::Fastest);
        let mut zlib = ZlibEncoder::with_quality(Vec::new(), Level::Fastest);
        for encoder in [&mut brotli as &mut (dyn tokio::io::AsyncWrite + Unpin), &mut zlib] {
            encoder.write_all(&text).await.expect("memory takes all");
            encoder.shutdown().await.expect("memory takes all");
        }
        let session = session();
        for (coding, body) in [
            ("gzip", faults::gzip(&text).to_vec()),
            ("br", brotli.into_inner()),
            ("deflate", zlib.into_inner()),
            ("gzip", Vec::new()),
        ] {
            // No chunk may be empty: that would be the last one.
            let script = match body.is_empty() {
                true => Script::new().forever(
                    Script::new()
                        .read_head()
                        .send_head("200 OK", &[TRAILED[0], ("Content-Encoding", coding)])
                        .send("0\r\nX-Sum: 7\r\n\r\n"),
                ),
                false => trailed(&[("Content-Encoding", coding)], &body, "X-Sum: 7\r\n"),
            };
            let server = RawServer::start(script).await;
            for _ in 0..2 {
                let mut response = get(&session, &server).await;
                let read = read_to_end(&mut response).await;
                assert!(
                    if body.is_empty() { read.is_empty() } else { read == text },
                    "{coding}: {}",
                    read.len()
                );
                assert_eq!(response.trailers().expect("trailers")["x-sum"], "7", "{coding}");
                at_rest(&session).await;
            }
            assert_eq!(server.connections(), 1, "{coding}");
        }
    });
}

#[test]
fn what_follows_the_end_of_a_compressed_format_is_no_part_of_it() {
    run(async {
        let mut encoder = ZlibEncoder::with_quality(Vec::new(), Level::Fastest);
        encoder.write_all(b"text").await.expect("memory takes all");
        encoder.shutdown().await.expect("memory takes all");
        let body = [&encoder.into_inner()[..], &[0; 20_000]].concat();
        let server = RawServer::start(trailed(&[("Content-Encoding", "deflate")], &body, "")).await;
        let mut response = get(&session(), &server).await;
        assert_eq!(read_to_end(&mut response).await, b"text");
    });
}

#[test]
fn trailers_of_http_2_are_told() {
    run(async {
        let mut encoder = ZlibEncoder::with_quality(Vec::new(), Level::Fastest);
        encoder.write_all(b"all").await.expect("memory takes all");
        encoder.shutdown().await.expect("memory takes all");
        let session = Config::new().http_version(HttpVersion::Http2).build().expect("a session");
        for (coding, body) in [("identity", b"all".to_vec()), ("deflate", encoder.into_inner())] {
            let fields = h2::block(&[("x-sum", "7")]);
            let trailers = h2::frame(h2::HEADERS, h2::END_HEADERS | END_STREAM, h2::THIS, &fields);
            let head = h2::headers(0, &[("content-encoding", coding)]);
            let answer = [head, data(0, &body), trailers].concat();
            let server = RawServer::start(Script::new().asked_h2().send_frames(answer).expect_close()).await;
            let mut response = get(&session, &server).await;
            assert_eq!(response.version(), Version::HTTP_2);
            assert_eq!(read_to_end(&mut response).await, b"all", "{coding}");
            assert_eq!(response.trailers().expect("trailers")["x-sum"], "7", "{coding}");
        }
    });
}

#[test]
fn trailers_past_16_kib_are_an_error() {
    run(async {
        for (size, expected) in [(10_000, "ok"), (20_000, "protocol")] {
            let filler = format!("X-Sum: {}\r\n", "x".repeat(size));
            let server = RawServer::start(trailed(&[], b"body", &filler)).await;
            let response = session().get(server.url("/")).await.expect("a head");
            let seen = response.bytes().await.map_or_else(|error| named(&error), |_| "ok".to_owned());
            assert_eq!(seen, expected, "{size}");
        }
    });
}

#[test]
fn a_connection_tells_its_addresses_and_whether_it_is_reused() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        for reused in [false, true, true] {
            let response = session.get(server.url(0, "/page/1")).await.expect("a head");
            let connection = response.connection().expect("it came by one");
            assert_eq!(connection.remote(), Some(server.address(0)));
            let local = connection.local().expect("this end has one, too");
            assert!(local.ip().is_loopback() && local.port() != 0, "{local}");
            assert_eq!((connection.reused(), connection.tls().is_none()), (reused, true));
            let outside: http::Response<ResponseBody> = response.into();
            assert!(outside.extensions().get::<dualfetch::ConnectionInfo>().is_some());
            let response = Response::try_from(outside).expect("a response");
            response.bytes().await.expect("a body");
            at_rest(&session).await;
        }
    });
}

const URL: &str = "DUALFETCH_TEST_URL";
const CERTIFICATE: &str = "DUALFETCH_TEST_CERTIFICATE";
const VERSION: &str = "DUALFETCH_TEST_VERSION";

#[test]
fn a_secure_connection_tells_what_was_agreed_on() {
    run(async {
        for (server, version) in [
            (TlsServer::start().await, "TLSv1.3"),
            (TlsServer::builder().tls12_only().start().await, "TLSv1.2"),
        ] {
            let url = server.named_url(0, "/page/1");
            let certificate: String = server.leaf_der().iter().map(|byte| format!("{byte:02x}")).collect();
            let variables = [(URL, url.as_str()), (CERTIFICATE, &certificate), (VERSION, version)];
            child::run("native::responses::child", &variables, &CaStore::of([server.ca_pem()])).await;
            assert_eq!(server.total().requests, 3);
        }
    });
}

/// The client's side, in a process of its own that trusts the server. By itself it does nothing.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let variable = |name| std::env::var(name).expect("it is set");
    run(async {
        for (http, alpn) in [(HttpVersion::Http1, "http/1.1"), (HttpVersion::Auto, "h2")] {
            let session = Config::new().http_version(http).build().expect("a session");
            // The second one by the same connection, which tells the same.
            for reused in [false, true] {
                let response = session.get(&url).await.expect("a head");
                let connection = response.connection().expect("it came by one").clone();
                let tls = connection.tls().expect("it is secure");
                assert_eq!(tls.version(), variable(VERSION));
                assert_eq!(tls.alpn(), Some(alpn.as_bytes()));
                let is_tls13 = tls.version() == "TLSv1.3";
                let prefix = if is_tls13 { "TLS_" } else { "TLS_ECDHE_" };
                assert!(tls.cipher_suite().starts_with(prefix), "{tls:?}");
                let own = tls.peer_certificates().first().expect("a server shows one");
                let own: String = own.iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(own, variable(CERTIFICATE));
                assert_eq!(connection.reused(), reused);
                response.bytes().await.expect("a body");
                at_rest(&session).await;
                if http == HttpVersion::Auto {
                    break;
                }
            }
        }
    });
}

#[test]
fn an_error_for_a_status_keeps_the_connection_where_little_is_left() {
    run(async {
        let body = format!("{}{}", "why ".repeat(256), "x".repeat(5000));
        let length = body.len().to_string();
        let once = Script::new().read_head().send_head("500 Oops", &[("Content-Length", &length)]).send(body);
        let server = RawServer::start(Script::new().forever(once)).await;
        let session = session();
        for _ in 0..2 {
            let error = get(&session, &server).await.error_for_status().await.expect_err("a status");
            assert_eq!(error.body().map(str::len), Some(1024));
            at_rest(&session).await;
        }
        assert_eq!(server.connections(), 1);
    });
}
