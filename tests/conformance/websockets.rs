//! WebSockets against the servers of Python's websockets and aiohttp, directly and with nginx in between.

mod closing;
mod compression;
mod handshakes;
mod messages;

use std::process::Command;

use dualfetch::websocket::WebSocketBuilder;
use dualfetch::{DefaultSession, SessionExt, WebSocket};

use super::help::run_on_two;
use super::served::{Folder, Port, Served, behind_nginx, installed};
use super::table::{self, cases};

#[test]
fn every_behaviour() {
    run_on_two(async {
        let servers = [Lab::start("websockets"), Lab::start("aiohttp"), Lab::start("forgetful")];
        let between = servers.each_ref().map(Lab::behind_nginx);
        for lab in servers.iter().chain(&between) {
            let mut cases = cases![Lab;
                closing: by_the_server, by_the_client, without_a_code, by_nobody;
                compression: of_messages_of_every_size, only_where_it_is_offered;
                handshakes: a_subprotocol, none_that_both_know, fields_and_cookies, refused, redirected;
                messages: texts_and_bytes, of_a_megabyte, pings_of_the_server, pings_of_the_client, many_at_once,
                    more_than_is_allowed;
            ];
            // aiohttp sends none.
            if lab.library != "aiohttp" {
                cases.extend(cases![Lab; messages: in_fragments]);
            }
            table::run(&lab.name, lab, cases).await;
        }
    });
}

/// A server, as long as this lives.
struct Lab {
    name: String,
    library: &'static str,
    port: u16,
    _served: Served,
}

impl Lab {
    fn start(library: &'static str) -> Self {
        let port = Port::new();
        let mut program = Command::new(installed("DUALFETCH_HTTPBIN"));
        program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/websockets/serve.py"));
        program.arg(library).arg(port.descriptor().to_string());
        let served = Served::start(&mut program, Folder::new(library));
        Self { name: format!("websockets by {library}"), library, port: port.number(), _served: served }
    }

    /// The same server by way of nginx.
    fn behind_nginx(&self) -> Self {
        let (port, served) = behind_nginx("websockets", include_str!("websockets/nginx.conf"), self.port);
        let name = format!("{} behind nginx", self.name);
        Self { name, library: self.library, port, _served: served }
    }

    fn url(&self, path: &str) -> String {
        format!("ws://localhost:{}{path}", self.port)
    }

    /// A WebSocket of a session of its own.
    async fn open(
        &self,
        path: &str,
        change: impl for<'a> FnOnce(WebSocketBuilder<'a, DefaultSession>) -> WebSocketBuilder<'a, DefaultSession>,
    ) -> WebSocket {
        let session = DefaultSession::new().expect("a session");
        change(session.websocket(self.url(path))).await.expect("an open WebSocket")
    }

    async fn opened(&self, path: &str) -> WebSocket {
        self.open(path, |builder| builder).await
    }
}

/// The next message, a text.
async fn text(socket: &mut WebSocket) -> String {
    let message = socket.next().await.expect("a message").expect("a message");
    message.as_text().expect("a text").to_owned()
}
