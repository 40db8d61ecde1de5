//! JSON that neither a terminal nor a reader of lines stumbles over: titles come from anyone.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Appends a value as compact JSON on one line, without a line's end. What JSON would allow in a string but
/// [`is_control`] tells of is escaped, too. A value that JSON has no words for, such as a map whose keys are no strings, is
/// left where that shows.
pub fn write(value: &impl Serialize, out: &mut Vec<u8>) {
    // Neither strings and numbers nor a vector can fail.
    let _ = value.serialize(&mut Serializer::with_formatter(out, Careful));
}

/// Whether a terminal, or a reader of lines, may act upon this instead of showing it: control characters (escape
/// sequences begin with one), line separators, and the marks that turn the direction of the text around them.
#[must_use]
pub fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Compact JSON that also escapes what JSON would allow and a terminal, or a reader of lines, would act upon.
struct Careful;

impl Formatter for Careful {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some((at, control)) = rest.char_indices().find(|(_, c)| is_control(*c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            // All of them are below U+10000.
            write!(out, "\\u{:04x}", u32::from(control))?;
            rest = &rest[at + control.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_is_left_and_the_text_is_the_same() {
        let text = "a\tb\u{1b}[31m\u{9b}31m\u{7f}\u{2028}\u{202e}é\"\\".to_owned();
        let mut out = Vec::new();
        write(&text, &mut out);
        let line = String::from_utf8(out).expect("JSON is UTF-8");
        assert!(!line.contains(is_control), "{line:?}");
        assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), text);
    }
}
