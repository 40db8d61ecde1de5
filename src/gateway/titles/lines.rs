//! [`Lines`]: a list as JSON strings, one on each line, whatever pieces it comes in.

use bytes::{Buf, Bytes, BytesMut};

use super::Fault;

/// How long a line may be, in bytes.
pub(super) const MAX_LINE: usize = 16 << 10;

/// Splits pieces into lines, and holds no more than a piece and a line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    piece: Bytes,
    /// What has come before of a line that has not ended.
    line: BytesMut,
    /// How many lines have ended.
    number: u64,
}

impl Lines {
    /// The next piece has come; all of the one before has been [taken](Self::next).
    pub(super) fn push(&mut self, piece: Bytes) {
        self.piece = piece;
    }

    /// The next URL of what has come, or what is wrong with the list from there on.
    pub(super) fn next(&mut self) -> Option<Result<String, Fault>> {
        loop {
            let end = memchr::memchr(b'\n', &self.piece);
            let part = self.piece.split_to(end.unwrap_or(self.piece.len()));
            // A carriage return may belong to the end.
            if self.line.len() + part.len() > MAX_LINE + 1 {
                return Some(Err(self.too_long()));
            }
            self.line.extend_from_slice(&part);
            end?;
            self.piece.advance(1);
            if let Some(url) = self.end_line() {
                return Some(url);
            }
        }
    }

    /// All has come: what follows the last line's end is a line, too.
    pub(super) fn finish(&mut self) -> Option<Result<String, Fault>> {
        self.end_line()
    }

    fn end_line(&mut self) -> Option<Result<String, Fault>> {
        let line = self.line.split();
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        if line.len() > MAX_LINE {
            return Some(Err(self.too_long()));
        }
        let marked = (self.number == 0).then(|| line.strip_prefix("\u{FEFF}".as_bytes())).flatten();
        self.number += 1;
        let line = marked.unwrap_or(line).trim_ascii();
        let bad = |_| {
            Fault::json(format!("line {} is no JSON string, such as \"https://example.com/\"", self.number))
        };
        (!line.is_empty()).then(|| serde_json::from_slice(line).map_err(bad))
    }

    fn too_long(&self) -> Fault {
        Fault::new("line_too_long", format!("line {} is longer than {MAX_LINE} bytes", self.number + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, in pieces so small that every boundary falls everywhere.
    fn read(bytes: &[u8]) -> Vec<Result<String, &'static str>> {
        let all = |size: usize| {
            let mut lines = Lines::default();
            let mut all = Vec::new();
            let mut ended = false;
            for piece in bytes.chunks(size) {
                lines.push(Bytes::copy_from_slice(piece));
                while let Some(url) = lines.next().filter(|_| !ended) {
                    ended = url.is_err();
                    all.push(url.map_err(|fault| fault.code));
                }
            }
            if !ended {
                all.extend(lines.finish().map(|url| url.map_err(|fault| fault.code)));
            }
            all
        };
        let read = all(bytes.len().max(1));
        for size in [1, 2, 3, 7] {
            assert_eq!(all(size), read, "in pieces of {size}");
        }
        read
    }

    fn url(text: &str) -> Result<String, &'static str> {
        Ok(text.to_owned())
    }

    #[test]
    fn a_string_a_line_however_lines_end() {
        let two = [url("http://a/"), url("http://b/")];
        assert_eq!(read(b"\"http://a/\"\n\"http://b/\"\n"), two);
        assert_eq!(read(b"\"http://a/\"\r\n\"http://b/\""), two);
        assert_eq!(read("\u{FEFF}\n \t\n \"http://a/\" \n\n\r\n\"http:\\/\\/b\\/\"\n".as_bytes()), two);
        assert_eq!(read(b""), []);
    }

    #[test]
    fn what_is_no_string_is_where_it_ends() {
        for wrong in ["http://a/", "1", "null", "[\"a\"]", "{}", "\"a\" \"b\"", "\"a", "\"\u{1}\""] {
            let text = format!("\"http://a/\"\n{wrong}\n\"http://b/\"\n");
            assert_eq!(read(text.as_bytes()), [url("http://a/"), Err("json")], "{wrong}");
        }
        assert_eq!(read(b"\"\xFF\"\n"), [Err("json")]);
    }

    #[test]
    fn a_line_may_be_as_long_as_is_said_and_no_longer() {
        let line = format!("\"{}\"", "a".repeat(MAX_LINE - 2));
        assert_eq!(read(format!("{line}\r\n\"b\"").as_bytes()), [url(&line[1..MAX_LINE - 1]), url("b")]);
        assert_eq!(read(format!("{line} \n").as_bytes()), [Err("line_too_long")]);
        let mut lines = Lines::default();
        lines.push(Bytes::from(vec![b' '; 10 * MAX_LINE]));
        assert!(lines.next().is_some_and(|url| url.is_err()), "before its end has come");
    }
}
