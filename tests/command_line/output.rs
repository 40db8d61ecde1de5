//! Rows: their formats, and what happens where they go.

use std::collections::HashSet;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use super::run::{File, dualfetch, output, rows, run, told};
use crate::support::{CountingServer, RawServer, Refusing, faults};

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_json_has_every_field_and_null_for_what_is_not_there() {
    let server = CountingServer::builder().start().await;
    let refusing = Refusing::new();
    let (page, dead) = (server.url(0, "/page/7"), refusing.url("/"));
    let args = ["titles", "--format", "jsonl", "--ordered", "--retries", "0", &page, &dead, "no url"];
    let (code, out, _) = run(&args).await;
    assert_eq!(code, Some(1));
    let rows = rows(&out);
    let fields = [
        "url",
        "final_url",
        "status",
        "title",
        "title_source",
        "encoding",
        "encoding_source",
        "bytes",
        "elapsed_ms",
        "attempts",
        "error",
    ];
    for row in &rows {
        let row = row.as_object().expect("an object");
        assert_eq!(row.keys().map(String::as_str).collect::<HashSet<_>>(), HashSet::from(fields));
    }
    assert_eq!(rows[0]["title"], "Page 7");
    assert_eq!((rows[0]["status"].as_u64(), &rows[0]["error"]), (Some(200), &Value::Null));
    assert_eq!((&rows[1]["error"]["code"], &rows[1]["title"]), (&"connect".into(), &Value::Null));
    assert_eq!(rows[2]["error"]["code"], "invalid_url");
    assert!(rows[2]["error"]["message"].as_str().is_some_and(|message| message.contains("no url")));
}

#[tokio::test(flavor = "multi_thread")]
async fn ordered_rows_keep_the_order_of_the_urls() {
    let server = CountingServer::builder().start().await;
    let urls: Vec<_> =
        (0..40).map(|n| server.url(0, &format!("/page/{n}?delay_ms={}", 200 - n * 5))).collect();
    let mut args = vec!["titles", "--ordered", "--format", "jsonl"];
    args.extend(urls.iter().map(String::as_str));
    let (_, out, _) = run(&args).await;
    let told: Vec<_> =
        rows(&out).iter().map(|row| row["url"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(told, urls);
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_and_tsv_have_a_heading_and_a_line_for_each_url() {
    let server = CountingServer::builder().start().await;
    let (page, lost) = (server.url(0, "/page/1"), server.url(0, "/status/404"));
    for (format, separator) in [("csv", ","), ("tsv", "\t")] {
        let (code, out, _) = run(&["titles", "--ordered", "--format", format, &page, &lost]).await;
        assert_eq!(code, Some(0), "a page of status 404 is a page");
        let lines: Vec<_> = out.lines().collect();
        assert_eq!(lines.len(), 3, "{out}");
        assert!(lines[0].starts_with(&format!("url{separator}final_url{separator}status")), "{out}");
        assert!(lines[1].contains("Page 1"), "{out}");
        assert!(lines[2].contains("404"), "{out}");
    }
    let (code, _, _) = run(&["titles", "--fail", "--retries", "0", &lost]).await;
    assert_eq!(code, Some(1), "--fail makes it one that has failed");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_exits_with_2() {
    let server = CountingServer::builder().start().await;
    let (code, _, err) = run(&["titles", "-o", "/dev/full", &server.url(0, "/page/1")]).await;
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("/dev/full") && !err.contains("panicked"), "{err}");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    let mut command = dualfetch(&["titles", &server.url(0, "/page/1")]);
    let child = command.stdout(Stdio::from(full)).spawn().expect("it starts");
    let (code, _, err) = told(child.wait_with_output().await.expect("it ran"));
    assert!(code == Some(2) && err.contains("standard output") && !err.contains("panicked"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pipe_ends_it_quietly_after_whole_rows() {
    let server = CountingServer::builder().start().await;
    let list = File::new("closed-pipe", server.urls(5_000, |n| format!("/page/{n}")).join("\n").as_bytes());
    let mut child =
        dualfetch(&["titles", "-i", list.path(), "--format", "jsonl"]).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    out.read_line(&mut first).await.expect("a row");
    drop(out);
    let mut err = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut err).await.expect("UTF-8");
    let status = child.wait().await.expect("an end");
    assert_eq!(rows(&first).len(), 1);
    assert_eq!(status.code(), Some(0), "{err}");
    assert!(!err.contains("panicked"), "{err}");
    assert!(server.total().requests < 5_000, "it does not go on for nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_to_the_file_and_nothing_else_does() {
    let server = CountingServer::builder().start().await;
    let file = File::new("rows", b"what was there before, and is longer than what comes");
    let url = server.url(0, "/page/5");
    let (code, out, err) = run(&["titles", "--format", "jsonl", "-o", file.path(), &url]).await;
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    let written = std::fs::read_to_string(file.path()).expect("the file");
    assert_eq!(rows(&written).len(), 1);
    assert!(err.contains("1 fetched"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_s_title_does_not_reach_the_terminal_s_controls() {
    let server = RawServer::start(faults::pages("<title>\u{1b}[31mred\u{7}\u{202e}</title>")).await;
    for format in ["table", "csv", "tsv", "jsonl"] {
        let (_, out, _) = run(&["titles", "--format", format, &server.url("/")]).await;
        assert!(out.contains("red"), "{format}: {out:?}");
        assert!(!out.contains(['\u{1b}', '\u{7}']), "{format}: {out:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_pauses_runs_no_url_into_a_timeout() {
    let server = CountingServer::builder().hosts(4).start().await;
    let urls = server.urls(6_000, |n| format!("/page/{n}?delay_ms=5"));
    let list = File::new("paused-reader", urls.join("\n").as_bytes());
    let args = ["titles", "-i", list.path(), "--timeout", "1s", "--total-timeout", "1s", "--retries", "0"];
    let mut child = dualfetch(&args).args(["--format", "jsonl"]).spawn().expect("it starts");
    server.wait_until("a first thousand of requests", |counts| counts.requests > 1_000).await;
    server.wait_idle().await;
    // Nobody reads for longer than any URL may take.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(server.total().requests < 6_000, "it does not fetch what nobody takes");
    let mut out = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut out).await.expect("UTF-8");
    assert_eq!(child.wait().await.expect("an end").code(), Some(0));
    assert_eq!(rows(&out).len(), 6_000);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_grow_no_further_ends_with_a_whole_row() {
    let (list, file) = (File::new("bounded-list", &b"no URL\n".repeat(1_000)), File::new("bounded", b""));
    // At most 8 blocks of 512 bytes, or of 1024: either way fewer than the rows need.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$@\"";
    let binary = env!("CARGO_BIN_EXE_dualfetch");
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", binary, "titles", "-i", list.path(), "-o", file.path()]);
    command.args(["--format", "jsonl"]).stdin(Stdio::null());
    let (code, _, err) = told(output(command).await);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains(file.path()), "{err}");
    let written = std::fs::read_to_string(file.path()).expect("the file");
    assert!(written.ends_with("}\n"), "{written}");
    assert!((5..1_000).contains(&rows(&written).len()));
}
