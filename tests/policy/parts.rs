//! Parts as they are read, from bodies that are sound, broken, cut anywhere and too large.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::pin::pin;

use bytes::Bytes;
use dualfetch::multipart::{Form, Multipart, Part, Reader};
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Config, ErrorKind, Result, Session};
use futures_util::{StreamExt, stream};

use crate::{once, secs, session};

const TYPE: &str = "multipart/mixed; boundary=b";

/// A part's name, type and content.
type Told = (Option<String>, Option<String>, String);

fn run<T>(read: impl AsyncFnOnce() -> T) -> T {
    Scripted::new(1).run(read())
}

fn reader(content_type: &str, pieces: &[&[u8]]) -> Result<Reader<'static>> {
    let pieces: Vec<_> =
        pieces.iter().map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    Reader::new(content_type, stream::iter(pieces))
}

async fn all(mut parts: Reader<'_>) -> Result<Vec<Told>> {
    let mut told = Vec::new();
    while let Some(part) = parts.next().await? {
        let name = part.name().map(str::to_owned);
        let content_type = part.content_type().map(str::to_owned);
        told.push((name, content_type, part.bytes().await?.escape_ascii().to_string()));
    }
    Ok(told)
}

fn read(pieces: &[&[u8]]) -> Result<Vec<Told>> {
    run(async || all(reader(TYPE, pieces)?).await)
}

fn contents(body: &str) -> Result<Vec<String>> {
    Ok(read(&[body.as_bytes()])?.into_iter().map(|(_, _, content)| content).collect())
}

#[test]
fn every_cut_gives_the_same_parts() {
    let body: &[u8] = b"to be\r\n--bb\r\npassed over\r\n--b \t\r\nContent-Disposition: form-data;\r\n name=\"n%22\"\r\n\
        Content-Type: text/plain\r\n\r\none\r\n--bx\r\n--\r\n-\r\r\n--b\r\n\r\n\r\n--b\r\nA: b\r\n\r\n--b\r\n\r\n\
        \xff\x00\r\n--\r\n--b--\r\n--b\r\n\r\nafter all\r\n--b--";
    let expected: Vec<Told> = vec![
        (Some("n\"".into()), Some("text/plain".into()), r"one\r\n--bx\r\n--\r\n-\r".into()),
        (None, None, String::new()),
        (None, None, String::new()),
        (None, None, r"\xff\x00\r\n--".into()),
    ];
    assert_eq!(read(&[body]).expect("parts"), expected);
    let bytes: Vec<_> = body.chunks(1).collect();
    assert_eq!(read(&bytes).expect("parts"), expected);
    for one in 0..body.len() {
        for other in [one + 1, one + 2, one + 7, body.len()] {
            let other = other.min(body.len());
            let cut = [&body[..one], &body[one..other], &body[other..]];
            assert_eq!(read(&cut).expect("parts"), expected, "{one} {other}");
        }
    }
}

#[test]
fn a_body_of_no_parts_is_one() {
    for body in ["--b--", "--b--\r\n", "nothing\r\n--b--\r\nhere"] {
        assert_eq!(contents(body).expect(body), Vec::<String>::new());
    }
}

#[test]
fn a_boundary_that_ends_elsewhere_on_its_line_is_content() {
    let long = " ".repeat(300);
    for inner in
        ["\r\n--b-", "\r\n--bb", "x--b", "\r\n --b", "\n--b\n", "\r\n--b x", &format!("\r\n--b{long}")]
    {
        let body = format!("--b\r\n\r\nx{inner}\r\n--b--");
        let expected = format!("x{inner}").escape_default().to_string();
        assert_eq!(contents(&body).expect(inner), [expected]);
    }
}

#[test]
fn what_is_cut_short_is_an_error_and_stays_one() {
    let body = "--b\r\nA: b\r\n\r\none\r\n--b\r\nA: b\r\n\r\ntwo\r\n--b--";
    for end in 0..body.len() {
        let result = read(&[&body.as_bytes()[..end]]);
        assert_eq!(result.expect_err("too short").kind(), &ErrorKind::Decode, "{end}");
    }
    run(async || {
        let mut parts = reader(TYPE, &[b"--b\r\n\r\none"]).expect("a boundary");
        let mut part = parts.next().await.expect("a head").expect("a part");
        assert_eq!(part.chunk().await.expect("what came").as_deref(), Some(b"one".as_slice()));
        for _ in 0..2 {
            let error = part.chunk().await.expect_err("no end");
            assert!(error.to_string().contains("ends within a part"), "{error}");
        }
        assert_eq!(parts.next().await.expect_err("nor a next one").kind(), &ErrorKind::Decode);
    });
}

#[test]
fn what_is_no_header_field_is_an_error_that_shows_it() {
    for line in ["no colon", ": x", "a b: c", "a\u{1}: b", "a: b\u{1}", " folded: from nothing", "--b--"] {
        let error = contents(&format!("--b\r\n{line}\r\n\r\nx\r\n--b--")).expect_err(line);
        assert_eq!(error.kind(), &ErrorKind::Decode, "{line}");
    }
    let error = contents("--b\r\nno colon\r\n\r\n\r\n--b--").expect_err("no field");
    assert!(error.to_string().contains("no colon"), "{error}");
}

#[test]
fn what_strangers_send_has_bounds() {
    let with = |count: usize, bytes: usize| {
        let fields: String = (0..count).map(|at| format!("x-{at}: {}\r\n", "v".repeat(bytes))).collect();
        format!("--b\r\n{fields}\r\n\r\n--b--")
    };
    contents(&with(128, 1)).expect("as many as are taken");
    assert_eq!(contents(&with(129, 1)).expect_err("more fields").kind(), &ErrorKind::HeadersTooLarge);
    contents(&with(1, 16_000)).expect("as large as is taken");
    assert_eq!(contents(&with(1, 17_000)).expect_err("larger fields").kind(), &ErrorKind::HeadersTooLarge);
    // Without an end, too, and by the bound that was set.
    assert_eq!(
        contents(&format!("--b\r\n{}", "x".repeat(20_000))).expect_err("large").kind(),
        &ErrorKind::HeadersTooLarge
    );
    run(async || {
        let body = "--b\r\nA: b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--";
        let parts = || reader(TYPE, &[body.as_bytes()]).expect("a boundary");
        assert_eq!(
            all(parts().max_header_bytes(3)).await.expect_err("6").kind(),
            &ErrorKind::HeadersTooLarge
        );
        assert!(all(parts().max_parts(2).max_part(3)).await.is_ok());
        assert_eq!(all(parts().max_parts(1)).await.expect_err("two").kind(), &ErrorKind::Decode);
        assert_eq!(
            all(parts().max_part(2)).await.expect_err("3").kind(),
            &ErrorKind::BodyTooLarge { limit: 2 }
        );
    });
}

#[test]
fn parts_stand_in_parts_to_some_depth() {
    let nested = |depth: u32| {
        let start = Multipart::new("mixed").part(Part::text("the end"));
        let parts = (1..depth).fold(start, |parts, _| Multipart::new("mixed").part(Part::multipart(parts)));
        parts.encode().expect("sound")
    };
    fn dig(mut parts: Reader<'_>) -> std::pin::Pin<Box<dyn Future<Output = Result<String>> + '_>> {
        Box::pin(async move {
            let part = parts.next().await?.expect("a part");
            match part.content_type() {
                Some(_) => dig(part.multipart()?).await,
                None => part.text().await,
            }
        })
    }
    for (depth, is_read) in [(1, true), (9, true), (10, false)] {
        let (body, content_type) = nested(depth);
        let content_type = content_type.to_str().expect("text");
        let result = run(async || dig(reader(content_type, &[body.as_bytes().expect("bytes")])?).await);
        match is_read {
            true => assert_eq!(result.expect("read"), "the end"),
            false => assert_eq!(result.expect_err("too deep").kind(), &ErrorKind::Decode),
        }
    }
}

#[test]
fn a_part_that_is_left_is_passed_over_however_far_it_was_read() {
    run(async || {
        let inner = "--i\r\n\r\nx\r\n--i\r\n\r\ny\r\n--i--";
        let body = format!(
            "--b\r\n\r\n{}\r\n--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n{inner}\r\n--b\r\n\r\nlast\r\n--b--",
            "one".repeat(9)
        );
        let pieces: Vec<_> = body.as_bytes().chunks(5).collect();
        let mut parts = reader(TYPE, &pieces).expect("a boundary");
        let mut first = parts.next().await.expect("a head").expect("a part");
        assert!(first.chunk().await.expect("some of it").is_some());
        {
            let second = parts.next().await.expect("a head").expect("a part");
            let mut inner = second.multipart().expect("parts in it");
            assert_eq!(inner.next().await.expect("a head").expect("a part").text().await.expect("text"), "x");
        }
        let last = parts.next().await.expect("a head").expect("a part");
        assert_eq!(last.text().await.expect("text"), "last");
        assert!(
            parts.next().await.expect("the end").is_none() && parts.next().await.expect("still").is_none()
        );
    });
}

#[test]
fn a_form_made_here_is_read_as_it_was_made() {
    let names = ["plain", "", "a \"quoted\"\r\nname", r"C:\folder\x", "ü€😀", "a;b=c", "%41"];
    let mut form = Form::new();
    for name in names {
        form = form
            .text(name, name)
            .part(name, Part::text("\r\n--").file_name(name).content_type("a/b; c=\"d\""));
    }
    let (body, content_type) = form.encode().expect("sound");
    let parts = reader(content_type.to_str().expect("text"), &[body.as_bytes().expect("bytes")]);
    run(async || {
        let mut parts = parts.expect("a boundary");
        for name in names {
            let part = parts.next().await.expect("a head").expect("a part");
            assert_eq!((part.name(), part.file_name(), part.content_type()), (Some(name), None, None));
            assert_eq!(part.text().await.expect("text"), name);
            let file = parts.next().await.expect("a head").expect("a part");
            assert_eq!((file.name(), file.content_type()), (Some(name), Some("a/b; c=\"d\"")));
            assert_eq!(file.file_name().unwrap_or_default(), name);
            assert_eq!(file.bytes().await.expect("bytes"), "\r\n--");
        }
        assert!(parts.next().await.expect("the end").is_none());
    });
}

#[test]
fn text_and_json_are_read_by_what_the_part_says() {
    let body: &[u8] = b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xC3\xA9\r\n--b\r\n\r\n[1]\r\n--b\r\n\r\n[\r\n--b--";
    run(async || {
        let mut parts = reader(TYPE, &[body]).expect("a boundary");
        assert_eq!(parts.next().await.expect("a head").expect("a part").text().await.expect("text"), "é");
        #[cfg(feature = "json")]
        {
            let part = parts.next().await.expect("a head").expect("a part");
            assert_eq!(part.json::<Vec<u8>>().await.expect("JSON"), [1]);
            let part = parts.next().await.expect("a head").expect("a part");
            assert_eq!(part.json::<Vec<u8>>().await.expect_err("half").kind(), &ErrorKind::Json);
        }
    });
}

#[test]
fn another_type_and_one_without_a_boundary_are_refused_at_once() {
    for content_type in [
        "",
        "text/html; boundary=b",
        "multipart/mixed",
        "multipart/mixed; boundary=",
        "multipartx/y; boundary=b",
    ] {
        let error = reader(content_type, &[]).expect_err(content_type);
        assert_eq!(error.kind(), &ErrorKind::ContentType, "{content_type}");
    }
    let quoted = "Multipart/X; a=\"; boundary=no\"; BOUNDARY=\"a b\"";
    let parts = reader(quoted, &[b"--a b\r\n\r\nx\r\n--a b--"]).expect("a boundary");
    assert_eq!(run(async || all(parts).await).expect("a part").len(), 1);
}

fn reply(content_type: &str) -> Reply {
    Reply::status(200).header("content-type", content_type)
}

#[test]
fn parts_of_a_response_come_as_they_are_sent() {
    let (platform, session) = session(Config::new());
    let frames = reply("multipart/x-mixed-replace; boundary=b").then("--b\r\n\r\nframe 1\r\n--b\r\n");
    platform.on("https://a.example/", frames.pause(secs(5)).then("\r\nframe 2\r\n--b\r\n\r\n").stall());
    platform.run(async {
        let mut parts = session.get("https://a.example/").await.expect("a head").multipart().expect("parts");
        assert_eq!(
            parts.next().await.expect("a head").expect("a part").text().await.expect("text"),
            "frame 1"
        );
        assert_eq!(platform.elapsed(), secs(0));
        // Given up in between: nothing is lost.
        assert!(once(&mut pin!(parts.next())).await);
        let mut part = parts.next().await.expect("a head").expect("a part");
        assert!(part.next().await.is_some_and(|piece| piece.is_ok_and(|piece| piece == "frame 2")));
        assert!(part.next().await.is_none());
        assert_eq!(platform.elapsed(), secs(5));
    });
}

#[test]
fn errors_of_a_response_s_parts_know_its_url_and_its_own_are_told() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", reply(TYPE).then("--b\r\n\r\none").fail(ErrorKind::Disconnected));
    platform.on("https://a.example/", reply(TYPE).then("--b\r\n\r\none"));
    platform.on("https://a.example/", reply("text/plain").then("x"));
    platform.run(async {
        for (kind, is_multipart) in
            [(ErrorKind::Disconnected, true), (ErrorKind::Decode, true), (ErrorKind::ContentType, false)]
        {
            let response = session.get("https://a.example/").await.expect("a head");
            let error = match response.multipart() {
                Ok(parts) => all(parts).await.expect_err("broken"),
                Err(error) => error,
            };
            assert_eq!((error.kind(), error.attempts()), (&kind, 1));
            assert_eq!(error.url().map(|url| url.as_str()), Some("https://a.example/"));
            assert_eq!(error.kind() != &ErrorKind::ContentType, is_multipart);
        }
    });
}

#[test]
fn a_permit_is_given_back_when_the_last_part_has_been_read() {
    let (platform, session) = session(Config::new().limit(1));
    let body = format!("--b\r\n\r\n{}\r\n--b--\r\n", "x".repeat(100_000));
    platform.on("https://a.example/", reply(TYPE).then(body));
    platform.run(async {
        let mut parts = session.get("https://a.example/").await.expect("a head").multipart().expect("parts");
        while parts.next().await.expect("a part").is_some() {}
        session.get("https://a.example/").await.expect("the permit is free");
        drop(parts);
    });
}

#[test]
fn parts_in_parts_are_read_within_the_bounds_of_those_around_them_and_know_whose_they_are() {
    const URL: &str = "https://a.example/";
    let inner = "--i\r\n\r\none\r\n--i\r\n\r\ntwo\r\n--i--";
    let body = format!("--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n{inner}\r\n--b--");
    let (platform, session) = session(Config::new());
    for _ in 0..3 {
        platform.on(URL, Reply::ok(body.clone()).header("content-type", TYPE));
    }
    platform.run(async {
        let around = async || session.get(URL).await.expect("a head").multipart().expect("parts");
        let mut parts = around().await.max_parts(1);
        let mut within = parts.next().await.expect("parts").expect("one").multipart().expect("parts in it");
        within.next().await.expect("the first of them");
        let error = within.next().await.expect_err("one is too many");
        assert_eq!((error.code(), error.attempts()), ("decode", 1), "{error}");
        assert_eq!(error.url().map(|url| url.as_str()), Some(URL));

        let mut parts = around().await.max_part(2);
        let mut within = parts.next().await.expect("parts").expect("one").multipart().expect("parts in it");
        let part = within.next().await.expect("parts").expect("one");
        let error = part.bytes().await.expect_err("three bytes");
        assert_eq!((error.code(), error.url().map(|url| url.as_str())), ("body_too_large", Some(URL)));

        let mut parts = around().await;
        let mut within = parts.next().await.expect("parts").expect("one").multipart().expect("parts in it");
        let part = within.next().await.expect("parts").expect("one");
        let error = part.multipart().expect_err("it is none");
        assert_eq!((error.code(), error.url().map(|url| url.as_str())), ("content_type", Some(URL)));
    });
}
