//! A page's metadata as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::html::{Feed, Icon, Metadata, Property, Sourced};

/// What a page says about itself, every field there: see [`Metadata`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Metadata)]
#[non_exhaustive]
pub struct JsonMetadata<'a> {
    /// Who wrote it.
    pub authors: Vec<JsonSourced<'a>>,
    /// The `href` of the first `<base>` that has one, as written.
    #[schema(required)]
    pub base: Option<&'a str>,
    /// The title for people to read.
    #[schema(required)]
    pub best_title: Option<JsonSourced<'a>>,
    /// The page's preferred URL.
    #[schema(required)]
    pub canonical: Option<JsonSourced<'a>>,
    /// What it is about.
    #[schema(required)]
    pub description: Option<JsonSourced<'a>>,
    /// Its feeds.
    pub feeds: Vec<JsonFeed<'a>>,
    /// The headline that JSON-LD names.
    #[schema(required)]
    pub headline: Option<JsonSourced<'a>>,
    /// Its icons.
    pub icons: Vec<JsonIcon<'a>>,
    /// The picture to show of it.
    #[schema(required)]
    pub image: Option<JsonSourced<'a>>,
    /// The language by its BCP 47 tag.
    #[schema(required)]
    pub language: Option<JsonSourced<'a>>,
    /// The Open Graph properties in order.
    pub open_graph: Vec<JsonProperty<'a>>,
    /// What robots may do.
    pub robots: Vec<JsonProperty<'a>>,
    /// The properties of Twitter's cards in order.
    pub twitter: Vec<JsonProperty<'a>>,
}

impl<'a> JsonMetadata<'a> {
    /// This metadata.
    #[must_use]
    pub fn of(own: &'a Metadata) -> Self {
        let told = |own: &'a Option<Sourced>| own.as_ref().map(JsonSourced::of);
        let properties = |own: &'a [Property]| own.iter().map(JsonProperty::of).collect();
        Self {
            authors: own.authors.iter().map(JsonSourced::of).collect(),
            base: own.base.as_deref(),
            best_title: told(&own.best_title),
            canonical: told(&own.canonical),
            description: told(&own.description),
            feeds: own.feeds.iter().map(JsonFeed::of).collect(),
            headline: told(&own.headline),
            icons: own.icons.iter().map(JsonIcon::of).collect(),
            image: told(&own.image),
            language: told(&own.language),
            open_graph: properties(&own.open_graph),
            robots: properties(&own.robots),
            twitter: properties(&own.twitter),
        }
    }
}

/// A value, and what said so.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Sourced)]
#[non_exhaustive]
pub struct JsonSourced<'a> {
    /// What was said.
    pub value: &'a str,
    /// Where: `html`, `http-equiv`, `json-ld`, `link`, `meta`, `open-graph`, `title`, `twitter`.
    pub source: &'a str,
}

impl<'a> JsonSourced<'a> {
    fn of(own: &'a Sourced) -> Self {
        Self { value: &own.value, source: own.source.as_str() }
    }
}

/// A feed of a page.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Feed)]
#[non_exhaustive]
pub struct JsonFeed<'a> {
    /// Where it is.
    pub url: &'a str,
    /// Its media type.
    #[schema(required)]
    pub media_type: Option<&'a str>,
    /// What it is called.
    #[schema(required)]
    pub title: Option<&'a str>,
}

impl<'a> JsonFeed<'a> {
    fn of(own: &'a Feed) -> Self {
        Self { url: &own.url, media_type: own.media_type.as_deref(), title: own.title.as_deref() }
    }
}

/// An icon of a page.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Icon)]
#[non_exhaustive]
pub struct JsonIcon<'a> {
    /// Where it is.
    pub url: &'a str,
    /// What it is for: the keyword of the `rel` attribute.
    pub rel: &'a str,
    /// Its sizes as written.
    #[schema(required)]
    pub sizes: Option<&'a str>,
    /// Its media type.
    #[schema(required)]
    pub media_type: Option<&'a str>,
}

impl<'a> JsonIcon<'a> {
    fn of(own: &'a Icon) -> Self {
        Self {
            url: &own.url,
            rel: own.rel,
            sizes: own.sizes.as_deref(),
            media_type: own.media_type.as_deref(),
        }
    }
}

/// A name and what is said of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Property)]
#[non_exhaustive]
pub struct JsonProperty<'a> {
    /// The name, in lower case.
    pub name: &'a str,
    /// What is said.
    pub content: &'a str,
}

impl<'a> JsonProperty<'a> {
    fn of(own: &'a Property) -> Self {
        Self { name: &own.name, content: &own.content }
    }
}
