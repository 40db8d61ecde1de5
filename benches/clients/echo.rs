//! Messages sent to a server that sends them back: some are always on their way.

use dualfetch::{DefaultSession, Message, SessionExt};
use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};
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
    let socket = session.websocket(url).await.expect("a connection");
    let is_whole = |message: &Message| message.as_text().map(str::len) == Some(echo.size);
    measured(socket, Message::from(echo.text()), is_whole, (echo, count, warm_up)).await
}

/// The same by tokio-tungstenite alone.
pub(crate) async fn tungstenite(url: &str, echo: Echo, count: usize, warm_up: usize) -> Measured {
    let connecting = tokio_tungstenite::connect_async_with_config(url, None, true);
    let (socket, _) = connecting.await.expect("a connection");
    let is_whole =
        |message: &tungstenite::Message| message.to_text().is_ok_and(|text| text.len() == echo.size);
    measured(socket, tungstenite::Message::from(echo.text()), is_whole, (echo, count, warm_up)).await
}

async fn measured<M, E>(
    mut socket: impl Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    message: M,
    is_whole: impl Fn(&M) -> bool,
    (echo, count, warm_up): (Echo, usize, usize),
) -> Measured
where
    M: Clone,
    E: std::fmt::Debug,
{
    let mut some = async |count: usize| {
        for _ in 0..echo.window.min(count) {
            socket.feed(message.clone()).await.expect("taken");
        }
        for received in 0..count {
            // What is ready is taken, and answered, before anything is written: as `StreamExt::forward` does it.
            let back = match socket.next().now_or_never() {
                Some(back) => back,
                None => {
                    socket.flush().await.expect("sent");
                    socket.next().await
                }
            };
            assert!(is_whole(&back.expect("a message").expect("sound")));
            if received + echo.window < count {
                socket.feed(message.clone()).await.expect("taken");
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
