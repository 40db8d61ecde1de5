//! Opening handshakes: what is asked, and what is no answer to it.

use dualfetch::{Config, ErrorKind, SessionExt};

use super::super::help::{run, session};
use super::next;
use super::peer::{Peer, Raw, TEXT, frame};

#[test]
fn the_request_is_as_the_standard_has_it() {
    run(async {
        let (session, peer) = (session(), Peer::start().await);
        let opening = session
            .websocket(peer.url("/chat?room=1#part"))
            .protocols(["chat.v2", "chat.v1"])
            .origin("https://app.example")
            .bearer_auth("token")
            .connect();
        let (socket, raw) = tokio::join!(opening, async {
            let mut raw = peer.asked().await;
            raw.agree("sec-websocket-protocol: chat.v1\r\nx-served-by: me\r\n").await;
            raw
        });
        let socket = socket.expect("an open WebSocket");
        assert!(raw.head.starts_with("GET /chat?room=1 HTTP/1.1\r\n"), "{}", raw.head);
        let host = peer.address().to_string();
        for (name, value) in [
            ("host", &*host),
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "chat.v2, chat.v1"),
            ("origin", "https://app.example"),
            ("authorization", "Bearer token"),
        ] {
            assert_eq!(raw.field(name), Some(value), "{name}");
        }
        assert_eq!(raw.field("sec-websocket-key").map(str::len), Some(24));
        assert_eq!(raw.field("sec-websocket-extensions"), None);
        assert_eq!(socket.protocol(), Some("chat.v1"));
        assert_eq!(socket.headers()["x-served-by"], "me");
        assert_eq!(socket.connection().and_then(|connection| connection.remote()), Some(peer.address()));
    });
}

#[test]
fn what_comes_along_with_the_answer_is_received() {
    run(async {
        let (session, peer) = (session(), Peer::start().await);
        let (socket, _raw) = tokio::join!(session.websocket(peer.url("/")).connect(), async {
            let mut raw = peer.asked().await;
            let head = format!(
                "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {}\r\n\r\n",
                raw.accept()
            );
            raw.send(&[head.as_bytes(), &frame(TEXT, b"at once"), &frame(TEXT, b"and")[..2]].concat()).await;
            raw.send(b"and").await;
            raw
        });
        let mut socket = socket.expect("an open WebSocket");
        assert_eq!(next(&mut socket).await, "at once");
        assert_eq!(next(&mut socket).await, "and");
    });
}

/// What the client makes of an answer.
async fn answered(compress: bool, answer: impl Fn(&Raw) -> String) -> dualfetch::Error {
    let (session, peer) = (session(), Peer::start().await);
    let opening = session.websocket(peer.url("/")).protocols(["a"]).permessage_deflate(compress).connect();
    let (opened, ()) = tokio::join!(opening, async {
        let mut raw = peer.asked().await;
        let answer = answer(&raw);
        raw.send(answer.as_bytes()).await;
        raw.end(false);
    });
    let error = opened.expect_err("it is no handshake");
    // hyper's own task may still be ending.
    while session.connections().expect("natively").open > 0 {
        tokio::task::yield_now().await;
    }
    error
}

#[test]
fn an_answer_that_does_not_agree_is_no_handshake() {
    let right = |raw: &Raw, without: &str, more: &str| {
        let accept = raw.accept();
        let lines = [
            "upgrade: websocket\r\n",
            "connection: Upgrade\r\n",
            &format!("sec-websocket-accept: {accept}\r\n"),
        ];
        let lines: String =
            lines.into_iter().filter(|line| without.is_empty() || !line.starts_with(without)).collect();
        format!("HTTP/1.1 101 X\r\n{lines}{more}\r\n")
    };
    run(async {
        for (without, more, named) in [
            ("upgrade", "", "Upgrade"),
            ("upgrade", "upgrade: h2c\r\n", "Upgrade"),
            ("connection", "", "Connection"),
            ("sec-websocket-accept", "", "Sec-WebSocket-Accept"),
            (
                "sec-websocket-accept",
                "sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n",
                "Sec-WebSocket-Accept",
            ),
            ("", "sec-websocket-protocol: b\r\n", "Sec-WebSocket-Protocol"),
            ("", "sec-websocket-extensions: permessage-deflate\r\n", "Sec-WebSocket-Extensions"),
        ] {
            let error = answered(false, |raw| right(raw, without, more)).await;
            assert!(matches!(error.kind(), ErrorKind::Handshake { status } if *status == 101), "{error:?}");
            assert!(error.message().is_some_and(|message| message.contains(named)), "{error}");
        }
        let unasked = "sec-websocket-extensions: permessage-deflate; client_max_window_bits=10\r\n";
        let error = answered(true, |raw| right(raw, "", unasked)).await;
        assert!(error.message().is_some_and(|message| message.contains("client_max_window_bits")), "{error}");
    });
}

#[test]
fn another_status_is_told() {
    run(async {
        for status in [200_u16, 204, 400, 403, 404, 426, 500] {
            let length = if status == 204 { "" } else { "content-length: 2\r\n" };
            let body = if status == 204 { "" } else { "no" };
            let error = answered(false, |_| format!("HTTP/1.1 {status} X\r\n{length}\r\n{body}")).await;
            assert!(
                matches!(error.kind(), ErrorKind::Handshake { status: told } if *told == status),
                "{error:?}"
            );
        }
        let error = answered(false, |_| "SSH-2.0-OpenSSH_9.9\r\n".to_owned()).await;
        assert_eq!(error.kind(), &ErrorKind::Protocol);
        let error = answered(false, |_| String::new()).await;
        assert_eq!(error.kind(), &ErrorKind::Disconnected);
    });
}

#[test]
fn it_goes_by_http_1_whatever_else_does() {
    run(async {
        let peer = Peer::start().await;
        let session = Config::new().http_version(dualfetch::HttpVersion::Http2).build().expect("a session");
        let error = session.websocket(peer.url("/")).await.expect_err("not by HTTP/2");
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "http_version" });
        let opening = session.websocket(peer.url("/"));
        let opening = opening.http_version(dualfetch::HttpVersion::Http1).connect();
        let (socket, _raw) = tokio::join!(opening, peer.open());
        socket.expect("an open WebSocket");
    });
}
