//! What a full parse says: every node of the page in a plain tree, and a plain walk over it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::{Rc, Weak};

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tokenizer::TokenizerOpts;
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{Attribute, ParseOpts, QualName, local_name, ns, parse_document};

/// What the tree says of a page. The values of metadata are those that [`dualfetch::html::Metadata`] documents.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) title: Option<String>,
    /// The title's parent is the document's `head`.
    pub(crate) in_head: bool,
    pub(crate) base: Option<String>,
    pub(crate) canonical: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) language: Option<String>,
}

/// Parses all of `html` and looks.
pub(crate) fn read(html: &str) -> Page {
    let tree_builder = TreeBuilderOpts { scripting_enabled: true, ..TreeBuilderOpts::default() };
    // A byte order mark is the decoder's affair; here it is a character.
    let tokenizer = TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() };
    let document = parse_document(Tree::default(), ParseOpts { tokenizer, tree_builder }).one(html);
    let elements = in_tree_order(&document);
    let first = |name: &str| elements.iter().find(|element| element.is(name));
    let title = first("title");
    let metas = || elements.iter().filter(|element| element.is("meta"));
    let named = |name: &str| metas().find_map(|meta| meta.content_of(name));
    Page {
        title: title.map(|title| collapsed(&title.own_text())),
        in_head: title.and_then(|title| title.parent()).is_some_and(|parent| parent.is("head")),
        base: elements.iter().filter(|element| element.is("base")).find_map(|base| base.attribute("href")),
        canonical: elements
            .iter()
            .find_map(|link| link.canonical())
            .or_else(|| metas().find_map(|meta| meta.url_of("og:url"))),
        description: ["description", "og:description", "twitter:description"].into_iter().find_map(named),
        language: first("html")
            .and_then(|html| html.attribute("lang"))
            .map(|language| collapsed(&language))
            .filter(|language| !language.is_empty())
            .or_else(|| metas().find_map(|meta| meta.content_language()))
            .or_else(|| named("og:locale").map(|locale| locale.replace('_', "-"))),
    }
}

/// A template's contents are no part of the document.
fn in_tree_order(document: &Handle) -> Vec<Handle> {
    let mut order = Vec::new();
    let mut next = vec![Rc::clone(document)];
    while let Some(node) = next.pop() {
        next.extend(node.children.borrow().iter().rev().cloned());
        order.push(node);
    }
    order
}

fn collapsed(text: &str) -> String {
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    words.join(" ")
}

type Handle = Rc<Node>;

struct Node {
    name: QualName,
    attributes: RefCell<Vec<Attribute>>,
    /// Of a text node.
    text: Option<String>,
    parent: RefCell<Weak<Self>>,
    children: RefCell<Vec<Handle>>,
    template: Option<Handle>,
    is_integration_point: bool,
}

impl Node {
    fn new(name: QualName, attributes: Vec<Attribute>, flags: &ElementFlags, text: Option<String>) -> Handle {
        Rc::new(Self {
            name,
            attributes: RefCell::new(attributes),
            text,
            parent: RefCell::default(),
            children: RefCell::default(),
            template: flags.template.then(|| Self::nameless(None)),
            is_integration_point: flags.mathml_annotation_xml_integration_point,
        })
    }

    fn nameless(text: Option<String>) -> Handle {
        let name = QualName::new(None, ns!(), local_name!(""));
        Self::new(name, Vec::new(), &ElementFlags::default(), text)
    }

    /// Whether this is the HTML element of that name.
    fn is(&self, name: &str) -> bool {
        self.name.ns == ns!(html) && &*self.name.local == name
    }

    fn parent(&self) -> Option<Handle> {
        self.parent.borrow().upgrade()
    }

    fn own_text(&self) -> String {
        self.children.borrow().iter().filter_map(|child| child.text.as_deref()).collect()
    }

    fn attribute(&self, name: &str) -> Option<String> {
        let attributes = self.attributes.borrow();
        let own = attributes.iter().find(|own| own.name.ns == ns!() && &*own.name.local == name)?;
        Some(own.value.to_string())
    }

    /// What a `meta` says, if it says something.
    fn content(&self) -> Option<String> {
        self.attribute("content").map(|content| collapsed(&content)).filter(|content| !content.is_empty())
    }

    /// The same of a property that is a URL: no line ends, and no other white space collapsed.
    fn url_of(&self, name: &str) -> Option<String> {
        self.content_of(name)?;
        Some(self.attribute("content")?.replace(['\t', '\n', '\r'], "").trim_ascii().to_owned())
    }

    fn content_of(&self, name: &str) -> Option<String> {
        let property = self.attribute("property").unwrap_or_default();
        let is_property = property.split_ascii_whitespace().any(|own| own.eq_ignore_ascii_case(name));
        let is_named = self.attribute("name").is_some_and(|own| own.trim_ascii().eq_ignore_ascii_case(name));
        self.content().filter(|_| is_property || is_named)
    }

    fn content_language(&self) -> Option<String> {
        let pragma = self.attribute("http-equiv")?;
        let content = self.content().filter(|content| !content.contains(','))?;
        let language = content.split_ascii_whitespace().next().map(str::to_owned);
        language.filter(|_| pragma.eq_ignore_ascii_case("content-language"))
    }

    fn canonical(&self) -> Option<String> {
        let rel = self.attribute("rel").filter(|_| self.is("link"))?;
        let href = self.attribute("href")?.trim_ascii().to_owned();
        let is_it = rel.split_ascii_whitespace().any(|keyword| keyword.eq_ignore_ascii_case("canonical"));
        (is_it && !href.is_empty()).then_some(href)
    }

    fn detach(self: &Rc<Self>) {
        if let Some(parent) = self.parent.take().upgrade() {
            parent.children.borrow_mut().retain(|child| !Rc::ptr_eq(child, self));
        }
    }

    fn insert(self: &Rc<Self>, at: usize, child: NodeOrText<Handle>) {
        let child = match child {
            NodeOrText::AppendNode(child) => child,
            NodeOrText::AppendText(text) => Self::nameless(Some(text.to_string())),
        };
        child.parent.replace(Rc::downgrade(self));
        self.children.borrow_mut().insert(at, child);
    }
}

struct Tree {
    document: Handle,
}

impl Default for Tree {
    fn default() -> Self {
        Self { document: Node::nameless(None) }
    }
}

impl TreeSink for Tree {
    type Handle = Handle;
    type Output = Handle;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Handle {
        self.document
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Rc::clone(&self.document)
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> &'a QualName {
        &target.name
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> Handle {
        Node::new(name, attributes, &flags, None)
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        Node::nameless(None)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        Node::nameless(None)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        if let NodeOrText::AppendNode(child) = &child {
            child.detach();
        }
        let end = parent.children.borrow().len();
        parent.insert(end, child);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        if element.parent().is_some() {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Handle) -> Handle {
        Rc::clone(target.template.as_ref().expect("asked of templates alone"))
    }

    fn same_node(&self, x: &Handle, y: &Handle) -> bool {
        Rc::ptr_eq(x, y)
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        if let NodeOrText::AppendNode(child) = &child {
            child.detach();
        }
        let parent = sibling.parent().expect("asked of what has a parent");
        let at = parent.children.borrow().iter().position(|child| Rc::ptr_eq(child, sibling));
        parent.insert(at.expect("a child of its parent"), child);
    }

    fn add_attrs_if_missing(&self, target: &Handle, attributes: Vec<Attribute>) {
        let mut own = target.attributes.borrow_mut();
        for attribute in attributes {
            if !own.iter().any(|own| own.name == attribute.name) {
                own.push(attribute);
            }
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        target.detach();
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        for child in node.children.take() {
            child.parent.replace(Rc::downgrade(new_parent));
            new_parent.children.borrow_mut().push(child);
        }
    }

    fn is_mathml_annotation_xml_integration_point(&self, target: &Handle) -> bool {
        target.is_integration_point
    }
}

#[test]
fn the_tree_is_the_standard_s() {
    for (html, title) in [
        ("<p>a", None),
        ("<title> a\n b </title><title>c</title>", Some("a b")),
        ("<template><title>no</title></template><title>a</title>", Some("a")),
        ("<table><td><title>b</title></td><tr><title>a</title></table>", Some("a")),
        ("<math><annotation-xml encoding=text/HTML><title>a</title>", Some("a")),
        ("<svg><title>no</title><desc><title>a</title>", Some("a")),
        ("<div><title>no</title></div><frameset>", None),
        ("<noscript><title>no</title></noscript>", None),
        ("<b><p><title>a</title></b><title>b</title></p>", Some("a")),
    ] {
        assert_eq!(read(html).title.as_deref(), title, "{html}");
    }
    let page = read(
        "<html><meta name=description content=' a  b '><meta property='x og:url' content=u><html lang=de>\
         <meta http-equiv=Content-Language content='en fr'><p><base><base href=/b>",
    );
    let expected = Page {
        base: Some("/b".into()),
        canonical: Some("u".into()),
        description: Some("a b".into()),
        language: Some("de".into()),
        ..Page::default()
    };
    assert_eq!(page, expected);
}
