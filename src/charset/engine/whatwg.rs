//! Every encoding of the Encoding standard, by encoding_rs, and detection by chardetng.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, DecoderResult};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Encoding(&'static encoding_rs::Encoding);

impl Encoding {
    pub(in super::super) const UTF_8: Self = Self(encoding_rs::UTF_8);
    pub(in super::super) const UTF_16BE: Self = Self(encoding_rs::UTF_16BE);
    pub(in super::super) const UTF_16LE: Self = Self(encoding_rs::UTF_16LE);

    pub(in super::super) fn for_label(label: &[u8]) -> Option<Self> {
        encoding_rs::Encoding::for_label(label).map(Self)
    }

    pub(in super::super) fn name(self) -> &'static str {
        self.0.name()
    }

    pub(in super::super) fn declared(self) -> Self {
        if self.0 == encoding_rs::X_USER_DEFINED {
            Self(encoding_rs::WINDOWS_1252)
        } else {
            self.without_utf16()
        }
    }

    pub(in super::super) fn without_utf16(self) -> Self {
        if self == Self::UTF_16BE || self == Self::UTF_16LE { Self::UTF_8 } else { self }
    }

    pub(in super::super) fn keeps_ascii(self) -> bool {
        self.0.is_ascii_compatible()
    }

    #[expect(clippy::unused_self, reason = "the version without the feature has labels to tell")]
    pub(in super::super) fn unsupported(&self) -> Option<&str> {
        None
    }
}

pub(in super::super) struct Transcoder {
    decoder: encoding_rs::Decoder,
    /// Room for the text of one piece at its worst. encoding_rs could write into `out` itself, but on every
    /// call it touches each page of the spare capacity, and that grows with the body.
    scratch: String,
}

impl Transcoder {
    /// Byte order marks are taken off before: here they would be text.
    pub(in super::super) fn new(encoding: Encoding) -> Self {
        Self { decoder: encoding.0.new_decoder_without_bom_handling(), scratch: String::new() }
    }

    /// Appends to `out`, and says whether anything had to be replaced. Not to be called again after `last`.
    pub(in super::super) fn decode(&mut self, mut bytes: &[u8], out: &mut String, last: bool) -> bool {
        const PIECE: usize = 4096;
        let mut malformed = false;
        loop {
            let (piece, rest) = bytes.split_at(bytes.len().min(PIECE));
            let last = last && rest.is_empty();
            // With less than this encoding_rs may stop early, or panic over a replacement that has no room.
            let room = self.decoder.max_utf8_buffer_length(piece.len()).unwrap_or(4 * PIECE);
            self.scratch.clear();
            self.scratch.reserve(room);
            let (result, read, replaced) = self.decoder.decode_to_string(piece, &mut self.scratch, last);
            malformed |= replaced;
            out.push_str(&self.scratch);
            bytes = bytes.get(read..).unwrap_or_default();
            if result == CoderResult::InputEmpty && bytes.is_empty() {
                return malformed;
            }
        }
    }
}

/// The text of a whole body, if it is well-formed UTF-8: several times the speed of the standard library.
pub(in super::super) fn well_formed(bytes: &[u8]) -> Option<String> {
    let mut decoder = encoding_rs::UTF_8.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
    let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    (result == DecoderResult::InputEmpty).then_some(text)
}

pub(in super::super) fn detect(bytes: &[u8], ended: bool, top_level: Option<&str>) -> Encoding {
    // The detector takes a tenth of a second for a mebibyte, and learns nothing from ASCII but for the two
    // bytes before anything else.
    const ENOUGH: usize = 64 << 10;
    let first = encoding_rs::Encoding::ascii_valid_up_to(bytes).saturating_sub(2);
    let bytes = bytes.get(first..).unwrap_or_default();
    let head = bytes.get(..ENOUGH);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head.unwrap_or(bytes), ended && head.is_none());
    Encoding(detector.guess(top_level.map(str::as_bytes), Utf8Detection::Deny))
}
