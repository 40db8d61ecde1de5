//! What a response tells beside its body, and statuses that are errors.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::platform::scripted::Reply;
use dualfetch::{
    Config, ConnectionInfo, Error, ErrorKind, Request, Response, ResponseBody, Session, Timeout, TlsInfo,
};
use http_body::Body;

use crate::{secs, session};

/// Larger than what the engine takes in unasked.
const LARGE: usize = 300 * 1024;

fn answered(reply: Reply) -> Response {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/dir/", reply);
    platform.run(async { session.get("https://a.example/dir/").await.expect("a head") })
}

fn raised(config: Config, reply: Reply) -> Error {
    let (platform, session) = session(config);
    platform.on("https://a.example/", reply);
    let error = platform.run(async {
        session
            .get("https://a.example/")
            .await
            .expect("a head")
            .error_for_status()
            .await
            .expect_err("a status")
    });
    assert_eq!((session.figures().in_flight, platform.open()), (0, 0));
    error
}

#[test]
fn a_response_tells_what_its_platform_told() {
    let info = ConnectionInfo::new(
        "192.0.2.1:443".parse().ok(),
        None,
        Some(TlsInfo::new("TLSv1.3", "x", None, vec![])),
    );
    let response = answered(Reply::ok("").reason("Fine").extension(info));
    assert_eq!(response.reason(), Some("Fine"));
    let outside: http::Response<ResponseBody> = response.into();
    let response = Response::try_from(outside).expect("a response");
    assert_eq!(response.reason(), Some("Fine"));
    let connection = response.connection().expect("a connection");
    assert_eq!(connection.remote().map(|remote| remote.port()), Some(443));
    assert_eq!(connection.tls().map(TlsInfo::version), Some("TLSv1.3"));
    let bare = answered(Reply::ok(""));
    assert!(bare.reason().is_none() && bare.connection().is_none());
}

#[test]
fn fields_that_are_missing_or_malformed_tell_nothing() {
    let bare = answered(Reply::ok(""));
    assert!(bare.content_disposition().is_none() && bare.links().is_empty() && bare.mime_type().is_none());
    let malformed = answered(Reply::ok("").header("content-type", "text").header("link", "next; rel=<"));
    assert!(malformed.mime_type().is_none() && malformed.charset().is_none() && malformed.links().is_empty());
}

#[test]
fn links_are_those_of_all_fields_and_a_shorthand_takes_the_first_from_here() {
    let response = answered(
        Reply::ok("")
            .header("link", "<other>; rel=next; anchor=\"/elsewhere\", <2>; rel=\"NEXT last\"")
            .header("link", "</1>; rel=prev; title=One"),
    );
    assert_eq!(response.links().len(), 3);
    let url = |rel| response.link(rel).map(|link| link.url().as_str().to_owned());
    assert_eq!(url("next").as_deref(), Some("https://a.example/dir/2"));
    assert_eq!(url("Last").as_deref(), Some("https://a.example/dir/2"));
    assert_eq!(url("prev").as_deref(), Some("https://a.example/1"));
    assert_eq!(url("first"), None);
}

#[test]
fn trailers_are_there_once_the_body_has_ended() {
    for size in [3, LARGE] {
        let (platform, session) = session(Config::new());
        let reply = Reply::ok(vec![b'x'; size]).pause(secs(1)).then("end").trailer("x-sum", "7");
        platform.on("https://a.example/", reply.chunked());
        platform.run(async {
            let mut response = session.get("https://a.example/").await.expect("a head");
            let mut read = 0;
            while let Some(piece) = response.chunk().await.expect("a piece") {
                assert!(response.trailers().is_none() || read + piece.len() == size + 3);
                read += piece.len();
            }
            assert_eq!(read, size + 3);
            assert_eq!(response.trailers().expect("trailers")["x-sum"], "7");
            assert_eq!((session.figures().in_flight, platform.open()), (0, 0));
        });
    }
    let (platform, session) = session(Config::new());
    platform.on_every(|_: &Request| Reply::ok("whole"));
    platform.run(async {
        let mut response = session.get("https://a.example/").await.expect("a head");
        while response.chunk().await.expect("a piece").is_some() {}
        assert!(response.trailers().is_none());
    });
}

#[test]
fn trailers_do_not_come_before_a_body_that_is_complete_has_been_read() {
    let mut response = answered(Reply::ok("small").trailer("x-sum", "7"));
    assert!(response.trailers().is_none());
    let (platform, _) = session(Config::new());
    platform.run(async {
        assert_eq!(response.read_exactly(2).await.expect("a part").as_deref(), Some(b"sm".as_slice()));
        assert!(response.trailers().is_none());
        while response.chunk().await.expect("a piece").is_some() {}
        assert_eq!(response.trailers().expect("trailers")["x-sum"], "7");
    });
}

#[test]
fn trailers_are_the_last_frame_of_an_http_response_and_come_back_with_it() {
    for reply in [Reply::ok("small"), Reply::ok("s").pause(secs(1)).then("mall"), Reply::ok("")] {
        let (platform, session) = session(Config::new());
        platform.on("https://a.example/", reply.trailer("x-sum", "7"));
        platform.run(async {
            let response = session.get("https://a.example/").await.expect("a head");
            let outside: http::Response<ResponseBody> = response.into();
            let mut body = Box::pin(outside.into_body());
            let mut frames = Vec::new();
            while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
                assert!(frames.last().is_none_or(Option::is_none), "nothing follows trailers");
                frames.push(frame.expect("a frame").into_trailers().ok());
            }
            assert!(body.is_end_stream());
            let last = frames.pop().flatten().expect("trailers");
            assert_eq!(last["x-sum"], "7");

            let again = session.get("https://a.example/").await.expect("a head");
            let mut again = Response::try_from(http::Response::from(again)).expect("a response");
            while again.chunk().await.expect("a piece").is_some() {}
            assert_eq!(again.trailers().expect("trailers")["x-sum"], "7");
        });
    }
}

#[test]
fn an_error_for_a_status_has_the_start_of_the_body() {
    let error = raised(Config::new(), Reply::status(404).then("no\n such ").pause(secs(1)).then("page"));
    assert_eq!(error.kind(), &ErrorKind::Status(http::StatusCode::NOT_FOUND));
    assert_eq!(error.body(), Some("no\n such page"));
    let message = error.to_string();
    assert!(message.contains("\"no such page\"") && message.contains("404"), "{message}");
    assert_eq!((error.url().map(dualfetch::Url::as_str), error.attempts()), (Some("https://a.example/"), 1));
    assert_eq!(raised(Config::new(), Reply::status(500)).body(), None);
}

#[test]
fn a_good_status_is_passed_on_with_its_body() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::status(302).then("body"));
    platform.run(async {
        let get = session.get("https://a.example/").follow_redirects(false).await.expect("a head");
        let response = get.error_for_status().await.expect("less than 400");
        assert_eq!(response.text().await.expect("text"), "body");
    });
}

#[test]
fn no_more_than_a_kilobyte_is_kept_cut_at_a_character() {
    let body = format!("x{}", "é".repeat(LARGE));
    let error = raised(Config::new(), Reply::status(400).then(body.clone()).stall().chunked());
    let kept = error.body().expect("a body");
    assert_eq!(kept.len(), 1023);
    assert!(body.starts_with(kept));
    assert!(error.to_string().len() < 400, "{error}");
    let exact = raised(Config::new(), Reply::status(400).then("x".repeat(1024)));
    assert_eq!(exact.body().map(str::len), Some(1024));
}

#[test]
fn the_start_of_the_body_is_read_by_its_encoding() {
    let reply = Reply::status(400).then(b"\xcf\xf0\xe8".as_slice());
    let error = raised(Config::new(), reply.header("content-type", "text/plain; charset=windows-1251"));
    assert_eq!(error.body(), Some("При"));
}

#[test]
fn a_body_that_does_not_come_does_not_hide_the_status() {
    let timeout = Timeout::new().read(secs(3));
    let error = raised(Config::new().timeout(timeout), Reply::status(503).then("bus").stall().chunked());
    assert_eq!((error.code(), error.body()), ("status", Some("bus")));
    let cut = Reply::status(503).then("cut o").pause(secs(1)).fail(ErrorKind::Disconnected).chunked();
    assert_eq!(raised(Config::new(), cut).body(), Some("cut o"));
}

#[test]
fn json_may_be_of_any_type_when_that_is_said() {
    let reply = || Reply::ok("[1,2]").header("content-type", "text/plain");
    let (platform, session) = session(Config::new());
    platform.on_every(move |_: &Request| reply());
    platform.run(async {
        let get = || async { session.get("https://a.example/").await.expect("a head") };
        let error = get().await.json::<Vec<u8>>().await.expect_err("text");
        assert_eq!(error.kind(), &ErrorKind::ContentType);
        assert_eq!(get().await.json_of_any_type::<Vec<u8>>().await.expect("JSON"), [1, 2]);
        let error = get().await.json_of_any_type::<String>().await.expect_err("no text");
        assert_eq!((error.code(), error.attempts()), ("json", 1));
    });
}

#[cfg(target_arch = "wasm32")]
#[test]
fn saving_to_a_file_is_refused_by_name_where_there_are_none() {
    let (platform, session) = crate::session(Config::new());
    platform.on("https://a.example/", Reply::ok("x"));
    let saved = platform.run(async { session.get("https://a.example/").await?.save("x").await });
    let expected = ErrorKind::Unsupported { feature: "files", platform: "browser" };
    assert_eq!(saved.expect_err("refused").kind(), &expected);
}
