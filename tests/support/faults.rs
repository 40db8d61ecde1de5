//! Ready-made scripts: what servers and networks do wrong. Each begins by reading the request's head unless it
//! says otherwise. Those that answer in full serve every request of their connection; the others serve one.
//!
//! Where a fault comes after something that the client shall have read first, a variant takes a [`Gate`].

use std::fmt::Write as _;

use bytes::Bytes;

use super::events::Head;
use super::gate::{Gate, Pace};
use super::routes::titled;
use super::script::{ANYONE, Script};

const HTML: (&str, &str) = ("Content-Type", "text/html; charset=utf-8");

fn request() -> Script {
    Script::new().read_head()
}

fn html_head(script: Script, length: usize) -> Script {
    script.send_head("200 OK", &[HTML, ANYONE, ("Content-Length", &length.to_string())])
}

/// No fault: each request of the connection gets this page.
pub fn pages(page: impl Into<Bytes>) -> Script {
    Script::new().forever(request().send_page(page))
}

// ---- reset ----

/// RST as soon as the connection is accepted; nothing is read. The client may see it while it still connects.
pub fn reset_at_once() -> Script {
    Script::new().reset()
}

/// RST after the request, before a byte of the answer.
pub fn reset_before_head() -> Script {
    request().reset()
}

/// RST in the middle of a header line.
pub fn reset_inside_head() -> Script {
    request().send("HTTP/1.1 200 OK\r\nContent-Type: text/ht").reset()
}

/// RST between the head and a body of 1000 bytes.
pub fn reset_after_head() -> Script {
    html_head(request(), 1000).reset()
}

/// The same, once the gate opens.
pub fn reset_after_head_at(gate: &Gate) -> Script {
    html_head(request(), 1000).pause(gate).reset()
}

/// RST after half of a page of 1000 bytes, its title included.
pub fn reset_within_body() -> Script {
    half_page().reset()
}

/// The same, once the gate opens.
pub fn reset_within_body_at(gate: &Gate) -> Script {
    half_page().pause(gate).reset()
}

fn half_page() -> Script {
    html_head(request(), 1000).send(titled("Half", 1000).slice(..500))
}

// ---- closed too early ----

/// FIN after the request, before a byte of the answer.
pub fn close_before_head() -> Script {
    request().close()
}

/// FIN in the middle of a header line.
pub fn close_inside_head() -> Script {
    request().send("HTTP/1.1 200 OK\r\nContent-Type: text/ht").close()
}

/// A declared length that the body does not reach: `page`, then FIN.
pub fn short_content_length(declared: usize, page: impl Into<Bytes>) -> Script {
    html_head(request(), declared).send(page).close()
}

/// A keep-alive answer, then FIN without a word. A client that keeps the connection finds it dead.
pub fn close_after_response(page: impl Into<Bytes>) -> Script {
    request().send_page(page).close()
}

/// The same, but only once the gate opens: closed while it lies idle in the client's pool.
pub fn close_while_idle(page: impl Into<Bytes>, gate: &Gate) -> Script {
    request().send_page(page).pause(gate).close()
}

/// Answers one request, reads a second one on the same connection, and closes without an answer.
pub fn close_on_second_request(page: impl Into<Bytes>) -> Script {
    request().send_page(page).read_head().close()
}

// ---- chunked ----

fn chunked() -> Script {
    request().send_head("200 OK", &[HTML, ANYONE, ("Transfer-Encoding", "chunked")])
}

/// `bytes` as one chunk.
pub fn chunk(bytes: &[u8]) -> Bytes {
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    framed.into()
}

/// A good chunk, then one whose size is no number.
pub fn bad_chunk_size(start: &[u8]) -> Script {
    chunked().send(chunk(start)).send("zz\r\nmore\r\n0\r\n\r\n").expect_close()
}

/// A chunk size beyond 64 bits.
pub fn overflowing_chunk_size() -> Script {
    chunked().send("fffffffffffffffff\r\nmore\r\n").expect_close()
}

/// A good chunk and FIN where the last chunk should be.
pub fn chunked_without_end(start: &[u8]) -> Script {
    chunked().send(chunk(start)).close()
}

/// A chunk that declares more than comes before FIN.
pub fn short_chunk(start: &[u8]) -> Script {
    chunked().send(format!("{:x}\r\n", start.len() + 100)).send(Bytes::copy_from_slice(start)).close()
}

// ---- slow, silent, endless ----

/// A whole response, head included, in pieces of `chunk` bytes.
pub fn slow_drip(page: impl Into<Bytes>, chunk: usize, pace: Pace) -> Script {
    let page = page.into();
    let mut response =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", page.len())
            .into_bytes();
    response.extend_from_slice(&page);
    request().drip(response, chunk, pace).close()
}

/// A good head, then the page in pieces.
pub fn slow_body(page: impl Into<Bytes>, chunk: usize, pace: Pace) -> Script {
    let page = page.into();
    html_head(request(), page.len()).drip(page, chunk, pace).close()
}

/// Reads the request and is silent.
pub fn silent() -> Script {
    request().expect_close()
}

/// Reads nothing at all and is silent: a TLS client's handshake hangs here.
pub fn silent_at_once() -> Script {
    Script::new().expect_close()
}

/// `sent` bytes of a page of `declared` bytes, its title first, and then silence. `ended(..).quietly_by_peer()`
/// tells that the client ended it without another byte.
pub fn silent_after(title: &str, sent: usize, declared: usize) -> Script {
    let page = titled(title, sent);
    html_head(request(), declared).send(page.slice(..sent.min(page.len()))).expect_close()
}

/// 48 kB of a declared 5 MB, title first, and then silence.
pub fn silent_after_48_kb(title: &str) -> Script {
    silent_after(title, 48_000, 5_000_000)
}

/// A page's start and then text without end; no declared length, so only FIN would end it.
pub fn endless_body(title: &str, pace: Pace) -> Script {
    let start = titled(title, 0);
    let start = start.slice(..start.len() - "</p></body></html>\n".len());
    request()
        .send_head("200 OK", &[HTML, ANYONE, ("Connection", "close")])
        .send(start)
        .endless(text(16 * 1024), pace)
}

/// The same in chunks.
pub fn endless_chunks(title: &str, pace: Pace) -> Script {
    chunked().send(chunk(&titled(title, 0))).endless(chunk(&text(16 * 1024)), pace)
}

/// Header lines without end.
pub fn endless_headers(pace: Pace) -> Script {
    request()
        .send("HTTP/1.1 200 OK\r\n")
        .endless("X-Filler: 0123456789abcdef0123456789abcdef\r\n".repeat(64), pace)
}

/// 1xx answers without end.
pub fn endless_informational(pace: Pace) -> Script {
    request().endless("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n".repeat(16), pace)
}

fn text(length: usize) -> Bytes {
    "endless text ".bytes().cycle().take(length).collect()
}

// ---- heads ----

/// A good page under a header value of `length` bytes.
pub fn huge_header(length: usize, page: impl Into<Bytes>) -> Script {
    with_headers(&[("X-Huge", &"h".repeat(length))], page)
}

/// A good page under `count` headers.
pub fn many_headers(count: usize, page: impl Into<Bytes>) -> Script {
    let mut head = String::from("HTTP/1.1 200 OK\r\n");
    for index in 0..count {
        let _ = write!(head, "X-Header-{index}: {index}\r\n");
    }
    let page = page.into();
    let _ = write!(head, "Content-Length: {}\r\n\r\n", page.len());
    Script::new().forever(request().send(head).send(page))
}

/// A page under these headers beside its content length.
pub fn with_headers(headers: &[(&str, &str)], page: impl Into<Bytes>) -> Script {
    let page = page.into();
    let length = page.len().to_string();
    let all: Vec<_> =
        [HTML, ANYONE, ("Content-Length", length.as_str())].iter().chain(headers).copied().collect();
    Script::new().forever(request().send_head("200 OK", &all).send(page))
}

/// Something that is no HTTP in place of the status line.
pub fn garbage_status_line() -> Script {
    request().send("HTP/1.1 OK 200 or so\r\nContent-Length: 0\r\n\r\n").expect_close()
}

/// Another protocol's greeting, before the client says a word.
pub fn other_protocol() -> Script {
    Script::new().send("SSH-2.0-OpenSSH_9.9\r\n").expect_close()
}

/// Plain HTTP where a TLS client expects a handshake (nothing is read before).
pub fn plain_where_tls() -> Script {
    Script::new().send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").close()
}

/// Two content lengths that differ.
pub fn conflicting_lengths(page: impl Into<Bytes>) -> Script {
    with_headers(&[("Content-Length", "7")], page)
}

/// A content length that is no number.
pub fn bad_content_length(value: &str) -> Script {
    request().send_head("200 OK", &[HTML, ANYONE, ("Content-Length", value)]).send("body").expect_close()
}

/// More bytes than the declared length, and the connection left open: the rest must not become the next answer.
pub fn bytes_after_body(page: impl Into<Bytes>) -> Script {
    let smuggled = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled";
    request().send_page(page).send(smuggled).expect_close()
}

/// No length and no keep-alive, HTTP/1.0: FIN ends the body. Valid.
pub fn until_close(page: impl Into<Bytes>) -> Script {
    request()
        .send("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nAccess-Control-Allow-Origin: *\r\n\r\n")
        .send(page)
        .close()
}

/// `count` 1xx answers before the page. Valid.
pub fn informational_first(count: usize, page: impl Into<Bytes>) -> Script {
    Script::new().forever(request().send("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count)).send_page(page))
}

// ---- redirects ----

/// Each request of the connection is sent to `location`.
pub fn redirect(location: &str) -> Script {
    Script::new()
        .forever(request().send_head("302 Found", &[("Location", location), ("Content-Length", "0")]))
}

/// For [`super::RawServer::by_head`]: `/n` leads to `/n+1`, never twice to the same place and never to an end.
pub fn redirects_without_end(head: &Head) -> Script {
    let n: u64 = head.target.trim_start_matches('/').parse().unwrap_or(0);
    let location = format!("/{}", n.saturating_add(1));
    Script::new().send_head("302 Found", &[("Location", &location), ("Content-Length", "0")])
}

// ---- encodings ----

/// Plain text that claims to be encoded so.
pub fn wrong_content_encoding(encoding: &str, page: impl Into<Bytes>) -> Script {
    with_headers(&[("Content-Encoding", encoding)], page)
}

/// A gzip stream cut `missing` bytes before its end, under a content length that agrees with the cut.
pub fn truncated_gzip(page: &[u8], missing: usize) -> Script {
    let whole = gzip(page);
    let cut = whole.len().saturating_sub(missing);
    with_headers(&[("Content-Encoding", "gzip")], whole.slice(..cut))
}

/// A gzip stream whose checksum is wrong.
pub fn corrupt_gzip(page: &[u8]) -> Script {
    let mut bytes = gzip(page).to_vec();
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 0xff;
    with_headers(&[("Content-Encoding", "gzip")], bytes)
}

/// A valid gzip file, its deflate blocks stored rather than compressed: no library needed, so none to trust.
pub fn gzip(bytes: &[u8]) -> Bytes {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        file.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("blocks are of 65535 bytes at most");
        file.push(u8::from(blocks.peek().is_none()));
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend_from_slice(block);
    }
    file.extend(crc32(bytes).to_le_bytes());
    file.extend((bytes.len() as u32).to_le_bytes());
    file.into()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1)))
    })
}
