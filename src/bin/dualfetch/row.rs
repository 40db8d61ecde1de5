//! One row as every format writes it.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use dualfetch::html::Metadata;
use dualfetch::row::{JsonError, JsonMetadata, JsonRow, causes, milliseconds};
use dualfetch::{Error, ErrorKind, Page, TitleRow};

use crate::input::{BadLine, Taken};

/// What a page's small remainder may have for it to be read after all, as the library does by default.
const DRAINED: u64 = 32 << 10;

/// One URL's row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// Its place in the input.
    pub(crate) index: usize,
    pub(crate) url: String,
    pub(crate) final_url: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) title: Option<String>,
    pub(crate) title_source: Option<&'static str>,
    pub(crate) encoding: Option<&'static str>,
    pub(crate) encoding_source: Option<&'static str>,
    /// Of the body, as it came over the wire.
    pub(crate) bytes: Option<u64>,
    /// Of the body and never read, because the title was known.
    pub(crate) left: u64,
    pub(crate) elapsed: Duration,
    pub(crate) attempts: u32,
    pub(crate) error: Option<RowError>,
    pub(crate) metadata: Option<Box<Metadata>>,
}

/// Why a row has failed.
#[derive(Clone, Debug)]
pub(crate) struct RowError {
    pub(crate) code: &'static str,
    pub(crate) phase: Option<&'static str>,
    /// The whole of it.
    pub(crate) message: String,
    /// What it says beyond the code, for where there is little room.
    pub(crate) detail: String,
}

impl Row {
    /// The row to write. `fail`: a status of 400 or more is a failure.
    pub(crate) fn new(row: TitleRow, taken: Taken, fail: bool) -> Self {
        let TitleRow { url, result, elapsed, .. } = row;
        let Taken { index, bad, given } = taken;
        let url = given.unwrap_or(url);
        let row = match (bad, result) {
            (Some(BadLine { shown, why }), _) => {
                let error = Error::new(ErrorKind::InvalidUrl).with_message(why);
                Self { elapsed, ..Self::failed(shown, &error) }
            }
            (None, Ok(page)) => Self { elapsed, ..Self::page(url, page, fail) },
            (None, Err(error)) => Self { elapsed, ..Self::failed(url, &error) },
        };
        Self { index, ..row }
    }

    /// The row of a page.
    pub(crate) fn page(url: String, page: Page, fail: bool) -> Self {
        let status = page.status;
        let error = (fail && status.as_u16() >= 400).then(|| RowError {
            code: ErrorKind::Status(status).code(),
            phase: None,
            message: format!("status {status}"),
            detail: status.to_string(),
        });
        Self {
            url,
            final_url: Some(page.url.as_str().to_owned()),
            status: Some(status.as_u16()),
            title: page.title,
            title_source: Some(page.title_source.as_str()),
            encoding: page.encoding,
            encoding_source: page.encoding_source.map(|source| source.as_str()),
            bytes: Some(page.transfer.wire),
            left: page.transfer.remaining.filter(|left| *left > DRAINED).unwrap_or(0),
            attempts: page.attempts,
            error,
            metadata: page.metadata.map(Box::new),
            ..Self::default()
        }
    }

    fn failed(url: String, error: &Error) -> Self {
        let explained = explain(&url, error);
        Self { url, attempts: error.attempts(), error: Some(explained), ..Self::default() }
    }
}

/// What to say of an error at this URL, as it was given.
pub(crate) fn explain(url: &str, error: &Error) -> RowError {
    explain_as(url, error, "http")
}

/// The same where this is the scheme without TLS, and with an `s` behind it the one with TLS.
pub(crate) fn explain_as(url: &str, error: &Error, scheme: &str) -> RowError {
    let hint = hint(url, error, scheme);
    let (message, detail) = dualfetch::row::explain(error, hint.as_deref());
    let detail = match (hint, error.phase()) {
        (Some(hint), _) => hint,
        (None, None) if detail.is_empty() => error.kind().to_string(),
        (None, _) => detail,
    };
    let phase = error.phase().map(|phase| phase.as_str());
    RowError { code: error.code(), phase, message, detail }
}

/// What to do about it, where that can be told.
fn hint(url: &str, error: &Error, scheme: &str) -> Option<String> {
    let has_no_scheme = !url.contains("://");
    if *error.kind() == ErrorKind::Tls && has_no_scheme {
        return Some(format!(
            "no scheme is {scheme}s; if it has no TLS, write {scheme}://{}",
            url.trim_start_matches('/')
        ));
    }
    if *error.kind() == ErrorKind::InvalidUrl && error.url().is_none() && has_no_scheme && is_word(url) {
        return Some(format!(
            "a host without a scheme has a dot or a port; if it is one, write {scheme}://{url}"
        ));
    }
    let is_out_of_files = causes(error).filter_map(<dyn StdError>::downcast_ref).any(is_out_of_files);
    is_out_of_files.then(|| "too many files are open: lower --limit, or allow more by `ulimit -n`".to_owned())
}

/// What may be a host without a dot, such as `docker/info`.
fn is_word(text: &str) -> bool {
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_none = |c: char| c.is_whitespace() || c.is_control() || c == '@';
    !host.is_empty() && host.chars().all(is_name) && !text.contains(is_none)
}

fn is_out_of_files(error: &io::Error) -> bool {
    /// EMFILE and ENFILE, the same on all of Unix.
    const CODES: [i32; 2] = [24, 23];
    cfg!(unix) && error.raw_os_error().is_some_and(|code| CODES.contains(&code))
}

impl Row {
    /// The row as JSON. `metadata`: whether it has a field for metadata.
    pub(crate) fn json(&self, metadata: bool) -> JsonRow<'_> {
        let mut json = JsonRow::default();
        json.url = Some(&self.url);
        json.final_url = self.final_url.as_deref();
        json.status = self.status;
        json.title = self.title.as_deref();
        json.title_source = self.title_source;
        json.encoding = self.encoding;
        json.encoding_source = self.encoding_source;
        json.bytes = self.bytes;
        json.elapsed_ms = self.elapsed_ms();
        json.attempts = self.attempts;
        json.error = self.error.as_ref().map(|error| JsonError::new(error.code, error.phase, &error.message));
        json.metadata = metadata.then(|| self.metadata.as_deref().map(JsonMetadata::of));
        json
    }

    pub(crate) fn elapsed_ms(&self) -> u64 {
        milliseconds(self.elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_done_about_it_is_told() {
        let full = Error::new(ErrorKind::Connect).with_source(io::Error::from_raw_os_error(24));
        assert_eq!(explain("http://a/", &full).detail.contains("ulimit -n"), cfg!(unix));
        let tls = Error::new(ErrorKind::Tls);
        assert!(explain("localhost:8080", &tls).message.ends_with("write http://localhost:8080"));
        assert!(
            explain_as("a.example", &tls, "ws")
                .message
                .ends_with("no scheme is wss; if it has no TLS, write ws://a.example")
        );
        assert!(!explain("https://a.example", &tls).message.contains("http:"));
    }

    #[test]
    fn the_root_cause_is_told_once() {
        let inner = io::Error::other("no route");
        let error = Error::new(ErrorKind::Connect).with_source(io::Error::other(inner));
        let row = Row::failed("http://a/".to_owned(), &error);
        assert_eq!(row.error.expect("it failed").message, "could not connect: no route");
        let row = Row::failed("http://a/".to_owned(), &Error::new(ErrorKind::Connect));
        assert_eq!(row.error.expect("it failed").detail, "could not connect");
    }
}
