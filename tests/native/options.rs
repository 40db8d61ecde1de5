//! What goes out: header fields, methods, bodies, credentials; and what is refused before it does.

use dualfetch::{Config, DefaultSession, ErrorKind, HeaderValue, HttpVersion, Method, Request, Session, Url};

use crate::support::{CountingServer, RawServer, faults};

use super::help::{fetch, millis, run, session};

#[test]
fn a_plain_get_says_no_more_than_it_must() {
    run(async {
        let server = RawServer::start(faults::pages("x")).await;
        fetch(&session(), &server.url("/path?q=a%2Fb")).await.expect("a page");
        let head = server.head(0).await;
        assert_eq!((head.method.as_str(), head.target.as_str()), ("GET", "/path?q=a%2Fb"));
        let mut names: Vec<_> = head.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
        assert_eq!(head.header("host"), Some(server.address().to_string().as_str()));
        assert!(head.header("user-agent").is_some_and(|agent| agent.starts_with("dualfetch/")));
    });
}

#[test]
fn a_request_replaces_the_sessions_headers_by_name() {
    run(async {
        let server = RawServer::start(faults::pages("x")).await;
        let config = Config::new().header("User-Agent", "ours/1").header("x-both", "session");
        let session = config.header("x-session", "kept").build().expect("a session");
        let get = session.get(server.url("/")).header("X-Both", "first").append_header("x-both", "second");
        get.header("accept-encoding", "identity").await.expect("a head");
        let head = server.head(0).await;
        assert_eq!(head.all("x-both"), ["first", "second"]);
        assert_eq!(head.all("user-agent"), ["ours/1"]);
        assert_eq!(head.all("x-session"), ["kept"]);
        assert_eq!(head.all("accept-encoding"), ["identity"]);
    });
}

#[test]
fn bodies_are_sent_with_their_length() {
    run(async {
        let server = CountingServer::builder().record().start().await;
        let session = session();
        let url = server.url(0, "/echo-body");
        for (method, body) in
            [(Method::POST, "text"), (Method::PUT, ""), (Method::PATCH, "x"), (Method::DELETE, "gone")]
        {
            let response = session.request(method.clone(), &url).body(body).await.expect("a head");
            assert_eq!(response.text().await.expect("an echo"), body, "{method}");
        }
        session.post(&url).await.expect("a head").bytes().await.expect("an echo");
        let lengths: Vec<_> = server.records().iter().map(|record| length_of(&record.headers)).collect();
        assert_eq!(lengths, ["4", "0", "1", "4", "0"]);

        let json = session.post(&url).json(&["a", "b"]).await.expect("a head");
        assert_eq!(json.json::<Vec<String>>().await.expect("JSON"), ["a", "b"]);
        assert_eq!(server.total().connections, 1);
    });
}

fn length_of(headers: &dualfetch::HeaderMap) -> String {
    headers.get("content-length").and_then(|value| value.to_str().ok()).unwrap_or("none").to_owned()
}

#[test]
fn any_method_may_be_sent() {
    run(async {
        let server = RawServer::start(faults::pages("x")).await;
        let session = session();
        for name in ["OPTIONS", "TRACE", "PROPFIND", "purge"] {
            let method = Method::from_bytes(name.as_bytes()).expect("a method");
            session.request(method, server.url("/")).await.expect("a head").bytes().await.expect("a body");
        }
        let sent: Vec<_> = server.heads().into_iter().map(|(_, head)| head.method).collect();
        assert_eq!(sent, ["OPTIONS", "TRACE", "PROPFIND", "purge"]);
    });
}

#[test]
fn userinfo_becomes_basic_authentication_and_is_shown_nowhere() {
    run(async {
        let server = RawServer::start(faults::pages("x")).await;
        let session = session();
        let host = server.address();
        for (userinfo, expected) in [
            ("user:pass", "Basic dXNlcjpwYXNz"),
            ("user", "Basic dXNlcjo="),
            // "ü" and ":" in UTF-8, percent-encoded (RFC 7617, section 2.1).
            ("%C3%BC:a%3Ab", "Basic w7w6YTpi"),
        ] {
            let response = session.get(format!("http://{userinfo}@{host}/")).await.expect("a head");
            assert_eq!(response.url().as_str(), server.url("/"));
            response.bytes().await.expect("a body");
            let (_, head) = server.heads().pop().expect("a head");
            assert_eq!(head.all("authorization"), [expected], "{userinfo}");
            assert!(!String::from_utf8_lossy(&head.raw).contains('@'));
        }
        let own = session.get(format!("http://user:pass@{host}/")).header("authorization", "Bearer t");
        own.await.expect("a head").bytes().await.expect("a body");
        assert_eq!(server.heads().pop().expect("a head").1.all("authorization"), ["Bearer t"]);
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn a_password_is_in_no_error() {
    run(async {
        let refusing = crate::support::Refusing::new();
        let url = format!("http://user:s3cret@{}/", refusing.address());
        let error = fetch(&session(), &url).await.expect_err("refused");
        let mut shown = format!("{error} {error:?}");
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            shown += &format!("{error} {error:?}");
            cause = error.source();
        }
        assert!(!shown.contains("s3cret"), "{shown}");
    });
}

#[test]
fn a_bad_header_is_refused_by_name_and_its_value_kept_secret() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        for value in ["a\nb", "a\r\nSet-Cookie: x", "a\0b", "hidden\n"] {
            let get = session.get(server.url(0, "/")).header("x-token", value);
            let error = get.await.expect_err("no header");
            assert_eq!(error.kind(), &ErrorKind::InvalidHeader);
            assert!(error.message().is_some_and(|message| message.contains("x-token")), "{error}");
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
        for name in ["", "two words", "naïve", "a\n", "a:"] {
            let error = session.get(server.url(0, "/")).header(name, "x").await.expect_err("no name");
            assert_eq!(error.kind(), &ErrorKind::InvalidHeader, "{name:?}");
        }
        let error = Config::new().header("x-token", "a\nb").build().expect_err("no header");
        assert!(error.to_string().contains("x-token"), "{error}");
        assert_eq!(server.total().connections, 0);
    });
}

#[test]
fn a_bad_url_is_refused_with_its_text() {
    run(async {
        let session = session();
        for text in ["", "http//typo", "example.com", "http://", "http://[::1", "http://a b/", "//host/x"] {
            let error = session.get(text).await.expect_err(text);
            assert_eq!(error.code(), "invalid_url", "{text:?}: {error:?}");
            assert!(error.to_string().contains(text), "{text:?}: {error}");
            assert_eq!(error.attempts(), 0);
        }
        for text in ["ftp://example.com/", "file:///etc/passwd", "data:text/plain,x", "mailto:a@b"] {
            let error = session.get(text).await.expect_err(text);
            assert_eq!(error.code(), "unsupported_scheme", "{text:?}: {error:?}");
            assert_eq!(error.url().map(Url::as_str), Some(text));
        }
    });
}

#[test]
fn a_url_that_only_the_url_standard_takes_is_an_error_that_says_so() {
    run(async {
        let session = session();
        let long = format!("http://127.0.0.1:9/{}", "x".repeat(70_000));
        for text in ["http://a{b}.invalid/", "https://a,b.localhost/", &long] {
            let error = fetch(&session, text).await.expect_err("it is no URI");
            assert_eq!(error.code(), "invalid_url", "{error}");
            assert!(error.to_string().len() < 500, "{error}");
        }
    });
}

#[test]
fn a_fragment_of_any_length_stays_here() {
    run(async {
        let server = CountingServer::start().await;
        let url = format!("{}#{}", server.url(0, "/page/1"), "x".repeat(70_000));
        fetch(&session(), &url).await.expect("a page");
    });
}

#[test]
fn a_tunnel_is_refused() {
    run(async {
        let server = CountingServer::start().await;
        let error = session().request(Method::CONNECT, server.url(0, "/")).await.expect_err("no tunnel");
        assert_eq!(error.kind(), &ErrorKind::Unsupported { feature: "method", platform: "native" });
        assert_eq!(server.total().requests, 0);
    });
}

#[test]
fn options_that_make_no_sense_are_refused_by_name() {
    let both = Config::new().keep_alive(millis(1)).force_close(true).build().expect_err("contradiction");
    assert_eq!(both.kind(), &ErrorKind::InvalidOption { option: "keep_alive" });
    let zero = Config::new().timeout(super::help::total(0)).build().expect_err("no time");
    assert_eq!(zero.kind(), &ErrorKind::InvalidOption { option: "timeout.total" });
}

#[test]
fn raise_for_status_is_the_sessions_or_the_requests() {
    run(async {
        let server = CountingServer::start().await;
        let session = Config::new().raise_for_status(true).build().expect("a session");
        let url = server.url(0, "/status/503");
        let error = session.get(&url).await.expect_err("raised");
        assert_eq!((error.code(), error.attempts()), ("status", 1));
        assert!(error.to_string().contains("503"), "{error}");
        assert_eq!(session.figures().in_flight, 0);
        assert!(session.get(&url).raise_for_status(false).await.is_ok());
        assert!(session.get(server.url(0, "/status/399")).await.is_ok());
    });
}

#[test]
fn a_timeout_without_end_is_no_panic() {
    run(async {
        use std::time::Duration;
        let server = CountingServer::start().await;
        for limit in
            [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_secs(60 * 60 * 24 * 365 * 100)]
        {
            let timeout = dualfetch::Timeout::new().total(limit).wall(limit).queue(limit).connect(limit);
            let timeout = timeout.headers(limit).read(limit);
            let session = Config::new().timeout(timeout).build().expect("a session");
            // In pieces, so that the reading waits for a while.
            fetch(&session, &server.url(0, "/page/1?chunk=500&gap_ms=2")).await.expect("a page");
        }
    });
}

#[test]
fn outside_a_runtime_sending_is_an_error_and_no_panic() {
    let session = session();
    let request = Request::builder(Method::GET, "http://127.0.0.1:9/").build().expect("a request");
    let mut send = Box::pin(session.send(request));
    let waker = std::task::Waker::noop();
    let polled = send.as_mut().poll(&mut std::task::Context::from_waker(waker));
    match polled {
        std::task::Poll::Ready(Err(error)) => assert_eq!(error.code(), "closed"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn header_values_beyond_ascii_go_out_and_come_back_as_bytes() {
    run(async {
        let server = RawServer::start(faults::with_headers(&[("X-Name", "café")], "x")).await;
        let response = session().get(server.url("/")).header("x-name", "café").await.expect("a head");
        let expected = HeaderValue::from_bytes("café".as_bytes()).expect("a value");
        assert_eq!(response.headers().get("x-name"), Some(&expected));
        assert!(server.head(0).await.raw.windows(5).any(|bytes| bytes == "café".as_bytes()));
    });
}

#[test]
fn many_transports_in_turn_are_no_leak_of_connections() {
    run(async {
        let server = CountingServer::start().await;
        let session = DefaultSession::builder().http_version(HttpVersion::Auto).build().expect("a session");
        for version in
            [HttpVersion::Http1, HttpVersion::Http2, HttpVersion::Auto].into_iter().cycle().take(30)
        {
            let get = session.get(server.url(0, "/page/1")).http_version(version);
            get.await.expect("a head").bytes().await.expect("a body");
        }
        assert_eq!(server.total().connections, 3);
    });
}
