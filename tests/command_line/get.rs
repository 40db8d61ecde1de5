//! `get`: one request and its body; and the options of a request, which `titles` has as well.

use std::process::Stdio;

use super::run::{File, dualfetch, output, rows, run, run_with_input, told};
use crate::support::routes::pattern;
use crate::support::{CountingServer, RawServer, Refusing, Script, faults};

#[tokio::test(flavor = "multi_thread")]
async fn the_body_is_written_as_it_is() {
    let server = CountingServer::builder().start().await;
    let url = server.url(0, "/bytes/100000?chunk=1000");
    let got = output(dualfetch(&["get", &url])).await;
    assert_eq!((got.status.code(), got.stdout == pattern(100_000)), (Some(0), true));
    assert_eq!(String::from_utf8_lossy(&got.stderr), "");

    let file = File::new("get-output", b"longer than what comes");
    let (code, out, err) = run(&["get", "-o", file.path(), &server.url(0, "/bytes/10")]).await;
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    assert_eq!(std::fs::read(file.path()).expect("the file"), pattern(10));

    let zipped = faults::gzip(b"text\n");
    let script = faults::with_headers(&[("content-encoding", "gzip")], zipped);
    let server = RawServer::start(script).await;
    let (code, out, _) = run(&["get", &server.url("/")]).await;
    assert_eq!((code, out.as_str()), (Some(0), "text\n"), "decompressed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_has_fields_and_files_as_curl_writes_them() {
    let server = CountingServer::builder().start().await;
    let (echo, file) = (server.url(0, "/echo"), File::new("get-form", b"from\0a file"));
    let [sent, named, text] = [
        format!("sent=@{}", file.path()),
        format!("named=@{};filename=\"a \\\"b\\\".PNG\";type=image/x", file.path()),
        format!("text=<{}", file.path()),
    ];
    let args = ["get", &echo, "-F", "title=A cat", "-F", &sent, "-F", &named, "-F", &text];
    let (code, out, err) = run(&args).await;
    assert_eq!(code, Some(0), "{err}");
    let name = file.path().rsplit('/').next().expect("a name");
    let file_type = "Content-Type: application/octet-stream";
    for part in [
        "POST /echo",
        "content-type: multipart/form-data; boundary=",
        "content-length: ",
        "name=\"title\"\r\n\r\nA cat\r\n--",
        &format!("name=\"sent\"; filename=\"{name}\"\r\n{file_type}\r\n\r\nfrom\0a file\r\n--"),
        "name=\"named\"; filename=\"a %22b%22.PNG\"\r\nContent-Type: image/x\r\n\r\nfrom",
        "name=\"text\"\r\n\r\nfrom\0a file\r\n--",
    ] {
        assert!(out.contains(part), "{part:?} is missing in\n{out}");
    }
    let args = ["titles", "--format", "jsonl", "-F", &sent, &echo, &echo];
    let (code, out, err) = run(&args).await;
    assert_eq!((code, out.matches("\"status\":200").count()), (Some(0), 2), "{out} {err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_is_what_was_asked_for() {
    let server = CountingServer::builder().start().await;
    let (echo, file) = (server.url(0, "/echo"), File::new("get-data", b"from\na file"));
    let from_file = format!("@{}", file.path());
    let json_type =
        ["POST /echo", "content-type: application/json", "accept: application/json", "{\"a\": 1}"];
    let cases: [(&[&str], &[&str]); 9] = [
        (&[], &["GET /echo", "accept: */*", "user-agent: dualfetch/"]),
        (&["-X", "PATCH"], &["PATCH /echo"]),
        (&["-d", "a=1", "-d", "b=2"], &["POST /echo", "application/x-www-form-urlencoded", "a=1&b=2"]),
        (
            &["-X", "PUT", "-d", &from_file, "-H", "Content-Type: text/x"],
            &["PUT", "content-type: text/x", "from\na file"],
        ),
        (&["--json", "{\"a\": 1}"], &json_type),
        (&["-H", "x-one: 1", "-H", "x-one:2"], &["x-one: 1", "x-one: 2"]),
        (&["-A", "me/1", "-b", "a=1; b=2"], &["user-agent: me/1", "cookie: a=1; b=2"]),
        (&["-u", "me:secret"], &["authorization: Basic bWU6c2VjcmV0"]),
        (&["--http1"], &["HTTP/1.1"]),
    ];
    for (args, expected) in cases {
        let (code, out, err) = run(&[&["get", &echo], args].concat()).await;
        assert_eq!(code, Some(0), "{args:?}: {err}");
        for part in expected {
            assert!(out.contains(part), "{args:?}: {part} is missing in\n{out}");
        }
    }
    let (code, out, err) = run_with_input(&["get", &echo, "-F", "a=<-"], b"piped").await;
    assert!(code == Some(0) && out.contains("name=\"a\"\r\n\r\npiped\r\n--"), "{out} {err}");
    let (code, out, _) = run_with_input(&["get", &echo, "-d", "@-"], b"piped").await;
    assert!(code == Some(0) && out.ends_with("piped"), "{out}");
    let (_, _, err) = run(&["get", "-v", "--http2", &echo]).await;
    assert!(err.contains("< HTTP/2 200"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_asks_the_same() {
    let page = "<title>posted</title>";
    let server = RawServer::start(faults::pages(page)).await;
    let args = ["titles", "--format", "jsonl", "-X", "POST", "-d", "a=1", "-H", "x-one: 1", "-b", "c=3"];
    let (code, out, err) = run(&[&args[..], &["-u", "me:pass", &server.url("/form")]].concat()).await;
    assert_eq!((code, &rows(&out)[0]["title"]), (Some(0), &"posted".into()), "{err}");
    let (_, head) = server.heads().remove(0);
    let head = format!("{head:?}").to_ascii_lowercase();
    for part in ["post", "/form", "x-one", "cookie", "authorization", "application/x-www-form-urlencoded"] {
        assert!(head.contains(part), "{part} is missing in {head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exchange_is_shown_without_its_secrets() {
    let server = CountingServer::builder().start().await;
    let (target, other) = (server.url(0, "/cookie/session/hidden"), "x: shown");
    let from = server.url(0, &format!("/redirect-to?location={target}&status=302"));
    let args = ["get", "-v", "-u", "me:secret", "-b", "token=secret", "-H", other, &from];
    let (code, _, err) = run(&args).await;
    assert_eq!(code, Some(0), "{err}");
    for part in [
        "> GET /redirect-to?location=",
        "> host: 127.0.0.1:",
        "> x: shown",
        "> authorization: ***",
        "> cookie: ***",
        "answered 302",
        "* redirected to http://127.0.0.1:",
        "< HTTP/1.1 200",
        "< set-cookie: ***",
        "attempt(s)",
    ] {
        assert!(err.contains(part), "{part} is missing in\n{err}");
    }
    assert!(!err.contains("secret") && !err.contains("bWU6"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_tell_failures_from_mistakes() {
    let (server, refusing) = (CountingServer::builder().start().await, Refusing::new());
    let (lost, dead, page) = (server.url(0, "/status/404"), refusing.url("/"), server.url(0, "/page/1"));
    let cases: [(&[&str], i32, &str, &str); 20] = [
        (&[&lost], 0, "Status 404", ""),
        (&["--fail", "--retries", "0", &lost], 1, "", "404"),
        (&["--retries", "0", &dead], 1, "", "could not connect"),
        (&["no URL"], 2, "", "no URL"),
        (&["--json", "{", &page], 2, "", "--json"),
        (&["--json", "{}", "-d", "x", &page], 2, "", "--data"),
        (&["-d", "@/no/such/file", &page], 2, "", "/no/such/file"),
        (&["-F", "a=@/no/such/file", &page], 2, "", "/no/such/file"),
        (&["-F", "a=<.", &page], 2, "", "cannot read ."),
        (&["-F", "a=@.", &page], 2, "", "cannot read ."),
        (&["-F", "no value", &page], 2, "", "photo=@cat.png"),
        (&["-F", "a=b;type=png", &page], 2, "", "\"png\" is no content type"),
        (&["-F", "a=b;encoder=base64", &page], 2, "", "encoder"),
        (&["-F", "a=@-", "-F", "b=<-", &page], 2, "", "standard input"),
        (&["-d", "@-", "-d", "@-", &page], 2, "", "standard input"),
        (&["-T", ".", &page], 2, "", "cannot read ."),
        (&["-F", "a=b", "-d", "x", &page], 2, "", "--data"),
        (&["-H", "no colon", &page], 2, "", "a colon"),
        (&["-X", "two words", &page], 2, "", "two words"),
        (&["-o", "/no/such/folder/file", &page], 2, "", "/no/such/folder/file"),
    ];
    for (args, expected, told_out, told_err) in cases {
        let (code, out, err) = run(&[&["get"], args].concat()).await;
        assert_eq!(code, Some(expected), "{args:?}: {err}");
        assert!(out.contains(told_out) && err.contains(told_err), "{args:?}: {out}{err}");
        assert!(expected == 0 || out.is_empty(), "{args:?}: {out}");
        assert!(!err.contains("panicked"), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_s_words_are_shown_without_what_a_terminal_obeys() {
    let body = r#"{"title":"\u001b]0;x\u0007\u009b2J","detail":"one\nline\u202e"}"#;
    let head = [("Content-Type", "application/problem+json"), ("Content-Length", &*body.len().to_string())];
    let server =
        RawServer::start(Script::new().read_head().send_head("400 Bad Request", &head).send(body)).await;
    let (code, _, err) = run(&["get", "--fail", "--retries", "0", &server.url("/")]).await;
    assert!(code == Some(1) && err.contains("]0;x") && err.contains("one line"), "{err:?}");
    assert!(err.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{err:?}");
    assert_eq!(err.lines().count(), 1, "{err:?}");

    let (code, _, err) = run(&["get", "-d", "@/no/such\u{1b}[2J\nfile", &server.url("/")]).await;
    assert!(code == Some(2) && err.lines().count() == 1 && !err.contains('\u{1b}'), "{err:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_named_pipe_is_opened_once_by_whom_sends_it() {
    let (server, refusing) = (CountingServer::builder().start().await, Refusing::new());
    let folder = crate::support::Folder::new();
    for (index, how) in [&["-T"][..], &["-F"]].into_iter().enumerate() {
        let path = folder.at(&format!("pipe-{index}"));
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a pipe");
        let text = path.to_str().expect("UTF-8");
        let source = if how == ["-T"] { text.to_owned() } else { format!("x=@{text}") };
        let url = refusing.url("/");
        let (code, _, err) = run(&["get", "--retries", "0", how[0], &source, &url]).await;
        assert!(code == Some(1) && err.contains("could not connect"), "{how:?}, and nobody writes: {err}");
        let command = dualfetch(&["get", how[0], &source, &server.url(0, "/echo")]);
        let writing = tokio::task::spawn_blocking(move || std::fs::write(path, "through a pipe"));
        let (code, out, err) = told(output(command).await);
        assert!(code == Some(0) && out.contains("through a pipe"), "{how:?}: {out}{err}");
        writing.await.expect("no panic").expect("somebody has read to the end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_early_is_written_as_far_as_it_came_and_told() {
    let server = RawServer::start(faults::short_content_length(1_000, "a start")).await;
    let (code, out, err) = run(&["get", "--retries", "0", &server.url("/")]).await;
    assert_eq!((code, out.as_str()), (Some(1), "a start"));
    assert!(err.starts_with("error: "), "{err}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_a_closed_pipe_is_not() {
    let server = CountingServer::builder().start().await;
    let url = server.url(0, "/bytes/10000000");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    let child = dualfetch(&["get", &url]).stdout(Stdio::from(full)).spawn().expect("it starts");
    let (code, _, err) = told(child.wait_with_output().await.expect("it ran"));
    assert!(code == Some(2) && err.contains("standard output"), "{err}");
    let (code, _, err) = run(&["get", "-o", "/dev/full", &url]).await;
    assert!(code == Some(2) && err.contains("/dev/full"), "{err}");
    let mut child = dualfetch(&["get", &url]).spawn().expect("it starts");
    drop(child.stdout.take());
    let (code, _, err) = told(child.wait_with_output().await.expect("it ran"));
    assert_eq!((code, err.as_str()), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_url_to_fetch_is_the_command_line_s_fault() {
    for (given, said) in
        [("foo", "https://example.com/"), ("htp://x/", "http and https"), ("http://a{b}/", "invalid")]
    {
        let (code, _, err) = run(&["get", given]).await;
        assert_eq!(code, Some(2), "{given}: {err}");
        assert!(err.contains(said), "{given}: {err}");
    }
}
