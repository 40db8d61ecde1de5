//! The HTML standard's "prescan a byte stream to determine its encoding", and its parts.
//!
//! `None` from the functions here means what the standard's abort means: the bytes ran out. A caller that can
//! get more bytes can only learn that there is a label from these, never that there is none.

use std::ops::Range;

use super::engine::Encoding;

/// How many bytes are looked at.
pub(super) const LIMIT: usize = 1024;

/// The `<?x` of a UTF-16 document without a byte order mark.
pub(super) fn utf16_declaration(bytes: &[u8]) -> Option<Encoding> {
    if bytes.starts_with(b"<\0?\0x\0") {
        Some(Encoding::UTF_16LE)
    } else if bytes.starts_with(b"\0<\0?\0x") {
        Some(Encoding::UTF_16BE)
    } else {
        None
    }
}

/// The encoding that the first sound `<meta>` names. (The standard's fallback to the XML declaration is
/// [`xml_declaration`], the caller's to take once no more bytes come.)
pub(super) fn meta(bytes: &[u8]) -> Option<Encoding> {
    let mut scan = Scan { bytes, at: 0 };
    loop {
        let rest = scan.rest();
        if rest.starts_with(b"<!--") {
            // `<!-->` is a whole comment: the dashes of its end may be those of its start.
            scan.at += rest.windows(3).position(|window| window == b"-->")? + 2;
        } else if is_meta(rest) {
            scan.at += b"<meta".len();
            if let Some(encoding) = scan.meta_encoding()? {
                return Some(encoding);
            }
        } else if is_tag(rest) {
            scan.at += rest.iter().position(|&b| is_white_space(b) || b == b'>')?;
            while scan.attribute()?.is_some() {}
        } else if rest.starts_with(b"<!") || rest.starts_with(b"</") || rest.starts_with(b"<?") {
            scan.at += rest.iter().position(|&b| b == b'>')?;
        }
        let next = scan.at + 1;
        scan.at = next + bytes.get(next..)?.iter().position(|&b| b == b'<')?;
    }
}

/// The standard's "get an XML encoding". Ends at the first `>`, as the standard means but does not say.
pub(super) fn xml_declaration(bytes: &[u8]) -> Option<Encoding> {
    if !bytes.starts_with(b"<?xml") {
        return None;
    }
    let declaration = bytes.split_at_checked(bytes.iter().position(|&b| b == b'>')?)?.0;
    let at = declaration.windows(8).position(|window| window == b"encoding")? + 8;
    let rest = trim_controls(declaration.get(at..)?).strip_prefix(b"=")?;
    let (&quote, rest) = trim_controls(rest).split_first()?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let label = rest.get(..rest.iter().position(|&b| b == quote)?)?;
    if label.iter().any(|&b| b <= b' ') {
        return None;
    }
    Encoding::for_label(label).map(Encoding::without_utf16)
}

/// The label in the `content` of a `<meta http-equiv=content-type>`: the HTML standard's "extracting a
/// character encoding from a meta element", before the look-up. For HTML parsers that then call
/// [`Decoder::late_label`](super::Decoder::late_label).
///
/// ```
/// use dualfetch::charset::label_in_meta_content;
///
/// assert_eq!(label_in_meta_content("text/html; Charset = 'gbk'"), Some("gbk"));
/// assert_eq!(label_in_meta_content("text/html"), None);
/// ```
#[must_use]
pub fn label_in_meta_content(content: &str) -> Option<&str> {
    content.get(label_in_content(content.as_bytes())?)
}

fn label_in_content(content: &[u8]) -> Option<Range<usize>> {
    const WORD: &[u8] = b"charset";
    let skip_space = |from: usize| {
        let space = content.get(from..)?.iter().position(|&b| !is_white_space(b))?;
        Some(from + space)
    };
    let mut at = 0;
    loop {
        at += content.get(at..)?.windows(WORD.len()).position(|w| w.eq_ignore_ascii_case(WORD))? + WORD.len();
        at = skip_space(at)?;
        if content.get(at) == Some(&b'=') {
            break;
        }
    }
    at = skip_space(at + 1)?;
    let rest = content.get(at..)?;
    match rest.first()? {
        &quote @ (b'"' | b'\'') => {
            let len = rest.get(1..)?.iter().position(|&b| b == quote)?;
            Some(at + 1..at + 1 + len)
        }
        _ => {
            let len = rest.iter().position(|&b| is_white_space(b) || b == b';').unwrap_or(rest.len());
            Some(at..at + len)
        }
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Name and value, their ASCII in lower case.
type Attribute = (Vec<u8>, Vec<u8>);

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Reads a `<meta>`'s attributes to its end. The inner `None`: this one names no encoding.
    fn meta_encoding(&mut self) -> Option<Option<Encoding>> {
        let mut seen = Vec::new();
        let mut got_pragma = false;
        let mut need_pragma = None;
        let mut charset = None;
        while let Some((name, value)) = self.attribute()? {
            if seen.contains(&name) {
                continue;
            }
            match name.as_slice() {
                b"http-equiv" => got_pragma |= value == b"content-type",
                b"content" if charset.is_none() => {
                    let label = label_in_content(&value).and_then(|range| value.get(range));
                    if let Some(encoding) = label.and_then(Encoding::for_label) {
                        charset = Some(Some(encoding));
                        need_pragma = Some(true);
                    }
                }
                b"charset" => {
                    charset = Some(Encoding::for_label(&value));
                    need_pragma = Some(false);
                }
                _ => {}
            }
            seen.push(name);
        }
        Some(match need_pragma {
            Some(needed) if got_pragma || !needed => charset.flatten().map(Encoding::declared),
            _ => None,
        })
    }

    /// The standard's "get an attribute". The inner `None`: there isn't another one.
    fn attribute(&mut self) -> Option<Option<Attribute>> {
        while is_white_space(self.byte()?) || self.byte()? == b'/' {
            self.at += 1;
        }
        if self.byte()? == b'>' {
            return Some(None);
        }
        let mut name = Vec::new();
        loop {
            match self.byte()? {
                b'=' if !name.is_empty() => break,
                b'/' | b'>' => return Some(Some((name, Vec::new()))),
                b if is_white_space(b) => {
                    self.skip_white_space()?;
                    if self.byte()? != b'=' {
                        return Some(Some((name, Vec::new())));
                    }
                    break;
                }
                b => name.push(b.to_ascii_lowercase()),
            }
            self.at += 1;
        }
        self.at += 1;
        self.skip_white_space()?;
        Some(Some((name, self.value()?)))
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let rest = self.rest();
        if let &quote @ (b'"' | b'\'') = rest.first()? {
            let inner = rest.get(1..)?;
            let len = inner.iter().position(|&b| b == quote)?;
            self.at += len + 2;
            return Some(inner.get(..len)?.to_ascii_lowercase());
        }
        let len = rest.iter().position(|&b| is_white_space(b) || b == b'>')?;
        self.at += len;
        Some(rest.get(..len)?.to_ascii_lowercase())
    }

    fn skip_white_space(&mut self) -> Option<()> {
        while is_white_space(self.byte()?) {
            self.at += 1;
        }
        Some(())
    }
}

fn is_meta(rest: &[u8]) -> bool {
    rest.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"<meta"))
        && rest.get(5).is_some_and(|&b| is_white_space(b) || b == b'/')
}

fn is_tag(rest: &[u8]) -> bool {
    matches!(rest, [b'<', b'/', b, ..] | [b'<', b, ..] if b.is_ascii_alphabetic())
}

fn is_white_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0C' | b'\r' | b' ')
}

fn trim_controls(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|&b| b > b' ').unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}
