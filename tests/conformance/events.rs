//! Server-sent events and lines of JSON from aiohttp's server, directly and with nginx in between.

mod streams;

use std::process::Command;

use super::help::run_on_two;
use super::served::{Folder, Port, Served, installed};
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
        let (port, folder) = (Port::new(), Folder::new("events-nginx"));
        // Root's nginx would serve as somebody who may not read the folder.
        let user = if rustix::process::geteuid().is_root() { "user root root;" } else { "" };
        let conf = include_str!("events/nginx.conf").replace("@user@", user);
        let conf = conf.replace("@port@", &port.number().to_string());
        folder.write("nginx.conf", conf.replace("@origin@", &self.port.to_string()));
        folder.write("temp/keep", "");
        let mut program = Command::new(installed("DUALFETCH_NGINX"));
        program.arg("-p").arg(folder.path()).arg("-c").arg(folder.path().join("nginx.conf"));
        program.args(["-e", "stderr"]).env("NGINX", format!("{};", port.descriptor()));
        let served = Served::start(&mut program, folder);
        Self { name: "events by aiohttp behind nginx", port: port.number(), _served: served }
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }
}
