//! The page and the npm package as files.

use std::fs;
use std::path::PathBuf;

use axum::Router;
use axum::body::Body;
use dualfetch::ErrorKind;
use dualfetch::gateway::{Assets, Gateway, Keys};
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE, VARY,
};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::io::AsyncReadExt;
use tower::ServiceExt;

use crate::lab::{ask, gateway, problem, settings, text};

const SCRIPT: &str =
    "export const answer = 42; // and so on, and so on, and so on, and so on, and so on, and so on\n";

/// A page and a package of this test's own, and a gateway that serves them.
struct Served {
    root: PathBuf,
    gateway: Gateway,
}

impl Served {
    fn new(name: &str) -> Self {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("assets-{name}"));
        let _ = fs::remove_dir_all(&root);
        let served = |path: &str, content: &[u8]| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, content).expect("a file");
        };
        served("www/index.html", b"<!doctype html><title>here</title>");
        served("www/app.js", SCRIPT.repeat(50).as_bytes());
        served("www/digits.bin", b"0123456789");
        served("www/.hidden", b"secret");
        served("www/.git/config", b"secret");
        served("secret.txt", b"secret");
        served("pkg/dist/web/index.web.js", b"export {};");
        served("pkg/wasm/a_bg.wasm", b"\0asm");
        let mut settings = settings();
        settings.assets = Some(Assets::new(root.join("www"), root.join("pkg")).expect("both are there"));
        Self { gateway: gateway(settings), root }
    }

    async fn get(&self, path: &str, fields: &[(HeaderName, &str)]) -> Response<Body> {
        self.ask(Method::GET, path, fields).await
    }

    async fn ask(&self, method: Method, path: &str, fields: &[(HeaderName, &str)]) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in fields {
            request = request.header(name, *value);
        }
        ask(&self.gateway, request).await
    }

    /// The entity tag of a file for who takes these encodings.
    async fn tag(&self, path: &str, encodings: &str) -> String {
        field(self.get(path, &[(ACCEPT_ENCODING, encodings)]).await.headers(), &ETAG)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn field(fields: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<_> = fields.get_all(name).iter().map(|value| value.to_str().expect("text")).collect();
    values.join(", ")
}

async fn bytes(response: Response<Body>) -> Vec<u8> {
    response.into_body().collect().await.expect("a whole body").to_bytes().to_vec()
}

#[tokio::test]
async fn every_file_has_its_type_and_no_browser_guesses_another() {
    let served = Served::new("types");
    for (name, expected) in [
        ("a.css", "text/css; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.cjs", "text/javascript; charset=utf-8"),
        ("a.html", "text/html; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.js.map", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.png", "image/png"),
        ("a.wasm", "application/wasm"),
        ("a.d.ts", "text/plain; charset=utf-8"),
        ("a.d.cts", "text/plain; charset=utf-8"),
        ("README.md", "text/markdown; charset=utf-8"),
        ("LICENSE", "application/octet-stream"),
        ("a.exe", "application/octet-stream"),
    ] {
        fs::write(served.root.join("pkg").join(name), "content").expect("a file");
        let answer = served.get(&format!("/pkg/{name}"), &[]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        assert_eq!(field(answer.headers(), &CONTENT_TYPE), expected, "{name}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(text(answer).await, "content");
    }
}

#[tokio::test]
async fn the_page_is_at_the_root_and_may_do_what_it_needs_and_nothing_more() {
    let served = Served::new("page");
    let answer = served.get("/", &[]).await;
    let policy = field(answer.headers(), &HeaderName::from_static("content-security-policy"));
    let mut rules: Vec<_> = policy.split("; ").collect();
    rules.sort_unstable();
    assert_eq!(
        rules,
        [
            "base-uri 'none'",
            "connect-src 'self' http: https:",
            "default-src 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "img-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
        ]
    );
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    assert_eq!(field(answer.headers(), &CACHE_CONTROL), "no-cache");
    assert!(text(answer).await.contains("<title>here</title>"));
    let script = served.get("/app.js", &[]).await;
    assert_eq!(script.headers()["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
}

#[tokio::test]
async fn head_tells_what_get_tells_without_the_body() {
    let served = Served::new("head");
    for encoding in ["identity", "gzip", "br"] {
        let fields = [(ACCEPT_ENCODING, encoding)];
        let got = served.get("/app.js", &fields).await;
        let head = served.ask(Method::HEAD, "/app.js", &fields).await;
        assert_eq!(head.status(), StatusCode::OK);
        for name in [
            CONTENT_TYPE,
            CONTENT_LENGTH,
            CONTENT_ENCODING,
            ETAG,
            LAST_MODIFIED,
            ACCEPT_RANGES,
            CACHE_CONTROL,
            VARY,
        ] {
            assert_eq!(field(head.headers(), &name), field(got.headers(), &name), "{encoding}: {name}");
        }
        assert_eq!(field(head.headers(), &CONTENT_LENGTH), bytes(got).await.len().to_string());
        assert!(bytes(head).await.is_empty());
    }
}

#[tokio::test]
async fn a_range_is_answered_by_that_part() {
    let served = Served::new("ranges");
    for (range, part, told) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-1", "9", "bytes 9-9/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
    ] {
        let answer = served.get("/digits.bin", &[(RANGE, range)]).await;
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(field(answer.headers(), &CONTENT_RANGE), told);
        assert_eq!(field(answer.headers(), &CONTENT_LENGTH), part.len().to_string());
        assert_eq!(text(answer).await, part);
    }
    // Of many ranges, and of units that nobody knows, a server may give all.
    let answer = served.get("/digits.bin", &[(RANGE, "bytes=0-1,4-5")]).await;
    assert_eq!((answer.status(), text(answer).await.as_str()), (StatusCode::OK, "0123456789"));
    let answer = served.get("/digits.bin", &[(RANGE, "bytes=10-")]).await;
    assert_eq!(field(answer.headers(), &CONTENT_RANGE), "bytes */10");
    assert_eq!(problem(answer).await["status"], 416);
}

#[tokio::test]
async fn a_range_of_a_compressed_file_is_one_of_its_compressed_bytes() {
    let served = Served::new("compressed-range");
    let whole = bytes(served.get("/app.js", &[(ACCEPT_ENCODING, "br")]).await).await;
    let answer = served.get("/app.js", &[(ACCEPT_ENCODING, "br"), (RANGE, "bytes=5-9")]).await;
    assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(field(answer.headers(), &CONTENT_ENCODING), "br");
    assert_eq!(field(answer.headers(), &CONTENT_RANGE), format!("bytes 5-9/{}", whole.len()));
    assert_eq!(bytes(answer).await, whole[5..=9]);
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again_until_it_changes() {
    let served = Served::new("conditions");
    let first = served.get("/app.js", &[]).await;
    let (tag, date) = (field(first.headers(), &ETAG), field(first.headers(), &LAST_MODIFIED));
    assert!(tag.starts_with('"'), "{tag} is a strong one");
    for condition in [
        (IF_NONE_MATCH, tag.clone()),
        (IF_NONE_MATCH, format!("\"other\", {tag}")),
        (IF_NONE_MATCH, format!("W/{tag}")),
        (IF_NONE_MATCH, "*".to_owned()),
        (IF_MODIFIED_SINCE, date.clone()),
    ] {
        let answer = served.get("/app.js", &[(condition.0.clone(), &condition.1)]).await;
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{condition:?}");
        assert_eq!(field(answer.headers(), &ETAG), tag);
        assert_eq!(field(answer.headers(), &CACHE_CONTROL), "no-cache");
        assert!(field(answer.headers(), &VARY).contains("accept-encoding"));
        assert!(bytes(answer).await.is_empty());
    }
    let answer = served.get("/app.js", &[(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, &date)]).await;
    assert_eq!(answer.status(), StatusCode::OK, "the tag goes before the date");
    let answer = served.get("/app.js", &[(IF_MATCH, "\"other\"")]).await;
    assert_eq!(problem(answer).await["status"], 412);

    fs::write(served.root.join("www/app.js"), "changed").expect("a file");
    let answer = served.get("/app.js", &[(IF_NONE_MATCH, &tag)]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_ne!(field(answer.headers(), &ETAG), tag);
    assert_eq!(text(answer).await, "changed");
}

#[tokio::test]
async fn a_range_of_a_file_that_has_changed_is_answered_by_all_of_it() {
    let served = Served::new("if-range");
    let first = served.get("/digits.bin", &[]).await;
    let (tag, date) = (field(first.headers(), &ETAG), field(first.headers(), &LAST_MODIFIED));
    for (held, status) in [
        (tag.as_str(), StatusCode::PARTIAL_CONTENT),
        (date.as_str(), StatusCode::PARTIAL_CONTENT),
        ("\"other\"", StatusCode::OK),
        // A weak tag says nothing of bytes.
        (&format!("W/{tag}"), StatusCode::OK),
        ("Thu, 01 Jan 1970 00:00:00 GMT", StatusCode::OK),
        ("nonsense", StatusCode::OK),
    ] {
        let answer = served.get("/digits.bin", &[(RANGE, "bytes=2-4"), (IF_RANGE, held)]).await;
        assert_eq!(answer.status(), status, "{held}");
        assert_eq!(text(answer).await, if status == StatusCode::OK { "0123456789" } else { "234" }, "{held}");
    }
    // What was begun in another encoding has other bytes.
    let plain = served.tag("/app.js", "identity").await;
    let fields = [(RANGE, "bytes=2-4"), (IF_RANGE, plain.as_str()), (ACCEPT_ENCODING, "br")];
    assert_eq!(served.get("/app.js", &fields).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_compresses_is_compressed_for_who_takes_it() {
    let served = Served::new("encodings");
    let plain = SCRIPT.repeat(50);
    let mut tags = Vec::new();
    for (accepted, expected) in [
        ("", ""),
        ("identity", ""),
        ("zstd", ""),
        ("br;q=0, gzip;q=0", ""),
        ("gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip", "gzip"),
    ] {
        let answer = served.get("/app.js", &[(ACCEPT_ENCODING, accepted)]).await;
        assert_eq!(field(answer.headers(), &CONTENT_ENCODING), expected, "{accepted}");
        assert_eq!(field(answer.headers(), &CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert!(field(answer.headers(), &VARY).contains("accept-encoding"));
        tags.push((expected, field(answer.headers(), &ETAG)));
        let body = bytes(answer).await;
        assert!(expected.is_empty() || body.len() * 5 < plain.len(), "{accepted}: {} bytes", body.len());
        assert_eq!(opened(&body, expected).await, plain, "{accepted}");
    }
    for (encoding, tag) in &tags {
        let same: Vec<_> = tags.iter().filter(|(_, other)| other == tag).map(|(other, _)| other).collect();
        assert!(same.iter().all(|other| *other == encoding), "a tag is one of bytes: {tags:?}");
    }
    // Each is a version of its own: what is held in one encoding is no answer to who takes another.
    let held = [(ACCEPT_ENCODING, "br"), (IF_NONE_MATCH, tags[0].1.as_str())];
    assert_eq!(served.get("/app.js", &held).await.status(), StatusCode::OK);

    let answer = served.get("/digits.bin", &[(ACCEPT_ENCODING, "br")]).await;
    assert_eq!(
        (field(answer.headers(), &CONTENT_ENCODING).as_str(), text(answer).await.as_str()),
        ("", "0123456789")
    );
}

#[tokio::test]
async fn a_file_that_changes_is_compressed_anew() {
    let served = Served::new("anew");
    let before = served.tag("/app.js", "br").await;
    fs::write(served.root.join("www/app.js"), "changed, ".repeat(50)).expect("a file");
    let answer = served.get("/app.js", &[(ACCEPT_ENCODING, "br"), (IF_NONE_MATCH, &before)]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(opened(&bytes(answer).await, "br").await, "changed, ".repeat(50));
}

/// A body without its encoding.
async fn opened(body: &[u8], encoding: &str) -> String {
    use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder};
    let mut out = String::new();
    let read = match encoding {
        "br" => BrotliDecoder::new(body).read_to_string(&mut out).await,
        "gzip" => GzipDecoder::new(body).read_to_string(&mut out).await,
        _ => (&mut &*body).read_to_string(&mut out).await,
    };
    read.expect("it is of that encoding");
    out
}

#[tokio::test]
async fn no_path_leads_out_of_the_folders_or_to_what_is_hidden() {
    let served = Served::new("traversal");
    for path in [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/.%2e/secret.txt",
        "/..%5csecret.txt",
        "/....//secret.txt",
        "/./app.js",
        "/.//app.js",
        "//app.js",
        "/pkg/../../secret.txt",
        "/pkg/%2e%2e/%2e%2e/secret.txt",
        "/pkg//etc/passwd",
        "/pkg/%2fetc%2fpasswd",
        "/.hidden",
        "/%2ehidden",
        "/.git/config",
        "/app.js%00.png",
        "/app.js/",
        "/app.js/x",
        "/app.js.br",
        "/app.js.gz",
        "/app.js%20",
        "/app.js~",
        "/CON",
        "/pkg",
        "/pkg/",
        "/pkg/wasm",
        "/pkg/wasm/",
        "/nothing",
    ] {
        for encoding in ["identity", "br, gzip"] {
            let answer = served.get(path, &[(ACCEPT_ENCODING, encoding)]).await;
            let problem = problem(answer).await;
            assert_eq!(
                (problem["status"].as_u64(), problem["code"].as_str()),
                (Some(404), Some("not_found")),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn what_no_file_system_has_is_not_found_and_no_fault_of_the_server() {
    let served = Served::new("long");
    let (long, deep) = ("a".repeat(300), "a/".repeat(3_000));
    for path in
        [format!("/{long}"), format!("/pkg/{long}/x"), format!("/{deep}a"), format!("/{}", "a".repeat(255))]
    {
        let answer = served.get(&path, &[(ACCEPT_ENCODING, "br")]).await;
        assert_eq!(problem(answer).await["code"], "not_found", "{} letters", path.len());
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("round", served.root.join("www/round")).expect("a link");
        assert_eq!(problem(served.get("/round", &[]).await).await["code"], "not_found", "a link to itself");
    }
}

#[tokio::test]
async fn files_are_read_and_nothing_else() {
    let served = Served::new("methods");
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
        for path in ["/", "/app.js", "/pkg/wasm/a_bg.wasm"] {
            let answer = served.ask(method.clone(), path, &[]).await;
            assert_eq!(field(answer.headers(), &ALLOW), "GET, HEAD", "{method} {path}");
            assert_eq!(problem(answer).await["code"], "method_not_allowed");
        }
        assert_eq!(problem(served.ask(method, "/nothing", &[]).await).await["code"], "not_found");
    }
}

#[tokio::test]
async fn the_page_needs_no_key_and_without_assets_there_is_none() {
    let served = Served::new("keys");
    let mut settings = settings();
    let bare = ask(&gateway(settings.clone()), Request::get("/").header("host", "localhost")).await;
    let told = problem(bare).await;
    assert_eq!((told["status"].as_u64(), told["code"].as_str()), (Some(404), Some("not_found")));
    assert!(told["detail"].to_string().contains("scripts/package"), "{told}");
    let key = Keys::generate().expect("chance");
    settings.keys = Keys::new().add("one", &key.hash).expect("a hash");
    settings.assets =
        Some(Assets::new(served.root.join("www"), served.root.join("pkg")).expect("both are there"));
    let guarded = gateway(settings);
    for (path, status) in [("/", 200), ("/app.js", 200), ("/pkg/wasm/a_bg.wasm", 200), ("/metrics", 401)] {
        let answer = ask(&guarded, Request::get(path).header("host", "localhost")).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn a_gateway_that_is_mounted_below_a_path_has_its_page_there() {
    let served = Served::new("mounted");
    let app = Router::new().nest("/tools/gateway/", served.gateway.router());
    let get = async |path: &str| {
        let request = Request::get(path).header("host", "localhost").body(Body::empty()).expect("a request");
        app.clone().oneshot(request).await.expect("an answer")
    };
    assert!(text(get("/tools/gateway/").await).await.contains("<title>here</title>"));
    for path in ["/app.js", "/pkg/wasm/a_bg.wasm", "/healthz"] {
        assert_eq!(get(&format!("/tools/gateway{path}")).await.status(), StatusCode::OK, "{path}");
    }
}

#[test]
fn what_is_missing_is_told() {
    let served = Served::new("missing");
    let refused = |page: &str, package: &str| {
        let error =
            Assets::new(served.root.join(page), served.root.join(package)).expect_err("it is not there");
        assert_eq!(error.kind(), &ErrorKind::File);
        error.to_string()
    };
    assert!(refused("nowhere", "pkg").contains("nowhere"));
    assert!(refused("www", "www").contains("scripts/package"));
}
