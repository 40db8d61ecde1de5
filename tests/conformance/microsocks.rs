//! By way of microsocks, a SOCKS5 proxy.

mod connections;
mod failures;

use std::net::SocketAddr;
use std::process::Command;

use dualfetch::tls::{Roots, Tls};
use dualfetch::{Config, Proxy};

use crate::support::{CountingServer, TlsServer};

use super::help::run_on_two;
use super::served::{Folder, Served, free, installed};
use super::table::{self, cases};

/// Who may pass at the locked port.
const USER: (&str, &str) = ("user", "pass:word");

#[test]
fn every_behaviour() {
    run_on_two(async {
        let lab = Lab::start().await;
        let cases = cases![Lab;
            connections: by_address, to_who_is_known, of_a_name_resolved_here, of_a_name_resolved_by_the_proxy,
                of_the_address_that_answers, of_an_address_with_a_port_of_its_own, over_tls, as_to_the_origin_itself, with_a_body;
            failures: who_is_asking_is_wanted, nobody_at_the_origin, a_name_that_the_proxy_does_not_know,
                a_name_that_is_not_known_here, no_proxy_there, a_proxy_of_another_kind;
        ];
        table::run("microsocks", &lab, cases).await;
    });
}

/// microsocks twice, and two origins that note what they are asked.
struct Lab {
    plain: CountingServer,
    secure: TlsServer,
    open: SocketAddr,
    locked: SocketAddr,
    _served: [Served; 2],
}

impl Lab {
    async fn start() -> Self {
        let [open, locked] = free();
        Self {
            plain: CountingServer::builder().record().start().await,
            secure: TlsServer::builder().record().start().await,
            open,
            locked,
            _served: [serve(open, &[]), serve(locked, &["-u", USER.0, "-P", USER.1])],
        }
    }

    /// Open to all, at this scheme.
    fn open(&self, scheme: &str) -> Proxy {
        Proxy::new(&format!("{scheme}://{}", self.open)).expect("a proxy")
    }

    /// Open to [`USER`].
    fn locked(&self) -> Proxy {
        Proxy::new(&format!("socks5h://{}", self.locked)).expect("a proxy")
    }

    /// A session's settings, the secure origin trusted.
    fn config(&self) -> Config {
        Config::new().tls(Tls::new().roots(Roots::None).add_roots(self.secure.ca_pem()))
    }

    /// How often the plain origin was asked for this path.
    fn asked(&self, path: &str) -> usize {
        self.plain.records().iter().filter(|record| record.uri.path() == path).count()
    }
}

fn serve(address: SocketAddr, who: &[&str]) -> Served {
    let mut program = Command::new(installed("DUALFETCH_MICROSOCKS"));
    program.args(["-i", &address.ip().to_string(), "-p", &address.port().to_string()]).args(who);
    Served::start(&mut program, Folder::new("microsocks")).listens(address)
}
