//! What servers and networks do wrong, and the error that each of it becomes.

use dualfetch::{DefaultSession, ErrorKind, Figures, Session, SessionExt};

use crate::support::{Pace, RawServer, Refusing, Script, faults};

use super::help::{fetch, millis, named, outcome, run, session, total, warm};

/// The outcome of fetching a URL with its whole body, checked for what every error carries.
async fn outcome_of(session: &DefaultSession, url: &str) -> String {
    let result = fetch(session, url).await;
    if let Err(error) = &result {
        assert_eq!(error.url().map(|url| url.as_str()), Some(url), "{error:?}");
        assert_eq!(error.attempts(), 1, "{error:?}");
        assert!(error.history().is_empty(), "{error:?}");
    }
    assert_eq!(session.figures(), Figures::default(), "{url} left something behind");
    outcome(&result)
}

/// Each script's outcome is the expected one.
fn check(cases: Vec<(&str, Script, &str)>) {
    run(async {
        let session = session();
        let mut wrong = Vec::new();
        for (name, script, expected) in cases {
            let server = RawServer::start(script).await;
            let seen = outcome_of(&session, &server.url("/")).await;
            if seen != expected {
                wrong.push(format!("{name}: {seen} instead of {expected}\n{}", server.story()));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn a_connection_that_ends_early_is_disconnected() {
    check(vec![
        ("reset at once", faults::reset_at_once(), "disconnected"),
        ("reset before the head", faults::reset_before_head(), "disconnected"),
        ("reset inside the head", faults::reset_inside_head(), "disconnected"),
        ("reset after the head", faults::reset_after_head(), "disconnected"),
        ("reset within the body", faults::reset_within_body(), "disconnected"),
        ("closed before the head", faults::close_before_head(), "disconnected"),
        ("closed inside the head", faults::close_inside_head(), "disconnected"),
        ("a body shorter than declared", faults::short_content_length(1000, "short"), "disconnected"),
        ("a body of nothing where some was declared", faults::short_content_length(5, ""), "disconnected"),
        ("chunks without an end", faults::chunked_without_end(b"abc"), "disconnected"),
        ("a chunk that is cut off", faults::short_chunk(b"abc"), "disconnected"),
    ]);
}

#[test]
fn what_is_no_http_is_a_protocol_error() {
    check(vec![
        ("a chunk size that is no number", faults::bad_chunk_size(b"abc"), "protocol"),
        ("a chunk size beyond 64 bits", faults::overflowing_chunk_size(), "protocol"),
        ("a garbage status line", faults::garbage_status_line(), "protocol"),
        ("another protocol's greeting", faults::other_protocol(), "protocol"),
        ("a header of a megabyte", faults::huge_header(1 << 20, "x"), "headers_too_large"),
        ("two hundred header fields", faults::many_headers(200, "x"), "headers_too_large"),
        ("headers without end", faults::endless_headers(Pace::AtOnce), "headers_too_large"),
        ("two lengths that differ", faults::conflicting_lengths("x"), "protocol"),
        ("a negative length", faults::bad_content_length("-1"), "protocol"),
        ("a length that is no number", faults::bad_content_length("many"), "protocol"),
        ("a length beyond 64 bits", faults::bad_content_length("99999999999999999999999"), "protocol"),
    ]);
}

#[test]
fn what_is_odd_but_valid_is_read() {
    check(vec![
        ("a header of 100 kB", faults::huge_header(100_000, "x"), "ok"),
        ("ninety header fields", faults::many_headers(90, "x"), "ok"),
        ("an early hint before the page", faults::informational_first(3, "x"), "ok"),
        ("HTTP/1.0 until the end", faults::until_close("all"), "ok"),
        ("the connection closed after the answer", faults::close_after_response("all"), "ok"),
    ]);
}

#[test]
fn what_cannot_be_decompressed_is_a_decode_error() {
    let page = b"<title>Some page</title>".repeat(100);
    check(vec![
        ("gzip cut in its trailer", faults::truncated_gzip(&page, 4), "decode"),
        ("gzip cut in its middle", faults::truncated_gzip(&page, 1000), "decode"),
        ("gzip cut in its header", faults::truncated_gzip(&page, faults::gzip(&page).len() - 5), "decode"),
        ("gzip with a wrong checksum", faults::corrupt_gzip(&page), "decode"),
        ("plain text called gzip", faults::wrong_content_encoding("gzip", "plain text"), "decode"),
        ("plain text called deflate", faults::wrong_content_encoding("deflate", "plain text"), "decode"),
        ("plain text called br", faults::wrong_content_encoding("br", "plain text"), "decode"),
        ("plain text called zstd", faults::wrong_content_encoding("zstd", "plain text"), "decode"),
    ]);
}

#[test]
fn a_compressed_body_cut_by_the_network_is_the_networks_fault() {
    let gzip = faults::gzip(&b"page".repeat(500));
    let cut = gzip.slice(..1000);
    let head = [("Content-Encoding", "gzip"), ("Content-Length", "2033")];
    let reset = Script::new().read_head().send_head("200 OK", &head).send(cut.clone()).reset();
    let closed = Script::new().read_head().send_head("200 OK", &head).send(cut).close();
    check(vec![("reset", reset, "disconnected"), ("closed", closed, "disconnected")]);
}

#[test]
fn a_refused_connection_is_a_connect_error() {
    run(async {
        let refusing = Refusing::new();
        assert_eq!(outcome_of(&session(), &refusing.url("/")).await, "connect");
    });
}

#[test]
fn a_name_that_does_not_resolve_is_a_dns_error() {
    run(async {
        // `.invalid` never resolves (RFC 6761, section 6.4). A system that asks the network for it anyway may take
        // longer than the bound: then that is the outcome.
        let session = DefaultSession::builder().timeout(dualfetch::Timeout::new().connect(millis(10_000)));
        let session = session.build().expect("a session");
        let error = fetch(&session, "http://no-such-host.invalid/").await.expect_err("no such host");
        assert!(["dns", "timeout connect"].contains(&named(&error).as_str()), "{error:?}");
    });
}

#[test]
fn interim_answers_without_end_end_with_the_total() {
    run(async {
        let server = RawServer::start(faults::endless_informational(Pace::AtOnce)).await;
        let session = DefaultSession::builder().timeout(total(300)).build().expect("a session");
        let session = warm(session).await;
        assert_eq!(outcome_of(&session, &server.url("/")).await, "timeout total");
        assert!(server.ended(0).await.by_peer());
    });
}

#[test]
fn a_body_past_max_body_is_refused_and_its_connection_ended() {
    run(async {
        let session = session();
        for script in [
            faults::endless_body("Endless", Pace::AtOnce),
            faults::endless_chunks("Endless", Pace::AtOnce),
            // Declared: refused before a byte of it is read.
            faults::silent_after("Declared", 10, 2_000_000),
        ] {
            let server = RawServer::start(script).await;
            let get = async { session.get(server.url("/")).max_body(1_000_000).await?.bytes().await };
            let error = get.await.expect_err("too large");
            assert_eq!(*error.kind(), ErrorKind::BodyTooLarge { limit: 1_000_000 });
            assert!(server.ended(0).await.by_peer());
            assert_eq!(session.figures(), Figures::default());
        }
    });
}

#[test]
fn a_page_that_breaks_off_after_its_title_still_has_it() {
    run(async {
        let server = RawServer::start(faults::reset_within_body()).await;
        let page = session().page(server.url("/")).await.expect("the title came before the reset");
        assert_eq!(page.title.as_deref(), Some("Half"));
    });
}

#[test]
fn every_fault_is_a_row_of_a_batch_with_its_code() {
    run(async {
        use futures_util::StreamExt;
        let good = RawServer::start(faults::pages("<title>Good</title>")).await;
        let bad = RawServer::start(faults::close_before_head()).await;
        let refusing = Refusing::new();
        let urls = [good.url("/"), bad.url("/"), refusing.url("/"), "http//typo".to_owned()];
        let session = session();
        let rows: Vec<_> = session.titles(urls.clone()).ordered(true).collect().await;
        let seen: Vec<_> = rows.iter().map(|row| (row.url.clone(), outcome(&row.result))).collect();
        let codes = ["ok", "disconnected", "connect", "invalid_url"].map(str::to_owned);
        assert_eq!(seen, urls.into_iter().zip(codes).collect::<Vec<_>>());
        assert_eq!(rows[0].title(), Some("Good"));
    });
}

#[test]
fn ipv6_is_reached_by_address_and_by_name_and_refuses_as_ipv4_does() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    run(async {
        // A machine without IPv6 has nothing to test.
        let Ok(listener) = tokio::net::TcpListener::bind("[::1]:0").await else { return };
        let port = listener.local_addr().expect("the bound address").port();
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 1024]).await;
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nsix";
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let session = session();
        let (by_address, by_name) = (format!("http://[::1]:{port}/"), format!("http://localhost:{port}/"));
        assert_eq!(outcome_of(&session, &by_address).await, "ok");
        // Where the name has both addresses: nobody listens on the IPv4 one.
        let mut addresses = tokio::net::lookup_host(("localhost", port)).await.expect("addresses");
        if addresses.any(|address| address.is_ipv6()) {
            assert_eq!(outcome_of(&session, &by_name).await, "ok");
        }
        serving.abort();
        let _ = serving.await;
        assert_eq!(outcome_of(&session, &by_address).await, "connect");
    });
}
