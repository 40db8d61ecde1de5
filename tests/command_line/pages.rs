//! `page`, and `titles --metadata`: what pages say about themselves.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::job::Job;
use super::run::{rows, run};
use crate::support::{CountingServer, RawServer, Refusing, faults};

const FIELDS: [&str; 13] = [
    "authors",
    "base",
    "best_title",
    "canonical",
    "description",
    "feeds",
    "headline",
    "icons",
    "image",
    "language",
    "open_graph",
    "robots",
    "twitter",
];

#[tokio::test(flavor = "multi_thread")]
async fn page_prints_all_there_is_as_text_and_as_json() {
    let server = CountingServer::builder().start().await;
    let (url, at) = (server.url(0, "/telling"), |name: &str| server.url(0, &format!("/files/{name}")));
    let (code, text, err) = run(&["page", &url]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    for told in [
        &url,
        "200",
        "Plain title  (head)",
        "Fancy title  (open-graph)",
        "What it is  (meta)",
        &at("page"),
        "Ann  (json-ld)",
        &format!("{}  (icon, 32x32)", at("icon.png")),
        &format!("{}  (News, application/rss+xml)", at("feed")),
        "og:video",
        "noindex",
    ] {
        assert!(text.contains(told), "{told} is missing in\n{text}");
    }

    let (code, out, _) = run(&["page", &url, "--format", "json"]).await;
    let [page] = &rows(&out)[..] else { panic!("one line: {out}") };
    assert_eq!((code, &page["title"], &page["status"]), (Some(0), &"Plain title".into(), &200.into()));
    let metadata = page["metadata"].as_object().expect("an object");
    assert_eq!(metadata.keys().map(String::as_str).collect::<HashSet<_>>(), HashSet::from(FIELDS));
    assert_eq!(metadata["best_title"], json!({"value": "Fancy title", "source": "open-graph"}));
    assert_eq!(metadata["canonical"], json!({"value": at("page"), "source": "link"}));
    assert_eq!(
        metadata["icons"],
        json!([{"url": at("icon.png"), "rel": "icon", "sizes": "32x32", "media_type": null}])
    );
    assert_eq!(
        metadata["feeds"],
        json!([{"url": at("feed"), "media_type": "application/rss+xml", "title": "News"}])
    );
    assert_eq!(metadata["open_graph"][2], json!({"name": "og:video", "content": at("video.mp4")}));
}

#[tokio::test(flavor = "multi_thread")]
async fn page_prints_what_selectors_pick() {
    let server = CountingServer::builder().start().await;
    let url = server.url(0, "/telling");
    let (code, out, err) = run(&["page", &url, "--select", ".price"]).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "7 €\n8 €\n", ""));
    let (code, out, _) = run(&["page", &url, "--select", "b", "--select", "title", "--format", "json"]).await;
    let picked = &rows(&out)[0];
    let title = json!({"name": "title", "attributes": {}, "text": "Plain title", "html": "<title>Plain\n  title</title>"});
    let b = json!({"name": "b", "attributes": {}, "text": "€", "html": "<b>€</b>"});
    assert_eq!((code, picked), (Some(0), &json!([title, b])), "in the order of the page");
    let href = ["page", &url, "--select", "link", "--attribute", "HREF"];
    let (code, out, _) = run(&href).await;
    assert_eq!((code, out.as_str()), (Some(0), "page\nicon.png\nfeed\n"));
    let (_, out, _) = run(&[&href[..], &["--format", "json"]].concat()).await;
    assert_eq!(rows(&out)[0], json!(["page", "icon.png", "feed"]));
    let (code, out, err) = run(&["page", &url, "--select", "h1"]).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("nothing is selected"), "{err}");
    let (code, out, _) = run(&["page", &url, "--select", "h1", "--format", "json"]).await;
    assert_eq!((code, out.as_str()), (Some(1), "[]\n"), "a list all the same");
    for (path, why) in [("/bytes/9", "not HTML"), ("/status/404", "status 404")] {
        let (code, _, err) = run(&["page", &server.url(0, path), "--select", "h1"]).await;
        assert!(code == Some(1) && err.contains(why), "{err}");
    }
    let (code, _, err) = run(&["page", &url, "--select", ".price", "--max-bytes", "300"]).await;
    assert!(code == Some(1) && err.contains("cut after 300 bytes") && err.contains("--max-bytes"), "{err}");
    let (code, _, err) = run(&["page", &url, "--attribute", "x"]).await;
    assert!(code == Some(2) && err.contains("--select"), "{err}");
    let before = server.total().requests;
    let (code, _, err) = run(&["page", &url, "--select", "p["]).await;
    assert_eq!(server.total().requests, before, "nothing is fetched for what is no selector");
    assert!(code == Some(2) && err.contains("p["), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn page_says_what_went_wrong_and_exits_with_it() {
    let (server, refusing) = (CountingServer::builder().start().await, Refusing::new());
    let lost = server.url(0, "/status/404");
    for (args, status, told) in [
        (&["page"][..], 2, "URL"),
        (&["page", "ftp://a.example/"], 2, "ftp"),
        (&["page", "http://a.example/", "--format", "xml"], 2, "xml"),
        (&["page", &refusing.url("/")], 1, "refused"),
        (&["page", "--fail", &lost], 1, "404"),
    ] {
        let (code, out, err) = run(args).await;
        assert_eq!((code, out.as_str()), (Some(status), ""), "{args:?}: {err}");
        assert!(err.contains(told) && !err.contains("panicked"), "{args:?}: {err}");
    }
    let (code, out, _) = run(&["page", &lost]).await;
    assert!(code == Some(0) && out.contains("404") && out.contains("Status 404"), "{out}");
    let (code, out, _) = run(&["page", "--format", "json", &server.url(0, "/bytes/9")]).await;
    assert_eq!((code, &rows(&out)[0]["metadata"]), (Some(0), &Value::Null), "no HTML");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_s_metadata_does_not_reach_the_terminal_s_controls() {
    let page = "<meta name=description content='\u{1b}[31mred\u{7}\u{202e}'><meta property='og:\u{1b}x' content='y'>\
        <p class=x>\u{1b}[31mred</p>";
    let server = RawServer::start(faults::pages(page)).await;
    let url = server.url("/");
    for args in [
        &["page", &url][..],
        &["page", "--format", "json", &url],
        &["page", "--select", ".x", &url],
        &["page", "--select", ".x", "--format", "json", &url],
        &["titles", "--metadata", &url],
        &["titles", "--metadata", "--format", "csv", &url],
        &["titles", "--metadata", "--format", "tsv", &url],
    ] {
        let (_, out, _) = run(args).await;
        assert!(out.contains("red") && !out.contains(['\u{1b}', '\u{7}']), "{args:?}: {out:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_have_metadata_in_every_format_where_it_is_asked_for() {
    let server = CountingServer::builder().start().await;
    let urls = [server.url(0, "/telling"), server.url(0, "/bytes/9"), "no url".to_owned()];
    let titles = async |more: &[&str]| {
        let urls = urls.iter().map(String::as_str);
        run(&["titles", "--ordered"].into_iter().chain(more.iter().copied()).chain(urls).collect::<Vec<_>>())
            .await
            .1
    };
    let told = rows(&titles(&["--metadata", "--format", "jsonl"]).await);
    assert_eq!(told[0]["metadata"]["description"]["value"], "What it is");
    assert_eq!(told[0]["metadata"]["open_graph"].as_array().map(Vec::len), Some(2), "of the head");
    assert!(told[1..].iter().all(|row| row["metadata"].is_null()));
    let told = rows(&titles(&["--metadata=page", "--format", "jsonl"]).await);
    assert_eq!(told[0]["metadata"]["open_graph"].as_array().map(Vec::len), Some(3), "of the page");
    let told = rows(&titles(&["--format", "jsonl"]).await);
    assert!(told.iter().all(|row| row.get("metadata").is_none()), "not asked for");
    for format in ["csv", "tsv"] {
        let out = titles(&["--metadata", "--format", format]).await;
        let separator = if format == "csv" { b',' } else { b'\t' };
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(out.as_bytes());
        let heading = reader.headers().expect("a heading").clone();
        let description = heading.iter().position(|name| name == "description").expect("a column");
        let column: Vec<_> =
            reader.records().map(|row| row.expect("a row")[description].to_owned()).collect();
        assert_eq!(column, ["What it is", "", ""], "{format}");
    }
    assert!(titles(&["--metadata"]).await.contains("What it is"), "in the table");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_metadata_is_not_resumed_without() {
    let server = CountingServer::builder().start().await;
    let job = Job::new("metadata", &server.url(0, "/telling"));
    let (code, err) = job.run(&["--format", "jsonl", "--metadata"]).await;
    assert_eq!(code, Some(0), "{err}");
    for other in [&["--format", "jsonl"][..], &["--format", "jsonl", "--metadata=page"]] {
        let (code, err) = job.run(other).await;
        assert!(code == Some(2) && err.contains("--metadata"), "{err}");
    }
    let (code, err) = job.run(&["--format", "jsonl", "--metadata"]).await;
    assert!(code == Some(0) && err.contains("nothing is left"), "{err}");
}
