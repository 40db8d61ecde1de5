//! `events`: server-sent events as they come, over connections that are lost.

use std::process::Stdio;

use bytes::Bytes;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::run::{dualfetch, output, rows, run, told};
use crate::support::{CountingServer, Gate, RawServer, Refusing, Script, within};

/// A server of this stream.
async fn stream(stream: &'static str) -> RawServer {
    let length = stream.len().to_string();
    let fields = [("Content-Type", "text/event-stream"), ("Content-Length", length.as_str())];
    RawServer::start(
        Script::new().forever(Script::new().read_head().send_head("200 OK", &fields).send(stream)),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_over_connections_until_the_server_says_that_there_are_no_more() {
    let server = CountingServer::builder().start().await;
    let url = server.url(0, "/events/3");
    let (code, out, err) = run(&["events", &url]).await;
    assert_eq!((code, out.as_str()), (Some(0), "tick: 1\n  of 3\ntick: 2\n  of 3\ntick: 3\n  of 3\n"));
    assert_eq!(err.matches("the stream has ended; connecting again in 500 ms").count(), 3, "{err}");

    let (code, out, err) = run(&["events", "--format", "jsonl", "--last-event-id", "1", "-q", &url]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let expected =
        [2, 3].map(|n| json!({"event": "tick", "data": format!("{n}\nof 3"), "id": n.to_string()}));
    assert_eq!(rows(&out), expected);

    let (code, out, _) = run(&["events", "--format", "data", "-n", "2", &url]).await;
    assert_eq!((code, out.as_str()), (Some(0), "1\nof 3\n2\nof 3\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_reconnecting_the_end_of_the_stream_is_the_end_and_a_cut_is_a_failure() {
    let server = CountingServer::builder().start().await;
    let url = server.url(0, "/events/3");
    let (code, out, err) = run(&["events", "--no-reconnect", "--format", "data", &url]).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "1\nof 3\n", ""));

    let silent = server.url(0, "/echo-body?stall=1&chunk=9");
    let args = ["events", "--no-reconnect", "--timeout", "200ms", "-H", "content-type: text/event-stream"];
    let (code, out, err) = told(
        output({
            let mut command = dualfetch(&args);
            command.args(["-d", "data: a\n\ndata: b\n\n", &silent]);
            command
        })
        .await,
    );
    assert_eq!((code, out.as_str()), (Some(1), "a\n"));
    assert!(err.contains("timed out: read"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_get_is_sent_once_unless_it_is_to_be_sent_again() {
    let server = stream("retry: 10\ndata: [DONE]\n\n").await;
    let url = server.url("/v1/completions");
    let (code, out, err) = run(&["events", "--json", "{}", "--format", "data", &url]).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "[DONE]\n", ""));
    assert_eq!(server.heads().len(), 1);
    let again = ["events", "--json", "{}", "--reconnect", "-q", "-n", "2", "--format", "data", &url];
    let (code, out, err) = run(&again).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "[DONE]\n[DONE]\n", ""));
    let (code, _, err) = run(&["events", "--reconnect", "--no-reconnect", &url]).await;
    assert!(code == Some(2) && err.contains("--no-reconnect"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_is_what_was_asked_for_and_asks_for_events() {
    let server = stream("data: {\"choices\":[]}\n\ndata: [DONE]\n\n").await;
    let url = server.url("/v1/completions");
    let args = ["events", "--json", "{\"stream\":true}", "-u", "me:secret", "--format", "data"];
    let mut command = dualfetch(&args);
    command.args(["-H", "x-id: 7", "-b", "a=1", &url]);
    let (code, out, err) = told(output(command).await);
    assert_eq!((code, out.as_str()), (Some(0), "{\"choices\":[]}\n[DONE]\n"), "{err}");
    let head = server.head(0).await;
    let head = format!("{head:?}").to_lowercase();
    for sent in
        ["post", "/v1/completions", "text/event-stream", "no-store", "basic bwu6c2vjcmv0", "x-id", "a=1"]
    {
        assert!(head.contains(sent), "{sent:?} is missing in {head}");
    }
    assert!(!head.contains("accept\", \"application/json"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_stream_is_a_failure_and_says_why() {
    let server = CountingServer::builder().start().await;
    let refusing = Refusing::new();
    for (url, code, why) in [
        (server.url(0, "/page/1"), 1, "text/event-stream"),
        (server.url(0, "/status/404"), 1, "status 404"),
        (refusing.url("/"), 1, "could not connect"),
        ("ftp://a.example/".to_owned(), 2, "only http and https"),
        ("no URL".to_owned(), 2, "invalid URL"),
    ] {
        let (got, out, err) = run(&["events", "--retries", "0", &url]).await;
        assert_eq!((got, out.as_str()), (Some(code), ""), "{url}: {err}");
        assert!(err.starts_with("error: ") && err.contains(why), "{url}: {err}");
    }
    let (code, _, err) = run(&["events", "--count", "0", "http://localhost/"]).await;
    assert_eq!(code, Some(2), "{err}");
    let plain = server.url(0, "/events/1?type=text/plain");
    let (code, out, _) = run(&["events", "--any-type", "--no-reconnect", "--format", "data", &plain]).await;
    assert_eq!((code, out.as_str()), (Some(0), "1\nof 1\n"));
    let hangs = server.url(0, "/hang");
    let (code, _, err) = run(&["events", "--total-timeout", "300ms", &hangs]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("timed out: total"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn control_characters_are_kept_from_people_and_data_stays_as_it_came() {
    let odd = "event: a\u{1b}[31m\ndata: b\u{1b}[0m\tc\n\n";
    let shown = |format: &'static str| async move {
        let server = stream(odd).await;
        let (code, out, err) = run(&["events", "--no-reconnect", "--format", format, &server.url("/")]).await;
        assert_eq!(code, Some(0), "{err}");
        out
    };
    assert!(!shown("text").await.contains('\u{1b}'));
    assert!(shown("jsonl").await.contains("a\\u001b[31m"));
    assert_eq!(shown("data").await, "b\u{1b}[0m\tc\n");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_printed_when_it_comes_and_ctrl_c_is_a_success() {
    use rustix::process::{Pid, Signal, kill_process};

    let server = CountingServer::builder().start().await;
    let url = server.url(0, "/echo-body?stall=1&chunk=9");
    for (signal, code) in [(Signal::INT, 0), (Signal::TERM, 143)] {
        let args = ["events", "-H", "content-type: text/event-stream", "-d", "data: a\n\ndata: b\n\n", &url];
        let mut child = dualfetch(&args).stdin(Stdio::null()).spawn().expect("the command starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = within("a line", String::new, lines.next_line()).await.expect("UTF-8");
        assert_eq!(line.as_deref(), Some("a"));
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.expect("it runs"), signal).expect("it can be told");
        let status = within("the end", String::new, child.wait()).await.expect("it ran");
        assert_eq!(status.code(), Some(code));
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_holds_up_neither_a_signal_nor_the_deadline() {
    use rustix::process::{Pid, Signal, kill_process};
    use tokio::io::AsyncReadExt;

    // More than a pipe holds.
    let event = Bytes::from(format!("data: {}\n\n", "x".repeat(1_000_000)));
    let script = Script::new().forever(
        Script::new()
            .read_head()
            .send_head("200 OK", &[("Content-Type", "text/event-stream")])
            .send(event)
            .pause(&Gate::new()),
    );
    let server = RawServer::start(script).await;
    let url = server.url("/");
    for (signal, code) in [(Some(Signal::INT), 0), (Some(Signal::TERM), 143), (None, 1)] {
        let mut args = vec!["events", &url];
        if signal.is_none() {
            args.extend(["--total-timeout", "1s"]);
        }
        let mut child = dualfetch(&args).spawn().expect("the command starts");
        let mut out = child.stdout.take().expect("a pipe");
        // What has begun to be written is not written to its end.
        within("a byte", String::new, out.read_u8()).await.expect("it writes");
        if let Some(signal) = signal {
            let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            kill_process(id.expect("it runs"), signal).expect("it can be told");
        }
        let ended = within("the end", String::new, child.wait_with_output()).await.expect("it ran");
        assert_eq!(ended.status.code(), Some(code), "{signal:?}");
    }
}
