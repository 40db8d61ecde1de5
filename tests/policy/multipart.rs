//! Forms and other multipart bodies as they are sent.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use bytes::Bytes;
use dualfetch::multipart::{Form, Multipart, Part, Quoting};
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Body, Config, ErrorKind, Method, Request, Retry, Session};
use futures_util::stream;

use crate::session;

const URL: &str = "https://a.example/";

fn once(pieces: &'static [&'static str]) -> Body {
    Body::stream(stream::iter(pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece))))
}

fn again(pieces: &'static [&'static str]) -> Body {
    Body::replayable(move || stream::iter(pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece))))
}

fn bodies(platform: &Scripted) -> Vec<String> {
    let body = |body: Option<Bytes>| String::from_utf8(body.unwrap_or_default().to_vec()).expect("text");
    platform.calls().into_iter().map(|call| body(call.body)).collect()
}

/// A form's body, all of it bytes.
fn written(form: Form) -> String {
    let (body, _) = form.boundary("b").encode().expect("sound");
    String::from_utf8(body.as_bytes().expect("bytes").to_vec()).expect("text")
}

#[test]
fn a_form_is_written_as_a_browser_writes_it() {
    let file = Part::bytes(b"\x89PNG".as_slice()).file_name("a.png").content_type("image/png");
    let form = Form::new().text("title", "zwölf\nBoxkämpfer").text("title", "").part("file", file);
    let expected = b"--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nzw\xC3\xB6lf\nBoxk\xC3\xA4mpfer\r\n\
        --b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\
        --b--\r\n";
    let (body, content_type) = form.boundary("b").encode().expect("sound");
    assert_eq!(body.as_bytes().expect("bytes").as_ref(), expected.as_slice());
    assert_eq!(content_type, "multipart/form-data; boundary=b");
    assert_eq!(written(Form::new()), "--b--\r\n");
    assert_eq!(written([("a", "1")].into_iter().collect()), written(Form::new().text("a", "1")));
}

#[test]
fn names_cannot_end_their_field() {
    let form = Form::new().part("a\"\r\nX: y\0", Part::text("").file_name("ö\\\"\t\x7F%22.txt"));
    assert!(
        written(form).contains(
            "form-data; name=\"a%22%0D%0AX: y%00\"; filename=\"ö\\%22\t%7F%22.txt\"\r\nContent-Type: application/octet-stream\r\n"
        ),
    );
}

#[test]
fn a_backslash_at_the_end_cannot_be_taken_for_an_escape_of_the_quote() {
    let form = Form::new().part("a\\b\\", Part::text("").file_name("c\\"));
    assert!(written(form).contains("name=\"a\\b%5C\"; filename=\"c%5C\"\r\n"));
}

#[test]
fn a_file_name_can_be_extended_where_a_peer_wants_it() {
    let form = |name: &str| {
        written(Form::new().part("f", Part::text("").file_name(name)).quoting(Quoting::Extended))
    };
    assert!(form("€ a.txt").contains("; filename=\"_ a.txt\"; filename*=UTF-8''%E2%82%AC%20a.txt\r\n"));
    assert!(form("plain.txt").contains("; filename=\"plain.txt\"\r\n"));
}

#[test]
fn the_boundary_is_another_each_time_and_quoted_where_it_must_be() {
    let content_type = |form: Form| form.encode().expect("sound").1.to_str().expect("text").to_owned();
    let form = Form::new().text("a", "1");
    assert_ne!(content_type(form.clone()), content_type(form.clone()));
    assert_eq!(content_type(form.clone().boundary("a b")), "multipart/form-data; boundary=\"a b\"");
    assert_eq!(content_type(form.boundary("a+'b")), "multipart/form-data; boundary=a+'b");
}

#[test]
fn a_boundary_that_a_part_holds_is_refused_wherever_it_stands() {
    let large = [&[b'x'; 100_000], b"\r\n--b".as_slice()].concat();
    let nested = Multipart::new("mixed").part(Part::text("inner")).boundary("bc");
    for part in [Part::text("--b"), Part::text("x\r\n--b\r\n"), Part::bytes(large), Part::multipart(nested)] {
        let error = Form::new().part("a", part).boundary("b").encode().expect_err("it stands there");
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "boundary" });
    }
    Form::new().text("b", "-b b -").boundary("b").encode().expect("nowhere after two hyphens");
    for wrong in ["", "ä", "a\r\nb"] {
        let error = Form::new().boundary(wrong).encode().expect_err(wrong);
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "boundary" });
    }
}

#[test]
fn bad_input_is_told_when_the_request_is_built_and_names_the_part() {
    for part in [
        Part::text("x").content_type("image"),
        Part::text("x").content_type("image/png\r\nx: y"),
        Part::text("x").header("a b", "c"),
        Part::text("x").header("x-a", "b\r\nc: d"),
        Part::text("x").header("content-disposition", "attachment"),
    ] {
        let form = Form::new().text("fine", "").part("broken", part);
        let error = Request::builder(Method::POST, URL).multipart(form).build().expect_err("bad input");
        assert_eq!(error.kind(), &ErrorKind::InvalidHeader);
        assert!(error.to_string().contains("the part \"broken\""), "{error}");
    }
    for parts in [
        Multipart::new("form data"),
        Multipart::new("mixed").parameter("a b", "c"),
        Multipart::new("mixed").parameter("boundary", "c"),
        Multipart::new("mixed").parameter("a", "b\r\nc"),
    ] {
        assert_eq!(parts.encode().expect_err("bad input").kind(), &ErrorKind::InvalidHeader);
    }
}

#[test]
fn parts_stand_in_parts_and_other_subtypes_have_no_names() {
    let files = Multipart::new("mixed")
        .part(Part::text("one").file_name("1.txt").content_type("text/plain"))
        .part(Part::text("two").header("content-disposition", "inline").file_name("unused"))
        .boundary("inner");
    let form = Form::new().part("files", Part::multipart(files).header("x-count", "2"));
    assert_eq!(
        written(form),
        "--b\r\nContent-Disposition: form-data; name=\"files\"\r\nContent-Type: multipart/mixed; boundary=inner\r\n\
         X-Count: 2\r\n\r\n\
         --inner\r\nContent-Disposition: attachment; filename=\"1.txt\"\r\nContent-Type: text/plain\r\n\r\none\r\n\
         --inner\r\nContent-Disposition: inline\r\n\r\ntwo\r\n--inner--\r\n\r\n--b--\r\n"
    );
}

#[test]
fn the_type_goes_with_the_form_whatever_was_set_before() {
    let builder = Request::builder(Method::POST, URL).header("content-type", "multipart/form-data");
    let request = builder.multipart(Form::new().text("a", "1").boundary("b")).build().expect("sound");
    let types: Vec<_> = request.headers().get_all("content-type").iter().collect();
    assert_eq!(types, ["multipart/form-data; boundary=b"]);
}

#[test]
fn a_body_in_place_of_another_has_its_own_type() {
    let builder = || Request::builder(Method::POST, URL).multipart(Form::new()).text("x");
    let content_type =
        |request: Request| request.headers()["content-type"].to_str().expect("text").to_owned();
    assert_eq!(content_type(builder().build().expect("sound")), "text/plain; charset=utf-8");
    let request = builder().form([("a", "1")]).build().expect("sound");
    assert_eq!(content_type(request), "application/x-www-form-urlencoded");
    let by_hand = builder().header("content-type", "x/y").form([("a", "1")]).build().expect("sound");
    assert_eq!(content_type(by_hand), "x/y");
}

#[test]
fn the_length_is_known_where_each_part_s_is() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    for (stream, is_known) in [(once(&["ab", "c"]).with_length(3), true), (once(&["ab", "c"]), false)] {
        let form = Form::new().text("a", "1").part("s", Part::new(stream)).boundary("b");
        let (body, _) = form.clone().encode().expect("sound");
        assert_eq!(body.length().is_some(), is_known);
        platform.run(session.post(URL).multipart(form).send()).expect("an answer");
        let sent = bodies(&platform).pop().expect("a call");
        assert!(body.length().is_none_or(|length| length == sent.len() as u64));
        assert!(sent.ends_with("name=\"s\"\r\n\r\nabc\r\n--b--\r\n"), "{sent}");
    }
}

#[test]
fn a_form_is_sent_again_where_each_part_can_be() {
    for status in [307, 308] {
        let (platform, session) = session(Config::new());
        platform.on(URL, Reply::redirect(status, "/next"));
        platform.on("https://a.example/next", Reply::ok("x"));
        let form = |stream| Form::new().part("s", Part::new(stream)).text("a", "1");
        platform.run(session.post(URL).multipart(form(again(&["x", "y"]))).send()).expect("an answer");
        let sent = bodies(&platform);
        assert!(sent.len() == 2 && sent[0] == sent[1] && sent[0].contains("\r\nxy\r\n"), "{sent:?}");
        let types: Vec<_> =
            platform.calls().iter().map(|call| call.headers["content-type"].clone()).collect();
        assert_eq!(types[0], types[1]);

        let error =
            platform.run(session.post(URL).multipart(form(once(&["x"]))).send()).expect_err("it is gone");
        assert_eq!(error.kind(), &ErrorKind::BodyConsumed);
    }
}

#[test]
fn a_retry_sends_a_form_again_only_where_it_can_be_made_again() {
    for (stream, calls) in [(once(&["x"]), 1), (again(&["x"]), 2)] {
        let (platform, session) = session(Config::new().retry(Retry::standard()));
        platform.on(URL, Reply::status(503));
        platform.on(URL, Reply::ok("x"));
        let form = Form::new().part("s", Part::new(stream));
        let response = platform.run(session.put(URL).multipart(form).send()).expect("an answer");
        assert_eq!(response.status(), if calls == 1 { 503 } else { 200 });
        assert_eq!(bodies(&platform).len(), calls);
    }
}

#[test]
fn an_error_of_a_part_s_stream_names_the_part() {
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    let failing = stream::iter([Ok("some"), Err(std::io::Error::other("the disk is gone"))]);
    for (body, why) in [
        (Body::stream(failing), "the disk is gone"),
        (once(&["abc"]).with_length(2), "more than the 2 bytes"),
    ] {
        let form = Form::new().text("a", "1").part("film", Part::new(body));
        let error = platform.run(session.post(URL).multipart(form).send()).expect_err("it failed");
        assert_eq!(error.kind(), &ErrorKind::RequestBody);
        let text = error.to_string();
        assert!(text.contains("the part \"film\"") && text.contains(why), "{text}");
    }
}

#[test]
fn large_bytes_are_sent_from_where_they_are() {
    let large = Bytes::from(vec![b'x'; 200_000]);
    let form = Form::new().text("a", "1").part("large", Part::bytes(large.clone()));
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::ok("x"));
    platform.run(session.post(URL).multipart(form).send()).expect("an answer");
    let sent = platform.calls().pop().and_then(|call| call.body).expect("a body");
    assert!(sent.windows(large.len()).any(|part| part == large));
}

#[test]
fn debug_shows_no_content() {
    let form = Form::new().text("password", "hunter2").part("b", Part::bytes(b"hunter2".as_slice()));
    assert!(!format!("{form:?}").contains("hunter2"));
    assert!(format!("{form:?}").contains("password"));
}

/// There are files natively alone.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_file_has_its_name_its_type_and_its_length_and_is_opened_for_each_sending() {
    let folder = std::env::temp_dir().join(format!("dualfetch-multipart-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("Ö \"x\".PNG");
    std::fs::write(&path, "a picture").expect("a file");
    let (platform, session) = session(Config::new());
    platform.on(URL, Reply::redirect(307, "/next"));
    platform.on("https://a.example/next", Reply::ok("x"));
    let form = Form::new().file("file", &path);
    assert!(form.clone().encode().expect("sound").0.length().is_some());
    platform.run(session.post(URL).multipart(form).send()).expect("an answer");
    let sent = bodies(&platform);
    assert!(sent.len() == 2 && sent[0] == sent[1], "{sent:?}");
    let expected = "; filename=\"Ö %22x%22.PNG\"\r\nContent-Type: image/png\r\n\r\na picture\r\n--";
    assert!(sent[0].contains(expected), "{sent:?}");

    let missing = Form::new().text("a", "1").file("gone", folder.join("gone.png"));
    let error = platform.run(session.post(URL).multipart(missing).send()).expect_err("no such file");
    assert_eq!(error.kind(), &ErrorKind::RequestBody);
    let text = error.to_string();
    assert!(text.contains("the part \"gone\"") && text.contains("gone.png"), "{text}");
    std::fs::remove_dir_all(&folder).expect("remove it");
}

#[test]
fn a_short_boundary_of_one_s_own_goes_around_parts_in_parts_every_time() {
    for digit in "0123456789abcdef".chars() {
        let inner = || Multipart::new("mixed").part("one");
        let within = Multipart::new("mixed").part(Part::multipart(inner())).part("two");
        let form = Form::new().part("parts", Part::multipart(within)).part("more", Part::multipart(inner()));
        form.boundary(digit.to_string()).encode().expect("none of them begins so");
    }
}
