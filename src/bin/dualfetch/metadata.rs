//! A page's metadata as JSON and as text.

use std::fmt::Write as _;

use dualfetch::html::{Feed, Icon, Metadata, Property, Sourced};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::output::plain;

/// Metadata as a JSON object: every field is there.
pub(crate) struct Told<'a>(pub(crate) &'a Metadata);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let own = self.0;
        let mut map = serializer.serialize_map(Some(13))?;
        map.serialize_entry("authors", &own.authors.iter().map(told).collect::<Vec<_>>())?;
        map.serialize_entry("base", &own.base)?;
        map.serialize_entry("best_title", &own.best_title.as_ref().map(told))?;
        map.serialize_entry("canonical", &own.canonical.as_ref().map(told))?;
        map.serialize_entry("description", &own.description.as_ref().map(told))?;
        map.serialize_entry("feeds", &own.feeds.iter().map(feed).collect::<Vec<_>>())?;
        map.serialize_entry("headline", &own.headline.as_ref().map(told))?;
        map.serialize_entry("icons", &own.icons.iter().map(icon).collect::<Vec<_>>())?;
        map.serialize_entry("image", &own.image.as_ref().map(told))?;
        map.serialize_entry("language", &own.language.as_ref().map(told))?;
        map.serialize_entry("open_graph", &own.open_graph.iter().map(property).collect::<Vec<_>>())?;
        map.serialize_entry("robots", &own.robots.iter().map(property).collect::<Vec<_>>())?;
        map.serialize_entry("twitter", &own.twitter.iter().map(property).collect::<Vec<_>>())?;
        map.end()
    }
}

/// An object of fields that may be null.
struct Fields<'a, const N: usize>([(&'static str, Option<&'a str>); N]);

impl<const N: usize> Serialize for Fields<'_, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0)
    }
}

fn told(own: &Sourced) -> Fields<'_, 2> {
    Fields([("value", Some(&own.value)), ("source", Some(own.source.as_str()))])
}

fn feed(own: &Feed) -> Fields<'_, 3> {
    Fields([
        ("url", Some(&own.url)),
        ("media_type", own.media_type.as_deref()),
        ("title", own.title.as_deref()),
    ])
}

fn icon(own: &Icon) -> Fields<'_, 4> {
    Fields([
        ("url", Some(&own.url)),
        ("rel", Some(own.rel)),
        ("sizes", own.sizes.as_deref()),
        ("media_type", own.media_type.as_deref()),
    ])
}

fn property(own: &Property) -> Fields<'_, 2> {
    Fields([("name", Some(&own.name)), ("content", Some(&own.content))])
}

/// Writes what there is, a value a line, for people.
pub(crate) fn describe(metadata: &Metadata, out: &mut String) {
    let mut sourced = |name, own: &Option<Sourced>| {
        if let Some(own) = own {
            line(out, name, &own.value, own.source.as_str());
        }
    };
    sourced("best title", &metadata.best_title);
    sourced("description", &metadata.description);
    sourced("canonical", &metadata.canonical);
    sourced("image", &metadata.image);
    sourced("language", &metadata.language);
    sourced("headline", &metadata.headline);
    for author in &metadata.authors {
        line(out, "author", &author.value, author.source.as_str());
    }
    for icon in &metadata.icons {
        let sizes = icon.sizes.as_ref().map(|sizes| format!(", {sizes}")).unwrap_or_default();
        let media_type = icon.media_type.as_ref().map(|own| format!(", {own}")).unwrap_or_default();
        line(out, "icon", &icon.url, &format!("{}{sizes}{media_type}", icon.rel));
    }
    for feed in &metadata.feeds {
        let about = [feed.title.as_deref(), feed.media_type.as_deref()];
        line(out, "feed", &feed.url, &about.into_iter().flatten().collect::<Vec<_>>().join(", "));
    }
    for list in [&metadata.robots, &metadata.open_graph, &metadata.twitter] {
        for property in list {
            line(out, &property.name, &property.content, "");
        }
    }
}

/// A line of a value and, in parentheses, what there is to say of it.
pub(crate) fn line(out: &mut String, name: &str, value: &str, about: &str) {
    /// Longer names stand out, and shift their value alone.
    const NAME: usize = 16;
    let _ = write!(out, "{:<NAME$}  {}", plain(name), plain(value));
    if !about.is_empty() {
        let _ = write!(out, "  ({})", plain(about));
    }
    out.push('\n');
}
