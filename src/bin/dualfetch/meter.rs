//! How far a file is, on standard error, when that is a terminal and it takes a while.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use dualfetch::UploadProgress;
use dualfetch::files::DownloadProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::units::Bytes;

/// What is done sooner is done before anybody could read how far it is.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// One line that is drawn over and over. Shows nothing where standard error is no terminal. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    bar: ProgressBar,
    quiet: bool,
}

impl Meter {
    /// Begins to count; shows nothing if it is to be quiet.
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(style(Style::Open));
        Self { bar, quiet }
    }

    /// Shows how far it is while this goes on, if that takes a while.
    pub(crate) async fn shown_while<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let done = tokio::select! {
            done = &mut work => done,
            () = tokio::time::sleep(SHOWN_AFTER) => {
                self.show();
                work.await
            }
        };
        self.bar.finish_and_clear();
        done
    }

    fn show(&self) {
        if !self.quiet {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(Duration::from_millis(120));
        }
    }

    pub(crate) fn received(&self, progress: DownloadProgress) {
        self.set(progress.received, progress.total);
    }

    pub(crate) fn sent(&self, progress: UploadProgress) {
        self.set(progress.sent, progress.total);
        if progress.total == Some(progress.sent) {
            self.bar.set_style(style(Style::Sent));
        }
    }

    fn set(&self, done: u64, total: Option<u64>) {
        let is_anew = self.bar.position() == 0 || done < self.bar.position();
        if is_anew || self.bar.length() != total {
            match total {
                Some(total) => self.bar.set_length(total),
                None => self.bar.unset_length(),
            }
            self.bar.set_style(style(if total.is_some() { Style::Known } else { Style::Open }));
        }
        self.bar.set_position(done);
        if is_anew {
            // What is there from earlier has not come at this rate.
            self.bar.tick();
            self.bar.reset_eta();
        }
    }
}

enum Style {
    /// How much there is in all is known.
    Known,
    Open,
    /// All has been sent.
    Sent,
}

fn style(style: Style) -> ProgressStyle {
    let template = match style {
        Style::Known => "{spinner} {done} of {all} ({share} %), {rate}/s, {eta} left",
        Style::Open => "{spinner} {done}, {rate}/s, {elapsed}",
        Style::Sent => "{spinner} {done} sent, waiting for the answer, {elapsed}",
    };
    // A line of progress that cannot be written is none.
    let key = |figure: &'static str| {
        move |state: &ProgressState, out: &mut dyn fmt::Write| {
            let all = state.len().unwrap_or(0);
            let _ = match figure {
                "all" => write!(out, "{}", Bytes(all)),
                "done" => write!(out, "{}", Bytes(state.pos())),
                "rate" => write!(out, "{}", Bytes(state.per_sec().round() as u64)),
                _ => write!(out, "{}", state.pos().saturating_mul(100).checked_div(all).unwrap_or(0)),
            };
        }
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    ["all", "done", "rate", "share"].into_iter().fold(style, |style, name| style.with_key(name, key(name)))
}
