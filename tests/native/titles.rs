//! Titles end to end: from bytes on a socket, in whatever encoding and pieces, to rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dualfetch::{DefaultSession, Session, SessionExt, StatusCode};
use futures_util::{StreamExt, stream};

use crate::support::{CountingServer, Pace, RawServer, Script, faults};

use super::help::{at_rest, millis, run, session};

/// A page of these bytes under this content type, whole or byte by byte.
fn serves(media: &str, page: &[u8], pieces: Option<usize>) -> Script {
    let length = page.len().to_string();
    let mut head = vec![("Content-Length", length.as_str())];
    if !media.is_empty() {
        head.push(("Content-Type", media));
    }
    let script = Script::new().read_head().send_head("200 OK", &head);
    match pieces {
        None => script.send(page.to_vec()),
        Some(size) => script.drip(page.to_vec(), size, Pace::Gap(millis(1))),
    }
}

#[test]
fn labels_and_encodings_over_real_sockets() {
    run(async {
        let cases: [(&str, &[u8], &str, &str, &str); 9] = [
            ("text/html; charset=utf-8", "<title>Größe</title>".as_bytes(), "Größe", "UTF-8", "content-type"),
            ("text/html", "<title>Größe</title>".as_bytes(), "Größe", "UTF-8", "utf-8"),
            ("text/html; charset=gbk", b"<title>\xc4\xe3\xba\xc3</title>", "你好", "GBK", "content-type"),
            ("text/html", b"<meta charset=gbk><title>\xc4\xe3\xba\xc3</title>", "你好", "GBK", "meta"),
            ("text/html", b"<title>\xc4\xe3\xba\xc3</title><meta charset=gbk>", "你好", "GBK", "meta"),
            (
                "text/html; charset=shift_jis",
                b"<title>\x93\xfa\x96{</title>",
                "日本",
                "Shift_JIS",
                "content-type",
            ),
            (
                "text/html; charset=iso-8859-1",
                b"<title>\x80 caf\xe9</title>",
                "€ café",
                "windows-1252",
                "content-type",
            ),
            ("text/html; charset=gbk", b"\xef\xbb\xbf<title>\xc3\xa9</title>", "é", "UTF-8", "bom"),
            ("", b"<title>\n No \t type\n</title>", "No type", "UTF-8", "utf-8"),
        ];
        let session = session();
        for (media, bytes, title, encoding, source) in cases {
            for pieces in [None, Some(1)] {
                let server = RawServer::start(serves(media, bytes, pieces)).await;
                let page = session.page(server.url("/")).await.expect("a page");
                assert_eq!(page.title.as_deref(), Some(title), "{media} {pieces:?}");
                assert_eq!(page.encoding, Some(encoding), "{media} {title} {pieces:?}");
                let by = page.encoding_source.map(|source| source.as_str().replace('_', "-"));
                assert_eq!(
                    by.as_deref().map(|by| by.replace("utf8", "utf-8")),
                    Some(source.to_owned()),
                    "{media} {title}"
                );
                assert_eq!(page.title_source.as_str(), "head");
            }
        }
    });
}

#[test]
fn a_late_meta_changes_the_title_that_was_read_before_it() {
    run(async {
        let filler = "<!-- filler -->".repeat(100);
        let mut page = b"<html><head>".to_vec();
        page.extend_from_slice(filler.as_bytes());
        page.extend_from_slice(
            b"<title>\xcf\xf0\xe8\xe2\xe5\xf2</title><meta charset=windows-1251></head><body>x",
        );
        for pieces in [None, Some(64)] {
            let server = RawServer::start(serves("text/html", &page, pieces)).await;
            let seen = session().page(server.url("/")).await.expect("a page");
            assert_eq!((seen.title.as_deref(), seen.encoding), (Some("Привет"), Some("windows-1251")));
        }
    });
}

#[test]
fn no_title_and_an_empty_title_are_told_apart() {
    run(async {
        let session = session();
        for (page, title, source) in [
            ("<p>nothing here", None, "missing"),
            ("", None, "missing"),
            ("<title></title>", Some(""), "head"),
            ("<title> \n </title>", Some(""), "head"),
            ("<svg><title>no</title></svg>", None, "missing"),
            ("<body><p>x<title>late</title>", Some("late"), "body"),
            ("<title>unclosed", Some("unclosed"), "head"),
        ] {
            let server = RawServer::start(serves("text/html", page.as_bytes(), None)).await;
            let seen = session.page(server.url("/")).await.expect("a page");
            assert_eq!((seen.title.as_deref(), seen.title_source.as_str()), (title, source), "{page}");
        }
    });
}

#[test]
fn a_page_of_status_404_is_a_page() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        for status in [404, 410, 500, 503] {
            let page = session.page(server.url(0, &format!("/status/{status}"))).await.expect("a page");
            assert_eq!(page.status.as_u16(), status);
            assert_eq!(page.title.as_deref(), Some(format!("Status {status}").as_str()));
        }
        let page = session.page(server.url(0, "/status/204")).await.expect("a page");
        assert_eq!((page.status, page.title), (StatusCode::NO_CONTENT, None));
    });
}

#[test]
fn a_page_tells_where_it_came_from() {
    run(async {
        let server = CountingServer::start().await;
        let page = session().page(server.url(0, "/redirect/3")).await.expect("a page");
        assert_eq!((page.redirects, page.attempts), (3, 1));
        assert_eq!(page.url.as_str(), server.url(0, "/redirect/0"));
        assert_eq!(page.title.as_deref(), Some("Page 0"));
        assert_eq!((page.transfer.decoded, page.transfer.remaining), (2048, Some(0)));
    });
}

#[test]
fn rows_in_order_come_in_order_whatever_the_network_does() {
    run(async {
        let server = CountingServer::builder().hosts(5).start().await;
        // Later ones are quicker.
        let urls = server.urls(100, |n| format!("/page/{n}?delay_ms={}", (100 - n) / 2));
        let session = session();
        let rows: Vec<_> = session.titles(urls.clone()).ordered(true).collect().await;
        for (n, row) in rows.iter().enumerate() {
            assert_eq!((row.index, &row.url), (n, &urls[n]));
            assert_eq!(row.title(), Some(format!("Page {n}").as_str()));
        }
        assert_eq!(rows.len(), 100);
        let rows: Vec<_> = session.titles(urls).collect().await;
        assert!(rows.iter().enumerate().any(|(n, row)| row.index != n), "as they are done, not as they came");
    });
}

#[test]
fn one_row_that_hangs_holds_back_no_other_unless_in_order() {
    run(async {
        let server = CountingServer::start().await;
        let mut urls = server.urls(30, |n| format!("/page/{n}"));
        urls[0] = server.url(0, "/page/0?gate=first");
        let session = session();
        let mut rows = session.titles(urls.clone());
        for _ in 1..30 {
            assert_ne!(rows.next().await.expect("a row").index, 0);
        }
        server.gate("first").let_through(1);
        assert_eq!(rows.next().await.expect("a row").index, 0);
        assert!(rows.next().await.is_none());

        let mut rows = session.titles(urls).ordered(true).window(10);
        let used_up = async {
            server.wait_until("the whole window asked for", |counts| counts.requests == 40).await;
            server.wait_until("all but the first answered", |counts| counts.in_flight == 1).await;
        };
        tokio::select! {
            row = rows.next() => panic!("the first row is behind a gate: {row:?}"),
            () = used_up => {}
        }
        assert_eq!(server.total().requests, 40, "no more than the window past the oldest unfinished row");
        server.gate("first").open();
        assert_eq!(rows.count().await, 30);
    });
}

#[test]
fn an_endless_input_is_pulled_no_further_than_the_window() {
    run(async {
        let server = CountingServer::start().await;
        let pulled = Arc::new(AtomicUsize::new(0));
        let session = DefaultSession::builder().limit(5).build().expect("a session");
        let (count, base) = (Arc::clone(&pulled), server.url(0, "/page/"));
        let endless = std::iter::repeat_with(move || {
            let n = count.fetch_add(1, Ordering::SeqCst);
            format!("{base}{n}")
        });
        let mut rows = session.titles(endless);
        assert_eq!(pulled.load(Ordering::SeqCst), 0, "nothing happens before the first row is wanted");
        for taken in 1..=50 {
            assert!(rows.next().await.expect("a row").title().is_some());
            let ahead = pulled.load(Ordering::SeqCst) - taken;
            assert!(ahead <= 20, "{ahead} URLs pulled ahead");
        }
        drop(rows);
        at_rest(&session).await;
    });
}

#[test]
fn urls_may_come_from_a_stream_that_waits_itself() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        // A crawler's shape: the next URL is known only after a row.
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        sender.send(server.url(0, "/page/0")).expect("a receiver");
        let urls = stream::unfold(receiver, |mut urls| async move { Some((urls.recv().await?, urls)) });
        let mut rows = session.titles_from(urls);
        let mut sender = Some(sender);
        let mut seen = Vec::new();
        while let Some(row) = rows.next().await {
            seen.push(row.title().map(str::to_owned));
            match seen.len() {
                n @ ..5 => {
                    let more =
                        sender.as_ref().map(|sender| sender.send(server.url(0, &format!("/page/{n}"))));
                    more.expect("still open").expect("a receiver");
                }
                _ => sender = None,
            }
        }
        assert_eq!(seen, (0..5).map(|n| Some(format!("Page {n}"))).collect::<Vec<_>>());
    });
}

#[test]
fn a_cap_on_bytes_is_told_from_a_page_without_a_title() {
    run(async {
        let server = CountingServer::start().await;
        let mut page = "<html><head>".to_owned();
        page += &"<meta name=x content=y>".repeat(10_000);
        page += "<title>Deep</title>";
        let raw = RawServer::start(faults::pages(page)).await;
        let session = session();
        let rows: Vec<_> = session.titles([raw.url("/")]).max_bytes(100_000).collect().await;
        let seen = rows[0].result.as_ref().expect("a page");
        assert_eq!((seen.title.as_deref(), seen.title_source.as_str()), (None, "truncated"));
        let rows: Vec<_> = session.titles([raw.url("/")]).collect().await;
        assert_eq!(rows[0].title(), Some("Deep"));
        let rows: Vec<_> = session.titles([server.url(0, "/endless")]).max_bytes(100_000).collect().await;
        assert_eq!(rows[0].title(), Some("Endless"));
    });
}

#[test]
fn fetch_all_gives_responses_to_read() {
    run(async {
        let server = CountingServer::start().await;
        let session = DefaultSession::builder().limit(4).build().expect("a session");
        let requests = (0..20).map(|n| {
            session.post(server.url(0, "/echo-body")).body(format!("body {n}")).build().expect("a request")
        });
        let mut rows = session.fetch_all(requests.collect::<Vec<_>>()).ordered(true);
        let mut n = 0;
        while let Some(row) = rows.next().await {
            assert_eq!((row.index, row.url.as_str()), (n, server.url(0, "/echo-body").as_str()));
            let text = row.result.expect("a response").text().await.expect("a body");
            assert_eq!(text, format!("body {n}"));
            n += 1;
        }
        assert_eq!(n, 20);
    });
}
