//! Server-sent events and lines of JSON from aiohttp's server, directly and with nginx in between.

mod streams;

use std::process::Command;

use super::help::run_on_two;
use super::served::{Folder, Port, Served, behind_nginx, installed};
use super::table::{self, cases};

#[test]
fn every_behaviour() {
    run_on_two(async {
        let server = Lab::start();
        let between = server.behind_nginx();
        for lab in [&server, &between] {
            let cases = cases![Lab;
                streams: over_connections_that_end_and_are_cut, by_post, as_they_come, lines_of_json;
            ];
            table::run(lab.name, lab, cases).await;
        }
    });
}

/// A server, as long as this lives.
struct Lab {
    name: &'static str,
    port: u16,
    _served: Served,
}

impl Lab {
    fn start() -> Self {
        let port = Port::new();
        let mut program = Command::new(installed("DUALFETCH_HTTPBIN"));
        program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/events/serve.py"));
        program.arg(port.descriptor().to_string());
        let served = Served::start(&mut program, Folder::new("events"));
        Self { name: "events by aiohttp", port: port.number(), _served: served }
    }

    /// The same server by way of nginx.
    fn behind_nginx(&self) -> Self {
        let (port, served) = behind_nginx("events", include_str!("events/nginx.conf"), self.port);
        Self { name: "events by aiohttp behind nginx", port, _served: served }
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }
}
