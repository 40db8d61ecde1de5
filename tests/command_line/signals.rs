//! Ctrl-C and SIGTERM: what is under way is finished, unless the user will not wait.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr};

use super::job::Job;
use super::run::{dualfetch, rows};
use crate::support::{CountingServer, within};

/// A run and what it says.
struct Running {
    child: Child,
    err: Lines<BufReader<ChildStderr>>,
}

impl Running {
    fn start(args: &[&str], more: &[String]) -> Self {
        let mut child = dualfetch(args).args(more).stdin(Stdio::piped()).spawn().expect("the command starts");
        let err = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        Self { child, err }
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.expect("it runs"), signal).expect("it can be told");
    }

    async fn line(&mut self) -> String {
        let line = within("a line on standard error", String::new, self.err.next_line()).await;
        line.expect("UTF-8").expect("a line")
    }

    /// Its exit code and what else it said.
    async fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        while let Some(line) =
            within("the end of standard error", String::new, self.err.next_line()).await.expect("UTF-8")
        {
            said.push_str(&line);
            said.push('\n');
        }
        let status = within("the end", String::new, self.child.wait()).await.expect("it ran");
        (status.code(), said)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_one_finishes_what_is_under_way_and_a_later_run_does_the_rest() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let server = CountingServer::builder().start().await;
        let urls = server.urls(100, |n| format!("/page/{n}?gate=held"));
        let job = Job::new(&format!("stopped-{code}"), &urls.join("\n"));
        let format = ["--format", "jsonl", "--limit", "4"];
        let mut run = Running::start(&[], &job.args(&format));
        server.wait_in_flight(4).await;
        run.signal(signal);
        let line = run.line().await;
        assert!(line.contains("under way are finished") && line.contains("again"), "{line}");
        server.gate("held").open();
        let (ended, said) = run.end().await;
        assert_eq!(ended, Some(code), "{said}");
        let first = rows(&job.written()).len();
        assert_eq!(first, 4, "those that had their turn");
        assert!(said.contains(&format!("{first} fetched")) && said.contains("same command"), "{said}");
        assert_eq!(job.state()["rows"], first);

        let (ended, said) = job.run(&format).await;
        assert_eq!(ended, Some(0), "{said}");
        assert!(said.contains(&format!("Before that: {first} fetched, 0 failed")), "{said}");
        assert_eq!((rows(&job.written()).len(), server.total().requests), (100, 100), "each one once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_rate_is_left_to_a_later_run_and_the_order_stays() {
    let server = CountingServer::builder().start().await;
    let urls = server.urls(40, |n| format!("/page/{n}?gate=held"));
    let job = Job::new("stopped-waiting", &urls.join("\n"));
    let ordered = ["--format", "jsonl", "--ordered", "--limit", "10", "--rate", "2/h"];
    let mut run = Running::start(&[], &job.args(&ordered));
    server.wait_in_flight(1).await;
    run.signal(Signal::INT);
    assert!(run.line().await.contains("under way are finished (1)"));
    server.gate("held").open();
    let (ended, said) = run.end().await;
    assert_eq!((ended, rows(&job.written()).len()), (Some(130), 1), "{said}");

    let (ended, said) = job.run(&["--format", "jsonl", "--ordered", "--limit", "10"]).await;
    assert_eq!(ended, Some(0), "{said}");
    let order: Vec<_> =
        rows(&job.written()).iter().map(|row| row["url"].as_str().map(str::to_owned)).collect();
    assert_eq!(order, urls.into_iter().map(Some).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_one_waits_for_nothing_and_loses_nothing() {
    let server = CountingServer::builder().start().await;
    let mut urls = server.urls(20, |n| format!("/page/{n}"));
    urls.extend(server.urls(20, |n| format!("/page/{n}?gate=held")));
    let job = Job::new("stopped-twice", &urls.join("\n"));
    let format = ["--format", "jsonl", "--limit", "10"];
    let mut run = Running::start(&[], &job.args(&format));
    server.wait_until("all that can be served", |counts| counts.requests == 30).await;
    run.signal(Signal::INT);
    assert!(run.line().await.contains("under way"));
    run.signal(Signal::INT);
    let (ended, said) = run.end().await;
    assert_eq!(ended, Some(130), "{said}");
    assert!(said.contains("20 fetched"), "{said}");
    assert_eq!((rows(&job.written()).len(), &job.state()["rows"]), (20, &20.into()));
    server.gate("held").open();
    let (ended, said) = job.run(&format).await;
    assert_eq!(ended, Some(0), "{said}");
    assert_eq!(rows(&job.written()).len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_while_it_waits_for_more_input() {
    let server = CountingServer::builder().start().await;
    let mut run = Running::start(&["titles", "-i", "-", "--format", "jsonl"], &[]);
    let mut stdin = run.child.stdin.take().expect("a pipe");
    let mut out = BufReader::new(run.child.stdout.take().expect("a pipe")).lines();
    stdin.write_all(format!("{}\n", server.url(0, "/page/1")).as_bytes()).await.expect("it reads");
    let row = within("a row", String::new, out.next_line()).await.expect("UTF-8").expect("a row");
    assert_eq!(rows(&row)[0]["title"], "Page 1");
    run.signal(Signal::INT);
    let (ended, said) = run.end().await;
    assert_eq!(ended, Some(130), "{said}");
    assert!(said.contains("--resume"), "it says how it might have gone on: {said}");
    drop(stdin);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_while_nobody_reads_its_rows() {
    let server = CountingServer::builder().start().await;
    let urls = server.urls(2_000, |n| format!("/page/{n}"));
    let mut run = Running::start(&["titles", "--format", "jsonl"], &urls);
    // More rows than fit into a pipe.
    server.wait_until("all requests", |counts| counts.requests == 2_000).await;
    run.signal(Signal::INT);
    if run.line().await.contains("again") {
        run.signal(Signal::INT);
    }
    let (mut out, mut text) = (run.child.stdout.take().expect("a pipe"), String::new());
    let (ended, said) = run.end().await;
    assert!(matches!(ended, Some(130)), "{ended:?}: {said}");
    within("what was written", String::new, out.read_to_string(&mut text)).await.expect("UTF-8");
    assert!(text.lines().count() < 2_000);
}
