//! `get` to files and from files: what has the name, what goes on, and what is told.

use std::path::Path;
use std::process::Stdio;

use sha2::Digest;

use super::run::{dualfetch, told};
use crate::support::routes::pattern;
use crate::support::{CountingServer, Event, Folder, Gate, RawServer, Script, faults};

/// Runs it in this folder.
async fn run_in(folder: &Folder, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = dualfetch(&[&["get"], args].concat());
    told(
        super::run::output({
            command.current_dir(folder.path());
            command
        })
        .await,
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    std::fs::read(path).expect("the file")
}

/// A file of 1000 bytes that is cut off after 400, and then gives the rest to who asks for it.
async fn cut_once() -> (RawServer, Vec<u8>) {
    let content = pattern(1_000).to_vec();
    let (first, rest) = (content[..400].to_vec(), content[400..].to_vec());
    let tag = ("ETag", "\"1\"");
    let begun = Script::new().read_head().send_head("200 OK", &[tag, ("Content-Length", "1000")]).send(first);
    let range = ("Content-Range", "bytes 400-999/1000");
    let gone_on = Script::new()
        .read_head()
        .send_head("206 Partial Content", &[tag, range, ("Content-Length", "600")])
        .send(rest)
        .close();
    (RawServer::sequence([begun.reset(), gone_on]).await, content)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_its_name_only_when_all_of_it_has_come() {
    let folder = Folder::new();
    let path = folder.file("page", "old");
    let server = RawServer::start(faults::short_content_length(1_000, "a start")).await;
    let (code, out, err) = run_in(&folder, &["-o", "page", "--retries", "0", &server.url("/")]).await;
    assert_eq!((code, out.as_str(), folder.names()), (Some(1), "", vec!["page".to_owned()]), "{err}");
    assert!(err.starts_with("error: ") && read(&path) == b"old", "{err}");

    let server = CountingServer::builder().start().await;
    let (code, _, err) = run_in(&folder, &["-v", "-o", "page", &server.url(0, "/bytes/100000")]).await;
    assert_eq!((code, folder.names()), (Some(0), vec!["page".to_owned()]), "{err}");
    assert!(read(&path) == pattern(100_000) && err.contains("* 100.0 kB in page"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_is_gone_on_with_now_and_by_the_same_command() {
    for now in [true, false] {
        let (folder, (server, content)) = (Folder::new(), cut_once().await);
        let url = server.url("/file");
        let hash = hex(&sha2::Sha256::digest(&content));
        let retries = if now { "1" } else { "0" };
        let args = ["-C", "-o", "file", "--retries", retries, "--sha256", &hash, &url];
        let (mut code, _, mut err) = run_in(&folder, &args).await;
        if !now {
            assert_eq!((code, folder.names()), (Some(1), vec!["file.part".into(), "file.part.state".into()]));
            assert!(err.contains("what has come is in file.part"), "{err}");
            (code, _, err) = run_in(&folder, &[&["-v"], &args[..]].concat()).await;
            assert!(err.contains("> range: bytes=400-") && err.contains("400 B of it from before"), "{err}");
            assert!(err.contains("< 206 Partial Content\n< etag: \"1\"\n"), "{err}");
        }
        assert_eq!((code, folder.names()), (Some(0), vec!["file".to_owned()]), "{err}");
        assert!(read(folder.at("file")) == content);
        let (_, head) = server.heads().pop().expect("two requests");
        assert_eq!((head.header("range"), head.header("if-range")), (Some("bytes=400-"), Some("\"1\"")));

        // Once more: it is whole, and nobody is asked. The checksum may come as sha256sum writes it.
        let listed = format!("{hash}  ../file");
        let (code, _, err) = run_in(&folder, &["-C", "-o", "file", "--sha256", &listed, &url]).await;
        assert_eq!((code, server.heads().len()), (Some(0), 2), "{err}");
        assert!(err.contains("file is there already, and has this checksum"), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_the_server_gives_stays_here_and_replaces_nothing() {
    let folder = Folder::new();
    let headers = [("Content-Disposition", "attachment; filename=\"../../given.txt\"")];
    let server = RawServer::start(faults::with_headers(&headers, "content")).await;
    let url = server.url("/other");
    let (code, _, err) = run_in(&folder, &["-O", &url]).await;
    assert_eq!((code, folder.names()), (Some(0), vec!["given.txt".to_owned()]), "{err}");
    assert!(err.contains("* 7 B in ./given.txt"), "{err}");
    for args in [&["-O", url.as_str()][..], &["-O", "-C", &url]] {
        let (code, _, err) = run_in(&folder, args).await;
        assert_eq!(code, Some(2), "{err}");
        assert!(err.contains("given.txt: it is there already; choose another name with -o"), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_comes_in_parts_and_another_checksum_is_no_file() {
    let (folder, server) = (Folder::new(), CountingServer::builder().start().await);
    let url = server.url(0, "/bytes/100000");
    let wrong = "0".repeat(64);
    for more in [&[][..], &["--parallel", "4"]] {
        let (code, _, err) = run_in(&folder, &[more, &["-o", "x", "--sha256", &wrong, &url]].concat()).await;
        assert_eq!((code, folder.names().len()), (Some(1), 0), "{err}");
        assert!(err.contains(&format!("sha256:{wrong} was expected")), "{err}");
        let hash = format!("sha512:{}", hex(&sha2::Sha512::digest(pattern(100_000))));
        let (code, _, err) = run_in(&folder, &[more, &["-o", "x", "--sha256", &hash, &url]].concat()).await;
        assert_eq!(code, Some(0), "{err}");
        std::fs::remove_file(folder.at("x")).expect("it is there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sent_as_it_is_by_put() {
    let folder = Folder::new();
    folder.file("up", pattern(300_000));
    for (args, method) in [(&["-T", "up"][..], "PUT"), (&["-T", "up", "-X", "POST"], "POST")] {
        let taking =
            Script::new().read_head().read_body().send_head("201 Created", &[("Content-Length", "0")]);
        let server = RawServer::start(taking.close()).await;
        let (code, _, err) = run_in(&folder, &[args, &[&server.url("/there")]].concat()).await;
        assert_eq!(code, Some(0), "{err}");
        let head = server.head(0).await;
        assert!(format!("{head:?}").contains(&format!("{method} /there")), "{head:?}");
        assert_eq!((head.header("content-length"), head.header("content-type")), (Some("300000"), None));
        let is_body = |observed: &crate::support::Observed| match &observed.event {
            Event::Body(body) => Some(*body == pattern(300_000)),
            _ => None,
        };
        assert!(server.wait_for("a body", is_body).await);
    }
    let server = CountingServer::builder().start().await;
    let echo = server.url(0, "/echo-body");
    let (code, out, _) = super::run::run_with_input(&["get", "-T", "-", &echo], b"piped").await;
    assert_eq!((code, out.as_str()), (Some(0), "piped"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let (folder, server) = (Folder::new(), RawServer::start(faults::silent()).await);
    let url = server.url("/");
    for (args, says) in [
        (&["-C"][..], "--continue needs a file"),
        (&["-C", "-o", "-"], "--continue needs a file"),
        (&["--parallel", "2"], "--parallel needs a file"),
        (&["--parallel", "0", "-o", "x"], "--parallel"),
        (&["--sha256", &"0".repeat(64)], "--sha256 needs a file"),
        (&["--sha256", "0", "-o", "x"], "64 hexadecimal digits"),
        (&["-O", "-o", "x"], "--remote-name"),
        (&["-C", "-o", "x", "-X", "POST"], "for GET alone"),
        (&["-T", "/no/such/file"], "/no/such/file"),
        (&["-T", "."], "cannot read ."),
        (&["-T", "x", "-d", "y"], "--data"),
    ] {
        let (code, _, err) = run_in(&folder, &[args, &[url.as_str()]].concat()).await;
        assert!(code == Some(2) && err.contains(says), "{args:?}: {err}");
    }
    assert_eq!((server.connections(), folder.names().len()), (0, 0));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_command_leaves_the_part_or_nothing() {
    use rustix::process::{Pid, Signal, kill_process};

    for (args, left) in [
        (&["-o", "file"][..], vec![]),
        (&["-C", "-o", "file"], vec!["file.part".to_owned(), "file.part.state".to_owned()]),
    ] {
        let (folder, gate) = (Folder::new(), Gate::default());
        let head = [("ETag", "\"1\""), ("Content-Length", "200000")];
        let begun = Script::new().read_head().send_head("200 OK", &head).send(vec![7; 100_000]);
        let server = RawServer::start(begun.pause(&gate)).await;
        let mut command = dualfetch(&[&["get"], args, &[server.url("/").as_str()]].concat());
        let child = command.current_dir(folder.path()).stderr(Stdio::piped()).spawn().expect("it starts");
        let is_there = || {
            let sizes = folder.names().into_iter().map(|name| folder.at(&name).metadata());
            sizes.flatten().any(|meta| meta.len() == 100_000)
        };
        let came = async {
            while !is_there() {
                tokio::task::yield_now().await;
            }
        };
        crate::support::within("what came is written", || format!("{:?}", folder.names()), came).await;
        let id = Pid::from_raw(child.id().expect("it runs") as i32).expect("a process");
        kill_process(id, Signal::INT).expect("it is told");
        let (code, _, err) = told(child.wait_with_output().await.expect("it ends"));
        assert_eq!((code, folder.names()), (Some(130), left), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_of_a_file_that_has_begun_are_as_many_as_were_asked_for() {
    let folder = Folder::new();
    let begun = Script::new().read_head().send_head("200 OK", &[("ETag", "\"1\""), ("Content-Length", "9")]);
    let busy = || {
        Script::new()
            .read_head()
            .send_head("503 Busy", &[("Retry-After", "0"), ("Content-Length", "0")])
            .close()
    };
    let all = std::iter::once(begun.send("half").reset()).chain((0..9).map(|_| busy()));
    let server = RawServer::sequence(all).await;
    let (code, _, err) = run_in(&folder, &["-C", "-o", "file", "--retries", "2", &server.url("/")]).await;
    assert_eq!((code, server.heads().len()), (Some(1), 3), "{err}");
}
