//! The look that comes before the parser: at the speed of memchr, is there a title tag at all?

use memchr::{memchr, memchr_iter};

use super::skim::is_tag;

/// How far the text has been searched, so that each byte of a growing text is looked at once.
#[derive(Debug, Default)]
pub(super) struct Search {
    at: usize,
    phase: Phase,
    opened: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Looking for `<title`.
    #[default]
    Opening,
    /// Looking for `</title`.
    Closing,
    /// Looking for the `>` behind it.
    Bracket,
}

impl Search {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Whether the text so far has a title's start tag, as far as bytes can tell: it may stand in a comment, in
    /// a script or in an SVG drawing. No HTML `title` element comes about without one.
    pub(super) fn opening(&mut self, text: &[u8]) -> bool {
        if self.phase == Phase::Opening && self.tag(text, b"<title") {
            self.phase = Phase::Closing;
            self.opened = true;
        }
        self.opened
    }

    /// Whether the text so far has a further title's end tag. Only a hint that parsing is worth while.
    pub(super) fn title_ended(&mut self, text: &[u8]) -> bool {
        if !self.opening(text) {
            return false;
        }
        if self.phase == Phase::Closing && self.tag(text, b"</title") {
            self.phase = Phase::Bracket;
        }
        if self.phase != Phase::Bracket {
            return false;
        }
        let found = text.get(self.at..).and_then(|rest| memchr(b'>', rest));
        if found.is_none() {
            self.at = text.len();
        }
        found.is_some()
    }

    /// Everything up to `length` has been parsed: only an end tag that comes after it is news.
    pub(super) fn restart(&mut self, length: usize) {
        self.phase = Phase::Closing;
        self.at = length.saturating_sub(b"</title".len());
    }

    /// Moves behind the next `name`, in any letter case, that ends like a tag name.
    fn tag(&mut self, text: &[u8], name: &[u8]) -> bool {
        let rest = text.get(self.at..).unwrap_or_default();
        for offset in memchr_iter(b'<', rest) {
            let rest = &rest[offset..];
            if rest.len() <= name.len() {
                // Too near the end to tell: looked at again when there is more.
                self.at += offset;
                return false;
            }
            // Most tags differ in their first letter, and this look is the dearest part of a page without a title.
            if rest[1] | 0x20 == name[1] | 0x20 && is_tag(rest, name) {
                self.at += offset + name.len();
                return true;
            }
        }
        self.at = text.len();
        false
    }
}
