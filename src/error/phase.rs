//! [`Phase`].

use std::fmt;

/// The part of a request's way that a timeout bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// The closing handshake of a WebSocket.
    Close,
    /// Name look-up, TCP, a proxy's tunnel, and TLS.
    Connect,
    /// From the request sent to the response's head.
    Headers,
    /// A WebSocket from which nothing came, not even the pong that it was asked for.
    Heartbeat,
    /// Waiting for a permit.
    Queue,
    /// Between two pieces of the body; a WebSocket's next message.
    Read,
    /// The request's own time: permit held or backing off; waiting for a permit does not count.
    Total,
    /// Everything, waiting included.
    Wall,
}

impl Phase {
    /// A stable word, the same in Rust, JavaScript and JSON output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Connect => "connect",
            Self::Headers => "headers",
            Self::Heartbeat => "heartbeat",
            Self::Queue => "queue",
            Self::Read => "read",
            Self::Total => "total",
            Self::Wall => "wall",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
