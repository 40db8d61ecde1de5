//! The URLs: from the arguments, then from a file or standard input, a line at a time.
//!
//! Reading blocks, so a thread does it and hands lines over by a short queue: no more of the input is in memory than
//! that. A line that cannot be a URL keeps its place: it becomes a row that says what is wrong with it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::{Semaphore, mpsc};

use crate::Stop;
use crate::asking::bare;
use crate::resume::Done;

/// No URL is longer; browsers stop far below it.
const LONGEST: usize = 64 * 1024;

/// How many lines may be read ahead of what has been taken.
const AHEAD: usize = 256;

/// Where lines come from.
pub(crate) struct Source {
    name: String,
    reader: Box<dyn Read + Send>,
}

impl Source {
    /// Opens the file; `-` is standard input.
    pub(crate) fn open(path: &Path) -> Result<Self, Stop> {
        if path.as_os_str() == "-" {
            return Ok(Self { name: "standard input".to_owned(), reader: Box::new(io::stdin()) });
        }
        let name = path.display().to_string();
        let fault = |why: String| Stop::Fault(format!("cannot read {name}: {why}"));
        let file = File::open(path).map_err(|error| fault(error.to_string()))?;
        // Opening a folder succeeds on some systems; reading it would not.
        match file.metadata() {
            Ok(about) if about.is_dir() => Err(fault("it is a folder".to_owned())),
            _ => Ok(Self { name, reader: Box::new(file) }),
        }
    }
}

/// What was learnt of the input while it was read.
#[derive(Clone, Default)]
pub(crate) struct Intake(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    /// What is under way, by its place among the URLs that were taken.
    taken: HashMap<usize, Taken>,
    fault: Option<String>,
    /// Everything has been taken.
    ended: bool,
}

/// A URL that is under way.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Its place in the whole input.
    pub(crate) index: usize,
    /// Why it is none.
    pub(crate) bad: Option<BadLine>,
    /// As it was given, where it is fetched under another name: a host without a scheme.
    pub(crate) given: Option<String>,
}

/// A line that cannot be a URL.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// What can be shown of it.
    pub(crate) shown: String,
    /// What is wrong, the line's number included.
    pub(crate) why: String,
}

impl Intake {
    /// All URLs but those that are `done`, in their order. Each one takes a permit of `room`, which whoever writes its
    /// row gives back.
    ///
    /// A bad line stands as an empty text, which is no URL: its row comes at once, and [`taken`](Self::taken) knows
    /// better what to say in it.
    pub(crate) fn urls(
        &self,
        arguments: Vec<String>,
        source: Option<Source>,
        done: Done,
        room: Arc<Semaphore>,
    ) -> impl Stream<Item = String> + Send + 'static {
        let count = arguments.len();
        let first = arguments.into_iter().map(Line::Url).enumerate();
        let first: Vec<_> = first.filter(|(index, _)| !done.contains(*index)).collect();
        let lines = source.map_or_else(|| mpsc::channel(1).1, |source| read(source, count, done));
        let intake = self.clone();
        let lines = stream::unfold(lines, move |mut lines| {
            let intake = intake.clone();
            async move {
                let line = lines.recv().await;
                intake.seen().ended |= line.is_none();
                line.map(|line| (line, lines))
            }
        });
        let intake = self.clone();
        stream::iter(first)
            .chain(lines)
            .then(move |line| {
                let room = Arc::clone(&room);
                async move {
                    // It is never closed.
                    if let Ok(permit) = room.acquire().await {
                        permit.forget();
                    }
                    line
                }
            })
            .enumerate()
            .map(move |(place, (index, line))| intake.take(place, index, line))
            .take_while(|url| std::future::ready(url.is_some()))
            .filter_map(std::future::ready)
    }

    /// What is known of the URL that was taken in this place. It is forgotten: its row is there.
    pub(crate) fn taken(&self, place: usize) -> Taken {
        self.seen().taken.remove(&place).unwrap_or_default()
    }

    /// Whether every URL has its row.
    pub(crate) fn is_done(&self) -> bool {
        let seen = self.seen();
        seen.ended && seen.taken.is_empty()
    }

    /// Why the input ended early, if it did.
    pub(crate) fn fault(&self) -> Option<String> {
        self.seen().fault.take()
    }

    fn take(&self, place: usize, index: usize, line: Line) -> Option<String> {
        let (url, bad, given) = match line {
            Line::Bad(bad) => (String::new(), Some(bad), None),
            Line::Fault(why) => {
                self.seen().fault = Some(why);
                return None;
            }
            Line::Url(url) => match bare(&url) {
                Some(bare) => (bare, None, Some(url)),
                None => (url, None, None),
            },
        };
        self.seen().taken.insert(place, Taken { index, bad, given });
        Some(url)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one line holds.
pub(crate) enum Line {
    Bad(BadLine),
    Fault(String),
    Url(String),
}

/// Reads lines, the first of which has this index, but for those that are done. On a thread of its own, which ends with
/// the input, or when nobody takes its lines. Should it hang in a read by then, the program's end does not wait for it.
fn read(source: Source, mut index: usize, done: Done) -> mpsc::Receiver<(usize, Line)> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let mut lines = Lines::new(BufReader::with_capacity(64 * 1024, source.reader));
        loop {
            let line = match lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(error) => Line::Fault(format!("cannot read {}: {error}", source.name)),
            };
            let last = matches!(line, Line::Fault(_));
            let is_wanted = last || !done.contains(index);
            if is_wanted && sender.blocking_send((index, line)).is_err() {
                return;
            }
            if last {
                return;
            }
            index += 1;
        }
    });
    receiver
}

/// Lines that may hold a URL. They end with LF, CR LF or CR.
pub(crate) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    too_long: bool,
    number: u64,
    /// The byte before was a CR: a LF now belongs to it.
    after_cr: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), too_long: false, number: 0, after_cr: false }
    }

    /// The next line that is neither blank nor a comment.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        while self.advance()? {
            if self.number == 1 && matches!(self.line.get(..2), Some([0xFF, 0xFE] | [0xFE, 0xFF])) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it is UTF-16; save it as UTF-8"));
            }
            let bytes = match self.number {
                1 => self.line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&self.line),
                _ => &self.line,
            };
            let text = String::from_utf8_lossy(bytes);
            let trimmed = text.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            return Ok(Some(match text {
                _ if self.too_long => self.bad(trimmed, "longer than 64 KiB"),
                // It had to be repaired.
                Cow::Owned(_) => self.bad(trimmed, "not UTF-8"),
                Cow::Borrowed(_) => Line::Url(trimmed.to_owned()),
            }));
        }
        Ok(None)
    }

    fn bad(&self, text: &str, what: &str) -> Line {
        const SHOWN: usize = 200;
        let mut shown: String = text.chars().take(SHOWN).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        Line::Bad(BadLine { shown, why: format!("line {} is {what}", self.number) })
    }

    /// Reads one more line into `line`, as far as it is not too long. `false` at the end.
    fn advance(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.too_long = false;
        let mut any = false;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                self.number += u64::from(any);
                return Ok(any);
            }
            if std::mem::take(&mut self.after_cr) && chunk[0] == b'\n' {
                self.reader.consume(1);
                continue;
            }
            any = true;
            let end = memchr::memchr2(b'\n', b'\r', chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = LONGEST - self.line.len();
            self.too_long |= part.len() > room;
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            self.after_cr = end.is_some_and(|end| chunk[end] == b'\r');
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                self.number += 1;
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, through a buffer so small that every boundary falls everywhere.
    fn read(bytes: &[u8]) -> Vec<Result<String, String>> {
        let all = |capacity| {
            let mut lines = Lines::new(BufReader::with_capacity(capacity, bytes));
            let mut all = Vec::new();
            while let Some(line) = lines.next().expect("bytes in memory") {
                all.push(match line {
                    Line::Bad(bad) => Err(bad.why),
                    Line::Fault(why) => panic!("{why}"),
                    Line::Url(url) => Ok(url),
                });
            }
            all
        };
        let read = all(64 * 1024);
        for capacity in [1, 2, 3, 7] {
            assert_eq!(all(capacity), read, "with a buffer of {capacity}");
        }
        read
    }

    fn url(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    #[test]
    fn lines_end_as_they_end_on_any_system() {
        let three = vec![url("http://a/"), url("http://b/"), url("http://c/")];
        assert_eq!(read(b"http://a/\nhttp://b/\nhttp://c/\n"), three);
        assert_eq!(read(b"http://a/\r\nhttp://b/\r\nhttp://c/\r\n"), three);
        assert_eq!(read(b"http://a/\rhttp://b/\rhttp://c/"), three);
        assert_eq!(read(b""), []);
    }

    #[test]
    fn byte_order_mark_blank_lines_comments_and_white_space_are_skipped() {
        let text = "\u{FEFF}http://a/#part\n\n  \t\n# http://no/\n  # nor this\n\t http://b/ \u{A0}\n#\n";
        assert_eq!(read(text.as_bytes()), [url("http://a/#part"), url("http://b/")]);
        assert_eq!(read("\u{FEFF}# only a comment".as_bytes()), []);
    }

    #[test]
    fn what_is_no_text_keeps_its_place_and_names_its_line() {
        let why = |text: &str| Err(text.to_owned());
        assert_eq!(
            read(b"http://a/\r\n\r\n\xFFhttp://b/\r\nhttp://c/"),
            [url("http://a/"), why("line 3 is not UTF-8"), url("http://c/")]
        );
        assert_eq!(read(b"\r\r\xFF"), [why("line 3 is not UTF-8")]);
    }

    #[test]
    fn an_endless_line_is_a_row_and_is_not_kept() {
        let mut bytes = vec![b'a'; LONGEST];
        bytes.extend_from_slice(b"\n");
        assert_eq!(read(&bytes).len(), 1);
        assert!(read(&bytes)[0].is_ok(), "as long as is allowed");
        bytes.insert(0, b'a');
        bytes.extend_from_slice(b"http://next/");
        assert_eq!(read(&bytes), [Err("line 1 is longer than 64 KiB".to_owned()), url("http://next/")]);
        // Cut inside a character: that it is too long is still what is said.
        let long = "é".repeat(LONGEST);
        assert_eq!(read(format!("a{long}").as_bytes()), [Err("line 1 is longer than 64 KiB".to_owned())]);
    }

    #[test]
    fn utf_16_is_recognised() {
        let mut lines = Lines::new(&b"\xFF\xFEh\0t\0t\0p\0"[..]);
        let error = lines.next().err().expect("no list of URLs");
        assert!(error.to_string().contains("UTF-16"), "{error}");
    }
}
