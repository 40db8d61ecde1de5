//! WebSockets: what goes over them and how they end, whoever ends them.
//!
//! The server is `tests/support/websocket.rs`.

use std::time::Duration;

use dualfetch::websocket::{Close, CloseCode, ClosedBy, Message};
use dualfetch::{Config, Error, ErrorKind, Figures, Result, Session, SessionExt, WebSocket};
use futures_util::future::join;

use super::{Lab, is_pending, outcome};

async fn open(lab: &impl Lab, path: &str) -> WebSocket {
    let session = lab.session(Config::new());
    session.websocket(lab.socket(path)).await.expect("a WebSocket")
}

/// How the server saw the connection with this id end.
async fn seen(lab: &impl Lab, id: &str) -> String {
    let session = lab.session(Config::new());
    let response = session.get(lab.socket(&format!("/ws/seen?id={id}"))).await.expect("an answer");
    response.text().await.expect("a text")
}

async fn received(socket: &mut WebSocket) -> Message {
    socket.next().await.expect("it goes on").expect("a message")
}

fn ended(result: Option<Result<Message>>) -> String {
    result.map_or_else(|| "none".to_owned(), |result| outcome(&result))
}

fn how(socket: &WebSocket) -> (u16, String, ClosedBy) {
    let Close { code, reason, by, .. } = socket.closed().expect("it is closed");
    (code.into(), reason.into(), by)
}

pub async fn opens_by_http_and_by_ws(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let http = lab.socket("/ws/echo");
    let ws = http.replacen("http", "ws", 1);
    for url in [&http, &ws, &format!("{ws}#part")] {
        let mut socket = session.websocket(url).await.expect("a WebSocket");
        assert_eq!(socket.url().as_str().split('#').next(), Some(&ws[..]));
        assert_eq!((socket.protocol(), socket.closed()), (None, None));
        socket.close(CloseCode::NORMAL, "").await.expect("an answer");
    }
    assert_eq!(lab.figures(&session), Figures::default());
}

pub async fn whatever_is_sent_comes_back(lab: &impl Lab) {
    let mut socket = open(lab, "/ws/echo").await;
    let large: Vec<u8> = (0..1_000_000).map(|n: u32| (n % 251) as u8).collect();
    let sent: [Message; 8] = [
        "text".into(),
        "".into(),
        "é, €, 😀 and \0".into(),
        "long ".repeat(200_000).into(),
        vec![0, 255, 128].into(),
        Vec::new().into(),
        large.into(),
        "the last".into(),
    ];
    for message in &sent {
        socket.send(message.clone()).await.expect("sent");
    }
    for message in sent {
        assert_eq!(received(&mut socket).await, message);
    }
    socket.close(CloseCode::NORMAL, "").await.expect("an answer");
    assert!(socket.closed().expect("it is closed").is_clean());
}

pub async fn many_small_messages_come_whole_and_in_order(lab: &impl Lab) {
    const COUNT: usize = 10_000;
    let (mut sender, mut receiver) = open(lab, "/ws/echo").await.split();
    let send = async {
        for n in 0..COUNT {
            sender.send(format!("message {n}")).await.expect("sent");
        }
    };
    let receive = async {
        for n in 0..COUNT {
            let message = receiver.next().await.expect("it goes on").expect("a message");
            assert_eq!(message.as_text(), Some(&format!("message {n}")[..]));
        }
    };
    join(send, receive).await;
}

pub async fn a_subprotocol_is_chosen(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let url = lab.socket("/ws/echo?protocol=chat.v1");
    let mut socket = session.websocket(url).protocols(["chat.v2", "chat.v1"]).await.expect("a WebSocket");
    assert_eq!(socket.protocol(), Some("chat.v1"));
    socket.send("hello").await.expect("sent");
    assert_eq!(received(&mut socket).await.as_text(), Some("hello"));
}

pub async fn one_that_nobody_offered_is_no_handshake(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let url = lab.socket("/ws/echo?protocol=other");
    let failed = session.websocket(url).protocols(["chat"]).await;
    assert_eq!(outcome(&failed), if lab.tells_why() { "handshake" } else { "network" });
    assert_eq!(lab.figures(&session), Figures::default());
}

pub async fn the_server_closes(lab: &impl Lab) {
    for (query, code, reason) in
        [("code=4001&reason=all%20said&id=server", 4001, "all said"), ("", 1005, ""), ("code=1001", 1001, "")]
    {
        let mut socket = open(lab, &format!("/ws/close?{query}")).await;
        assert_eq!(ended(socket.next().await), "none");
        assert_eq!(how(&socket), (code, reason.to_owned(), ClosedBy::Server));
        assert_eq!(ended(socket.next().await), "none");
        assert_eq!(outcome(&socket.send("too late").await), "closed");
        // It is told again, and nothing done.
        let close = socket.close(CloseCode::NORMAL, "again").await.expect("it is closed already");
        assert_eq!(close, socket.closed().expect("it is closed"));
    }
    assert_eq!(seen(lab, "server").await.split(' ').nth(1), Some("4001"));
}

pub async fn we_close(lab: &impl Lab) {
    for (id, code, reason) in
        [("normal", 1000, "bye"), ("own", 4999, "é"), ("longest", 3000, &"r".repeat(123))]
    {
        let mut socket = open(lab, &format!("/ws/echo?id={id}")).await;
        socket.send("not waited for").await.expect("sent");
        let close = socket.close(code.into(), reason).await.expect("an answer");
        assert_eq!((close.code, &*close.reason, close.by), (code.into(), reason, ClosedBy::Client));
        assert_eq!(ended(socket.next().await), "none");
        assert_eq!(outcome(&socket.send("too late").await), "closed");
        assert_eq!(seen(lab, id).await, format!("close {code} {reason}"));
    }
}

pub async fn an_end_without_a_closing_handshake(lab: &impl Lab) {
    let mut socket = open(lab, "/ws/cut").await;
    assert_eq!(received(&mut socket).await.as_text(), Some("last"));
    assert_eq!(ended(socket.next().await), "disconnected");
    assert_eq!(how(&socket), (1006, String::new(), ClosedBy::Neither));
    assert_eq!(ended(socket.next().await), "none");
    assert!(socket.send("too late").await.is_err());
}

pub async fn a_refused_handshake(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let paths = ["/ws/refused", "/ws/wrong-key"];
    for path in paths {
        let error = session.websocket(lab.socket(path)).await.expect_err("refused");
        assert_eq!(error.code(), if lab.tells_why() { "handshake" } else { "network" }, "{path}: {error}");
        assert!(error.url().is_some_and(|url| url.path() == path), "{path}: {error:?}");
        let ErrorKind::Handshake { status } = error.kind() else {
            // What cannot be told is said, too.
            assert!(error.message().is_some_and(|message| !message.is_empty()), "{error:?}");
            continue;
        };
        assert_eq!(status.as_u16(), if path == "/ws/refused" { 403 } else { 101 });
    }
    assert_eq!(lab.figures(&session), Figures::default());
}

pub async fn a_handshake_that_is_given_up(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(1));
    for _ in 0..3 {
        let mut opening = Box::pin(session.websocket(lab.socket("/ws/hang")).connect());
        assert!(is_pending(&mut opening).await);
    }
    let in_time = Duration::from_millis(100);
    let failed = session.websocket(lab.socket("/ws/hang")).timeout(in_time).await;
    assert_eq!(outcome(&failed), "timeout total");
    session.websocket(lab.socket("/ws/echo")).await.expect("a permit");
}

pub async fn a_message_that_is_too_large(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let url = lab.socket("/ws/sizes/1000/0/1001/5");
    let mut socket = session.websocket(url).max_message_size(1000).await.expect("a WebSocket");
    assert_eq!(received(&mut socket).await.as_bytes().len(), 1000);
    assert_eq!(received(&mut socket).await.as_bytes().len(), 0);
    let error = socket.next().await.expect("it goes on").expect_err("too large");
    assert_eq!(error.kind(), &ErrorKind::WebSocket { code: 1009 }, "{error}");
    assert_eq!(ended(socket.next().await), "none");
    assert_eq!(how(&socket), (1009, String::new(), ClosedBy::Client));
    assert_eq!(lab.figures(&session), Figures::default());
    let url = lab.socket("/ws/sizes/5000000");
    let socket = session.websocket(&url).await;
    assert_eq!(ended(socket.expect("a WebSocket").next().await), "websocket", "the default is 4 MiB");
    let mut socket = session.websocket(&url).max_message_size(None).await.expect("a WebSocket");
    assert_eq!(received(&mut socket).await.as_bytes().len(), 5_000_000);
}

pub async fn receive_timeout_leaves_it_open(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let socket = session.websocket(lab.socket("/ws/echo")).receive_timeout(Duration::from_millis(50));
    let mut socket = socket.await.expect("a WebSocket");
    for n in 0..2 {
        assert_eq!(ended(socket.next().await), "timeout read", "{n}");
    }
    assert_eq!(socket.closed(), None);
    let mut slow = session.websocket(lab.socket("/ws/echo")).receive_timeout(Duration::from_secs(20));
    slow = slow.close_timeout(Duration::from_secs(20));
    let mut slow = slow.await.expect("a WebSocket");
    slow.send("hello").await.expect("sent");
    assert_eq!(received(&mut slow).await.as_text(), Some("hello"));
    socket.close(CloseCode::NORMAL, "").await.expect("an answer");
}

pub async fn a_close_that_nobody_answers(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(1));
    let url = lab.socket("/ws/silent?id=unanswered");
    let socket = session.websocket(url).close_timeout(Duration::from_millis(100));
    let mut socket = socket.await.expect("a WebSocket");
    assert_eq!(outcome(&socket.close(CloseCode::new(3001), "anyone?").await), "timeout close");
    assert_eq!(how(&socket), (1006, String::new(), ClosedBy::Neither));
    assert_eq!(ended(socket.next().await), "none");
    assert_eq!(lab.figures(&session), Figures::default());
}

pub async fn a_half_is_enough_to_keep_it_open(lab: &impl Lab) {
    let (mut sender, receiver) = open(lab, "/ws/echo?id=halves").await.split();
    drop(receiver);
    sender.send("into the void").await.expect("sent");
    sender.close(CloseCode::NORMAL, "done").await.expect("sent");
    drop(sender);
    assert_eq!(seen(lab, "halves").await, "close 1000 done");
}

pub async fn dropped_it_leaves_nothing(lab: &impl Lab) {
    let session = lab.session(Config::new());
    for id in ["dropped-1", "dropped-2"] {
        let mut socket = session.websocket(lab.socket(&format!("/ws/echo?id={id}"))).await.expect("open");
        socket.send("hello").await.expect("sent");
        assert_eq!(received(&mut socket).await.as_text(), Some("hello"));
        assert_eq!(lab.figures(&session).in_flight, 1);
        drop(socket);
        assert_eq!(lab.figures(&session), Figures::default());
        // A page cannot but say goodbye.
        assert_eq!(seen(lab, id).await, if lab.tells_why() { "cut" } else { "close" });
    }
}

pub async fn it_counts_until_it_is_closed(lab: &impl Lab) {
    let session = lab.session(Config::new().limit(1));
    let mut first = session.websocket(lab.socket("/ws/echo")).await.expect("a WebSocket");
    let mut second = Box::pin(session.websocket(lab.socket("/ws/close?code=1000")).connect());
    assert!(is_pending(&mut second).await);
    assert_eq!((lab.figures(&session).in_flight, lab.figures(&session).waiting), (1, 1));
    first.close(CloseCode::NORMAL, "").await.expect("an answer");
    let mut second = second.await.expect("a WebSocket");
    assert_eq!(ended(second.next().await), "none");
    session.websocket(lab.socket("/ws/echo")).await.expect("a permit");
    drop((first, second));
    assert_eq!(lab.figures(&session), Figures::default());
}

pub async fn what_cannot_be_asked_for_is_refused_by_name(lab: &impl Lab) {
    fn named(result: Result<impl Sized, Error>, expected: &str) {
        let Err(error) = result else { panic!("{expected} was taken") };
        assert!(
            matches!(error.kind(), ErrorKind::InvalidOption { option } if *option == expected),
            "{error:?}"
        );
    }
    let session = lab.session(Config::new());
    let opening = || session.websocket(lab.socket("/ws/echo"));
    named(opening().protocols(["two words"]).await, "protocols");
    named(opening().protocols(["twice", "twice"]).await, "protocols");
    named(opening().protocols([""]).await, "protocols");
    let mut socket = opening().await.expect("a WebSocket");
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000] {
        named(socket.close(code.into(), "").await, "code");
    }
    named(socket.close(CloseCode::NORMAL, "r".repeat(124)).await, "reason");
    named(socket.close(CloseCode::NORMAL, "é".repeat(62)).await, "reason");
    // Nothing of it was sent.
    socket.send("hello").await.expect("sent");
    assert_eq!(received(&mut socket).await.as_text(), Some("hello"));
    let failed = session.websocket("ftp://example.com/").await;
    assert_eq!(outcome(&failed), "unsupported_scheme");
}

pub async fn a_peer_that_breaks_the_protocol(lab: &impl Lab) {
    let session = lab.session(Config::new());
    for (name, code) in [
        ("bad-close-code", 1002),
        ("bad-opcode", 1002),
        ("bad-utf-8", 1007),
        ("compressed", 1002),
        ("fragmented-control", 1002),
        ("masked", 1002),
        ("nothing-to-continue", 1002),
        ("oversized-control", 1002),
        ("reserved-bits", 1002),
        ("short-close", 1002),
    ] {
        let url = lab.socket(&format!("/ws/faults/{name}"));
        let mut socket = session.websocket(url).await.expect("a WebSocket");
        let error = socket.next().await.expect("it goes on").expect_err(name);
        let by = match lab.tells_why() {
            true => {
                assert_eq!(error.kind(), &ErrorKind::WebSocket { code }, "{name}: {error}");
                (code, ClosedBy::Client)
            }
            false => {
                assert_eq!(error.code(), "disconnected", "{name}: {error}");
                (1006, ClosedBy::Neither)
            }
        };
        let (code, _, who) = how(&socket);
        assert_eq!((code, who), by, "{name}");
        assert_eq!(ended(socket.next().await), "none", "{name}");
    }
    assert_eq!(lab.figures(&session), Figures::default());
}
