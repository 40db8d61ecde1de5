//! What a page says about itself, read from its elements as search engines and link previews read them.

use std::fmt;
use std::rc::Rc;

use super::json_ld::{self, Article};
use super::noted::{Element, Extent, MAX_VALUE, Noted};
use super::parser::{Outcome, Parser};
use super::text::collapsed;

/// The most entries of each list in [`Metadata`].
pub const MAX_ENTRIES: usize = 256;

/// The most bytes of a page's metadata in all. What would go beyond is left out; a URL that would, made absolute, stays as
/// it is.
pub const MAX_METADATA: usize = 1 << 20;

/// The most properties that one element may name.
const MAX_NAMES: usize = 64;

/// What a page says about itself.
///
/// It is read from the HTML elements of the document in tree order. What is in a template, in a `noscript` (scripting
/// counts as enabled), in a comment or in a script does not count, nor does what is empty. Text has its ASCII white
/// space stripped and collapsed. URLs are as the page has them until [`resolve`](Self::resolve) makes them absolute; they
/// may be of any scheme, `javascript:` too, so look before you link to one. Of
/// JSON-LD all scripts are read together, and what is nearly JSON is read, too; references of HTML in it stay as written.
///
/// Not gathered: what header fields say, `itemprop`, `hreflang` alternates, App Links, theme colours, and JSON-LD's dates,
/// images and publishers. `/favicon.ico`, which browsers ask for where no icon is named, is no metadata.
///
/// ```
/// let page = r#"<html lang=en><head><title>Plain</title>
///     <meta property="og:title" content="Fancy"><link rel=canonical href="/page">"#;
/// let metadata = dualfetch::html::metadata(page);
/// assert_eq!(metadata.best_title.as_ref().map(|title| title.value.as_str()), Some("Fancy"));
/// assert_eq!(metadata.canonical.as_ref().map(|url| url.value.as_str()), Some("/page"));
/// assert_eq!(metadata.language.as_ref().map(|language| language.source.as_str()), Some("html"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// Who wrote it: the authors that JSON-LD names, else `<meta name=author>`.
    pub authors: Vec<Sourced>,
    /// The `href` of the first `<base>` that has one, as written.
    pub base: Option<String>,
    /// The title for people to read: `og:title`, else `twitter:title`, else the document's own. That one alone is
    /// what [`title`](super::title) gives.
    pub best_title: Option<Sourced>,
    /// The page's preferred URL: `<link rel=canonical>`, else `og:url`.
    pub canonical: Option<Sourced>,
    /// `<meta name=description>`, else `og:description`, else `twitter:description`.
    pub description: Option<Sourced>,
    /// Feeds, of `<link rel=alternate>` with a feed's type, and of `<link rel=feed>`.
    pub feeds: Vec<Feed>,
    /// The headline that JSON-LD names.
    pub headline: Option<Sourced>,
    /// Icons, of `<link>` with `icon`, `apple-touch-icon`, `apple-touch-icon-precomposed` or `mask-icon`.
    pub icons: Vec<Icon>,
    /// The picture to show of it: `og:image`, else `twitter:image`, else `<link rel=image_src>`.
    pub image: Option<Sourced>,
    /// The language by its BCP 47 tag: `<html lang>`, else `<meta http-equiv=content-language>`, else `og:locale`, whose
    /// `_` becomes `-`.
    pub language: Option<Sourced>,
    /// The [Open Graph](https://ogp.me) properties in order, lower case, with those of its kinds of things: `og:`,
    /// `article:`, `book:`, `fb:`, `music:`, `product:`, `profile:`, `video:`.
    pub open_graph: Vec<Property>,
    /// What robots may do: `robots`, and names that end with `bot` or begin with `googlebot`.
    pub robots: Vec<Property>,
    /// The properties of Twitter's cards in order, lower case: `twitter:`.
    pub twitter: Vec<Property>,
}

/// A value, and what said so.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Sourced {
    /// What was said.
    pub value: String,
    /// Where.
    pub source: MetadataSource,
}

/// Where a value of [`Metadata`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetadataSource {
    /// An attribute of the `html` element.
    Html,
    /// A `<meta http-equiv>`.
    HttpEquiv,
    /// A script of type `application/ld+json`.
    JsonLd,
    /// A `<link>`.
    Link,
    /// A `<meta name>`.
    Meta,
    /// An Open Graph property.
    OpenGraph,
    /// The document's title.
    Title,
    /// A property of a Twitter card.
    Twitter,
}

impl MetadataSource {
    /// The stable name: `"html"`, `"http-equiv"`, `"json-ld"`, `"link"`, `"meta"`, `"open-graph"`, `"title"` or
    /// `"twitter"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::HttpEquiv => "http-equiv",
            Self::JsonLd => "json-ld",
            Self::Link => "link",
            Self::Meta => "meta",
            Self::OpenGraph => "open-graph",
            Self::Title => "title",
            Self::Twitter => "twitter",
        }
    }
}

impl fmt::Display for MetadataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An icon of a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Icon {
    /// Where it is.
    pub url: String,
    /// What it is for: the keyword of the `rel` attribute.
    pub rel: &'static str,
    /// Its sizes as written, such as `32x32` or `any`.
    pub sizes: Option<String>,
    /// Its media type.
    pub media_type: Option<String>,
}

/// A feed of a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Feed {
    /// Where it is.
    pub url: String,
    /// Its media type, such as `application/rss+xml`.
    pub media_type: Option<String>,
    /// What it is called.
    pub title: Option<String>,
}

/// A name and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Property {
    /// The name, in lower case.
    pub name: String,
    /// The value.
    pub content: String,
}

/// The metadata of a page whose text is at hand, to its end: see [`Metadata`].
///
/// A byte order mark at the start should be removed first. As [`title`](super::title), it never panics and takes time
/// linear in the length of the text.
#[must_use]
pub fn metadata(html: &str) -> Metadata {
    let mut parser = Parser::new(false, Some(Extent::Page));
    let (Outcome::Final(title) | Outcome::Open(title) | Outcome::GaveUp(title)) = parser.run(html, true);
    Metadata::of(parser.noted()).titled(title.as_ref().map(|title| title.text.as_str()))
}

impl Metadata {
    /// Makes the URLs absolute: `resolve` is given each as the page has it, and [`base`](Self::base) is left to it. One
    /// for which it gives `None` stays as it is.
    ///
    /// ```
    /// let mut metadata = dualfetch::html::metadata("<link rel=canonical href=a>");
    /// metadata.resolve(|url| Some(format!("https://example.com/{url}")));
    /// assert_eq!(metadata.canonical.expect("a link").value, "https://example.com/a");
    /// ```
    pub fn resolve(&mut self, mut resolve: impl FnMut(&str) -> Option<String>) {
        let named =
            self.open_graph.iter_mut().chain(&mut self.twitter).filter(|property| is_url(&property.name));
        let urls = named
            .map(|property| &mut property.content)
            .chain(self.canonical.as_mut().map(|canonical| &mut canonical.value))
            .chain(self.image.as_mut().map(|image| &mut image.value))
            .chain(self.icons.iter_mut().map(|icon| &mut icon.url))
            .chain(self.feeds.iter_mut().map(|feed| &mut feed.url));
        let mut room = MAX_METADATA;
        for url in urls {
            let Some(absolute) = resolve(url).filter(|absolute| absolute.len() <= MAX_VALUE) else {
                continue;
            };
            if let Some(left) = room.checked_sub(absolute.len()) {
                room = left;
                *url = absolute;
            }
        }
    }

    /// What these elements say, but for the title.
    pub(super) fn of((noted, language): (Vec<Rc<Noted>>, Option<String>)) -> Self {
        let mut gathering = Gathering { room: MAX_METADATA, ..Gathering::default() };
        let html = language.and_then(|language| value(&language, MetadataSource::Html));
        let mut scripts = Vec::new();
        for noted in &noted {
            match noted.element {
                Element::Base => gathering.base(noted),
                Element::JsonLd => scripts.extend(noted.script()),
                Element::Link => gathering.link(noted),
                Element::Meta => gathering.meta(noted),
            }
        }
        gathering.article(json_ld::article(&scripts));
        gathering.finish(html)
    }

    /// With the document's title.
    pub(super) fn titled(mut self, title: Option<&str>) -> Self {
        let own = title.and_then(|title| value(title, MetadataSource::Title));
        self.best_title = self.first("title").or(own);
        self
    }

    /// The first value of an Open Graph property, else of Twitter's of that name.
    fn first(&self, name: &str) -> Option<Sourced> {
        self.open_graph(name).or_else(|| first(&self.twitter, "twitter:", name, MetadataSource::Twitter))
    }

    fn open_graph(&self, name: &str) -> Option<Sourced> {
        first(&self.open_graph, "og:", name, MetadataSource::OpenGraph)
    }
}

/// The first value of the property with this prefix and name.
fn first(list: &[Property], prefix: &str, name: &str, source: MetadataSource) -> Option<Sourced> {
    let is_it = |own: &&Property| own.name.strip_prefix(prefix) == Some(name);
    list.iter().find(is_it).map(|own| Sourced { value: own.content.clone(), source })
}

/// The first that says something, of each.
#[derive(Default)]
struct Gathering {
    found: Metadata,
    by_meta: Option<Sourced>,
    content_language: Option<Sourced>,
    author: Option<Sourced>,
    /// How many bytes the lists may still take.
    room: usize,
}

impl Gathering {
    fn base(&mut self, base: &Noted) {
        if self.found.base.is_none() {
            self.found.base = base.attribute("href").map(str::to_owned);
        }
    }

    /// What the scripts say.
    fn article(&mut self, article: Article) {
        self.found.headline = article.headline.and_then(|text| value(&text, MetadataSource::JsonLd));
        for author in article.authors.iter().filter_map(|name| value(name, MetadataSource::JsonLd)) {
            let is_new = !self.found.authors.contains(&author);
            if is_new && self.found.authors.len() < MAX_ENTRIES && self.has_room(author.value.len()) {
                self.found.authors.push(author);
            }
        }
    }

    /// Whether a list may take so many bytes more; then they are taken.
    fn has_room(&mut self, bytes: usize) -> bool {
        match self.room.checked_sub(bytes) {
            Some(left) => {
                self.room = left;
                true
            }
            None => false,
        }
    }

    fn link(&mut self, link: &Noted) {
        let Some(url) = link.attribute("href").map(str::trim_ascii).filter(|url| !url.is_empty()) else {
            return;
        };
        let text = |name| link.attribute(name).map(collapsed).filter(|value| !value.is_empty());
        let keywords = || link.attribute("rel").unwrap_or_default().split_ascii_whitespace();
        let is = |keyword: &str| keywords().any(|own| own.eq_ignore_ascii_case(keyword));
        let sourced = || Some(Sourced { value: url.to_owned(), source: MetadataSource::Link });
        if is("canonical") && self.found.canonical.is_none() {
            self.found.canonical = sourced();
        }
        if is("image_src") && self.found.image.is_none() {
            self.found.image = sourced();
        }
        let media_type = text("type");
        let rel = ICONS.into_iter().find(|rel| is(rel));
        if let Some(rel) = rel.filter(|_| self.found.icons.len() < MAX_ENTRIES) {
            let icon =
                Icon { url: url.to_owned(), rel, sizes: text("sizes"), media_type: media_type.clone() };
            if self.has_room(url.len() + length(&icon.sizes) + length(&icon.media_type)) {
                self.found.icons.push(icon);
            }
        }
        let is_feed =
            is("feed") || (is("alternate") && !is("stylesheet") && is_feed_type(media_type.as_deref()));
        if is_feed && self.found.feeds.len() < MAX_ENTRIES {
            let feed = Feed { url: url.to_owned(), media_type, title: text("title") };
            if self.has_room(url.len() + length(&feed.title) + length(&feed.media_type)) {
                self.found.feeds.push(feed);
            }
        }
    }

    fn meta(&mut self, meta: &Noted) {
        let Some(content) = meta.attribute("content") else { return };
        let text = collapsed(content);
        if text.is_empty() {
            return;
        }
        let pragma = meta.attribute("http-equiv").unwrap_or_default();
        if pragma.eq_ignore_ascii_case("content-language") && self.content_language.is_none() {
            self.content_language = content_language(&text);
        }
        // Either attribute is met with in the wild for either kind of name; one element may have both. RDFa makes a list
        // of the one, HTML none of the other.
        let properties = meta.attribute("property").unwrap_or_default().split_ascii_whitespace();
        let names = properties.take(MAX_NAMES).chain(meta.attribute("name").map(str::trim_ascii));
        let mut seen: Vec<String> = Vec::new();
        for name in names {
            let name = name.to_ascii_lowercase();
            if seen.contains(&name) {
                continue;
            }
            if !is_url(&name) {
                self.named(&name, &text);
            } else if content.len() < MAX_VALUE {
                // As the URL standard has it, line ends within are nothing.
                self.named(&name, content.replace(['\t', '\n', '\r'], "").trim_ascii());
            }
            seen.push(name);
        }
    }

    fn named(&mut self, name: &str, content: &str) {
        let text = || Some(Sourced { value: content.to_owned(), source: MetadataSource::Meta });
        let list = match name {
            "description" => return self.by_meta = self.by_meta.take().or_else(text),
            "author" => return self.author = self.author.take().or_else(text),
            name if name.starts_with("twitter:") => &mut self.found.twitter,
            name if OPEN_GRAPH.iter().any(|prefix| name.starts_with(prefix)) => &mut self.found.open_graph,
            name if name == "robots" || name.ends_with("bot") || name.starts_with("googlebot") => {
                &mut self.found.robots
            }
            _ => return,
        };
        let bytes = name.len() + content.len();
        if list.len() < MAX_ENTRIES && bytes <= self.room {
            self.room -= bytes;
            list.push(Property { name: name.to_owned(), content: content.to_owned() });
        }
    }

    fn finish(mut self, html: Option<Sourced>) -> Metadata {
        self.found.description = self.by_meta.take().or_else(|| self.found.first("description"));
        self.found.canonical = self.found.canonical.take().or_else(|| self.found.open_graph("url"));
        let image = ["image", "image:url", "image:secure_url", "image:src"];
        self.found.image =
            image.iter().find_map(|name| self.found.first(name)).or_else(|| self.found.image.take());
        let locale = || {
            let locale = self.found.open_graph("locale")?;
            Some(Sourced { value: locale.value.replace('_', "-"), ..locale })
        };
        self.found.language = html.or(self.content_language).or_else(locale);
        if self.found.authors.is_empty() {
            self.found.authors.extend(self.author);
        }
        self.found
    }
}

const ICONS: [&str; 4] = ["icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"];

const OPEN_GRAPH: [&str; 8] = ["og:", "article:", "book:", "fb:", "music:", "product:", "profile:", "video:"];

/// Text that says something.
fn value(text: &str, source: MetadataSource) -> Option<Sourced> {
    let value = collapsed(text);
    (!value.is_empty()).then_some(Sourced { value, source })
}

fn length(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

/// As the HTML standard's pragma: of a list it says nothing, else it is the first word.
fn content_language(content: &str) -> Option<Sourced> {
    let language = content.split_ascii_whitespace().next().filter(|_| !content.contains(','))?;
    value(language, MetadataSource::HttpEquiv)
}

fn is_feed_type(media_type: Option<&str>) -> bool {
    let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim_ascii();
    ["application/atom+xml", "application/feed+json", "application/rss+xml"]
        .iter()
        .any(|feed| feed.eq_ignore_ascii_case(essence))
}

/// Whether a property's value is a URL.
fn is_url(name: &str) -> bool {
    let name = name.strip_prefix("og:").or_else(|| name.strip_prefix("twitter:")).unwrap_or_default();
    let (name, part) = name.split_once(':').unwrap_or((name, "url"));
    match name {
        "url" => part == "url",
        "audio" | "image" | "player" | "video" => matches!(part, "secure_url" | "src" | "stream" | "url"),
        _ => false,
    }
}
