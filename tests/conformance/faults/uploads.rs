//! Uploads that the server does not take.

use dualfetch::{Body, HttpVersion, Session};

use super::super::help::{outcome, session};
use super::told;
use crate::support::{RawServer, Script, h2};

/// More than the kernels on both sides take.
const LARGE: usize = 20_000_000;

fn refuses() -> Script {
    let head = [("Content-Length", "7"), ("Connection", "close")];
    Script::new().read_head().send_head("413 Too Large", &head).send("no more")
}

async fn uploaded(script: Script) -> (RawServer, dualfetch::Result<dualfetch::Response>) {
    let server = RawServer::start(script).await;
    let response = session().post(server.url("/")).body(vec![b'u'; LARGE]).await;
    (server, response)
}

/// What was not read makes the kernel reset the connection.
pub async fn an_early_answer_and_a_closed_connection(_: &()) {
    let (_server, response) = uploaded(refuses().close()).await;
    assert_eq!(told(response).await, "413: no more");
}

pub async fn an_early_answer_and_a_reset(_: &()) {
    let (_server, response) = uploaded(refuses().reset()).await;
    assert_eq!(told(response).await, "413: no more");
}

pub async fn a_connection_ended_without_an_answer(_: &()) {
    let (_server, response) = uploaded(Script::new().read_head().close()).await;
    assert_eq!(outcome(&response), "disconnected");
}

/// The stream that was begun is gone; one that can be made again goes again, as do bytes.
pub async fn refused_over_http_2_before_it_was_looked_at(_: &()) {
    let session = session();
    let asked = || Script::new().read_frame(h2::HEADERS);
    let refuses = asked().read_frame(h2::DATA).send_frames(h2::reset(h2::REFUSED_STREAM));
    let takes = asked().send_frames(h2::page("taken"));
    let pieces = || futures_util::stream::iter(["a ", "body"].map(Ok::<_, std::io::Error>));
    for (body, expected) in [
        (Body::stream(pieces()), "disconnected"),
        (Body::replayable(pieces), "200: taken"),
        (Body::from("a body"), "200: taken"),
    ] {
        let script = Script::new().greets_h2(&[]).then(refuses.clone()).then(takes.clone()).expect_close();
        let server = RawServer::start(script).await;
        let request = session.post(server.url("/")).http_version(HttpVersion::Http2).body(body);
        assert_eq!(told(request.await).await, expected);
    }
}
