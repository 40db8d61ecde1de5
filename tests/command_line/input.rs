//! Lists of URLs: from files, from pipes, in any shape.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::run::{File, dualfetch, rows, run, run_with_input};
use crate::support::{CountingServer, PATIENCE, within_at_most};

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
async fn lines_end_as_on_any_system() {
    let server = CountingServer::builder().start().await;
    let urls = server.urls(5, |n| format!("/page/{n}"));
    for (end, last) in [("\n", "\n"), ("\r\n", "\r\n"), ("\r", "\r"), ("\n", ""), ("\r\n\r\n\r", "\n")] {
        let list = format!("{}{last}", urls.join(end));
        let args = ["titles", "-i", "-", "--ordered", "--format", "jsonl"];
        let (code, out, err) = run_with_input(&args, list.as_bytes()).await;
        let told: Vec<_> =
            rows(&out).iter().map(|row| row["url"].as_str().unwrap_or_default().to_owned()).collect();
        assert_eq!((code, told), (Some(0), urls.clone()), "{end:?} {last:?}: {err}");
    }
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
        let line = within_at_most(PATIENCE, "the row", String::new, out.next_line()).await;
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
