//! examples/chat.rs: who talks and listens at once.

#[allow(dead_code, reason = "its main is not called here")]
#[path = "../../examples/chat.rs"]
mod example;

use crate::support::WebSocketServer;

use super::help::{outcome, run};

#[test]
fn what_is_said_comes_back_until_either_side_closes() {
    run(async {
        let server = WebSocketServer::start().await;
        let mut heard = Vec::new();
        let ended =
            example::chat(&server.url("/ws/echo"), &b"hello\nis anyone here?\n"[..], &mut heard).await;
        assert_eq!((&*outcome(&ended), &*heard), ("ok", &b"hello\nis anyone here?\n"[..]));
        // Nobody says a word, and the server leaves.
        let (silent, _held) = tokio::io::duplex(1);
        let mut heard = Vec::new();
        let silent = tokio::io::BufReader::new(silent);
        let ended = example::chat(&server.url("/ws/close?code=1001"), silent, &mut heard).await;
        assert_eq!((&*outcome(&ended), heard.len()), ("ok", 0));
        let (silent, _held) = tokio::io::duplex(1);
        let silent = tokio::io::BufReader::new(silent);
        let ended = example::chat(&server.url("/ws/cut"), silent, &mut heard).await;
        assert_eq!((&*outcome(&ended), &*heard), ("disconnected", &b"last\n"[..]));
    });
}
