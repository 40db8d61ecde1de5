//! The caller's own CSS selectors, on a page whose text is at hand.

use std::cell::Cell;
use std::error::Error;
use std::fmt;

use html5ever::interface::{Tracer, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{QualName, local_name};
use scraper::{ElementRef, Html, HtmlTreeSink, Selector};

use super::depth::Depth;
use super::noted::Extent;
use super::outer::outer;
use super::parser::{MAX_WORK, Outcome, Parser, WORK_PER_BYTE};
use super::tags::{is_formatting, is_leaf};
use super::text::pieces;

/// The most bytes of text and HTML that one selection may hold together: 64 MiB. Elements may lie within each other, so
/// it can be many times the page.
pub const MAX_PICKED: usize = 64 << 20;

/// What a page may cost that is selected from. Only pages made for it come near.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Memory of the tree, but for its text. Of the largest real pages it is a few dozen MiB.
    pub(super) bytes: usize,
    /// Steps of the parser, see [`Parser::with_allowance`].
    pub(super) work: u64,
}

/// Nodes stand in one vector, which doubles: so many that it never holds more than 2²⁰, with what the last tag brings.
const MAX_NODES: usize = (1 << 20) - 2048;

const BOUNDS: Bounds = Bounds { bytes: NODE * MAX_NODES, work: MAX_WORK };

/// What a node and an attribute take.
const NODE: usize = 192;
const ATTRIBUTE: usize = 40;

/// The text between two looks at the state.
const PIECE: usize = 16 << 10;

/// A page as a tree to select from.
///
/// It is parsed as browsers parse it with scripting enabled, so the content of a `noscript` is text. Elements nest 512
/// deep at most, deeper ones are not there. What is in a `template` is no part of the document and is not selected.
///
/// ```
/// use dualfetch::html::Document;
///
/// let document = Document::parse("<ul><li class=a>one<li>two</ul>")?;
/// let picked = document.select("li.a")?;
/// assert_eq!((picked[0].name.as_str(), picked[0].text.as_str()), ("li", "one"));
/// assert_eq!(picked[0].attribute("class"), Some("a"));
/// assert!(document.select("li[").is_err());
/// # Ok::<(), dualfetch::html::SelectError>(())
/// ```
pub struct Document {
    html: Html,
}

/// An element that was selected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Element {
    /// The tag's name, in lower case for HTML.
    pub name: String,
    /// The attributes' names and values, sorted by name.
    pub attributes: Vec<(String, String)>,
    /// All text in it, that of scripts and templates included, its ASCII white space stripped and collapsed.
    pub text: String,
    /// The element in HTML, its own tags included.
    pub html: String,
}

impl Element {
    /// An attribute's value.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Why nothing is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectError {
    /// The text is no list of CSS selectors, or one of them is not supported: pseudo-elements, and pseudo-classes of a
    /// state, such as `:hover`.
    InvalidSelector {
        /// The text.
        css: String,
        /// What is wrong with it.
        why: String,
    },
    /// The page takes too much work or memory to be made a tree: pages of more than some ten megabytes do, and pages made
    /// for it.
    TooComplex,
    /// The elements hold more than [`MAX_PICKED`] together.
    TooMuch {
        /// The selector.
        css: String,
    },
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidSelector { css, why } => {
                write!(f, "not a CSS selector that is known here: {css:?}: {why}")
            }
            Self::TooComplex => {
                f.write_str("its tree would be too large to select from: read less of the page")
            }
            Self::TooMuch { css } => {
                write!(
                    f,
                    "{css:?} selects more than {} MiB of the page: write a narrower one",
                    MAX_PICKED >> 20
                )
            }
        }
    }
}

impl Error for SelectError {}

impl Document {
    /// Parses a page. A byte order mark at the start should be removed first. Takes time linear in the length of the
    /// text.
    ///
    /// # Errors
    /// [`SelectError::TooComplex`].
    pub fn parse(html: &str) -> Result<Self, SelectError> {
        Self::parse_within(html, BOUNDS)
    }

    pub(super) fn parse_within(html: &str, bounds: Bounds) -> Result<Self, SelectError> {
        // The scanner's parser knows what makes html5ever slow.
        let mut parser = Parser::new(false, Some(Extent::Page)).with_allowance(bounds.work);
        if let Outcome::GaveUp(_) = parser.run(html, true) {
            return Err(SelectError::TooComplex);
        }
        let allowed = bounds.work + WORK_PER_BYTE * html.len() as u64;
        let tokenizer = Tokenizer::new(Growing::new(bounds.bytes), Default::default());
        for piece in pieces(html, PIECE) {
            let input = BufferQueue::default();
            input.push_back(StrTendril::from_slice(piece));
            // It returns early for a script alone, and none is told of.
            let _ = tokenizer.feed(&input);
            if tokenizer.sink.is_too_large() || tokenizer.sink.work.get() > allowed {
                return Err(SelectError::TooComplex);
            }
        }
        tokenizer.end();
        if tokenizer.sink.is_too_large() {
            return Err(SelectError::TooComplex);
        }
        Ok(Self { html: tokenizer.sink.builder.sink.finish() })
    }

    /// Whether this is a list of selectors: what [`select`](Self::select) would say, with no page at hand.
    ///
    /// # Errors
    /// [`SelectError::InvalidSelector`].
    pub fn check(css: &str) -> Result<(), SelectError> {
        selector(css).map(drop)
    }

    /// The elements that any of these selectors picks, in tree order.
    ///
    /// Those of [Selectors Level 4](https://drafts.csswg.org/selectors/) that need no state of a browser are known,
    /// `:has()`, `:is()`, `:not()`, `:where()` and `:nth-child()` among them. As in a browser, class and id are matched
    /// by their exact letters. `~` and `:has()` look at a page's elements over and over: on a page made for it they take
    /// time that grows with the square of its length.
    ///
    /// # Errors
    /// [`SelectError::InvalidSelector`] and [`SelectError::TooMuch`].
    pub fn select(&self, css: &str) -> Result<Vec<Element>, SelectError> {
        let selector = selector(css)?;
        let Some(root) = self.html.tree.root().children().find_map(ElementRef::wrap) else {
            return Ok(Vec::new());
        };
        let own = selector.matches(&root).then_some(root);
        let (mut picked, mut held) = (Vec::new(), 0_usize);
        for element in
            own.into_iter().chain(root.select(&selector)).filter(|element| !is_in_template(element))
        {
            let too_much = || SelectError::TooMuch { css: css.to_owned() };
            let element = told(element, MAX_PICKED - held).ok_or_else(too_much)?;
            held += element.text.len() + element.html.len();
            picked.push(element);
        }
        Ok(picked)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").finish_non_exhaustive()
    }
}

fn selector(css: &str) -> Result<Selector, SelectError> {
    Selector::parse(css).map_err(|error| invalid(css, &error))
}

fn invalid(css: &str, error: &scraper::error::SelectorErrorKind) -> SelectError {
    use scraper::error::SelectorErrorKind as Kind;
    let why = match error {
        Kind::UnexpectedToken => "something stands where it cannot",
        Kind::EndOfLine => "it ends too early",
        Kind::TooManyNestedBlocks => "it is nested too deep",
        Kind::ExpectedColonOnPseudoElement | Kind::ExpectedIdentityOnPseudoElement => {
            "a name is missing after `:`"
        }
        _ => "it is malformed, or has a part that is not supported",
    };
    SelectError::InvalidSelector { css: css.to_owned(), why: why.to_owned() }
}

/// The contents of a template hang below it, in a fragment.
fn is_in_template(element: &ElementRef<'_>) -> bool {
    element.ancestors().any(|above| above.value().is_fragment())
}

/// The element, unless it takes more than `room`.
fn told(element: ElementRef<'_>, room: usize) -> Option<Element> {
    let mut whole = String::new();
    for piece in element.text() {
        whole.push_str(piece);
        // White space may go yet, but stays in the HTML.
        if whole.len() > room {
            return None;
        }
    }
    let mut text = String::with_capacity(whole.len());
    for word in whole.split_ascii_whitespace() {
        text.push_str(if text.is_empty() { "" } else { " " });
        text.push_str(word);
    }
    let html = outer(element, room)?;
    let own = element.value();
    let attributes = own.attrs.iter().map(|(name, value)| (qualified(name), value.to_string())).collect();
    (text.len() + html.len() <= room).then(|| Element { name: own.name().to_owned(), attributes, text, html })
}

/// Stands between the tokenizer and the tree builder, and keeps the tree in bounds.
struct Growing {
    builder: TreeBuilder<<HtmlTreeSink as TreeSink>::Handle, HtmlTreeSink>,
    depth: Depth,
    /// Within an element whose content is no markup: its end tag must reach the tree builder.
    raw: Cell<bool>,
    /// Nodes that were looked at, and what they take.
    nodes: Cell<usize>,
    held: Cell<usize>,
    most: usize,
    /// Comparisons of formatting elements, of which the parser that went before knows no attributes.
    work: Cell<u64>,
    /// `html` and `body` tags: their attributes are all added to one element.
    merged: Cell<usize>,
}

impl Growing {
    /// `most`: bytes of the tree; what comes after them is left out.
    fn new(most: usize) -> Self {
        let options = TreeBuilderOpts { scripting_enabled: true, ..Default::default() };
        Self {
            builder: TreeBuilder::new(HtmlTreeSink::new(Html::new_document()), options),
            depth: Depth::default(),
            raw: Cell::new(false),
            nodes: Cell::new(0),
            held: Cell::new(0),
            most,
            work: Cell::new(0),
            merged: Cell::new(0),
        }
    }

    /// Open and active formatting elements, of which some are both.
    fn count(&self) -> usize {
        let counter = Counter::default();
        self.builder.trace_handles(&counter);
        counter.count.get()
    }

    fn is_too_large(&self) -> bool {
        self.held.get() > self.most
    }

    /// Weighs the nodes that have come. One tag may bring hundreds, with all their attributes: formatting elements are
    /// opened anew in each paragraph.
    fn weigh(&self) {
        let html = self.builder.sink.0.borrow();
        let nodes = html.tree.nodes();
        let count = nodes.len();
        // From the end: to skip those before would take as long as to look at them.
        let new = nodes.rev().take(count - self.nodes.replace(count));
        let attributes = new.map(|node| node.value().as_element().map_or(0, |own| own.attrs.len()));
        let bytes: usize = attributes.map(|attributes| NODE + ATTRIBUTE * attributes).sum();
        self.held.set(self.held.get().saturating_add(bytes));
    }

    fn tag(&self, mut tag: Tag) -> TokenSinkResult<<HtmlTreeSink as TreeSink>::Handle> {
        /// More than any page has.
        const MAX_MERGED: usize = 64;
        if tag.kind == TagKind::EndTag {
            if !self.raw.take() && self.depth.closes_unopened(&tag.name) {
                return TokenSinkResult::Continue;
            }
            return self.builder.process_token(Token::TagToken(tag), 1);
        }
        let is_foreign = self.builder.adjusted_current_node_present_but_not_in_html_namespace();
        if self.depth.is_full(|| self.count()) && (is_foreign || !is_leaf(&tag.name)) {
            self.depth.leave_out(tag);
            return TokenSinkResult::Continue;
        }
        if is_formatting(&tag.name) && !tag.attrs.is_empty() {
            let steps = self.count() * (1 + tag.attrs.len());
            self.work.set(self.work.get().saturating_add(steps as u64));
        }
        if matches!(tag.name, local_name!("body") | local_name!("html")) {
            self.merged.set(self.merged.get() + 1);
            if self.merged.get() > MAX_MERGED {
                tag.attrs.clear();
            }
        }
        self.builder.process_token(Token::TagToken(tag), 1)
    }
}

impl TokenSink for Growing {
    type Handle = <HtmlTreeSink as TreeSink>::Handle;

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<Self::Handle> {
        let result = match token {
            Token::ParseError(_) => return TokenSinkResult::Continue,
            _ if self.is_too_large() => return TokenSinkResult::Continue,
            Token::TagToken(tag) => self.tag(tag),
            other => self.builder.process_token(other, 1),
        };
        self.weigh();
        match result {
            TokenSinkResult::RawData(kind) => {
                self.raw.set(true);
                TokenSinkResult::RawData(kind)
            }
            TokenSinkResult::EncodingIndicator(_) | TokenSinkResult::Script(_) => TokenSinkResult::Continue,
            result => result,
        }
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// As in `xlink:href`.
fn qualified(name: &QualName) -> String {
    match &name.prefix {
        Some(prefix) if !prefix.is_empty() => format!("{prefix}:{}", name.local),
        _ => name.local.to_string(),
    }
}

#[derive(Default)]
struct Counter {
    count: Cell<usize>,
}

impl Tracer for Counter {
    type Handle = <HtmlTreeSink as TreeSink>::Handle;

    fn trace_handle(&self, _: &Self::Handle) {
        self.count.set(self.count.get() + 1);
    }
}
