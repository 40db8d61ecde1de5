//! html5ever with no more around it than a title needs: the least that its parse can cost.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, QualName, expanded_name, local_name, ns};

/// The first title that ends in the page. (Which is not always the page's own, but on all pages here.)
pub(crate) fn title(page: &str) -> Option<String> {
    /// As ours has it.
    const PIECE: usize = 4 << 10;
    let options = TreeBuilderOpts { scripting_enabled: true, drop_doctype: true, ..Default::default() };
    let builder = TreeBuilder::new(Sink::default(), options);
    let tokenizer = Tokenizer::new(builder, TokenizerOpts { discard_bom: false, ..Default::default() });
    let mut rest = page;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(floor_char_boundary(rest, PIECE));
        let input = BufferQueue::default();
        input.push_back(StrTendril::from_slice(piece));
        while !input.is_empty() {
            // It returns early at a script's end alone.
            let _ = tokenizer.feed(&input);
        }
        if tokenizer.sink.sink.ended.get() {
            return Some(tokenizer.sink.sink.title.take());
        }
        rest = after;
    }
    tokenizer.end();
    None
}

/// The standard library's own is younger than the minimum Rust version.
fn floor_char_boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

type Handle = Rc<Node>;

struct Node {
    name: QualName,
    contents: Option<Handle>,
    is_integration: bool,
}

#[derive(Default)]
struct Sink {
    title: RefCell<String>,
    ended: Cell<bool>,
}

fn node(name: QualName) -> Handle {
    Rc::new(Node { name, contents: None, is_integration: false })
}

fn nameless() -> Handle {
    node(QualName::new(None, ns!(), local_name!("")))
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Self;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        nameless()
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> &'a QualName {
        &target.name
    }

    fn create_element(&self, name: QualName, _: Vec<Attribute>, flags: ElementFlags) -> Handle {
        let contents = flags.template.then(nameless);
        Rc::new(Node { name, contents, is_integration: flags.mathml_annotation_xml_integration_point })
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        nameless()
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        nameless()
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        if let NodeOrText::AppendText(text) = child
            && parent.name.expanded() == expanded_name!(html "title")
            && !self.ended.get()
        {
            self.title.borrow_mut().push_str(&text);
        }
    }

    fn append_based_on_parent_node(&self, _: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        self.append(previous, child);
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn pop(&self, node: &Handle) {
        if node.name.expanded() == expanded_name!(html "title") {
            self.ended.set(true);
        }
    }

    fn get_template_contents(&self, target: &Handle) -> Handle {
        target.contents.clone().unwrap_or_else(nameless)
    }

    fn same_node(&self, x: &Handle, y: &Handle) -> bool {
        Rc::ptr_eq(x, y)
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, _: &Handle, _: NodeOrText<Handle>) {}

    fn add_attrs_if_missing(&self, _: &Handle, _: Vec<Attribute>) {}

    fn remove_from_parent(&self, _: &Handle) {}

    fn reparent_children(&self, _: &Handle, _: &Handle) {}

    fn is_mathml_annotation_xml_integration_point(&self, handle: &Handle) -> bool {
        handle.is_integration
    }
}
