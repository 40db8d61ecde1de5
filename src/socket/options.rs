//! What a connection is to be like.

use std::time::Duration;

/// How large a message may be when nothing is said: 4 MiB.
const MAX_MESSAGE_SIZE: usize = 4 * 1024 * 1024;

/// How much may have come and not been taken when nothing is said: 16 MiB.
const MAX_BUFFERED: usize = 16 * 1024 * 1024;

/// How long the closing handshake may take when nothing is said.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a connection is to be like: data, which a backend finds among the extensions of a request, in an `Arc`. Callers
/// set it by [`WebSocketBuilder`](crate::websocket::WebSocketBuilder), whose methods say what each is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebSocketOptions {
    /// The subprotocols that are offered, the best first.
    pub protocols: Vec<String>,
    /// A ping after so long a silence, and half of it for anything to come then.
    pub heartbeat: Option<Duration>,
    /// Pings are answered. `None` is true.
    pub auto_pong: Option<bool>,
    /// In bytes, after decompression; `None` for no bound.
    pub max_message_size: Option<usize>,
    /// In bytes, as sent; `None` for no bound but that of messages.
    pub max_frame_size: Option<usize>,
    /// In bytes: what has come and was not taken, where the platform does not let us put off reading.
    pub max_buffered: usize,
    /// How long one message may be waited for.
    pub receive_timeout: Option<Duration>,
    /// How long the closing handshake may take.
    pub close_timeout: Duration,
    /// Offers permessage-deflate (RFC 7692). `None` leaves it to the platform: not natively, always in a browser.
    pub permessage_deflate: Option<bool>,
}

impl Default for WebSocketOptions {
    fn default() -> Self {
        Self {
            protocols: Vec::new(),
            heartbeat: None,
            auto_pong: None,
            max_message_size: Some(MAX_MESSAGE_SIZE),
            max_frame_size: None,
            max_buffered: MAX_BUFFERED,
            receive_timeout: None,
            close_timeout: CLOSE_TIMEOUT,
            permessage_deflate: None,
        }
    }
}
