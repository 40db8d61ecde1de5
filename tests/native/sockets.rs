//! The WebSockets of `tests/support/websocket.rs` on the scripted backend.

use std::sync::Arc;

use dualfetch::platform::scripted::{Call, Reply, Scripted};
use dualfetch::websocket::{CloseCode, Message, WebSocketOptions};
use dualfetch::{ErrorKind, Request};

use crate::support::routes;

/// What a path below `/ws/` is answered by.
pub fn answer(platform: &Scripted, request: &Request, path: &str) -> Reply {
    let query = |name: &str| {
        let pairs = request.url().query().unwrap_or_default().split('&');
        let mut found = pairs.filter_map(|pair| pair.split_once('=')).filter(|(key, _)| *key == name);
        found.next().map(|(_, value)| value.replace("%20", " "))
    };
    let open = match query("protocol").as_deref() {
        // What agrees is for a backend to see.
        Some("other") => return handshake(101),
        Some(protocol) => Reply::websocket().header("sec-websocket-protocol", protocol),
        None => Reply::websocket(),
    };
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["close"] => {
            let code = query("code").and_then(|code| code.parse().ok()).map(CloseCode::new);
            open.closes(code, &query("reason").unwrap_or_default())
        }
        ["cut"] => open.sends("last").fail(ErrorKind::Disconnected),
        ["faults", "bad-utf-8"] => open.fail(ErrorKind::WebSocket { code: 1007 }),
        ["faults", _] => open.fail(ErrorKind::WebSocket { code: 1002 }),
        ["hang"] => Reply::hangs(),
        ["refused"] => Reply::status(403).then("not you"),
        ["seen"] => Reply::ok(seen(platform, &query("id").unwrap_or_default())),
        ["silent"] => open.silent(),
        ["sizes", sizes @ ..] => {
            let limit = limit(request);
            sizes.iter().filter_map(|size| size.parse().ok()).fold(open, |reply, size| match size <= limit {
                true => reply.sends(Message::from(routes::pattern(size))),
                false => reply.fail(ErrorKind::WebSocket { code: 1009 }),
            })
        }
        ["wrong-key"] => handshake(101),
        _ => open.echoes(),
    }
}

fn handshake(status: u16) -> Reply {
    Reply::error(ErrorKind::Handshake { status: status.try_into().expect("a status") })
}

/// In bytes: how large a message may be.
fn limit(request: &Request) -> usize {
    let options = request.extensions().get::<Arc<WebSocketOptions>>();
    options.and_then(|options| options.max_message_size).unwrap_or(usize::MAX)
}

/// How the connection with this id was ended.
fn seen(platform: &Scripted, id: &str) -> String {
    let is_it = |call: &&Call| call.url.ends_with(&format!("id={id}")) && !call.url.contains("/ws/seen");
    let calls = platform.calls();
    let Some(call) = calls.iter().find(is_it) else { return "never there".to_owned() };
    match (&call.close, call.ended) {
        (_, None) => "still open".to_owned(),
        (Some((None, _)), _) => "close".to_owned(),
        (Some((Some(code), reason)), _) => format!("close {code} {reason}").trim_end().to_owned(),
        // The answer to a close frame goes by itself.
        (None, _) if call.url.contains("/ws/close?code=4001") => "close 4001".to_owned(),
        (None, _) => "cut".to_owned(),
    }
}
