//! How far it is, on standard error, when that is a terminal.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::units::Count;

/// One line that is drawn over and over. Shows nothing where standard error is no terminal. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// It counts the rows of this run alone, so that rate and estimate are this run's.
    bar: ProgressBar,
    /// Rows of earlier runs.
    before: u64,
}

impl Progress {
    /// Begins to show, unless it is to be quiet.
    pub(crate) fn start(quiet: bool, before: u64) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let progress = Self { bar: ProgressBar::with_draw_target(None, target), before };
        if progress.is_shown() {
            progress.style("{spinner} {done} done{msg}, {rate}, {elapsed}");
            progress.bar.enable_steady_tick(Duration::from_millis(120));
        }
        progress
    }

    pub(crate) fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// There will be so many rows, earlier ones included: from now on it says how long they may take.
    pub(crate) fn total(&self, rows: u64) {
        self.bar.set_length(rows.saturating_sub(self.before));
        self.style("{spinner} {done} of {all} ({share} %){msg}, {rate}, {eta} left");
    }

    /// One more row is done; `failed` have failed so far.
    pub(crate) fn row(&self, failed: u64) {
        self.bar.inc(1);
        if failed > 0 && self.is_shown() {
            self.bar.set_message(format!(", {} failed", Count(failed)));
        }
    }

    /// Takes the line off the terminal while something else is written there.
    pub(crate) fn hidden_while<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the line away for good.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn style(&self, template: &str) {
        let before = self.before;
        let done = move |state: &ProgressState| before + state.pos();
        let all = move |state: &ProgressState| before + state.len().unwrap_or(0);
        // A line of progress that cannot be written is none.
        let key = move |figure: &'static str| {
            move |state: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = match figure {
                    "all" => write!(out, "{}", Count(all(state))),
                    "done" => write!(out, "{}", Count(done(state))),
                    "rate" => write!(out, "{}/s", Count(state.per_sec().round() as u64)),
                    _ => write!(out, "{}", (done(state) * 100).checked_div(all(state)).unwrap_or(0)),
                };
            }
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            let keys = ["all", "done", "rate", "share"];
            self.bar.set_style(keys.into_iter().fold(style, |style, name| style.with_key(name, key(name))));
        }
    }
}
