//! The rules that need no more than the start of a body: byte order mark, header, prescan.

use super::EncodingSource;
use super::engine::Encoding;
use super::hints::{DocumentKind, Hints};
use super::prescan;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sniffed {
    /// A rule decided; `skip` bytes are a byte order mark.
    Known { encoding: Encoding, source: EncodingSource, skip: usize },
    /// The bytes do not decide yet, and a few more may. Never said once the body has ended, nor of
    /// [`prescan::LIMIT`] bytes.
    More,
    /// No label.
    Unknown,
}

const BOMS: [(&[u8], Encoding); 3] = [
    (b"\xEF\xBB\xBF", Encoding::UTF_8),
    (b"\xFF\xFE", Encoding::UTF_16LE),
    (b"\xFE\xFF", Encoding::UTF_16BE),
];

/// Looks at the first bytes of a body; `ended` where there are no others.
pub(super) fn sniff(bytes: &[u8], hints: &Hints, ended: bool) -> Sniffed {
    for (bom, encoding) in BOMS {
        if bytes.starts_with(bom) {
            return Sniffed::Known { encoding, source: EncodingSource::Bom, skip: bom.len() };
        }
        if !ended && bom.starts_with(bytes) {
            return Sniffed::More;
        }
    }
    if let Some(encoding) = hints.label {
        return Sniffed::Known { encoding, source: EncodingSource::ContentType, skip: 0 };
    }
    let complete = ended || bytes.len() >= prescan::LIMIT;
    let bytes = bytes.get(..prescan::LIMIT).unwrap_or(bytes);
    sniff_document(bytes, hints.kind, complete)
}

fn sniff_document(bytes: &[u8], kind: DocumentKind, complete: bool) -> Sniffed {
    let known = |encoding, source| Sniffed::Known { encoding, source, skip: 0 };
    if kind == DocumentKind::Other {
        return Sniffed::Unknown;
    }
    if let Some(encoding) = prescan::utf16_declaration(bytes) {
        return known(encoding, EncodingSource::Xml);
    }
    let undecided = if complete { Sniffed::Unknown } else { Sniffed::More };
    if kind != DocumentKind::Html {
        if !complete && declaration_is_open(bytes) {
            return Sniffed::More;
        }
        if let Some(encoding) = prescan::xml_declaration(bytes) {
            return known(encoding, EncodingSource::Xml);
        }
        if kind == DocumentKind::Xml {
            return Sniffed::Unknown;
        }
    }
    if let Some(encoding) = prescan::meta(bytes) {
        return known(encoding, EncodingSource::Meta);
    }
    match prescan::xml_declaration(bytes) {
        Some(encoding) if complete => known(encoding, EncodingSource::Xml),
        _ => undecided,
    }
}

/// Whether `bytes` may be the start of an XML declaration that has not ended, UTF-16's included.
fn declaration_is_open(bytes: &[u8]) -> bool {
    let starts: [&[u8]; 3] = [b"<?xml", b"<\0?\0x\0", b"\0<\0?\0x"];
    starts.iter().any(|start| start.starts_with(bytes))
        || (bytes.starts_with(b"<?xml") && !bytes.contains(&b'>'))
}
