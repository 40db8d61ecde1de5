//! What is read of a page, and what of it is told.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::html::Extent;
use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, Error, Page, PageOptions, Request, Session, SessionExt};

use crate::session;

const URL: &str = "https://me:secret@a.example/dir/page?q";

fn read(reply: Reply, options: PageOptions) -> Result<Page, Error> {
    let (platform, session) = session(Config::new());
    platform.on_every(move |_: &Request| reply.clone());
    platform.run(async {
        let request = session.get(URL).build()?;
        session.page_with(request, options).await
    })
}

fn canonical(page: &str) -> String {
    let page = read(Reply::html(page.to_owned()), PageOptions::new().metadata(Extent::Page)).expect("a page");
    page.metadata.and_then(|metadata| metadata.canonical).expect("a canonical URL").value
}

#[test]
fn urls_are_made_absolute_by_the_page_s_base_which_no_data_or_javascript_url_is() {
    for (base, absolute) in [
        ("", "https://a.example/dir/c"),
        ("<base href=/b/>", "https://a.example/b/c"),
        ("<base href=//b.example/x/y>", "https://b.example/x/c"),
        ("<base target=_top><base href='one/'><base href='two/'>", "https://a.example/dir/one/c"),
        ("<base href='data:text/html,x'>", "https://a.example/dir/c"),
        ("<base href='javascript:void 0'>", "https://a.example/dir/c"),
        ("<base href='http://[nonsense'>", "https://a.example/dir/c"),
        ("<template><base href=/no/></template>", "https://a.example/dir/c"),
    ] {
        assert_eq!(canonical(&format!("{base}<link rel=canonical href=c>")), absolute, "{base}");
        let after = canonical(&format!("<link rel=canonical href=c>{base}"));
        assert_eq!(after, absolute, "wherever it stands: {base}");
    }
}

#[test]
fn a_url_that_is_none_stays_as_it_is_and_no_password_gets_into_one() {
    assert_eq!(canonical("<link rel=canonical href='http://[x'>"), "http://[x");
    for reference in ["c", "?x", "#f", ".", "//a.example/c"] {
        let absolute = canonical(&format!("<link rel=canonical href='{reference}'>"));
        assert!(absolute.starts_with("https://a.example/"), "{absolute}");
    }
}

#[test]
fn an_encoding_that_is_known_late_leaves_no_trace_of_the_one_before_it() {
    let bytes = b"<meta name=description content='na\xEFve'><title>\xE1</title>";
    let mut late = bytes.to_vec();
    late.extend(std::iter::repeat_n(b' ', 2000));
    late.extend(b"<meta charset=iso-8859-7><p>\xE1");
    let options = PageOptions::new().metadata(Extent::Page).html(true);
    for cut in [1, 100, late.len()] {
        let mut reply = Reply::status(200).header("content-type", "text/html");
        for piece in late.chunks(cut) {
            reply = reply.then(piece.to_vec());
        }
        let page = read(reply, options).expect("a page");
        assert_eq!((page.encoding, page.title.as_deref()), (Some("ISO-8859-7"), Some("α")));
        let metadata = page.metadata.expect("it was asked for");
        assert_eq!(metadata.description.expect("a meta").value, "naοve");
        let html = page.html.expect("it was asked for");
        assert!(html.starts_with("<meta name=description content='naοve'>") && html.ends_with("<p>α"));
    }
}

#[test]
fn a_page_cut_by_the_cap_tells_what_was_there() {
    let page = "<meta name=description content=early><title>t</title><p>".to_owned() + &"x".repeat(10_000);
    let late = page + "<meta name=author content=late>";
    let options = PageOptions::new().metadata(Extent::Page).max_bytes(5_000);
    let page = read(Reply::html(late), options).expect("a page");
    let metadata = page.metadata.expect("it was asked for");
    assert_eq!((metadata.description.is_some(), metadata.authors.len()), (true, 0));
    assert_eq!(page.title.as_deref(), Some("t"));
}

#[cfg(feature = "select")]
#[test]
fn selecting_needs_the_text_of_a_page_and_a_selector_that_is_one() {
    use dualfetch::ErrorKind;
    use dualfetch::html::SelectError;

    let html = || Reply::html("<p class=a>one<p>two");
    let page = read(html(), PageOptions::new().html(true)).expect("a page");
    assert_eq!(page.select("p.a").expect("a selector")[0].text, "one");
    let error = page.select("p[").expect_err("no selector");
    assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "selector" });
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
    assert!(matches!(source, Some(SelectError::InvalidSelector { css, .. }) if css == "p["));
    assert!(error.url().is_some() && !error.to_string().contains("secret"), "{error}");

    let without = read(html(), PageOptions::new()).expect("a page");
    let error = without.select("p").expect_err("no text");
    assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "html" });
    let image = Reply::status(200).header("content-type", "image/png").then("x");
    let image = read(image, PageOptions::new().html(true)).expect("an answer");
    assert_eq!(image.select("p").expect("nothing to select from"), []);
}
