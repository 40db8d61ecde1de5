use std::fmt;

use super::EncodingSource;
use super::engine::{Encoding, Transcoder};
use super::hints::Hints;
use super::prescan;
use super::sniff::{Sniffed, sniff};
use super::tentative::{Next, Step, Tentative};

/// Bytes of a body in, text out, by the rules of the [module](super), as the bytes arrive.
///
/// What it holds back, and what it keeps:
///
/// - Until the encoding is named, or 1024 bytes or the end have been seen, no text comes out. A `<meta>`
///   names it as soon as its `>` is there; with a `charset` in the header three bytes are enough. So a page
///   that stalls after a few hundred bytes with no label yields no text until it ends or is given up
///   ([`Decoder::finish`]).
/// - Where a label or a byte order mark decided, that is final, and nothing is retained.
/// - Where nothing did, the text is read as UTF-8 and handed out at once, and the bytes are retained. A
///   malformed sequence holds the text back for up to 4 KiB more, to have something to judge by; then, and
///   once more at the end of the body or of the first 256 KiB, the encoding is judged. Where that voids text
///   already handed out, the answer is [`Event::Restart`]; while all of that was ASCII, which nearly every
///   encoding reads alike, there is no need.
/// - At most 256 KiB are retained. Past them the encoding stays as it is; only a body of nothing but ASCII so
///   far can still take another one, without a restart: its first 4 KiB from the first other byte on are held
///   and judged.
///
/// The text does not depend on how the bytes are cut into pieces. With a parser that may call
/// [`Decoder::late_label`], push pieces well below 256 KiB (16 KiB, say), so that the label comes before the
/// limit.
///
/// ```
/// use dualfetch::charset::{Decoder, Event, Hints};
///
/// let mut decoder = Decoder::new(Hints::new().content_type("text/plain; charset=utf-8"));
/// let mut text = String::new();
/// for piece in [b"gr\xC3".as_slice(), b"\xBC\xC3\x9Fe"] {
///     if decoder.push(piece, &mut text) == Event::Restart {
///         // Whatever was made of the earlier text is void: `text` starts anew.
///     }
/// }
/// let _ = decoder.finish(&mut text);
/// assert_eq!(text, "grüße");
/// assert_eq!(decoder.encoding(), "UTF-8");
/// ```
pub struct Decoder {
    hints: Hints,
    now: Reading,
    state: State,
    /// It stops at what is not UTF-8: another decoder, which has the tables, is to go on.
    defers: bool,
}

/// What a decoder with the tables needs to go on from where one without them stopped.
pub(crate) struct Deferred {
    /// The body so far, but for what was let go.
    pub(crate) bytes: Vec<u8>,
    /// How many bytes were let go before: ASCII, handed out as such. Then the other one must start
    /// [past ASCII](Decoder::past_ascii).
    pub(crate) let_go: u64,
}

/// What became of the text handed out before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "after a restart all earlier text is void"]
pub enum Event {
    /// All earlier text is void. The `out` of this call was cleared and holds the text from the first byte
    /// on, in another encoding: a consumer starts over with it. At most a few times per body.
    Restart,
    /// It stands, and what is new was appended to `out`; that may be nothing.
    Text,
}

/// How the text handed out was read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) encoding: Encoding,
    pub(super) source: EncodingSource,
    pub(super) malformed: bool,
}

enum State {
    Deferred(Deferred),
    /// The body has ended and nothing but its bytes spoke for the encoding: a label may still.
    Ended(Vec<u8>),
    Finished,
    Settled(Transcoder),
    /// Undecided: the bytes so far, fewer than [`prescan::LIMIT`].
    Start(Vec<u8>),
    Tentative(Tentative),
}

impl Decoder {
    /// A decoder for one body.
    #[must_use]
    pub fn new(hints: Hints) -> Self {
        let now = Reading { encoding: Encoding::UTF_8, source: EncodingSource::Utf8, malformed: false };
        Self { hints, now, state: State::Start(Vec::new()), defers: false }
    }

    /// A decoder in the middle of a body: 256 KiB or more have gone by, all ASCII, their text handed out, and no rule
    /// has decided. For going on where the decoder of another build stopped.
    #[must_use]
    pub fn past_ascii(hints: Hints) -> Self {
        Self { state: State::Tentative(Tentative::past_ascii()), ..Self::new(hints) }
    }

    /// It reads UTF-8 alone, and where a body is labelled otherwise or the detector would be asked it stops, for
    /// another decoder to go on: see [`take_deferred`](Self::take_deferred).
    pub(crate) fn deferring(mut self) -> Self {
        self.defers = true;
        self
    }

    /// Stops where it is, unless the encoding is settled.
    #[cfg(all(test, feature = "charset"))]
    pub(crate) fn defer(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Finished) {
            State::Start(bytes) => State::Deferred(Deferred { bytes, let_go: 0 }),
            State::Tentative(tentative) => State::Deferred(tentative.into_deferred()),
            other => other,
        };
    }

    /// Where it stopped. The other decoder, fed these bytes, hands out anew the text that they gave so far, or
    /// says [`Event::Restart`].
    pub(crate) fn take_deferred(&mut self) -> Option<Deferred> {
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Deferred(deferred) => Some(deferred),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// Takes the next bytes and appends the text there is to `out`. After [`Decoder::finish`] it does
    /// nothing.
    ///
    /// `out` need not be the same string each time, nor be left as it was; a consumer may take its text away.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) -> Event {
        match &mut self.state {
            State::Deferred(deferred) => {
                deferred.bytes.extend_from_slice(bytes);
                Event::Text
            }
            State::Ended(_) | State::Finished => Event::Text,
            State::Settled(transcoder) => {
                self.now.malformed |= transcoder.decode(bytes, out, false);
                Event::Text
            }
            State::Start(_) => self.push_start(bytes, out),
            State::Tentative(tentative) => {
                let step = tentative.push(bytes, out, &mut self.now, self.hints.top_level.as_deref());
                self.step(step)
            }
        }
    }

    /// The body has ended: hands out what was held back, and takes a last look at an encoding not settled
    /// yet. A second time it does nothing.
    pub fn finish(&mut self, out: &mut String) -> Event {
        let mut event = Event::Text;
        if let State::Start(held) = &mut self.state {
            let held = std::mem::take(held);
            event = self.start(&held, true, out);
        }
        let mut end = State::Finished;
        if let State::Tentative(tentative) = &mut self.state {
            let step = tentative.finish(out, &mut self.now, self.hints.top_level.as_deref());
            // Without either, nobody has a label or tables for it.
            let may_be_labelled = cfg!(any(feature = "charset", feature = "html"));
            if may_be_labelled && !matches!(step.1, Next::Deferred) {
                end = tentative.take_whole().map_or(State::Finished, State::Ended);
            }
            event = event.or(self.step(step));
        }
        if let State::Settled(transcoder) = &mut self.state {
            self.now.malformed |= transcoder.decode(&[], out, true);
        }
        if !matches!(self.state, State::Deferred(_) | State::Ended(_)) {
            self.state = end;
        }
        event
    }

    /// The label of a `<meta>` that the HTML parser met in the text handed out: its `charset`, or what
    /// [`label_in_meta_content`](super::label_in_meta_content) finds in its `content`.
    ///
    /// It counts, and settles the encoding, while no label, byte order mark or limit has. The HTML standard's
    /// "change the encoding": labels it does not know are ignored, `utf-16` means UTF-8, `x-user-defined`
    /// windows-1252. What the parser meets after [`finish`](Self::finish) counts as well, where the whole body was at
    /// hand till then: 256 KiB at most. (The standard would also let it overrule the prescan, which errs where a script
    /// quotes a `<meta>`; here the prescan's answer is final.)
    pub fn late_label(&mut self, label: &str, out: &mut String) -> Event {
        let Some(encoding) = Encoding::for_label(label.as_bytes()) else { return Event::Text };
        let encoding = encoding.declared();
        let defers = self.defers && encoding != Encoding::UTF_8;
        match &mut self.state {
            State::Tentative(_) if defers => self.step((Event::Text, Next::Deferred)),
            State::Tentative(tentative) => {
                let step = tentative.relabel(encoding, out, &mut self.now);
                self.step(step)
            }
            State::Ended(bytes) => {
                let bytes = std::mem::take(bytes);
                self.state = State::Finished;
                if defers {
                    self.state = State::Deferred(Deferred { bytes, let_go: 0 });
                    return Event::Text;
                }
                self.read_again(&bytes, encoding, out)
            }
            _ => Event::Text,
        }
    }

    /// The Encoding standard's name for the encoding, `UTF-8` while it is undecided; `unsupported` where
    /// [`Decoder::unsupported`] says so.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        if self.unsupported().is_some() || self.now.encoding.unsupported().is_none() {
            self.now.encoding.name()
        } else {
            Encoding::UTF_8.name()
        }
    }

    /// Which rule decided, [`EncodingSource::Utf8`] while none has.
    #[must_use]
    pub fn source(&self) -> EncodingSource {
        self.now.source
    }

    /// Whether bytes had to be replaced by U+FFFD so far.
    #[must_use]
    pub fn malformed(&self) -> bool {
        self.now.malformed
    }

    /// The label that asked for an encoding this build does not decode, once a byte was met that depends on
    /// it. Always `None` with the crate feature `charset` on.
    #[must_use]
    pub fn unsupported(&self) -> Option<&str> {
        self.now.encoding.unsupported().filter(|_| self.now.malformed)
    }

    /// The whole body once more, in the encoding that it turned out to name.
    fn read_again(&mut self, bytes: &[u8], encoding: Encoding, out: &mut String) -> Event {
        self.now.source = EncodingSource::Meta;
        let stands = encoding == self.now.encoding || (encoding.keeps_ascii() && bytes.is_ascii());
        self.now.encoding = encoding;
        if stands {
            return Event::Text;
        }
        out.clear();
        self.now.malformed = Transcoder::new(encoding).decode(bytes, out, true);
        Event::Restart
    }

    fn push_start(&mut self, bytes: &[u8], out: &mut String) -> Event {
        let State::Start(held) = &mut self.state else { return Event::Text };
        if held.is_empty() {
            return self.start(bytes, false, out);
        }
        let room = prescan::LIMIT.saturating_sub(held.len()).min(bytes.len());
        let (piece, rest) = bytes.split_at(room);
        // Once past the byte order mark and `<?x`, only the end of a tag decides anything.
        let undecided = held.len() >= 8 && rest.is_empty() && !piece.contains(&b'>');
        held.extend_from_slice(piece);
        if undecided && held.len() < prescan::LIMIT {
            return Event::Text;
        }
        let held = std::mem::take(held);
        let event = self.start(&held, false, out);
        if rest.is_empty() { event } else { event.or(self.push(rest, out)) }
    }

    /// Takes the first bytes of the body, all of them so far, and leaves the start behind if they decide.
    fn start(&mut self, bytes: &[u8], ended: bool, out: &mut String) -> Event {
        self.state = match sniff(bytes, &self.hints, ended) {
            Sniffed::Known { encoding, .. } if self.defers && encoding != Encoding::UTF_8 => {
                State::Deferred(Deferred { bytes: bytes.to_vec(), let_go: 0 })
            }
            Sniffed::Known { encoding, source, skip } => {
                let mut transcoder = Transcoder::new(encoding);
                let body = bytes.get(skip..).unwrap_or_default();
                let malformed = transcoder.decode(body, out, false);
                self.now = Reading { encoding, source, malformed };
                State::Settled(transcoder)
            }
            Sniffed::More => State::Start(bytes.to_vec()),
            Sniffed::Unknown => {
                self.state = State::Tentative(Tentative::new(self.defers));
                return self.push(bytes, out);
            }
        };
        Event::Text
    }

    fn step(&mut self, (event, next): Step) -> Event {
        match next {
            Next::Deferred => {
                if let State::Tentative(tentative) = std::mem::replace(&mut self.state, State::Finished) {
                    self.state = State::Deferred(tentative.into_deferred());
                }
            }
            Next::Settled(transcoder) => self.state = State::Settled(transcoder),
            Next::Tentative => {}
        }
        event
    }
}

impl Event {
    pub(crate) fn or(self, later: Self) -> Self {
        if self == Self::Restart { self } else { later }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Deferred(_) => "deferred",
            State::Ended(_) => "ended",
            State::Finished => "finished",
            State::Settled(_) => "settled",
            State::Start(_) => "undecided",
            State::Tentative(_) => "tentative",
        };
        f.debug_struct("Decoder")
            .field("encoding", &self.encoding())
            .field("source", &self.now.source)
            .field("malformed", &self.now.malformed)
            .field("state", &state)
            .finish()
    }
}
