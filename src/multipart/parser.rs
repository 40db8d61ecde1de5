//! What comes taken apart: bytes in, wherever they are cut, and parts out.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::{memchr, memchr_iter, memmem};

use crate::error::{Error, ErrorKind, Result};

/// White space that may follow a boundary on its line (RFC 2046, "transport-padding"); more makes it no boundary.
const PADDING: usize = 256;

/// Fields that a part may have: the bytes that they may have are the caller's.
const MOST_FIELDS: usize = 128;

/// What comes next.
#[derive(Debug)]
pub(super) enum Event {
    /// Bytes are needed for that.
    More,
    /// A part begins.
    Part(HeaderMap),
    /// So much of its content.
    Data(Bytes),
    /// It ends.
    PartEnd,
    /// The last one has ended. What follows means nothing.
    End,
}

pub(super) struct Parser {
    /// CR LF and the boundary after its two hyphens.
    delimiter: memmem::Finder<'static>,
    bytes: BytesMut,
    state: State,
    /// No more bytes come.
    has_ended: bool,
    /// Up to here there is no end of the header fields.
    searched: usize,
    pub(super) max_header_bytes: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before the first delimiter: what stands there means nothing. At the start of a line, or not.
    Preamble {
        at_start: bool,
    },
    Fields,
    /// In a part, at the start of its content or after that.
    Content {
        at_start: bool,
    },
    End,
}

/// What follows a boundary.
enum After {
    Unknown,
    /// It was none.
    Nothing,
    /// The next part, after so many bytes.
    Next(usize),
    Last,
}

impl Parser {
    pub(super) fn new(boundary: &str) -> Self {
        let delimiter = format!("\r\n--{boundary}");
        Self {
            delimiter: memmem::Finder::new(&delimiter).into_owned(),
            bytes: BytesMut::new(),
            state: State::Preamble { at_start: true },
            has_ended: false,
            searched: 0,
            max_header_bytes: 16 * 1024,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.state != State::End {
            self.bytes.extend_from_slice(bytes);
        }
    }

    pub(super) fn finish(&mut self) {
        self.has_ended = true;
    }

    /// Whether a part has begun and not ended.
    pub(super) fn is_in_part(&self) -> bool {
        matches!(self.state, State::Content { .. })
    }

    pub(super) fn next(&mut self) -> Result<Event> {
        loop {
            let event = match self.state {
                State::Preamble { at_start } => self.preamble(at_start)?,
                State::Fields => Some(self.fields()?.map_or(Event::More, Event::Part)),
                State::Content { at_start } => self.content(at_start)?,
                State::End => Some(Event::End),
            };
            if let Some(event) = event {
                return Ok(event);
            }
        }
    }

    fn preamble(&mut self, at_start: bool) -> Result<Option<Event>> {
        let (dropped, after) = self.delimited(at_start);
        let _ = self.bytes.split_to(dropped);
        self.state = State::Preamble { at_start: at_start && dropped == 0 };
        match after {
            None if self.has_ended => Err(broken("there is no boundary in it")),
            Some((length, After::Next(more))) => {
                let _ = self.bytes.split_to(length + more);
                self.state = State::Fields;
                Ok(None)
            }
            Some((_, After::Last)) => {
                self.end();
                Ok(None)
            }
            _ => Ok(Some(Event::More)),
        }
    }

    fn content(&mut self, at_start: bool) -> Result<Option<Event>> {
        let (content, after) = self.delimited(at_start);
        if content > 0 {
            self.state = State::Content { at_start: false };
            return Ok(Some(Event::Data(self.bytes.split_to(content).freeze())));
        }
        match after {
            Some((length, After::Next(more))) => {
                let _ = self.bytes.split_to(length + more);
                (self.state, self.searched) = (State::Fields, 0);
                Ok(Some(Event::PartEnd))
            }
            Some((_, After::Last)) => {
                self.end();
                Ok(Some(Event::PartEnd))
            }
            _ if self.has_ended => Err(broken("it ends within a part")),
            _ => Ok(Some(Event::More)),
        }
    }

    /// How many bytes are surely before the next delimiter, and, where it stands right behind them, its length and what
    /// follows it.
    fn delimited(&self, at_start: bool) -> (usize, Option<(usize, After)>) {
        let needle = self.delimiter.needle();
        if at_start {
            // The line end before it is not its own.
            let needle = &needle[2..];
            if self.bytes.starts_with(needle) {
                match self.after(&self.bytes[needle.len()..]) {
                    After::Nothing => {}
                    after => return (0, Some((needle.len(), after))),
                }
            } else if needle.starts_with(&self.bytes) && !self.has_ended {
                return (0, None);
            }
        }
        let mut from = 0;
        while let Some(at) = self.delimiter.find(&self.bytes[from..]) {
            let at = from + at;
            match self.after(&self.bytes[at + needle.len()..]) {
                After::Nothing => from = at + 1,
                after => return (at, Some((needle.len(), after))),
            }
        }
        // A delimiter may have begun.
        let tail = self.bytes.len().saturating_sub(needle.len() - 1).max(from);
        let begun = memchr_iter(b'\r', &self.bytes[tail..]).map(|at| tail + at);
        let begun = begun.into_iter().find(|at| !self.has_ended && needle.starts_with(&self.bytes[*at..]));
        (begun.unwrap_or(self.bytes.len()), None)
    }

    fn after(&self, rest: &[u8]) -> After {
        if rest.starts_with(b"--") {
            return After::Last;
        }
        let padding = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).take(PADDING + 1).count();
        match &rest[padding..] {
            _ if padding > PADDING => After::Nothing,
            [b'\r', b'\n', ..] => After::Next(padding + 2),
            [] | [b'\r'] if !self.has_ended => After::Unknown,
            [b'-'] if padding == 0 && !self.has_ended => After::Unknown,
            _ => After::Nothing,
        }
    }

    fn fields(&mut self) -> Result<Option<HeaderMap>> {
        // A line end at once: there are none.
        let end = match self.bytes.starts_with(b"\r\n") {
            true => Some(0),
            false => memmem::find(&self.bytes[self.searched..], b"\r\n\r\n").map(|at| self.searched + at + 2),
        };
        let too_large = end.unwrap_or(self.bytes.len()) > self.max_header_bytes;
        if too_large {
            let message = format!("a part has more than {} bytes of header fields", self.max_header_bytes);
            return Err(Error::new(ErrorKind::HeadersTooLarge).with_message(message));
        }
        let Some(end) = end else {
            self.searched = self.bytes.len().saturating_sub(3);
            return match self.has_ended {
                true => Err(broken("it ends within a part's header fields")),
                false => Ok(None),
            };
        };
        let block = self.bytes.split_to(end);
        let _ = self.bytes.split_to(2);
        self.state = State::Content { at_start: true };
        parsed(&block).map(Some)
    }

    fn end(&mut self) {
        self.state = State::End;
        self.bytes = BytesMut::new();
    }
}

/// Header fields, each with its line end; a line that starts with white space goes on with the one before (RFC 5322).
fn parsed(mut block: &[u8]) -> Result<HeaderMap> {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    while !block.is_empty() {
        let end = memchr(b'\n', block).map_or(block.len(), |at| at + 1);
        let (line, rest) = block.split_at(end);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line.first(), fields.last_mut()) {
            (Some(b' ' | b'\t'), Some(field)) => {
                field.push(b' ');
                field.extend_from_slice(line.trim_ascii());
            }
            _ => fields.push(line.to_vec()),
        }
        block = rest;
    }
    if fields.len() > MOST_FIELDS {
        let message = format!("a part has more than {MOST_FIELDS} header fields");
        return Err(Error::new(ErrorKind::HeadersTooLarge).with_message(message));
    }
    let mut headers = HeaderMap::new();
    for field in fields {
        let split =
            memchr(b':', &field).map(|at| (field[..at].trim_ascii_end(), field[at + 1..].trim_ascii()));
        let parsed = split.and_then(|(name, value)| {
            Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
        });
        let Some((name, value)) = parsed else {
            let start = field[..field.len().min(80)].escape_ascii();
            return Err(broken(&format!("a part has a line that is no header field: \"{start}\"")));
        };
        headers.append(name, value);
    }
    Ok(headers)
}

pub(super) fn broken(why: &str) -> Error {
    Error::new(ErrorKind::Decode).with_message(format!("the multipart body: {why}"))
}
