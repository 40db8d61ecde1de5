//! Many messages, and many connections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use dualfetch::{CloseCode, Figures, Message, SessionExt};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite;

use super::super::help::{at_rest, run, run_on_two, session};
use super::open;
use super::peer::{BINARY, frame};

/// A server that somebody else wrote, which sends everything back.
async fn echoing() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port");
    let url = format!("ws://{}/", listener.local_addr().expect("the bound address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut socket = tokio_tungstenite::accept_async(stream).await?;
                while let Some(message) = socket.next().await {
                    let message = message?;
                    if message.is_text() || message.is_binary() {
                        socket.send(message).await?;
                    }
                }
                Ok::<_, tungstenite::Error>(())
            });
        }
    });
    url
}

/// The message of this number: most are short, some long, and each is another one.
fn numbered(number: usize) -> Message {
    let length = match number {
        _ if number.is_multiple_of(1000) => 70_000,
        _ if number.is_multiple_of(100) => 1000,
        _ => number % 200,
    };
    let text = format!("{number} {}", "ä".repeat(length / 2));
    if number.is_multiple_of(2) { Message::from(text) } else { Message::from(text.into_bytes()) }
}

#[test]
fn a_hundred_thousand_messages_each_way_come_in_order_and_whole() {
    const COUNT: usize = 100_000;
    run_on_two(async {
        let socket = session().websocket(echoing().await).await.expect("an open WebSocket");
        let (mut sender, mut receiver) = socket.split();
        let sending = tokio::spawn(async move {
            for number in 0..COUNT {
                sender.feed(numbered(number)).await.expect("it is open");
            }
            SinkExt::<Message>::flush(&mut sender).await.expect("it is open");
            sender
        });
        for number in 0..COUNT {
            let message = receiver.next().await.expect("a message").expect("a message");
            assert!(message == numbered(number), "{number}: {message:.100?}");
        }
        let mut sender = sending.await.expect("all sent");
        sender.close(CloseCode::NORMAL, "").await.expect("it is open");
        assert!(receiver.next().await.is_none());
    });
}

#[test]
fn a_thousand_connections_leave_nothing_behind() {
    run_on_two(async {
        let (session, url) = (session(), echoing().await);
        let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let before = alive();
        let done = AtomicUsize::new(0);
        let each = |number: usize| {
            let (session, url, done) = (&session, &url, &done);
            async move {
                let mut socket = session.websocket(url).await.expect("an open WebSocket");
                socket.send(numbered(number)).await.expect("it is open");
                match number % 3 {
                    // Dropped with something unread, or with nothing; or closed.
                    0 => {}
                    1 => drop(socket.next().await.expect("a message").expect("a message")),
                    _ => drop(socket.close(CloseCode::NORMAL, "").await.expect("it is closed")),
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        };
        futures_util::stream::iter(0..1000).for_each_concurrent(50, each).await;
        assert_eq!(done.into_inner(), 1000);
        at_rest(&session).await;
        assert_eq!(session.figures(), Figures::default());
        // hyper's own task of the last handshake may still be ending, and so may the server's of the last connection.
        while session.connections().expect("natively").open > 0 || alive() > before {
            tokio::task::yield_now().await;
        }
        assert_eq!(session.connections().expect("natively").made, 1000);
    });
}

#[test]
fn a_socket_holds_its_place_until_it_is_closed_or_dropped() {
    run(async {
        let url = echoing().await;
        let session = dualfetch::DefaultSession::builder().limit(2).build().expect("a session");
        let mut first = session.websocket(&url).await.expect("an open WebSocket");
        let second = session.websocket(&url).await.expect("an open WebSocket");
        assert_eq!(session.figures().in_flight, 2);
        let mut third = Box::pin(session.websocket(&url).connect());
        assert!(
            tokio::time::timeout(Duration::from_millis(50), &mut third).await.is_err(),
            "there is no place"
        );
        first.close(CloseCode::NORMAL, "").await.expect("it is closed");
        let _third = third.await.expect("an open WebSocket");
        drop(second);
        session.websocket(&url).await.expect("an open WebSocket");
    });
}

#[test]
fn a_slow_reader_holds_the_sender_up_and_gets_all() {
    const SIZE: usize = 256 * 1024;
    const COUNT: usize = 400;
    run_on_two(async {
        let (mut socket, mut raw) = open(|builder| builder).await;
        let sent = std::sync::Arc::new(AtomicUsize::new(0));
        let counted = std::sync::Arc::clone(&sent);
        let sending = tokio::spawn(async move {
            for number in 0..COUNT {
                raw.send(&frame(BINARY, &vec![number.to_le_bytes()[0]; SIZE])).await;
                counted.fetch_add(1, Ordering::Relaxed);
            }
            raw
        });
        let first = socket.next().await.expect("a message").expect("a message");
        assert_eq!(first.as_bytes(), vec![0; SIZE]);
        // While nobody asks for more, the sender comes to a halt, whatever else is done with the socket.
        let mut before = usize::MAX;
        while before != sent.load(Ordering::Relaxed) {
            before = sent.load(Ordering::Relaxed);
            socket.send("still here").await.expect("it is open");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(before < COUNT / 2, "{before} of {COUNT} messages went nowhere");
        for number in 1..COUNT {
            let message = socket.next().await.expect("a message").expect("a message");
            assert!(message == Message::from(Bytes::from(vec![number.to_le_bytes()[0]; SIZE])), "{number}");
        }
        sending.await.expect("all sent");
    });
}

#[test]
fn a_peer_that_reads_nothing_holds_the_sender_up() {
    run(async {
        let (mut socket, raw) = open(|builder| builder).await;
        let message = Bytes::from(vec![7; 256 * 1024]);
        let mut sent = 0;
        while tokio::time::timeout(Duration::from_millis(200), socket.send(message.clone())).await.is_ok() {
            sent += 1;
            assert!(sent < 400, "{sent} messages went nowhere");
        }
        drop(raw);
    });
}
