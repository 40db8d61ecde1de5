//! What the tests of the gateway are made with.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use dualfetch::gateway::{Gateway, Settings};
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::ServiceExt;

/// Settings that let servers of this machine be asked.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::new();
    settings.safe_mode = settings.safe_mode.allow_network("127.0.0.1").expect("a network").allow_any_port();
    settings.limit_per_host = 0;
    settings.retries = 0;
    settings.timeout = settings.timeout.total(Duration::from_secs(20));
    settings
}

/// The same, with something else.
pub(crate) fn settings_with(set: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = settings();
    set(&mut settings);
    settings
}

pub(crate) fn gateway(settings: Settings) -> Gateway {
    Gateway::new(settings).expect("a gateway")
}

/// Serves these routes on a port of its own.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
    });
    address
}

/// `/fetch` of this URL, as a request that a program sends.
pub(crate) fn fetch(url: &str) -> http::request::Builder {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("url", url).finish();
    Request::get(format!("/fetch?{query}")).header("host", "localhost")
}

/// Sends a request of nothing to the router.
pub(crate) async fn ask(gateway: &Gateway, request: http::request::Builder) -> Response<Body> {
    send(gateway, request.body(Body::empty()).expect("a request")).await
}

pub(crate) async fn send(gateway: &Gateway, mut request: Request<Body>) -> Response<Body> {
    let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
    if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
        request.extensions_mut().insert(ConnectInfo(peer));
    }
    gateway.router().oneshot(request).await.expect("an answer")
}

pub(crate) async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The problem that an answer of the gateway's own tells.
pub(crate) async fn problem(response: Response<Body>) -> Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let code = response.headers()["dualfetch-error"].to_str().expect("a word").to_owned();
    let id = response.headers()["x-request-id"].to_str().expect("a word").to_owned();
    let status = response.status().as_u16();
    let problem: Value = serde_json::from_str(&text(response).await).expect("JSON");
    assert_eq!(problem["code"], code.as_str());
    assert_eq!(problem["status"], status);
    assert_eq!(problem["request_id"], id.as_str());
    problem
}
