//! Closing handshakes, from either side.

use dualfetch::websocket::ClosedBy;
use dualfetch::{CloseCode, Message};

use super::super::help::run;
use super::peer::{CLOSE, PING, PONG, TEXT, frame};
use super::{code, next, open};

#[test]
fn the_peer_s_close_is_answered_with_its_code() {
    run(async {
        for said in [1000_u16, 1001, 1011, 3000, 4999] {
            let (mut socket, mut raw) = open(|builder| builder).await;
            raw.say(CLOSE, &[&said.to_be_bytes()[..], "früh".as_bytes()].concat()).await;
            let answered = async {
                assert_eq!(raw.heard().await, Some((CLOSE, said.to_be_bytes().to_vec())));
                raw.end(false);
            };
            let (none, ()) = tokio::join!(socket.next(), answered);
            assert!(none.is_none(), "{none:?}");
            let close = socket.closed().expect("it is closed");
            assert_eq!((u16::from(close.code), &*close.reason, close.by), (said, "früh", ClosedBy::Server));
            assert_eq!(code(socket.send("more").await), "closed");
        }
        let (mut socket, mut raw) = open(|builder| builder).await;
        raw.say(CLOSE, b"").await;
        let (none, answer) = tokio::join!(socket.next(), async {
            let answer = raw.heard().await;
            raw.end(false);
            answer
        });
        assert!(none.is_none() && answer == Some((CLOSE, Vec::new())), "{answer:?}");
        assert_eq!(socket.closed().map(|close| close.code), Some(CloseCode::NO_STATUS));
    });
}

#[test]
fn the_peer_s_close_is_answered_though_nobody_receives() {
    run(async {
        let (mut socket, mut raw) = open(|builder| builder).await;
        raw.say(CLOSE, b"\x03\xe9").await;
        let sent = async {
            loop {
                if let Err(error) = socket.send("on and on").await {
                    return error;
                }
                tokio::task::yield_now().await;
            }
        };
        let (error, ()) = tokio::join!(sent, async {
            while let Some((first, payload)) = raw.heard().await {
                if first == CLOSE {
                    assert_eq!(payload, b"\x03\xe9");
                    return;
                }
                assert_eq!((first, &*payload), (TEXT, &b"on and on"[..]));
            }
            panic!("no close frame");
        });
        assert_eq!(error.code(), "closed");
    });
}

#[test]
fn a_close_from_here_waits_for_the_answer_and_for_the_end() {
    run(async {
        let (mut socket, mut raw) = open(|builder| builder).await;
        let (close, ()) = tokio::join!(socket.close(CloseCode::new(4001), "enough"), async {
            raw.say(TEXT, b"on its way").await;
            assert_eq!(raw.heard().await, Some((CLOSE, [b"\x0f\xa1", &b"enough"[..]].concat())));
            raw.say(CLOSE, b"\x0f\xa1").await;
            raw.end(false);
        });
        let close = close.expect("it is closed");
        assert_eq!((u16::from(close.code), close.by), (4001, ClosedBy::Client));
        assert!(socket.next().await.is_none());
    });
}

#[test]
fn pings_are_answered_before_and_between_messages_and_handed_out_where_that_is_wanted() {
    run(async {
        let (mut socket, mut raw) = open(|builder| builder).await;
        let said =
            [frame(0x1, b"Hel"), frame(PING, b"1"), frame(0x80, b"lo"), frame(PING, b"2"), frame(PONG, b"")];
        raw.send(&said.concat()).await;
        assert_eq!(next(&mut socket).await, "Hello");
        let (_, ()) = tokio::join!(socket.next(), async {
            let first = raw.heard().await;
            if first == Some((PONG, b"1".to_vec())) {
                assert_eq!(raw.heard().await, Some((PONG, b"2".to_vec())));
            } else {
                assert_eq!(first, Some((PONG, b"2".to_vec())), "of several the last is enough");
            }
            raw.end(false);
        });

        let (mut socket, mut raw) = open(|builder| builder.auto_pong(false)).await;
        raw.say(PING, b"?").await;
        raw.say(PONG, b"!").await;
        assert_eq!(socket.next().await.expect("a ping").expect("a ping"), Message::Ping("?".into()));
        assert_eq!(socket.next().await.expect("a pong").expect("a pong"), Message::Pong("!".into()));
        socket.pong("by hand").await.expect("it is open");
        assert_eq!(raw.heard().await, Some((PONG, b"by hand".to_vec())));
        socket.ping("x".repeat(125)).await.expect("it is open");
        assert_eq!(raw.heard().await, Some((PING, vec![b'x'; 125])));
    });
}
