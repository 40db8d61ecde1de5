//! `/healthz` and `/readyz`: whether it lives, and whether it takes requests.

use axum::extract::State as Of;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::state::State;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz))
}

/// How it is.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`, or `draining` once it is ending.
    status: &'static str,
    /// Of dualfetch.
    version: &'static str,
}

/// Whether it lives
///
/// For what watches the process: it answers as long as there is one.
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "watching", responses(
    (status = OK, description = "It lives", body = Health),
))]
pub(super) async fn healthz() -> Response {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") }).into_response()
}

/// Whether it takes requests
///
/// For what sends requests here: from the beginning of its end on there are to be no more.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "watching", responses(
    (status = OK, description = "It takes requests", body = Health),
    (status = SERVICE_UNAVAILABLE, description = "It is ending", body = Health),
))]
pub(super) async fn readyz(Of(state): Of<State>) -> Response {
    match state.is_draining() {
        false => healthz().await,
        true => {
            let health = Health { status: "draining", version: env!("CARGO_PKG_VERSION") };
            (StatusCode::SERVICE_UNAVAILABLE, Json(health)).into_response()
        }
    }
}
