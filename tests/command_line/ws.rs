//! `ws`: lines in, messages out, and how it ends.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::run::{dualfetch, output, run, run_with_input, told};
use crate::support::{RawServer, Refusing, Script, WebSocketServer, within};

/// How the server saw the connection with this id end.
async fn seen(server: &WebSocketServer, id: &str) -> String {
    let (code, out, err) = run(&["get", &server.url(&format!("/ws/seen?id={id}"))]).await;
    assert_eq!(code, Some(0), "{err}");
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_a_message_and_a_message_a_line() {
    let server = WebSocketServer::start().await;
    let url = server.url("/ws/echo?id=lines");
    let (code, out, err) = run_with_input(&["ws", &url], "one\r\n\ntwo é\nthe last".as_bytes()).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "one\n\ntwo é\nthe last\n", ""));
    assert_eq!(seen(&server, "lines").await, "close 1000");
    let ws = url.replacen("http", "ws", 1);
    let (code, out, err) = run_with_input(&["ws", "-n", "2", &ws], b"one\ntwo\nthree\n").await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "one\ntwo\n", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_said_first_and_then_only_listened_to() {
    let server = WebSocketServer::start().await;
    let url = server.url("/ws/echo");
    let listen = ["ws", &url, "-m", "hello", "--message", "again", "--no-input", "--count", "2"];
    let (code, out, err) = run(&listen).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "hello\nagain\n", ""));
    // The end of the input does not close while messages are counted.
    let (code, out, _) = run(&["ws", &url, "-m", "hello", "-n", "1"]).await;
    assert_eq!((code, out.as_str()), (Some(0), "hello\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_waited_for_and_that_there_is_none_is_told() {
    let server = WebSocketServer::start().await;
    // Longer than the silence that ends it once the answer is there.
    let slow = server.url("/ws/echo?after_ms=1500");
    let (code, out, err) = run_with_input(&["ws", &slow], b"question\n").await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "question\n", ""));
    let (code, out, err) = run(&["ws", &slow, "-m", "question"]).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "question\n", ""));
    // It does not answer the close either.
    let (code, out, err) = run_with_input(&["ws", &server.url("/ws/silent")], b"question\n").await;
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("* nothing came for 10") && err.contains("--wait"), "{err}");
    // Nothing was asked.
    let (code, out, err) = run(&["ws", &slow]).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_before_a_line_that_cannot_be_sent_has_its_answer() {
    let server = WebSocketServer::start().await;
    for extra in [&[][..], &["-n", "9"]] {
        let url = server.url("/ws/echo?id=bad-line");
        let mut child =
            dualfetch(&[&["ws", &url], extra].concat()).stdin(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(b"ok\n\xff\nnot sent\n").await.expect("it reads");
        drop(stdin);
        let (code, out, err) = told(child.wait_with_output().await.expect("it ran"));
        assert_eq!((code, out.as_str()), (Some(2), "ok\n"), "{err}");
        assert!(err.contains("--binary"), "{err}");
        assert_eq!(seen(&server, "bad-line").await, "close 1000");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loopback_host_without_a_scheme_is_asked_by_ws_and_advice_names_schemes_of_sockets() {
    let server = WebSocketServer::start().await;
    let url = server.url("/ws/echo");
    let bare = url.strip_prefix("http://").expect("it is plain");
    for url in [bare, &format!("//{bare}")] {
        let (code, out, err) = run(&["ws", url, "-m", "hello", "-n", "1"]).await;
        assert_eq!((code, out.as_str()), (Some(0), "hello\n"), "{err}");
    }
    for (url, told_err) in [
        ("ftp://a.example/", "only ws, wss, http and https URLs"),
        ("", "such as wss://example.com/"),
        ("word", "write ws://word"),
    ] {
        let (code, _, err) = run(&["ws", url]).await;
        assert!(code == Some(2) && err.contains(told_err) && !err.contains(" http://"), "{url:?}: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_sent_and_written_as_they_are() {
    let server = WebSocketServer::start().await;
    let url = server.url("/ws/echo?id=bytes");
    let both = ["ws", &url, "-n", "2"];
    let run_bytes = async |args: &[&str]| {
        let mut child = dualfetch(args).stdin(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(b"\xff\x00\ntext\n").await.expect("it reads");
        drop(stdin);
        child.wait_with_output().await.expect("it ran")
    };
    let got = run_bytes(&[&both[..], &["--binary"]].concat()).await;
    assert_eq!((got.status.code(), &got.stdout[..]), (Some(0), &b"\xff\x00text"[..]));
    let got = run_bytes(&[&both[..], &["--binary", "--hex"]].concat()).await;
    assert_eq!((got.status.code(), &got.stdout[..]), (Some(0), &b"ff00\n74657874\n"[..]));
    let got = told(run_bytes(&both).await);
    assert!(got.0 == Some(2) && got.1.is_empty() && got.2.contains("--binary"), "{got:?}");
    assert_eq!(seen(&server, "bytes").await, "close 1000");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_come_whole_and_in_order_however_slowly_they_are_read() {
    let server = WebSocketServer::start().await;
    let lines: String = (0..100_000).map(|n| format!("{n} {}\n", "x".repeat(n % 300))).collect();
    let url = server.url("/ws/echo");
    let mut child =
        dualfetch(&["ws", "-n", "100000", &url]).stdin(Stdio::piped()).spawn().expect("it starts");
    let (mut stdin, mut stdout) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    let input = lines.clone();
    let writing = tokio::spawn(async move { stdin.write_all(input.as_bytes()).await });
    // Far more is to be written than all buffers on the way hold.
    let (mut read, mut some) = (Vec::new(), [0; 1000]);
    while read.len() < 100_000 {
        let count = stdout.read(&mut some).await.expect("it writes");
        assert!(count > 0, "the end");
        read.extend_from_slice(&some[..count]);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    within("the rest", String::new, stdout.read_to_end(&mut read)).await.expect("it writes");
    writing.await.expect("no panic").expect("all was read");
    assert_eq!(child.wait().await.expect("it ran").code(), Some(0));
    assert!(read == lines.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_tell_a_close_in_order_from_all_others() {
    let (server, refusing) = (WebSocketServer::start().await, Refusing::new());
    let url = |path: &str| server.url(path);
    let cases: [(&[&str], i32, &str, &str); 22] = [
        (&[&url("/ws/close?code=1000&reason=done")], 0, "", ""),
        (&[&url("/ws/close")], 0, "", ""),
        (&[&url("/ws/close?code=4001&reason=not%20you")], 1, "", "* closed by the server: 4001 not you"),
        (&["--quiet", &url("/ws/close?code=4001")], 1, "", ""),
        (&[&url("/ws/close?code=1011")], 1, "", "* closed by the server: 1011"),
        (&[&url("/ws/cut")], 1, "last\n", "closing handshake"),
        (&[&url("/ws/refused")], 1, "", "403"),
        (&["--retries", "0", &refusing.url("/")], 1, "", "could not connect"),
        (&["--max-message-size", "999", &url("/ws/sizes/1000")], 1, "", "999 bytes"),
        (&["--max-message", "999", &url("/ws/sizes/1000")], 1, "", "999 bytes"),
        (&[&url("/ws/sizes/4194305")], 1, "", "4194304 bytes"),
        (&["--heartbeat", "100ms", &url("/ws/silent")], 1, "", "nothing came for 50 ms after a ping"),
        (&["--receive-timeout", "100ms", &url("/ws/echo?id=late")], 1, "", "nothing came for 100 ms"),
        (&[&url("/ws/faults/bad-utf-8")], 1, "", "UTF-8"),
        (&["ftp://example.com/"], 2, "", "ftp"),
        (&["no URL"], 2, "", "no URL"),
        (&["-d", "x", &url("/ws/echo")], 2, "", "-m"),
        (&["-X", "PUT", &url("/ws/echo")], 2, "", "GET"),
        (&["--http2", &url("/ws/echo")], 2, "", "HTTP/1.1"),
        (&["--origin", "https://a.example\nx: y", &url("/ws/echo")], 2, "", "origin"),
        (&["--protocol", "two words", &url("/ws/echo")], 2, "", "two words"),
        (&["-n", "0", &url("/ws/echo")], 2, "", "--count"),
    ];
    for (args, expected, told_out, told_err) in cases {
        let (code, out, err) = run(&[&["ws", "--no-input"], args].concat()).await;
        assert_eq!((code, out.as_str()), (Some(expected), told_out), "{args:?}: {err}");
        assert!(err.contains(told_err) && (err.is_empty() == told_err.is_empty()), "{args:?}: {err}");
        assert!(!err.contains("panicked"), "{err}");
    }
    assert_eq!(seen(&server, "late").await, "close 1000");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_is_what_was_asked_for_and_shown_without_its_secrets() {
    let script = Script::new().read_head().send_head("403 Forbidden", &[("Content-Length", "0")]);
    let server = RawServer::start(script).await;
    let url = server.url("/room?a=b");
    let (code, _, err) = run(&[
        "ws",
        &url,
        "-v",
        "-H",
        "X-Own: 1",
        "--origin",
        "https://app.example",
        "-b",
        "c=hidden",
        "-u",
        "me:hidden",
        "--protocol",
        "v2,v1",
        "--permessage-deflate",
        "--no-input",
    ])
    .await;
    assert_eq!(code, Some(1));
    let (_, head) = server.heads().remove(0);
    let head = format!("{head:?}").to_ascii_lowercase();
    for part in [
        "/room?a=b",
        "x-own",
        "https://app.example",
        "c=hidden",
        "basic bwu6aglkzgvu",
        "v2, v1",
        "permessage-deflate",
        "sec-websocket-version",
    ] {
        assert!(head.contains(part), "{part} is missing in {head}");
    }
    for part in ["> GET /room?a=b", "> x-own: 1", "> origin: https://app.example", "> authorization: ***"] {
        assert!(err.contains(part), "{part} is missing in\n{err}");
    }
    assert!(!err.contains("hidden") && !err.contains("bWU6"), "{err}");

    let server = WebSocketServer::start().await;
    let url = server.url("/ws/echo?protocol=v1");
    let (code, out, err) =
        run(&["ws", "-v", "--compress", "--protocol", "v1", "-m", "x", "-n", "1", &url]).await;
    assert_eq!((code, out.as_str()), (Some(0), "x\n"));
    for part in ["< 101 Switching Protocols", "< sec-websocket-protocol: v1"] {
        assert!(err.contains(part), "{part} is missing in\n{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_no_more_ends_it_without_a_word() {
    let server = WebSocketServer::start().await;
    for path in ["/ws/echo?id=unread", "/ws/sizes/1000/1000"] {
        let mut child =
            dualfetch(&["ws", "-m", "hello", "--no-input", &server.url(path)]).spawn().expect("it starts");
        drop(child.stdout.take());
        let ended = within("its end", String::new, child.wait_with_output()).await;
        let (code, _, err) = told(ended.expect("it ran"));
        assert_eq!((code, err.as_str()), (Some(0), ""), "{path}");
    }
    assert_eq!(seen(&server, "unread").await, "close 1000");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_closes_in_order_and_a_second_one_at_once() {
    use rustix::process::{Pid, Signal, kill_process};

    let server = WebSocketServer::start().await;
    for (signal, code, path) in [
        (Signal::INT, 130, "/ws/echo?id=interrupted"),
        (Signal::TERM, 143, "/ws/echo?id=ended"),
        (Signal::INT, 130, "/ws/silent?id=unanswered"),
    ] {
        let mut command = dualfetch(&["ws", "-v", "-m", "hello", &server.url(path)]);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
        let mut err = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        loop {
            let line = within("the handshake", String::new, err.next_line()).await.expect("UTF-8");
            if line.expect("it goes on") == "<" {
                break;
            }
        }
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).expect("it runs");
        kill_process(id, signal).expect("it can be told");
        if signal == Signal::INT {
            let line = within("a word", String::new, err.next_line()).await.expect("UTF-8");
            assert_eq!(line.as_deref(), Some("* closing; Ctrl-C again does not wait"));
        }
        if path.contains("silent") {
            // The close frame has come, and no answer will for a while.
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(child.try_wait().expect("it can be asked").is_none(), "it waits");
            kill_process(id, signal).expect("it can be told");
        }
        let status = within("the end", String::new, child.wait()).await.expect("it ran");
        assert_eq!(status.code(), Some(code), "{path}");
        let id = path.rsplit_once('=').expect("an id").1;
        assert_eq!(seen(&server, id).await, "close 1000", "{path}");
    }
    // While it connects there is nothing to close.
    let child = dualfetch(&["ws", &server.url("/ws/hang?id=hanging")]).spawn().expect("it starts");
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).expect("it runs");
    server.wait_open(1).await;
    kill_process(id, Signal::INT).expect("it can be told");
    let ended = within("the end", String::new, child.wait_with_output()).await.expect("it ran");
    assert_eq!(ended.status.code(), Some(130));
    assert_eq!(output(dualfetch(&["get", &server.url("/ws/seen?id=hanging")])).await.stdout, b"cut");
}
