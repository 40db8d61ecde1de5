//! `dualfetch serve` behind nginx, as examples/deploy/nginx.conf has it.

use std::net::SocketAddr;
use std::process::Command;

use axum::Router;
use axum::routing::get;
use dualfetch::gateway::Keys;
use dualfetch::{Config, DefaultSession, Session, SessionExt, Tls};

use crate::support::{CountingServer, Issuer};

use super::help::run_on_two;
use super::served::{Folder, Port, Served, free, installed};

const CONF: &str = include_str!("../../examples/deploy/nginx.conf");
/// What a server block stands in.
const AROUND: &str = "@user@\ndaemon off;\nworker_processes 1;\npid nginx.pid;\nerror_log stderr error;\n\
    events { worker_connections 512; }\nhttp {\naccess_log off;\nclient_body_temp_path temp/body;\n\
    proxy_temp_path temp/proxy;\nfastcgi_temp_path temp/fastcgi;\nuwsgi_temp_path temp/uwsgi;\n\
    scgi_temp_path temp/scgi;\n@conf@\n}\n";

#[test]
fn by_nginx_it_is_fetched_through_with_a_key_and_rows_come_as_they_are_known() {
    run_on_two(async {
        let upstream = CountingServer::start().await;
        let key = Keys::generate().expect("a key");
        let (gateway, _serve) = serve(&key.hash);
        let (session, url, _nginx) = nginx(gateway);
        let ask = async |path: &str| {
            let response =
                session.get(format!("{url}{path}")).bearer_auth(&key.secret).await.expect("an answer");
            let status = response.status().as_u16();
            (status, response.text().await.expect("a body"))
        };

        let bare = session.get(format!("{url}/metrics")).await.expect("an answer");
        assert_eq!((bare.status().as_u16(), bare.version()), (401, http::Version::HTTP_2));
        assert_eq!(ask("/metrics").await.0, 200);
        let target = format!("/fetch?url={}", encoded(&upstream.url(0, "/page/7")));
        let (status, page) = ask(&target).await;
        assert!(status == 200 && page.contains("Page 7"), "{status} {page}");

        let list = serde_json::json!([upstream.url(0, "/page/1"), upstream.url(0, "/page/2?gate=held")]);
        let titles = session.post(format!("{url}/titles")).bearer_auth(&key.secret);
        let mut rows = titles.json(&list).await.expect("rows");
        let first = rows.chunk().await.expect("a row").expect("a row");
        assert!(String::from_utf8_lossy(&first).contains("Page 1"), "the second one is not there yet");
        upstream.gate("held").open();
        let second = rows.chunk().await.expect("a row").expect("a row");
        assert!(String::from_utf8_lossy(&second).contains("Page 2"));

        let protocols = ["dualfetch.v1".to_owned(), format!("dualfetch.key.{}", key.secret)];
        let socket =
            session.websocket(format!("{}/ws", url.replace("https", "wss"))).protocols(protocols).await;
        assert_eq!(socket.expect("it is upgraded").protocol(), Some("dualfetch.v1"));
    });
}

#[test]
fn what_a_site_tells_nginx_to_do_it_does_not() {
    run_on_two(async {
        let orders =
            [("x-accel-redirect", "/elsewhere"), ("x-accel-limit-rate", "1"), ("x-accel-charset", "koi8-r")];
        let routes = Router::new()
            .route("/page", get(move || async move { (axum::response::AppendHeaders(orders), "its own") }))
            .route("/elsewhere", get(|| async { "elsewhere" }));
        let site = CountingServer::builder().routes(routes).start().await;
        // In the gateway's place, as if that let them pass.
        let (session, url, _nginx) = nginx(site.address(0));
        let response = session.get(format!("{url}/page")).await.expect("an answer");
        assert_eq!(response.text().await.expect("a body"), "its own");
    });
}

/// The command, where others come by nginx.
fn serve(hash: &str) -> (SocketAddr, Served) {
    let [address] = free();
    let mut program = Command::new(env!("CARGO_BIN_EXE_dualfetch"));
    program.args(["serve", "--page", "none", "--package", "none", "--host", "gateway.example"]);
    program.args(["--listen", &address.to_string(), "--trusted-proxy", "127.0.0.0/8"]);
    program.args(["--allow-network", "127.0.0.1", "--allow-any-port", "--key", &format!("test={hash}")]);
    (address, Served::start(&mut program, Folder::new("serve")).listens(address))
}

/// nginx before this server, a session that gets there, and by which URL.
fn nginx(origin: SocketAddr) -> (DefaultSession, String, Served) {
    let (port, folder) = (Port::new(), Folder::new("deployed-nginx"));
    let number = port.number();
    // Root's nginx would serve as somebody who may not read the folder.
    let user = if rustix::process::geteuid().is_root() { "user root root;" } else { "" };
    let (certificate, key) = Issuer::new().pems();
    let mut conf = CONF.to_owned();
    for (is, to) in [
        ("server 127.0.0.1:8080;", format!("server {origin};")),
        ("    listen [::]:443 ssl http2;\n", String::new()),
        ("listen 443 ssl", format!("listen 127.0.0.1:{number} ssl")),
        ("/etc/ssl/gateway.example.pem", folder.path().join("server.pem").display().to_string()),
        ("/etc/ssl/gateway.example.key", folder.path().join("server.key").display().to_string()),
    ] {
        assert_eq!(conf.matches(is).count(), 1, "{is}");
        conf = conf.replace(is, &to);
    }
    folder.write("nginx.conf", AROUND.replace("@user@", user).replace("@conf@", &conf));
    folder.write("server.pem", certificate);
    folder.write("server.key", key);
    folder.write("temp/keep", "");
    let mut program = Command::new(installed("DUALFETCH_NGINX"));
    program.arg("-p").arg(folder.path()).arg("-c").arg(folder.path().join("nginx.conf"));
    program.args(["-e", "stderr"]).env("NGINX", format!("{};", port.descriptor()));
    let served = Served::start(&mut program, folder);
    let here = SocketAddr::from(([127, 0, 0, 1], number));
    let config = Config::new()
        .resolve("gateway.example", [here])
        .tls(Tls::new().danger_accept_invalid_certificates(true));
    (config.build().expect("a session"), format!("https://gateway.example:{number}"), served)
}

fn encoded(url: &str) -> String {
    url.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
