//! A chat room: lines that are typed are sent, and what others say is shown.
//! `cargo run --example chat -- wss://chat.example/room`.

use std::io::Write;
use std::time::Duration;

use dualfetch::{CloseCode, DefaultSession, Result, SessionExt};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};

pub(crate) async fn chat(url: &str, input: impl AsyncBufRead + Unpin, mut out: impl Write) -> Result<()> {
    let session = DefaultSession::new()?;
    let socket = session.websocket(url).heartbeat(Duration::from_secs(20)).await?;
    let (mut sender, mut receiver) = socket.split();
    let talk = async {
        let mut lines = input.lines();
        while let Ok(Some(line)) = lines.next_line().await {
            sender.send(line).await?;
        }
        sender.close(CloseCode::NORMAL, "bye").await
    };
    let listen = async {
        while let Some(message) = receiver.next().await.transpose()? {
            let _ = writeln!(out, "{}", message.as_text().unwrap_or("(bytes)"));
        }
        Ok(())
    };
    // Whoever has nothing more to say still listens, until the server has answered the close.
    tokio::select! {
        ended = listen => ended,
        Err(error) = talk => Err(error),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "wss://echo.websocket.org/".to_owned());
    chat(&url, BufReader::new(tokio::io::stdin()), std::io::stdout()).await
}
