//! One pass over a page: html5ever's tokenizer and tree builder, stopped when the title is certain.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::iter;

use html5ever::interface::{Tracer, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, LocalName, QualName, local_name, ns};

use super::skim::{Within, attributes, skim};
use super::title::pieces;
use super::tree::{Found, Handle, Kind, Tree};

/// Open elements beyond which no more are opened, as in Chromium. html5ever searches its stack for many a tag,
/// so this also keeps the time linear.
const MAX_DEPTH: usize = 512;

/// The text between two looks at the state.
const PIECE: usize = 4 << 10;

/// Steps, each of a nanosecond or two, after which a pass is given up, on top of [`WORK_PER_BYTE`]. Only pages
/// made for it come near: ones that take html5ever itself quadratic time, or nearly.
const MAX_WORK: u64 = 1 << 28;

/// Steps that an ordinary page may take for each byte; it needs about three.
const WORK_PER_BYTE: u64 = 8;

const MAX_LABELS: usize = 8;
const MAX_LABEL: usize = 64;

/// How a pass ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// With the page's title, whatever follows.
    Final(Option<Found>),
    /// With the best title so far.
    Open(Option<Found>),
    /// With the best title so far: the page is too much work.
    GaveUp(Option<Found>),
}

/// A pass. It is not `Send`, hence made anew for each.
pub(super) struct Parser {
    tokenizer: Tokenizer<Watch>,
}

impl Parser {
    /// `guessed`: see [`super::TitleScanner::with_guessed_encoding`].
    pub(super) fn new(guessed: bool) -> Self {
        // html5ever would discard a byte order mark at the start of each piece.
        let options = TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() };
        Self { tokenizer: Tokenizer::new(Watch::new(guessed), options) }
    }

    /// Parses `text` from the page's start until the title is certain or the text ends. `end`: it is all there is.
    pub(super) fn run(&mut self, text: &str, end: bool) -> Outcome {
        let watch = &self.tokenizer.sink;
        let start = skim(text);
        let mut allowed = MAX_WORK;
        for piece in iter::once(start.kept.as_str()).chain(pieces(start.rest, PIECE)) {
            if self.feed(piece) || watch.is_final() {
                return Outcome::Final(watch.tree().first());
            }
            allowed += WORK_PER_BYTE * piece.len() as u64;
            if watch.work() > allowed {
                return Outcome::GaveUp(watch.tree().first());
            }
        }
        if end {
            watch.ending.set(true);
            self.tokenizer.end();
        }
        Outcome::Open(watch.tree().first())
    }

    /// Whether the tokenizer was stopped right behind the title.
    fn feed(&self, piece: &str) -> bool {
        let watch = &self.tokenizer.sink;
        let tokens = watch.tokens.get();
        let input = BufferQueue::default();
        input.push_back(StrTendril::from_slice(piece));
        // Nothing but a stop makes it return early: see `Watch::process_token`.
        let _ = self.tokenizer.feed(&input);
        if watch.tokens.get() == tokens {
            watch.piece_within_tag(piece);
        } else {
            watch.attributes.set(0);
        }
        watch.stopped.get()
    }

    /// The encoding labels met, in order.
    pub(super) fn labels(self) -> Vec<String> {
        self.tokenizer.sink.labels.into_inner()
    }
}

impl fmt::Debug for Parser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser").finish_non_exhaustive()
    }
}

/// Stands between the tokenizer and the tree builder: keeps the depth in bounds, notes what the tree operations
/// do not tell, and stops the tokenizer right behind the title.
struct Watch {
    builder: TreeBuilder<Handle, Tree>,
    guessed: bool,
    stopped: Cell<bool>,
    ending: Cell<bool>,
    /// The tree builder is within an element whose content is no markup: its end tag must reach it.
    raw: Cell<bool>,
    /// That element is a `title`.
    raw_title: Cell<bool>,
    body_tag: Cell<bool>,
    labels: RefCell<Vec<String>>,
    /// Tags whose elements were not opened, for the depth; their end tags are not to close others.
    unopened: RefCell<Vec<LocalName>>,
    depth: Cell<usize>,
    /// Start tags that may pass before the depth needs to be looked at again.
    headroom: Cell<usize>,
    census: Cell<u32>,
    tokens: Cell<u64>,
    /// Attributes that the tag being read may have so far, see [`Watch::piece_within_tag`].
    attributes: Cell<u64>,
    work: Cell<u64>,
}

impl Watch {
    fn new(guessed: bool) -> Self {
        let options = TreeBuilderOpts { scripting_enabled: true, drop_doctype: true, ..Default::default() };
        Self {
            builder: TreeBuilder::new(Tree::new(), options),
            guessed,
            stopped: Cell::new(false),
            ending: Cell::new(false),
            raw: Cell::new(false),
            raw_title: Cell::new(false),
            body_tag: Cell::new(false),
            labels: RefCell::default(),
            unopened: RefCell::default(),
            depth: Cell::new(0),
            headroom: Cell::new(0),
            census: Cell::new(0),
            tokens: Cell::new(0),
            attributes: Cell::new(0),
            work: Cell::new(0),
        }
    }

    fn tree(&self) -> &Tree {
        &self.builder.sink
    }

    fn work(&self) -> u64 {
        self.work.get().saturating_add(self.tree().work.get())
    }

    fn spend(&self, steps: u64) {
        self.work.set(self.work.get().saturating_add(steps));
    }

    /// The tokenizer compares each attribute with all before it, and a tag may have a hundred thousand. So a
    /// piece that brought no token is priced by the attributes it may hold. It may as well lie within a comment or
    /// one long value, and where it begins is not known, hence the many readings.
    fn piece_within_tag(&self, piece: &str) {
        let starts = [
            Within::AfterName,
            Within::BeforeName,
            Within::BeforeValue,
            Within::Name,
            Within::Quoted(b'"'),
            Within::Quoted(b'\''),
            Within::Unquoted,
        ];
        let added = starts.into_iter().filter_map(|within| attributes(piece, within)).max().unwrap_or(0);
        let attributes = self.attributes.get() + added;
        self.attributes.set(attributes);
        self.spend(added.saturating_mul(attributes));
    }

    /// Whether no text that may follow can change which title comes first.
    ///
    /// One in the `head` always does. In the body, content is only ever added behind what is there, unless a
    /// table is open, in front of which misplaced content is put; and the body stays, unless frameset-ok.
    fn is_final(&self) -> bool {
        let tree = self.tree();
        if !tree.has_title() {
            return false;
        }
        let settled = tree.settled.get() || (self.body_tag.get() && tree.has_body.get());
        if self.guessed && !tree.has_body.get() && !tree.is_ascii() {
            return false;
        }
        tree.head_titled.get() || (settled && !self.look_around().table.get())
    }

    /// Counts the open and the active formatting elements, each once: html5ever keeps both private but shows
    /// them to a garbage collector.
    fn look_around(&self) -> Census {
        self.census.set(self.census.get().wrapping_add(1));
        let census = Census { id: self.census.get(), ..Census::default() };
        self.builder.trace_handles(&census);
        self.spend(census.count.get() as u64);
        census
    }

    /// Whether the tree builder may do without the text: that of scripts and the like, and white space in front
    /// of the body.
    fn is_idle(&self, text: &str) -> bool {
        if self.raw.get() {
            return !self.raw_title.get();
        }
        !self.tree().has_body.get() && text.bytes().all(|byte| byte.is_ascii_whitespace())
    }

    /// Whether no further element should be opened.
    fn is_deep(&self) -> bool {
        if let Some(left) = self.headroom.get().checked_sub(1) {
            self.headroom.set(left);
            return false;
        }
        let depth = self.look_around().count.get();
        self.depth.set(depth);
        // A start tag opens its element and at most three implied ones.
        self.headroom.set(MAX_DEPTH.saturating_sub(depth) / 4);
        depth >= MAX_DEPTH
    }

    /// Whether the tag's element cannot hold others, so that it may be opened at any depth.
    fn is_leaf(&self, tag: &Tag) -> bool {
        !self.builder.adjusted_current_node_present_but_not_in_html_namespace()
            && (is_raw_text(&tag.name) || is_void(&tag.name))
    }

    fn start_tag(&self, mut tag: Tag) -> TokenSinkResult<Handle> {
        if self.is_deep() && !self.is_leaf(&tag) {
            let mut unopened = self.unopened.borrow_mut();
            if !tag.self_closing && unopened.len() < MAX_DEPTH {
                unopened.push(tag.name);
            }
            return TokenSinkResult::Continue;
        }
        if tag.name == local_name!("body") {
            self.body_tag.set(true);
        }
        slim(&mut tag, self.depth.get() <= 64);
        self.builder.process_token(Token::TagToken(tag), 1)
    }

    fn end_tag(&self, tag: Tag) -> TokenSinkResult<Handle> {
        if !self.raw.take() {
            let mut unopened = self.unopened.borrow_mut();
            if let Some(at) = unopened.iter().rposition(|name| *name == tag.name) {
                unopened.truncate(at);
                return TokenSinkResult::Continue;
            }
        }
        self.builder.process_token(Token::TagToken(tag), 1)
    }

    fn note_label(&self, label: &str) {
        let label = label.trim_matches(|c: char| c.is_ascii_whitespace());
        let mut labels = self.labels.borrow_mut();
        if !label.is_empty() && label.len() <= MAX_LABEL && labels.len() < MAX_LABELS {
            labels.push(label.to_owned());
        }
    }
}

impl TokenSink for Watch {
    type Handle = Handle;

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<Handle> {
        if let Token::ParseError(_) = token {
            return TokenSinkResult::Continue;
        }
        self.tokens.set(self.tokens.get() + 1);
        let tag = match token {
            Token::TagToken(tag) => tag,
            Token::CommentToken(_) => return TokenSinkResult::Continue,
            Token::CharacterTokens(text) if self.is_idle(&text) => return TokenSinkResult::Continue,
            other => return self.builder.process_token(other, 1),
        };
        self.spend(self.depth.get() as u64 + 8);
        let is_title = tag.name == local_name!("title");
        let ends_title = is_title && tag.kind == TagKind::EndTag;
        let result = match tag.kind {
            TagKind::StartTag => self.start_tag(tag),
            TagKind::EndTag => self.end_tag(tag),
        };
        match result {
            TokenSinkResult::EncodingIndicator(label) => {
                self.note_label(&label);
                TokenSinkResult::Continue
            }
            TokenSinkResult::RawData(kind) => {
                self.raw.set(true);
                self.raw_title.set(is_title);
                TokenSinkResult::RawData(kind)
            }
            TokenSinkResult::Script(_) => TokenSinkResult::Continue,
            TokenSinkResult::Continue if ends_title && !self.ending.get() && self.is_final() => {
                // The tokenizer returns for a script at once, and to stop it there is no other way.
                self.stopped.set(true);
                TokenSinkResult::Script(self.tree().get_document())
            }
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

/// What the tree builder holds at one moment.
#[derive(Debug, Default)]
struct Census {
    id: u32,
    count: Cell<usize>,
    /// A `table` is open.
    table: Cell<bool>,
}

impl Tracer for Census {
    type Handle = Handle;

    fn trace_handle(&self, node: &Handle) {
        if node.counted.replace(self.id) != self.id {
            self.count.set(self.count.get() + 1);
            self.table.set(self.table.get() || node.kind == Kind::Table);
        }
    }
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

fn is_void(name: &LocalName) -> bool {
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

/// Drops the attributes that do not matter for the tree, which html5ever would clone, sort and compare.
///
/// It also takes a `charset` on a `link` for the page's encoding; without attributes it cannot.
fn slim(tag: &mut Tag, tell_apart: bool) {
    if tag.attrs.is_empty() {
        return;
    }
    match tag.name {
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
        local_name!("a")
        | local_name!("b")
        | local_name!("big")
        | local_name!("code")
        | local_name!("em")
        | local_name!("i")
        | local_name!("nobr")
        | local_name!("s")
        | local_name!("small")
        | local_name!("strike")
        | local_name!("strong")
        | local_name!("tt")
        | local_name!("u") => {
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
