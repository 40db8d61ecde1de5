//! Which tags and attributes the parser needs to see.

use std::hash::{DefaultHasher, Hash, Hasher};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::Tag;
use html5ever::{Attribute, LocalName, QualName, local_name, ns};

/// Whether an HTML element of this name cannot hold others.
pub(super) fn is_leaf(name: &LocalName) -> bool {
    is_raw_text(name) || is_void(name)
}

fn is_raw_text(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("iframe")
            | local_name!("noembed")
            | local_name!("noframes")
            | local_name!("noscript")
            | local_name!("script")
            | local_name!("style")
            | local_name!("textarea")
            | local_name!("title")
            | local_name!("xmp")
    )
}

/// Whether an HTML element of this name has neither content nor end tag, and may stand anywhere.
pub(super) fn is_void(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("area")
            | local_name!("base")
            | local_name!("br")
            | local_name!("embed")
            | local_name!("hr")
            | local_name!("img")
            | local_name!("input")
            | local_name!("link")
            | local_name!("meta")
            | local_name!("param")
            | local_name!("source")
            | local_name!("track")
            | local_name!("wbr")
    )
}

/// Whether an HTML element of this name is a formatting element: opened anew where a paragraph cut it off.
pub(super) fn is_formatting(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("a")
            | local_name!("b")
            | local_name!("big")
            | local_name!("code")
            | local_name!("em")
            | local_name!("font")
            | local_name!("i")
            | local_name!("nobr")
            | local_name!("s")
            | local_name!("small")
            | local_name!("strike")
            | local_name!("strong")
            | local_name!("tt")
            | local_name!("u")
    )
}

/// Drops the attributes that do not matter for the tree, which html5ever would clone, sort and compare.
///
/// It also takes a `charset` on a `link` for the page's encoding; without attributes it cannot.
///
/// `telling`: those that tell metadata are kept.
pub(super) fn slim(tag: &mut Tag, tell_apart: bool, telling: bool) {
    if tag.attrs.is_empty() {
        return;
    }
    match tag.name {
        local_name!("base")
        | local_name!("html")
        | local_name!("link")
        | local_name!("meta")
        | local_name!("script")
            if telling =>
        {
            let is_meta = tag.name == local_name!("meta");
            tag.attrs.retain(|attr| {
                is_telling(&attr.name.local) || (is_meta && attr.name.local == local_name!("charset"))
            });
        }
        local_name!("meta") => {
            let is_declaration = |attr: &Attribute| {
                matches!(attr.name.local, local_name!("charset") | local_name!("http-equiv"))
            };
            if !tag.attrs.iter().any(is_declaration) {
                tag.attrs.clear();
            }
        }
        local_name!("input") => tag.attrs.retain(|attr| attr.name.local == local_name!("type")),
        local_name!("annotation-xml") => tag.attrs.retain(|attr| attr.name.local == local_name!("encoding")),
        local_name!("font") => {
            let digest = digest(&tag.attrs);
            tag.attrs.retain_mut(|attr| {
                attr.value.clear();
                matches!(attr.name.local, local_name!("color") | local_name!("face") | local_name!("size"))
            });
            tag.attrs.extend(tell_apart.then_some(digest));
        }
        _ if is_formatting(&tag.name) => {
            let digest = digest(&tag.attrs);
            tag.attrs.clear();
            tag.attrs.extend(tell_apart.then_some(digest));
        }
        _ => tag.attrs.clear(),
    }
}

/// One attribute in place of all, equal when they are, in any order: of formatting elements with the same
/// attributes the standard keeps at most three. Its 8 bytes need no allocation.
fn digest(attrs: &[Attribute]) -> Attribute {
    let sum = attrs.iter().fold(0_u64, |sum, attr| {
        let mut hasher = DefaultHasher::new();
        (&*attr.name.local, &*attr.value).hash(&mut hasher);
        sum.wrapping_add(hasher.finish())
    });
    let value: StrTendril = sum.to_le_bytes().map(|byte| char::from(byte & 0x7f)).into_iter().collect();
    Attribute { name: QualName::new(None, ns!(), local_name!("id")), value }
}

/// Whether an attribute of this name may tell something.
fn is_telling(name: &str) -> bool {
    TELLING.contains(&name)
}

/// The attributes that tell metadata.
pub(super) const TELLING: [&str; 10] =
    ["content", "href", "http-equiv", "lang", "name", "property", "rel", "sizes", "title", "type"];
