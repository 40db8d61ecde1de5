//! The elements that tell a page's metadata, as the tree comes by them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::{Attribute, LocalName, local_name};

use super::tags::TELLING;
use super::text::floor_char_boundary;

/// The most bytes of one value that are kept: 64 KiB of UTF-8. A longer text is cut at the last character that fits; a
/// longer URL counts as none.
pub const MAX_VALUE: usize = 64 << 10;

/// How far to read a page for its metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extent {
    /// To the end of the `head`, where nearly every page has it, and on to the title if that is not there.
    Head,
    /// To the end of the page: some have JSON-LD at their end, or Open Graph in their body.
    Page,
}

/// How many elements are noted. Real pages have under a hundred.
const MAX_NOTED: usize = 4096;

/// How much text they hold together.
const MAX_HELD: usize = 4 << 20;

/// How much of a script with JSON-LD is kept; what is longer cannot be read.
const MAX_SCRIPT: usize = 1 << 20;

/// A `base`, `link`, `meta` or `script` of JSON-LD.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) element: Element,
    /// Of no namespace, in the page's order.
    attributes: Vec<(&'static str, String)>,
    script: RefCell<String>,
    /// The script is longer than what is kept.
    is_cut: Cell<bool>,
}

/// Which element was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Base,
    JsonLd,
    Link,
    Meta,
}

impl Noted {
    /// The element, if it tells anything.
    pub(super) fn new(name: &LocalName, attributes: &[Attribute]) -> Option<Self> {
        let element = match *name {
            local_name!("base") => Element::Base,
            local_name!("link") => Element::Link,
            local_name!("meta") => Element::Meta,
            local_name!("script") if is_json_ld(attributes) => Element::JsonLd,
            _ => return None,
        };
        let attributes = match element {
            Element::JsonLd => Vec::new(),
            _ => attributes.iter().filter_map(told).collect(),
        };
        Some(Self { element, attributes, script: RefCell::default(), is_cut: Cell::new(false) })
    }

    /// An attribute's value.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// What the script holds, unless it is too long.
    pub(super) fn script(&self) -> Option<String> {
        (!self.is_cut.get()).then(|| self.script.take())
    }

    fn len(&self) -> usize {
        self.attributes.iter().map(|(_, value)| value.len()).sum()
    }
}

/// All that was noted on a page.
#[derive(Debug)]
pub(super) struct Notes<P> {
    /// Each with its place in the tree.
    list: RefCell<Vec<(P, Rc<Noted>)>>,
    held: Cell<usize>,
    extent: Extent,
    /// What the extent holds is there: nothing more counts.
    is_closed: Cell<bool>,
    /// The `lang` of the `html` element.
    pub(super) language: RefCell<Option<String>>,
}

impl<P> Notes<P> {
    pub(super) fn new(extent: Extent) -> Self {
        Self {
            list: RefCell::default(),
            held: Cell::new(0),
            extent,
            is_closed: Cell::new(false),
            language: RefCell::default(),
        }
    }

    /// The body has begun, or the frameset in its place.
    pub(super) fn body(&self) {
        self.is_closed.set(self.extent == Extent::Head);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    /// What an HTML element tells that has come.
    pub(super) fn element(&self, name: &LocalName, attributes: &[Attribute]) -> Option<Noted> {
        if self.is_closed.get() {
            return None;
        }
        if *name == local_name!("html") {
            self.html(attributes);
        }
        Noted::new(name, attributes)
    }

    /// Notes an element that has come into the document.
    pub(super) fn push(&self, place: P, noted: &Rc<Noted>) {
        if self.hold(noted.len()) && self.list.borrow().len() < MAX_NOTED {
            self.list.borrow_mut().push((place, Rc::clone(noted)));
        }
    }

    /// Notes a script's text.
    pub(super) fn push_text(&self, noted: &Noted, text: &str) {
        let mut script = noted.script.borrow_mut();
        let room = MAX_SCRIPT - script.len();
        let fits = self.hold(text.len().min(room)) && text.len() <= room;
        if noted.element == Element::JsonLd && fits && !noted.is_cut.get() {
            script.push_str(text);
        } else {
            noted.is_cut.set(true);
        }
    }

    /// What the attributes of an `html` tag tell: the first to name the language counts.
    pub(super) fn html(&self, attributes: &[Attribute]) {
        let language = attributes.iter().find(|attribute| &*attribute.name.local == "lang");
        if let Some(language) = language.filter(|_| !self.is_closed.get()) {
            let mut own = self.language.borrow_mut();
            own.get_or_insert_with(|| cut(&language.value).to_owned());
        }
    }

    /// What was noted, in tree order. `path` says where a place is, if it still is in the document.
    pub(super) fn in_order<K: Ord>(&self, path: impl Fn(&P) -> Option<K>) -> Vec<Rc<Noted>> {
        let list = self.list.borrow();
        let mut placed: Vec<_> =
            list.iter().filter_map(|(place, noted)| Some((path(place)?, noted))).collect();
        placed.sort_by(|(a, _), (b, _)| a.cmp(b));
        placed.into_iter().map(|(_, noted)| Rc::clone(noted)).collect()
    }

    /// Whether so much more may be held. Once it may not, nothing more may.
    fn hold(&self, bytes: usize) -> bool {
        self.held.set(self.held.get().saturating_add(bytes));
        self.held.get() <= MAX_HELD
    }
}

/// Whether the attributes are those of a script that holds JSON-LD.
pub(super) fn is_json_ld(attributes: &[Attribute]) -> bool {
    let media_type = attributes.iter().find(|attribute| attribute.name.local == local_name!("type"));
    media_type.is_some_and(|media_type| {
        let essence = media_type.value.split(';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case("application/ld+json")
    })
}

fn told(attribute: &Attribute) -> Option<(&'static str, String)> {
    let local = &*attribute.name.local;
    let name = TELLING.into_iter().find(|name| *name == local)?;
    // A URL cut in the middle is none.
    let fits = attribute.value.len() <= MAX_VALUE || name == "content";
    fits.then(|| (name, cut(&attribute.value).to_owned()))
}

/// What is kept of a value.
fn cut(value: &str) -> &str {
    &value[..floor_char_boundary(value, MAX_VALUE)]
}
