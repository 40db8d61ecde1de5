//! A run that may be resumed, in a folder of its own.

use std::path::PathBuf;

use serde_json::Value;

use super::run::{File, run};
use crate::support::within;

/// A list, and where its rows and their state go.
pub struct Job {
    pub list: File,
    folder: PathBuf,
}

impl Job {
    pub fn new(name: &str, list: &str) -> Self {
        let list = File::new(&format!("{name}-list"), list.as_bytes());
        let folder = std::env::temp_dir().join(format!("dualfetch-{}-{name}-job", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        Self { list, folder }
    }

    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("UTF-8").to_owned()
    }

    pub fn args(&self, more: &[&str]) -> Vec<String> {
        let (out, state) = (self.file("rows"), self.file("state"));
        let args = ["titles", "-i", self.list.path(), "-o", &out, "--resume", &state, "--retries", "0"];
        args.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
    }

    pub async fn run(&self, more: &[&str]) -> (Option<i32>, String) {
        let args = self.args(more);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (code, out, err) = run(&args).await;
        assert_eq!(out, "");
        (code, err)
    }

    pub fn written(&self) -> String {
        std::fs::read_to_string(self.file("rows")).expect("the rows")
    }

    /// Until the state tells of more rows than these.
    pub async fn wait_for_a_save_after(&self, rows: u64) {
        let saved = async {
            while self.rows_saved() <= rows {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        };
        within("a save", || self.state().to_string(), saved).await;
    }

    /// The rows that the state vouches for.
    pub fn rows_saved(&self) -> u64 {
        self.state()["rows"].as_u64().unwrap_or(0)
    }

    pub fn state(&self) -> Value {
        let text = std::fs::read_to_string(self.file("state")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
