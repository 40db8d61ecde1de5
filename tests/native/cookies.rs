//! Cookies over real connections: what is on the wire. What they mean is tested in virtual time.

use dualfetch::{Config, CookieJar, DefaultSession, HttpVersion, Session};

use crate::support::{CountingServer, RawServer, Script};

use super::help::{fetch, run, session};

fn with_addresses() -> DefaultSession {
    Config::new().cookie_store(CookieJar::new().allow_ip_hosts(true)).build().expect("a session")
}

#[test]
fn bytes_go_back_to_the_server_as_they_came_in_one_field() {
    run(async {
        let mut first = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n".to_vec();
        first
            .extend(b"Set-Cookie: a=\"x, \\\"y\\\"\"; Path=/\r\nSET-COOKIE:caf\xe9=\xff%20\x80;HttpOnly\r\n");
        first.extend(b"set-cookie: \xe6\x98\xa5=\xe8\x8a\x82\r\n\r\nok");
        let script = Script::new().read_head().send(first).read_head().send_page("there");
        let server = RawServer::start(script).await;
        let session = with_addresses();
        assert_eq!(fetch(&session, &server.url("/")).await.expect("a body"), "ok");
        assert_eq!(fetch(&session, &server.url("/x")).await.expect("a body"), "there");
        let (_, head) = server.heads().remove(1);
        let lines: Vec<_> =
            head.raw.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"cookie")).collect();
        let expected = b"cookie: a=\"x, \\\"y\\\"\"; caf\xe9=\xff%20\x80; \xe6\x98\xa5=\xe8\x8a\x82\r";
        assert_eq!(lines, [expected]);
    });
}

#[test]
fn the_same_over_http_1_1_and_http_2() {
    run(async {
        for version in [HttpVersion::Http1, HttpVersion::Http2] {
            let server = CountingServer::builder().hosts(2).start().await;
            let jar = CookieJar::new().allow_ip_hosts(true);
            let config = Config::new().http_version(version).cookie_store(jar.clone());
            let session = config.build().expect("a session");
            for name in ["a", "b"] {
                let set = session.get(server.url(0, &format!("/cookie/{name}/1"))).await.expect("a head");
                assert_eq!(set.cookies().map(|cookie| cookie.name().to_owned()).collect::<Vec<_>>(), [name]);
            }
            let redirected = server.url(0, "/redirect-to?location=/echo");
            let echo = session.get(redirected).cookie("own", "x").await.expect("a head");
            let echo = echo.text().await.expect("an echo");
            assert!(echo.contains("cookie: a=1; b=1; own=x\n"), "{version:?}: {echo}");
            // Ports part no cookies, but they are other origins: what is the request's own stays behind.
            let elsewhere = server.url(0, &format!("/redirect-to?location={}", server.url(1, "/echo")));
            let echo = session.get(elsewhere).cookie("own", "x").await.expect("a head");
            let echo = echo.text().await.expect("an echo");
            assert!(echo.contains("cookie: a=1; b=1\n"), "{version:?}: {echo}");
            assert_eq!(jar.len(), 2);
        }
    });
}

#[test]
fn a_session_with_the_defaults_keeps_cookies_of_names_and_not_of_addresses() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        for (host, expected) in [("localhost", true), ("127.0.0.1", false)] {
            let url = |path| server.url(0, path).replace("127.0.0.1", host);
            fetch(&session, &url("/cookie/a/1")).await.expect("a page");
            let echo = session.get(url("/echo")).await.expect("a head").text().await.expect("an echo");
            assert_eq!(echo.contains("cookie: a=1\n"), expected, "{echo}");
        }
    });
}
