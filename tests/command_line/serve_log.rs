//! The log of `serve`: what it tells, what it does not, and what happens when it cannot be written.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::run::{dualfetch, run};
use super::served::Served;
use crate::support::{Folder, PlainClient, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_line_without_anything_secret() {
    let (_, made, _) = run(&["serve", "--new-key", "alice"]).await;
    let (secret, line) = made.trim_end().split_once('\n').expect("two lines");
    let key = line.replace([' ', '"'], "");
    let server = Served::start(&["--log-format", "json", "--log-level", "trace", "--key", &key]).await;
    let fields = format!("Authorization: Bearer {secret}\r\nCookie: c=hidden1\r\nX-Request-Id: mine-1\r\n");
    assert_eq!(server.get_with("/metrics?token=hidden2", &fields).await.0, 200);
    server.tells("mine-1", 1).await;
    server.signal(Signal::TERM);
    let (_, log) = server.end().await;
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let told = |line: &&Value| line["message"] == "answered" && line["span"]["id"] == "mine-1";
    let line = lines.iter().find(told).unwrap_or_else(|| panic!("no line: {log}"));
    assert_eq!(
        (&line["status"], &line["span"]["path"], &line["span"]["key"]),
        (&200.into(), &"/metrics".into(), &"alice".into())
    );
    let hash = key.split(':').nth(1).expect("a hash");
    for hidden in [&secret[3..], "hidden1", "hidden2", hash] {
        assert!(!log.contains(hidden), "{hidden}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_moved_away_is_opened_anew_by_a_reload() {
    let folder = Folder::new();
    let (file, moved) = (folder.file("log", "before\n"), folder.at("log.1"));
    let server = Served::start(&["--log", file.to_str().expect("UTF-8")]).await;
    assert_eq!(server.get("/first").await.0, 404);
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap_or_default();
    let until = async |path: &std::path::Path, what: &str| {
        let written = async {
            while !read(path).contains(what) {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        };
        within(what, || read(path), written).await;
    };
    until(&file, "/first").await;
    assert!(read(&file).starts_with("before\n"), "it is added to");
    std::fs::rename(&file, &moved).expect("it is moved");
    assert_eq!(server.get("/second").await.0, 404);
    until(&moved, "/second").await;
    server.signal(Signal::HUP);
    until(&file, "read again").await;
    assert_eq!(server.get("/third").await.0, 404);
    until(&file, "/third").await;
    assert!(!read(&moved).contains("/third") && server.log().is_empty(), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_client_sends_a_line_is_whole_json() {
    let server = Served::start(&["--log-format", "json"]).await;
    assert_eq!(server.get(&format!("/{}", "a".repeat(15_000))).await.0, 404);
    server.tells("\"answered\"", 1).await;
    server.signal(Signal::TERM);
    let (_, log) = server.end().await;
    for line in log.lines() {
        assert!(line.len() <= 16 << 10, "{}", line.len());
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_nothing() {
    let server = Served::start(&["--log", "/dev/full"]).await;
    for _ in 0..200 {
        assert_eq!(server.get("/healthz").await.0, 200);
    }
    server.signal(Signal::HUP);
    server.signal(Signal::TERM);
    assert_eq!(server.end().await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_stops_nothing() {
    let mut command = dualfetch(&["serve", "--listen", "127.0.0.1:0", "--page", "none"]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = within("its address", String::new, out.next_line()).await.expect("UTF-8").expect("a line");
    let address = first
        .strip_prefix("listening on http://")
        .and_then(|address| address.parse().ok())
        .expect("an address");
    let mut client = PlainClient::connect(address).await;
    // More than a pipe holds, and more than waits.
    let path = format!("/{}", "a".repeat(2_000));
    for _ in 0..9_000 {
        client.ask("GET", &path).await;
        let (head, _) = within("an answer", String::new, client.response()).await;
        assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    }
    let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
    kill_process(id, Signal::TERM).expect("it can be told");
    let status = within("its end", String::new, child.wait()).await.expect("it ran");
    assert_eq!(status.code(), Some(0));
}
