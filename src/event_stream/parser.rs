//! [`EventParser`].

use std::fmt;
use std::time::Duration;

use memchr::memchr2;

use crate::error::{Error, ErrorKind, Result};

use super::{EventId, ServerEvent};

/// The longest event that is taken when nothing else is said, in bytes.
pub const MAX_EVENT: usize = 1024 * 1024;

/// The longest id that is taken, in bytes of UTF-8: 8 KiB. Hardly a server takes a longer header field, which it becomes
/// when a stream is gone on with.
pub const MAX_ID: usize = 8 * 1024;

/// Reads events from bytes that come in pieces, however they are cut.
///
/// ```
/// use dualfetch::event_stream::EventParser;
///
/// let mut parser = EventParser::new();
/// let mut events = Vec::new();
/// for mut piece in [&b"id: 7\nda"[..], b"ta: hello\r", b"\n\r\ndata: cut off"] {
///     while let Some(event) = parser.next(&mut piece)? {
///         events.push(event);
///     }
/// }
/// // What no blank line ends is no event.
/// assert_eq!(events.len(), 1);
/// assert_eq!((events[0].event.as_str(), events[0].data.as_str(), events[0].id.as_str()), ("message", "hello", "7"));
/// assert_eq!(parser.last_event_id(), "7");
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone)]
pub struct EventParser {
    max_event: usize,
    /// What has come of a line that has not ended.
    line: Vec<u8>,
    /// The line's end was a CR: an LF that comes next belongs to it.
    skips_lf: bool,
    /// The byte order mark may only be in front of the first line.
    is_first_line: bool,
    /// The data so far, an LF behind each line.
    data: Vec<u8>,
    name: Vec<u8>,
    /// What the last one will be when the event ends.
    new_id: Option<EventId>,
    last_event_id: EventId,
    retry: Option<Duration>,
    /// What has been set since the last event.
    fresh_retry: Option<Duration>,
    has_failed: bool,
}

impl EventParser {
    /// A parser at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_event: MAX_EVENT,
            line: Vec::new(),
            skips_lf: false,
            is_first_line: true,
            data: Vec::new(),
            name: Vec::new(),
            new_id: None,
            last_event_id: EventId::default(),
            retry: None,
            fresh_retry: None,
            has_failed: false,
        }
    }

    /// A parser at the start of a stream that goes on after this id: events have it until the server says another one,
    /// as in a browser's `EventSource` after it has connected again.
    #[must_use]
    pub fn after(last_event_id: impl Into<EventId>) -> Self {
        Self { last_event_id: last_event_id.into(), ..Self::new() }
    }

    /// The longest event that is taken: its data and its name, and any one line, a comment's too, in bytes as they come.
    /// 1 MiB when nothing is said. That, twice at most, two ids of at most [`MAX_ID`], and the piece that is read is what
    /// bounds memory.
    #[must_use]
    pub fn max_event(mut self, bytes: usize) -> Self {
        self.max_event = bytes;
        self
    }

    /// The next event, taken from the front of `bytes`; `None` when they have been used up, to be called again with those
    /// that come next. At the stream's end nothing is to be done: what has not ended by then is no event.
    ///
    /// # Errors
    /// [`ErrorKind::LineTooLong`] for an event longer than [`max_event`](Self::max_event), wherever the bytes are cut, and
    /// for an id longer than [`MAX_ID`]: the events behind one that is passed over would have the id of an earlier one, and
    /// whoever goes on after that has them twice. From then on there is none.
    // Not an iterator's: it is given what to read.
    #[allow(clippy::should_implement_trait, reason = "it takes the bytes")]
    pub fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<ServerEvent>> {
        if self.has_failed {
            *bytes = &[];
            return Ok(None);
        }
        while !bytes.is_empty() {
            if std::mem::take(&mut self.skips_lf) && bytes[0] == b'\n' {
                *bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.check(bytes.len())?;
                self.line.extend_from_slice(bytes);
                *bytes = &[];
                return Ok(None);
            };
            let (line, rest) = bytes.split_at(end);
            self.skips_lf = rest[0] == b'\r';
            *bytes = &rest[1..];
            self.check(line.len())?;
            if let Some(event) = self.end_line(line)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The id to go on after: that of the last blank line, whether it ended an event or not. Empty where there is none.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    pub(crate) fn shared_id(&self) -> EventId {
        self.last_event_id.clone()
    }

    /// The reconnection time that the server has set last.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// So many bytes more of the line, and it is still short enough.
    fn check(&mut self, more: usize) -> Result<()> {
        if self.line.len() + more + self.data.len() + self.name.len() <= self.max_event {
            return Ok(());
        }
        Err(self.too_long(self.max_event, "an event of the stream is longer"))
    }

    fn too_long(&mut self, limit: usize, why: &'static str) -> Error {
        self.has_failed = true;
        (self.line, self.data) = (Vec::new(), Vec::new());
        Error::new(ErrorKind::LineTooLong { limit }).with_message(why)
    }

    /// The line's last part has come.
    fn end_line(&mut self, part: &[u8]) -> Result<Option<ServerEvent>> {
        if self.line.is_empty() {
            return self.take(part);
        }
        let mut line = std::mem::take(&mut self.line);
        line.extend_from_slice(part);
        let event = self.take(&line)?;
        line.clear();
        self.line = line;
        Ok(event)
    }

    fn take(&mut self, line: &[u8]) -> Result<Option<ServerEvent>> {
        let line = match std::mem::take(&mut self.is_first_line) {
            true => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line),
            false => line,
        };
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        // Data is most of what comes.
        if let Some(value) = line.strip_prefix(b"data:") {
            self.take_data(without_space(value));
            return Ok(None);
        }
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], without_space(&line[colon + 1..])),
            None => (line, [].as_slice()),
        };
        match name {
            b"data" => self.take_data(value),
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            b"id" if !value.contains(&0) => self.take_id(value)?,
            b"retry" => {
                if let Some(time) = milliseconds(value) {
                    (self.retry, self.fresh_retry) = (Some(time), Some(time));
                }
            }
            // A comment has no name.
            _ => {}
        }
        Ok(None)
    }

    fn take_data(&mut self, value: &[u8]) {
        self.data.reserve(value.len() + 1);
        self.data.extend_from_slice(value);
        self.data.push(b'\n');
    }

    fn take_id(&mut self, value: &[u8]) -> Result<()> {
        let id = String::from_utf8_lossy(value);
        if id.len() > MAX_ID {
            return Err(self.too_long(MAX_ID, "an event's id is longer"));
        }
        self.new_id = Some(id.into());
        Ok(())
    }

    fn dispatch(&mut self) -> Option<ServerEvent> {
        if let Some(id) = self.new_id.take() {
            self.last_event_id = id;
        }
        if self.data.is_empty() {
            self.name.clear();
            return None;
        }
        let mut data = std::mem::take(&mut self.data);
        data.pop();
        let event = match self.name.is_empty() {
            true => "message".to_owned(),
            false => text(std::mem::take(&mut self.name)),
        };
        let (id, retry) = (self.last_event_id.clone(), self.fresh_retry.take());
        Some(ServerEvent { event, data: text(data), id, retry })
    }
}

impl Default for EventParser {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EventParser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventParser")
            .field("max_event", &self.max_event)
            .field("last_event_id", &self.last_event_id)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// A space behind the colon, and only one, is no part of the value.
fn without_space(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}

/// Digits and nothing else; what is longer than a duration is the longest.
fn milliseconds(value: &[u8]) -> Option<Duration> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let all =
        value.iter().fold(0_u64, |all, digit| all.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(Duration::from_millis(all))
}

/// UTF-8, whatever it is. A line's end is a part of no character, so this is the same as decoding all of the stream.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
