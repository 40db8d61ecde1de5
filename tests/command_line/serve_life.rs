//! The life of `serve`: it says when it is ready, reads its settings again, and ends as it is told.

use std::path::Path;

use rustix::process::Signal;
use tokio::net::{TcpStream, UnixDatagram};

use super::run::{File, run};
use super::served::{LOCAL, Served, answer, request};
use crate::support::{CountingServer, Folder, PlainClient, within};

/// What a service manager hears.
struct Manager {
    socket: UnixDatagram,
    folder: Folder,
}

impl Manager {
    fn new() -> Self {
        let folder = Folder::new();
        Self { socket: UnixDatagram::bind(folder.at("notify")).expect("a socket"), folder }
    }

    fn path(&self) -> String {
        self.folder.at("notify").to_str().expect("UTF-8").to_owned()
    }

    async fn hears(&self) -> String {
        let mut message = [0; 4096];
        let length = within("a notice", String::new, self.socket.recv(&mut message)).await.expect("a notice");
        String::from_utf8_lossy(&message[..length]).into_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_is_told_that_it_is_ready_reloads_and_stops() {
    let manager = Manager::new();
    let server = Served::start_in(&[], &[("NOTIFY_SOCKET", &manager.path())]).await;
    let ready = manager.hears().await;
    assert!(
        ready.contains("READY=1\n")
            && ready.contains(&format!("STATUS=listening on http://{}", server.address)),
        "{ready}"
    );
    server.signal(Signal::HUP);
    let reloading = manager.hears().await;
    let since = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")?.parse::<u64>().ok());
    assert!(reloading.contains("RELOADING=1\n") && since.is_some_and(|since| since > 0), "{reloading}");
    assert!(manager.hears().await.contains("READY=1\n"));
    server.signal(Signal::TERM);
    let stopping = manager.hears().await;
    assert!(
        stopping.contains("STOPPING=1\n") && stopping.contains("EXTEND_TIMEOUT_USEC=30000000"),
        "{stopping}"
    );
    assert_eq!(server.end().await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_finished_and_nothing_more_is_taken() {
    for signal in [Signal::TERM, Signal::INT] {
        let upstream = CountingServer::start().await;
        let server = Served::start(&LOCAL).await;
        let (mut waiting, mut reading) =
            (PlainClient::connect(server.address).await, PlainClient::connect(server.address).await);
        waiting.send(request(&Served::fetch(&upstream.url(0, "/page/1?gate=head")), "")).await;
        reading
            .send(request(&Served::fetch(&upstream.url(0, "/bytes/9000?chunk=3000&body_gate=body")), ""))
            .await;
        assert!(reading.head().await.starts_with("HTTP/1.1 200"));
        upstream.wait_in_flight(2).await;
        server.signal(signal);
        server.tells("came: what is under way is finished", 1).await;
        let refused = async { while TcpStream::connect(server.address).await.is_ok() {} };
        within("no more connections", || server.log(), refused).await;
        upstream.gate("head").open();
        upstream.gate("body").open();
        let (bytes, end) = waiting.rest().await;
        let (status, body) = answer(&bytes);
        assert!(status == 200 && body.contains("Page 1") && end.is_ok(), "{body}");
        assert_eq!(reading.sees_fin().await.len(), 9000);
        let (code, said) = server.end().await;
        assert!(code == Some(0) && said.contains("with everything finished"), "{code:?} {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_with_nothing_under_way_hold_up_no_end() {
    let server = Served::start(&["--stop-timeout", "1h"]).await;
    let mut kept = PlainClient::connect(server.address).await;
    kept.ask("GET", "/healthz").await;
    kept.response().await;
    let mut silent = PlainClient::connect(server.address).await;
    let mut half = PlainClient::connect(server.address).await;
    half.send("GET /healthz HTTP/1.1\r\nHos").await;
    server.signal(Signal::TERM);
    let (code, said) = server.end().await;
    assert_eq!(code, Some(0), "{said}");
    kept.sees_fin().await;
    let _ = (silent.rest().await, half.rest().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_longer_than_the_stop_timeout_is_cut_off_and_told() {
    let upstream = CountingServer::start().await;
    let args =
        [&LOCAL[..], &["--stop-timeout", "500ms", "--total-timeout", "1h", "--timeout", "none"]].concat();
    let server = Served::start(&args).await;
    let mut client = PlainClient::connect(server.address).await;
    client.send(request(&Served::fetch(&upstream.url(0, "/hang")), "")).await;
    let mut reading = PlainClient::connect(server.address).await;
    reading
        .send(request(&Served::fetch(&upstream.url(0, "/bytes/9000?chunk=3000&stall=1&chunked=1")), ""))
        .await;
    upstream.wait_in_flight(2).await;
    reading.head().await;
    server.signal(Signal::TERM);
    let (code, said) = server.end().await;
    assert!(code == Some(1) && said.contains("2 connections cut off"), "{code:?} {said}");
    let (told, _) = client.rest().await;
    assert_eq!(answer(&told).0, 503, "it is told before it is cut off: {said}");
    let (bytes, _) = reading.rest().await;
    assert!(!bytes.ends_with(b"0\r\n\r\n"), "a body that is cut off has no end");
    upstream.wait_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_waits_for_nothing() {
    let upstream = CountingServer::start().await;
    let args = [&LOCAL[..], &["--stop-timeout", "1h", "--total-timeout", "1h", "--timeout", "none"]].concat();
    let server = Served::start(&args).await;
    let mut client = PlainClient::connect(server.address).await;
    client.send(request(&Served::fetch(&upstream.url(0, "/hang")), "")).await;
    upstream.wait_in_flight(1).await;
    server.signal(Signal::TERM);
    server.tells("came", 1).await;
    server.signal(Signal::TERM);
    let (code, said) = server.end().await;
    assert!(code == Some(1) && said.contains("1 connections cut off"), "{code:?} {said}");
    let _ = client.rest().await;
}

/// A key and the line of the file for it.
async fn key(name: &str) -> (String, String) {
    let (_, made, _) = run(&["serve", "--new-key", name]).await;
    let (secret, line) = made.trim_end().split_once('\n').expect("two lines");
    (format!("Authorization: Bearer {secret}\r\n"), line.to_owned())
}

fn write(path: &str, text: &str) {
    std::fs::write(Path::new(path), text).expect("the file is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_limits_change_by_a_reload_and_a_broken_file_changes_nothing() {
    let ((old, old_line), (new, new_line)) = (key("old").await, key("new").await);
    let file = File::new("reloaded.toml", format!("[key]\n{old_line}\n").as_bytes());
    let server = Served::start(&["--config", file.path()]).await;
    assert_eq!(server.get_with("/metrics", &old).await.0, 200);
    assert_eq!(server.get_with("/metrics", &new).await.0, 401);

    let changed = format!("rate = '2/h'\nlisten = '127.0.0.1:1'\nstop_timeout = '7s'\n[key]\n{new_line}\n");
    write(file.path(), &changed);
    server.signal(Signal::HUP);
    server.tells("the settings were read again", 1).await;
    assert!(server.log().contains("stop_timeout becomes \"7s\" with a restart alone"), "{}", server.log());
    assert!(!server.log().contains("listen becomes"), "the flag counts before the file: {}", server.log());
    assert_eq!(server.get_with("/metrics", &old).await.0, 401);
    for _ in 0..2 {
        assert_eq!(server.get_with("/metrics", &new).await.0, 200);
    }
    assert_eq!(server.get_with("/metrics", &new).await.0, 429, "the rate counts, too");

    for broken in ["limt = 3\n", "limit = 'x'\n", "[key", "burst = 3\n"] {
        write(file.path(), broken);
        server.signal(Signal::HUP);
        server.tells(&format!("the settings stay as they were: {}, line 1", file.path()), 1).await;
        assert_eq!(server.get_with("/metrics", &new).await.0, 429, "{}", server.log());
        // So that the next one is told anew.
        write(file.path(), &changed.replace("2/h", "1000/h"));
        let before = server.log().matches("read again").count();
        server.signal(Signal::HUP);
        server.tells("the settings were read again", before + 1).await;
        assert_eq!(server.get_with("/metrics", &old).await.0, 401);
        assert_eq!(server.get_with("/metrics", &new).await.0, 200);
        write(file.path(), &changed);
        server.signal(Signal::HUP);
        server.tells("the settings were read again", before + 2).await;
        assert_eq!(server.get_with("/metrics", &old).await.0, 401);
        for _ in 0..2 {
            assert_eq!(server.get_with("/metrics", &new).await.0, 200);
        }
    }
    server.signal(Signal::TERM);
    assert_eq!(server.end().await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_no_key_from_an_address_that_others_reach() {
    let (secret, line) = key("alice").await;
    // It would be one for this machine alone after a restart, and is not yet.
    for (listens, then) in [("", "limit = 10\n"), ("listen = '0.0.0.0:0'\n", "listen = '127.0.0.1:0'\n")] {
        let file = File::new("unlocked.toml", format!("{listens}[key]\n{line}\n").as_bytes());
        let flags: &[&str] = if listens.is_empty() { &["--listen", "0.0.0.0:0"] } else { &[] };
        let mut server = Served::start_plainly(&[flags, &["--config", file.path()]].concat()).await;
        server.address.set_ip([127, 0, 0, 1].into());
        write(file.path(), then);
        server.signal(Signal::HUP);
        server.tells("the settings stay as they were", 1).await;
        assert_eq!(server.get("/metrics").await.0, 401);
        assert_eq!(server.get_with("/metrics", &secret).await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_goes_on_through_a_reload() {
    let upstream = CountingServer::start().await;
    let server = Served::start(&LOCAL).await;
    let mut client = PlainClient::connect(server.address).await;
    client
        .send(request(&Served::fetch(&upstream.url(0, "/page/1?gate=held")), "Connection: close\r\n"))
        .await;
    upstream.wait_in_flight(1).await;
    server.signal(Signal::HUP);
    server.tells("the settings were read again", 1).await;
    upstream.gate("held").open();
    assert_eq!(answer(&client.sees_fin().await).0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_url_that_was_taken_gets_its_row_before_the_end() {
    let upstream = CountingServer::start().await;
    let args = [&LOCAL[..], &["--limit", "4", "--stop-timeout", "1h", "--queue-timeout", "none"]].concat();
    let server = Served::start(&args).await;
    let list = serde_json::to_string(&upstream.urls(20, |n| format!("/page/{n}?gate=held"))).expect("JSON");
    let mut client = PlainClient::connect(server.address).await;
    let fields = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{list}",
        list.len()
    );
    client.send(format!("POST /titles HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}")).await;
    upstream.wait_in_flight(4).await;
    server.signal(Signal::TERM);
    server.tells("came", 1).await;
    upstream.gate("held").open();
    let (_, body) = answer(&client.sees_fin().await);
    let titles = (0..20).filter(|n| body.contains(&format!("\"title\":\"Page {n}\""))).count();
    let taken = body.matches("\"final_url\":\"http").count();
    assert!(titles == taken && taken >= 4, "{titles} titles of {taken}: {body}");
    assert_eq!(upstream.total().requests, taken, "none was asked for in vain");
    assert_eq!(server.end().await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn websockets_with_nothing_to_do_are_closed_at_the_end() {
    let server = Served::start(&["--stop-timeout", "1h"]).await;
    let mut client = PlainClient::connect(server.address).await;
    let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: dualfetch.v1\r\n";
    client.send(request("/ws", fields)).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    server.signal(Signal::TERM);
    let opening = client.exactly(2).await;
    assert_eq!(opening[0], 0x88, "a close frame");
    client.exactly(usize::from(opening[1])).await;
    // The answer to it: a masked close frame with the same code, 1001.
    client.send([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE9]).await;
    let (code, said) = server.end().await;
    assert_eq!(code, Some(0), "{said}");
}
