//! The public face: a scanner that holds the page's text and decides when parsing it is worth while.

use std::collections::VecDeque;
use std::fmt;

use super::metadata::Metadata;
use super::noted::Extent;
use super::parser::{Outcome, Parser};
use super::plain::plain;
use super::search::Search;
use super::skim::skim;
use super::text::pieces;
use super::tree::Found;

/// The most bytes of text a [`TitleScanner`] looks at: 16 MiB of UTF-8.
///
/// A page longer than this is answered as if it had been cut there, see [`TitleSource::Truncated`].
pub const MAX_PAGE: usize = 16 << 20;

/// Feeds go through in pieces of this size, so that a page handed over whole is neither copied nor searched
/// much past its title.
const FEED: usize = 16 << 10;

/// Text that may be parsed over again for free, whatever the page's length; see [`TitleScanner::affordable`].
const FREE: usize = 128 << 10;

/// The title of a page whose text is at hand: `document.title` as the [HTML standard][title] defines it.
///
/// That is the text of the first HTML `title` element in tree order, its ASCII white space (TAB, LF, FF, CR,
/// SPACE; not the no-break space) stripped at the ends and collapsed within. `None` means that the page has no
/// such element, `Some("")` that it has one with nothing in it. Scripts are not run, but scripting counts as
/// enabled, so the content of a `noscript` is no markup.
///
/// A byte order mark at the start should be removed first. The text may have any length; the title is cut at
/// [`MAX_TITLE`](super::MAX_TITLE). Never panics and takes time linear in the length of the text: a page built to make the
/// standard's algorithm slow is given up on, with the best answer so far.
///
/// ```
/// use dualfetch::html::title;
///
/// assert_eq!(title("<p>Hello"), None);
/// assert_eq!(title("<title>a <b>bold</b> &amp; plain</title>").as_deref(), Some("a <b>bold</b> & plain"));
/// assert_eq!(title("<template><title>no</title></template><title>yes</title>").as_deref(), Some("yes"));
/// ```
///
/// [title]: https://html.spec.whatwg.org/multipage/dom.html#document.title
#[must_use]
pub fn title(html: &str) -> Option<String> {
    let mut search = Search::new();
    if !search.opening(html.as_bytes()) {
        return None;
    }
    let start = skim(html, false);
    if let Some(plain) = plain(&start) {
        return Some(plain.title);
    }
    let mut parser = Parser::new(false, None);
    let (Outcome::Final(found) | Outcome::Open(found) | Outcome::GaveUp(found)) =
        parser.run_from(start, true);
    found.map(|found| found.text)
}

/// Whether a [`TitleScanner`] wants more of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "after `Final` the rest of the page need not be read"]
#[non_exhaustive]
pub enum Progress {
    /// The title can no longer change, whatever follows: the rest of the page may be dropped.
    Final,
    /// More text could still change the answer.
    More,
}

/// What a [`TitleScanner`] found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Title {
    /// The title as [`title`] defines it: `None` when the page has none, `Some("")` when it is empty.
    pub text: Option<String>,
    /// Where it came from, or why there is none.
    pub source: TitleSource,
}

/// Where a [`Title`] came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TitleSource {
    /// A `title` element outside the `head`, which browsers accept as well.
    Body,
    /// The document is not HTML, so it was not read. A scanner never says this: it is for those who choose what to
    /// feed it.
    ContentType,
    /// A `title` element in the document's `head`.
    Head,
    /// The page was read to its end and has no title.
    Missing,
    /// The page was cut short (by a byte cap, by an error, by [`MAX_PAGE`]) before its title was certain, or was
    /// given up on as built to make parsing slow. The text is the best guess from what was there: perhaps none,
    /// perhaps a part.
    Truncated,
}

impl TitleSource {
    /// The stable name: `"body"`, `"content-type"`, `"head"`, `"missing"` or `"truncated"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::ContentType => "content-type",
            Self::Head => "head",
            Self::Missing => "missing",
            Self::Truncated => "truncated",
        }
    }
}

impl fmt::Display for TitleSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Finds a page's title while the page is still coming in.
///
/// It answers what [`title`] answers for the whole text, and says [`Progress::Final`] as soon as nothing that
/// may follow can change that: usually within the first few kilobytes. The first title that is *parsed* is not
/// always the page's: content in a table may be moved in front of it, and a late `frameset` throws the body
/// away. Such titles are kept as candidates until the matter is settled.
///
/// Until then the text so far is held, at most [`MAX_PAGE`] bytes. It is parsed when a title's end tag has come
/// in, not for each piece, and all parsing together costs at most about three times one pass over the page.
/// A page without the characters `<title` is never parsed at all.
///
/// The scanner is `Send` and may live in a task across awaits; each call runs to completion and holds nothing
/// afterwards, so dropping it at any point is fine.
///
/// ```
/// use dualfetch::html::{Progress, TitleScanner, TitleSource};
///
/// let mut scanner = TitleScanner::new();
/// assert_eq!(scanner.feed("<!DOCTYPE html><title>Exam"), Progress::More);
/// assert_eq!(scanner.feed("ple</title><p>and a long, long page"), Progress::Final);
/// let title = scanner.finish(false);
/// assert_eq!(title.text.as_deref(), Some("Example"));
/// assert_eq!(title.source, TitleSource::Head);
/// ```
#[derive(Debug, Default)]
pub struct TitleScanner {
    /// The text so far. The parser itself cannot be kept between two calls: html5ever's strings are not `Send`.
    held: String,
    search: Search,
    answer: Option<Title>,
    /// Bytes parsed by all passes together.
    spent: usize,
    /// At this length the text is parsed again even if no further title shows: set once there is a candidate.
    recheck: Option<usize>,
    guessed: bool,
    extent: Option<Extent>,
    /// There as soon as no more can be gathered.
    metadata: Option<Metadata>,
    labels: VecDeque<String>,
    /// Labels found by an earlier pass; each pass meets them again, in the same order.
    met: usize,
}

impl TitleScanner {
    /// A scanner at the start of a page.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that the text is decoded by an encoding that was only guessed: neither a byte order mark nor a
    /// header nor a `<meta>` named it so far.
    ///
    /// A title with characters beyond ASCII is then not final before the `head` has ended, so that a `<meta>`
    /// after it still reaches [`encoding_label`](Self::encoding_label). A title in ASCII alone reads the same in
    /// any encoding, near enough, and stops as early as ever.
    #[must_use]
    pub fn with_guessed_encoding(mut self) -> Self {
        self.guessed = true;
        self
    }

    /// Gathers the page's [metadata](Metadata), too: [`Progress::Final`] then comes no earlier than the end of this
    /// extent. The title stays what it is without. Where the metadata was, [`take_metadata`](Self::take_metadata) tells.
    ///
    /// ```
    /// use dualfetch::html::{Extent, Progress, TitleScanner};
    ///
    /// let mut scanner = TitleScanner::new().with_metadata(Extent::Head);
    /// assert_eq!(scanner.feed("<title>a</title><meta name=description content=b>"), Progress::More);
    /// assert_eq!(scanner.feed("<body>"), Progress::Final);
    /// let metadata = scanner.take_metadata().expect("it was asked for, and all is read");
    /// assert_eq!(metadata.description.expect("a meta").value, "b");
    /// ```
    #[must_use]
    pub fn with_metadata(mut self, extent: Extent) -> Self {
        self.extent = Some(extent);
        self
    }

    /// What was gathered, once the answer is settled: after [`Progress::Final`] or [`end`](Self::end). `None` before,
    /// when it was taken already, and unless it was [asked for](Self::with_metadata).
    pub fn take_metadata(&mut self) -> Option<Metadata> {
        self.answer.as_ref().and_then(|_| self.metadata.take())
    }

    /// Takes the next piece of the page's text, of any size, the byte order mark removed.
    ///
    /// After [`Progress::Final`] further text is ignored.
    ///
    /// ```
    /// use dualfetch::html::{Progress, TitleScanner};
    ///
    /// let mut scanner = TitleScanner::new();
    /// // A cell's title: another one misplaced in the same table would come before it.
    /// assert_eq!(scanner.feed("<table><td><title>first?</title>"), Progress::More);
    /// assert_eq!(scanner.feed("<tr><title>first!</title></table>"), Progress::Final);
    /// assert_eq!(scanner.finish(false).text.as_deref(), Some("first!"));
    /// ```
    pub fn feed(&mut self, text: &str) -> Progress {
        for piece in pieces(text, FEED) {
            if self.answer.is_some() {
                break;
            }
            if self.held.len() + piece.len() > MAX_PAGE {
                self.end(true);
                break;
            }
            self.held.push_str(piece);
            if self.is_due() && self.affordable() {
                self.look();
            }
        }
        if self.answer.is_some() { Progress::Final } else { Progress::More }
    }

    /// The next encoding label that the page declares and that was not returned yet, in order of appearance.
    ///
    /// It comes from a `<meta charset>` or `<meta http-equiv=content-type>` that the parser met, with ASCII
    /// white space around it removed. It is not checked to name an encoding: by the standard the first label
    /// that does is the one that counts, and only while the encoding is a guess. A caller who finds it to differ
    /// from the encoding in use decodes the page anew, with a new scanner. At most 8 labels of at most 64 bytes
    /// are kept. Labels show only once the page was parsed, that is, near its title or after [`end`](Self::end);
    /// a page with no title in it needs none.
    ///
    /// ```
    /// use dualfetch::html::TitleScanner;
    ///
    /// let mut scanner = TitleScanner::new();
    /// let _ = scanner.feed("<meta charset=gbk><title>x</title>");
    /// assert_eq!(scanner.encoding_label().as_deref(), Some("gbk"));
    /// assert_eq!(scanner.encoding_label(), None);
    /// ```
    pub fn encoding_label(&mut self) -> Option<String> {
        self.labels.pop_front()
    }

    /// Settles the answer on the text so far, as [`finish`](Self::finish) does, but keeps the scanner: for a caller
    /// who wants to see the last [`encoding_label`](Self::encoding_label) first.
    ///
    /// ```
    /// use dualfetch::html::TitleScanner;
    ///
    /// let mut scanner = TitleScanner::new();
    /// let _ = scanner.feed("<p><title>not final</title><meta charset=gbk>");
    /// scanner.end(false);
    /// assert_eq!(scanner.encoding_label().as_deref(), Some("gbk"));
    /// ```
    pub fn end(&mut self, truncated: bool) {
        if self.answer.is_some() {
            return;
        }
        let is_gathered = self.extent.is_none() || self.metadata.is_some();
        if is_gathered && !self.search.opening(self.held.as_bytes()) {
            return self.settle(None, truncated);
        }
        // Half a title is no title that the page's end closes.
        match self.parse(!truncated, true) {
            Outcome::Final(found) => self.settle(found, false),
            Outcome::GaveUp(found) => self.settle(found, true),
            Outcome::Open(found) => self.settle(found, truncated),
        }
    }

    /// The answer, given the text so far.
    ///
    /// `truncated` says that the page was cut short rather than read to its end. A title that was
    /// [`Progress::Final`] is unaffected; anything else is then [`TitleSource::Truncated`].
    ///
    /// ```
    /// use dualfetch::html::{TitleScanner, TitleSource};
    ///
    /// let mut scanner = TitleScanner::new();
    /// let _ = scanner.feed("<title>Half a ti");
    /// let title = scanner.finish(true);
    /// assert_eq!((title.text.as_deref(), title.source), (Some("Half a ti"), TitleSource::Truncated));
    /// ```
    #[must_use]
    pub fn finish(mut self, truncated: bool) -> Title {
        self.end(truncated);
        self.answer.unwrap_or(Title { text: None, source: TitleSource::Missing })
    }

    /// Whether parsing may settle the matter.
    fn is_due(&mut self) -> bool {
        match self.extent.filter(|_| self.metadata.is_none()) {
            None => {
                let ended = self.search.title_ended(self.held.as_bytes());
                ended || self.recheck.is_some_and(|length| self.held.len() >= length)
            }
            // The end of a head need not show.
            Some(Extent::Head) => true,
            Some(Extent::Page) => false,
        }
    }

    /// Every pass starts at the page's beginning. To keep the whole linear, passes so far may have cost as much
    /// as the text, plus a little that lets the title of a small page be found the moment it is there.
    fn affordable(&self) -> bool {
        self.spent <= self.held.len() + FREE
    }

    fn look(&mut self) {
        self.recheck = None;
        match self.parse(false, false) {
            Outcome::Final(found) => self.settle(found, false),
            Outcome::GaveUp(found) => self.settle(found, true),
            Outcome::Open(found) => self.recheck = found.map(|_| self.held.len() * 2),
        }
        if self.search.opening(self.held.as_bytes()) {
            self.search.restart(self.held.len());
        }
    }

    /// `end`: the page ends here. `last`: nothing more of it comes.
    fn parse(&mut self, end: bool, last: bool) -> Outcome {
        /// How much faster than parsing it is to pass over a head.
        const SKIMMING: usize = 16;
        let mut start = skim(&self.held, self.extent.is_some());
        if start.is_cut && !last {
            self.spent += self.held.len() / SKIMMING;
            if start.declarations <= self.met {
                return Outcome::Open(None);
            }
            start.rest = "";
        } else {
            self.spent += self.held.len();
        }
        if let Some(plain) = self.extent.is_none().then(|| plain(&start)).flatten()
            && (!self.guessed || plain.title.is_ascii())
        {
            self.labels.extend(plain.labels.iter().skip(self.met).cloned());
            self.met = self.met.max(plain.labels.len());
            return Outcome::Final(Some(plain.found()));
        }
        let mut parser = Parser::new(self.guessed, self.extent);
        let outcome = parser.run_from(start, end);
        if self.extent.is_some() && (last || !matches!(outcome, Outcome::Open(_)) || parser.has_gathered()) {
            self.metadata = Some(Metadata::of(parser.noted()));
        }
        let outcome = match outcome {
            // Only metadata was read on for.
            Outcome::Open(found) if last && parser.is_title_certain() => Outcome::Final(found),
            outcome => outcome,
        };
        let labels = parser.labels();
        let seen = labels.len();
        self.labels.extend(labels.into_iter().skip(self.met));
        self.met = self.met.max(seen);
        outcome
    }

    fn settle(&mut self, found: Option<Found>, truncated: bool) {
        let source = match &found {
            _ if truncated => TitleSource::Truncated,
            None => TitleSource::Missing,
            Some(found) if found.in_head => TitleSource::Head,
            Some(_) => TitleSource::Body,
        };
        let title = found.as_ref().map(|found| found.text.as_str());
        self.metadata = self.metadata.take().map(|metadata| metadata.titled(title));
        self.answer = Some(Title { text: found.map(|found| found.text), source });
        self.held = String::new();
    }
}
