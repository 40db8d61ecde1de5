//! Unlabelled bytes: read as UTF-8 at once, kept so that the reading can be taken back.

use super::EncodingSource;
use super::decoder::{Deferred, Event, Reading};
use super::engine::{Encoding, Transcoder};
use super::judge::{is_utf8, judge};

/// How many bytes are kept, and so how far from the start an encoding can change. Enough that what reads as
/// UTF-8 all along is UTF-8; little enough to be held for a hundred bodies at a time.
pub(super) const RETAINED: usize = 256 << 10;

/// How many bytes past the first malformed one are waited for. A few lines of text: with the first non-ASCII
/// bytes alone the detector says windows-1252 to nearly anything. The same without the detector, so that what a
/// decoder defers does not depend on the build.
const LOOKAHEAD: usize = 4096;

pub(super) struct Tentative {
    /// The bytes from the first on; where some were let go, those since.
    retained: Vec<u8>,
    /// How many of `retained` have been handed out as text.
    read: usize,
    /// How many bytes have been let go: ASCII all of them, so right in nearly any encoding, but a restart is out.
    /// Hence from there on nothing but ASCII is handed out before it has been judged.
    let_go: u64,
    /// Another decoder is to go on where the detector would be asked.
    defers: bool,
    phase: Phase,
}

enum Phase {
    /// All well-formed UTF-8 so far.
    Utf8,
    /// What stands at `read` is not UTF-8 or may not be; nothing is handed out until so many bytes are there
    /// to judge by.
    Holding { until: usize },
    /// Judged once, and to be judged again with all that is retained.
    Judged(Transcoder),
}

/// What has happened to the text, and how to go on.
pub(super) type Step = (Event, Next);

pub(super) enum Next {
    /// Only the tables can tell, and another decoder has them.
    Deferred,
    Settled(Transcoder),
    /// Still tentative.
    Tentative,
}

impl Tentative {
    pub(super) fn new(defers: bool) -> Self {
        Self { retained: Vec::new(), read: 0, let_go: 0, defers, phase: Phase::Utf8 }
    }

    /// As after so much ASCII that bytes have been let go.
    pub(super) fn past_ascii() -> Self {
        Self { let_go: RETAINED as u64, ..Self::new(false) }
    }

    pub(super) fn into_deferred(self) -> Deferred {
        Deferred { bytes: self.retained, let_go: self.let_go }
    }

    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        out: &mut String,
        now: &mut Reading,
        top_level: Option<&str>,
    ) -> Step {
        let mut event = Event::Text;
        while !bytes.is_empty() {
            // Never past the limit at once: what is judged must not depend on how the bytes are cut.
            let room = RETAINED.saturating_sub(self.retained.len()).min(bytes.len());
            let (piece, rest) = bytes.split_at(room);
            bytes = rest;
            self.retained.extend_from_slice(piece);
            let (happened, next) = self.advance(false, out, now, top_level);
            event = event.or(happened);
            match next {
                Next::Deferred => {
                    self.retained.extend_from_slice(bytes);
                    return (event, Next::Deferred);
                }
                Next::Settled(mut transcoder) => {
                    now.malformed |= transcoder.decode(bytes, out, false);
                    return (event, Next::Settled(transcoder));
                }
                Next::Tentative => {}
            }
        }
        (event, Next::Tentative)
    }

    /// The body has ended; always settles, or defers.
    pub(super) fn finish(&mut self, out: &mut String, now: &mut Reading, top_level: Option<&str>) -> Step {
        self.advance(true, out, now, top_level)
    }

    /// All bytes of the body, where none was let go.
    pub(super) fn take_whole(&mut self) -> Option<Vec<u8>> {
        (!self.has_let_go()).then(|| std::mem::take(&mut self.retained))
    }

    /// A label from inside the document; always settles. (Read as UTF-8, said to be UTF-8: settled, too.)
    pub(super) fn relabel(&mut self, encoding: Encoding, out: &mut String, now: &mut Reading) -> Step {
        if let Phase::Judged(transcoder) = &mut self.phase
            && encoding == now.encoding
        {
            now.source = EncodingSource::Meta;
            let transcoder = std::mem::replace(transcoder, Transcoder::new(encoding));
            return (Event::Text, Next::Settled(transcoder));
        }
        let (event, transcoder) = self.switch(encoding, EncodingSource::Meta, out, now);
        (event, Next::Settled(transcoder))
    }

    fn advance(&mut self, ended: bool, out: &mut String, now: &mut Reading, top_level: Option<&str>) -> Step {
        let mut event = Event::Text;
        loop {
            match &mut self.phase {
                Phase::Utf8 => {
                    if self.read_utf8(out) || (ended && self.read < self.retained.len()) {
                        let until = self.read.saturating_add(LOOKAHEAD).min(RETAINED);
                        self.phase = Phase::Holding { until };
                        continue;
                    }
                    let settled = self.settle_utf8(ended, out, now);
                    return (event, settled.map_or(Next::Tentative, Next::Settled));
                }
                Phase::Holding { until } => {
                    let window = self.retained.get(..*until).unwrap_or(&self.retained);
                    if !ended && window.len() < *until {
                        return (event, Next::Tentative);
                    }
                    let ended = ended && window.len() == self.retained.len();
                    if self.defers && !is_utf8(window, ended) {
                        return (event, Next::Deferred);
                    }
                    let encoding = judge(window, ended, top_level);
                    let (happened, transcoder) = self.switch(encoding, source_of(encoding), out, now);
                    event = event.or(happened);
                    if self.has_let_go() {
                        return (event, Next::Settled(transcoder));
                    }
                    self.phase = Phase::Judged(transcoder);
                }
                Phase::Judged(transcoder) => {
                    let unread = self.retained.get(self.read..).unwrap_or_default();
                    now.malformed |= transcoder.decode(unread, out, false);
                    self.read = self.retained.len();
                    if !ended && self.retained.len() < RETAINED {
                        return (event, Next::Tentative);
                    }
                    if self.defers && !is_utf8(&self.retained, ended) {
                        return (event, Next::Deferred);
                    }
                    let encoding = judge(&self.retained, ended, top_level);
                    if encoding == now.encoding {
                        let transcoder = std::mem::replace(transcoder, Transcoder::new(encoding));
                        return (event, Next::Settled(transcoder));
                    }
                    let (happened, transcoder) = self.switch(encoding, source_of(encoding), out, now);
                    return (event.or(happened), Next::Settled(transcoder));
                }
            }
        }
    }

    /// Hands out what is well-formed. True when it stopped at bytes that must be judged, rather than at the
    /// end or at a sequence that is merely cut.
    fn read_utf8(&mut self, out: &mut String) -> bool {
        let fresh = self.retained.get(self.read..).unwrap_or_default();
        let whole = if self.has_let_go() && !fresh.is_ascii() {
            fresh.iter().position(|b| !b.is_ascii()).unwrap_or(fresh.len())
        } else {
            fresh.len() - cut_sequence(fresh)
        };
        let readable = fresh.get(..whole).unwrap_or_default();
        match std::str::from_utf8(readable) {
            Ok(text) => {
                out.push_str(text);
                self.read += whole;
                self.has_let_go() && whole < fresh.len()
            }
            Err(error) => {
                let valid = readable.get(..error.valid_up_to()).unwrap_or_default();
                out.push_str(std::str::from_utf8(valid).unwrap_or_default());
                self.read += valid.len();
                true
            }
        }
    }

    /// All is UTF-8 so far: settled at the end, and where no more can be retained.
    fn settle_utf8(&mut self, ended: bool, out: &mut String, now: &mut Reading) -> Option<Transcoder> {
        if !ended && self.retained.len() < RETAINED {
            return None;
        }
        if !ended && self.only_ascii_handed_out() {
            self.retained.drain(..self.read);
            self.let_go += self.read as u64;
            self.read = 0;
            return None;
        }
        let (_, transcoder) = self.switch(Encoding::UTF_8, EncodingSource::Utf8, out, now);
        Some(transcoder)
    }

    /// Goes on in another encoding, with a restart where text already handed out reads otherwise in it.
    fn switch(
        &mut self,
        encoding: Encoding,
        source: EncodingSource,
        out: &mut String,
        now: &mut Reading,
    ) -> (Event, Transcoder) {
        let still_utf8 = encoding == Encoding::UTF_8 && !matches!(self.phase, Phase::Judged(_));
        let stands = still_utf8 || (encoding.keeps_ascii() && self.only_ascii_handed_out());
        let (encoding, source, event) = match (stands, self.has_let_go()) {
            (true, _) => (encoding, source, Event::Text),
            (false, false) => {
                out.clear();
                self.read = 0;
                now.malformed = false;
                (encoding, source, Event::Restart)
            }
            // Too late: only ASCII was handed out, and the new encoding is one of the few that read ASCII
            // otherwise.
            (false, true) => (Encoding::UTF_8, EncodingSource::Utf8, Event::Text),
        };
        now.encoding = encoding;
        now.source = source;
        let mut transcoder = Transcoder::new(encoding);
        let unread = self.retained.get(self.read..).unwrap_or_default();
        now.malformed |= transcoder.decode(unread, out, false);
        self.read = self.retained.len();
        (event, transcoder)
    }

    fn has_let_go(&self) -> bool {
        self.let_go > 0
    }

    fn only_ascii_handed_out(&self) -> bool {
        self.retained.get(..self.read).is_none_or(<[u8]>::is_ascii)
    }
}

fn source_of(encoding: Encoding) -> EncodingSource {
    if encoding == Encoding::UTF_8 { EncodingSource::Utf8 } else { EncodingSource::Detected }
}

/// How many bytes at the end are the start of a longer sequence. (Whether they can become one, is left to
/// others.)
fn cut_sequence(bytes: &[u8]) -> usize {
    for back in 1..=3.min(bytes.len()) {
        let byte = bytes[bytes.len() - back];
        let needed = match byte {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            0x80..=0xBF => continue,
            _ => return 0,
        };
        return if needed > back { back } else { 0 };
    }
    0
}
