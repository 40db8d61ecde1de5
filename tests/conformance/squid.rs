//! By way of squid, in the open and through tunnels.

mod failures;
mod forwarded;
mod tunnels;

use std::net::SocketAddr;
use std::process::Command;

use dualfetch::tls::{Roots, Tls};
use dualfetch::{Config, Proxy};

use crate::support::{CountingServer, Issuer, Record, TlsServer};

use super::help::run_on_two;
use super::served::{Folder, Served, free, installed};
use super::table::{self, cases};

const CONF: &str = include_str!("squid/squid.conf");

/// A name that nobody but the proxy can resolve.
const BEHIND: &str = "behind.example";

/// Who may pass at the locked port.
const USER: (&str, &str) = ("user", "pass word");

/// Who may not. squid keeps passwords by name, and while it checks one that is right it lets the same name pass with a
/// wrong one.
const STRANGER: (&str, &str) = ("stranger", "pass word");

#[test]
fn every_behaviour() {
    run_on_two(async {
        let lab = Lab::start().await;
        let cases = cases![Lab;
            forwarded: in_absolute_form, to_who_is_known, refused_to_who_is_not, of_a_name_that_only_the_proxy_knows,
                with_a_body, one_connection_for_many, nobody_at_the_origin, over_tls_to_the_proxy,
                not_to_who_is_exempt, not_where_a_request_says_so;
            tunnels: of_http_1_and_http_2, to_who_is_known, one_for_many, with_a_body,
                of_a_name_that_only_the_proxy_knows, within_tls_to_the_proxy, by_prior_knowledge,
                after_a_redirect, for_one_request;
            failures: who_is_asking_is_wanted, a_forbidden_host, nobody_at_the_origin, retried_where_it_may_pass,
                no_proxy_there, no_such_proxy, a_proxy_of_an_unknown_authority, tls_to_a_proxy_that_speaks_none,
                of_the_origin_s_own_tls, pins_are_not_for_the_proxy;
        ];
        table::run("squid", &lab, cases).await;
    });
}

/// squid, and two origins that note what they are asked.
struct Lab {
    plain: CountingServer,
    secure: TlsServer,
    issuer: Issuer,
    ports: [SocketAddr; 3],
    _served: Served,
}

impl Lab {
    async fn start() -> Self {
        let issuer = Issuer::new();
        let ports: [_; 3] = free();
        let [open, locked, secure] = ports;
        let folder = Folder::open_to_all("squid");
        let (certificate, key) = issuer.pems();
        folder.write("server.pem", certificate);
        folder.write("server.key", key);
        folder.write("hosts", format!("127.0.0.1 localhost {BEHIND} forbidden.example\n"));
        let conf = CONF
            .replace("@folder@", folder.path().to_str().expect("a path of text"))
            .replace("@open@", &open.to_string())
            .replace("@locked@", &locked.to_string())
            .replace("@secure@", &secure.to_string());
        folder.write("squid.conf", conf);
        let mut program = Command::new(installed("DUALFETCH_SQUID"));
        // By its name a squid keeps its shared memory apart from others'.
        let name = format!("dualfetch{}", std::process::id());
        program.args(["-N", "-d1", "-n", &name, "-f"]).arg(folder.path().join("squid.conf"));
        Self {
            plain: CountingServer::builder().record().start().await,
            secure: TlsServer::builder().record().start().await,
            issuer,
            ports,
            _served: Served::start(&mut program, folder).listens(secure),
        }
    }

    /// Open to all.
    fn open(&self) -> Proxy {
        self.proxy(&format!("http://{}", self.ports[0]))
    }

    /// Open to [`USER`].
    fn locked(&self) -> Proxy {
        self.proxy(&format!("http://{}", self.ports[1]))
    }

    /// Over TLS, open to all.
    fn over_tls(&self) -> Proxy {
        let tls = Tls::new().roots(Roots::None).add_roots(self.issuer.pem()).server_name("localhost");
        self.proxy(&format!("https://{}", self.ports[2])).tls(tls).expect("an https proxy")
    }

    fn proxy(&self, url: &str) -> Proxy {
        Proxy::new(url).expect("a proxy")
    }

    /// A session's settings, the secure origin trusted.
    fn config(&self) -> Config {
        Config::new().tls(Tls::new().roots(Roots::None).add_roots(self.secure.ca_pem()))
    }

    /// At the plain origin, by a name.
    fn plain(&self, name: &str, path: &str) -> String {
        format!("http://{name}:{}{path}", self.plain.address(0).port())
    }

    /// At the secure origin, by a name.
    fn secure(&self, name: &str, path: &str) -> String {
        format!("https://{name}:{}{path}", self.secure.address(0).port())
    }

    /// What the origins were asked for this path: fields and all.
    fn asked(&self, path: &str) -> Vec<Record> {
        let records = [self.plain.records(), self.secure.records()].concat();
        records.into_iter().filter(|record| record.uri.path() == path).collect()
    }

    /// Once asked for this path, by the proxy or not, and nothing in it that is for the proxy.
    fn asked_once(&self, path: &str) -> Record {
        let mut asked = self.asked(path);
        assert_eq!(asked.len(), 1, "{path}: {asked:?}");
        let asked = asked.remove(0);
        assert!(!asked.headers.contains_key("proxy-authorization"), "{asked:?}");
        asked
    }
}

/// Whether squid has handed it on, not merely its bytes.
fn is_forwarded(record: &Record) -> bool {
    record.headers.get("via").is_some_and(|via| via.to_str().is_ok_and(|via| via.contains("squid")))
}
