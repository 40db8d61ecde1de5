//! Requests and responses from and to those of the `http` crate: nothing is lost on the way.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use dualfetch::platform::scripted::Reply;
use dualfetch::{
    Body, Config, Error, ErrorKind, Method, Phase, Request, Response, ResponseBody, ResponseInfo, Session,
    StatusCode, Timeout, Url, Version,
};
use http::{Extensions, HeaderValue};
use http_body::Frame;

use crate::{secs, session};

const LARGE: usize = 300 * 1024;

#[derive(Clone, Debug, PartialEq)]
struct Trace(u32);

fn there_and_back(request: Request) -> Request {
    let outside = http::Request::<Body>::try_from(request).expect("a URI");
    Request::try_from(outside).expect("a request")
}

fn extension(extensions: &Extensions) -> Option<&Trace> {
    extensions.get::<Trace>()
}

#[test]
fn every_kind_of_body_is_taken_and_no_body_is_none() {
    fn body<T: Into<Body>>(body: T) -> Option<Vec<u8>> {
        let request = http::Request::post("https://a.example/").body(body).expect("a request");
        Request::try_from(request).expect("a request").body().as_bytes().map(|bytes| bytes.to_vec())
    }
    let expected = Some(b"x".to_vec());
    assert_eq!(body("x"), expected);
    assert_eq!(body(String::from("x")), expected);
    assert_eq!(body(b"x".to_vec()), expected);
    assert_eq!(body(Bytes::from_static(b"x")), expected);
    assert_eq!(body(Body::from("x")), expected);
    assert_eq!(body(""), Some(vec![]));
    assert_eq!(body(()), None);
}

#[test]
fn a_request_goes_there_and_back_with_its_options() {
    let (platform, session) = session(Config::new());
    platform.on_every(|_: &Request| Reply::hangs());
    let mut request = Request::builder(Method::PUT, "https://a.example/x?y=%7C#part")
        .append_header("x-id", "7")
        .append_header("x-id", "8")
        .body("text")
        .timeout(Timeout::new().headers(secs(3)))
        .build()
        .expect("a request");
    request.extensions_mut().insert(Trace(1));
    let back = there_and_back(request.clone());
    assert_eq!(format!("{back:?}"), format!("{request:?}"));
    assert_eq!(back.url().as_str(), "https://a.example/x?y=%7C#part");
    assert_eq!(back.headers(), request.headers());
    assert_eq!(extension(back.extensions()), Some(&Trace(1)));
    let error = platform.run(session.send(back)).expect_err("no head");
    assert_eq!(error.phase(), Some(Phase::Headers));
    assert_eq!(platform.elapsed(), secs(3));
}

#[test]
fn a_fragment_travels_beside_the_uri_to_wherever_that_is_changed() {
    let request = Request::new(Method::GET, Url::parse("https://a.example/#part").expect("a URL"));
    let mut outside = http::Request::<Body>::try_from(request).expect("a URI");
    assert_eq!(outside.uri(), "https://a.example/");
    *outside.uri_mut() = "https://b.example/".parse().expect("a URI");
    let back = Request::try_from(outside).expect("a request");
    assert_eq!(back.url().as_str(), "https://b.example/#part");
}

#[test]
fn userinfo_leaves_the_uri_for_a_header_field_and_is_taken_from_one() {
    let request = Request::new(Method::GET, Url::parse("https://me:secret@a.example/").expect("a URL"));
    let outside = http::Request::<Body>::try_from(request).expect("a URI");
    assert_eq!(outside.uri(), "https://a.example/");
    assert_eq!(outside.headers()["authorization"], "Basic bWU6c2VjcmV0");
    assert!(!format!("{outside:?}").contains("bWU6c2VjcmV0"), "it is sensitive");

    let (platform, session) = session(Config::new());
    platform.on_every(|_: &Request| Reply::ok(""));
    let outside = http::Request::get("https://me:secret@a.example/").body(()).expect("a request");
    platform.run(session.send(Request::try_from(outside).expect("a request"))).expect("an answer");
    assert_eq!(platform.calls()[0].headers["authorization"], "Basic bWU6c2VjcmV0");
    assert_eq!(platform.calls()[0].url, "https://a.example/");
}

#[test]
fn a_version_is_an_option_both_ways() {
    use dualfetch::HttpVersion;
    let asked = |version| {
        let request = Request::builder(Method::GET, "https://a.example/").http_version(version).build();
        http::Request::<Body>::try_from(request.expect("a request")).expect("a URI")
    };
    assert_eq!(asked(HttpVersion::Http2).version(), Version::HTTP_2);
    assert_eq!(asked(HttpVersion::Http1).version(), Version::HTTP_11);
    // `http` presumes HTTP/1.1.
    let options =
        Request::builder(Method::GET, "https://a.example/").http_version(HttpVersion::Http2).build();
    let options = options.expect("a request").options();
    let carried = http::Request::get("https://b.example/").extension(options).body(()).expect("a request");
    let carried = http::Request::<Body>::try_from(Request::try_from(carried).expect("a request"));
    assert_eq!(carried.expect("a URI").version(), Version::HTTP_2);
    let too_old = http::Request::get("https://a.example/").version(Version::HTTP_10).body(());
    let error = Request::try_from(too_old.expect("a request")).expect_err("HTTP/1.0");
    assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "http_version" });
    assert!(error.to_string().contains("HTTP/1.0"), "{error}");
}

#[test]
fn a_uri_that_is_not_absolute_is_named() {
    for uri in ["/path?query", "*", "localhost:8080", "example.com:443"] {
        let request = http::Request::get(uri).body(()).expect("a request");
        let error = Request::try_from(request).expect_err("not absolute");
        assert_eq!(error.kind(), &ErrorKind::InvalidUrl);
        assert!(error.to_string().contains(uri), "{error}");
    }
}

#[test]
fn a_url_that_is_no_uri_is_named_and_its_cause_told() {
    let request = Request::new(Method::GET, Url::parse("data:text/plain,x").expect("a URL"));
    let error = http::Request::<Body>::try_from(request).expect_err("no host");
    assert_eq!(error.kind(), &ErrorKind::InvalidUrl);
    assert!(error.to_string().contains("data:text/plain,x"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

async fn collect(body: &mut ResponseBody) -> dualfetch::Result<Vec<u8>> {
    let mut all = vec![];
    while let Some(frame) =
        std::future::poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut *body), cx)).await
    {
        all.extend_from_slice(&frame?.into_data().expect("data alone"));
    }
    Ok(all)
}

#[test]
fn a_response_goes_there_and_back_with_its_way_and_its_body() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::redirect(302, "https://b.example/#part").after(secs(1)));
    platform.on(
        "https://b.example/#part",
        Reply::status(404).header("x-id", "7").then("not here").pause(secs(1)),
    );
    platform.run(async {
        let mut response = session.get("https://a.example/").await.expect("an answer");
        response.extensions_mut().insert(Trace(2));
        let outside = http::Response::<ResponseBody>::from(response);
        assert_eq!((outside.status(), outside.version()), (StatusCode::NOT_FOUND, Version::HTTP_11));
        assert_eq!(outside.headers()["x-id"], "7");
        let info = outside.extensions().get::<ResponseInfo>().expect("it travels there");
        assert_eq!((info.history().len(), info.attempts(), info.elapsed()), (1, 1, secs(1)));
        let back = Response::try_from(outside).expect("it knows its URL");
        assert_eq!(back.url().as_str(), "https://b.example/#part");
        assert_eq!((back.history().len(), back.elapsed()), (1, secs(1)));
        assert_eq!(extension(back.extensions()), Some(&Trace(2)));
        assert_eq!(back.text().await.expect("a body"), "not here");
    });
}

#[test]
fn a_body_outside_keeps_its_permit_until_it_is_dropped() {
    let (platform, session) = session(Config::new().limit(1));
    platform.on_every(|_: &Request| Reply::ok(vec![0; LARGE]).stall());
    platform.run(async {
        let response = session.get("https://a.example/").await.expect("an answer");
        let outside = http::Response::<ResponseBody>::from(response);
        assert_eq!((session.figures().in_flight, platform.open()), (1, 1));
        drop(outside);
        assert_eq!((session.figures().in_flight, platform.open()), (0, 0));
    });
}

#[test]
fn an_error_of_a_body_outside_is_the_same_error() {
    let (platform, session) = session(Config::new());
    platform.on("https://a.example/", Reply::ok("ab").fail(ErrorKind::Disconnected).chunked());
    platform.run(async {
        let response = session.get("https://a.example/").await.expect("an answer");
        let mut body = http::Response::<ResponseBody>::from(response).into_body();
        let error = collect(&mut body).await.expect_err("cut off");
        assert_eq!(error.to_string(), "the connection ended early (https://a.example/)");
        assert_eq!(error.attempts(), 1);
    });
}

#[test]
fn header_fields_about_what_was_sent_are_left_out_where_it_was_decompressed() {
    let (platform, session) = session(Config::new());
    platform.on_every(|_: &Request| Reply::ok("plain").header("content-encoding", "gzip"));
    let names = |decompress: bool, method| {
        let request = session.request(method, "https://a.example/").auto_decompress(decompress);
        let response = http::Response::<ResponseBody>::from(platform.run(request.send()).expect("an answer"));
        response.headers().contains_key("content-encoding")
    };
    assert!(!names(true, Method::GET));
    assert!(names(false, Method::GET), "it is left compressed");
}

#[test]
fn a_response_made_by_hand_needs_a_url_alone() {
    let (platform, _) = session(Config::new());
    let url = || Url::parse("https://a.example/").expect("a URL");
    let made = http::Response::builder().status(201).extension(url()).body("made").expect("a response");
    let response = Response::try_from(made).expect("a response");
    assert_eq!((response.status(), response.attempts()), (StatusCode::CREATED, 1));
    assert_eq!(platform.run(response.text()).expect("a body"), "made");
    let without = Response::try_from(http::Response::new(())).expect_err("no URL");
    assert_eq!(without.kind(), &ErrorKind::InvalidUrl);
    assert!(without.to_string().contains("extensions"), "{without}");
}

/// A body of another library's, in pieces, that may end in an error.
struct Pieces(Vec<Result<&'static [u8], &'static str>>);

impl http_body::Body for Pieces {
    type Data = &'static [u8];
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<&'static [u8]>, &'static str>>> {
        let next = if self.0.is_empty() { None } else { Some(self.0.remove(0)) };
        Poll::Ready(next.map(|piece| piece.map(Frame::data)))
    }
}

#[test]
fn any_body_can_be_a_response_s() {
    let (platform, _) = session(Config::new());
    let url = Url::parse("https://a.example/").expect("a URL");
    let response = |pieces| {
        let made = http::Response::builder().extension(url.clone()).body(Pieces(pieces)).expect("a response");
        Response::try_from(made.map(ResponseBody::new)).expect("a response")
    };
    let whole = response(vec![Ok(&b"ab"[..]), Ok(b""), Ok(b"cd")]);
    assert_eq!(platform.run(whole.text()).expect("a body"), "abcd");
    let error = platform.run(response(vec![Ok(&b"ab"[..]), Err("broken")]).text()).expect_err("broken");
    assert_eq!(error.kind(), &ErrorKind::Network);
    assert_eq!(std::error::Error::source(&error).expect("a cause").to_string(), "broken");
}

#[test]
fn secrets_are_hidden_whichever_way_they_go() {
    let mut request =
        Request::builder(Method::GET, "https://a.example/#token=SECRET").build().expect("a request");
    request.headers_mut().insert("cookie", HeaderValue::from_static("SECRET"));
    let outside = http::Request::<Body>::try_from(request).expect("a URI");
    assert!(
        !format!("{outside:?} {:?}", outside.extensions().get::<dualfetch::RequestOptions>())
            .contains("SECRET")
    );
    let outside = http::Request::get("https://a.example/").header("authorization", "SECRET").body(());
    let request = Request::try_from(outside.expect("a request")).expect("a request");
    assert!(request.headers()["authorization"].is_sensitive());

    let made =
        http::Response::builder().header("set-cookie", "SECRET").extension(parsed("https://a.example/"));
    let response = Response::try_from(made.body(()).expect("a response")).expect("a response");
    let outside = http::Response::<ResponseBody>::from(response);
    assert!(!format!("{outside:?}").contains("SECRET"), "{outside:?}");
}

/// As it comes out of a reader that hides its cause in an `io::Error`.
struct Cut(Option<Error>);

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|error| Err(error.into())))
    }
}

#[test]
fn an_error_of_ours_stays_ours_through_a_reader() {
    let (platform, session) = session(Config::new().timeout(Timeout::new().read(secs(1))));
    platform.on("https://a.example/", Reply::ok(vec![0; LARGE]).stall());
    let read = platform.run(async { session.get("https://a.example/").await?.bytes().await });
    let body = ResponseBody::new(Cut(read.err()));
    let made =
        http::Response::builder().extension(parsed("https://a.example/")).body(body).expect("a response");
    let response = Response::try_from(made).expect("a response");
    let error = platform.run(response.bytes()).expect_err("it stalls");
    assert_eq!(error.kind(), &ErrorKind::Timeout(Phase::Read));
}

fn parsed(url: &str) -> Url {
    Url::parse(url).expect("a URL")
}
