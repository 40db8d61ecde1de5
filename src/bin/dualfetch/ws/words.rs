//! What went wrong, as it is told of a WebSocket.

use dualfetch::{Error, ErrorKind, Phase};

use crate::args::WsArgs;
use crate::row::explain_as;
use crate::units::Took;

use super::CLOSE;

/// What requests say that sockets say otherwise.
const OTHERWISE: [(&str, &str); 2] = [
    ("only http and https URLs can be fetched", "only ws, wss, http and https URLs can be opened"),
    ("such as https://example.com/", "such as wss://example.com/"),
];

/// Why it cannot be opened.
pub(super) fn explain(url: &str, error: &Error) -> String {
    let message = explain_as(url, error, "ws").message;
    match error.kind() {
        ErrorKind::InvalidUrl | ErrorKind::UnsupportedScheme => {
            OTHERWISE.iter().fold(message, |message, (of, other)| message.replacen(of, other, 1))
        }
        _ => message,
    }
}

/// What ended it once it was open.
pub(super) fn explain_end(args: &WsArgs, error: &Error) -> String {
    let message = explain(&args.url, error);
    let heartbeat = args.heartbeat.and_then(|bound| bound.0);
    let receive_timeout = args.receive_timeout.and_then(|bound| bound.0);
    match (error.phase(), heartbeat, receive_timeout) {
        (Some(Phase::Close), ..) => {
            format!("{message}: the server did not end the connection within {} of the close", Took(CLOSE))
        }
        (Some(Phase::Heartbeat), Some(every), _) => {
            format!("{message}: nothing came for {} after a ping", Took(every / 2))
        }
        (Some(Phase::Read), _, Some(timeout)) => format!("{message}: nothing came for {}", Took(timeout)),
        _ => message,
    }
}
