//! `--resume`: whatever ends a run, every line gets exactly one row.

use std::collections::HashMap;
use std::path::Path;

use super::job::Job;
use super::run::{File, dualfetch, output, rows, run, told};
use crate::support::{CountingServer, Refusing};

fn counted<'a>(urls: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    urls.for_each(|url| *counts.entry(url).or_default() += 1);
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_and_resumed_every_line_has_exactly_one_row() {
    for ordered in [false, true] {
        let server = CountingServer::builder().hosts(4).start().await;
        let refusing = Refusing::new();
        // Served ones, refused ones, and each tenth URL again.
        let urls: Vec<String> = (0..3_000)
            .map(|n| match n % 3 {
                _ if n % 10 == 9 => server.url(0, "/page/9"),
                0 => refusing.url(&format!("/{n}")),
                _ => server.url(n % 4, &format!("/page/{n}?gate=served")),
            })
            .collect();
        let job = Job::new(&format!("killed-{ordered}"), &urls.join("\n"));
        let mut more = vec!["--format", "csv", "--limit", "40"];
        more.extend(ordered.then_some("--ordered"));
        // No run gets to the end by itself, however late it is killed: the ten together are let through to fewer
        // than the served ones. The waiting requests of a run that was killed may use up as many as its limit.
        let served = server.gate("served");
        for kill in 1..=10 {
            let (before, rows) = (server.total().requests, job.rows_saved());
            served.let_through(100 + 13 * kill);
            let mut child = dualfetch(&[]).args(job.args(&more)).spawn().expect("it starts");
            // In the middle of something, or right after a save.
            match kill % 2 {
                0 => {
                    let later = before + 13 * kill;
                    server.wait_until("some more requests", |counts| counts.requests >= later).await;
                }
                _ => job.wait_for_a_save_after(rows).await,
            }
            child.kill().await.expect("it ran");
            assert!(job.state()["done_from_there"].is_string(), "the state is whole");
        }
        served.open();
        let (code, err) = job.run(&more).await;
        assert_eq!(code, Some(1), "some are refused: {err}");
        let written = job.written();
        let mut reader = csv::Reader::from_reader(written.as_bytes());
        let told: Vec<String> = reader
            .records()
            .map(|row| row.expect("a whole row").get(0).unwrap_or_default().to_owned())
            .collect();
        let (got, asked) = (told.iter().map(String::as_str), urls.iter().map(String::as_str));
        assert_eq!(counted(got), counted(asked), "a row for each line, and one heading");
        assert!(!ordered || told == urls, "in order");
        assert_eq!(job.state()["rows"], 3_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_is_done_a_second_run_says_so_and_fetches_nothing() {
    let server = CountingServer::builder().start().await;
    let job = Job::new("twice", &server.urls(20, |n| format!("/page/{n}")).join("\n"));
    let extra = server.url(0, "/page/99");
    for (run, told) in [(1, "21 fetched"), (2, "nothing is left"), (3, "nothing is left")] {
        let (code, err) = job.run(&["--format", "jsonl", &extra]).await;
        assert_eq!(code, Some(0), "{err}");
        assert!(err.contains(told), "run {run}: {err}");
        assert_eq!(rows(&job.written()).len(), 21, "the URL of the command line has one, too");
    }
    assert_eq!(server.total().requests, 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_belong_together_is_refused_and_nothing_is_overwritten() {
    let server = CountingServer::builder().start().await;
    let url = server.url(0, "/page/1");
    let job = Job::new("mixed", &url);
    let (code, err) = job.run(&["--format", "csv"]).await;
    assert_eq!(code, Some(0), "{err}");
    let written = job.written();

    let (code, err) = job.run(&["--format", "tsv"]).await;
    assert!(code == Some(2) && err.contains("--format csv"), "{err}");
    let (code, err) = job.run(&["--format", "csv", "--ordered"]).await;
    assert!(code == Some(2) && err.contains("without --ordered"), "{err}");
    std::fs::write(job.list.path(), format!("{url}\n{url}")).expect("the list");
    let (code, err) = job.run(&["--format", "csv"]).await;
    assert!(code == Some(2) && err.contains("restore the input"), "{err}");
    std::fs::write(job.list.path(), &url).expect("the list");
    assert_eq!(job.written(), written);

    // A file of the same length that is not what was written; then none at all.
    std::fs::write(job.file("rows"), written.replace("Page", "Leaf")).expect("the rows");
    let (code, err) = job.run(&["--format", "csv"]).await;
    assert!(code == Some(2) && err.contains("not what"), "{err}");
    std::fs::remove_file(job.file("rows")).expect("the rows");
    let (code, err) = job.run(&["--format", "csv"]).await;
    assert!(code == Some(2) && err.contains("rows"), "{err}");

    // The rows of a run whose state is not there, and a state that is none.
    std::fs::write(job.file("rows"), &written).expect("the rows");
    std::fs::remove_file(job.file("state")).expect("the state");
    let (code, err) = job.run(&["--format", "csv"]).await;
    assert!(code == Some(2) && err.contains("holds something already"), "{err}");
    std::fs::write(job.file("state"), "a letter to a friend").expect("a file");
    let (code, err) = job.run(&["--format", "csv"]).await;
    assert!(code == Some(2) && err.contains("no resume file"), "{err}");
    assert_eq!(job.written(), written);
    assert_eq!(std::fs::read_to_string(job.file("state")).expect("a file"), "a letter to a friend");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_gone_on_with_are_named() {
    let list = File::new("resume-needs", b"http://a.invalid/");
    let state = std::env::temp_dir().join(format!("dualfetch-{}-no-state", std::process::id()));
    let state = state.to_str().expect("UTF-8");
    for (args, told) in [
        (vec!["-i", list.path()], "--output"),
        (vec!["-o", "/no/such/folder/rows"], "--input"),
        (vec!["-i", "-", "-o", "/no/such/folder/rows"], "-i"),
        (vec!["-i", list.path(), "-o", "-"], "-o"),
        (vec!["-i", list.path(), "-o", list.path()], list.path()),
        (vec!["-i", list.path(), "-o", "/no/such/folder/rows"], "/no/such/folder/rows"),
        #[cfg(unix)]
        (vec!["-i", list.path(), "-o", "/dev/null"], "not a regular file"),
        #[cfg(unix)]
        (vec!["-i", "/dev/null", "-o", "/no/such/folder/rows"], "not a regular file"),
    ] {
        let args: Vec<&str> =
            ["titles", "http://a.invalid/", "--resume", state].into_iter().chain(args).collect();
        let (code, out, err) = run(&args).await;
        assert!(code == Some(2) && err.contains(told) && out.is_empty(), "{args:?}: {out}{err}");
        assert!(!Path::new(state).exists(), "{args:?}");
    }
    assert_eq!(std::fs::read(list.path()).expect("the list"), b"http://a.invalid/");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_have_their_rows_once() {
    let job = Job::new("bad-lines", "no URL\n\n# nothing\nno URL\n\u{FEFF}no URL either");
    let (code, err) = job.run(&["--format", "jsonl"]).await;
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("0 fetched, 3 failed") && err.contains("       3  invalid_url"), "{err}");
    let (code, err) = job.run(&["--format", "jsonl"]).await;
    assert_eq!(code, Some(1), "rows of earlier runs count: {err}");
    assert_eq!(rows(&job.written()).len(), 3);
    assert_eq!((&job.state()["lines"], &job.state()["failed"]), (&3.into(), &3.into()));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_was_full_and_has_space_again_loses_nothing() {
    let job = Job::new("was-full", &"no URL\n".repeat(1_000));
    // At most 8 blocks of 512 bytes, or of 1024: either way fewer than the rows need, and enough for the state.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$@\"";
    let mut command = tokio::process::Command::new("sh");
    command
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_dualfetch")])
        .args(job.args(&["--format", "jsonl"]));
    let (code, _, err) = told(output(command).await);
    assert!(code == Some(2) && err.contains(&job.file("rows")), "{err}");
    let before = rows(&job.written()).len();
    assert!((1..1_000).contains(&before));
    let (code, err) = job.run(&["--format", "jsonl"]).await;
    assert_eq!((code, rows(&job.written()).len()), (Some(1), 1_000), "{err}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_do_not_mix_and_an_empty_list_has_its_heading() {
    let server = CountingServer::builder().start().await;
    let job = Job::new("at-once", &server.url(0, "/page/1?gate=held"));
    let child = dualfetch(&[]).args(job.args(&[])).spawn().expect("it starts");
    server.wait_in_flight(1).await;
    let (code, err) = job.run(&[]).await;
    assert!(code == Some(2) && err.contains("another run"), "{err}");
    server.gate("held").open();
    let (code, _, err) = told(child.wait_with_output().await.expect("it ran"));
    assert_eq!((code, job.written().lines().count()), (Some(0), 2), "{err}");

    let job = Job::new("empty", "# nothing\n");
    for _ in 0..2 {
        let (code, err) = job.run(&["--format", "csv"]).await;
        assert_eq!((code, job.written().lines().count()), (Some(0), 1), "{err}");
    }
}
