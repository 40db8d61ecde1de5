//! Tests of the test servers themselves, by plain sockets: when a test of the crate fails, these say whether the
//! servers did what they promise.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::disallowed_methods)]

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

mod support;
use support::routes::{page, titled};
use support::*;

// ---- CountingServer ----

#[tokio::test]
async fn the_peaks_are_exact_per_host_and_over_all() {
    let server = CountingServer::builder().hosts(5).start().await;
    let mut clients = Vec::new();
    for n in 0..20 {
        clients.push(PlainClient::get(server.address(n % 5), &format!("/page/{n}?gate=all")).await);
    }
    server.wait_in_flight(20).await;
    server.gate("all").open();
    for (n, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.response().await.1, page(n as u64, 2048));
    }
    // Without a wait: who has the whole response finds it counted down.
    let counts = server.total();
    assert_eq!((counts.in_flight, counts.peak, counts.requests, counts.connections), (0, 20, 20, 20));
    assert_eq!((server.host(3).peak, server.host(3).requests, server.peak_per_host()), (4, 4, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_is_counted_down_before_its_client_can_ask_again() {
    let server = CountingServer::start().await;
    for n in 0..600 {
        let shape = ["", "?chunk=700", "?size=300000&chunk=4096"][n % 3];
        let mut client = PlainClient::get(server.address(0), &format!("/page/7{shape}")).await;
        client.response().await;
    }
    assert_eq!((server.total().peak, server.total().requests), (1, 600));
}

#[tokio::test]
async fn pages_may_read_every_answer_but_those_that_say_no() {
    const PREFLIGHT: &str = "Access-Control-Request-Method: PUT\r\n";
    let server = CountingServer::builder().cors().start().await;
    for (method, path, fields, status, allowed) in [
        ("GET", "/page/1", "", "200", true),
        ("GET", "/status/500", "", "500", true),
        ("GET", "/redirect/1", "", "302", true),
        ("GET", "/no/such/page", "", "404", true),
        ("GET", "/page/1?cors=no", "", "200", false),
        ("GET", "/page/1?cors=simple", "", "200", true),
        ("OPTIONS", "/page/1", PREFLIGHT, "204", true),
        ("OPTIONS", "/page/1?cors=no", PREFLIGHT, "204", false),
        ("OPTIONS", "/page/1?cors=simple", PREFLIGHT, "204", false),
        // A request like any other.
        ("OPTIONS", "/page/1", "", "200", true),
    ] {
        let mut client = PlainClient::connect(server.address(0)).await;
        client.send(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).await;
        let head = client.head().await.to_ascii_lowercase();
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{method} {path}: {head}");
        assert_eq!(head.contains("access-control-allow-origin: *"), allowed, "{method} {path}: {head}");
    }
    assert_eq!(server.total().requests, 7, "preflights are none");
    let plain = CountingServer::start().await;
    let mut client = PlainClient::get(plain.address(0), "/page/1").await;
    assert!(!client.head().await.to_ascii_lowercase().contains("access-control"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_streams_are_counted_like_requests() {
    let server = CountingServer::start().await;
    let client = legacy::Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Body>();
    let read = async |path: &str| {
        let response = client.get(server.url(0, path).parse().expect("a URL")).await.expect("a response");
        to_bytes(Body::new(response.into_body()), usize::MAX).await.expect("a body")
    };
    for n in 0..200 {
        let shape = ["", "?chunk=700", "?size=30000&chunk=4096"][n % 3];
        read(&format!("/page/7{shape}")).await;
    }
    assert_eq!((server.total().peak, server.total().connections), (1, 1));
    let gated = (0..20).map(|_| read("/page/1?gate=all"));
    let opened = async {
        server.wait_in_flight(20).await;
        server.gate("all").open();
    };
    tokio::join!(futures_util::future::join_all(gated), opened);
    let counts = server.total();
    assert_eq!((counts.in_flight, counts.peak, counts.connections), (0, 20, 1));
}

#[tokio::test]
async fn an_abandoned_request_leaves_the_count() {
    let server = CountingServer::start().await;
    for path in ["/hang", "/page/1?stall=1", "/endless", "/page/1?gate=never", "/page/1?body_gate=never"] {
        let client = PlainClient::get(server.address(0), path).await;
        server.wait_in_flight(1).await;
        drop(client);
        server.wait_idle().await;
    }
    server.wait_until("no connection", |counts| counts.open_connections == 0).await;
}

#[tokio::test]
async fn one_connection_serves_many_requests_and_the_routes_answer() {
    let server = CountingServer::builder().record().start().await;
    let mut client = PlainClient::connect(server.address(0)).await;
    let mut ask = async |path: &str| {
        client.ask("GET", path).await;
        client.response().await
    };
    assert_eq!(ask("/bytes/1000?chunk=10").await.1, routes::pattern(1000));
    assert!(
        ask("/redirect/3")
            .await
            .0
            .contains("302 Found\r\ncontent-type: text/plain\r\nlocation: /redirect/2\r\n")
    );
    assert!(
        ask("/redirect-to?location=http%3A%2F%2Fa%2F&status=308").await.0.contains("location: http://a/\r\n")
    );
    assert!(ask("/status/503").await.0.starts_with("HTTP/1.1 503 "));
    assert!(ask("/cookie/a/b").await.0.contains("set-cookie: a=b; Path=/\r\n"));
    assert_eq!(ask("/echo").await.1, b"GET /echo HTTP/1.1\nhost: test\n\n");
    assert!(ask("/nowhere").await.0.starts_with("HTTP/1.1 404 "));
    client.send("POST /echo-body HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello").await;
    assert_eq!(client.response().await.1, b"hello");
    client.ask("HEAD", "/page/1").await;
    assert!(client.head().await.contains("content-length: 2048\r\n"));
    client.ask("GET", "/page/1?chunked=1&close=1").await;
    assert!(client.head().await.contains("transfer-encoding: chunked\r\n"));
    assert!(client.sees_fin().await.ends_with(b"0\r\n\r\n"));
    let counts = server.total();
    assert_eq!((counts.requests, counts.connections, counts.in_flight, counts.peak), (10, 1, 0, 1));
    assert_eq!(server.records()[3].uri, "/status/503");
}

#[tokio::test]
async fn a_gate_within_the_body_holds_its_second_half_back() {
    let server = CountingServer::start().await;
    let mut client = PlainClient::get(server.address(0), "/bytes/100?body_gate=half").await;
    client.head().await;
    client.exactly(50).await;
    assert_eq!(server.total().in_flight, 1);
    server.gate("half").open();
    client.exactly(50).await;
    assert_eq!(server.total().in_flight, 0);
}

#[tokio::test]
async fn own_handlers_and_routes_are_counted_and_know_their_visit() {
    let handler = async |request: Request| -> Response {
        format!("{:?}", request.extensions().get::<Visit>()).into_response()
    };
    let routes = axum::Router::new().route("/own", get(async || "own"));
    let server = CountingServer::builder().hosts(2).routes(routes).handler(handler).start().await;
    let mut client = PlainClient::get(server.address(1), "/any").await;
    assert_eq!(client.response().await.1, b"Some(Visit { host: 1, connection: 0 })");
    client.ask("GET", "/own").await;
    assert_eq!(client.response().await.1, b"own");
    assert_eq!((server.host(0).requests, server.host(1).requests), (0, 2));
}

#[tokio::test]
async fn a_stopped_server_refuses_and_closes() {
    let server = CountingServer::start().await;
    let address = server.address(0);
    let mut idle = PlainClient::get(address, "/page/1").await;
    idle.response().await;
    let mut hanging = PlainClient::get(address, "/hang").await;
    server.wait_in_flight(1).await;
    server.shutdown().await;
    assert_eq!(TcpStream::connect(address).await.expect_err("refused").kind(), ErrorKind::ConnectionRefused);
    idle.sees_fin().await;
    assert_eq!(hanging.rest().await.0, b"");
}

// ---- RawServer ----

#[tokio::test]
async fn resets_are_resets_wherever_they_come() {
    let inside = &b"HTTP/1.1 200 OK\r\nContent-Type: text/ht"[..];
    for (script, seen) in [(faults::reset_before_head(), &b""[..]), (faults::reset_inside_head(), inside)] {
        let server = RawServer::start(script).await;
        let mut client = PlainClient::get(server.address(), "/x").await;
        assert_eq!(client.sees_reset().await, seen);
        assert_eq!(server.ended(0).await.how, How::ServerReset);
        assert_eq!(server.head(0).await.target, "/x");
    }
    let server = RawServer::start(faults::reset_at_once()).await;
    // It may come so early that connecting is what it ends.
    match TcpStream::connect(server.address()).await {
        Ok(stream) => assert_eq!(PlainClient(stream).sees_reset().await, b""),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    for (after_head, length) in [(true, 0), (false, 500)] {
        let gate = Gate::new();
        let script =
            if after_head { faults::reset_after_head_at(&gate) } else { faults::reset_within_body_at(&gate) };
        let server = RawServer::start(script).await;
        let mut client = PlainClient::get(server.address(), "/").await;
        assert!(client.head().await.contains("Content-Length: 1000"));
        client.exactly(length).await;
        gate.open();
        assert_eq!(client.sees_reset().await, b"");
    }
    // Without a gate the bytes still come first, on the systems that keep them.
    for script in [faults::reset_after_head(), faults::reset_within_body()] {
        let server = RawServer::start(script).await;
        PlainClient::get(server.address(), "/").await.sees_reset().await;
    }
}

#[tokio::test]
async fn closes_are_fins_after_exactly_the_bytes_of_the_script() {
    let cases: [(Script, &[u8]); 5] = [
        (faults::close_before_head(), b""),
        (faults::close_inside_head(), b"Content-Type: text/ht"),
        (faults::short_content_length(1000, "short"), b"Content-Length: 1000\r\n\r\nshort"),
        (faults::chunked_without_end(b"abc"), b"chunked\r\n\r\n3\r\nabc\r\n"),
        (faults::until_close("all"), b"\r\n\r\nall"),
    ];
    for (script, end) in cases {
        let server = RawServer::start(script).await;
        let seen = PlainClient::get(server.address(), "/").await.sees_fin().await;
        assert!(seen.ends_with(end), "{}", String::from_utf8_lossy(&seen));
        let ended = server.ended(0).await;
        assert_eq!((ended.how, ended.traffic.written), (How::ServerClosed, seen.len() as u64));
    }
}

#[tokio::test]
async fn a_connection_is_closed_while_it_lies_idle() {
    let gate = Gate::new();
    let server = RawServer::sequence([faults::close_while_idle("one", &gate), faults::pages("two")]).await;
    let mut client = PlainClient::get(server.address(), "/").await;
    client.head().await;
    assert_eq!(client.exactly(3).await, b"one");
    assert!(!server.events().iter().any(|observed| matches!(observed.event, Event::Ended(_))));
    gate.open();
    assert_eq!(client.sees_fin().await, b"");
    let mut again = PlainClient::get(server.address(), "/").await;
    again.head().await;
    assert_eq!(again.exactly(3).await, b"two");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_drip_comes_piece_by_piece_in_order() {
    let gate = Gate::new();
    let server = RawServer::start(faults::slow_body("abcdefgh", 3, Pace::Gate(gate.clone()))).await;
    let mut client = PlainClient::get(server.address(), "/").await;
    client.head().await;
    for piece in ["abc", "def", "gh"] {
        let mut bytes = [0; 8];
        let count = client.0.read(&mut bytes).await.expect("a piece");
        assert_eq!(&bytes[..count], piece.as_bytes());
        gate.let_through(1);
    }
    client.sees_fin().await;
    let events: Vec<_> = (0..5).map(|_| server.next_event()).collect();
    let mut names = Vec::new();
    for event in events {
        names.push(match event.await.event {
            Event::Accepted => "accepted",
            Event::Head(_) => "head",
            Event::Sent(_) => "sent",
            Event::Ended(_) => "ended",
            _ => "other",
        });
    }
    assert_eq!(names, ["accepted", "head", "sent", "sent", "ended"]);
}

#[tokio::test]
async fn silence_tells_whether_the_client_left_without_another_byte() {
    let server = RawServer::start(faults::silent_after_48_kb("Early")).await;
    let mut client = PlainClient::get(server.address(), "/").await;
    assert!(client.head().await.contains("Content-Length: 5000000"));
    assert!(client.exactly(48_000).await.starts_with(&titled("Early", 0)[..40]));
    let sent = server.silent(0).await.written;
    drop(client);
    let ended = server.ended(0).await;
    assert!(ended.quietly_by_peer(), "{ended:?}");
    assert_eq!(ended.traffic.written, sent);

    // A client that leaves bytes unread sends RST; that is its close as well.
    let mut client = PlainClient::get(server.address(), "/").await;
    client.head().await;
    server.silent(1).await;
    drop(client);
    let ended = server.ended(1).await;
    assert_eq!((ended.how.clone(), ended.quietly_by_peer()), (How::PeerReset, true));

    // One that says something first did not leave quietly.
    let mut client = PlainClient::get(server.address(), "/").await;
    server.silent(2).await;
    client.send("more").await;
    drop(client);
    let ended = server.ended(2).await;
    assert!(ended.by_peer() && !ended.quietly_by_peer());
}

#[tokio::test]
async fn what_is_endless_ends_with_the_client() {
    let at_once = || Pace::AtOnce;
    let gapped = Pace::Gap(Duration::from_secs(3600));
    for script in [
        faults::endless_body("E", at_once()),
        faults::endless_chunks("E", at_once()),
        faults::endless_headers(at_once()),
        faults::endless_informational(at_once()),
    ] {
        let server = RawServer::start(script).await;
        let mut client = PlainClient::get(server.address(), "/").await;
        client.exactly(1 << 20).await;
        drop(client);
        let ended = server.ended(0).await;
        assert!(ended.by_peer() && ended.traffic.written > 1 << 20, "{ended:?}");
    }
    // The client's end is seen in the middle of a gap too.
    let server = RawServer::start(faults::endless_body("E", gapped)).await;
    let mut client = PlainClient::get(server.address(), "/").await;
    client.head().await;
    drop(client);
    assert!(server.ended(0).await.by_peer());
}

#[tokio::test]
async fn requests_choose_their_scripts_and_bodies_are_kept() {
    let server = RawServer::by_head(|head| match head.target.as_str() {
        "/reset" => faults::reset_before_head(),
        "/upload" => Script::new().read_head().read_body().send_page("taken"),
        _ => faults::redirects_without_end(head),
    })
    .await;
    let mut client = PlainClient::get(server.address(), "/41").await;
    assert!(client.head().await.contains("Location: /42\r\n"));
    client.send("POST /upload HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc").await;
    client.head().await;
    client.exactly(5).await;
    let chunked = "3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n";
    client.send(format!("POST /upload HTTP/1.1\r\ntransfer-Encoding: chunked\r\n\r\n{chunked}")).await;
    client.head().await;
    client.exactly(5).await;
    client.ask("GET", "/reset").await;
    client.sees_reset().await;
    let bodies = server.events().into_iter().filter_map(|observed| match observed.event {
        Event::Body(body) => Some(body),
        _ => None,
    });
    assert_eq!(bodies.collect::<Vec<_>>(), [Bytes::from("abc"), Bytes::from(chunked)]);
    let targets: Vec<_> = server.heads().into_iter().map(|(_, head)| head.target).collect();
    assert_eq!(targets, ["/41", "/upload", "/upload", "/reset"]);
}

#[tokio::test]
async fn a_misbehaving_client_is_an_event_and_no_panic() {
    let server = RawServer::start(Script::new().read_head().read_body().mark("never")).await;
    let mut client = PlainClient::connect(server.address()).await;
    client.send("P\u{e9} / \r\n:\r\nTransfer-Encoding: chunked\r\n\r\n\u{e9}\r\n").await;
    assert!(matches!(server.ended(0).await.how, How::Failed(why) if why.contains("chunk size")));
    drop(PlainClient::connect(server.address()).await);
    assert_eq!(server.ended(1).await.how, How::PeerClosed);
}

#[tokio::test]
async fn dropping_a_raw_server_ends_its_connections() {
    let server = RawServer::start(faults::silent()).await;
    let mut client = PlainClient::get(server.address(), "/").await;
    server.silent(0).await;
    drop(server);
    client.sees_fin().await;
}

#[tokio::test]
#[should_panic(
    expected = "in vain for: nothing\nseen: \n  connection 0: Accepted\n  connection 0: Head(GET /x)"
)]
async fn a_wait_in_vain_fails_with_what_was_seen() {
    let server = RawServer::start(faults::silent()).await;
    let _client = PlainClient::get(server.address(), "/x").await;
    server.silent(0).await;
    within_at_most(Duration::ZERO, "nothing", || server.story(), std::future::pending::<()>()).await;
}

#[test]
fn gzip_is_gzip() {
    let file = faults::gzip(b"123456789");
    assert_eq!(file[10..15], [1, 9, 0, 0xf6, 0xff]);
    assert_eq!(file[24..], [0x26, 0x39, 0xf4, 0xcb, 9, 0, 0, 0]);
    assert_eq!(faults::gzip(&[0; 0x1_0000]).len(), 10 + 5 + 0xffff + 5 + 1 + 8);
}

#[tokio::test]
async fn ports_refuse_or_never_answer() {
    let refusing = Refusing::new();
    let refused = TcpStream::connect(refusing.address()).await;
    assert_eq!(refused.expect_err("refused").kind(), ErrorKind::ConnectionRefused);
    let unanswering = Unanswering::start().await;
    let connecting = TcpStream::connect(unanswering.address());
    assert!(tokio::time::timeout(Duration::from_millis(1500), connecting).await.is_err());
}

// ---- TlsServer ----

/// Makes one request by TLS: the protocol agreed on, if the handshake went well.
async fn handshake(server: &TlsServer, identity: bool) -> io::Result<Option<String>> {
    let mut roots = RootCertStore::empty();
    roots.add(server.ca_der().clone()).expect("a CA");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let mut config = if identity {
        let (certificate, key) = server.client_identity();
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        config.with_client_auth_cert(vec![certificate], key).expect("an identity")
    } else {
        config.with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(server.address(0)).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let alpn = stream.get_ref().1.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    if alpn.as_deref() != Some("h2") {
        stream.write_all(b"GET /page/5?close=1 HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await?;
        assert!(response.ends_with(&page(5, 2048)));
    }
    Ok(alpn)
}

#[tokio::test]
async fn tls_serves_what_it_offers() {
    for (alpn, agreed) in [
        (Alpn::Both, Some("h2")),
        (Alpn::Http2, Some("h2")),
        (Alpn::Http1, Some("http/1.1")),
        (Alpn::None, None),
    ] {
        let server = TlsServer::builder().alpn(alpn).start().await;
        assert_eq!(handshake(&server, false).await.expect("trusted").as_deref(), agreed);
        let seen = server.handshake(0).await;
        assert_eq!((seen.alpn.as_deref(), seen.server_name.as_deref()), (agreed, Some("localhost")));
        assert_eq!((seen.version.as_deref(), seen.failure), (Some("TLSv1_3"), None));
    }
    let server = TlsServer::builder().alpn(Alpn::Http1).tls12_only().start().await;
    handshake(&server, false).await.expect("trusted");
    assert_eq!(server.handshake(0).await.version.as_deref(), Some("TLSv1_2"));
    assert_eq!(server.total().requests, 1);
}

#[tokio::test]
async fn tls_certificates_are_wrong_as_asked() {
    for (certificate, reason) in [
        (Certificate::Expired, "Expired"),
        (Certificate::NotYetValid, "NotValidYet"),
        (Certificate::SelfSigned, "UnknownIssuer"),
        (Certificate::Untrusted, "UnknownIssuer"),
        (Certificate::WrongHost, "NotValidForName"),
    ] {
        let server = TlsServer::builder().certificate(certificate).start().await;
        let refused = handshake(&server, false).await.expect_err("refused");
        let failure = server.handshake(0).await.failure.expect("the server knows it");
        assert!(format!("{refused:?}").contains(reason), "{refused:?}");
        assert!(failure.contains("fatal alert"), "{failure}");
    }
}

#[tokio::test]
async fn tls_asks_for_the_clients_certificate() {
    let server = TlsServer::builder().alpn(Alpn::Http1).client_auth().start().await;
    handshake(&server, true).await.expect("accepted");
    assert_eq!(server.handshake(0).await.client_certificates, 1);
    handshake(&server, false).await.expect_err("refused");
    assert!(server.handshake(1).await.failure.is_some());
}

// ---- DnsServer ----

/// A question for the addresses of `a.test` (RFC 1035, section 4).
fn question(number: u8, kind: u8) -> Vec<u8> {
    let head = [0, number, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    [&head[..], b"\x01a\x04test\x00\x00", &[kind, 0, 1]].concat()
}

#[tokio::test]
async fn a_name_server_answers_alike_over_udp_and_tcp_and_counts_what_is_sent_again_once() {
    use support::dns_server::{Answer, DnsServer, Kind, NXDOMAIN};

    let server = DnsServer::start(|asked| match asked.kind {
        Kind::A => Answer::addresses(asked, 7, ["192.0.2.1", "::1"]),
        _ => NXDOMAIN,
    })
    .await;
    let head = [0, 9, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    let record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x07\x00\x04\xc0\x00\x02\x01";
    let expected = [&head[..], &question(9, 1)[12..], record].concat();

    let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut buffer = [0; 512];
    for _ in 0..2 {
        udp.send_to(&question(9, 1), server.address()).await.unwrap();
        let length = within("an answer", || format!("{server:?}"), udp.recv(&mut buffer)).await.unwrap();
        assert_eq!(buffer[..length], expected);
    }
    assert_eq!(
        server.asked().iter().map(|asked| (asked.before, asked.again)).collect::<Vec<_>>(),
        [(0, 0), (0, 1)]
    );

    let mut tcp = TcpStream::connect(server.address()).await.unwrap();
    let asked = question(10, 28);
    tcp.write_u16(asked.len() as u16).await.unwrap();
    tcp.write_all(&asked).await.unwrap();
    let length = tcp.read_u16().await.unwrap();
    let mut answer = vec![0; length.into()];
    tcp.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [&[0, 10, 0x85, 0x83, 0, 1, 0, 0, 0, 0, 0, 0][..], &asked[12..]].concat());
    assert_eq!((server.count("A.test", Kind::A), server.count("a.test", Kind::Aaaa)), (1, 1));
    assert!(server.asked()[2].over_tcp);
}
