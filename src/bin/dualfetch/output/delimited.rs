//! CSV (RFC 4180) and TSV: the same columns, each in its own way of quoting.

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

/// The fields of a row, in the order of the columns.
fn fields(row: &Row) -> [String; COLUMNS.len()] {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let error = row.error.as_ref();
    [
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
    ]
}

/// RFC 4180 has no control characters in a field, and no way to write one: they become U+FFFD.
pub(super) struct Csv;

impl Render for Csv {
    fn begin(&mut self, out: &mut Vec<u8>) {
        csv_record(COLUMNS, out);
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) {
        csv_record(fields(row).map(|field| plain(&field)), out);
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
pub(super) struct Tsv;

impl Render for Tsv {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(COLUMNS.join("\t").as_bytes());
        out.push(b'\n');
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) {
        let fields = fields(row).map(|field| escaped(&field));
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
        let text = rendered(Csv);
        assert!(text.ends_with(",,,,7,0,0,,,\r\n"), "{text:?}");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().expect("a header").iter().collect::<Vec<_>>(), COLUMNS);
        let record = reader.records().next().expect("a record").expect("sound");
        assert_eq!(&record[3], "one, \"two\" \\three\u{FFFD}[0m four");
    }

    #[test]
    fn tsv_escapes() {
        let text = rendered(Tsv);
        let line = text.lines().nth(1).expect("a row");
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), COLUMNS.len());
        assert_eq!(fields[3], "one, \"two\"\\t\\\\three\\u001b[0m\\nfour");
        assert_eq!((fields[2], fields[7], fields[12]), ("200", "7", ""));
    }
}
