//! Bytes in, text out: which encoding a body is in, and the text it holds.
//!
//! The rules, first match wins:
//!
//! 1. a byte order mark (UTF-8, UTF-16LE, UTF-16BE);
//! 2. the `charset` of the `Content-Type` header;
//! 3. for HTML, or where no type is given: a `<meta>` (or, failing that, an XML declaration) in the first
//!    1024 bytes, found by the HTML standard's [prescan]; for other XML the declaration alone;
//! 4. UTF-8, where the bytes are UTF-8;
//! 5. otherwise a detector (chardetng), helped by the host's top-level domain. It reads up to 64 KiB from the
//!    first byte that is not ASCII; [`Decoder`] says how far into a long body it is asked.
//!
//! Labels are those of the [Encoding standard], so `iso-8859-1` and `us-ascii` mean windows-1252, and a label
//! it does not know counts as none at all. In a `<meta>` or an XML declaration a `utf-16` label means UTF-8;
//! `x-user-defined` in a `<meta>` means windows-1252. Text that cannot be decoded becomes U+FFFD and sets a
//! flag; nothing here fails, and nothing panics on any input.
//!
//! Two deliberate choices where the standards leave room:
//!
//! - A body that is UTF-8 but for a few broken sequences stays UTF-8: one badly cut teaser or a transfer that
//!   ended in mid-character does not turn a page into mojibake. The measure: at least eight well-formed
//!   multi-byte sequences for each malformed one; a sequence cut off by the end of the body is forgiven as
//!   soon as one well-formed sequence was seen.
//! - ISO-2022-JP is decoded when labelled and never guessed: its bytes are plain ASCII, which is UTF-8
//!   already, and guessing it is a known way to smuggle markup past a filter.
//!
//! [`decode`] takes bytes that are all there; [`Decoder`] takes them as they arrive.
//!
//! Without the crate feature `charset` only UTF-8 is decoded. A label that asks for anything else is reported
//! by [`Decoded::unsupported`] and [`Decoder::unsupported`], unless the body is plain ASCII and so the same
//! either way.
//!
//! [prescan]: https://html.spec.whatwg.org/#prescan-a-byte-stream-to-determine-its-encoding
//! [Encoding standard]: https://encoding.spec.whatwg.org/

mod decoder;
mod engine;
mod hints;
mod judge;
pub(crate) mod mime;
mod names;
mod prescan;
mod sniff;
mod tentative;

#[cfg(test)]
mod tests;

use std::fmt;

pub use self::decoder::{Decoder, Event};
pub use self::hints::Hints;
pub(crate) use self::names::static_name;
pub use self::prescan::label_in_meta_content;
use self::sniff::Sniffed;

/// Decodes bytes that are all there. Never fails: what is malformed becomes U+FFFD.
///
/// `content_type` is the value of the `Content-Type` header, parsed as the [MIME Sniffing standard] says: of
/// two `charset` parameters the first counts, of two values joined by a comma the last valid one.
///
/// ```
/// use dualfetch::charset::{self, EncodingSource};
///
/// let decoded = charset::decode("naïve".as_bytes(), None);
/// assert_eq!(decoded.text, "naïve");
/// assert_eq!(decoded.encoding, "UTF-8");
/// assert_eq!(decoded.source, EncodingSource::Utf8);
///
/// # #[cfg(feature = "charset")] {
/// let decoded = charset::decode(b"na\xEFve", Some("text/plain; charset=ISO-8859-1"));
/// assert_eq!(decoded.text, "naïve");
/// assert_eq!(decoded.encoding, "windows-1252");
/// assert_eq!(decoded.source, EncodingSource::ContentType);
/// # }
/// ```
///
/// [MIME Sniffing standard]: https://mimesniff.spec.whatwg.org/#parse-a-mime-type
#[must_use]
pub fn decode(bytes: &[u8], content_type: Option<&str>) -> Decoded {
    decode_with(bytes, content_type.map_or_else(Hints::new, |value| Hints::new().content_type(value)))
}

/// Decodes bytes that are all there, with every hint there is.
///
/// Gives what a [`Decoder`] with the same hints gives once it has been fed the same bytes and finished.
///
/// ```
/// use dualfetch::charset::{self, Hints};
///
/// # #[cfg(feature = "charset")] {
/// let cyrillic = b"\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0!";
/// let decoded = charset::decode_with(cyrillic, Hints::new().host("example.ru"));
/// assert_eq!(decoded.text, "Привет, мир!");
/// assert_eq!(decoded.encoding, "windows-1251");
/// assert_eq!(decoded.source.as_str(), "detected");
/// # }
/// ```
#[must_use]
pub fn decode_with(bytes: &[u8], hints: Hints) -> Decoded {
    if let Some(decoded) = decode_utf8(bytes, &hints) {
        return decoded;
    }
    // Where a rule decided, this only transcodes; the sniffing is repeated, a matter of 1024 bytes.
    let mut text = String::new();
    let mut decoder = Decoder::new(hints);
    // The text stands in `text` whole either way, so there is nothing to reset on a restart.
    let _ = decoder.push(bytes, &mut text);
    let _ = decoder.finish(&mut text);
    Decoded {
        text,
        encoding: decoder.encoding(),
        source: decoder.source(),
        malformed: decoder.malformed(),
        unsupported: decoder.unsupported().map(str::to_owned),
    }
}

/// What [`decode_with`] gives for the common body: UTF-8, and well-formed.
pub(crate) fn decode_utf8(bytes: &[u8], hints: &Hints) -> Option<Decoded> {
    let (encoding, source, body) = match sniff::sniff(bytes, hints, true) {
        Sniffed::Known { encoding, source, skip } => {
            (encoding, source, bytes.get(skip..).unwrap_or_default())
        }
        Sniffed::More | Sniffed::Unknown => (engine::Encoding::UTF_8, EncodingSource::Utf8, bytes),
    };
    if encoding != engine::Encoding::UTF_8 {
        return None;
    }
    let text = engine::well_formed(body)?;
    Some(Decoded { text, encoding: encoding.name(), source, malformed: false, unsupported: None })
}

/// What [`decode`] made of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoded {
    /// The text, without its byte order mark.
    pub text: String,
    /// The Encoding standard's name for the encoding, such as `UTF-8`, `windows-1252` or `Shift_JIS`;
    /// `unsupported` where [`Decoded::unsupported`] is set.
    pub encoding: &'static str,
    /// Which rule decided the encoding.
    pub source: EncodingSource,
    /// Whether bytes had to be replaced by U+FFFD. A U+FFFD that the body itself holds does not count.
    pub malformed: bool,
    /// The label that asked for an encoding this build does not decode: the crate feature `charset` is off.
    /// `text` then holds the ASCII of the body at most, and every other byte as U+FFFD. Always `None` with
    /// the feature on, and for a body that is the same in every encoding.
    pub unsupported: Option<String>,
}

/// Which rule decided an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodingSource {
    /// A byte order mark.
    Bom,
    /// The `charset` of the `Content-Type` header.
    ContentType,
    /// The detector: no label, and not UTF-8.
    Detected,
    /// A `<meta>`, met by the prescan or later by the HTML parser.
    Meta,
    /// No label, and the bytes are UTF-8 (ASCII and the empty body included), or close enough to it.
    Utf8,
    /// An XML declaration.
    Xml,
}

impl EncodingSource {
    /// A name that stays as it is from release to release, for output that programs read.
    ///
    /// ```
    /// use dualfetch::charset::EncodingSource;
    ///
    /// assert_eq!(EncodingSource::ContentType.as_str(), "content-type");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bom => "bom",
            Self::ContentType => "content-type",
            Self::Detected => "detected",
            Self::Meta => "meta",
            Self::Utf8 => "utf-8",
            Self::Xml => "xml",
        }
    }
}

impl fmt::Display for EncodingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
