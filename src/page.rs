//! From a response to a page's title and metadata: bytes off the wire into decoder and scanner, and no further than
//! needed.

use std::time::Duration;

use http::StatusCode;

use crate::charset::{EncodingSource, Event};
use crate::decoding::BodyDecoder;
use crate::error::Result;
#[cfg(feature = "select")]
use crate::error::{Error, ErrorKind};
#[cfg(feature = "select")]
use crate::html::{Document, SelectError};
use crate::html::{Extent, Metadata, Progress, TitleScanner, TitleSource};
use crate::payload::Transfer;
use crate::request::Request;
use crate::response::Response;
use crate::session::Session;
use crate::url::Url;

/// What was learnt of a page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The status. A page of status 404 has a title, too.
    pub status: StatusCode,
    /// The title, white space stripped and collapsed. `None` when there is none, `Some("")` when it is empty.
    pub title: Option<String>,
    /// Where the title came from, or why there is none.
    pub title_source: TitleSource,
    /// Whether the page was cut at [`max_bytes`](PageOptions::max_bytes): of what lies behind nothing is known.
    pub truncated: bool,
    /// What the page says about itself, its URLs absolute. `None` unless it was
    /// [asked for](PageOptions::metadata), and when the page was not read.
    pub metadata: Option<Metadata>,
    /// The page's text. `None` unless it was [asked for](PageOptions::html), and when the page was not read.
    pub html: Option<String>,
    /// The encoding the page was read in, by its WHATWG name. `None` when it was not read.
    pub encoding: Option<&'static str>,
    /// Which rule decided on the encoding.
    pub encoding_source: Option<EncodingSource>,
    /// How much was read, and how much was left where that is known.
    pub transfer: Transfer,
    /// How many redirects led to it.
    pub redirects: usize,
    /// How many attempts the last hop took.
    pub attempts: u32,
    /// From the call to the end of the reading.
    pub elapsed: Duration,
}

#[cfg(feature = "select")]
impl Page {
    /// The elements that any of these CSS selectors picks, in tree order: see [`Document`]. Each
    /// call parses the page; for many selectors, make a `Document` of [`html`](Self::html) once.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, platform::scripted::{Reply, Scripted}};
    /// use dualfetch::{PageOptions, Session, SessionExt};
    ///
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://a.example/", Reply::html("<p class=price>7 €"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let request = session.get("https://a.example/").build()?;
    /// let page = session.page_with(request, PageOptions::new().html(true)).await?;
    /// assert_eq!(page.select(".price")?[0].text, "7 €");
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] for what is no selector, for one that selects too much, and for a page whose text was
    /// not [kept](PageOptions::html); [`ErrorKind::Decode`] for a page too complex to be made a tree. The source is the
    /// [`SelectError`], where there is one. A page that was not read as HTML has no elements.
    pub fn select(&self, css: &str) -> Result<Vec<crate::html::Element>> {
        let picked = match &self.html {
            Some(html) => Document::parse(html).and_then(|document| document.select(css)),
            None if self.encoding.is_none() => Document::check(css).map(|()| Vec::new()),
            None => {
                return Err(Error::new(ErrorKind::InvalidOption { option: "html" })
                    .with_message("selecting needs the page's text: ask for it by PageOptions::html")
                    .with_url(&self.url));
            }
        };
        picked.map_err(|error| unselected(error).with_url(&self.url))
    }
}

#[cfg(feature = "select")]
pub(crate) fn unselected(error: SelectError) -> Error {
    let kind = match error {
        SelectError::TooComplex => ErrorKind::Decode,
        _ => ErrorKind::InvalidOption { option: "selector" },
    };
    Error::new(kind).with_message(error.to_string()).with_source(error)
}

/// What to read of a page, and how far.
///
/// ```
/// use dualfetch::{PageOptions, html::Extent};
///
/// let options = PageOptions::new().metadata(Extent::Head).max_bytes(1 << 20);
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PageOptions {
    metadata: Option<Extent>,
    html: bool,
    max_bytes: u64,
    drain: u64,
}

impl Default for PageOptions {
    fn default() -> Self {
        Self { metadata: None, html: false, max_bytes: 8 << 20, drain: 32 << 10 }
    }
}

impl PageOptions {
    /// As far as the title needs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gathers the page's metadata, too, and reads so far for it. Default no.
    #[must_use]
    pub fn metadata(mut self, extent: Extent) -> Self {
        self.metadata = Some(extent);
        self
    }

    /// Keeps the page's text, and reads it to its end. Default no.
    #[must_use]
    pub fn html(mut self, html: bool) -> Self {
        self.html = html;
        self
    }

    /// How many bytes of a page are looked at, after decompression. Default 8 MiB. A page cut there is
    /// [`truncated`](Page::truncated), and so is its title's source where the title was not certain by then.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many bytes may be read past what is needed for the sake of an HTTP/1.1 connection. Default 32 kB; 0 for none.
    #[must_use]
    pub fn drain(mut self, bytes: u64) -> Self {
        self.drain = bytes;
        self
    }
}

/// Fetches a page as far as it is wanted, then lets go of it.
pub(crate) async fn fetch<S: Session>(session: &S, request: Request, options: PageOptions) -> Result<Page> {
    let started = session.now();
    let mut response = session.send(request).await?;
    let mut page = Page {
        url: response.url().clone(),
        status: response.status(),
        title: None,
        title_source: TitleSource::ContentType,
        truncated: false,
        metadata: None,
        html: None,
        encoding: None,
        encoding_source: None,
        transfer: response.transfer(),
        redirects: response.history().len(),
        attempts: response.attempts(),
        elapsed: Duration::ZERO,
    };
    if is_html(response.content_type()) {
        let mut reader = Reader::new(&response, options);
        let end = reader.read(&mut response).await?;
        reader.finish(end, &mut page).await.map_err(|error| response.failed(error))?;
    }
    page.transfer = response.transfer();
    page.elapsed = session.now().saturating_sub(started);
    response.discard(options.drain);
    Ok(page)
}

/// How the reading ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Body,
    Cap,
    Final,
}

struct Reader {
    options: PageOptions,
    decoder: BodyDecoder,
    /// Made with the first text: only then is it known whether the encoding is a guess.
    scanner: Option<TitleScanner>,
    text: String,
    /// All of it, where that is wanted.
    html: Option<String>,
}

impl Reader {
    fn new(response: &Response, options: PageOptions) -> Self {
        let decoder = BodyDecoder::new(response.about(), response.supply());
        Self { options, decoder, scanner: None, text: String::new(), html: options.html.then(String::new) }
    }

    async fn read(&mut self, response: &mut Response) -> Result<End> {
        /// Small enough that little is decoded past the title, large enough that calls do not count.
        const PIECE: usize = 8 * 1024;
        let mut left = self.options.max_bytes;
        while let Some(chunk) = response.chunk().await? {
            let within = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
            for piece in chunk[..within].chunks(PIECE) {
                let progress = self.take(piece).await.map_err(|error| response.failed(error))?;
                if progress == Progress::Final && self.html.is_none() {
                    return Ok(End::Final);
                }
            }
            left -= within as u64;
            if left == 0 {
                return Ok(End::Cap);
            }
        }
        Ok(End::Body)
    }

    async fn take(&mut self, piece: &[u8]) -> Result<Progress> {
        let event = self.decoder.push(piece, &mut self.text).await?;
        self.scan(event).await
    }

    async fn finish(mut self, end: End, page: &mut Page) -> Result<()> {
        if end != End::Final {
            let event = self.decoder.finish(&mut self.text).await?;
            let _ = self.scan(event).await?;
        }
        self.settle(end == End::Cap).await?;
        self.decoder.check()?;
        let mut scanner = self.scanner.unwrap_or_default();
        page.metadata = scanner.take_metadata().filter(|_| self.options.metadata.is_some());
        if let Some(metadata) = &mut page.metadata {
            resolve(metadata, &page.url);
        }
        let title = scanner.finish(end == End::Cap);
        page.truncated = end == End::Cap;
        page.title = title.text;
        page.title_source = title.source;
        page.html = self.html;
        page.encoding = Some(self.decoder.encoding());
        page.encoding_source = Some(self.decoder.source());
        Ok(())
    }

    /// The page ends here. What of it is parsed only now may name another encoding.
    async fn settle(&mut self, truncated: bool) -> Result<()> {
        loop {
            let scanner = self.scanner.get_or_insert_with(|| scanner(self.options, false));
            scanner.end(truncated);
            let event = relabel(scanner, &mut self.decoder, &mut self.text).await?;
            if event == Event::Text {
                return Ok(());
            }
            let _ = self.scan(event).await?;
        }
    }

    /// Hands new text to the scanner, from the start again whenever the encoding turns out to be another.
    async fn scan(&mut self, mut event: Event) -> Result<Progress> {
        loop {
            if event == Event::Restart {
                self.scanner = None;
                self.html.iter_mut().for_each(String::clear);
            }
            if self.text.is_empty() {
                return Ok(Progress::More);
            }
            let guessed = matches!(self.decoder.source(), EncodingSource::Utf8 | EncodingSource::Detected);
            let scanner = self.scanner.get_or_insert_with(|| scanner(self.options, guessed));
            if let Some(html) = &mut self.html {
                html.push_str(&self.text);
            }
            let progress = scanner.feed(&self.text);
            self.text.clear();
            event = relabel(scanner, &mut self.decoder, &mut self.text).await?;
            if event == Event::Text && self.text.is_empty() {
                return Ok(progress);
            }
        }
    }
}

/// Passes on the labels that the scanner has met, until one of them voids what it has read.
async fn relabel(scanner: &mut TitleScanner, decoder: &mut BodyDecoder, text: &mut String) -> Result<Event> {
    while let Some(label) = scanner.encoding_label() {
        let event = decoder.late_label(&label, text).await?;
        if event == Event::Restart {
            return Ok(event);
        }
    }
    Ok(Event::Text)
}

fn scanner(options: PageOptions, guessed: bool) -> TitleScanner {
    let mut scanner = TitleScanner::new();
    if guessed {
        scanner = scanner.with_guessed_encoding();
    }
    // Whoever keeps the text wants it in the encoding that the page declares, be it behind the title.
    match options.metadata.or_else(|| (options.html && guessed).then_some(Extent::Page)) {
        Some(extent) => scanner.with_metadata(extent),
        None => scanner,
    }
}

/// Makes the URLs absolute by the document's [base URL], which is never a `data:` or `javascript:` one.
///
/// [base URL]: https://html.spec.whatwg.org/multipage/urls-and-fetching.html#document-base-url
fn resolve(metadata: &mut Metadata, url: &Url) {
    let Ok(url) = url.without_userinfo() else { return };
    let own = metadata.base.as_deref().and_then(|base| url.join(base).ok());
    let base = own.filter(|base| !matches!(base.scheme(), "data" | "javascript")).unwrap_or(url);
    metadata.resolve(|reference| Some(base.join(reference).ok()?.as_str().to_owned()));
}

/// Whether a body of this type is read as HTML: HTML, XHTML, and what names no type.
fn is_html(content_type: Option<&str>) -> bool {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim_ascii();
    ["", "text/html", "application/xhtml+xml", "application/unknown", "unknown/unknown", "*/*"]
        .iter()
        .any(|html| html.eq_ignore_ascii_case(essence))
}
