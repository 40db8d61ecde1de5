//! Uploads that the server does not take.

use dualfetch::Session;

use super::super::help::{outcome, session};
use super::told;
use crate::support::{RawServer, Script};

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
