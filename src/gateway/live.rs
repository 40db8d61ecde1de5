//! `/ws`: lists of URLs over a WebSocket, with pause, resume, cancel and progress.

mod job;
mod jobs;
mod message;
mod outbox;
mod silence;
mod talk;

use axum::extract::State as Of;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Utf8Bytes, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::header::{SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderValue, StatusCode};

use super::access::Caller;
use super::problem::{Details, Failure};
use super::state::{State, closed};

pub(super) use message::{Asked, Reach, Said};
use talk::Talk;

/// The subprotocol: a client that does not know it would not understand what it is told.
const PROTOCOL: &str = "dualfetch.v1";

/// How many bytes a client's message may have, in one frame or in several: a page cannot choose.
const MAX_MESSAGE: usize = 256 << 10;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/ws", get(ws))
}

/// Lists of URLs over a WebSocket
///
/// Messages are JSON texts: the client's are [Asked](#/components/schemas/Asked), of at most 256 KiB, the gateway's
/// [Said](#/components/schemas/Said). There may be 8 jobs at once. The subprotocol `dualfetch.v1` has to be offered; a
/// page, which can set no header field, may offer its key as `dualfetch.key.<key>` beside it.
#[utoipa::path(
    get, path = "/ws", operation_id = "ws", tag = "fetching",
    responses(
        (status = SWITCHING_PROTOCOLS, description = "From here on it is a WebSocket"),
        (status = BAD_REQUEST, description = "The handshake is wrong, or another subprotocol is spoken", body = Details, content_type = "application/problem+json"),
        (status = UPGRADE_REQUIRED, description = "It asks for no WebSocket", body = Details, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "The gateway is ending", body = Details, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn ws(
    Of(state): Of<State>,
    Extension(caller): Extension<Caller>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Response> {
    let upgrade = upgrade.map_err(|rejection| refused(&rejection))?;
    let upgrade = upgrade.protocols([PROTOCOL]).max_frame_size(MAX_MESSAGE).max_message_size(MAX_MESSAGE);
    if upgrade.selected_protocol().is_none() {
        let why = format!(
            "offer the subprotocol {PROTOCOL}: Sec-WebSocket-Protocol names none that is spoken here"
        );
        return Err(Failure::bad_request("invalid_header", why).into_response());
    }
    if state.is_draining() {
        return Err(Failure::from(closed()).into_response());
    }
    Ok(upgrade.on_upgrade(move |socket| async move {
        let _open = state.metrics().open();
        Talk::new(state, caller).hold(socket).await;
    }))
}

/// What asks for no WebSocket, or for one of another kind (RFC 6455, 4.2.2 and 4.4).
fn refused(rejection: &WebSocketUpgradeRejection) -> Response {
    let (status, why) = match rejection {
        WebSocketUpgradeRejection::WebSocketKeyHeaderMissing(_) => {
            (StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing")
        }
        WebSocketUpgradeRejection::InvalidWebSocketVersionHeader(_) => {
            (StatusCode::UPGRADE_REQUIRED, "Sec-WebSocket-Version is not 13")
        }
        _ => (StatusCode::UPGRADE_REQUIRED, "this path is a WebSocket: ask for an upgrade to one"),
    };
    let code = if status == StatusCode::BAD_REQUEST { "invalid_header" } else { "upgrade_required" };
    let mut response = Failure::new(status, code, why).into_response();
    if status == StatusCode::UPGRADE_REQUIRED {
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    response
}

/// A message's text.
fn text(json: Vec<u8>) -> Utf8Bytes {
    // What writes JSON writes UTF-8.
    String::from_utf8(json).unwrap_or_default().into()
}
