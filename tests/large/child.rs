//! A process of its own that moves a file, and says what it took.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dualfetch::{Body, DefaultSession, Retry, Session, SessionExt};

/// What a child that came to its end has told.
pub struct Done {
    pub peak_kb: u64,
    pub resumed: u64,
    pub seconds: f64,
}

/// Runs this task in a child. `None` where it was killed.
pub fn run(task: &str, url: &str, path: &Path, arguments: &[(&str, String)]) -> Option<Done> {
    let mut command = Command::new(std::env::current_exe().expect("this test's binary"));
    command.args(["--exact", "child::moves_a_file", "--ignored", "--nocapture"]);
    command.env("TASK", task).env("URL", url).env("FILE", path).stdin(Stdio::null());
    // Otherwise each thread that reads or writes has memory of its own, which is not given back.
    command.envs(arguments.iter().map(|(name, value)| (*name, value.as_str())));
    let output = command.output().expect("the child ran");
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        assert!(output.status.code().is_none(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    let told = |name: &str| {
        let line = text.lines().find_map(|line| line.split_once(name));
        line.and_then(|(_, value)| value.trim().parse::<f64>().ok())
            .unwrap_or_else(|| panic!("{name}: {text}"))
    };
    Some(Done {
        peak_kb: told("peak-kb=") as u64,
        resumed: told("resumed=") as u64,
        seconds: told("seconds="),
    })
}

#[test]
#[ignore = "the other tests run it, as a process of its own"]
fn moves_a_file() {
    let variable = |name: &str| std::env::var(name).ok();
    let Some(task) = variable("TASK") else { return };
    let (url, path) = (variable("URL").expect("a URL"), variable("FILE").expect("a path"));
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let resumed = runtime.block_on(async {
        let session = DefaultSession::new().expect("a session");
        if task == "upload" {
            let retry = Retry::standard().backoff(Duration::ZERO, Duration::ZERO);
            let put = session.put(&url).body(Body::file(&path)).retry(retry).await.expect("an answer");
            assert_eq!(put.status(), 200);
            return 0;
        }
        let abort_at: u64 = variable("ABORT_AT").map_or(u64::MAX, |at| at.parse().expect("a number"));
        let parallel = variable("PARALLEL").map_or(1, |parts| parts.parse().expect("a number"));
        let mut download = session.download(&url, &path).parallel(parallel).on_progress(move |progress| {
            if progress.received > abort_at {
                std::process::abort();
            }
        });
        if let Some(hash) = variable("SHA256") {
            download = download.sha256(hash);
        }
        download.await.expect("it is saved").resumed
    });
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    println!("\nresumed={resumed}\nseconds={}", started.elapsed().as_secs_f64());
    println!("peak-kb={}", peak.trim().trim_end_matches(" kB"));
}
