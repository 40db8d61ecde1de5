//! `Location` as servers write it.

use dualfetch::Session;

use super::super::help::{outcome, session};
use crate::support::{RawServer, Script};

/// A server whose `/a/b?c` leads to this place (`{port}` is its own), and whose other paths say which they are.
async fn leads_to(status: u16, location: Option<&'static [u8]>) -> RawServer {
    let server = RawServer::by_head(move |head| {
        let body = |text: String| {
            let length = text.len().to_string();
            Script::new().send_head("200 OK", &[("Content-Length", &length)]).send(text)
        };
        if head.target != "/a/b?c" {
            return body(head.target.clone());
        }
        let host = head.header("host").unwrap_or_default().as_bytes();
        let mut bytes = format!("HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\n").into_bytes();
        if let Some(location) = location {
            bytes.extend_from_slice(b"Location: ");
            match location.windows(4).position(|word| word == b"HOST") {
                Some(at) => bytes.extend([&location[..at], host, &location[at + 4..]].concat()),
                None => bytes.extend_from_slice(location),
            }
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        Script::new().send(bytes)
    });
    server.await
}

pub async fn read_as_a_browser_does(_: &()) {
    let (session, mut wrong) = (session(), Vec::new());
    for (location, expected) in [
        (&b"/x"[..], "/x"),
        (b"x", "/a/x"),
        (b"../x", "/x"),
        (b"../../../x", "/x"),
        (b"?x", "/a/b?x"),
        (b"//HOST/x", "/x"),
        (b"http://HOST/x", "/x"),
        (b"HTTP://HOST", "/"),
        (b"http:/x", "/x"),
        (b"http:x", "/a/x"),
        (b"  /x \t ", "/x"),
        (b"\\x", "/x"),
        (b"/x y", "/x%20y"),
        (b"/x%20y%2Fz", "/x%20y%2Fz"),
        (b"/x?y=%2f&z=/../", "/x?y=%2f&z=/../"),
        ("/ü?ö".as_bytes(), "/%C3%BC?%C3%B6"),
        (b"/x#there", "/x"),
        (b"/x//y/./z", "/x//y/z"),
    ] {
        let server = leads_to(302, Some(location)).await;
        let seen = match session.get(server.url("/a/b?c")).await {
            Ok(response) => response.text().await.expect("a body"),
            Err(error) => format!("{error:?}"),
        };
        if seen != expected {
            wrong.push(format!("{}: {seen} instead of {expected}", String::from_utf8_lossy(location)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub async fn that_lead_nowhere(_: &()) {
    let session = session();
    for location in [
        &b"ftp://HOST/x"[..],
        b"file:///etc/passwd",
        b"data:text/plain,x",
        b"javascript:alert(1)",
        b"about:blank",
        b"http://",
        b"http://a b/",
        b"http://[::1/",
        b"http://HOST:99999/",
    ] {
        let server = leads_to(302, Some(location)).await;
        let result = session.get(server.url("/a/b?c")).await;
        assert_eq!(outcome(&result), "redirect", "{}", String::from_utf8_lossy(location));
    }
}

pub async fn statuses_that_are_followed_and_those_that_are_not(_: &()) {
    let session = session();
    for (status, is_followed) in [
        (301, true),
        (302, true),
        (303, true),
        (307, true),
        (308, true),
        (201, false),
        (300, false),
        (304, false),
        (305, false),
        (306, false),
        (399, false),
        (404, false),
    ] {
        let server = leads_to(status, Some(b"/x")).await;
        let response = session.get(server.url("/a/b?c")).await.expect("a head");
        assert_eq!(response.status().as_u16(), if is_followed { 200 } else { status });
        let server = leads_to(status, None).await;
        let response = session.get(server.url("/a/b?c")).await.expect("a head");
        assert_eq!((response.status().as_u16(), response.history().len()), (status, 0));
    }
}
