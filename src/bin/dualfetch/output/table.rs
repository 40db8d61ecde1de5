//! The table for people: a line a row, as it comes, in columns of fixed width.

use std::fmt::Write as _;

use dualfetch::url::redact;

use super::Render;
use super::text::{fit, pad, plain, squeeze};
use crate::row::Row;
use crate::units::Took;

/// What the output can show.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// The width of the terminal; none is no terminal, and nothing is cut.
    pub(crate) columns: Option<usize>,
    pub(crate) colour: bool,
}

/// A way to write, for a terminal with colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Bad,
    Dim,
    Good,
    Plain,
    Warn,
}

impl Look {
    /// The text in this style, where there are colours.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        let code = match style {
            _ if !self.colour => return text.to_owned(),
            Style::Bad => "31",
            Style::Dim => "2",
            Style::Good => "32",
            Style::Plain => return text.to_owned(),
            Style::Warn => "33",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// The table.
#[derive(Debug)]
pub(crate) struct Table {
    look: Look,
    /// What the third column is called.
    third: &'static str,
    /// The widths of title and third column.
    widths: (usize, usize),
}

const STATUS: usize = 6;
const TIME: usize = 7;
const GAP: &str = "  ";

/// What stands in one line.
#[derive(Debug)]
pub(crate) struct Cells<'a> {
    pub(crate) status: (Style, &'a str),
    pub(crate) title: (Style, &'a str),
    pub(crate) third: &'a str,
    pub(crate) time: &'a str,
}

impl Table {
    /// A table whose third column has this name.
    pub(crate) fn new(look: Look, third: &'static str) -> Self {
        const NARROWEST: usize = 12;
        const ELSEWHERE: usize = 50;
        let widths = match look.columns {
            None => (ELSEWHERE, ELSEWHERE),
            Some(columns) => {
                let both = columns.saturating_sub(STATUS + TIME + 3 * GAP.len());
                // Titles are what it is about.
                let title = (both * 11 / 20).max(NARROWEST);
                (title, both.saturating_sub(title).max(NARROWEST))
            }
        };
        Self { look, third, widths }
    }

    /// The same with this width for the third column, the rest for the title.
    pub(crate) fn with_third_of(mut self, columns: usize) -> Self {
        let both = self.widths.0 + self.widths.1;
        if columns < both / 2 {
            self.widths = (both - columns, columns);
        }
        self
    }

    /// One line.
    pub(crate) fn line(&self, cells: &Cells<'_>, out: &mut String) {
        let cell = |text: &str, columns| match self.look.columns {
            None => pad(text, columns),
            Some(_) => fit(text, columns),
        };
        let (title, third) = self.widths;
        out.push_str(&self.look.paint(cells.status.0, &cell(cells.status.1, STATUS)));
        out.push_str(GAP);
        out.push_str(&self.look.paint(cells.title.0, &cell(cells.title.1, title)));
        out.push_str(GAP);
        out.push_str(&self.look.paint(Style::Dim, &cell(cells.third, third)));
        out.push_str(GAP);
        let time = format!("{:>TIME$}", cells.time);
        out.push_str(&self.look.paint(Style::Dim, &time));
    }

    /// What more there is to say of a title, in a line of its own.
    fn below(&self, text: &str, out: &mut String) {
        let start = STATUS + GAP.len();
        let text = match self.look.columns {
            None => text.to_owned(),
            Some(columns) => fit(text, columns.saturating_sub(start)).trim_end().to_owned(),
        };
        out.push_str(&" ".repeat(start));
        out.push_str(&self.look.paint(Style::Dim, &text));
        out.push('\n');
    }

    /// A URL for the third column of a terminal: what tells rows apart is at its ends, and it is not the scheme.
    fn place(&self, url: &str) -> String {
        let url = plain(url);
        match self.look.columns {
            None => url,
            Some(_) => {
                let bare =
                    url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(&url);
                squeeze(bare, self.widths.1)
            }
        }
    }

    /// The line above all.
    pub(crate) fn heading(&self, out: &mut String) {
        let cells = Cells {
            status: (Style::Dim, "STATUS"),
            title: (Style::Dim, "TITLE"),
            third: self.third,
            time: "TIME",
        };
        self.line(&cells, out);
    }

    /// One row, with `third` in the third column.
    pub(crate) fn row_with(&self, row: &Row, third: &str, out: &mut String) {
        let status = row.status.map_or_else(|| "error".to_owned(), |status| status.to_string());
        let status_style = match row.status {
            None => Style::Bad,
            Some(400..) => Style::Warn,
            Some(_) => Style::Plain,
        };
        let (style, title) = title(row);
        let time = Took(row.elapsed).to_string();
        let cells = Cells {
            status: (status_style, &status),
            title: (style, &title),
            third: &plain(third),
            time: &time,
        };
        self.line(&cells, out);
    }
}

impl Render for Table {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let mut line = String::new();
        self.heading(&mut line);
        line.push('\n');
        out.extend_from_slice(line.as_bytes());
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) {
        // A screen may have more readers than its user.
        let mut line = String::new();
        self.row_with(row, &self.place(&redact(&row.url)), &mut line);
        line.push('\n');
        if let Some(description) = row.metadata.as_ref().and_then(|metadata| metadata.description.as_ref()) {
            self.below(&plain(&description.value), &mut line);
        }
        out.extend_from_slice(line.as_bytes());
    }
}

/// The title, or what to say in its place.
fn title(row: &Row) -> (Style, String) {
    // A page that --fail makes a failure still has its status and title to show.
    if let (Some(error), None) = (&row.error, row.status) {
        let mut text = error.code.to_owned();
        if let Some(phase) = error.phase {
            let _ = write!(text, " ({phase})");
        }
        if !error.detail.is_empty() {
            let _ = write!(text, ": {}", plain(&error.detail));
        }
        return (Style::Bad, text);
    }
    match (row.title.as_deref(), row.title_source) {
        (Some(""), _) => (Style::Dim, "(empty title)".to_owned()),
        (Some(title), _) => (Style::Plain, plain(title)),
        (None, Some("content-type")) => (Style::Dim, "(not HTML)".to_owned()),
        (None, Some("truncated")) => (Style::Dim, "(no title as far as it was read)".to_owned()),
        (None, _) => (Style::Dim, "(no title)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::row::RowError;

    fn rows() -> Vec<Row> {
        let titled = |title: &str| Row {
            url: "https://example.com/a/rather/long/path/that/does/not/fit/everywhere".to_owned(),
            status: Some(200),
            title: Some(title.to_owned()),
            title_source: Some("head"),
            ..Row::default()
        };
        let error = RowError {
            code: "timeout",
            phase: Some("total"),
            message: "timed out: total".to_owned(),
            detail: String::new(),
        };
        vec![
            titled("short"),
            titled("紅楼夢".repeat(40).as_str()),
            titled("\u{1b}[2J\u{1b}[31mred\nnext"),
            titled(""),
            Row { url: "http://x/".to_owned(), error: Some(error), ..Row::default() },
        ]
    }

    fn lines(look: Look) -> Vec<String> {
        let mut table = Table::new(look, "URL");
        let mut out = Vec::new();
        table.begin(&mut out);
        for row in rows() {
            table.row(&row, &mut out);
        }
        String::from_utf8(out).expect("UTF-8").lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_line_has_the_width_of_the_terminal() {
        for columns in [60, 80, 81, 140] {
            let lines = lines(Look { columns: Some(columns), colour: false });
            assert_eq!(lines.len(), 1 + rows().len(), "{lines:#?}");
            for line in lines {
                assert_eq!(line.width(), columns, "{line:?}");
                assert!(!line.contains(char::is_control), "{line:?}");
            }
        }
    }

    #[test]
    fn elsewhere_nothing_is_cut_and_a_timeout_names_its_phase() {
        let lines = lines(Look::default());
        assert!(lines[1].contains("/that/does/not/fit/everywhere"));
        assert!(lines[2].contains(&"紅楼夢".repeat(40)));
        assert!(lines[5].starts_with("error   timeout (total)  "), "{:?}", lines[5]);
        assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
    }

    #[test]
    fn a_password_is_not_shown() {
        let row = Row { url: "http://me:secret@a.example/".to_owned(), ..Row::default() };
        let mut out = Vec::new();
        Table::new(Look::default(), "URL").row(&row, &mut out);
        let line = String::from_utf8(out).expect("UTF-8");
        assert!(line.contains("http://me:***@a.example/") && !line.contains("secret"), "{line}");
    }
}
