//! TLS, and with it the choice of protocol and the machine's CA store.
//!
//! What a process trusts is read from `SSL_CERT_FILE`, so these tests run their client in a child: this same test
//! binary with [`child`] alone, told by environment variables what to do.

use dualfetch::{Config, DefaultSession, HttpVersion, Session, SessionExt, Version};
use futures_util::StreamExt;
use futures_util::future::join_all;

use crate::support::{Alpn, Certificate, CountingServer, RawServer, TlsServer, faults};

use super::child::{self, CaStore};
use super::help::{fetch, named, outcome, run, session};

/// What the child is to do, and with which URLs (white space between them).
const TASK: &str = "DUALFETCH_TEST_TASK";
const URLS: &str = "DUALFETCH_TEST_URLS";

/// The client's side, in a process of its own. By itself it does nothing.
#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let urls: Vec<String> =
        std::env::var(URLS).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    // On one thread: on several, a request may ask for a connection before the one just read is back in the pool.
    run(async {
        match task.as_str() {
            "all at once over HTTP/1.1" => all_at_once(session(), urls, Version::HTTP_11).await,
            "all at once over HTTP/2" => all_at_once(session(), urls, Version::HTTP_2).await,
            "titles over HTTP/2" => titles(urls).await,
            "one after the other" => one_after_the_other(urls).await,
            "outcomes" => outcomes(urls).await,
            "versions" => versions(urls).await,
            unknown => panic!("no such task: {unknown}"),
        }
    });
}

/// A store that holds the CAs of these servers.
fn store_of(servers: &[&TlsServer]) -> CaStore {
    CaStore::of(servers.iter().map(|server| server.ca_pem()))
}

/// Runs the child with this task, these URLs and this CA store; it must succeed.
async fn in_a_child(task: &str, urls: &[String], ca_store: &CaStore) {
    child::run("native::tls::child", &[(TASK, task), (URLS, &urls.join(" "))], ca_store).await;
}

#[test]
fn a_hundred_requests_to_an_unknown_http_2_origin_open_one_connection() {
    run(async {
        let server = TlsServer::start().await;
        let urls: Vec<_> = (0..100).map(|n| server.named_url(0, &format!("/page/{n}?gate=all"))).collect();
        let store = store_of(&[&server]);
        let opening = async {
            server.wait_in_flight(100).await;
            server.gate("all").open();
        };
        tokio::join!(in_a_child("all at once over HTTP/2", &urls, &store), opening);
        assert_eq!((server.total().connections, server.total().peak), (1, 100));
        let handshake = server.handshake(0).await;
        assert_eq!(
            (handshake.alpn.as_deref(), handshake.server_name.as_deref()),
            (Some("h2"), Some("localhost"))
        );
    });
}

#[test]
fn twenty_requests_to_an_unknown_http_1_1_origin_run_at_once() {
    run(async {
        for alpn in [Alpn::Http1, Alpn::None] {
            let server = TlsServer::builder().alpn(alpn).start().await;
            let urls: Vec<_> = (0..20).map(|n| server.url(0, &format!("/page/{n}?gate=all"))).collect();
            let store = store_of(&[&server]);
            let opening = async {
                server.wait_in_flight(20).await;
                server.gate("all").open();
            };
            tokio::join!(in_a_child("all at once over HTTP/1.1", &urls, &store), opening);
            assert_eq!((server.total().connections, server.total().peak), (20, 20));
        }
    });
}

async fn all_at_once(session: DefaultSession, urls: Vec<String>, version: Version) {
    let session = &session;
    let texts = join_all(urls.iter().map(|url| async move {
        let response = session.get(url).await?;
        assert_eq!(response.version(), version);
        response.text().await
    }));
    for (n, text) in texts.await.into_iter().enumerate() {
        assert!(text.expect("a page").contains(&format!("<title>Page {n}</title>")));
    }
    assert_eq!(session.figures(), dualfetch::Figures::default());
}

#[test]
fn titles_over_http_2_stop_early_and_keep_their_connection() {
    run(async {
        let server = TlsServer::start().await;
        let urls: Vec<_> = (0..200).map(|n| server.url(0, &format!("/page/{n}?size=300000"))).collect();
        in_a_child("titles over HTTP/2", &urls, &store_of(&[&server])).await;
        assert_eq!((server.total().connections, server.total().requests), (1, 200));
    });
}

async fn titles(urls: Vec<String>) {
    let count = urls.len();
    let session = Config::new().limit(20).build().expect("a session");
    let rows: Vec<_> = session.titles(urls).collect().await;
    assert_eq!(rows.len(), count);
    for row in rows {
        assert_eq!(row.title(), Some(format!("Page {}", row.index).as_str()), "{row:?}");
    }
}

#[test]
fn tls_connections_are_kept_as_plain_ones_are() {
    run(async {
        for (alpn, tls12) in
            [(Alpn::Http1, false), (Alpn::Both, false), (Alpn::Http1, true), (Alpn::Both, true)]
        {
            let mut builder = TlsServer::builder().alpn(alpn);
            if tls12 {
                builder = builder.tls12_only();
            }
            let server = builder.start().await;
            let urls: Vec<_> = (0..5).map(|n| server.url(0, &format!("/page/{n}"))).collect();
            in_a_child("one after the other", &urls, &store_of(&[&server])).await;
            assert_eq!((server.total().connections, server.total().requests), (1, 5), "{alpn:?} {tls12}");
        }
    });
}

async fn one_after_the_other(urls: Vec<String>) {
    let session = session();
    for url in urls {
        fetch(&session, &url).await.expect("a page");
    }
}

#[test]
fn the_version_that_is_asked_for_is_the_one_that_is_spoken() {
    run(async {
        let (both, one, two) = (
            TlsServer::start().await,
            TlsServer::builder().alpn(Alpn::Http1).start().await,
            TlsServer::builder().alpn(Alpn::Http2).start().await,
        );
        let urls = [both.url(0, "/page/0"), one.url(0, "/page/0"), two.url(0, "/page/0")];
        in_a_child("versions", &urls, &store_of(&[&both, &one, &two])).await;
    });
}

async fn versions(urls: Vec<String>) {
    let session = session();
    let [both, one, two] = &urls[..] else { panic!("three URLs") };
    for (url, asked, spoken) in [
        (both, HttpVersion::Auto, Ok(Version::HTTP_2)),
        (both, HttpVersion::Http1, Ok(Version::HTTP_11)),
        (both, HttpVersion::Http2, Ok(Version::HTTP_2)),
        (one, HttpVersion::Auto, Ok(Version::HTTP_11)),
        (two, HttpVersion::Auto, Ok(Version::HTTP_2)),
        // No protocol in common: the server refuses the handshake.
        (one, HttpVersion::Http2, Err("tls")),
        (two, HttpVersion::Http1, Err("tls")),
    ] {
        let response = session.get(url).http_version(asked).await;
        let seen = response.as_ref().map(|response| response.version()).map_err(|error| error.code());
        assert_eq!(seen, spoken, "{url} by {asked:?}: {response:?}");
    }
}

#[test]
fn certificates_that_are_wrong_are_tls_errors_though_their_ca_is_trusted() {
    run(async {
        let mut servers = Vec::new();
        for (certificate, expected) in [
            (Certificate::Valid, "ok"),
            (Certificate::Expired, "tls"),
            (Certificate::NotYetValid, "tls"),
            (Certificate::SelfSigned, "tls"),
            (Certificate::Untrusted, "tls"),
            (Certificate::WrongHost, "tls"),
        ] {
            servers.push((TlsServer::builder().certificate(certificate).start().await, expected));
        }
        let urls: Vec<_> = servers
            .iter()
            .map(|(server, expected)| format!("{expected}={}", server.named_url(0, "/")))
            .collect();
        let trusted: Vec<_> = servers.iter().map(|(server, _)| server).collect();
        in_a_child("outcomes", &urls, &store_of(&trusted)).await;
        for (server, expected) in &servers[1..] {
            assert_eq!((server.total().requests, *expected), (0, "tls"));
        }
    });
}

/// Each URL comes as `outcome=url`.
async fn outcomes(urls: Vec<String>) {
    let session = session();
    for pair in urls {
        let (expected, url) = pair.split_once('=').expect("an outcome and a URL");
        let result = fetch(&session, url).await;
        assert_eq!(outcome(&result), expected, "{url}: {result:?}");
    }
}

#[test]
fn without_a_ca_store_plain_http_works_and_unknown_certificates_are_refused() {
    run(async {
        let (plain, secure) = (CountingServer::start().await, TlsServer::start().await);
        let urls = [format!("ok={}", plain.url(0, "/page/1")), format!("tls={}", secure.url(0, "/page/1"))];
        in_a_child("outcomes", &urls, &CaStore::missing()).await;
        assert_eq!((plain.total().requests, secure.total().requests), (1, 0));
    });
}

#[test]
fn an_unknown_ca_is_a_tls_error_here_too() {
    run(async {
        let server = TlsServer::start().await;
        let session = session();
        // Several at once: when the first one's handshake fails, the others must go on by themselves.
        let url = server.url(0, "/page/1");
        for result in join_all((0..10).map(|_| fetch(&session, &url))).await {
            assert_eq!(named(&result.expect_err("untrusted")), "tls");
        }
        assert_eq!(session.figures(), dualfetch::Figures::default());
    });
}

#[test]
fn a_client_certificate_that_is_wanted_and_missing_is_an_error() {
    run(async {
        let server = TlsServer::builder().client_auth().tls12_only().start().await;
        let urls = [format!("tls={}", server.url(0, "/page/1"))];
        in_a_child("outcomes", &urls, &store_of(&[&server])).await;
    });
}

#[test]
fn a_port_that_speaks_no_tls_is_a_tls_error() {
    run(async {
        let session = session();
        for script in [faults::plain_where_tls(), faults::other_protocol()] {
            let server = RawServer::start(script).await;
            let error = fetch(&session, &format!("https://{}/", server.address())).await.expect_err("no TLS");
            assert_eq!(error.code(), "tls", "{error:?}\n{}", server.story());
        }
        let server = CountingServer::start().await;
        let error = fetch(&session, &format!("https://{}/", server.address(0))).await.expect_err("no TLS");
        assert_eq!(named(&error), "tls", "{error:?}");
    });
}
