//! A body in lines, in blocks, up to a separator: nothing is lost, whatever is given up in between.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::pin::pin;

use bytes::Bytes;
use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, ErrorKind, Lines, Response, Result, Session};
use futures_util::TryStreamExt;

use crate::{once, secs, session};

/// Has a response of these pieces, a second apart, read.
fn reading<T>(reply: Reply, read: impl AsyncFnOnce(Response) -> T) -> T {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", reply);
    platform.run(async { read(session.get("https://a.example/").await.expect("a head")).await })
}

/// These pieces, a second apart.
fn pieces(pieces: &[&'static str]) -> Reply {
    pieces.iter().fold(Reply::status(200), |reply, piece| reply.then(*piece).pause(secs(1)))
}

fn all_lines(reply: Reply, with: impl FnOnce(Lines) -> Lines) -> Vec<String> {
    reading(reply, async |response| with(response.lines()).try_collect().await.expect("lines"))
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.expect_err("an error").kind().clone()
}

#[test]
fn lines_end_in_lf_or_crlf_wherever_the_pieces_end() {
    let expected = ["a", "b", "", "c\rd", "e"];
    let body = "a\nb\r\n\nc\rd\r\ne";
    for at in 0..=body.len() {
        let (one, two) = body.split_at(at);
        assert_eq!(all_lines(pieces(&[one, two]), |lines| lines), expected, "{at}");
    }
    assert_eq!(all_lines(pieces(&["a\n"]), |lines| lines), ["a"]);
    assert_eq!(all_lines(pieces(&["\n"]), |lines| lines), [""]);
    assert_eq!(all_lines(pieces(&["a\r"]), |lines| lines), ["a\r"]);
    assert_eq!(all_lines(pieces(&[]), |lines| lines), Vec::<String>::new());
}

#[test]
fn a_line_is_there_as_soon_as_it_has_ended() {
    let reply =
        pieces(&["{\"a\":1}\n", "{\"b\":2}\n"]).header("content-type", "application/x-ndjson").stall();
    reading(reply.chunked(), async |response| {
        let mut lines = response.lines();
        assert_eq!(lines.try_next().await.expect("a line").as_deref(), Some("{\"a\":1}"));
        assert_eq!(lines.try_next().await.expect("a line").as_deref(), Some("{\"b\":2}"));
    });
}

#[test]
fn giving_a_line_up_loses_nothing() {
    let reply = pieces(&["on", "e\ntw", "o\n"]).header("content-type", "text/plain");
    reading(reply, async |response| {
        let mut lines = response.lines();
        for expected in [Some("one"), Some("two"), None] {
            assert!(once(&mut lines.next()).await, "{expected:?}");
            assert_eq!(lines.try_next().await.expect("a line").as_deref(), expected);
        }
    });
}

#[test]
fn a_line_too_long_is_an_error_whether_it_ends_or_not() {
    for body in ["ok\n12345678\n", "ok\n12345678", "ok\n123456789\nx"] {
        reading(pieces(&[body]), async |response| {
            let mut lines = response.lines().max_line(7);
            assert_eq!(lines.try_next().await.expect("a line").as_deref(), Some("ok"));
            let error = lines.try_next().await.expect_err("too long");
            assert_eq!(error.kind(), &ErrorKind::LineTooLong { limit: 7 }, "{body}");
            assert_eq!(error.url().map(dualfetch::Url::as_str), Some("https://a.example/"));
            assert!(lines.next().await.is_none(), "{body}");
        });
    }
    assert_eq!(all_lines(pieces(&["1234567", "\r", "\n1234567"]), |lines| lines.max_line(7)), ["1234567"; 2]);
}

#[test]
fn an_endless_line_is_given_up_soon_after_its_limit() {
    let reply = (0..100).fold(Reply::status(200), |reply, _| reply.then(vec![b'x'; 64 * 1024]));
    reading(reply.header("content-type", "text/plain"), async |mut response| {
        let error = response.until(b"\n", 100_000).await;
        assert_eq!(kind(error), ErrorKind::LineTooLong { limit: 100_000 });
        let read = response.transfer().decoded;
        let mut lines = response.lines();
        assert_eq!(kind(lines.try_next().await), ErrorKind::LineTooLong { limit: 1024 * 1024 });
        assert!(read <= 256 * 1024, "{read}");
    });
}

#[test]
fn a_failure_comes_after_the_lines_before_it_and_ends_them() {
    let reply = pieces(&["one\ntw"]).fail(ErrorKind::Disconnected).chunked();
    reading(reply.header("content-type", "text/plain"), async |response| {
        let mut lines = response.lines();
        assert_eq!(lines.try_next().await.expect("a line").as_deref(), Some("one"));
        assert_eq!(kind(lines.try_next().await), ErrorKind::Disconnected);
        assert!(lines.next().await.is_none());
    });
}

#[test]
fn lines_are_in_the_encoding_of_the_body() {
    let page = Reply::ok(b"<meta charset=windows-1251>\n\xcf\xf0\xe8\n".as_slice());
    let page = page.header("content-type", "text/html");
    assert_eq!(all_lines(page, |lines| lines), ["<meta charset=windows-1251>", "При"]);
    let labelled = Reply::ok(b"a\0\n\0b\0".as_slice()).header("content-type", "text/plain;charset=utf-16le");
    assert_eq!(all_lines(labelled, |lines| lines), ["a", "b"]);
}

#[test]
fn lines_are_in_the_encoding_that_is_asked_for() {
    let reply = || Reply::ok(b"\xcf\xf0\n\xe8".as_slice()).header("content-type", "text/plain;charset=utf-8");
    assert_eq!(all_lines(reply(), |lines| lines.encoding("cp1251")), ["Пр", "и"]);
    for unknown in ["no-such-thing", "", "utf-8; x", "ü"] {
        reading(reply(), async |response| {
            let mut lines = response.lines().encoding(unknown);
            let expected = ErrorKind::InvalidOption { option: "encoding" };
            assert_eq!(kind(lines.try_next().await), expected, "{unknown:?}");
            assert!(lines.next().await.is_none());
        });
    }
}

#[test]
fn lines_that_were_read_as_another_encoding_stand_and_the_next_ones_are_right() {
    let early = "für\nsüß\n".as_bytes();
    let late = b"\xf6l \xe4hnlich gr\xfc\xdfe\n".repeat(1000);
    let reply = Reply::ok(early).pause(secs(1)).then(late).header("content-type", "text/plain");
    let seen = all_lines(reply, |lines| lines);
    assert_eq!(seen.len(), 1002);
    assert_eq!(seen[..2], ["für", "süß"]);
    assert!(seen[2..].iter().all(|line| line == "öl ähnlich grüße"), "{:?}", &seen[2..4]);
}

#[test]
fn text_is_in_the_encoding_that_is_asked_for_but_a_byte_order_mark_is_stronger() {
    let text = |bytes: &'static [u8], label: &'static str| {
        let reply = Reply::html(bytes);
        reading(reply, async move |response| response.text_with(label).await)
    };
    let page = b"<meta charset=utf-8>\xcf\xf0\xe8";
    assert_eq!(text(page, " Windows-1251\n").expect("text"), "<meta charset=utf-8>При");
    assert_eq!(text(b"caf\xe9 \x80", "iso-8859-1").expect("text"), "café €");
    assert_eq!(text(b"\xef\xbb\xbf\xc3\xa9", "latin1").expect("text"), "é");
    assert_eq!(text(b"plain", "utf-8").expect("text"), "plain");
    for unknown in ["utf-9", "", "utf-8, x", "gbk\"", "ü"] {
        let error = text(b"plain", unknown).expect_err("no label");
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "encoding" }, "{unknown:?}");
        assert!(error.to_string().contains("https://a.example/"), "{error}");
    }
}

#[test]
fn a_separator_is_found_wherever_the_pieces_end() {
    let body = "aab--b-c--";
    for at in 0..=body.len() {
        let (one, two) = body.split_at(at);
        reading(pieces(&[one, two]), async |mut response| {
            let mut next = async || response.until(b"--", 5).await.expect("a part");
            for expected in [Some("aab--"), Some("b-c--"), None, None] {
                assert_eq!(next().await.as_deref(), expected.map(str::as_bytes), "{at}");
            }
        });
    }
}

#[test]
fn without_its_separator_what_is_left_is_the_last_part() {
    reading(pieces(&["a;b", "c"]), async |mut response| {
        assert_eq!(response.until(b";", 100).await.expect("a part"), Some(Bytes::from("a;")));
        assert_eq!(response.until(b";", 100).await.expect("a part"), Some(Bytes::from("bc")));
        assert_eq!(response.until(b";", 100).await.expect("the end"), None);
    });
    reading(pieces(&["abc"]), async |mut response| {
        assert_eq!(response.until(b"", 3).await.expect("all of it"), Some(Bytes::from("abc")));
    });
}

#[test]
fn a_part_longer_than_its_limit_can_be_read_otherwise() {
    reading(pieces(&["12", "345;", "rest"]), async |mut response| {
        let limit = ErrorKind::LineTooLong { limit: 5 };
        assert_eq!(kind(response.until(b";", 5).await), limit);
        assert_eq!(kind(response.until(b";", 5).await), limit);
        assert_eq!(response.read_exactly(1).await.expect("it"), Some(Bytes::from("1")));
        assert_eq!(response.until(b";", 5).await.expect("it"), Some(Bytes::from("2345;")));
        assert_eq!(response.text().await.expect("text"), "rest");
    });
}

#[test]
fn giving_a_part_up_loses_nothing() {
    reading(pieces(&["ab", "cd", ";ef", "gh"]), async |mut response| {
        for _ in 0..3 {
            assert!(once(&mut pin!(response.until(b";", 100))).await);
            assert!(once(&mut pin!(response.read_exactly(5))).await);
        }
        assert_eq!(response.until(b";", 100).await.expect("it"), Some(Bytes::from("abcd;")));
        assert!(once(&mut pin!(response.read_exactly(4))).await);
        assert_eq!(response.read_exactly(4).await.expect("it"), Some(Bytes::from("efgh")));
    });
}

#[test]
fn fewer_bytes_than_are_wanted_are_left_for_others() {
    reading(pieces(&["abc", "de"]), async |mut response| {
        assert_eq!(response.read_exactly(0).await.expect("nothing"), Some(Bytes::new()));
        assert_eq!(response.read_exactly(4).await.expect("it"), Some(Bytes::from("abcd")));
        assert_eq!(response.read_exactly(2).await.expect("the end"), None);
        assert_eq!(response.read_exactly(usize::MAX).await.expect("the end"), None);
        assert_eq!(response.transfer().decoded, 5);
        assert_eq!(response.bytes().await.expect("the rest"), "e");
    });
}

#[test]
fn what_was_read_ahead_goes_with_the_response_wherever_it_goes() {
    reading(pieces(&["a;bcd", "e"]), async |mut response| {
        response.until(b";", 100).await.expect("a part");
        let outside: http::Response<dualfetch::ResponseBody> = response.into();
        let mut response = Response::try_from(outside).expect("a response");
        assert_eq!(response.read_exactly(2).await.expect("it"), Some(Bytes::from("bc")));
        let lines: Vec<_> = response.lines().try_collect().await.expect("lines");
        assert_eq!(lines, ["de"]);
    });
}

#[test]
fn blocks_are_of_one_size_but_for_the_last() {
    for (size, expected) in [(3, vec!["abc", "def", "g"]), (7, vec!["abcdefg"]), (100, vec!["abcdefg"])] {
        let blocks: Vec<Bytes> = reading(pieces(&["ab", "cdef", "g"]), async |response| {
            response.blocks(size).try_collect().await.expect("blocks")
        });
        assert_eq!(blocks, expected, "{size}");
    }
    let single: Vec<Bytes> =
        reading(pieces(&["ab"]), async |response| response.blocks(0).try_collect().await.expect("blocks"));
    assert_eq!(single, ["a", "b"]);
}

#[test]
fn giving_a_block_up_loses_nothing() {
    reading(pieces(&["ab", "cd", "e"]), async |response| {
        let mut blocks = response.blocks(4);
        assert!(once(&mut blocks.next()).await);
        assert_eq!(blocks.try_next().await.expect("a block"), Some(Bytes::from("abcd")));
        assert!(once(&mut blocks.next()).await);
        assert_eq!(blocks.into_response().bytes().await.expect("the rest"), "e");
    });
}

#[test]
fn a_part_that_was_cut_off_is_no_last_part() {
    reading(pieces(&["a;bc"]).fail(ErrorKind::Disconnected).chunked(), async |mut response| {
        assert_eq!(response.until(b";", 100).await.expect("a part"), Some(Bytes::from("a;")));
        assert_eq!(kind(response.until(b";", 100).await), ErrorKind::Disconnected);
        assert_eq!(kind(response.read_exactly(3).await), ErrorKind::Disconnected);
        assert_eq!(response.chunk().await.expect("what came"), Some(Bytes::from("bc")));
        assert_eq!(kind(response.chunk().await), ErrorKind::Disconnected);
        assert_eq!(kind(response.bytes().await), ErrorKind::Disconnected);
    });
}
