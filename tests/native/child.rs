//! A test in a process of its own: what a process trusts is read from `SSL_CERT_FILE`, and what it holds is counted.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs this ignored test of this binary under these environment variables and this CA store; it must succeed. Gives
/// what it said.
pub async fn run(test: &str, variables: &[(&str, &str)], ca_store: &CaStore) -> String {
    let mut command = tokio::process::Command::new(std::env::current_exe().expect("this test's binary"));
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    command.envs(variables.iter().copied()).env("SSL_CERT_FILE", &ca_store.file);
    match &ca_store.directory {
        Some(directory) => command.env("SSL_CERT_DIR", directory),
        None => command.env_remove("SSL_CERT_DIR"),
    };
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.expect("the child ran");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{test}:\n{text}");
    text
}

/// What the child's process takes for the machine's CA store.
pub struct CaStore {
    file: PathBuf,
    directory: Option<PathBuf>,
}

impl CaStore {
    /// One that holds these CAs.
    pub fn of<'a>(pems: impl IntoIterator<Item = &'a str>) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("ca-{}-{}.pem", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&file, pems.into_iter().collect::<String>()).expect("write the CA store");
        Self { file, directory: None }
    }

    /// None at all.
    pub fn missing() -> Self {
        let nowhere = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no-such-store");
        Self { file: nowhere.clone(), directory: Some(nowhere) }
    }
}

impl Drop for CaStore {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}
