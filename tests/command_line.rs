//! The command line as its users run it: arguments, pipes, files, exit codes.
#![cfg(all(feature = "cli", not(target_arch = "wasm32")))]
// These tests run processes and servers on a real clock.
#![allow(clippy::disallowed_methods, missing_docs)]

mod support;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde_json::Value;
use support::{CountingServer, RawServer, Refusing, faults, within_at_most};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

/// The binary, with nothing on standard input and none of the caller's colour settings.
fn dualfetch(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualfetch"));
    command.args(args).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("RUST_BACKTRACE");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn output(mut command: Command) -> Output {
    let output = command.output();
    within_at_most(std::time::Duration::from_secs(120), "the command's end", String::new, output)
        .await
        .expect("the command ran")
}

async fn run(args: &[&str]) -> (Option<i32>, String, String) {
    told(output(dualfetch(args)).await)
}

async fn run_with_input(args: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
    let mut child = dualfetch(args).stdin(Stdio::piped()).spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writing = tokio::spawn(async move {
        let _ = stdin.write_all(&input).await;
    });
    let output = child.wait_with_output().await.expect("the command ran");
    writing.await.expect("the input was written");
    told(output)
}

fn told(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn rows(jsonl: &str) -> Vec<Value> {
    jsonl.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// A file of this test's own, gone with the value.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("dualfetch-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("a temporary file");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a UTF-8 path")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_urls_on_fifty_hosts_keep_to_the_limits_and_have_a_row_each() {
    let server = CountingServer::builder().hosts(50).start().await;
    let urls = server.urls(20_000, |n| format!("/page/{n}?delay_ms=20"));
    let list = File::new("twenty-thousand", urls.join("\n").as_bytes());
    let args = ["titles", "-i", list.path(), "--limit", "100", "--limit-per-host", "10", "--format", "jsonl"];
    let (code, out, err) = run(&args).await;
    assert_eq!(code, Some(0), "{err}");
    let rows = rows(&out);
    let told: HashSet<_> = rows.iter().map(|row| row["url"].as_str().expect("a URL")).collect();
    assert_eq!((rows.len(), told.len()), (20_000, 20_000));
    assert!(urls.iter().all(|url| told.contains(url.as_str())));
    assert!(rows.iter().all(|row| row["title"].as_str().is_some_and(|title| title.starts_with("Page "))));
    let total = server.total();
    assert!(total.peak <= 100 && total.peak > 60, "{total:?}");
    assert!(server.peak_per_host() <= 10, "{}", server.peak_per_host());
    println!("peak {} in all, {} at one host", total.peak, server.peak_per_host());
}

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

#[tokio::test(flavor = "multi_thread")]
async fn the_input_may_have_any_line_ends_blank_lines_comments_and_duplicates() {
    let server = CountingServer::builder().start().await;
    let url = |n: u32| server.url(0, &format!("/page/{n}"));
    let list = format!("\u{feff}{}\r\n\r\n# a comment\n  {}  \n{}\n{}", url(1), url(2), url(1), url(3));
    let (code, out, err) =
        run_with_input(&["titles", "-i", "-", "--ordered", "--format", "jsonl"], list.as_bytes()).await;
    assert_eq!(code, Some(0), "{err}");
    let titles: Vec<_> =
        rows(&out).iter().map(|row| row["title"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(titles, ["Page 1", "Page 2", "Page 1", "Page 3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_no_text_or_have_no_end_are_rows_with_an_error() {
    let mut list = b"\x80\x00binary\n".to_vec();
    list.extend(std::iter::repeat_n(b'x', 1 << 20));
    list.extend(b"\nhttp://[::1\n");
    let (code, out, _) = run_with_input(&["titles", "-i", "-", "--format", "jsonl"], &list).await;
    assert_eq!(code, Some(1));
    let rows = rows(&out);
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row["error"]["code"] == "invalid_url"), "{rows:?}");
    assert!(out.len() < 10_000, "the megabyte is not repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_command_line_is_told_and_exits_with_2() {
    for (args, told) in [
        (&["titles"][..], "no URL"),
        (&["titles", "--limit", "-1", "http://a/"], "--limit"),
        (&["titles", "--limit", "many", "http://a/"], "many"),
        (&["titles", "--timeout", "0", "http://a/"], "--timeout"),
        (&["titles", "--timeout", "soon", "http://a/"], "soon"),
        (&["titles", "--max-bytes", "8 monkeys", "http://a/"], "8 monkeys"),
        (&["titles", "--format", "xml", "http://a/"], "xml"),
        (&["titles", "-i", "/no/such/file"], "/no/such/file"),
        (&["titles", "-i", "/"], "/"),
        (&["titles", "-o", "/no/such/folder/out", "http://a/"], "/no/such/folder/out"),
        (&["no-such-command"], "no-such-command"),
    ] {
        let (code, out, err) = run(args).await;
        assert_eq!(code, Some(2), "{args:?}: {err}");
        assert!(err.contains(told), "{args:?}: {err}");
        assert!(!err.contains("panicked") && out.is_empty(), "{args:?}: {out}{err}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_exits_with_2() {
    let server = CountingServer::builder().start().await;
    let (code, _, err) = run(&["titles", "-o", "/dev/full", &server.url(0, "/page/1")]).await;
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("/dev/full") && !err.contains("panicked"), "{err}");
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
async fn a_passing_failure_is_tried_again_unless_told_not_to() {
    let scripts = || [faults::reset_before_head(), faults::pages("<title>there</title>")];
    let server = RawServer::sequence(scripts()).await;
    let (code, out, err) = run(&["titles", "--format", "jsonl", &server.url("/")]).await;
    assert_eq!(code, Some(0), "{err}");
    assert_eq!((&rows(&out)[0]["attempts"], &rows(&out)[0]["title"]), (&2.into(), &"there".into()));
    let server = RawServer::sequence(scripts()).await;
    let (code, _, _) = run(&["titles", "--retries", "0", &server.url("/")]).await;
    assert_eq!(code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_prints_every_page_and_every_error_as_it_should() {
    for no_ca_store in [false, true] {
        let mut command = dualfetch(&["demo"]);
        if no_ca_store {
            command.env("SSL_CERT_FILE", "/no/such/file").env("SSL_CERT_DIR", "/no/such/folder");
        }
        let (code, out, err) = told(output(command).await);
        assert_eq!(code, Some(0), "{out}{err}");
        for told in [
            "红楼梦",
            "三国演义",
            "西游记",
            "吾輩は猫である",
            "銀河鉄道の夜",
            "雪国",
            "Bücher & Brücken – für Anfänger",
            "À la recherche du temps perdu",
            "El niño",
            "A new home",
            "Five megabytes",
            "Worth the wait",
            "404",
            "500",
            "(no title)",
            "timeout (headers)",
            "disconnected",
            "as expected",
            "left on the server",
        ] {
            assert!(out.contains(told), "{told} is missing:\n{out}");
        }
        assert!(!out.contains('\u{1b}'), "colours are for terminals");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_live_input_gets_its_rows_while_it_is_open() {
    let server = CountingServer::builder().start().await;
    let mut child = dualfetch(&["titles", "-i", "-", "--format", "jsonl"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for n in 0..3 {
        stdin
            .write_all(format!("{}\n", server.url(0, &format!("/page/{n}"))).as_bytes())
            .await
            .expect("open");
        let line = within_at_most(support::PATIENCE, "the row", String::new, out.next_line()).await;
        let line = line.expect("UTF-8").expect("a row");
        assert_eq!(rows(&line)[0]["title"], format!("Page {n}"));
    }
    drop(stdin);
    assert_eq!(child.wait().await.expect("an end").code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_come_before_the_list_and_bad_lines_keep_their_place() {
    let server = CountingServer::builder().start().await;
    let (first, last) = (server.url(0, "/page/1"), server.url(0, "/page/3"));
    let list = [b"\xFFbinary\n", last.as_bytes()].concat();
    let (code, out, _) =
        run_with_input(&["titles", "--ordered", "--format", "jsonl", "-i", "-", &first], &list).await;
    assert_eq!(code, Some(1));
    let rows = rows(&out);
    assert_eq!((&rows[0]["title"], &rows[2]["title"]), (&"Page 1".into(), &"Page 3".into()));
    assert_eq!(rows[1]["url"], "\u{FFFD}binary");
    assert!(
        rows[1]["error"]["message"].as_str().is_some_and(|message| message.contains("line 1 is not UTF-8"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_cannot_be_read_on_keeps_its_rows_and_exits_with_2() {
    let utf16 = File::new("utf-16", b"\xFF\xFEh\0t\0t\0p\0");
    let (code, _, err) = run(&["titles", "-i", utf16.path()]).await;
    assert_eq!(code, Some(2));
    assert!(err.contains(utf16.path()) && err.contains("UTF-16"), "{err}");
    let server = CountingServer::builder().start().await;
    let args = ["titles", "--format", "jsonl", "-i", utf16.path(), &server.url(0, "/page/1")];
    let (code, out, _) = run(&args).await;
    assert_eq!((code, rows(&out).len()), (Some(2), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_not_emptied_by_writing_to_it() {
    let list = File::new("both", b"http://a.invalid/\n");
    let (code, _, err) = run(&["titles", "-i", list.path(), "-o", list.path()]).await;
    assert_eq!(code, Some(2));
    assert!(err.contains(list.path()), "{err}");
    assert_eq!(std::fs::read(list.path()).expect("still there"), b"http://a.invalid/\n");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_is_told_with_its_phase_and_a_fetched_page_s_rest_is_counted() {
    let server = CountingServer::builder().start().await;
    let (hangs, long) = (server.url(0, "/hang"), server.url(0, "/page/1?size=3000000"));
    let args = ["titles", "--ordered", "--retries", "0", "--timeout", "300ms", &hangs, &long];
    let (code, out, err) = run(&args).await;
    assert_eq!(code, Some(1));
    let lines: Vec<_> = out.lines().collect();
    assert!(lines[1].starts_with("error   timeout (headers)  "), "{out}");
    assert!(lines[2].starts_with("200     Page 1  ") && lines[2].contains(&long), "{out}");
    assert!(err.contains("1 fetched, 1 failed (timeout 1)") && err.contains("MB left unread"), "{err}");
    let (_, _, err) = run(&["titles", "--retries", "0", "--total-timeout", "300ms", "--quiet", &hangs]).await;
    assert_eq!(err, "", "--quiet");
    let (_, out, _) =
        run(&["titles", "--retries", "0", "--total-timeout", "300ms", "--format", "jsonl", &hangs]).await;
    assert_eq!(rows(&out)[0]["error"]["phase"], "total");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_forgets_the_scheme_is_told_what_to_write_and_a_password_stays_off_the_screen() {
    let (code, out, _) = run(&["titles", "example.com", "http://me:secret@[bad/"]).await;
    assert_eq!(code, Some(1));
    assert!(out.contains("write https://example.com"), "{out}");
    assert!(!out.contains("secret"), "{out}");
}

/// A folder like the repository, with or without a built package, gone with the value.
struct Repository(PathBuf);

impl Repository {
    fn new(name: &str, built: bool) -> Self {
        let root = std::env::temp_dir().join(format!("dualfetch-{}-{name}", std::process::id()));
        let write = |path: &str, content: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a temporary folder");
            std::fs::write(path, content).expect("a temporary file");
        };
        write("www/index.html", "<!doctype html><title>The page</title>");
        write("secret.txt", "not to be served");
        write("below/file", "");
        if built {
            write("pkg/wasm/dualfetch/dualfetch_bg.wasm", "\0asm");
            write("pkg/dist/web/index.web.js", "export {}");
        }
        Self(root)
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_page_needs_its_package_and_a_port_needs_a_page() {
    let repository = Repository::new("not-built", false);
    let mut command = dualfetch(&["demo", "--web"]);
    command.current_dir(&repository.0);
    let (code, out, err) = told(output(command).await);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains("run scripts/package") && err.lines().count() == 1, "{err}");
    for args in [&["demo", "--port", "8000"][..], &["demo", "--web", "--port", "65536"]] {
        let (code, _, err) = run(args).await;
        assert!(code == Some(2) && err.contains("--web") | err.contains("65536"), "{err}");
    }
    let (code, out, _) = run(&["demo", "--help"]).await;
    assert!(code == Some(0) && out.contains("--web") && out.contains("--port"), "{out}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_page_and_its_sites_are_served_until_ctrl_c() {
    let repository = Repository::new("built", true);
    let mut command = dualfetch(&["demo", "--web"]);
    let mut child = command.current_dir(repository.0.join("below")).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let line = within_at_most(support::PATIENCE, "the address", String::new, out.next_line()).await;
    let line = line.expect("UTF-8").expect("a line");
    let page = line.strip_prefix("The demo page: ").expect("the address");

    for (path, status, content_type, content) in [
        ("", 200, "text/html", "The page"),
        ("pkg/dist/web/index.web.js", 200, "text/javascript", "export"),
        ("pkg/wasm/dualfetch/dualfetch_bg.wasm", 200, "application/wasm", "\0asm"),
        ("demo.json", 200, "application/json", "never answers"),
        ("pkg/%2e%2e/secret.txt", 404, "text/plain", "404"),
        ("pkg//secret.txt", 404, "text/plain", "404"),
        ("pkg/dist", 404, "text/plain", "404"),
        ("nothing", 404, "text/plain", "404"),
    ] {
        let (head, body) = exchange("GET", &format!("{page}{path}")).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {head}");
        assert!(head.contains(&format!("content-type: {content_type}")), "{path}: {head}");
        assert!(body.contains(content), "{path}: {body}");
    }
    let (head, _) = exchange("POST", page).await;
    assert!(head.starts_with("HTTP/1.1 405"), "{head}");

    let (_, list) = exchange("GET", &format!("{page}demo.json")).await;
    let list: Vec<Value> = serde_json::from_str(&list).expect("a list");
    let site = |path: &str| {
        let mut urls = list.iter().filter_map(|entry| entry["url"].as_str());
        urls.find(|url| url.ends_with(path)).unwrap_or_else(|| panic!("no {path}")).to_owned()
    };
    for (path, status) in [("/gzip", 200), ("/old", 301), ("/nowhere", 404), ("/broken", 500)] {
        let (head, _) = exchange("GET", &site(path)).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
        assert!(head.contains("access-control-allow-origin: *"), "{head}");
    }
    let (head, _) = exchange("OPTIONS", &site("/gzip")).await;
    assert!(head.contains("access-control-allow-headers: *"), "{head}");
    let (head, body) = exchange("GET", &site("/cut")).await;
    assert!(head.contains("access-control-allow-origin: *"), "a browser must not blame CORS: {head}");
    assert!(head.contains("content-length: 1000") && body.len() < 1000, "{head}");

    let taken = page.trim_end_matches('/').rsplit(':').next().expect("a port");
    let mut second = dualfetch(&["demo", "--web", "--port", taken]);
    second.current_dir(&repository.0);
    let (code, _, err) = told(output(second).await);
    assert!(code == Some(2) && err.contains("is taken"), "{err}");

    let id = child.id().expect("it runs").to_string();
    let told = std::process::Command::new("kill").args(["-s", "INT", &id]).status();
    assert!(told.is_ok_and(|status| status.success()));
    assert_eq!(child.wait().await.expect("an end").code(), Some(0));
}

/// The head and the body of what is answered, with nothing interpreted on the way.
async fn exchange(method: &str, url: &str) -> (String, String) {
    let (host, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a URL");
    let mut stream = tokio::net::TcpStream::connect(host).await.expect("a server");
    let request = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an end");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}
