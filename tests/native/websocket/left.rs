//! What is left when something was given up, or nobody looked.

use std::time::Duration;

use bytes::Bytes;
use dualfetch::{CloseCode, ErrorKind, Message, Phase};
use tokio::time::timeout;

use super::super::help::{run, run_on_two};
use super::peer::{CLOSE, PING, PONG, TEXT, frame};
use super::{failure, next, open};

/// Sends until the peer, which reads nothing, lets no more through. How many messages were sent whole; one more was begun.
async fn stuck(socket: &mut dualfetch::WebSocket) -> usize {
    let message = Bytes::from(vec![7; 256 * 1024]);
    for sent in 0..1000 {
        if timeout(Duration::from_millis(100), socket.send(message.clone())).await.is_err() {
            return sent;
        }
    }
    panic!("a thousand messages went nowhere");
}

#[test]
fn of_a_send_is_written_while_something_is_received() {
    run_on_two(async {
        let (mut socket, mut raw) = open(|builder| builder).await;
        let sent = stuck(&mut socket).await;
        let reading = tokio::spawn(async move {
            for _ in 0..=sent {
                assert_eq!(raw.heard().await.expect("a message").1, vec![7; 256 * 1024]);
            }
            raw.say(TEXT, b"all of it").await;
            raw
        });
        assert_eq!(next(&mut socket).await, "all of it");
        drop(reading.await.expect("all was read"));
    });
}

#[test]
fn of_a_close_is_written_while_something_is_received() {
    run_on_two(async {
        let (mut socket, mut raw) = open(|builder| builder).await;
        let sent = stuck(&mut socket).await;
        assert!(timeout(Duration::from_millis(50), socket.close(CloseCode::NORMAL, "")).await.is_err());
        let reading = tokio::spawn(async move {
            for _ in 0..=sent {
                raw.heard().await.expect("a message");
            }
            let closed = raw.heard().await;
            raw.say(CLOSE, &1000_u16.to_be_bytes()).await;
            closed
        });
        assert!(socket.next().await.is_none());
        assert!(socket.closed().expect("closed").is_clean());
        assert_eq!(reading.await.expect("all was read").expect("a close frame").0, CLOSE);
    });
}

#[test]
fn a_peer_that_takes_nothing_is_given_up_by_the_heartbeat() {
    run(async {
        let (mut socket, _raw) = open(|builder| builder.heartbeat(Duration::from_millis(200))).await;
        let message = Bytes::from(vec![7; 256 * 1024]);
        let error = loop {
            if let Err(error) = socket.send(message.clone()).await {
                break error;
            }
        };
        assert_eq!(error.phase(), Some(Phase::Heartbeat));
        assert!(socket.next().await.is_none());
    });
}

#[test]
fn a_message_that_waited_is_a_sign_of_life_when_it_is_taken() {
    run(async {
        let (mut socket, mut raw) = open(|builder| builder.heartbeat(Duration::from_millis(300))).await;
        raw.send(&[frame(TEXT, b"one"), frame(TEXT, b"two")].concat()).await;
        assert_eq!(next(&mut socket).await, "one");
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(next(&mut socket).await, "two");
        // It is asked for another one before it is given up.
        let asked = tokio::spawn(async move {
            let asked = raw.heard().await;
            raw.say(PONG, b"").await;
            raw.say(TEXT, b"three").await;
            (asked, raw)
        });
        assert_eq!(next(&mut socket).await, "three");
        assert_eq!(asked.await.expect("it was asked").0, Some((PING, Vec::new())));
    });
}

#[test]
fn pings_are_answered_while_messages_wait_and_something_is_sent() {
    run(async {
        let (mut socket, mut raw) = open(|builder| builder).await;
        for number in 0..3 {
            raw.say(TEXT, format!("{number}").as_bytes()).await;
        }
        raw.say(PING, b"there?").await;
        let hearing = tokio::spawn(async move {
            while raw.heard().await.expect("it is open") != (PONG, b"there?".to_vec()) {}
            raw
        });
        while !hearing.is_finished() {
            socket.send("on my way").await.expect("sent");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for number in 0..3 {
            assert_eq!(next(&mut socket).await, format!("{number}"));
        }
    });
}

#[test]
fn what_is_sent_by_a_connection_that_is_gone_tells_so() {
    run(async {
        let (mut socket, raw) = open(|builder| builder).await;
        raw.end(true);
        let error = loop {
            if let Err(error) = socket.send("anyone?").await {
                break error;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(error.kind(), &ErrorKind::Disconnected);
        let again = socket.send(Message::from("anyone?")).await.unwrap_err();
        assert_eq!(again.kind(), &ErrorKind::Disconnected);
        assert_eq!(failure(&mut socket).await.kind(), &ErrorKind::Disconnected);
    });
}

#[test]
fn a_close_that_the_peer_began_is_the_peer_s_whoever_closes_then() {
    run(async {
        let (mut socket, mut raw) = open(|builder| builder).await;
        raw.say(CLOSE, &1001_u16.to_be_bytes()).await;
        while socket.send("more").await.is_ok() {
            tokio::task::yield_now().await;
        }
        let close = socket.close(CloseCode::NORMAL, "").await.expect("closed");
        assert_eq!((close.code, close.by), (CloseCode::GOING_AWAY, dualfetch::websocket::ClosedBy::Server));
    });
}
