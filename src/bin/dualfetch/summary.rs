//! What came out, in a line.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::row::Row;
use crate::units::{Bytes, Count, Took};

/// The figures of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) rows: u64,
    pub(crate) failed: u64,
    /// How many rows failed for each reason.
    pub(crate) codes: BTreeMap<&'static str, u64>,
    /// Bytes of bodies that were read, and that were left because the title was known.
    pub(crate) read: u64,
    pub(crate) left: u64,
    pub(crate) elapsed: Duration,
}

impl Summary {
    /// Counts a row.
    pub(crate) fn add(&mut self, row: &Row) {
        self.rows += 1;
        self.read += row.bytes.unwrap_or(0);
        self.left += row.left;
        if let Some(error) = &row.error {
            self.failed += 1;
            *self.codes.entry(error.code).or_default() += 1;
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fetched, {} failed", Count(self.rows - self.failed), Count(self.failed))?;
        if self.failed > 0 {
            // The most frequent first.
            let mut codes: Vec<_> = self.codes.iter().collect();
            codes.sort_by_key(|(code, count)| (std::cmp::Reverse(**count), **code));
            let codes: Vec<String> =
                codes.iter().map(|(code, count)| format!("{code} {}", Count(**count))).collect();
            write!(f, " ({})", codes.join(", "))?;
        }
        write!(f, "; {} read", Bytes(self.read))?;
        if self.left > 0 {
            write!(f, ", {} left unread after the titles", Bytes(self.left))?;
        }
        write!(f, "; {}", Took(self.elapsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::RowError;

    #[test]
    fn a_run_fits_on_a_line() {
        let mut summary = Summary { elapsed: Duration::from_millis(12_345), ..Summary::default() };
        summary.add(&Row { bytes: Some(4_000), left: 5_000_000, ..Row::default() });
        assert_eq!(
            summary.to_string(),
            "1 fetched, 0 failed; 4.0 kB read, 5.0 MB left unread after the titles; 12.3 s"
        );
        for code in ["dns", "timeout", "timeout"] {
            let error = RowError { code, phase: None, message: String::new(), detail: String::new() };
            summary.add(&Row { error: Some(error), ..Row::default() });
        }
        summary.left = 0;
        assert_eq!(summary.to_string(), "1 fetched, 3 failed (timeout 2, dns 1); 4.0 kB read; 12.3 s");
    }
}
