//! Text in pieces, and text as it is told: white space collapsed, and no longer than is kept.

use std::iter;

/// The most bytes of title that are kept: 64 KiB of UTF-8, counted after white space is collapsed. A longer
/// title is cut at the last character that fits.
pub const MAX_TITLE: usize = 64 << 10;

/// `text` with its ASCII white space stripped and collapsed, cut at [`MAX_TITLE`].
pub(super) fn collapsed(text: &str) -> String {
    let mut collapsed = Collapsed::default();
    collapsed.push(text);
    collapsed.text
}

/// Text with its ASCII white space stripped and collapsed as it comes in, cut at [`MAX_TITLE`].
#[derive(Debug, Default)]
pub(super) struct Collapsed {
    pub(super) text: String,
    /// White space was seen since the last word: a space is due if another word comes.
    space: bool,
    full: bool,
}

impl Collapsed {
    pub(super) fn push(&mut self, piece: &str) {
        let mut rest = piece;
        while !self.full && !rest.is_empty() {
            let end = rest.find(is_space).unwrap_or(rest.len());
            if end > 0 {
                self.push_word(&rest[..end]);
            }
            let after = rest[end..].trim_start_matches(is_space);
            self.space |= after.len() < rest.len() - end;
            rest = after;
        }
    }

    /// Part of a word, or all of it.
    fn push_word(&mut self, word: &str) {
        let space = self.space && !self.text.is_empty();
        let room = MAX_TITLE.saturating_sub(self.text.len() + usize::from(space));
        if room == 0 {
            self.full = true;
            return;
        }
        let fits = if word.len() > room { floor_char_boundary(word, room) } else { word.len() };
        self.full = fits < word.len() || fits > room;
        if fits <= room {
            if space {
                self.text.push(' ');
            }
            self.text.push_str(&word[..fits]);
        }
        self.space = false;
    }
}

/// ASCII white space as the Infra standard has it. (The no-break space is not.)
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

/// `text` in pieces of at most `size` bytes, or of one character if that is longer.
pub(super) fn pieces(text: &str, size: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    iter::from_fn(move || {
        let (piece, tail) = rest.split_at(floor_char_boundary(rest, size));
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The largest index up to `index` at which `text` may be cut; behind its first character if there is none.
pub(super) fn floor_char_boundary(text: &str, index: usize) -> usize {
    if index >= text.len() {
        return text.len();
    }
    let down = (1..=index).rev().find(|&at| text.is_char_boundary(at));
    down.or_else(|| text.chars().next().map(char::len_utf8)).unwrap_or(0)
}
