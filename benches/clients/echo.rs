//! Messages sent to a server that sends them back: some are always on their way.

use dualfetch::{DefaultSession, Message, SessionExt};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite;

use crate::measure::{Measured, Start};

/// How large the messages are, and how many of them are on their way.
#[derive(Clone, Copy)]
pub(crate) struct Echo {
    pub(crate) size: usize,
    pub(crate) window: usize,
}

impl Echo {
    fn text(self) -> String {
        "x".repeat(self.size)
    }
}

pub(crate) async fn ours(url: &str, echo: Echo, count: usize, warm_up: usize) -> Measured {
    let session = DefaultSession::new().expect("a session");
    let mut socket = session.websocket(url).await.expect("a connection");
    let message = Message::from(echo.text());
    let mut some = async |count: usize| {
        for _ in 0..echo.window.min(count) {
            socket.feed(message.clone()).await.expect("taken");
        }
        SinkExt::<Message>::flush(&mut socket).await.expect("sent");
        for received in 0..count {
            let back = socket.next().await.expect("a message").expect("sound");
            assert_eq!(back.as_text().map(str::len), Some(echo.size));
            if received + echo.window < count {
                socket.send(message.clone()).await.expect("sent");
            }
        }
    };
    some(warm_up).await;
    let start = Start::now();
    some(count).await;
    start.taken()
}

/// The same by tokio-tungstenite alone.
pub(crate) async fn tungstenite(url: &str, echo: Echo, count: usize, warm_up: usize) -> Measured {
    let (mut socket, _) =
        tokio_tungstenite::connect_async_with_config(url, None, true).await.expect("a connection");
    let message = tungstenite::Message::from(echo.text());
    let mut some = async |count: usize| {
        for _ in 0..echo.window.min(count) {
            socket.feed(message.clone()).await.expect("taken");
        }
        socket.flush().await.expect("sent");
        for received in 0..count {
            let back = socket.next().await.expect("a message").expect("sound");
            assert_eq!(back.to_text().map(str::len).ok(), Some(echo.size));
            if received + echo.window < count {
                socket.send(message.clone()).await.expect("sent");
            }
        }
    };
    some(warm_up).await;
    let start = Start::now();
    some(count).await;
    start.taken()
}

/// The port of a server that sends back what it is sent: tokio-tungstenite's.
pub(crate) async fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(send_back(stream));
        }
    });
    port
}

async fn send_back(stream: TcpStream) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    while let Some(Ok(message)) = socket.next().await {
        if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
            return;
        }
    }
}
