//! One row as every format writes it.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use dualfetch::html::Metadata;
use dualfetch::{Error, ErrorKind, Page, TitleRow};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::input::{BadLine, Taken};
use crate::metadata::Told;

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
    let detail = detail(error, hint.as_deref());
    let kind = error.kind();
    let message = match detail.is_empty() {
        true => kind.to_string(),
        false => format!("{kind}: {detail}"),
    };
    let detail = match (hint, error.phase()) {
        (Some(hint), _) => hint,
        (None, None) if detail.is_empty() => kind.to_string(),
        (None, _) => detail,
    };
    let phase = error.phase().map(|phase| phase.as_str());
    RowError { code: error.code(), phase, message, detail }
}

/// What an error says beyond its kind: its message, its root cause, and the redirect it happened at.
fn detail(error: &Error, hint: Option<&str>) -> String {
    let mut parts: Vec<String> = error.message().map(str::to_owned).into_iter().collect();
    if let Some(cause) = causes(error).last() {
        let text = cause.to_string();
        // An error of ours shows its kind before its message.
        let own = cause.downcast_ref().and_then(Error::message).unwrap_or(&text);
        if parts.iter().all(|part| !part.contains(own)) {
            parts.push(text);
        }
    }
    parts.extend(hint.map(str::to_owned));
    if let (Some(at), false) = (error.url(), error.history().is_empty()) {
        parts.push(format!("at {}", at.redacted()));
    }
    parts.join("; ")
}

/// The causes of an error, the deepest one last.
fn causes(error: &Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        // What an `io::Error` wraps is a cause too, and is passed over by `source`.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| cause.source())
    })
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

/// A row as a JSON object.
pub(crate) struct Object<'a> {
    pub(crate) row: &'a Row,
    /// Whether it has a field for metadata.
    pub(crate) metadata: bool,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(11 + usize::from(self.metadata)))?;
        map.serialize_entry("url", &self.row.url)?;
        map.serialize_entry("final_url", &self.row.final_url)?;
        map.serialize_entry("status", &self.row.status)?;
        map.serialize_entry("title", &self.row.title)?;
        map.serialize_entry("title_source", &self.row.title_source)?;
        map.serialize_entry("encoding", &self.row.encoding)?;
        map.serialize_entry("encoding_source", &self.row.encoding_source)?;
        map.serialize_entry("bytes", &self.row.bytes)?;
        map.serialize_entry("elapsed_ms", &self.row.elapsed_ms())?;
        map.serialize_entry("attempts", &self.row.attempts)?;
        map.serialize_entry("error", &self.row.error)?;
        if self.metadata {
            map.serialize_entry("metadata", &self.row.metadata.as_deref().map(Told))?;
        }
        map.end()
    }
}

impl Row {
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Serialize for RowError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("code", self.code)?;
        map.serialize_entry("phase", &self.phase)?;
        map.serialize_entry("message", &self.message)?;
        map.end()
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
