//! The tree the parser builds, reduced to what decides which title comes first.
//!
//! No element knows its children. Each has a [`Place`], which knows the place above it and a key that sorts it
//! among its siblings; the path of keys from the root then sorts any two places in tree order. Places are kept
//! alive from below, so whatever is neither open in the parser nor above a title is freed at once, and memory
//! follows the depth of the page and its titles, not its length.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, QualName, local_name, ns};

use super::noted::{Extent, Noted, Notes};
use super::place::Place;
use super::text::Collapsed;

/// The title that comes first in tree order.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) in_head: bool,
}

/// What the parser holds of a node.
pub(super) type Handle = Rc<Node>;

/// An element, the document, a template's contents, or the stand-in for every node of no interest.
#[derive(Debug)]
pub(super) struct Node {
    name: QualName,
    pub(super) kind: Kind,
    /// Renewed when the node's children are taken away from it, see [`Tree::reparent_children`].
    place: RefCell<Rc<Place>>,
    contents: Option<Handle>,
    /// What it tells, where metadata is wanted.
    noted: Option<Rc<Noted>>,
    /// The census that last counted this node.
    pub(super) counted: Cell<u32>,
}

/// What about an element matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Body,
    Head,
    /// Comments and processing instructions: never placed.
    Ignored,
    /// An `annotation-xml` whose encoding makes it an HTML integration point.
    Integration,
    /// An HTML element whose text is no content of the body: it leaves frameset-ok as it is.
    Raw,
    Other,
    /// An HTML element that always comes with frameset-ok set to "not ok".
    Settling,
    Table,
    Title,
}

impl Kind {
    fn of(name: &QualName, flags: &ElementFlags) -> Self {
        if flags.mathml_annotation_xml_integration_point {
            return Self::Integration;
        }
        if name.ns != ns!(html) {
            return Self::Other;
        }
        match name.local {
            local_name!("body") => Self::Body,
            local_name!("head") => Self::Head,
            local_name!("noembed")
            | local_name!("noframes")
            | local_name!("noscript")
            | local_name!("script")
            | local_name!("style") => Self::Raw,
            local_name!("applet")
            | local_name!("area")
            | local_name!("br")
            | local_name!("button")
            | local_name!("dd")
            | local_name!("dt")
            | local_name!("embed")
            | local_name!("hr")
            | local_name!("iframe")
            | local_name!("img")
            | local_name!("keygen")
            | local_name!("li")
            | local_name!("listing")
            | local_name!("marquee")
            | local_name!("object")
            | local_name!("pre")
            | local_name!("select")
            | local_name!("template")
            | local_name!("textarea")
            | local_name!("wbr")
            | local_name!("xmp") => Self::Settling,
            local_name!("table") => Self::Table,
            local_name!("title") => Self::Title,
            _ => Self::Other,
        }
    }
}

/// A title that was in the document when it was parsed.
#[derive(Debug)]
struct Candidate {
    place: Rc<Place>,
    /// The place of its parent at that time.
    above: Rc<Place>,
    text: Collapsed,
    in_head: bool,
}

/// The receiver of html5ever's tree operations.
#[derive(Debug)]
pub(super) struct Tree {
    document: Handle,
    ignored: Handle,
    titles: RefCell<Vec<Candidate>>,
    /// The title being parsed, unless it cannot be the page's.
    open: RefCell<Option<Candidate>>,
    in_title: Cell<bool>,
    /// The `head` has a complete title.
    pub(super) head_titled: Cell<bool>,
    /// The parser's frameset-ok flag is certainly "not ok": no later `frameset` can replace the body.
    pub(super) settled: Cell<bool>,
    pub(super) has_body: Cell<bool>,
    /// Where metadata is wanted.
    notes: Option<Notes<Rc<Place>>>,
    /// Steps taken, for the parser's budget.
    pub(super) work: Cell<u64>,
}

impl Tree {
    /// `extent`: where metadata is wanted, too.
    pub(super) fn new(extent: Option<Extent>) -> Self {
        Self {
            document: node(Kind::Other, Place::new(true)),
            ignored: node(Kind::Ignored, Place::new(false)),
            titles: RefCell::default(),
            open: RefCell::default(),
            in_title: Cell::new(false),
            head_titled: Cell::new(false),
            settled: Cell::new(false),
            has_body: Cell::new(false),
            notes: extent.map(Notes::new),
            work: Cell::new(0),
        }
    }

    /// Whether there is a title, and none is half-read.
    pub(super) fn has_title(&self) -> bool {
        !self.in_title.get() && !self.titles.borrow().is_empty()
    }

    /// Whether the last title's text is ASCII, so that its encoding hardly matters.
    pub(super) fn is_ascii(&self) -> bool {
        self.titles.borrow().iter().all(|title| title.text.text.is_ascii())
    }

    /// The first title in tree order, the one being parsed included.
    pub(super) fn first(&self) -> Option<Found> {
        if let Some(open) = self.open.take() {
            self.titles.borrow_mut().push(open);
        }
        let mut titles = self.titles.borrow_mut();
        let paths = titles.iter().enumerate().filter_map(|(at, title)| Some((title.place.path()?, at)));
        let (_, at) = paths.min()?;
        let title = titles.swap_remove(at);
        Some(Found { text: title.text.text, in_head: title.in_head })
    }

    /// Whether no more can be noted.
    pub(super) fn has_noted(&self) -> bool {
        self.notes.as_ref().is_some_and(Notes::is_closed)
    }

    /// What was noted, in tree order, and the page's language.
    pub(super) fn noted(&self) -> (Vec<Rc<Noted>>, Option<String>) {
        let noted =
            |notes: &Notes<_>| (notes.in_order(|place: &Rc<Place>| place.path()), notes.language.take());
        self.notes.as_ref().map(noted).unwrap_or_default()
    }

    fn spend(&self, steps: usize) {
        self.work.set(self.work.get().saturating_add(steps as u64));
    }

    fn placed(&self, parent: Kind, above: &Rc<Place>, child: &Handle) {
        match child.kind {
            Kind::Ignored => return,
            Kind::Title => self.title_begins(parent == Kind::Head, above, child),
            _ => {}
        }
        if let (Some(notes), Some(noted)) = (&self.notes, &child.noted) {
            let path = above.path();
            self.spend(64 + path.as_ref().map_or(0, Vec::len));
            if above.is_document || path.is_some() {
                notes.push(Rc::clone(&*child.place.borrow()), noted);
            }
        }
        child.place.borrow().append_to(above);
    }

    /// A title in a template never gets out of it. Of two titles under the same parent, the later one stays
    /// behind the earlier one, as the standard moves no title by itself; so neither need be kept.
    fn title_begins(&self, in_head: bool, above: &Rc<Place>, child: &Handle) {
        self.in_title.set(true);
        let mut titles = self.titles.borrow_mut();
        let place = Rc::clone(&*child.place.borrow());
        let path = above.path();
        self.spend(64 + path.as_ref().map_or(0, Vec::len));
        let second = titles.last().is_some_and(|last| Rc::ptr_eq(&last.above, above));
        if (above.is_document || path.is_some()) && !second {
            self.spend(4096);
            let candidate = Candidate { place, above: Rc::clone(above), text: Collapsed::default(), in_head };
            titles.extend(self.open.replace(Some(candidate)));
        }
    }

    fn text(&self, parent: &Node, text: &StrTendril) {
        match parent.kind {
            Kind::Title => {
                if let Some(open) = self.open.borrow_mut().as_mut() {
                    open.text.push(text);
                }
            }
            Kind::Raw => {
                if let (Some(notes), Some(noted)) = (&self.notes, &parent.noted) {
                    notes.push_text(noted, text);
                }
            }
            Kind::Ignored => {}
            // A NUL in foreign content arrives as a replacement character and leaves frameset-ok as it is.
            _ if self.settled.get() => {}
            _ => self.settled.set(text.chars().any(|c| c != '\u{fffd}' && !c.is_ascii_whitespace())),
        }
    }
}

fn node(kind: Kind, place: Rc<Place>) -> Handle {
    Rc::new(Node {
        name: QualName::new(None, ns!(), local_name!("")),
        kind,
        place: RefCell::new(place),
        contents: None,
        noted: None,
        counted: Cell::new(0),
    })
}

impl TreeSink for Tree {
    type Handle = Handle;
    type Output = Self;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Rc::clone(&self.document)
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> &'a QualName {
        &target.name
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, flags: ElementFlags) -> Handle {
        let kind = Kind::of(&name, &flags);
        match kind {
            Kind::Body => {
                self.has_body.set(true);
                self.notes.iter().for_each(Notes::body);
            }
            Kind::Settling | Kind::Table => self.settled.set(true),
            _ if name.ns == ns!(html) && name.local == local_name!("frameset") => {
                self.notes.iter().for_each(Notes::body);
            }
            _ => {}
        }
        self.spend(16);
        let notes = self.notes.as_ref().filter(|_| name.ns == ns!(html));
        let noted = notes.and_then(|notes| notes.element(&name.local, &attrs)).map(Rc::new);
        Rc::new(Node {
            name,
            kind,
            place: RefCell::new(Place::new(false)),
            contents: flags.template.then(|| node(Kind::Other, Place::new(false))),
            noted,
            counted: Cell::new(0),
        })
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        Rc::clone(&self.ignored)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        Rc::clone(&self.ignored)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        match child {
            NodeOrText::AppendNode(child) => self.placed(parent.kind, &parent.place.borrow(), &child),
            NodeOrText::AppendText(text) => self.text(parent, &text),
        }
    }

    fn append_based_on_parent_node(
        &self,
        element: &Handle,
        prev_element: &Handle,
        child: NodeOrText<Handle>,
    ) {
        let front = element.place.borrow().fronted();
        match (front, child) {
            (None, child) => self.append(prev_element, child),
            (Some(front), NodeOrText::AppendNode(child)) => self.placed(Kind::Other, &front, &child),
            (Some(_), NodeOrText::AppendText(text)) => self.text(prev_element, &text),
        }
    }

    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        self.append_based_on_parent_node(sibling, &self.ignored, child);
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn pop(&self, node: &Handle) {
        if node.kind != Kind::Title {
            return;
        }
        self.in_title.set(false);
        if let Some(title) = self.open.take() {
            self.head_titled.set(self.head_titled.get() || title.in_head);
            self.titles.borrow_mut().push(title);
        }
    }

    fn get_template_contents(&self, target: &Handle) -> Handle {
        Rc::clone(target.contents.as_ref().unwrap_or(&self.ignored))
    }

    fn same_node(&self, x: &Handle, y: &Handle) -> bool {
        Rc::ptr_eq(x, y)
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn add_attrs_if_missing(&self, target: &Handle, attrs: Vec<Attribute>) {
        let notes = self.notes.as_ref().filter(|_| target.name.local == local_name!("html"));
        if let Some(notes) = notes {
            notes.html(&attrs);
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        drop(target.place.borrow().above.take());
        if target.kind == Kind::Body {
            // A frameset takes over: the body is gone for good, and all titles but the head's with it.
            self.titles.borrow_mut().retain(|title| title.in_head);
        }
    }

    /// The children keep the place they know, which moves to the new parent as an extra place in their paths;
    /// the node that loses them gets a new one.
    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let fresh = Place::new(false);
        let old = node.place.replace(Rc::clone(&fresh));
        fresh.key.set(old.key.get());
        fresh.above.replace(old.above.take());
        old.append_to(&new_parent.place.borrow());
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &Handle) -> bool {
        handle.kind == Kind::Integration
    }
}
