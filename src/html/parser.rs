//! One pass over a page: html5ever's tokenizer and tree builder, stopped when the title is certain.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use html5ever::interface::{Tracer, TreeSink};
use html5ever::local_name;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};

use super::depth::Depth;
use super::noted::{Extent, Noted, is_json_ld};
use super::skim::{Skimmed, Within, attributes, skim};
use super::tags::{is_leaf, slim};
use super::text::pieces;
use super::tree::{Found, Handle, Kind, Tree};

/// The text between two looks at the state.
const PIECE: usize = 4 << 10;

/// Steps, each of a nanosecond or two, after which a pass is given up, on top of [`WORK_PER_BYTE`]. Only pages
/// made for it come near: ones that take html5ever itself quadratic time, or nearly.
pub(super) const MAX_WORK: u64 = 1 << 28;

/// Steps that an ordinary page may take for each byte; it needs about three.
pub(super) const WORK_PER_BYTE: u64 = 8;

pub(super) const MAX_LABELS: usize = 8;
pub(super) const MAX_LABEL: usize = 64;

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
    allowance: u64,
    is_title_certain: bool,
}

impl Parser {
    /// `guessed`: see [`super::TitleScanner::with_guessed_encoding`]. `extent`: how far to read for metadata; none is
    /// gathered without one.
    pub(super) fn new(guessed: bool, extent: Option<Extent>) -> Self {
        // html5ever would discard a byte order mark at the start of each piece.
        let options = TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() };
        Self {
            tokenizer: Tokenizer::new(Watch::new(guessed, extent), options),
            allowance: MAX_WORK,
            is_title_certain: false,
        }
    }

    /// Gives up after so many steps, on top of [`WORK_PER_BYTE`].
    #[cfg(feature = "select")]
    pub(super) fn with_allowance(self, steps: u64) -> Self {
        Self { allowance: steps, ..self }
    }

    /// Parses `text` from the page's start until the title is certain or the text ends. `end`: it is all there is.
    pub(super) fn run(&mut self, text: &str, end: bool) -> Outcome {
        self.run_from(skim(text, self.tokenizer.sink.extent.is_some()), end)
    }

    /// The same with the page's start passed over already.
    pub(super) fn run_from(&mut self, start: Skimmed<'_>, end: bool) -> Outcome {
        let watch = &self.tokenizer.sink;
        let mut allowed = self.allowance;
        for piece in pieces(&start.kept, PIECE).chain(pieces(start.rest, PIECE)) {
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
        let is_certain = watch.is_title_final();
        let first = watch.tree().first();
        self.is_title_certain = is_certain;
        Outcome::Open(first)
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
    pub(super) fn labels(&self) -> Vec<String> {
        self.tokenizer.sink.labels.take()
    }

    /// Whether no text that may follow the text of [`run`](Self::run) can change its title.
    pub(super) fn is_title_certain(&self) -> bool {
        self.is_title_certain
    }

    /// Whether no more metadata can be gathered.
    pub(super) fn has_gathered(&self) -> bool {
        self.tokenizer.sink.tree().has_noted()
    }

    /// What was noted for the page's metadata, in tree order, and its language.
    pub(super) fn noted(&self) -> (Vec<Rc<Noted>>, Option<String>) {
        self.tokenizer.sink.tree().noted()
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
    extent: Option<Extent>,
    stopped: Cell<bool>,
    ending: Cell<bool>,
    /// The tree builder is within an element whose content is no markup: its end tag must reach it.
    raw: Cell<bool>,
    /// The content of that element matters.
    raw_wanted: Cell<bool>,
    /// The tree builder's last token was text, and not only white space: more of it right behind changes nothing.
    in_text: Cell<bool>,
    body_tag: Cell<bool>,
    labels: RefCell<Vec<String>>,
    depth: Depth,
    census: Cell<u32>,
    tokens: Cell<u64>,
    /// Attributes that the tag being read may have so far, see [`Watch::piece_within_tag`].
    attributes: Cell<u64>,
    work: Cell<u64>,
}

impl Watch {
    fn new(guessed: bool, extent: Option<Extent>) -> Self {
        let options = TreeBuilderOpts { scripting_enabled: true, drop_doctype: true, ..Default::default() };
        Self {
            builder: TreeBuilder::new(Tree::new(extent), options),
            guessed,
            extent,
            stopped: Cell::new(false),
            ending: Cell::new(false),
            raw: Cell::new(false),
            raw_wanted: Cell::new(false),
            in_text: Cell::new(false),
            body_tag: Cell::new(false),
            labels: RefCell::default(),
            depth: Depth::default(),
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

    /// Whether no text that may follow matters.
    fn is_final(&self) -> bool {
        match self.extent {
            None => self.is_title_final(),
            Some(Extent::Head) => self.tree().has_noted() && self.is_title_final(),
            Some(Extent::Page) => false,
        }
    }

    /// Whether no text that may follow can change which title comes first.
    ///
    /// One in the `head` always does. In the body, content is only ever added behind what is there, unless a
    /// table is open, in front of which misplaced content is put; and the body stays, unless frameset-ok.
    fn is_title_final(&self) -> bool {
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

    /// Whether the tree builder may do without the text: that of scripts and the like, white space in front of the
    /// body, and what only lengthens a text. (The tokenizer cuts texts at each reference.)
    fn is_idle(&self, text: &str) -> bool {
        if self.raw.get() {
            return !self.raw_wanted.get();
        }
        if self.in_text.get() {
            return true;
        }
        let is_space = text.bytes().all(|byte| byte.is_ascii_whitespace());
        self.in_text.set(!is_space);
        is_space && !self.tree().has_body.get()
    }

    /// Whether the tag's element cannot hold others, so that it may be opened at any depth.
    fn is_leaf(&self, tag: &Tag) -> bool {
        !self.builder.adjusted_current_node_present_but_not_in_html_namespace() && is_leaf(&tag.name)
    }

    fn start_tag(&self, mut tag: Tag) -> TokenSinkResult<Handle> {
        if self.depth.is_full(|| self.look_around().count.get()) && !self.is_leaf(&tag) {
            self.depth.leave_out(tag);
            return TokenSinkResult::Continue;
        }
        if tag.name == local_name!("body") {
            self.body_tag.set(true);
        }
        slim(&mut tag, self.depth.last() <= 64, self.extent.is_some());
        self.builder.process_token(Token::TagToken(tag), 1)
    }

    fn end_tag(&self, tag: Tag) -> TokenSinkResult<Handle> {
        if !self.raw.take() && self.depth.closes_unopened(&tag.name) {
            return TokenSinkResult::Continue;
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
            text @ Token::CharacterTokens(_) => return self.builder.process_token(text, 1),
            other => {
                self.in_text.set(false);
                return self.builder.process_token(other, 1);
            }
        };
        self.in_text.set(false);
        self.spend(self.depth.last() as u64 + 8);
        let is_title = tag.name == local_name!("title");
        let is_wanted = is_title || (self.extent.is_some() && is_json_ld(&tag.attrs));
        let ends_title = is_title && tag.kind == TagKind::EndTag;
        let had_body = self.tree().has_body.get();
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
                self.raw_wanted.set(is_wanted);
                TokenSinkResult::RawData(kind)
            }
            TokenSinkResult::Script(_) => TokenSinkResult::Continue,
            TokenSinkResult::Continue
                if (ends_title || had_body != self.tree().has_body.get())
                    && !self.ending.get()
                    && self.is_final() =>
            {
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
