//! HTTP/1.1, in plain where TLS makes no difference.

use std::time::Duration;

use crate::support::{ANYONE, Certificate, Pace, Script, Step, faults};
use crate::visits::{Act, Bound};

use super::{Row, Server, Stage};

const PAGE: &str = "<title>A page</title>";

pub(super) fn head() -> Vec<Row> {
    let row = |name, script| Row::new(Stage::Head, name, Server::plain(script));
    let lost = |name, script| row(name, script).seen("disconnected", "network", "disconnected");
    let bad = |name, script| row(name, script).seen("protocol", "network", "protocol");
    vec![
        lost("closed before the head", faults::close_before_head()),
        lost("closed inside the head", faults::close_inside_head()),
        lost("reset before the head", faults::reset_before_head()),
        lost("reset inside the head", faults::reset_inside_head()),
        row("silent before the head", faults::silent()).everywhere_bound(Bound::Headers, "timeout headers"),
        row(
            "silent inside the head",
            Script::new().read_head().send("HTTP/1.1 200 OK\r\nX-Half: ").expect_close(),
        )
        .everywhere_bound(Bound::Headers, "timeout headers"),
        bad("a garbage status line", faults::garbage_status_line()),
        // Told before the request is sent, or after.
        bad("another protocol's greeting before the request", faults::other_protocol())
            .natively("protocol/disconnected"),
        bad("HTTP/2 that was not asked for", answer("\0\0\0\x04\0\0\0\0\0").expect_close()),
        bad(
            "a status of four digits",
            answer("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n").expect_close(),
        ),
        row("a status of two digits", answer("HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n").expect_close())
            .natively("protocol")
            .page("network"),
        row("another version", answer("HTTP/3.7 200 OK\r\nContent-Length: 0\r\n\r\n").expect_close())
            .natively("protocol"),
        row(
            "a switch that was not asked for",
            answer("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
                .expect_close(),
        )
        .natively("protocol"),
        row(
            "a header line without a colon",
            answer("HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n").expect_close(),
        )
        .natively("protocol"),
        bad(
            "a header value with a NUL",
            answer("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n").expect_close(),
        ),
        row("a header of a megabyte", faults::huge_header(1 << 20, PAGE))
            .natively("headers_too_large")
            .page("network"),
        row("two hundred header fields", faults::many_headers(200, PAGE)).natively("headers_too_large"),
        row("header fields without end", faults::endless_headers(Pace::AtOnce))
            .natively("headers_too_large")
            .page("network"),
        bad("two lengths that differ", faults::conflicting_lengths(PAGE)),
        row("a negative length", faults::bad_content_length("-1")).natively("protocol"),
        row("a length that is no number", faults::bad_content_length("many")).natively("protocol"),
        row("a length beyond 64 bits", faults::bad_content_length("99999999999999999999999"))
            .natively("protocol"),
        row(
            "interim answers without end",
            faults::endless_informational(Pace::Gap(Duration::from_millis(1))),
        )
        .natively_bound(Bound::Total, "timeout total"),
        row(
            "a long upload that is never read",
            Script::new().step(Step::DeafFor(Duration::from_secs(1))).reset(),
        )
        .act(Act::Upload)
        .natively_bound(Bound::Headers, "timeout headers"),
        row("reset within a long upload", Script::new().read_head().reset())
            .act(Act::Upload)
            .natively("disconnected"),
        row(
            "answered within a long upload, which is read",
            answer("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").read_body().half_close(),
        )
        .act(Act::Upload)
        .natively("ok"),
    ]
}

pub(super) fn between() -> Vec<Row> {
    let row = |name, script| Row::new(Stage::Between, name, Server::plain(script));
    let lost = |name, script| row(name, script).seen("disconnected", "network", "disconnected");
    vec![
        lost("closed after the head", faults::short_content_length(1000, "")),
        lost("reset after the head", faults::reset_after_head()),
        lost("closed before the first chunk", chunked().close()),
        row("silent after the head", declared(1000).expect_close())
            .everywhere_bound(Bound::Read, "timeout read"),
        row("silent before the first chunk", chunked().expect_close())
            .everywhere_bound(Bound::Read, "timeout read"),
    ]
}

pub(super) fn body() -> Vec<Row> {
    let row = |name, script| Row::new(Stage::Body, name, Server::plain(script));
    let lost = |name, script| row(name, script).seen("disconnected", "network", "disconnected");
    let bad = |name, script| row(name, script).seen("protocol", "network", "protocol");
    let page = b"<title>Some page</title>".repeat(100);
    let gzip = faults::gzip(&page);
    let cut = [ANYONE, ("Content-Encoding", "gzip"), ("Content-Length", "100000")];
    vec![
        lost("closed within a declared length", faults::short_content_length(1000, "short")),
        lost("reset within a declared length", faults::reset_within_body()),
        lost("closed within a chunk", faults::short_chunk(b"abc")),
        row(
            "closed within gzip",
            Script::new().read_head().send_head("200 OK", &cut).send(gzip.slice(..1000)).close(),
        )
        .natively("disconnected"),
        row("silent within a declared length", declared(1000).send("half").expect_close())
            .everywhere_bound(Bound::Read, "timeout read"),
        row("silent within a chunk", chunked().send("10\r\nhalf").expect_close())
            .everywhere_bound(Bound::Read, "timeout read"),
        bad("a chunk size that is no number", faults::bad_chunk_size(b"abc")),
        row("a chunk size beyond 64 bits", faults::overflowing_chunk_size()).natively("protocol"),
        row("a chunk longer than it says", chunked().send("3\r\nabcdef\r\n0\r\n\r\n").expect_close())
            .natively("protocol"),
        row("a chunk extension of a megabyte", chunked().send("3;").send("x".repeat(1 << 20)).expect_close())
            .natively("protocol"),
        row("a body without end", faults::endless_body("Endless", Pace::AtOnce))
            .everywhere_bound(Bound::Total, "timeout total"),
        row("chunks without end", faults::endless_chunks("Endless", Pace::AtOnce))
            .everywhere_bound(Bound::Total, "timeout total"),
        row("gzip with a wrong checksum", faults::corrupt_gzip(&page)).natively("decode"),
        row("gzip cut short", faults::truncated_gzip(&page, 1000)).natively("decode"),
        row("plain text called br", faults::wrong_content_encoding("br", "plain text")).natively("decode"),
    ]
}

pub(super) fn end() -> Vec<Row> {
    let row = |name, script| Row::new(Stage::End, name, Server::plain(script));
    let lost = |name, script| row(name, script).seen("disconnected", "network", "disconnected");
    let secure = |name, script| {
        let server = Server::Tls {
            certificate: Certificate::Valid,
            alpn: &["http/1.1"],
            client_auth: false,
            scripts: vec![script],
        };
        Row::new(Stage::End, name, server)
    };
    let until_close = || Script::new().read_head().send("HTTP/1.1 200 OK\r\n\r\n").send(PAGE);
    vec![
        lost("closed where the last chunk should be", faults::chunked_without_end(b"abc")),
        row("closed after the last chunk's size", chunked().send("3\r\nabc\r\n0\r\n").close())
            .natively("disconnected"),
        row("silent where the last chunk should be", chunked().send("3\r\nabc\r\n").expect_close())
            .everywhere_bound(Bound::Read, "timeout read"),
        row(
            "a trailer without a colon",
            chunked().send("3\r\nabc\r\n0\r\nno colon here\r\n\r\n").expect_close(),
        )
        .natively("protocol"),
        row(
            "trailers without end",
            chunked().send("3\r\nabc\r\n0\r\n").endless("X-Filler: 0123456789\r\n".repeat(100), Pace::AtOnce),
        )
        .natively("protocol"),
        row("no length, and reset", until_close().reset()).natively("disconnected"),
        row("no length, and closed: that is its end", faults::until_close(PAGE)).seen("ok", "ok", "ok"),
        secure("no length, and closed as TLS has it", until_close().close()).natively("ok"),
        secure("no length, and closed without TLS's leave", until_close().cut()).natively("disconnected"),
        secure("a declared length, and closed as TLS has it", declared(1000).send("short").close())
            .natively("disconnected"),
        row("more than the declared length", faults::bytes_after_body(PAGE)).seen("ok", "ok", "ok"),
    ]
}

pub(super) fn idle() -> Vec<Row> {
    let fine = || faults::pages(PAGE);
    let twice = |name, first: Script| {
        Row::new(Stage::Idle, name, Server::Plain(vec![first, fine()])).act(Act::AfterIdle)
    };
    let once = || Script::new().read_head().send_page(PAGE);
    let late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    vec![
        twice("closed while idle", once().half_close()).natively("ok").page("ok"),
        twice("told that it took too long, while idle", once().send(late).half_close())
            .natively("ok")
            .page("ok"),
        twice("an answer that nobody asked for, while idle", faults::bytes_after_body(PAGE))
            .natively("ok")
            .page("ok"),
        Row::new(
            Stage::Idle,
            "closed at the second request",
            Server::plain(faults::close_on_second_request(PAGE)),
        )
        .act(Act::Again)
        .natively("disconnected"),
        Row::new(
            Stage::Idle,
            "silent at the second request",
            Server::plain(once().read_head().expect_close()),
        )
        .act(Act::Again)
        .natively_bound(Bound::Headers, "timeout headers")
        .page("timeout headers"),
    ]
}

fn answer(text: &'static str) -> Script {
    Script::new().read_head().send(text)
}

fn declared(length: usize) -> Script {
    Script::new().read_head().send_head("200 OK", &[ANYONE, ("Content-Length", &length.to_string())])
}

fn chunked() -> Script {
    Script::new().read_head().send_head("200 OK", &[ANYONE, ("Transfer-Encoding", "chunked")])
}
