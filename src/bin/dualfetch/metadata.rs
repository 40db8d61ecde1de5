//! A page's metadata as text.

use std::fmt::Write as _;

use dualfetch::html::{Metadata, Sourced};

use crate::output::plain;

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
