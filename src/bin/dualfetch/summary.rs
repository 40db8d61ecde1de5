//! What came out, at the end of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use dualfetch::Url;

use crate::frequent::Frequent;
use crate::row::{Row, RowError};
use crate::units::{Bytes, Count, Took};

/// So many hosts are named.
const HOSTS: usize = 5;

/// The figures of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) rows: u64,
    pub(crate) failed: u64,
    /// How many rows failed for each reason: code and phase.
    codes: BTreeMap<(&'static str, Option<&'static str>), u64>,
    hosts: Frequent,
    /// Bytes of bodies that were read, and that were left because the title was known.
    pub(crate) read: u64,
    pub(crate) left: u64,
    pub(crate) elapsed: Duration,
    /// Rows of earlier runs, and how many of them failed.
    earlier: (u64, u64),
}

impl Summary {
    /// The figures of a run that goes on from an earlier one: its rows, and how many of them failed.
    pub(crate) fn after(earlier: (u64, u64)) -> Self {
        Self { earlier, ..Self::default() }
    }

    /// Counts a row.
    pub(crate) fn add(&mut self, row: &Row) {
        self.rows += 1;
        self.read += row.bytes.unwrap_or(0);
        self.left += row.left;
        if let Some(RowError { code, phase, .. }) = row.error {
            self.failed += 1;
            *self.codes.entry((code, phase)).or_default() += 1;
            if let Some(host) = host(&row.url) {
                self.hosts.add(host);
            }
        }
    }

    /// Whether any row has failed, in earlier runs or in this one.
    pub(crate) fn has_failures(&self) -> bool {
        self.failed + self.earlier.1 > 0
    }

    fn headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fetched, {} failed", Count(self.rows - self.failed), Count(self.failed))?;
        write!(f, "; {} read", Bytes(self.read))?;
        if self.left > 0 {
            let share = (u128::from(self.left) * 100) / u128::from(self.left.saturating_add(self.read));
            write!(f, ", {} ({share} %) left unread after the titles", Bytes(self.left))?;
        }
        write!(f, "; {}", Took(self.elapsed))?;
        let rate = self.rows as f64 / self.elapsed.as_secs_f64();
        if self.rows > 1 && rate.is_finite() {
            write!(f, ", {} a second", Count(rate.round() as u64))?;
        }
        let (rows, failed) = self.earlier;
        match rows {
            0 => Ok(()),
            _ => write!(f, "\nBefore that: {} fetched, {} failed", Count(rows - failed), Count(failed)),
        }
    }

    fn reasons(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The most frequent first.
        let mut codes: Vec<_> = self.codes.iter().collect();
        codes.sort_by_key(|(code, count)| (std::cmp::Reverse(**count), **code));
        f.write_str("\n\n  FAILED  WHY")?;
        for ((code, phase), count) in codes {
            let phase = phase.map(|phase| format!(" ({phase})")).unwrap_or_default();
            write!(f, "\n{:>8}  {code}{phase}", Count(*count).to_string())?;
        }
        Ok(())
    }

    fn places(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hosts, others) = self.hosts.top(HOSTS);
        if hosts.is_empty() {
            return Ok(());
        }
        f.write_str("\n\n  FAILED  HOST")?;
        let at_least = if self.hosts.is_rough() { ", at the least" } else { "" };
        for (host, count) in hosts {
            write!(f, "\n{:>8}  {host}{at_least}", Count(count).to_string())?;
        }
        match others {
            0 => Ok(()),
            _ if self.hosts.is_rough() => write!(f, "\n          and many other hosts"),
            1 => write!(f, "\n          and 1 other host"),
            _ => write!(f, "\n          and {} other hosts", Count(others as u64)),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.headline(f)?;
        if self.failed > 0 {
            self.reasons(f)?;
            self.places(f)?;
        }
        Ok(())
    }
}

/// Name and port: nothing of a stranger's text that a terminal would act upon.
fn host(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host()?;
    let usual = matches!((url.scheme(), url.port()), (_, None) | ("https", Some(443)) | ("http", Some(80)));
    match url.port().filter(|_| !usual) {
        Some(port) => Some(format!("{host}:{port}")),
        None => Some(host.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(url: &str, code: &'static str, phase: Option<&'static str>) -> Row {
        let error = RowError { code, phase, message: String::new(), detail: String::new() };
        Row { url: url.to_owned(), error: Some(error), ..Row::default() }
    }

    #[test]
    fn a_run_without_failures_fits_on_a_line() {
        let mut summary = Summary { elapsed: Duration::from_millis(12_345), ..Summary::default() };
        summary.add(&Row { bytes: Some(4_000), left: 5_000_000, ..Row::default() });
        assert_eq!(
            summary.to_string(),
            "1 fetched, 0 failed; 4.0 kB read, 5.0 MB (99 %) left unread after the titles; 12.3 s"
        );
    }

    #[test]
    fn failures_are_counted_by_reason_and_by_host() {
        let mut summary = Summary { elapsed: Duration::from_secs(2), earlier: (10, 4), ..Summary::default() };
        summary.add(&failed("http://a.example/1", "dns", None));
        for n in 0..1_234 {
            summary.add(&failed(&format!("https://b.example:8443/{n}"), "timeout", Some("read")));
        }
        summary.add(&failed("no URL", "invalid_url", None));
        let expected = "0 fetched, 1,236 failed; 0 B read; 2.0 s, 618 a second\n\
            Before that: 6 fetched, 4 failed\n\
            \n  FAILED  WHY\n   1,234  timeout (read)\n       1  dns\n       1  invalid_url\n\
            \n  FAILED  HOST\n   1,234  b.example:8443\n       1  a.example";
        assert_eq!(summary.to_string(), expected);
    }
}
