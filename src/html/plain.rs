//! A title that needs no parser: in a head of what is passed over, with nothing in it but text and the commonest
//! references. Most pages' titles are of this kind. What is not plainly so is left to html5ever.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::parser::{MAX_LABEL, MAX_LABELS};
use super::skim::{Skimmed, is_tag, starts_with_ignoring_case, tag_end};
use super::text::{MAX_TITLE, collapsed};
use super::tree::Found;

/// What the start of a page says in plain words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) title: String,
    /// The encoding labels in front of it.
    pub(super) labels: Vec<String>,
}

impl Plain {
    pub(super) fn found(self) -> Found {
        Found { text: self.title, in_head: true }
    }
}

/// The title that stands right behind what was passed over, if it is there in whole.
pub(super) fn plain(start: &Skimmed<'_>) -> Option<Plain> {
    // A longer one may have to be cut, and would be held in whole here.
    let content = content(start.rest).filter(|content| content.len() <= MAX_TITLE)?;
    let labels = labels(&start.kept)?;
    Some(Plain { title: collapsed(&text(content)?), labels })
}

/// What stands in the title that `page` begins with.
fn content(page: &str) -> Option<&str> {
    const START: &[u8] = b"<title";
    const END: &[u8] = b"</title";
    let bytes = page.as_bytes();
    if !is_tag(bytes, START) {
        return None;
    }
    let start = tag_end(bytes, START.len())?;
    let mut at = start;
    loop {
        at += memchr(b'<', bytes.get(at..)?)?;
        if is_tag(&bytes[at..], END) {
            tag_end(bytes, at + END.len())?;
            return page.get(start..at);
        }
        at += 1;
    }
}

/// `text` with its references replaced.
fn text(text: &str) -> Option<Cow<'_, str>> {
    let Some(mut at) = memchr2(b'&', b'\0', text.as_bytes()) else { return Some(Cow::Borrowed(text)) };
    let (mut replaced, mut rest) = (String::with_capacity(text.len()), text);
    loop {
        replaced.push_str(&rest[..at]);
        rest = &rest[at..];
        let (character, end) = reference(rest)?;
        replaced.push(character);
        rest = &rest[end..];
        match memchr2(b'&', b'\0', rest.as_bytes()) {
            Some(next) => at = next,
            None => {
                replaced.push_str(rest);
                return Some(Cow::Owned(replaced));
            }
        }
    }
}

/// The reference that `text` begins with, and where it ends.
fn reference(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix('&')?;
    // None that has a name or a number is shorter; at the very end nothing is certain.
    if !rest.bytes().next()?.is_ascii_alphanumeric() && !rest.starts_with('#') {
        return Some(('&', 1));
    }
    let end = rest.bytes().take(10).position(|byte| byte == b';')?;
    let name = &rest[..end];
    let character = match name.strip_prefix('#') {
        Some(number) => numbered(number)?,
        None => NAMED.iter().find(|(own, _)| *own == name)?.1,
    };
    Some((character, end + 2))
}

fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let code = digits
        .chars()
        .try_fold(0_u32, |code, digit| code.checked_mul(radix)?.checked_add(digit.to_digit(radix)?))?;
    // Those of the C1 controls mean the characters of windows-1252.
    char::from_u32(code).filter(|character| !character.is_control())
}

/// The references that titles have.
const NAMED: [(&str, char); 22] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("hellip", '…'),
    ("bull", '•'),
    ("middot", '·'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("euro", '€'),
    ("times", '×'),
];

/// The encoding labels of what was kept of the head.
fn labels(mut kept: &str) -> Option<Vec<String>> {
    let mut labels = Vec::new();
    while !kept.is_empty() {
        let bytes = kept.as_bytes();
        let end = if starts_with_ignoring_case(bytes, b"<!doctype") || kept.starts_with("<head>") {
            memchr(b'>', bytes)? + 1
        } else {
            let end = is_tag(bytes, b"<meta").then(|| tag_end(bytes, b"<meta".len()))??;
            let label =
                label(&kept[b"<meta".len()..end]).filter(|label| (1..=MAX_LABEL).contains(&label.len()))?;
            labels.push(label.to_owned());
            end
        };
        kept = &kept[end..];
    }
    (labels.len() <= MAX_LABELS).then_some(labels)
}

/// The label of a `meta` that has a `charset` and nothing else; `tag` is what follows its name.
fn label(tag: &str) -> Option<&str> {
    let tag = tag.strip_suffix('>')?.trim_ascii();
    let value =
        tag.get("charset".len()..).filter(|_| starts_with_ignoring_case(tag.as_bytes(), b"charset"))?;
    let value = value.strip_prefix('=')?;
    let is_plain =
        |value: &str| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let quoted =
        |quote: char| value.trim_end_matches('/').trim_ascii_end().strip_prefix(quote)?.strip_suffix(quote);
    quoted('"').or_else(|| quoted('\'')).or(Some(value)).filter(|value| is_plain(value))
}
