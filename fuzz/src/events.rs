//! Server-sent events: what a stream in pieces comes to is what the whole stream comes to, and that is what the standard's
//! steps say.

use std::time::Duration;

use dualfetch::event_stream::{EventParser, MAX_ID, ServerEvent};

use super::memory::peak_of;
use super::plan::Plan;

/// The event and its copy as text, the line that is open, and the ids.
const PER_BYTE: usize = 8;
const BESIDE: usize = 4 << 10;

/// As a caller may have set it, and what is never reached.
const LIMITS: [usize; 8] = [usize::MAX, usize::MAX, usize::MAX, usize::MAX, 0, 7, 64, 1000];

/// What a stream comes to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    /// Name, data, id.
    events: Vec<[String; 3]>,
    retry: Option<Duration>,
    last_event_id: String,
    is_too_long: bool,
}

/// Panics where the events depend on the cuts, are not what the standard says, or take more memory than the stream
/// accounts for.
pub fn hold(data: &[u8]) {
    let mut plan = Plan::of(data);
    let stream = data.repeat(plan.times);
    let limit = plan.choose(&LIMITS);
    let whole = read([&stream[..]].into_iter(), limit);
    let mut ends = plan.cuts(stream.len());
    ends.push(stream.len());
    let mut from = 0;
    let pieces: Vec<&[u8]> = ends
        .into_iter()
        .map(|end| {
            let piece = &stream[from..end.max(from)];
            from = end.max(from);
            piece
        })
        .collect();
    assert_eq!(read(pieces.iter().copied(), limit), whole, "in pieces");
    let (seen, peak) = peak_of(|| counted(&pieces, limit));
    assert_eq!(seen, whole.events.len());
    let held = limit.min(stream.len());
    assert!(peak <= BESIDE + PER_BYTE * held, "{peak} bytes for events of {held}");
    if limit == usize::MAX {
        assert_eq!(whole, by_the_standard(&stream), "by the standard");
    }
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>, limit: usize) -> Read {
    let mut parser = EventParser::new().max_event(limit);
    let mut read = Read::default();
    for mut piece in pieces {
        loop {
            match parser.next(&mut piece) {
                Ok(Some(ServerEvent { event, data, id, .. })) => {
                    read.events.push([event, data, id.to_string()])
                }
                Ok(None) => break,
                Err(_) => read.is_too_long = true,
            }
        }
    }
    read.retry = parser.retry();
    parser.last_event_id().clone_into(&mut read.last_event_id);
    read
}

/// Each event is let go when it has come.
fn counted(pieces: &[&[u8]], limit: usize) -> usize {
    let mut parser = EventParser::new().max_event(limit);
    let mut seen = 0;
    for piece in pieces {
        let mut rest = *piece;
        while let Ok(Some(_)) = parser.next(&mut rest) {
            seen += 1;
        }
    }
    seen
}

/// The steps of the HTML standard, section 9.2.6, over text that is all there; but an id may be too long.
fn by_the_standard(stream: &[u8]) -> Read {
    let text = String::from_utf8_lossy(stream);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop();
    let mut read = Read::default();
    let (mut data, mut name, mut id) = (String::new(), String::new(), String::new());
    for line in lines {
        if line.is_empty() {
            id.clone_into(&mut read.last_event_id);
            let (mut data, name) = (std::mem::take(&mut data), std::mem::take(&mut name));
            if data.pop().is_some() {
                let name = if name.is_empty() { "message".to_owned() } else { name };
                read.events.push([name, data, id.clone()]);
            }
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => data.extend([value, "\n"]),
            "event" => value.clone_into(&mut name),
            "id" if !value.contains('\0') => {
                if value.len() > MAX_ID {
                    read.is_too_long = true;
                    return read;
                }
                value.clone_into(&mut id);
            }
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                read.retry = Some(Duration::from_millis(value.parse().unwrap_or(u64::MAX)));
            }
            _ => {}
        }
    }
    read
}
