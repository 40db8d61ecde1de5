//! The quick way through the start of a page.
//!
//! Most of a `head` says nothing about the title: scripts, styles, links, most `meta`. html5ever reads them at
//! some ten nanoseconds a byte; passing over them takes a tenth of that. What is not plainly of that kind is left
//! to html5ever, from there on.

use memchr::{memchr, memchr_iter};

/// The most that is kept, in one piece; the parser takes what follows in small ones.
const MAX_KEPT: usize = 256 << 10;

/// The start of a page in brief.
#[derive(Debug)]
pub(super) struct Skimmed<'a> {
    /// What of it matters, as text that leaves a parser in the same state.
    pub(super) kept: String,
    /// What follows, untouched.
    pub(super) rest: &'a str,
    /// More could be passed over if more of the page were there; in what is there nothing matters.
    pub(super) is_cut: bool,
    /// Of what was kept, the elements that may declare an encoding.
    pub(super) declarations: usize,
}

/// Passes over what comes before the first title, body, template or anything unusual. `telling`: not over what tells
/// metadata, but over titles.
pub(super) fn skim(page: &str, telling: bool) -> Skimmed<'_> {
    let bytes = page.as_bytes();
    let mut kept = String::new();
    let mut declarations = 0;
    let mut in_head = false;
    let mut at = 0;
    let stop = loop {
        at += bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (item, end) = match item(bytes, at, telling) {
            Ok(found) => found,
            Err(stop) => break stop,
        };
        let text = page.get(at..end).unwrap_or_default();
        let is_element = matches!(item, Item::Meta | Item::Other | Item::Title);
        let is_declaration = item == Item::Meta && may_declare_encoding(text.as_bytes());
        let tells = telling && (item == Item::Title || (is_element && may_tell(text.as_bytes())));
        let is_kept = item == Item::Doctype || is_declaration || tells;
        if is_kept && kept.len() + text.len() > MAX_KEPT {
            break Stop::Unusual;
        }
        if is_element && !in_head {
            // An element has come: it is too late for a doctype.
            kept.push_str("<head>");
            in_head = true;
        }
        if is_kept {
            kept.push_str(text);
        }
        declarations += usize::from(is_declaration);
        at = end;
    };
    let rest = page.get(at..).unwrap_or_default();
    Skimmed { kept, rest, is_cut: stop == Stop::Cut, declarations }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Comment,
    Doctype,
    Meta,
    /// An element with its content that has no part in the matter.
    Other,
    Title,
}

/// Why there is no further item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// It is not there in whole.
    Cut,
    /// It is something else.
    Unusual,
}

/// The item at `at`, and where it ends.
fn item(page: &[u8], at: usize, telling: bool) -> Result<(Item, usize), Stop> {
    let rest = page.get(at..).filter(|rest| !rest.is_empty()).ok_or(Stop::Cut)?;
    if rest.starts_with(b"<!--") {
        return Ok((Item::Comment, comment_end(page, at + 4)?));
    }
    if starts_with_ignoring_case(rest, b"<!doctype") {
        return Ok((Item::Doctype, at + memchr(b'>', rest).ok_or(Stop::Cut)? + 1));
    }
    for name in [&b"<meta"[..], b"<link", b"<html", b"<head", b"<base"] {
        if is_tag(rest, name) {
            let item = if name == b"<meta" { Item::Meta } else { Item::Other };
            return Ok((item, tag_end(page, at + name.len()).ok_or(Stop::Cut)?));
        }
    }
    for (start, end, item) in [
        (&b"<script"[..], &b"</script"[..], Item::Other),
        (b"<style", b"</style", Item::Other),
        (b"<noscript", b"</noscript", Item::Other),
        (b"<title", b"</title", Item::Title),
    ] {
        if is_tag(rest, start) && (item != Item::Title || telling) {
            let content = tag_end(page, at + start.len()).ok_or(Stop::Cut)?;
            return Ok((item, raw_end(page, content, end)?));
        }
    }
    Err(Stop::Unusual)
}

/// A `meta` with a reference in a value may spell anything.
fn may_declare_encoding(tag: &[u8]) -> bool {
    memchr(b'&', tag).is_some() || tag.windows(7).any(|word| word.eq_ignore_ascii_case(b"charset"))
}

/// Whether an element may tell metadata, see [`super::noted`].
fn may_tell(element: &[u8]) -> bool {
    let holds = |word: &[u8]| element.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    let is = |name: &[u8]| is_tag(element, name);
    match () {
        () if is(b"<meta") || is(b"<base") || is(b"<html") => true,
        // Most lead to style sheets and scripts.
        () if is(b"<link") => {
            memchr(b'&', element).is_some()
                || [&b"alternate"[..], b"canonical", b"feed", b"icon", b"image_src"]
                    .iter()
                    .any(|word| holds(word))
        }
        () if is(b"<script") => {
            let tag = &element[..tag_end(element, b"<script".len()).unwrap_or(element.len())];
            memchr(b'&', tag).is_some() || tag.windows(7).any(|part| part.eq_ignore_ascii_case(b"ld+json"))
        }
        () => false,
    }
}

pub(super) fn starts_with_ignoring_case(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start))
}

/// Whether `text` starts with the tag `name`, which begins with its `<`.
pub(super) fn is_tag(text: &[u8], name: &[u8]) -> bool {
    starts_with_ignoring_case(text, name)
        && matches!(text.get(name.len()), Some(b'\t' | b'\n' | b'\x0c' | b'\r' | b' ' | b'/' | b'>'))
}

/// Where a comment ends whose text starts at `start`.
fn comment_end(page: &[u8], start: usize) -> Result<usize, Stop> {
    let text = page.get(start..).unwrap_or_default();
    if text.starts_with(b">") || text.starts_with(b"->") {
        return Err(Stop::Unusual);
    }
    let ends =
        memchr_iter(b'>', text).find(|at| text[..*at].ends_with(b"--") || text[..*at].ends_with(b"--!"));
    ends.map(|at| start + at + 1).ok_or(Stop::Cut)
}

/// Where the element ends whose content, no markup, starts at `content`.
fn raw_end(page: &[u8], content: usize, end_tag: &[u8]) -> Result<usize, Stop> {
    let text = page.get(content..).unwrap_or_default();
    for at in memchr_iter(b'<', text).map(|offset| content + offset) {
        match page.get(at + 1) {
            Some(b'/') if is_tag(&page[at..], end_tag) => {
                return tag_end(page, at + end_tag.len()).ok_or(Stop::Cut);
            }
            // From here on, scripts have rules of their own about where they end.
            Some(b'!') if end_tag == b"</script" && page[at..].starts_with(b"<!--") => {
                return Err(Stop::Unusual);
            }
            _ => {}
        }
    }
    Err(Stop::Cut)
}

/// Where a tag ends whose name ends at `at`.
pub(super) fn tag_end(page: &[u8], mut at: usize) -> Option<usize> {
    let mut within = Within::BeforeName;
    loop {
        if let Within::Quoted(quote) = within {
            at += memchr(quote, page.get(at..)?)?;
        }
        match within.then(*page.get(at)?) {
            Some(next) => within = next,
            None => return Some(at + 1),
        }
        at += 1;
    }
}

/// Where in a tag a reader is, behind its name: the standard's tokenizer states of about these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    AfterName,
    BeforeName,
    BeforeValue,
    Name,
    Quoted(u8),
    Unquoted,
}

impl Within {
    /// Where it is after `byte`; `None` if that ends the tag.
    pub(super) fn then(self, byte: u8) -> Option<Self> {
        let space = byte.is_ascii_whitespace();
        Some(match (self, byte) {
            (Self::Quoted(quote), _) if byte == quote => Self::BeforeName,
            (Self::Quoted(_), _) => self,
            (_, b'>') => return None,
            (Self::Unquoted, _) if space => Self::BeforeName,
            (Self::BeforeValue, _) if space => self,
            (Self::BeforeValue, b'"' | b'\'') => Self::Quoted(byte),
            (Self::Unquoted | Self::BeforeValue, _) => Self::Unquoted,
            (_, b'/') => Self::BeforeName,
            (Self::BeforeName, _) if space => self,
            (Self::Name | Self::AfterName, b'=') => Self::BeforeValue,
            (Self::Name | Self::AfterName, _) if space => Self::AfterName,
            (Self::Name | Self::AfterName | Self::BeforeName, _) => Self::Name,
        })
    }
}

/// How many attributes begin in `piece`, a text that begins `within` a tag. `None` if it cannot, as the tag would
/// end in it.
pub(super) fn attributes(piece: &str, mut within: Within) -> Option<u64> {
    let mut count = 0;
    for byte in piece.bytes() {
        let next = within.then(byte)?;
        if next == Within::Name && within != Within::Name {
            count += 1;
        }
        within = next;
    }
    Some(count)
}
