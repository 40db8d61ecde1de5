//! `--digest`: who is asking, proved without the password being sent.

use super::run::{File, rows, run};
use crate::strict::{PASSWORD, Strict, USER};
use crate::strict_served::serve;
use crate::support::CountingServer;

#[tokio::test(flavor = "multi_thread")]
async fn each_command_that_fetches_answers_a_challenge() {
    let user = format!("{USER}:{PASSWORD}");
    for command in ["get", "page", "titles"] {
        let (strict, server) = serve(Strict::new("SHA-256", "auth")).await;
        let url = server.url(0, "/a?b=c%20d");
        let (code, out, err) = run(&[command, "--digest", "-u", &user, &url]).await;
        assert!(code == Some(0) && out.contains("welcome"), "{command}: {out}{err}");
        assert_eq!((strict.taken().len(), strict.refused().len()), (1, 0), "{command}");
        let (_, out, _) = run(&[command, "--digest", "-u", &format!("{USER}:wrong"), &url]).await;
        assert!(out.contains("who?"), "{command}: {out}");
        assert_eq!(strict.refused().len(), 1, "{command}: one answer, and no more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_of_one_host_are_challenged_once() {
    let (strict, server) = serve(Strict::new("MD5", "auth")).await;
    let list: String = (0..50).map(|index| server.url(0, &format!("/{index}\n"))).collect();
    let (list, user) = (File::new("digest-list", list.as_bytes()), format!("{USER}:{PASSWORD}"));
    let args =
        ["titles", "-u", &user, "--digest", "-i", list.path(), "--format", "jsonl", "--limit-per-host", "1"];
    let (code, out, err) = run(&args).await;
    assert_eq!(code, Some(0), "{err}");
    assert!(rows(&out).iter().all(|row| row["title"] == "welcome"), "{out}");
    assert_eq!((server.total().requests, strict.refused().len()), (51, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_whose_password_is_missing_and_nothing_is_sent_unasked() {
    let (code, _, err) = run(&["get", "--digest", "http://127.0.0.1:9/"]).await;
    assert!(code == Some(2) && err.contains("--user"), "{err}");
    let (code, _, err) = run(&["get", "--digest", "-u", "a\nb:c", "http://127.0.0.1:9/"]).await;
    assert!(code != Some(0) && !err.contains("a\nb"), "{err}");

    let server = CountingServer::builder().start().await;
    let (code, out, err) = run(&["get", "--digest", "-u", "me:secret", &server.url(0, "/echo")]).await;
    assert!(code == Some(0) && !out.contains("authorization"), "{out}{err}");
}
