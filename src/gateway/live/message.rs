//! What is said over the WebSocket, as JSON texts.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::html::Extent;
use crate::row::{JsonRow, write};

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(in crate::gateway) enum Asked {
    /// Begins a job.
    Start {
        /// What the client calls it: 1 to 64 characters, its own among the jobs that have not ended.
        #[schema(min_length = 1, max_length = 64)]
        id: String,
        /// The first URLs of the list, or all.
        urls: Vec<String>,
        /// Whether rows come in the order of the URLs. Default no.
        #[serde(default)]
        ordered: bool,
        /// Gathers metadata, and reads so far for it.
        #[serde(default)]
        metadata: Option<Reach>,
        /// Whether URLs will be added. Default no.
        #[serde(default)]
        more: bool,
    },
    /// Adds URLs to a job that was told of more.
    Add {
        id: String,
        /// What is added: all of them or, where they are too many, none.
        urls: Vec<String>,
        /// Whether further URLs will be added. Default no.
        #[serde(default)]
        more: bool,
    },
    /// Begins nothing new of a job. What is under way is finished, and told.
    Pause { id: String },
    /// Goes on with it.
    Resume { id: String },
    /// Ends it, and its requests.
    Cancel { id: String },
}

impl Asked {
    /// The job that it is about.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Start { id, .. }
            | Self::Add { id, .. }
            | Self::Pause { id }
            | Self::Resume { id }
            | Self::Cancel { id } => id,
        }
    }
}

/// How far metadata is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::gateway) enum Reach {
    Head,
    Page,
}

impl Reach {
    pub(super) fn extent(self) -> Extent {
        match self {
            Self::Head => Extent::Head,
            Self::Page => Extent::Page,
        }
    }
}

/// What the gateway says.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(in crate::gateway) enum Said<'a> {
    /// A URL of a job is done.
    #[allow(dead_code, reason = "it is described; what is said is a row that was written already, by `row`")]
    Row {
        id: &'a str,
        #[schema(value_type = JsonRow)]
        row: Box<JsonRow<'a>>,
    },
    /// How far a job is: at each change of its state, and at most four times a second.
    Progress {
        id: &'a str,
        #[serde(flatten)]
        progress: Progress,
    },
    /// A job has ended: nothing more is said of it.
    End {
        id: &'a str,
        reason: Reason,
        /// How many rows it had.
        rows: usize,
        /// How many of them have an error.
        failed: usize,
    },
    /// What was asked cannot be done; all else goes on.
    Error {
        /// The job that it is about, where one was named.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        /// `json`, `invalid_option`, `too_large` or `closed`.
        code: &'static str,
        #[schema(value_type = String)]
        message: Cow<'a, str>,
    },
}

/// [`Said::Row`] of a row that is JSON already.
pub(super) fn row(id: &str, row: &[u8]) -> Vec<u8> {
    let mut json = Vec::with_capacity(row.len() + id.len() + 32);
    json.extend_from_slice(br#"{"type":"row","id":"#);
    write(&id, &mut json);
    json.extend_from_slice(br#","row":"#);
    json.extend_from_slice(row);
    json.push(b'}');
    json
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(in crate::gateway) struct Progress {
    /// How many rows were told.
    pub(super) rows: usize,
    /// How many of them have an error.
    pub(super) failed: usize,
    /// How many URLs were begun.
    pub(super) taken: usize,
    /// How many of these have no row yet.
    pub(super) in_flight: usize,
    pub(super) state: Pace,
}

/// Whether a job goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::gateway) enum Pace {
    Running,
    Paused,
}

/// Why a job has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::gateway) enum Reason {
    /// Every URL has its row.
    Done,
    /// The client wished so.
    Cancelled,
    /// The gateway is ending. What was begun has its row.
    Closing,
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
}

impl Refused {
    pub(super) fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_json_already_is_said_as_any_other() {
        let of = JsonRow { index: Some(1), url: Some("http://a/"), ..JsonRow::default() };
        let (mut json, mut said) = (Vec::new(), Vec::new());
        write(&of, &mut json);
        write(&Said::Row { id: "a\"\u{202E}b", row: Box::new(of) }, &mut said);
        assert_eq!(String::from_utf8(row("a\"\u{202E}b", &json)), String::from_utf8(said));
    }
}
