//! What a page says about itself, and its text.

use dualfetch::html::{Extent, Metadata, Sourced};
use dualfetch::{Config, Page, PageOptions, Session, SessionExt};
use futures_util::StreamExt;

use super::Lab;

/// The servers' `/telling`.
const TELLING: &str = include_str!("../support/telling.html");

async fn read(lab: &impl Lab, path: &str, options: PageOptions) -> Page {
    let session = lab.session(Config::new());
    let request = session.get(lab.url(path)).build().expect("a request");
    session.page_with(request, options).await.expect("a page")
}

fn told(own: &Option<Sourced>) -> (&str, &str) {
    own.as_ref().map(|own| (own.value.as_str(), own.source.as_str())).unwrap_or_default()
}

fn graph(metadata: &Metadata) -> Vec<(&str, &str)> {
    metadata.open_graph.iter().map(|own| (own.name.as_str(), own.content.as_str())).collect()
}

pub async fn metadata_is_absolute_and_names_its_sources(lab: &impl Lab) {
    let page = read(lab, "/telling", PageOptions::new().metadata(Extent::Page)).await;
    assert_eq!((page.title.as_deref(), page.title_source.as_str()), (Some("Plain title"), "head"));
    let metadata = page.metadata.expect("it was asked for");
    let at = |name: &str| lab.url(&format!("/files/{name}"));
    assert_eq!(told(&metadata.best_title), ("Fancy title", "open-graph"));
    assert_eq!(told(&metadata.canonical), (at("page").as_str(), "link"));
    assert_eq!(told(&metadata.description), ("What it is", "meta"));
    assert_eq!(told(&metadata.headline), ("The headline", "json-ld"));
    assert_eq!(told(&metadata.language), ("en", "html"));
    assert_eq!(metadata.base.as_deref(), Some("/files/"));
    assert_eq!(metadata.authors.iter().map(|own| own.value.as_str()).collect::<Vec<_>>(), ["Ann", "Bob"]);
    assert_eq!(
        (metadata.icons[0].url.as_str(), metadata.icons[0].sizes.as_deref()),
        (at("icon.png").as_str(), Some("32x32"))
    );
    assert_eq!(
        (metadata.feeds[0].url.as_str(), metadata.feeds[0].title.as_deref()),
        (at("feed").as_str(), Some("News"))
    );
    let (image, video) = (at("image.png"), at("video.mp4"));
    let expected = [("og:title", "Fancy title"), ("og:image", image.as_str()), ("og:video", video.as_str())];
    assert_eq!(graph(&metadata), expected);
    assert_eq!(
        (metadata.twitter[0].content.as_str(), metadata.robots[0].content.as_str()),
        ("summary", "noindex")
    );
}

pub async fn metadata_to_the_end_or_of_the_head(lab: &impl Lab) {
    for (extent, count) in [(Extent::Head, 2), (Extent::Page, 3)] {
        let metadata = read(lab, "/telling?chunk=7", PageOptions::new().metadata(extent)).await.metadata;
        assert_eq!(graph(&metadata.expect("it was asked for")).len(), count);
    }
    let endless = read(lab, "/endless", PageOptions::new().metadata(Extent::Head)).await;
    assert!(endless.metadata.is_some(), "it ended where the head does");
}

pub async fn nothing_that_was_not_asked_for(lab: &impl Lab) {
    let page = read(lab, "/telling", PageOptions::new()).await;
    assert_eq!((page.metadata, page.html), (None, None));
    let all = PageOptions::new().metadata(Extent::Page).html(true);
    let text = read(lab, "/page/1?type=text/plain", all).await;
    assert_eq!((text.metadata, text.html, text.title_source.as_str()), (None, None, "content-type"));
}

pub async fn the_whole_text(lab: &impl Lab) {
    let page = read(lab, "/telling?chunk=5", PageOptions::new().html(true)).await;
    assert_eq!((page.html.as_deref(), page.title.as_deref()), (Some(TELLING), Some("Plain title")));
    let cut = read(lab, "/telling", PageOptions::new().html(true).max_bytes(60)).await;
    assert_eq!((cut.html.as_deref(), cut.truncated, page.truncated), (Some(&TELLING[..60]), true, false));
}

pub async fn rows_with_metadata(lab: &impl Lab) {
    let session = lab.session(Config::new());
    let urls = [lab.url("/telling"), lab.url("/page/2"), "no URL".to_owned()];
    let rows: Vec<_> = session.titles(urls).metadata(Extent::Head).ordered(true).collect().await;
    let page = |row: usize| rows[row].result.as_ref().ok().and_then(|page| page.metadata.as_ref());
    assert_eq!(page(0).map(|own| told(&own.description)), Some(("What it is", "meta")));
    assert_eq!(page(1).map(|own| told(&own.best_title)), Some(("Page 2", "title")));
    assert!(rows[2].error().is_some());
}
