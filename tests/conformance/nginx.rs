//! Against nginx.

mod bodies;
mod certificates;
mod conditions;
mod connections;
mod files;
mod paths;
mod redirects;
mod refusals;
mod secure;

use std::process::Command;

use dualfetch::{DefaultSession, Response, Result, Session};

use crate::support::{Certificate, Issuer};

use super::child::{self, CaStore};
use super::help::run_on_two;
use super::served::{Folder, Port, Served, installed};
use super::table::{self, cases};

const CONF: [(&str, &str); 4] = [
    ("certificates.conf", include_str!("nginx/certificates.conf")),
    ("nginx.conf", include_str!("nginx/nginx.conf")),
    ("common.conf", include_str!("nginx/common.conf")),
    ("tls.conf", include_str!("nginx/tls.conf")),
];
const SERVERS: [&str; 15] = [
    "plain",
    "other",
    "once",
    "thrice",
    "brief",
    "secure",
    "secure_1",
    "secure_thrice",
    "secure_expired",
    "secure_not_yet_valid",
    "secure_self_signed",
    "secure_untrusted",
    "secure_wrong_host",
    "secure_old",
    "secure_known",
];
const WRONG: [Certificate; 5] = [
    Certificate::Expired,
    Certificate::NotYetValid,
    Certificate::SelfSigned,
    Certificate::Untrusted,
    Certificate::WrongHost,
];
/// Where the child finds them.
const PORTS: &str = "DUALFETCH_TEST_PORTS";

#[test]
fn every_behaviour_in_plain() {
    run_on_two(async {
        let nginx = Nginx::start(&Issuer::new());
        let cases = cases![Ports;
            bodies: compressed_by_the_server, sent_in_chunks, as_they_are_stored, slower_than_the_total,
                slowly_but_steadily, nothing_under_a_coding, of_a_declared_charset, uploaded_and_read_back, streamed_and_read_back;
            conditions: not_modified_by_etag, not_modified_by_date, a_range, a_range_from_behind,
                a_range_beyond_the_end, a_range_that_no_longer_holds, fresh_for_an_hour;
            connections: kept, ended_after_each_request, ended_after_three, closed_while_idle,
                dropped_without_an_answer, none_behind_the_proxy;
            files: sent_and_saved, gone_on_with_by_a_range, begun_anew_where_the_file_has_changed, in_parts_at_once,
                compressed_as_it_is_asked_not_to_be;
            paths: as_they_were_written, dots_are_resolved, only_what_must_be_is_escaped, two_fields_of_one_name,
                what_is_sent_unasked;
            redirects: methods_by_status, by_an_error_page, an_error_page_without_one, with_the_rest_of_the_path,
                relative_and_scheme_relative, of_a_folder, without_a_location, without_an_end,
                another_port_gets_no_credentials, another_name_gets_no_credentials;
            refusals: a_password_that_is_wanted, a_body_too_large_of_a_post_in_small,
                a_large_upload_that_is_refused_early, a_head_too_large, a_target_too_long, more_fields_than_are_wanted;
        ];
        table::run("nginx in plain", &nginx.ports, cases).await;
    });
}

#[test]
fn every_behaviour_over_tls() {
    run_on_two(async {
        let issuer = Issuer::new();
        let nginx = Nginx::start(&issuer);
        let store = CaStore::of([issuer.pem().as_str()]);
        let test = "conformance::nginx::over_tls";
        let said = child::run(test, &[(PORTS, &nginx.ports.in_a_line())], &store).await;
        print!("{}", said.lines().filter(|line| line.starts_with("nginx")).collect::<String>());
    });
}

#[test]
fn every_certificate() {
    run_on_two(async {
        let issuer = Issuer::new();
        let lab = certificates::Lab { nginx: Nginx::start(&issuer), issuer };
        let cases = cases![certificates::Lab;
            certificates: sound_ones_of_whom_is_trusted, wrong_ones, of_another_name_that_is_expected,
                that_are_pinned_and_others, of_the_client, under_an_old_version;
        ];
        table::run("nginx's certificates", &lab, cases).await;
    });
}

/// Whom a process trusts it reads from its environment.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn over_tls() {
    let Ok(ports) = std::env::var(PORTS) else { return };
    run_on_two(async {
        let cases = cases![Ports;
            secure: the_version_agreed_on, one_connection_for_many, compressed_over_http_2,
                an_upload_over_http_2, a_large_upload_that_is_refused_early, connections_of_three_requests,
                many_at_once_over_connections_of_three, paths_as_they_were_written, slower_than_the_total,
                a_session_is_resumed, to_a_scheme_without_tls_go_no_credentials, dropped_without_an_answer,
                plain_text_to_a_secure_port, a_file_up_and_down;
        ];
        table::run("nginx over TLS", &Ports::from_line(&ports), cases).await;
    });
}

/// nginx with this configuration, as long as this lives.
struct Nginx {
    ports: Ports,
    _served: Served,
}

impl Nginx {
    fn start(issuer: &Issuer) -> Self {
        let sockets: Vec<_> = SERVERS.iter().map(|name| (*name, Port::new())).collect();
        let ports = Ports(sockets.iter().map(|(name, port)| ((*name).to_owned(), port.number())).collect());
        let folder = folder(&ports, issuer);
        let descriptors: String = sockets.iter().map(|(_, port)| format!("{};", port.descriptor())).collect();
        let mut program = Command::new(installed("DUALFETCH_NGINX"));
        program.arg("-p").arg(folder.path()).arg("-c").arg(folder.path().join("nginx.conf"));
        // How nginx hands its listeners to the one that replaces it.
        program.args(["-e", "stderr"]).env("NGINX", descriptors);
        Self { _served: Served::start(&mut program, folder).answers(ports.number("plain")), ports }
    }
}

fn folder(ports: &Ports, issuer: &Issuer) -> Folder {
    let folder = Folder::new("nginx");
    // Root's nginx would serve as somebody who may not read the folder.
    let user = if rustix::process::geteuid().is_root() { "user root root;" } else { "" };
    for (file, text) in CONF {
        let filled = |text: String, (name, port): &(String, u16)| {
            text.replace(&format!("@{name}@"), &port.to_string())
        };
        folder.write(file, ports.0.iter().fold(text.replace("@user@", user), filled));
    }
    let (certificate, key) = issuer.pems();
    folder.write("server.pem", certificate);
    folder.write("server.key", key);
    folder.write("ca.pem", issuer.pem());
    for wrong in WRONG {
        folder.write(&format!("{wrong:?}.pem"), issuer.certificate(wrong));
    }
    folder.write("users", "user:{PLAIN}pass word\n");
    folder.write("temp/keep", "");
    folder.write("uploads/keep", "");
    folder.write("files/page.html", page());
    folder.write("files/small.txt", "small\n");
    folder.write("files/koi8.txt", [0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4]);
    folder.write("files/bytes.bin", bytes());
    folder.write("files/folder/index.html", "a folder's page");
    folder
}

/// Compresses well.
fn page() -> String {
    format!("<!doctype html><title>Page</title><p>{}", "words and words ".repeat(2000))
}

fn bytes() -> Vec<u8> {
    crate::support::routes::pattern(300_000).to_vec()
}

/// The servers' ports, by name.
struct Ports(Vec<(String, u16)>);

impl Ports {
    fn number(&self, server: &str) -> u16 {
        self.0.iter().find(|(name, _)| name == server).expect("a server of that name").1
    }

    fn url(&self, server: &str, path: &str) -> String {
        let scheme = if server.starts_with("secure") { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}{path}", self.number(server))
    }

    fn in_a_line(&self) -> String {
        self.0.iter().map(|(name, port)| format!("{name}={port} ")).collect()
    }

    fn from_line(line: &str) -> Self {
        let pairs = line.split_whitespace().filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, port)| (name.to_owned(), port.parse().expect("a port"))).collect())
    }
}

async fn get(session: &DefaultSession, url: impl AsRef<str>) -> Result<Response> {
    session.get(url.as_ref()).await
}

async fn text(session: &DefaultSession, url: impl AsRef<str>) -> String {
    get(session, url).await.expect("a head").text().await.expect("a body")
}

fn field<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}
