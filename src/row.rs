//! A URL's row as JSON: what the command line writes on a line, and what the gateway answers with.
//!
//! ```
//! use dualfetch::SessionExt;
//! use dualfetch::row::{JsonRow, write};
//!
//! # use dualfetch::{Client, Config, platform::scripted::{Reply, Scripted}};
//! # let platform = Scripted::new(1);
//! # platform.on("https://a.example/", Reply::html("<title>A</title>"));
//! # let session = Client::with_backend(Config::new(), platform.clone())?;
//! # platform.run(async {
//! let mut rows = session.titles(["https://a.example/"]);
//! let row = rows.next().await.expect("a row for each URL");
//! let mut line = Vec::new();
//! write(&JsonRow::of(&row, false), &mut line);
//! assert!(line.starts_with(br#"{"index":0,"url":"https://a.example/","final_url":"https://a.example/","status":200,"#));
//! # });
//! # Ok::<(), dualfetch::Error>(())
//! ```

mod careful;
mod explained;
mod metadata;

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::batch::TitleRow;
use crate::error::Error;

pub use careful::{is_control, write};
pub use explained::{causes, explain};
pub use metadata::{JsonFeed, JsonIcon, JsonMetadata, JsonProperty, JsonSourced};

/// What is told of one URL.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = Row)]
#[non_exhaustive]
pub struct JsonRow<'a> {
    /// The URL's place in the list, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, nullable = false)]
    pub index: Option<usize>,
    /// The URL as it was given. Null in a last row that says why the list was not read on.
    #[schema(required)]
    pub url: Option<&'a str>,
    /// The URL that answered, after redirects.
    #[schema(required)]
    pub final_url: Option<&'a str>,
    /// The status.
    #[schema(required, minimum = 100, maximum = 999)]
    pub status: Option<u16>,
    /// The title, white space stripped and collapsed. Null when there is none, empty when it is empty.
    #[schema(required)]
    pub title: Option<&'a str>,
    /// Where the title came from, or why there is none: `head`, `body`, `missing`, `truncated`, `content-type`.
    #[schema(required)]
    pub title_source: Option<&'a str>,
    /// The encoding the page was read in, by its WHATWG name.
    #[schema(required)]
    pub encoding: Option<&'a str>,
    /// Which rule decided on the encoding: `bom`, `content-type`, `meta`, `xml`, `utf-8`, `detected`.
    #[schema(required)]
    pub encoding_source: Option<&'a str>,
    /// How many bytes of the body came over the wire.
    #[schema(required, minimum = 0)]
    pub bytes: Option<u64>,
    /// From the moment the URL was taken up to this row, waiting included, in milliseconds.
    #[schema(minimum = 0)]
    pub elapsed_ms: u64,
    /// How many attempts the last hop took.
    #[schema(minimum = 0)]
    pub attempts: u32,
    /// Why there is no page.
    #[schema(required)]
    pub error: Option<JsonError<'a>>,
    /// What the page says about itself: there where it was asked for, null where there was none to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<JsonMetadata>)]
    pub metadata: Option<Option<JsonMetadata<'a>>>,
}

impl<'a> JsonRow<'a> {
    /// The row of a URL. `metadata`: whether it has a field for metadata.
    #[must_use]
    pub fn of(row: &'a TitleRow, metadata: bool) -> Self {
        let known = Self {
            index: Some(row.index),
            url: Some(&row.url),
            elapsed_ms: milliseconds(row.elapsed),
            metadata: metadata.then_some(None),
            ..Self::default()
        };
        match &row.result {
            Ok(page) => Self {
                final_url: Some(page.url.as_str()),
                status: Some(page.status.as_u16()),
                title: page.title.as_deref(),
                title_source: Some(page.title_source.as_str()),
                encoding: page.encoding,
                encoding_source: page.encoding_source.map(|source| source.as_str()),
                bytes: Some(page.transfer.wire),
                attempts: page.attempts,
                metadata: metadata.then(|| page.metadata.as_ref().map(JsonMetadata::of)),
                ..known
            },
            Err(error) => Self { attempts: error.attempts(), error: Some(JsonError::of(error)), ..known },
        }
    }

    /// The last row of a list that could not be read on, after so many rows.
    #[must_use]
    pub fn broken(rows: usize, error: JsonError<'a>) -> Self {
        Self { index: Some(rows), error: Some(error), ..Self::default() }
    }
}

/// Why a row has failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RowError)]
#[non_exhaustive]
pub struct JsonError<'a> {
    /// A stable word for it: see [`ErrorKind::code`](crate::ErrorKind::code).
    pub code: &'a str,
    /// The phase that ran out, of a timeout.
    #[schema(required)]
    pub phase: Option<&'a str>,
    /// The whole of it, for people.
    #[schema(value_type = String)]
    pub message: Cow<'a, str>,
}

impl<'a> JsonError<'a> {
    /// An error in these words.
    #[must_use]
    pub fn new(code: &'a str, phase: Option<&'a str>, message: impl Into<Cow<'a, str>>) -> Self {
        Self { code, phase, message: message.into() }
    }

    /// What is told of this error.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        Self::new(error.code(), error.phase().map(|phase| phase.as_str()), explain(error, None).0)
    }
}

/// As many whole milliseconds as a row tells.
#[must_use]
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
