//! Pages in JavaScript's hands: how far to read one, and what is told of it.

use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::html::{Extent, Metadata, Property, Sourced};
use crate::page::{Page, PageOptions};

/// The options as JavaScript hands them over: whether metadata is wanted to the page's end or of its head alone, whether
/// its text is, then two numbers of bytes.
pub(super) fn options(
    to_end: Option<bool>,
    html: bool,
    max_bytes: Option<f64>,
    drain: Option<f64>,
) -> PageOptions {
    let mut options = PageOptions::new().html(html);
    if let Some(to_end) = to_end {
        options = options.metadata(if to_end { Extent::Page } else { Extent::Head });
    }
    if let Some(bytes) = max_bytes {
        options = options.max_bytes(bytes as u64);
    }
    if let Some(bytes) = drain {
        options = options.drain(bytes as u64);
    }
    options
}

/// The fields of a page's row, after those that every row has. `pageRow` in pkg/src/page.js takes them apart.
pub(super) fn push(told: &Array, page: &Page) {
    for value in [
        page.url.as_str().into(),
        page.status.as_u16().into(),
        text(page.title.as_deref()),
        page.title_source.as_str().into(),
        text(page.encoding),
        text(page.encoding_source.map(|source| source.as_str())),
        (page.transfer.decoded as f64).into(),
        page.attempts.into(),
        (page.redirects as f64).into(),
        page.metadata.as_ref().map_or(JsValue::NULL, metadata),
        text(page.html.as_deref()),
        page.truncated.into(),
    ] {
        told.push(&value);
    }
}

/// The fields in the order of their names, each a text, a pair, or a list of the same.
fn metadata(own: &Metadata) -> JsValue {
    list([
        own.authors.iter().map(sourced).collect::<Array>().into(),
        text(own.base.as_deref()),
        optional(&own.best_title),
        optional(&own.canonical),
        optional(&own.description),
        own.feeds
            .iter()
            .map(|feed| {
                list([text(Some(&feed.url)), text(feed.media_type.as_deref()), text(feed.title.as_deref())])
            })
            .collect::<Array>()
            .into(),
        optional(&own.headline),
        own.icons
            .iter()
            .map(|icon| {
                let [sizes, media_type] = [&icon.sizes, &icon.media_type].map(|of| text(of.as_deref()));
                list([text(Some(&icon.url)), text(Some(icon.rel)), sizes, media_type])
            })
            .collect::<Array>()
            .into(),
        optional(&own.image),
        optional(&own.language),
        properties(&own.open_graph),
        properties(&own.robots),
        properties(&own.twitter),
    ])
}

fn optional(own: &Option<Sourced>) -> JsValue {
    own.as_ref().map_or(JsValue::NULL, sourced)
}

fn sourced(own: &Sourced) -> JsValue {
    list([text(Some(&own.value)), text(Some(own.source.as_str()))])
}

fn properties(own: &[Property]) -> JsValue {
    own.iter().map(|own| list([text(Some(&own.name)), text(Some(&own.content))])).collect::<Array>().into()
}

fn list<const N: usize>(values: [JsValue; N]) -> JsValue {
    Array::of(&values).into()
}

fn text(text: Option<&str>) -> JsValue {
    text.map_or(JsValue::NULL, JsValue::from_str)
}
