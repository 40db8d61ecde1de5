//! JSON as pages have it, read for the values of a few names.
//!
//! Much of it is not quite JSON, and one fault must not lose all that it says. So this forgives what leaves no doubt:
//! marks of comments and CDATA in front, line ends in a text, a comma too many or too few, half a surrogate pair, and
//! whatever follows the value. What breaks off is nothing.

/// How deep values are kept; deeper ones are passed over.
const MAX_DEPTH: usize = 24;

/// How many values are kept.
const MAX_KEPT: usize = 4096;

/// What was kept of a value.
#[derive(Debug, PartialEq)]
pub(super) enum Value {
    List(Vec<Self>),
    /// Of the names that were asked for.
    Object(Vec<(&'static str, Self)>),
    /// A number, `true`, `false`, `null`, and what was not kept.
    Other,
    Text(String),
}

impl Value {
    /// What an object has under this name, unless that is nothing.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        // As in JavaScript, the last one counts.
        let (_, value) = fields.iter().rev().find(|(own, _)| *own == name)?;
        (*value != Self::Other).then_some(value)
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The value that a script holds, its objects with these names alone.
pub(super) fn read(script: &str, names: &'static [&'static str]) -> Option<Value> {
    const MARKS: [&str; 6] = ["\u{feff}", "<!--", "//", "/*", "*/", "<![CDATA["];
    let mut text = script.trim_ascii_start();
    while let Some(rest) = MARKS.iter().find_map(|mark| text.strip_prefix(mark)) {
        text = rest.trim_ascii_start();
    }
    Reader { text, at: 0, names, left: MAX_KEPT }.value(MAX_DEPTH)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    names: &'static [&'static str],
    /// How many more values are kept.
    left: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        let next = self.next()?;
        if depth == 0 || self.left == 0 {
            return self.skip();
        }
        self.left -= 1;
        match next {
            b'"' => Some(Value::Text(unescaped(self.raw()?))),
            b'[' => self.list(depth - 1),
            b'{' => self.object(depth - 1),
            _ => self.skip(),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        self.at += 1;
        loop {
            match self.next()? {
                b']' => break,
                b',' => self.at += 1,
                _ => list.extend(Some(self.value(depth)?).filter(|value| *value != Value::Other)),
            }
        }
        self.at += 1;
        Some(Value::List(list))
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut fields = Vec::new();
        self.at += 1;
        loop {
            match self.next()? {
                b'}' => break,
                b',' => self.at += 1,
                b'"' => {
                    let name = self.raw()?;
                    if self.next()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    match self.names.iter().find(|own| **own == name) {
                        Some(own) => fields.push((*own, self.value(depth)?)),
                        None => {
                            self.skip()?;
                        }
                    }
                }
                _ => return None,
            }
        }
        self.at += 1;
        Some(Value::Object(fields))
    }

    /// Passes over a value.
    fn skip(&mut self) -> Option<Value> {
        let mut open = 0_usize;
        loop {
            match self.next()? {
                b'"' => {
                    self.raw()?;
                }
                b'[' | b'{' => {
                    open += 1;
                    self.at += 1;
                }
                b']' | b'}' => {
                    open = open.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if open > 0 => self.at += 1,
                _ => self.word()?,
            }
            if open == 0 {
                return Some(Value::Other);
            }
        }
    }

    /// Passes over a number or the like.
    fn word(&mut self) -> Option<()> {
        let is_in = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._".contains(byte);
        let length = self.text.as_bytes()[self.at..].iter().take_while(|byte| is_in(byte)).count();
        self.at += length;
        (length > 0).then_some(())
    }

    /// What stands between quotes, as it is written.
    fn raw(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            match bytes.get(at)? {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        self.text.get(start..at)
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let space = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.at += space;
        rest.get(space).copied()
    }
}

fn unescaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        let mut characters = escape.chars();
        match characters.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let (character, length) = numbered(escape);
                text.push(character);
                characters = escape[length..].chars();
            }
            Some(other) => text.push(other),
            None => {}
        }
        rest = characters.as_str();
    }
    text.push_str(rest);
    text
}

/// The character that `uXXXX`, or a pair of these, stands for, and the length of that; half a pair is U+FFFD.
fn numbered(escape: &str) -> (char, usize) {
    let unit = |at: usize| u16::from_str_radix(escape.get(at..at + 4)?, 16).ok();
    let Some(first) = unit(1) else { return ('u', 1) };
    let second = escape.get(5..7).filter(|mark| *mark == "\\u").and_then(|_| unit(7));
    match char::decode_utf16([first].into_iter().chain(second)).next() {
        Some(Ok(character)) => (character, 1 + 4 + 6 * usize::from(character.len_utf16() == 2)),
        _ => (char::REPLACEMENT_CHARACTER, 5),
    }
}
