//! Server-sent events: what a stream in pieces comes to is what the whole stream comes to, and that is what the standard's
//! steps say.

mod standard;

use dualfetch::event_stream::{EventParser, ServerEvent};

use super::memory::peak_of;
use super::plan::Plan;
use standard::{Read, by_the_standard};

/// The event and its copy as text, the line that is open, and the ids.
const PER_BYTE: usize = 8;
const BESIDE: usize = 4 << 10;

/// As a caller may have set it, and what is never reached.
const LIMITS: [usize; 8] = [usize::MAX, usize::MAX, usize::MAX, usize::MAX, 0, 7, 64, 1000];

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
