//! The strict server as a handler of axum's.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;

use crate::strict::Strict;
use crate::support::CountingServer;

pub(crate) async fn serve(strict: Strict) -> (Arc<Strict>, CountingServer) {
    let strict = Arc::new(strict);
    let judge = Arc::clone(&strict);
    let handler = move |request: Request| judged(Arc::clone(&judge), request);
    (strict, CountingServer::builder().handler(handler).start().await)
}

pub(crate) async fn judged(strict: Arc<Strict>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    let answer = head.headers.get("authorization").map(|answer| answer.to_str().expect("text"));
    let target = head.uri.path_and_query().expect("a target").as_str();
    let verdict = strict.judge(head.method.as_str(), target, answer, &body);
    let mut response = Response::builder().status(verdict.status);
    for (name, value) in verdict.headers {
        response = response.header(name, value);
    }
    let page = if verdict.status == 200 { "<title>welcome</title>" } else { "<title>who?</title>" };
    response.header("content-type", "text/html").body(Body::from(page)).expect("a response")
}
