//! WebSockets over the platform's own `WebSocket`, in pages, workers, and the run-times that have one.

mod line;
mod plain;

use std::sync::Arc;

use http::header::{
    ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_PROTOCOL, USER_AGENT,
};
use http::{HeaderMap, Method, StatusCode};
use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{Error, ErrorKind, Result};
use crate::head::Head;
use crate::request::Request;
use crate::socket::{Connection, WebSocketOptions};

use super::Shared;
use super::body::FetchBody;
use super::failure::refused;
use super::globals::{SCOPE, field};

use line::Line;
use plain::Plain;

/// What the connection is to be like, where the request is a WebSocket's handshake.
pub(super) fn asked(request: &Request) -> Option<Arc<WebSocketOptions>> {
    request.extensions().get().cloned()
}

/// Opens one.
pub(super) async fn exchange(
    shared: &Shared,
    request: &Request,
    options: &WebSocketOptions,
) -> Result<(Head, FetchBody)> {
    let platform = shared.capabilities.platform;
    if let Some((feature, why)) = impossible(request, options) {
        return Err(refused(feature, platform, why));
    }
    let constructor = match &shared.websocket {
        None => of_the_platform(platform)?,
        Some(constructor) => constructor.clone(),
    };
    let plain = Plain::open(&constructor, &url(request.url.as_str()), &options.protocols)?;
    let line = Line::new(plain, options, shared.timers.clone())?;
    line.opened().await?;
    let mut head = Head::new(StatusCode::SWITCHING_PROTOCOLS);
    if let Some(protocol) = line.protocol().and_then(|protocol| HeaderValue::try_from(protocol).ok()) {
        head.headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok((head, FetchBody::switched(Connection::new(Box::new(line)))))
}

/// The global class, looked up at each connection.
fn of_the_platform(platform: &'static str) -> Result<Function, Error> {
    let global = SCOPE.with(|scope| JsValue::clone(scope));
    let class = field(&global, "WebSocket").dyn_into::<Function>();
    class.map_err(|_| refused("websocket", platform, "there is no global WebSocket, and no other was given"))
}

/// As a `WebSocket` takes it everywhere: older ones know no http, and no fragment.
fn url(url: &str) -> String {
    let whole = url.split('#').next().unwrap_or_default();
    format!("ws{}", whole.strip_prefix("http").unwrap_or(whole))
}

/// What the platform's WebSocket cannot do of this, and why.
fn impossible(request: &Request, options: &WebSocketOptions) -> Option<(&'static str, String)> {
    const HANDSHAKE: &str = "the platform sends the handshake itself";
    let because = |feature, why: &str| Some((feature, why.to_owned()));
    if request.method != Method::GET {
        return because("method", HANDSHAKE);
    }
    if !request.body.is_none() {
        return because("body", HANDSHAKE);
    }
    if let Some(name) = foreign(&request.headers) {
        return Some(match *name {
            AUTHORIZATION => ("authorization", HANDSHAKE.to_owned()),
            ORIGIN => ("origin", HANDSHAKE.to_owned()),
            _ => ("header", format!("{:?}: {HANDSHAKE}", name.as_str())),
        });
    }
    if request.options.browser.is_some() {
        return because("browser options", "they are of fetch");
    }
    if options.heartbeat.is_some() {
        return because("heartbeat", "the platform sends no pings for us");
    }
    if options.auto_pong == Some(false) {
        return because("auto_pong", "the platform answers pings itself");
    }
    if options.max_frame_size.is_some() {
        return because("max_frame_size", "the platform shows whole messages alone");
    }
    if options.permessage_deflate == Some(false) {
        return because("permessage_deflate", "the platform always offers it");
    }
    None
}

/// The first field that somebody has set. What a session sends by itself nobody misses.
fn foreign(headers: &HeaderMap) -> Option<&HeaderName> {
    const OURS: &str = concat!("dualfetch/", env!("CARGO_PKG_VERSION"));
    let by_default = |name: &HeaderName, value: &HeaderValue| match *name {
        ACCEPT => value == "*/*",
        USER_AGENT => value == OURS,
        _ => false,
    };
    headers.iter().find(|(name, value)| !by_default(name, value)).map(|(name, _)| name)
}

/// The connection is gone, or as good as that.
fn disconnected() -> Error {
    Error::new(ErrorKind::Disconnected).with_message("the WebSocket ended without a closing handshake")
}
