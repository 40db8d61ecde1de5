//! How far it is, on standard error, when that is a terminal.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::units::Count;

/// One line that is drawn over and over. Shows nothing where standard error is no terminal. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Begins to show, unless it is to be quiet.
    pub(crate) fn start(quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        if !bar.is_hidden() {
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {human_pos} done{msg}, {rate}, {elapsed}")
            {
                bar.set_style(style.with_key("rate", rate));
            }
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self(bar)
    }

    /// One more row is done; `failed` have failed so far.
    pub(crate) fn row(&self, failed: u64) {
        self.0.inc(1);
        if failed > 0 && !self.0.is_hidden() {
            self.0.set_message(format!(", {} failed", Count(failed)));
        }
    }

    /// Takes the line off the terminal while something else is written there.
    pub(crate) fn hidden_while<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Takes the line away for good.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn rate(state: &ProgressState, out: &mut dyn fmt::Write) {
    // A line of progress that cannot be written is none.
    let _ = write!(out, "{:.0}/s", state.per_sec());
}
