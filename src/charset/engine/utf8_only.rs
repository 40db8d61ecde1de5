//! UTF-8 by the standard library alone, for builds that leave the tables out.

const UTF_8: [&str; 6] =
    ["unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "utf-8", "utf8", "x-unicode20utf8"];

const UTF_16BE: [&str; 2] = ["unicodefffe", "utf-16be"];

const UTF_16LE: [&str; 7] =
    ["csunicode", "iso-10646-ucs-2", "ucs-2", "unicode", "unicodefeff", "utf-16", "utf-16le"];

/// Those of encodings in which ASCII bytes may be anything.
const OPAQUE: [&str; 8] = [
    "csiso2022jp",
    "csiso2022kr",
    "hz-gb-2312",
    "iso-2022-cn",
    "iso-2022-cn-ext",
    "iso-2022-jp",
    "iso-2022-kr",
    "replacement",
];

/// Without the tables nobody can tell an unknown label from a known one: all but UTF-8's are taken at their
/// word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Encoding {
    /// An encoding in which, as far as this build knows, ASCII bytes are ASCII.
    Ascii(Label),
    /// One in which they may be anything.
    Opaque(Label),
    Utf8,
}

impl Encoding {
    pub(in super::super) const UTF_8: Self = Self::Utf8;
    pub(in super::super) const UTF_16BE: Self = Self::Opaque(Label::new(b"utf-16be"));
    pub(in super::super) const UTF_16LE: Self = Self::Opaque(Label::new(b"utf-16le"));

    pub(in super::super) fn for_label(label: &[u8]) -> Option<Self> {
        let label = label.trim_ascii().to_ascii_lowercase();
        let is_one_of = |labels: &[&str]| labels.iter().any(|known| known.as_bytes() == label);
        Some(match label.as_slice() {
            [] => return None,
            _ if is_one_of(&UTF_8) => Self::Utf8,
            _ if is_one_of(&UTF_16BE) => Self::UTF_16BE,
            _ if is_one_of(&UTF_16LE) => Self::UTF_16LE,
            _ if is_one_of(&OPAQUE) => Self::Opaque(Label::new(&label)),
            other => Self::Ascii(Label::new(other)),
        })
    }

    pub(in super::super) fn name(self) -> &'static str {
        if self == Self::Utf8 { "UTF-8" } else { "unsupported" }
    }

    pub(in super::super) fn declared(self) -> Self {
        self.without_utf16()
    }

    pub(in super::super) fn without_utf16(self) -> Self {
        if self == Self::UTF_16BE || self == Self::UTF_16LE { Self::Utf8 } else { self }
    }

    pub(in super::super) fn keeps_ascii(self) -> bool {
        !matches!(self, Self::Opaque(_))
    }

    pub(in super::super) fn unsupported(&self) -> Option<&str> {
        match self {
            Self::Ascii(label) | Self::Opaque(label) => Some(label.as_str()),
            Self::Utf8 => None,
        }
    }
}

/// The start of a label, kept in place so that `Encoding` stays `Copy` as its twin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Label {
    bytes: [u8; 32],
    len: usize,
}

impl Label {
    const fn new(text: &[u8]) -> Self {
        let mut bytes = [0; 32];
        let mut len = 0;
        while len < bytes.len() && len < text.len() && text[len].is_ascii() {
            bytes[len] = text[len];
            len += 1;
        }
        Self { bytes, len }
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

pub(in super::super) enum Transcoder {
    Ascii,
    Opaque { told: bool },
    Utf8(Utf8),
}

impl Transcoder {
    pub(in super::super) fn new(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Ascii(_) => Self::Ascii,
            Encoding::Opaque(_) => Self::Opaque { told: false },
            Encoding::Utf8 => Self::Utf8(Utf8::default()),
        }
    }

    pub(in super::super) fn decode(&mut self, bytes: &[u8], out: &mut String, last: bool) -> bool {
        match self {
            Self::Ascii => {
                out.extend(bytes.iter().map(|&b| if b.is_ascii() { char::from(b) } else { '\u{FFFD}' }));
                !bytes.is_ascii()
            }
            Self::Opaque { told } => {
                let tell = !bytes.is_empty() && !*told;
                if tell {
                    *told = true;
                    out.push('\u{FFFD}');
                }
                tell
            }
            Self::Utf8(utf8) => utf8.decode(bytes, out, last),
        }
    }
}

pub(in super::super) fn well_formed(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

pub(in super::super) fn detect(_bytes: &[u8], _ended: bool, _top_level: Option<&str>) -> Encoding {
    Encoding::UTF_8
}

/// Replaces each malformed sequence ("maximal subpart", as the Encoding standard has it) by one U+FFFD.
#[derive(Default)]
pub(in super::super) struct Utf8 {
    /// The start of a sequence that the bytes so far leave open.
    carry: [u8; 4],
    carried: usize,
}

impl Utf8 {
    /// Appends to `out`, and says whether anything had to be replaced.
    fn decode(&mut self, bytes: &[u8], out: &mut String, last: bool) -> bool {
        let mut malformed = false;
        let bytes = self.close_carry(bytes, out, &mut malformed);
        match std::str::from_utf8(bytes) {
            Ok(text) => out.push_str(text),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                out.push_str(std::str::from_utf8(valid).unwrap_or_default());
                malformed |= self.decode_malformed(rest, out);
            }
        }
        if last && self.carried > 0 {
            self.carried = 0;
            out.push('\u{FFFD}');
            malformed = true;
        }
        malformed
    }

    fn decode_malformed(&mut self, bytes: &[u8], out: &mut String) -> bool {
        let mut malformed = false;
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            out.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if invalid.is_empty() {
                continue;
            }
            let open = std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            match self.carry.get_mut(..invalid.len()) {
                Some(room) if open && chunks.peek().is_none() => {
                    room.copy_from_slice(invalid);
                    self.carried = invalid.len();
                }
                _ => {
                    out.push('\u{FFFD}');
                    malformed = true;
                }
            }
        }
        malformed
    }

    /// Takes from `bytes` what belongs to the sequence carried over, and returns the rest.
    fn close_carry<'a>(&mut self, mut bytes: &'a [u8], out: &mut String, malformed: &mut bool) -> &'a [u8] {
        while self.carried > 0 {
            let Some((&next, rest)) = bytes.split_first() else { break };
            let Some(room) = self.carry.get_mut(self.carried) else { break };
            *room = next;
            match std::str::from_utf8(&self.carry[..=self.carried]) {
                Ok(text) => {
                    out.push_str(text);
                    self.carried = 0;
                    bytes = rest;
                }
                Err(error) if error.error_len().is_none() => {
                    self.carried += 1;
                    bytes = rest;
                }
                // The carried bytes were a fair start, so it is `next` that does not belong to them.
                Err(_) => {
                    out.push('\u{FFFD}');
                    *malformed = true;
                    self.carried = 0;
                }
            }
        }
        bytes
    }
}
