//! Pages off a wire: bytes through decoder and scanner, as the session reads them.

use dualfetch::html::Extent;
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, Page, PageOptions, Session, SessionExt};

/// Panics where the page's title or metadata depend on how the body is cut.
pub(crate) fn hold(body: &[u8], content_type: Option<&str>, cuts: &[usize]) {
    for options in [PageOptions::new(), PageOptions::new().metadata(Extent::Page)] {
        let told = |cuts| {
            fetch(body, content_type, cuts, options)
                .map(|page| (page.title, page.title_source, page.metadata))
        };
        assert_eq!(told(cuts), told(&[]), "{options:?}");
    }
}

fn fetch(body: &[u8], content_type: Option<&str>, cuts: &[usize], options: PageOptions) -> Option<Page> {
    let url = "https://a.example/";
    let mut reply = Reply::status(200);
    if let Some(value) = content_type {
        reply = reply.header("content-type", value);
    }
    let mut from = 0;
    for &cut in cuts.iter().chain([&body.len()]) {
        reply = reply.then(body[from..cut].to_vec());
        from = cut;
    }
    let platform = Scripted::new(1);
    platform.on(url, reply);
    let session = Client::with_backend(Config::new(), platform.clone()).expect("a session");
    platform.run(async { session.page_with(session.get(url).build()?, options).await }).ok()
}
