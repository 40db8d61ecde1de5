//! Rows on their way out: how they are written, and where to.

mod delimited;
mod jsonl;
pub(crate) mod standard;
pub(crate) mod table;
mod text;
mod writer;

use std::fmt;

use clap::ValueEnum;

use crate::row::Row;

pub(crate) use table::Table;
pub(crate) use text::plain;
pub(crate) use writer::{Target, Writer};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: status, title, URL and time
    Table,
    /// One JSON object a line
    Jsonl,
    /// RFC 4180, with a header row
    Csv,
    /// Tab-separated, with a header row
    Tsv,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

/// Turns rows into bytes. Each call appends whole lines.
pub(crate) trait Render: Send {
    /// What stands before all rows.
    fn begin(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// One row.
    fn row(&mut self, row: &Row, out: &mut Vec<u8>);
}

impl Format {
    /// The renderer for this target, of rows with metadata or without.
    pub(crate) fn render(self, target: &Target, metadata: bool) -> Box<dyn Render> {
        match self {
            Self::Csv => Box::new(delimited::Csv { metadata }),
            Self::Jsonl => Box::new(jsonl::Jsonl { metadata }),
            Self::Table => Box::new(Table::new(target.look(), "URL")),
            Self::Tsv => Box::new(delimited::Tsv { metadata }),
        }
    }
}
