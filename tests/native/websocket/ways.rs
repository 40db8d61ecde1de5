//! Whatever way the handshake goes: proxies, TLS, redirects, credentials, cookies.

use dualfetch::tls::Roots;
use dualfetch::{CloseCode, Config, DefaultSession, Message, Proxy, SessionExt, Tls};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::help::{run, session};
use super::next;
use super::peer::{Peer, Raw, TEXT};
use crate::support::{Certificate, Issuer};

/// A proxy that makes one connection to this address, whatever it is asked for, and gives what it was told before.
async fn tunnelling(to: std::net::SocketAddr, by_socks: bool) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port");
    let address = listener.local_addr().expect("the bound address").to_string();
    let task = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.expect("a connection");
        let told = if by_socks { socks(&mut client).await } else { connect(&mut client).await };
        let mut origin = TcpStream::connect(to).await.expect("the origin");
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut origin).await });
        told
    });
    (address, task)
}

async fn connect(client: &mut TcpStream) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(client.read_u8().await.expect("a head")));
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("the client is there");
    head
}

async fn socks(client: &mut TcpStream) -> String {
    let mut greeting = [0; 3];
    client.read_exact(&mut greeting).await.expect("a greeting");
    client.write_all(b"\x05\x00").await.expect("the client is there");
    let mut request = [0; 5];
    client.read_exact(&mut request).await.expect("a request");
    let mut rest = vec![0; usize::from(request[4]) + 2];
    client.read_exact(&mut rest).await.expect("a host and a port");
    client.write_all(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00").await.expect("the client is there");
    String::from_utf8_lossy(&rest[..rest.len() - 2]).into_owned()
}

async fn welcomed(session: &DefaultSession, url: &str, peer: &Peer) -> Raw {
    let (socket, raw) = tokio::join!(session.websocket(url).connect(), async {
        let mut raw = peer.open().await;
        raw.say(TEXT, b"welcome").await;
        raw
    });
    assert_eq!(next(&mut socket.expect("an open WebSocket")).await, "welcome");
    raw
}

#[test]
fn a_proxy_is_asked_for_a_tunnel_though_tls_is_not_spoken() {
    run(async {
        let peer = Peer::start().await;
        let (proxy, told) = tunnelling(peer.address(), false).await;
        let proxy = Proxy::new(&format!("http://me:secret@{proxy}")).expect("a proxy");
        let session = Config::new().proxy(proxy).build().expect("a session");
        let raw = welcomed(&session, "ws://origin.example/room", &peer).await;
        assert!(raw.head.starts_with("GET /room HTTP/1.1\r\n"), "{}", raw.head);
        assert_eq!(raw.field("proxy-authorization"), None);
        let told = told.await.expect("a tunnel");
        assert!(told.starts_with("CONNECT origin.example:80 HTTP/1.1\r\n"), "{told}");
        assert!(told.contains("proxy-authorization: Basic bWU6c2VjcmV0\r\n"), "{told}");
    });
}

#[test]
fn by_way_of_socks() {
    run(async {
        let peer = Peer::start().await;
        let (proxy, told) = tunnelling(peer.address(), true).await;
        let proxy = Proxy::new(&format!("socks5h://{proxy}")).expect("a proxy");
        let session = Config::new().proxy(proxy).build().expect("a session");
        welcomed(&session, "ws://origin.example/room", &peer).await;
        assert_eq!(told.await.expect("a tunnel"), "origin.example");
    });
}

#[test]
fn over_tls() {
    run(async {
        let issuer = Issuer::new();
        let acceptor = issuer.acceptor(Certificate::Valid, &["h2", "http/1.1"], false);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port");
        let url = format!("wss://127.0.0.1:{}/", listener.local_addr().expect("the bound address").port());
        let tls = Tls::new().roots(Roots::None).add_roots(issuer.pem());
        let session = Config::new().tls(tls).build().expect("a session");
        let client = async {
            let mut socket = session.websocket(url).await.expect("an open WebSocket");
            for size in [0, 5, 4096, 1_000_000] {
                let message = Message::from(vec![7; size]);
                socket.send(message.clone()).await.expect("it is open");
                assert!(socket.next().await.expect("a message").expect("a message") == message, "{size}");
            }
            let close = socket.close(CloseCode::NORMAL, "").await.expect("it is closed");
            assert_eq!(close.code, CloseCode::NORMAL);
        };
        let server = async {
            let (stream, _) = listener.accept().await.expect("a connection");
            let stream = acceptor.accept(stream).await.expect("a handshake");
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a handshake");
            while let Some(Ok(message)) = socket.next().await {
                if message.is_binary() {
                    socket.send(message).await.expect("the client is there");
                }
            }
        };
        tokio::join!(client, server);
    });
}

#[test]
fn redirects_are_followed_and_credentials_are_asked_for() {
    run(async {
        let (peer, session) = (Peer::start().await, session());
        let url = peer.url("/old").replacen("ws://", "ws://me:secret@", 1);
        let (socket, ()) = tokio::join!(session.websocket(url).connect(), async {
            let mut raw = peer.asked().await;
            raw.send(b"HTTP/1.1 307 X\r\nlocation: /new\r\ncontent-length: 0\r\n\r\n").await;
            let first = raw.field("sec-websocket-key").expect("a key").to_owned();
            raw.end(false);
            let mut raw = peer.open().await;
            assert!(raw.head.starts_with("GET /new HTTP/1.1\r\n"), "{}", raw.head);
            assert_eq!(raw.field("authorization"), Some("Basic bWU6c2VjcmV0"));
            assert_ne!(raw.field("sec-websocket-key"), Some(&*first), "each handshake has a key of its own");
            raw.say(TEXT, b"welcome").await;
        });
        let mut socket = socket.expect("an open WebSocket");
        assert_eq!(socket.url().path(), "/new");
        assert_eq!(next(&mut socket).await, "welcome");
    });
}

#[cfg(feature = "cookies")]
#[test]
fn cookies_of_the_handshake_are_kept_and_sent() {
    run(async {
        let (peer, session) = (Peer::start().await, Config::new());
        let session = session.build().expect("a session");
        // By name: an address has no cookies unless that is allowed.
        let url = format!("ws://localhost:{}/", peer.address().port());
        for (sent, set) in [(None, "a=1"), (Some("a=1"), "b=2"), (Some("a=1; b=2"), "a=3")] {
            let (socket, raw) = tokio::join!(session.websocket(&url).connect(), async {
                let mut raw = peer.asked().await;
                raw.agree(&format!("set-cookie: {set}\r\n")).await;
                raw
            });
            socket.expect("an open WebSocket");
            assert_eq!(raw.field("cookie"), sent);
        }
    });
}

#[cfg(feature = "digest")]
#[test]
fn a_challenge_is_answered() {
    run(async {
        let peer = Peer::start().await;
        let origin = peer.url("/").replacen("ws", "http", 1);
        let auth = dualfetch::middleware::DigestAuth::new(&origin, "me", "secret").expect("an origin");
        let session = Config::new().middleware(auth).build().expect("a session");
        let (socket, ()) = tokio::join!(session.websocket(peer.url("/")).connect(), async {
            let mut raw = peer.asked().await;
            let challenge =
                "www-authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
            raw.send(format!("HTTP/1.1 401 X\r\n{challenge}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await;
            raw.end(false);
            let raw = peer.open().await;
            assert!(
                raw.field("authorization").is_some_and(|value| value.starts_with("Digest ")),
                "{}",
                raw.head
            );
        });
        socket.expect("an open WebSocket");
    });
}
