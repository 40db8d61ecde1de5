//! What breaks the protocol: each fault has its typed error here, and its close code there.

use dualfetch::websocket::{ClosedBy, WebSocketBuilder};
use dualfetch::{CloseCode, DefaultSession, ErrorKind, Phase};

use super::super::help::{millis, run, session};
use super::peer::{BINARY, CLOSE, FINAL, PING, Peer, TEXT, frame};
use super::{failure, next, open};

type Change = for<'a> fn(WebSocketBuilder<'a, DefaultSession>) -> WebSocketBuilder<'a, DefaultSession>;

const AS_IT_IS: Change = |builder| builder;

/// What is sent, the code that it comes to, and what the message says.
fn faults() -> Vec<(&'static str, Vec<u8>, u16, &'static str)> {
    vec![
        ("a reserved bit", frame(TEXT | 0x20, b"x"), 1002, "reserved bit"),
        ("a reserved bit of a ping", frame(PING | 0x10, b"x"), 1002, "reserved bit"),
        ("compressed, not agreed upon", frame(TEXT | 0x40, b"x"), 1002, "compression was not agreed upon"),
        ("a bad opcode", frame(FINAL | 0x3, b"x"), 1002, "opcode 0x3"),
        ("a bad control opcode", frame(FINAL | 0xb, b"x"), 1002, "opcode 0xb"),
        ("a masked frame", b"\x81\x81\x01\x02\x03\x04x".to_vec(), 1002, "masked"),
        ("a fragmented ping", frame(0x9, b"x"), 1002, "fragment of a control frame"),
        ("a large ping", frame(PING, &[b'x'; 126]), 1002, "more than 125"),
        ("a continuation of nothing", frame(FINAL, b"x"), 1002, "none was begun"),
        ("a message in another", [frame(0x1, b"x"), frame(TEXT, b"y")].concat(), 1002, "within another"),
        ("a close of one byte", frame(CLOSE, b"\x03"), 1002, "half a code"),
        ("a close with 1005", frame(CLOSE, &1005_u16.to_be_bytes()), 1002, "the code 1005"),
        ("a close with 999", frame(CLOSE, &999_u16.to_be_bytes()), 1002, "the code 999"),
        ("a close with a reason that is no text", frame(CLOSE, b"\x03\xe8\xff"), 1007, "reason"),
        ("a text that is none", frame(TEXT, b"\xce\xba\xff"), 1007, "UTF-8"),
        ("a fragment that is no text", frame(0x1, b"\xff"), 1007, "UTF-8"),
        ("a message too large", frame(BINARY, &[0; 1001]), 1009, "longer than 1000"),
        (
            "a length without end",
            b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec(),
            1009,
            "longer than 1000",
        ),
        ("a length beyond that", b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(), 1002, "length"),
    ]
}

#[test]
fn every_fault_has_its_error_and_its_close_code() {
    run(async {
        for (fault, said, code, words) in faults() {
            let (mut socket, mut raw) = open(|builder| builder.max_message_size(1000)).await;
            // What came before is received, and what was sent before arrives.
            raw.send(&[frame(TEXT, b"before"), said].concat()).await;
            socket.send("sent before").await.expect(fault);
            assert_eq!(next(&mut socket).await, "before", "{fault}");
            let error = failure(&mut socket).await;
            assert_eq!(error.kind(), &ErrorKind::WebSocket { code }, "{fault}: {error}");
            assert!(error.message().is_some_and(|message| message.contains(words)), "{fault}: {error}");
            let close = socket.closed().expect(fault);
            assert_eq!((u16::from(close.code), close.by), (code, ClosedBy::Client), "{fault}");
            assert_eq!(raw.heard().await, Some((TEXT, b"sent before".to_vec())), "{fault}");
            let (told, reason) = raw.closed().await;
            assert_eq!((told, reason.contains(words)), (code, true), "{fault}: {reason}");
            assert_eq!(super::code(socket.send("after").await), "closed", "{fault}");
        }
    });
}

#[test]
fn a_peer_that_goes_on_sending_still_reads_why_it_is_closed() {
    run(async {
        let (mut socket, mut raw) = open(AS_IT_IS).await;
        raw.send(&[frame(FINAL | 0x3, b"x"), vec![0; 1_000_000]].concat()).await;
        let error = failure(&mut socket).await;
        assert_eq!(error.kind(), &ErrorKind::WebSocket { code: 1002 });
        drop(socket);
        assert_eq!(raw.closed().await.0, 1002);
    });
}

#[test]
fn a_compressed_message_that_is_none_or_too_large() {
    // 100 kB of nothing but one letter, as zlib has it, and what no compressor would say.
    let bomb = {
        let mut compress = Vec::new();
        // A stored block of 65,535 bytes, twice.
        for _ in 0..2 {
            compress.extend([0x00, 0xff, 0xff, 0x00, 0x00]);
            compress.extend([b'x'; 65_535]);
        }
        compress.push(0x00);
        compress
    };
    run(async {
        for (said, code, words) in [(vec![0xff, 0xff, 0xff], 1007, "decompressed"), (bomb, 1009, "100000")] {
            let (session, peer) = (session(), Peer::start().await);
            let opening = dualfetch::SessionExt::websocket(&session, peer.url("/"));
            let opening = opening.permessage_deflate(true).max_message_size(100_000).connect();
            let (socket, mut raw) = tokio::join!(opening, async {
                let mut raw = peer.asked().await;
                assert_eq!(raw.field("sec-websocket-extensions"), Some("permessage-deflate"));
                raw.agree("sec-websocket-extensions: permessage-deflate\r\n").await;
                raw
            });
            let mut socket = socket.expect("an open WebSocket");
            raw.say(TEXT | 0x40, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).await;
            assert_eq!(next(&mut socket).await, "Hello");
            raw.say(TEXT | 0x40, &said).await;
            let error = failure(&mut socket).await;
            assert_eq!(error.kind(), &ErrorKind::WebSocket { code });
            assert!(error.message().is_some_and(|message| message.contains(words)), "{error}");
            assert_eq!(raw.closed().await.0, code);
        }
    });
}

#[test]
fn a_connection_that_ends_without_a_close_frame_is_disconnected() {
    run(async {
        for (by_reset, said) in
            [(false, &b""[..]), (true, b""), (false, b"\x81\x05ab"), (true, b"\x01\x02ab")]
        {
            let (mut socket, mut raw) = open(AS_IT_IS).await;
            raw.send(said).await;
            raw.end(by_reset);
            let error = failure(&mut socket).await;
            assert_eq!(error.kind(), &ErrorKind::Disconnected, "{by_reset} {error}");
            let close = socket.closed().expect("it is over");
            assert_eq!((close.code, close.by), (CloseCode::ABNORMAL, ClosedBy::Neither));
        }
        // Half-open: it says nothing more, and listens.
        let (mut socket, mut raw) = open(AS_IT_IS).await;
        raw.fall_silent().await;
        assert_eq!(failure(&mut socket).await.kind(), &ErrorKind::Disconnected);
        assert_eq!(raw.heard().await, None);
    });
}

#[test]
fn silence_under_a_heartbeat_ends_the_connection() {
    run(async {
        let (mut socket, mut raw) = open(|builder| builder.heartbeat(millis(60))).await;
        let error = failure(&mut socket).await;
        assert_eq!(error.kind(), &ErrorKind::Timeout(Phase::Heartbeat));
        assert_eq!(socket.closed().map(|close| close.code), Some(CloseCode::ABNORMAL));
        assert_eq!(raw.heard().await, Some((PING, Vec::new())));
        assert_eq!(raw.heard().await, None);
    });
}

#[test]
fn a_close_frame_without_an_answer_is_waited_for_no_longer_than_the_close_timeout() {
    run(async {
        let (mut socket, mut raw) = open(|builder| builder.close_timeout(millis(100))).await;
        let error = socket.close(CloseCode::NORMAL, "bye").await.expect_err("no answer");
        assert_eq!(error.kind(), &ErrorKind::Timeout(Phase::Close));
        assert_eq!(raw.closed().await, (1000, "bye".to_owned()));
    });
}
