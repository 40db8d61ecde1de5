//! What JSON-LD says of an article: its headline and its authors.

use std::collections::HashMap;

use serde_json::Value;

/// How deep values are looked into.
const MAX_DEPTH: usize = 8;

/// How many objects are looked at.
const MAX_OBJECTS: usize = 1_000;

/// What a page's scripts say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Article {
    pub(super) headline: Option<String>,
    pub(super) authors: Vec<String>,
}

/// The headline and the authors of the first object that has both; else each of the first that has it.
pub(super) fn article(scripts: &[String]) -> Article {
    let roots: Vec<Value> = scripts.iter().filter_map(|text| parse(text)).collect();
    let mut objects = Vec::new();
    roots.iter().for_each(|root| gather(root, MAX_DEPTH, &mut objects));
    let first = |is_it: &dyn Fn(&Value) -> bool| objects.iter().copied().find(|object| is_it(object));
    let whole = first(&|object| headline(object).is_some() && authors(object).is_some());
    let titled = whole.or_else(|| first(&|object| headline(object).is_some()));
    let authored = whole.or_else(|| first(&|object| authors(object).is_some()));
    let mut names = Names::new(&objects);
    if let Some(author) = authored.and_then(authors) {
        names.gather(author, MAX_DEPTH);
    }
    Article { headline: titled.and_then(headline).map(str::to_owned), authors: names.found }
}

/// The objects of the document itself, in order: those in its lists, its graph and its main entity.
fn gather<'a>(value: &'a Value, depth: usize, objects: &mut Vec<&'a Value>) {
    if depth == 0 || objects.len() >= MAX_OBJECTS {
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|value| gather(value, depth - 1, objects)),
        Value::Object(object) => {
            objects.push(value);
            for key in ["@graph", "mainEntity", "mainEntityOfPage"] {
                if let Some(value) = object.get(key) {
                    gather(value, depth - 1, objects);
                }
            }
        }
        _ => {}
    }
}

fn authors(object: &Value) -> Option<&Value> {
    object.get("author").or_else(|| object.get("creator"))
}

fn headline(object: &Value) -> Option<&str> {
    let own = object.get("headline")?;
    own.get("@value").unwrap_or(own).as_str().filter(|text| !text.trim_ascii().is_empty())
}

/// The names of authors.
struct Names<'a> {
    by_id: HashMap<&'a str, &'a Value>,
    found: Vec<String>,
    /// How many more values are looked at.
    left: usize,
}

impl<'a> Names<'a> {
    fn new(objects: &[&'a Value]) -> Self {
        let mut by_id = HashMap::new();
        for object in objects {
            if let (Some(Value::String(id)), Some(name)) = (object.get("@id"), name(object)) {
                by_id.entry(id.as_str()).or_insert(name);
            }
        }
        Self { by_id, found: Vec::new(), left: MAX_OBJECTS }
    }

    /// An author: a text, an object with a name or a reference to one, or a list of these.
    fn gather(&mut self, author: &Value, depth: usize) {
        let Some(left) = self.left.checked_sub(1).filter(|_| depth > 0) else { return };
        self.left = left;
        match author {
            Value::String(text) => self.found.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|author| self.gather(author, depth - 1)),
            Value::Object(object) => {
                let known = || self.by_id.get(object.get("@id")?.as_str()?).copied();
                if let Some(name) = name(author).or_else(known) {
                    self.gather(name, depth - 1);
                }
            }
            _ => {}
        }
    }
}

fn name(object: &Value) -> Option<&Value> {
    ["name", "@value"].iter().find_map(|key| object.get(key).filter(|name| !name.is_null()))
}

/// A script's value. What people wrap it in or leave in it is forgiven, for the sake of all else that it says: marks of
/// comments and CDATA around it, line ends in a text, a comma too many, half a surrogate pair.
fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&mended(unwrapped(text)))).ok()
}

/// The text without the marks in front of it, and up to its last bracket.
fn unwrapped(text: &str) -> &str {
    const MARKS: [&str; 6] = ["\u{feff}", "<!--", "//", "/*", "*/", "<![CDATA["];
    let mut own = text.trim_ascii_start();
    while let Some(rest) = MARKS.iter().find_map(|mark| own.strip_prefix(mark)) {
        own = rest.trim_ascii_start();
    }
    // The end of a CDATA section is brackets, too.
    let is_mark = |c: char| c.is_ascii_whitespace() || "-*/;>".contains(c);
    let own = own.trim_end_matches(is_mark);
    let own = own.strip_suffix("]]").filter(|_| text.contains("<![CDATA[")).unwrap_or(own);
    own.trim_end_matches(is_mark)
}

fn mended(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_text = false;
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        match next {
            '"' => {
                in_text = !in_text;
                mended.push(next);
            }
            '\\' if in_text => {
                let (replaced, taken) = escape(rest);
                mended.push_str(replaced);
                length = taken;
            }
            ..' ' if in_text => mended.push(' '),
            ',' if !in_text && rest[1..].trim_ascii_start().starts_with(['}', ']']) => {}
            _ => mended.push(next),
        }
        rest = &rest[length..];
    }
    mended
}

/// The escape that `text` begins with, as it may stand, and its length.
fn escape(text: &str) -> (&str, usize) {
    let unit = |at: usize| u16::from_str_radix(text.get(at..at + 6)?.strip_prefix("\\u")?, 16).ok();
    match (unit(0), unit(6)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (&text[..12], 12),
        (Some(0xD800..=0xDFFF), _) => ("\u{fffd}", 6),
        (Some(_), _) => (&text[..6], 6),
        _ => {
            let length = 1 + text[1..].chars().next().map_or(0, char::len_utf8);
            (&text[..length], length)
        }
    }
}
