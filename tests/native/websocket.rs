//! WebSockets against a server on a bare socket, and against tokio-tungstenite's.

mod closing;
mod faults;
mod handshakes;
mod left;
mod many;
mod peer;
mod ways;

use dualfetch::websocket::WebSocketBuilder;
use dualfetch::{DefaultSession, Error, Result, SessionExt, WebSocket};

use peer::{Peer, Raw};

/// Both ends of an open WebSocket.
async fn open(
    change: impl for<'a> FnOnce(WebSocketBuilder<'a, DefaultSession>) -> WebSocketBuilder<'a, DefaultSession>,
) -> (WebSocket, Raw) {
    let (session, peer) = (super::help::session(), Peer::start().await);
    let (socket, raw) = tokio::join!(change(session.websocket(peer.url("/"))).connect(), peer.open());
    (socket.expect("an open WebSocket"), raw)
}

/// The error that ends it. Nothing comes after it.
async fn failure(socket: &mut WebSocket) -> Error {
    let error = match socket.next().await {
        Some(Err(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(socket.next().await.is_none(), "nothing comes after {error}");
    error
}

/// Short for what comes.
async fn next(socket: &mut WebSocket) -> String {
    match socket.next().await {
        Some(Ok(message)) => String::from_utf8_lossy(message.as_bytes()).into_owned(),
        other => panic!("{other:?}"),
    }
}

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}
