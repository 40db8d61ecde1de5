//! An element in HTML: the standard's serialisation, in time linear in its length. html5ever's own looks through the
//! rest of a text anew for each character that it escapes.

use std::io::{Error, ErrorKind, Result};

use html5ever::serialize::{AttrRef, Serialize, Serializer, TraversalScope};
use html5ever::{LocalName, QualName, local_name, ns};
use scraper::ElementRef;

use super::tags::is_void;

/// The element with its own tags, unless that takes more than `room`.
pub(super) fn outer(element: ElementRef<'_>, room: usize) -> Option<String> {
    let mut writer = Writer { html: String::new(), room, open: Vec::new() };
    element.serialize(&mut writer, TraversalScope::IncludeNode).ok()?;
    Some(writer.html)
}

struct Writer {
    html: String,
    room: usize,
    open: Vec<Open>,
}

/// What an open element's content is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Markup,
    Raw,
    /// It has none, nor an end tag.
    Void,
}

impl Open {
    fn of(name: &QualName) -> Self {
        if name.ns != ns!(html) {
            return Self::Markup;
        }
        match name.local {
            local_name!("iframe")
            | local_name!("noembed")
            | local_name!("noframes")
            | local_name!("noscript")
            | local_name!("plaintext")
            | local_name!("script")
            | local_name!("style")
            | local_name!("xmp") => Self::Raw,
            ref name if is_void(name) || is_void_elsewhere(name) => Self::Void,
            _ => Self::Markup,
        }
    }
}

/// The others without content or end tag: some stand in certain places only, some are of old.
fn is_void_elsewhere(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("basefont")
            | local_name!("bgsound")
            | local_name!("col")
            | local_name!("frame")
            | local_name!("hr")
            | local_name!("keygen")
    )
}

impl Writer {
    fn write(&mut self, text: &str) -> Result<()> {
        if self.html.len() + text.len() > self.room {
            return Err(Error::from(ErrorKind::OutOfMemory));
        }
        self.html.push_str(text);
        Ok(())
    }

    fn write_escaped(&mut self, mut text: &str, is_escaped: fn(char) -> bool) -> Result<()> {
        while let Some(at) = text.find(is_escaped) {
            let (plain, rest) = text.split_at(at);
            self.write(plain)?;
            let Some(character) = rest.chars().next() else { break };
            self.write(match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                _ => "&nbsp;",
            })?;
            text = &rest[character.len_utf8()..];
        }
        self.write(text)
    }
}

impl Serializer for Writer {
    fn start_elem<'a, Attributes>(&mut self, name: QualName, attributes: Attributes) -> Result<()>
    where
        Attributes: Iterator<Item = AttrRef<'a>>,
    {
        self.write("<")?;
        self.write(&name.local)?;
        for (name, value) in attributes {
            let is_xmlns = name.local == local_name!("xmlns");
            self.write(match name.ns {
                ns!(xlink) => " xlink:",
                ns!(xml) => " xml:",
                ns!(xmlns) if !is_xmlns => " xmlns:",
                _ => " ",
            })?;
            self.write(&name.local)?;
            self.write("=\"")?;
            self.write_escaped(value, |c| matches!(c, '&' | '<' | '>' | '"' | '\u{a0}'))?;
            self.write("\"")?;
        }
        self.open.push(Open::of(&name));
        self.write(">")
    }

    fn end_elem(&mut self, name: QualName) -> Result<()> {
        if self.open.pop() == Some(Open::Void) {
            return Ok(());
        }
        self.write("</")?;
        self.write(&name.local)?;
        self.write(">")
    }

    fn write_text(&mut self, text: &str) -> Result<()> {
        match self.open.last() {
            Some(Open::Raw) => self.write(text),
            _ => self.write_escaped(text, |c| matches!(c, '&' | '<' | '>' | '\u{a0}')),
        }
    }

    fn write_comment(&mut self, text: &str) -> Result<()> {
        self.write("<!--")?;
        self.write(text)?;
        self.write("-->")
    }

    fn write_doctype(&mut self, name: &str) -> Result<()> {
        self.write("<!DOCTYPE ")?;
        self.write(name)?;
        self.write(">")
    }

    fn write_processing_instruction(&mut self, target: &str, data: &str) -> Result<()> {
        self.write("<?")?;
        self.write(target)?;
        self.write(" ")?;
        self.write(data)?;
        self.write(">")
    }
}
