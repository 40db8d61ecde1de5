//! `titles`: what becomes of URLs, and of a command line that is wrong.

use std::collections::HashSet;

use serde_json::Value;

use super::run::{File, output, rows, run, told};
use crate::support::{CountingServer, RawServer, Refusing, TlsServer, faults};

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
async fn what_is_wrong_with_the_command_line_is_told_and_exits_with_2() {
    for (args, told) in [
        (&["titles"][..], "no URL"),
        (&["titles", "--limit", "-1", "http://a/"], "--limit"),
        (&["titles", "--limit", "many", "http://a/"], "many"),
        (&["titles", "--timeout", "0", "http://a/"], "--timeout"),
        (&["titles", "--timeout", "soon", "http://a/"], "soon"),
        (&["titles", "--max-bytes", "8 monkeys", "http://a/"], "8 monkeys"),
        (&["titles", "--rate", "10", "http://a/"], "10/s"),
        (&["titles", "--rate", "0/s", "http://a/"], "--rate"),
        (&["titles", "--format", "xml", "http://a/"], "xml"),
        (&["titles", "-i", "/no/such/file"], "/no/such/file"),
        (&["titles", "-i", "/"], "/"),
        (&["titles", "-o", "/no/such/folder/out", "http://a/"], "/no/such/folder/out"),
        (&["titles", "-i", "-", "-d", "@-"], "standard input"),
        (&["no-such-command"], "no-such-command"),
    ] {
        let (code, out, err) = run(args).await;
        assert_eq!(code, Some(2), "{args:?}: {err}");
        assert!(err.contains(told), "{args:?}: {err}");
        assert!(!err.contains("panicked") && out.is_empty(), "{args:?}: {out}{err}");
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
async fn a_timeout_is_told_with_its_phase_and_a_fetched_page_s_rest_is_counted() {
    let server = CountingServer::builder().start().await;
    let (hangs, long) = (server.url(0, "/hang"), server.url(0, "/page/1?size=3000000"));
    let args = ["titles", "--ordered", "--retries", "0", "--timeout", "3s", &hangs, &long];
    let (code, out, err) = run(&args).await;
    assert_eq!(code, Some(1));
    let lines: Vec<_> = out.lines().collect();
    assert!(lines[1].starts_with("error   timeout (headers)  "), "{out}");
    assert!(lines[2].starts_with("200     Page 1  ") && lines[2].contains(&long), "{out}");
    assert!(err.contains("1 fetched, 1 failed;") && err.contains(" %) left unread"), "{err}");
    let (_, _, err) = run(&["titles", "--retries", "0", "--total-timeout", "300ms", "--quiet", &hangs]).await;
    assert_eq!(err, "", "--quiet");
    let (_, out, _) =
        run(&["titles", "--retries", "0", "--total-timeout", "300ms", "--format", "jsonl", &hangs]).await;
    assert_eq!(rows(&out)[0]["error"]["phase"], "total");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_a_scheme_is_asked_over_https_and_keeps_its_name() {
    let secure = TlsServer::start().await;
    let (server, refusing) = (CountingServer::builder().start().await, Refusing::new());
    let bare = |url: String| url.split_once("://").expect("a URL").1.to_owned();
    let hosts = [bare(secure.url(0, "/page/1")), bare(server.url(0, "/page/2")), bare(refusing.url("/"))];
    let mut args = vec!["titles", "--format", "jsonl", "--ordered", "--retries", "0"];
    args.extend(hosts.iter().map(String::as_str));
    let (code, out, err) = run(&args).await;
    assert_eq!(code, Some(1), "{err}");
    let rows = rows(&out);
    let told: Vec<_> = rows.iter().map(|row| (&row["url"], &row["error"]["code"])).collect();
    let expected = ["tls", "tls", "connect"].map(Value::from);
    for ((url, code), (host, expected)) in told.into_iter().zip(hosts.iter().zip(&expected)) {
        assert_eq!((url, code), (&Value::from(host.as_str()), expected));
    }
    assert_eq!(server.total().requests, 0, "a fault of TLS is no reason to do without");
    let hint = format!("write http://{}", hosts[1]);
    assert!(rows[1]["error"]["message"].as_str().is_some_and(|message| message.ends_with(&hint)), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_stays_off_the_screen() {
    let (code, out, _) = run(&["titles", "no-host", "http://me:secret@[bad/"]).await;
    assert_eq!(code, Some(1));
    assert!(!out.contains("secret"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_spaces_requests() {
    let server = CountingServer::builder().start().await;
    let urls = server.urls(11, |n| format!("/page/{n}"));
    let mut args = vec!["titles", "--rate", "20/s"];
    args.extend(urls.iter().map(String::as_str));
    let started = std::time::Instant::now();
    let (code, _, err) = run(&args).await;
    assert_eq!(code, Some(0), "{err}");
    // Ten times 50 ms, at the least; how much more is the machine's.
    assert!(started.elapsed() >= std::time::Duration::from_millis(500), "{err}");
}

/// Open files, in the child alone.
#[cfg(target_os = "linux")]
async fn with_files(limits: &str, urls: &[String]) -> (Option<i32>, String, String) {
    let script = format!("{limits}; exec \"$@\"");
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_dualfetch"), "titles", "--format", "jsonl"]);
    command.args(["--limit-per-host", "0", "--retries", "0"]).args(urls).stdin(std::process::Stdio::null());
    told(output(command).await)
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn open_files_are_as_many_as_the_system_allows_and_the_lack_of_them_is_told() {
    let server = CountingServer::builder().start().await;
    let urls = server.urls(60, |n| format!("/page/{n}?gate=held"));
    let (opening, running) = (server.wait_in_flight(60), with_files("ulimit -S -n 40", &urls));
    let opened = async {
        opening.await;
        server.gate("held").open();
    };
    let ((), (code, _, err)) = tokio::join!(opened, running);
    assert_eq!(code, Some(0), "{err}");
    let (code, out, err) =
        with_files("ulimit -n 20", &server.urls(60, |n| format!("/page/{n}?delay_ms=300"))).await;
    assert_eq!(code, Some(1), "{err}");
    let messages = rows(&out)
        .iter()
        .filter(|row| row["error"]["message"].as_str().is_some_and(|text| text.contains("ulimit -n")))
        .count();
    assert!(messages > 0, "{out}");
}
