//! A response's body as a reader.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use dualfetch::platform::scripted::Reply;
use dualfetch::{BodyReader, Config, Error, ErrorKind, Phase, Request, Session, Timeout};
use futures_io::{AsyncBufRead, AsyncRead};

use crate::{once, secs, session};

/// Larger than what the engine takes in unasked.
const LARGE: usize = 300 * 1024;

async fn read(reader: &mut BodyReader, buf: &mut [u8]) -> io::Result<usize> {
    poll_fn(|cx| AsyncRead::poll_read(Pin::new(&mut *reader), cx, buf)).await
}

fn inner(error: &io::Error) -> &Error {
    error.get_ref().and_then(|inner| inner.downcast_ref()).expect("our own error inside")
}

#[test]
fn a_reader_gives_the_body_in_whatever_pieces_are_asked_for() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::ok("abc").pause(secs(1)).then("").then("defgh"));
    platform.run(async {
        let mut reader = session.get("https://a.example/").await.expect("a head").into_async_read();
        let mut buf = [0; 2];
        let mut all = vec![];
        assert_eq!(read(&mut reader, &mut []).await.expect("nothing asked for"), 0);
        loop {
            match read(&mut reader, &mut buf).await.expect("a body") {
                0 => break,
                count => all.extend_from_slice(&buf[..count]),
            }
        }
        assert_eq!(all, b"abcdefgh");
        assert_eq!(read(&mut reader, &mut buf).await.expect("still the end"), 0);
        assert_eq!(reader.response().transfer().decoded, 8);
    });
}

#[test]
fn a_buffered_reader_shows_what_has_come_until_it_is_consumed() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::ok("abc").pause(secs(1)).then("d"));
    platform.run(async {
        let mut reader = session.get("https://a.example/").await.expect("a head").into_async_read();
        for (seen, taken) in [("abc", 1), ("bc", 2), ("d", 1), ("", 0)] {
            let piece =
                poll_fn(|cx| Pin::new(&mut reader).poll_fill_buf(cx).map(|piece| piece.map(<[u8]>::to_vec)));
            assert_eq!(piece.await.expect("a body"), seen.as_bytes());
            Pin::new(&mut reader).consume(taken);
        }
    });
}

#[test]
fn an_error_keeps_its_type_and_stays() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::ok("ab").fail(ErrorKind::Disconnected).chunked());
    platform.run(async {
        let mut reader = session.get("https://a.example/").await.expect("a head").into_async_read();
        let mut buf = [0; 8];
        assert_eq!(read(&mut reader, &mut buf).await.expect("what came"), 2);
        for _ in 0..2 {
            let error = read(&mut reader, &mut buf).await.expect_err("cut off");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            let inner = inner(&error);
            assert_eq!(inner.kind(), &ErrorKind::Disconnected);
            assert_eq!(inner.url().map(dualfetch::Url::as_str), Some("https://a.example/"));
        }
    });
}

#[test]
fn a_timeout_while_reading_is_timed_out_and_names_its_phase() {
    let (platform, session) = session(Config::new().timeout(Timeout::new().read(secs(3))));
    platform.on("https://a.example/", Reply::ok(vec![0; LARGE]).stall().chunked());
    platform.run(async {
        let mut reader = session.get("https://a.example/").await.expect("a head").into_async_read();
        let mut buf = vec![0; LARGE];
        let error = loop {
            if let Err(error) = read(&mut reader, &mut buf).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(inner(&error).phase(), Some(Phase::Read));
    });
}

#[test]
fn dropping_a_reader_ends_the_transfer_and_gives_the_permit_back() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::ok(vec![0; LARGE]).stall());
    platform.run(async {
        let mut reader = session.get("https://a.example/").await.expect("a head").into_async_read();
        assert!(read(&mut reader, &mut [0; 10]).await.is_ok());
        assert_eq!((session.figures().in_flight, platform.open()), (1, 1));
        drop(reader);
        assert_eq!((session.figures().in_flight, platform.open()), (0, 0));
    });
}

#[test]
fn dropping_one_read_loses_nothing() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::ok("ab").pause(secs(1)).then("cd"));
    platform.run(async {
        let mut reader = session.get("https://a.example/").await.expect("a head").into_async_read();
        let mut buf = [0; 2];
        assert_eq!(read(&mut reader, &mut buf).await.expect("what came"), 2);
        assert!(once(&mut Box::pin(read(&mut reader, &mut buf))).await);
        assert_eq!(read(&mut reader, &mut buf).await.expect("the rest"), 2);
        assert_eq!(&buf, b"cd");
    });
}
