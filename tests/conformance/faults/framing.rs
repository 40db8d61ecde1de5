//! Heads and bodies as strange servers write them.

use dualfetch::Session;

use super::super::help::{outcome, session};
use super::{answer, rows};
use crate::support::{RawServer, faults};

pub async fn odd_but_understood(_: &()) {
    let ok = "200: body";
    let rest = "Content-Length: 4\r\n\r\nbody";
    let head = |line: &str| answer(format!("{line}\r\n{rest}"));
    let field = |field: &str| answer(format!("HTTP/1.1 200 OK\r\n{field}\r\n{rest}"));
    rows(vec![
        ("no reason", head("HTTP/1.1 200"), ok),
        ("no reason and a space", head("HTTP/1.1 200 "), ok),
        ("a reason beyond ASCII", head("HTTP/1.1 200 Größe"), ok),
        ("a reason of many words", head("HTTP/1.1 200 It is all right: really"), ok),
        ("HTTP/1.0 with a length", head("HTTP/1.0 200 OK"), ok),
        ("a status nobody knows", head("HTTP/1.1 299 Odd"), "299: body"),
        ("a status of 999", head("HTTP/1.1 999 Go away"), "999: body"),
        ("an empty value", field("X-Empty:"), ok),
        ("no space and many spaces", field("X-A:b\r\nX-C:   \t d  \t"), ok),
        ("a value beyond ASCII", field("X-Name: Gr\u{f6}\u{df}e"), ok),
        ("names in any case", answer("HTTP/1.1 200 OK\r\ncONTENT-lENGTH: 4\r\n\r\nbody"), ok),
        ("lines ended by LF alone", answer("HTTP/1.1 200 OK\nContent-Length: 4\n\nbody"), ok),
        ("an empty line before the head", answer(format!("\r\nHTTP/1.1 200 OK\r\n{rest}")), ok),
        ("the same length twice", field("Content-Length: 4"), ok),
        ("a length in a list of its own", answer("HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n\r\nbody"), ok),
        ("a length with zeros before it", answer("HTTP/1.1 200 OK\r\nContent-Length: 0004\r\n\r\nbody"), ok),
    ])
    .await;
}

/// Each could be read in two ways, by which requests and answers are smuggled.
pub async fn refused(_: &()) {
    let rest = "Content-Length: 4\r\n\r\nbody";
    let field = |field: &str| answer(format!("HTTP/1.1 200 OK\r\n{field}\r\n{rest}"));
    rows(vec![
        ("a space before the colon", field("X-A : b"), "protocol"),
        ("an empty name", field(": b"), "protocol"),
        ("a name with a space", field("X A: b"), "protocol"),
        ("a line folded", field("X-A: b\r\n c"), "protocol"),
        ("a bare CR in a value", field("X-A: b\rc"), "protocol"),
        ("a length with a sign", answer("HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\nbody"), "protocol"),
        ("an HTTP/0.9 answer", answer("body and nothing else\r\n\r\n"), "protocol"),
    ])
    .await;
}

pub async fn bodies_by_their_framing(_: &()) {
    let chunked = |head: &str, body: &str| {
        answer(format!("HTTP/1.1 200 OK\r\n{head}Transfer-Encoding: chunked\r\n\r\n{body}"))
    };
    let plain = "4\r\nbody\r\n0\r\n\r\n";
    rows(vec![
        ("in chunks", chunked("", plain), "200: body"),
        (
            "sizes in any case and with zeros",
            chunked("", "00A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n"),
            "200: 0123456789abcdefghij",
        ),
        ("an extension", chunked("", "4;name=\"a value\"\r\nbody\r\n0;last\r\n\r\n"), "200: body"),
        ("spaces behind the size", chunked("", "4  \r\nbody\r\n0\r\n\r\n"), "200: body"),
        ("trailers", chunked("Trailer: X-Sum\r\n", "4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n"), "200: body"),
        // RFC 9112, section 6.3: the length does not count.
        ("chunks and a length", chunked("Content-Length: 2\r\n", plain), "200: body"),
        ("no length, closed", answer("HTTP/1.1 200 OK\r\n\r\nbody"), "200: body"),
        (
            "shorter than its length",
            answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody"),
            "disconnected",
        ),
        ("longer than its length", answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbody"), "200: bod"),
        ("no last chunk", chunked("", "4\r\nbody\r\n"), "disconnected"),
        ("a chunk without its line's end", chunked("", "4\r\nbodyX0\r\n\r\n"), "protocol"),
        ("a size that is none", chunked("", "four\r\nbody\r\n0\r\n\r\n"), "protocol"),
    ])
    .await;
}

pub async fn no_body_whatever_they_say(_: &()) {
    let head = |status: u16, fields: &str| answer(format!("HTTP/1.1 {status} Odd\r\n{fields}\r\n\r\n"));
    rows(vec![
        ("204 with a length", head(204, "Content-Length: 4"), "204: "),
        ("304 with a length", head(304, "Content-Length: 4"), "304: "),
        ("204 in chunks", head(204, "Transfer-Encoding: chunked"), "204: "),
        ("204 in gzip", head(204, "Content-Encoding: gzip\r\nContent-Length: 20"), "204: "),
        ("304 in br", head(304, "Content-Encoding: br"), "304: "),
    ])
    .await;
}

pub async fn after_an_error_nothing_more_comes(_: &()) {
    let server = RawServer::start(faults::short_content_length(100, "some bytes")).await;
    let mut response = session().get(server.url("/")).await.expect("a head");
    assert_eq!(response.chunk().await.expect("a piece").as_deref(), Some(&b"some bytes"[..]));
    assert_eq!(outcome(&response.chunk().await), "disconnected");
    for _ in 0..3 {
        assert!(!matches!(response.chunk().await, Ok(Some(_))), "a piece after an error");
    }
}

pub async fn after_the_end_nothing_more_comes(_: &()) {
    let server = RawServer::start(faults::pages("all of it")).await;
    let mut response = session().get(server.url("/")).await.expect("a head");
    while response.chunk().await.expect("no error").is_some() {}
    for _ in 0..3 {
        assert_eq!(response.chunk().await.expect("no error"), None);
    }
    assert_eq!(response.bytes().await.expect("no error"), "", "what is left is nothing");
}
