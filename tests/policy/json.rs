//! JSON by one's own hand, and problems (RFC 9457) that go with errors.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, Error, Method, Problem, Request, Session};

use crate::session;

fn raised(reply: Reply) -> Error {
    let (platform, session) = session(Config::new().raise_for_status(true));
    platform.on("https://a.example/dir/", reply);
    platform.run(async { session.get("https://a.example/dir/").await.expect_err("a status") })
}

const PROBLEM: &str = "Application/Problem+JSON; charset=utf-8";

#[test]
fn a_problem_goes_with_the_error_of_its_status() {
    let text = "\u{FEFF}{\"type\":\"../credit?x#y\",\"title\":\"Out of\\ncredit\",\"status\":403,\"detail\":\"It costs 50.\",\
        \"instance\":\"urn:uuid:7\",\"balance\":30}";
    let error = raised(Reply::status(402).header("content-type", PROBLEM).then(text).chunked());
    let problem = error.problem().expect("a problem");
    assert_eq!(problem.type_uri, "https://a.example/credit?x#y");
    assert_eq!((problem.title.as_deref(), problem.status), (Some("Out of\ncredit"), Some(403)));
    assert_eq!(problem.detail.as_deref(), Some("It costs 50."));
    assert_eq!(problem.instance.as_deref(), Some("urn:uuid:7"));
    assert_eq!(problem.extension_names().collect::<Vec<_>>(), ["balance"]);
    assert_eq!(problem.extension::<u8>("balance").expect("a number"), Some(30));
    assert_eq!(problem.extension::<u8>("title").expect("nothing"), None);
    let wrong = problem.extension::<String>("balance").expect_err("a number is no text");
    assert_eq!(wrong.code(), "json");
    assert!(wrong.to_string().contains("\"balance\""), "{wrong}");
    assert_eq!(
        error.to_string(),
        "status 402 Payment Required: Out of credit: It costs 50. (https://a.example/dir/)"
    );
    assert!(error.body().is_some_and(|body| body.starts_with("{\"type\"")), "{:?}", error.body());
}

#[test]
fn the_words_of_a_problem_are_shown_without_what_a_terminal_obeys() {
    let text = r#"{"title":"\u001b[2Jgone\u009b","detail":"safe\u202Etxt.exe\u2066\u2028é\u007f"}"#;
    let error = raised(Reply::status(400).header("content-type", PROBLEM).then(text));
    let words = "\u{FFFD}[2Jgone\u{FFFD}: safe\u{FFFD}txt.exe\u{FFFD} é\u{FFFD}";
    assert_eq!(error.message(), Some(words));
    let problem = error.problem().expect("a problem");
    assert_eq!(problem.title.as_deref(), Some("\u{1b}[2Jgone\u{9b}"), "what was sent is kept as it is");
}

#[test]
fn what_is_no_problem_is_none_and_its_start_is_shown_as_of_any_body() {
    let large = format!("{{\"title\":\"{}\"}}", "x".repeat(64 * 1024));
    for (content_type, body) in [
        ("application/json", "{\"title\":\"t\"}"),
        (PROBLEM, "[1]"),
        (PROBLEM, "{\"title\":"),
        (PROBLEM, large.as_str()),
        (PROBLEM, ""),
    ] {
        let reply = Reply::status(400).header("content-type", content_type).then(body.to_owned()).chunked();
        let error = raised(reply);
        assert_eq!(error.problem(), None, "{content_type} {}", body.len());
        assert_eq!(error.body().map(str::len), (!body.is_empty()).then_some(body.len().min(1024)));
        assert_eq!(error.to_string().contains("the body starts"), !body.is_empty());
    }
}

#[test]
fn members_of_a_problem_that_are_of_another_type_count_as_left_out() {
    let text = r#"{"type":1,"title":null,"status":"403","detail":["d"],"instance":{}}"#;
    let error = raised(Reply::status(400).header("content-type", PROBLEM).then(text));
    let problem = error.problem().expect("a problem");
    assert_eq!(problem.type_uri, "about:blank");
    assert_eq!(
        (&problem.title, problem.status, &problem.detail, &problem.instance),
        (&None, None, &None, &None)
    );
    assert!(error.to_string().contains("the body starts"), "{error}");
    for status in ["99", "600", "-1", "403.5", "1e300"] {
        let text = format!("{{\"status\":{status}}}");
        let problem: Problem = serde_json::from_str(&text).expect("JSON");
        assert_eq!(problem.status, None, "{status}");
    }
}

#[test]
fn a_large_problem_is_read_whole_and_still_bounded() {
    let body = format!("{{\"title\":\"last\",\"pad\":\"{}\"}}", "x".repeat(60 * 1024));
    let error = raised(Reply::status(400).header("content-type", PROBLEM).then(body).chunked());
    assert_eq!(error.problem().and_then(|problem| problem.title.as_deref()), Some("last"));
    assert_eq!(error.body().map(str::len), Some(1024));
}

#[test]
fn json_by_a_parser_of_one_s_own_is_checked_and_named_as_by_ours() {
    let (platform, session) = session(Config::new());
    for (path, content_type) in [("json", "application/problem+json"), ("text", "text/plain")] {
        let reply = Reply::ok("\u{FEFF}[1]").header("content-type", content_type);
        platform.on(&format!("https://a.example/{path}"), reply);
    }
    platform.run(async {
        let get = async |path| session.get(format!("https://a.example/{path}")).await.expect("a response");
        let read = get("json").await.json_with(|text| Ok::<_, std::io::Error>(text.to_vec())).await;
        assert_eq!(read.expect("its bytes"), b"[1]");
        let parse = |_: &[u8]| Err::<(), _>(std::io::Error::other("not today"));
        let error = get("json").await.json_with(parse).await.expect_err("the parser's");
        assert_eq!(error.code(), "json");
        assert!(std::error::Error::source(&error).is_some_and(|source| source.is::<std::io::Error>()));
        assert!(error.to_string().contains("not today; the body starts"), "{error}");
        let error = get("text").await.json_with(parse).await.expect_err("no JSON");
        assert_eq!(error.code(), "content_type");
    });
}

#[test]
fn json_of_a_serialiser_of_one_s_own_has_its_type_and_its_error() {
    let builder = || Request::builder(Method::POST, "https://a.example/");
    let request = builder().json_with(|| Ok::<_, std::io::Error>("[2]")).build().expect("a request");
    assert_eq!(request.body().as_bytes().expect("bytes"), "[2]");
    assert_eq!(request.headers()["content-type"], "application/json");
    let failed = builder().json_with(|| Err::<Vec<u8>, _>(std::io::Error::other("a cycle"))).build();
    let error = failed.expect_err("the serialiser's");
    assert_eq!(error.code(), "json");
    assert!(std::error::Error::source(&error).is_some_and(|source| source.to_string() == "a cycle"));
}
