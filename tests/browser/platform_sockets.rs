//! WebSockets over the platform's own. Where there is none, as in Node before its version 22, scripts/browser-tests leaves
//! these out.

use std::time::Duration;

use dualfetch::websocket::{CloseCode, ClosedBy};
use dualfetch::{Config, ErrorKind, Figures, SessionExt};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::contract::{Lab, is_pending};

use super::lab::{pause, run};
use super::sockets::unsupported;

#[wasm_bindgen_test]
async fn what_it_does_by_itself_may_be_asked_for() {
    run(async |lab| {
        let session = lab.session(Config::new());
        let opening = session.websocket(lab.socket("/ws/echo")).permessage_deflate(true).auto_pong(true);
        let mut socket = opening.await.expect("a WebSocket");
        unsupported(socket.ping("anyone?").await, "ping");
        unsupported(socket.pong("here").await, "pong");
        for code in [1001, 1009, 1011, 1014] {
            unsupported(socket.close(code.into(), "").await, "close_code");
        }
        // Nothing of it was sent.
        socket.send("hello").await.expect("sent");
        assert_eq!(socket.next().await.expect("it goes on").expect("a message").as_text(), Some("hello"));
        socket.close(CloseCode::NORMAL, "").await.expect("an answer");
    })
    .await;
}

#[wasm_bindgen_test]
async fn what_is_not_taken_is_bounded() {
    run(async |lab| {
        let session = lab.session(Config::new());
        // An empty message takes room, too.
        for (size, bound, fit) in [(400, 1000, 2), (0, 640, 10), (1000, 1000, 1)] {
            let path = format!("/ws/sizes{}", format!("/{size}").repeat(fit + 5));
            let mut socket =
                session.websocket(lab.socket(&path)).max_buffered(bound).await.expect("a WebSocket");
            while socket.send("more?").await.is_ok() {
                pause(Duration::from_millis(5)).await;
            }
            for _ in 0..fit {
                let message = socket.next().await.expect("it goes on").expect("a message");
                assert_eq!(message.as_bytes().len(), size);
            }
            let error = socket.next().await.expect("it goes on").expect_err("too much");
            assert_eq!(error.kind(), &ErrorKind::WebSocket { code: 1009 }, "{error}");
            assert!(error.message().is_some_and(|message| message.contains("max_buffered")), "{error}");
            let close = socket.closed().expect("it is closed");
            assert_eq!((close.code, close.by), (CloseCode::MESSAGE_TOO_BIG, ClosedBy::Client));
        }
        assert_eq!(session.figures(), Figures::default());
    })
    .await;
}

#[wasm_bindgen_test]
async fn many_opened_and_dropped_leave_nothing() {
    run(async |lab| {
        let session = lab.session(Config::new());
        for n in 0..30 {
            let mut opening = Box::pin(session.websocket(lab.socket("/ws/sizes/10/10")).connect());
            // Some are given up in the middle of the handshake.
            if is_pending(&mut opening).await && n % 3 > 0 {
                let mut socket = opening.await.expect("a WebSocket");
                if n % 3 > 1 {
                    socket.send("x".repeat(100_000)).await.expect("sent");
                }
            }
        }
        assert_eq!(session.figures(), Figures::default());
    })
    .await;
}
