//! CSV (RFC 4180) and TSV: the same columns, each in its own way of quoting.

use dualfetch::html::{Metadata, Sourced};

use super::Render;
use super::text::{escaped, plain};
use crate::row::Row;

const COLUMNS: [&str; 13] = [
    "url",
    "final_url",
    "status",
    "title",
    "title_source",
    "encoding",
    "encoding_source",
    "bytes",
    "elapsed_ms",
    "attempts",
    "error_code",
    "error_phase",
    "error_message",
];

/// What follows them, of rows with metadata.
const MORE_COLUMNS: [&str; 10] = [
    "best_title",
    "description",
    "canonical",
    "language",
    "headline",
    "authors",
    "image",
    "icon",
    "feed",
    "robots",
];

fn columns(metadata: bool) -> impl Iterator<Item = &'static str> {
    COLUMNS.into_iter().chain(MORE_COLUMNS.into_iter().filter(move |_| metadata))
}

/// The fields of a row, in the order of the columns.
fn fields(row: &Row, metadata: bool) -> Vec<String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let error = row.error.as_ref();
    let mut fields = vec![
        row.url.clone(),
        text(row.final_url.as_deref()),
        row.status.map(|status| status.to_string()).unwrap_or_default(),
        text(row.title.as_deref()),
        text(row.title_source),
        text(row.encoding),
        text(row.encoding_source),
        row.bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
        row.elapsed_ms().to_string(),
        row.attempts.to_string(),
        text(error.map(|error| error.code)),
        text(error.and_then(|error| error.phase)),
        text(error.map(|error| error.message.as_str())),
    ];
    if metadata {
        match row.metadata.as_deref() {
            Some(metadata) => fields.extend(more_fields(metadata)),
            None => fields.resize(COLUMNS.len() + MORE_COLUMNS.len(), String::new()),
        }
    }
    fields
}

/// The fields of the further columns: of lists the first, but for the authors and what robots may do.
fn more_fields(metadata: &Metadata) -> [String; MORE_COLUMNS.len()] {
    let text = |own: &Option<Sourced>| own.as_ref().map(|own| own.value.clone()).unwrap_or_default();
    let authors: Vec<&str> = metadata.authors.iter().map(|author| author.value.as_str()).collect();
    let robots: Vec<String> =
        metadata.robots.iter().map(|robots| format!("{}: {}", robots.name, robots.content)).collect();
    let icon = metadata.icons.iter().find(|icon| icon.rel == "icon").or_else(|| metadata.icons.first());
    [
        text(&metadata.best_title),
        text(&metadata.description),
        text(&metadata.canonical),
        text(&metadata.language),
        text(&metadata.headline),
        authors.join("; "),
        text(&metadata.image),
        icon.map(|icon| icon.url.clone()).unwrap_or_default(),
        metadata.feeds.first().map(|feed| feed.url.clone()).unwrap_or_default(),
        robots.join("; "),
    ]
}

/// RFC 4180 has no control characters in a field, and no way to write one: they become U+FFFD.
pub(super) struct Csv {
    pub(super) metadata: bool,
}

impl Render for Csv {
    fn begin(&mut self, out: &mut Vec<u8>) {
        csv_record(columns(self.metadata), out);
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) {
        csv_record(fields(row, self.metadata).iter().map(|field| plain(field)), out);
    }
}

fn csv_record(fields: impl IntoIterator<Item: AsRef<[u8]>>, out: &mut Vec<u8>) {
    let terminator = csv::Terminator::CRLF;
    let mut writer = csv::WriterBuilder::new().terminator(terminator).buffer_capacity(512).from_writer(out);
    // A vector takes everything.
    let _ = writer.write_record(fields);
    let _ = writer.flush();
}

/// A tab is `\t`, a line end `\n` or `\r`, a backslash `\\`; other control characters are `\u001b` and the like.
pub(super) struct Tsv {
    pub(super) metadata: bool,
}

impl Render for Tsv {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let columns: Vec<_> = columns(self.metadata).collect();
        out.extend_from_slice(columns.join("\t").as_bytes());
        out.push(b'\n');
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) {
        let fields: Vec<_> = fields(row, self.metadata).iter().map(|field| escaped(field)).collect();
        out.extend_from_slice(fields.join("\t").as_bytes());
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let title = Some("one, \"two\"\t\\three\u{1b}[0m\nfour".to_owned());
        Row { url: "http://a/".to_owned(), status: Some(200), title, bytes: Some(7), ..Row::default() }
    }

    fn rendered(mut render: impl Render) -> String {
        let mut out = Vec::new();
        render.begin(&mut out);
        render.row(&row(), &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn csv_quotes_as_rfc_4180_says() {
        let text = rendered(Csv { metadata: false });
        assert!(text.ends_with(",,,,7,0,0,,,\r\n"), "{text:?}");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().expect("a header").iter().collect::<Vec<_>>(), COLUMNS);
        let record = reader.records().next().expect("a record").expect("sound");
        assert_eq!(&record[3], "one, \"two\" \\three\u{FFFD}[0m four");
    }

    #[test]
    fn tsv_escapes() {
        let text = rendered(Tsv { metadata: false });
        let line = text.lines().nth(1).expect("a row");
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), COLUMNS.len());
        assert_eq!(fields[3], "one, \"two\"\\t\\\\three\\u001b[0m\\nfour");
        assert_eq!((fields[2], fields[7], fields[12]), ("200", "7", ""));
    }

    #[test]
    fn metadata_has_columns_of_its_own_filled_or_not() {
        let page = "<title>a</title><meta name=author content=b><meta name=author content=c><meta name=robots content=d>\
            <meta property=og:image content=e><link rel=icon href=f>";
        let row = |metadata| Row { metadata, ..Row::default() };
        let last = |row: Row| fields(&row, true).split_off(COLUMNS.len());
        let told = last(row(Some(Box::new(dualfetch::html::metadata(page)))));
        assert_eq!(told, ["a", "", "", "", "", "b", "e", "f", "", "robots: d"]);
        assert_eq!(last(row(None)), [""; MORE_COLUMNS.len()]);
        assert_eq!(columns(true).count(), COLUMNS.len() + MORE_COLUMNS.len());
    }
}
