//! Against lighttpd, which knows RFC 7616: SHA-256, names that are hidden, several challenges at once.

mod digest;

use std::net::SocketAddr;
use std::process::Command;

use md5::Md5;
use sha2::Sha256;
use sha2::digest::Digest;

use super::help::run_on_two;
use super::served::{Folder, Served, free, installed};
use super::table::{self, cases};

const CONF: &str = include_str!("lighttpd/lighttpd.conf");

const USERS: [&str; 2] = ["user", "Jäsøn \"Doe\""];
const PASSWORD: &str = "Secret, or not? ø";

#[test]
fn every_behaviour() {
    run_on_two(async {
        let lighttpd = Lighttpd::start();
        let cases = cases![Lighttpd;
            digest: by_md5, by_sha_256, by_the_stronger_of_two, by_a_name_that_is_hidden, by_a_name_of_other_letters,
                one_challenge_for_many, a_thousand_under_one_nonce, a_query_counts, refused_to_who_is_not,
                several_realms_of_one_origin;
        ];
        table::run("lighttpd", &lighttpd, cases).await;
    });
}

/// lighttpd, as long as this lives.
struct Lighttpd {
    address: SocketAddr,
    _served: Served,
}

impl Lighttpd {
    fn start() -> Self {
        let [address] = free();
        let folder = Folder::new("lighttpd");
        let conf = CONF
            .replace("@folder@", folder.path().to_str().expect("a path of text"))
            .replace("@host@", &address.ip().to_string())
            .replace("@port@", &address.port().to_string());
        folder.write("lighttpd.conf", conf);
        folder.write("users", users());
        for place in ["md5", "sha", "both", "hidden"] {
            folder.write(&format!("files/{place}/page.txt"), place);
        }
        let mut program = Command::new(installed("DUALFETCH_LIGHTTPD"));
        program.arg("-D").arg("-f").arg(folder.path().join("lighttpd.conf"));
        Self { address, _served: Served::start(&mut program, folder).listens(address) }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// A line for each user, realm and function; where names are hidden, it ends with what hides the name.
fn users() -> String {
    let md5 = |text: String| hex(&Md5::digest(text));
    let sha = |text: String| hex(&Sha256::digest(text));
    let mut lines = String::new();
    for user in USERS {
        let secret = |realm: &str| format!("{user}:{realm}:{PASSWORD}");
        lines += &format!("{user}:md5:{}\n", md5(secret("md5")));
        lines += &format!("{user}:sha, a realm:{}\n", sha(secret("sha, a realm")));
        lines += &format!("{user}:hidden:{}:{}\n", sha(secret("hidden")), sha(format!("{user}:hidden")));
    }
    lines
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
