//! Cookies: given, read from a file, kept during a run, written to a file.

use super::run::{File, rows, run};
use crate::support::{CountingServer, RawServer, faults};

const FIRST: &str = "# Netscape HTTP Cookie File\n";

fn read(file: &File) -> String {
    std::fs::read_to_string(file.path()).expect("the file")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jar_goes_from_one_run_to_the_next() {
    let server = CountingServer::builder().start().await;
    let jar = File::new("cookies-next", b"");
    std::fs::remove_file(jar.path()).expect("it is not there yet");
    let files = ["-b", jar.path(), "-c", jar.path()];
    let set = server.url(0, "/cookie/session/%22a,b%22");
    let (code, _, err) = run(&[&["get", &set], &files[..]].concat()).await;
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(read(&jar), format!("{FIRST}127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\t%22a,b%22\n"));

    let (_, out, _) = run(&[&["get", &server.url(0, "/echo")], &files[..]].concat()).await;
    assert!(out.contains("cookie: session=%22a,b%22\n"), "{out}");
    let (_, out, _) = run(&[&["get", "-b", "own=1", &server.url(0, "/echo")], &files[..]].concat()).await;
    assert!(out.contains("cookie: session=%22a,b%22; own=1\n"), "{out}");
    let (_, out, _) = run(&["get", &server.url(0, "/echo")]).await;
    assert!(!out.contains("cookie"), "no file, no cookies: {out}");
    assert!(!read(&jar).contains("own"), "what is given by hand is not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_of_a_redirect_are_sent_and_written_whatever_the_end() {
    let (server, jar) = (CountingServer::builder().start().await, File::new("cookies-end", b"old"));
    let head = [
        ("Location", "/echo"),
        ("Set-Cookie", "wall=1; Max-Age=60"),
        ("Content-Length", "0"),
        ("Connection", "close"),
    ];
    let moved = crate::support::Script::new().read_head().send_head("302 Found", &head).expect_close();
    let walled = RawServer::sequence([moved, faults::pages("<title>in</title>")]).await;
    let (code, out, err) = run(&["titles", "--format", "jsonl", "-c", jar.path(), &walled.url("/")]).await;
    assert_eq!((code, &rows(&out)[0]["title"]), (Some(0), &"in".into()), "{err}");
    let heads: Vec<_> = walled.heads().iter().map(|(_, head)| format!("{head:?}")).collect();
    assert!(heads[1].contains("wall=1"), "{heads:?}");
    assert!(read(&jar).contains("\twall\t1\n") && !read(&jar).contains("old"), "{}", read(&jar));

    let lost = server.url(0, "/cookie/lost/1?status=404");
    let (code, _, err) = run(&["get", "--fail", "-c", jar.path(), &lost]).await;
    assert_eq!(code, Some(1), "{err}");
    assert!(read(&jar).ends_with("\tlost\t1\n") && !read(&jar).contains("wall"), "{}", read(&jar));
    let (code, _, err) = run(&["page", "-c", jar.path(), &server.url(0, "/cookie/page/1")]).await;
    assert_eq!(code, Some(0), "{err}");
    assert!(read(&jar).ends_with("\tpage\t1\n"), "{}", read(&jar));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt;

    let (server, jar) = (CountingServer::builder().start().await, File::new("cookies-private", b""));
    let (code, _, err) = run(&["get", "-c", jar.path(), &server.url(0, "/page/1")]).await;
    assert_eq!(code, Some(0), "{err}");
    let mode = std::fs::metadata(jar.path()).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_written_is_told_before_anything_is_asked() {
    let (server, broken) = (CountingServer::builder().start().await, File::new("cookies-broken", b"#\nx\n"));
    let (url, path) = (server.url(0, "/page/1"), broken.path());
    let cases: [(&[&str], &[&str]); 8] = [
        (&["-b", "/no/such/file"], &["/no/such/file"]),
        (&["-b", path], &[path, "line 2"]),
        (&["-c", "/no/such/folder/file"], &["/no/such/folder/file"]),
        (&["-c", "/"], &["cannot write to /"]),
        (&["-o", path, "-c", path], &["-o", "--cookie-jar"]),
        (&["-b", "a=1; b"], &["name=value"]),
        (&["-b", "a b=1"], &["\"a b\""]),
        (&["-b", "a=1\u{1}"], &["\"a\""]),
    ];
    for (args, told) in cases {
        let (code, _, err) = run(&[&["get", &url], args].concat()).await;
        assert_eq!(code, Some(2), "{args:?}: {err}");
        for part in told {
            assert!(err.contains(part), "{args:?}: {part} is missing in {err}");
        }
    }
    assert_eq!(server.total().requests, 0);
    assert_eq!(read(&broken), "#\nx\n");
}
