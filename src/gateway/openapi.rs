//! `/openapi.json`: all routes, described by what is written at them.

use std::sync::LazyLock;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tower_http::compression::CompressionLayer;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi};

use crate::row::JsonRow;

use super::problem::Details;
use super::{fetch, health, live, metrics, titles};

pub(super) fn routes() -> Router<super::state::State> {
    Router::new().route("/openapi.json", get(openapi).layer(CompressionLayer::new()))
}

/// This description
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "watching", responses(
    (status = OK, description = "OpenAPI 3.1", body = Object),
))]
async fn openapi() -> Response {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| description().to_string().into());
    ([(CONTENT_TYPE, "application/json")], TEXT.clone()).into_response()
}

/// The same, with a body
///
/// As the methods without one; the body is streamed through, too.
#[utoipa::path(
    method(post, put, patch), path = "/fetch", tag = "fetching", params(Query), responses(Relayed),
    request_body(description = "What is sent to the URL", content_type = "*/*", content = Object),
)]
#[allow(dead_code, reason = "it is the same handler, described once more")]
fn fetch_with_body() {}

/// What `/fetch` is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes")]
pub(super) struct Query {
    /// The URL, absolute, of scheme http or https, without user and password. All of it percent-encoded.
    #[param(
        format = "uri",
        min_length = 8,
        max_length = 8192,
        pattern = r"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\s]",
        example = "https://example.com/"
    )]
    url: String,
    /// How long all of it may take, in milliseconds; the gateway's own bound is the most.
    #[param(minimum = 1, maximum = 4294967295_i64)]
    timeout: Option<u64>,
    /// How many redirects are followed; the gateway's own bound is the most.
    #[param(minimum = 0, maximum = 4294967295_i64)]
    max_redirects: Option<u64>,
    /// Whether a status that a browser acts upon by itself (301, 302, 303, 307, 308 that are not followed, 407) comes as
    /// 200, with `dualfetch-status`. Default no.
    wrapped: Option<bool>,
}

/// What `/fetch` answers.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes")]
pub(super) enum Relayed {
    /// The URL's answer, whatever its status and its type: it has `dualfetch-url`
    #[response(status = "default", content_type = "*/*", headers(
        ("dualfetch-url" = String, description = "The URL that answered, after redirects. Of the URL's answer only"),
        ("dualfetch-added" = String, description = "Which of the fields the gateway has added, as the URL's answer has none of the name. Not there where it has added none"),
        ("dualfetch-status" = u16, description = "The answer's own status, where `wrapped` has it come as 200"),
        ("dualfetch-redirects" = u32, description = "How many redirects were followed. Of the URL's answer only"),
    ))]
    Answer,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "dualfetch gateway",
        description = "Fetches for pages and programs that cannot by themselves: bounded, polite, and never of what is not public.",
    ),
    paths(
        fetch::fetch, fetch_with_body, titles::titles, live::ws,
        health::healthz, health::readyz, metrics::show, openapi,
    ),
    components(schemas(JsonRow, Details, titles::Count, live::Asked, live::Said)),
    modifiers(&Key),
    tags(
        (name = "fetching", description = "What it is for"),
        (name = "watching", description = "For what watches it"),
    ),
)]
struct Description;

struct Key;

impl Modify for Key {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("df_…");
        let scheme = scheme.description(Some("A key, where the gateway has keys")).build();
        openapi.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

/// What is open to all, of all that is described.
const OPEN: [&str; 3] = ["/healthz", "/readyz", "/openapi.json"];

/// What all guarded routes may answer beside their own.
const GUARD: [(&str, &str); 5] = [
    ("401", "No key, or one that is not known here"),
    ("403", "Neither this host, nor this origin, nor a URL that safe mode denies"),
    ("429", "Asked too often"),
    ("500", "The gateway failed"),
    ("508", "The request has come by a gateway of this kind already"),
];

/// What `/fetch` answers beside these where there is no answer to pass on.
const FETCH: [(&str, &str); 5] = [
    ("400", "The URL or an option makes no sense"),
    ("413", "The body to be sent is too large"),
    ("502", "The URL gave no answer"),
    ("503", "The gateway is ending, or too much waits"),
    ("504", "The URL took too long"),
];

fn description() -> Value {
    let mut all = serde_json::to_value(Description::openapi()).unwrap_or_default();
    let paths = all["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            describe(path, method, operation);
        }
    }
    all
}

/// What is the same for all, or for many.
fn describe(path: &str, method: &str, operation: &mut Value) {
    let is_head = method == "head";
    let problem = |description: &str| match is_head {
        true => json!({ "description": description }),
        false => json!({
            "description": description,
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        }),
    };
    let responses = &mut operation["responses"];
    let is_guarded = !OPEN.contains(&path);
    let is_fetch = path == "/fetch";
    for (status, description) in GUARD.iter().filter(|_| is_guarded).chain(FETCH.iter().filter(|_| is_fetch))
    {
        // What a URL answers may have any of these statuses, too.
        responses[status] = match is_fetch {
            true => {
                json!({ "description": format!("{description}: a Problem, with dualfetch-error; or else the URL's own answer"), "content": { "*/*": {} } })
            }
            false => problem(description),
        };
    }
    for (status, response) in responses.as_object_mut().into_iter().flatten() {
        let mut field = |name: &str, required: bool, description: &str| {
            response["headers"][name] =
                json!({ "description": description, "required": required, "schema": { "type": "string" } });
        };
        field("x-request-id", true, "What the log calls the request");
        if status != "101" && status.starts_with(['1', '4', '5']) && status != "503"
            || is_guarded && status == "503"
        {
            field("dualfetch-error", !is_fetch, "The problem's code");
            field("dualfetch-phase", false, "The phase of a timeout");
        }
        match &**status {
            "401" => field("www-authenticate", !is_fetch, "Bearer"),
            "426" => field("upgrade", true, "websocket"),
            "429" => field("retry-after", !is_fetch, "In how many seconds to ask again"),
            _ => {}
        }
    }
    if is_guarded {
        operation["security"] = json!([{ "key": [] }]);
    }
    if is_fetch {
        operation["operationId"] = format!("fetch_{method}").into();
        if let Some(body) = operation.get_mut("requestBody") {
            // Bytes of any type: no schema could say more of them.
            *body = json!({ "description": body["description"], "content": { "*/*": {} } });
        }
    }
}
