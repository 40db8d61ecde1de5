//! `/fetch`: what goes to the upstream, what comes back, and what is told of failures.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{any, get};
use dualfetch::Config;
use dualfetch::gateway::Settings;
use http::{HeaderMap, StatusCode};

use crate::lab::{ask, fetch, gateway, problem, send, serve, settings, text};

/// Says what came.
async fn echo(request: Request) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let fields: Vec<String> = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    format!("{} {}\n{}\n{}", parts.method, parts.uri, fields.concat(), String::from_utf8_lossy(&body))
}

#[tokio::test]
async fn an_answer_is_streamed_through_with_its_status_and_fields() {
    let upstream = serve(Router::new().route(
        "/page",
        get(|| async {
            let fields = [
                ("content-type", "text/html; charset=gbk"),
                ("etag", "\"1\""),
                ("set-cookie", "a=1"),
                ("www-authenticate", "Basic"),
                ("clear-site-data", "\"*\""),
                ("access-control-allow-origin", "*"),
                ("content-security-policy", "default-src *"),
                ("connection", "x-hop"),
                ("x-hop", "1"),
                ("x-own", "kept"),
                ("x-accel-redirect", "/internal"),
                ("x-sendfile", "/etc/passwd"),
                ("cdn-cache-control", "public"),
                ("cloudflare-cdn-cache-control", "public"),
                ("accept-ch", "dpr"),
                ("dualfetch-url", "http://liar.example/"),
            ];
            (StatusCode::IM_A_TEAPOT, fields, "<title>t</title>")
        }),
    ))
    .await;
    let gateway = gateway(settings());
    let url = format!("http://{upstream}/page");
    let answer = ask(&gateway, fetch(&format!("{url}#part"))).await;
    assert_eq!(answer.status(), StatusCode::IM_A_TEAPOT);
    let fields = answer.headers();
    assert_eq!(fields["content-type"], "text/html; charset=gbk");
    assert_eq!(fields["etag"], "\"1\"");
    assert_eq!(fields["x-own"], "kept");
    assert_eq!(fields["dualfetch-url"], url.as_str());
    assert_eq!(fields["dualfetch-redirects"], "0");
    assert_eq!(fields["content-security-policy"], "sandbox; default-src 'none'");
    assert_eq!(fields["x-content-type-options"], "nosniff");
    for name in ["set-cookie", "www-authenticate", "clear-site-data", "access-control-allow-origin", "x-hop"]
    {
        assert!(!fields.contains_key(name), "{name}");
    }
    assert_eq!(fields["content-length"], "16");
    assert_eq!(text(answer).await, "<title>t</title>");
    assert_eq!(gateway.figures().in_flight, 0);
}

#[tokio::test]
async fn fields_that_an_answer_has_not_of_its_upstream_are_named() {
    let plain = || async { ([("dualfetch-added", "x-own"), ("x-own", "1")], Body::empty()).into_response() };
    let full = || async {
        let fields =
            [("content-type", "text/html"), ("cache-control", "max-age=1"), ("referrer-policy", "origin")];
        (fields, "")
    };
    let upstream = serve(Router::new().route("/plain", get(plain)).route("/full", get(full))).await;
    let gateway = gateway(settings());
    let answer = ask(&gateway, fetch(&format!("http://{upstream}/plain"))).await;
    assert_eq!(answer.headers()["dualfetch-added"], "content-type, cache-control, referrer-policy");
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    let answer = ask(&gateway, fetch(&format!("http://{upstream}/full"))).await;
    assert!(!answer.headers().contains_key("dualfetch-added"));
    assert_eq!(answer.headers()["content-type"], "text/html");
    assert_eq!(answer.headers()["referrer-policy"], "origin");
}

#[tokio::test]
async fn what_is_between_client_and_gateway_stays_there() {
    let upstream = serve(Router::new().fallback(any(echo))).await;
    let request = fetch(&format!("http://{upstream}/in?x=1&y=%2F"))
        .method("POST")
        .header("authorization", "Bearer df_secret")
        .header("cookie", "a=1")
        .header("user-agent", "a browser")
        .header("referer", "https://where.example/")
        .header("sec-fetch-site", "same-origin")
        .header("x-forwarded-for", "1.2.3.4")
        .header("cf-access-jwt-assertion", "who")
        .header("x-goog-iap-jwt-assertion", "who")
        .header("x-amzn-oidc-data", "who")
        .header("x-auth-request-access-token", "who")
        .header("x-remote-user", "who")
        .header("tailscale-user-login", "who")
        .header("connection", "x-named")
        .header("x-named", "1")
        .header("te", "trailers")
        .header("accept", "text/plain")
        .header("accept-encoding", "br")
        .header("content-type", "text/x")
        .header("x-own", "kept")
        .body(Body::from("sent"))
        .expect("a request");
    let told = text(send(&gateway(settings()), request).await).await;
    assert!(told.starts_with("POST /in?x=1&y=%2F\n"), "{told}");
    assert!(told.ends_with("\nsent"), "{told}");
    let mut names: Vec<&str> = told
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split(": ").next())
        .collect();
    names.sort_unstable();
    let expected =
        ["accept", "accept-encoding", "content-length", "content-type", "host", "user-agent", "via", "x-own"];
    assert_eq!(names, expected, "{told}");
    assert!(told.contains("via: 1.1 dualfetch\n") && told.contains("(gateway)\n"), "{told}");
    assert!(told.contains("accept: text/plain\n") && told.contains("accept-encoding: br\n"), "{told}");
}

#[tokio::test]
async fn bodies_pass_as_they_are_coded() {
    let coded = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let upstream = serve(
        Router::new()
            .route("/", get(move || async move { ([("content-encoding", "gzip")], coded.to_vec()) })),
    )
    .await;
    let gateway = gateway(settings());
    let answer = ask(&gateway, fetch(&format!("http://{upstream}/"))).await;
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let bytes = axum::body::to_bytes(answer.into_body(), 100).await.expect("a body");
    assert_eq!(&bytes[..], coded);
}

#[tokio::test]
async fn redirects_are_followed_and_told() {
    let upstream = serve(
        Router::new()
            .route("/a", get(|| async { Redirect::permanent("/b") }))
            .route("/b", get(|| async { "there" })),
    )
    .await;
    let gateway = gateway(settings());
    let answer = ask(&gateway, fetch(&format!("http://{upstream}/a"))).await;
    assert_eq!(answer.headers()["dualfetch-url"], format!("http://{upstream}/b").as_str());
    assert_eq!(answer.headers()["dualfetch-redirects"], "1");
    assert_eq!(text(answer).await, "there");
    let request = fetch(&format!("http://{upstream}/a"));
    let uri = format!("{}&max_redirects=0", request.uri_ref().expect("a URI"));
    let problem = problem(ask(&gateway, request.uri(uri)).await).await;
    assert_eq!(
        (problem["status"].as_u64(), problem["code"].as_str()),
        (Some(502), Some("too_many_redirects"))
    );
}

#[tokio::test]
async fn failures_are_problems_with_the_codes_of_the_library() {
    let gateway = gateway(settings());
    let refused = serve(Router::new()).await.port();
    for (query, status, code) in [
        ("", 400, "invalid_url"),
        ("url=", 400, "invalid_url"),
        ("url=no+url", 400, "invalid_url"),
        ("url=ftp%3A%2F%2Fa%2F", 400, "unsupported_scheme"),
        ("url=http%3A%2F%2F10.0.0.1%2F", 403, "denied"),
        ("url=http%3A%2F%2Fu%3Ap%40a.example%2F", 400, "invalid_url"),
        ("url=http%3A%2F%2Fa%2F&url=http%3A%2F%2Fb%2F", 400, "invalid_option"),
        ("url=http://a/?x=1&y=2", 400, "invalid_option"),
        (&format!("url=http%3A%2F%2Fa%2F{}", "x".repeat(8 << 10)), 400, "invalid_url"),
        ("url=http%3A%2F%2Fa%2F&wrapped=1", 400, "invalid_option"),
        ("url=http%3A%2F%2Fa%2F&timeout=0", 400, "invalid_option"),
        ("url=http%3A%2F%2Fa%2F&timeout=-1", 400, "invalid_option"),
        ("url=http%3A%2F%2Fa%2F&timeout=99999999999", 400, "invalid_option"),
        ("url=http%3A%2F%2F127.0.0.1%3A1%2F", 502, "connect"),
    ] {
        let request = http::Request::get(format!("/fetch?{query}")).header("host", "localhost");
        let problem = problem(ask(&gateway, request).await).await;
        assert_eq!(
            (problem["status"].as_u64(), problem["code"].as_str()),
            (Some(status), Some(code)),
            "{query}"
        );
    }
    let _ = refused;
    let told = |response: axum::response::Response| problem(response);
    let missing = http::Request::get("/nothing").header("host", "localhost");
    assert_eq!(told(ask(&gateway, missing).await).await["code"], "not_found");
    let other = http::Request::post("/healthz").header("host", "localhost");
    let answer = ask(&gateway, other).await;
    assert_eq!(answer.headers()["allow"], "GET,HEAD");
    assert_eq!(told(answer).await["code"], "method_not_allowed");
}

#[tokio::test]
async fn what_is_too_large_is_neither_sent_nor_passed_on() {
    let upstream = serve(
        Router::new()
            .route("/told", get(|| async { "x".repeat(2_000) }))
            .route(
                "/untold",
                get(|| async {
                    let pieces =
                        futures_util::stream::iter((0..200).map(|_| Ok::<_, std::io::Error>("x".repeat(10))));
                    Body::from_stream(pieces)
                }),
            )
            .fallback(any(echo)),
    )
    .await;
    let mut settings = settings();
    settings.max_response = 1_000;
    settings.max_upload = 10;
    let gateway = gateway(settings);
    let told = problem(ask(&gateway, fetch(&format!("http://{upstream}/told"))).await).await;
    assert_eq!(told["code"], "body_too_large");
    let untold = ask(&gateway, fetch(&format!("http://{upstream}/untold"))).await;
    assert!(axum::body::to_bytes(untold.into_body(), 10_000).await.is_err(), "it is cut");
    let post =
        |body: Body| fetch(&format!("http://{upstream}/")).method("POST").body(body).expect("a request");
    assert_eq!(problem(send(&gateway, post(Body::from("x".repeat(11)))).await).await["code"], "too_large");
    let pieces = futures_util::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>("x")));
    let problem = problem(send(&gateway, post(Body::from_stream(pieces))).await).await;
    assert_eq!(problem["code"], "too_large");
    assert_eq!(
        text(send(&gateway, post(Body::from("0123456789"))).await).await.lines().last(),
        Some("0123456789")
    );
}

#[tokio::test]
async fn an_end_cuts_what_is_relayed_and_refuses_what_is_new() {
    let upstream = serve(Router::new().route(
        "/",
        get(|| async {
            let first = futures_util::stream::iter([Ok::<_, std::io::Error>("begun")]);
            Body::from_stream(futures_util::StreamExt::chain(first, futures_util::stream::pending()))
        }),
    ))
    .await;
    let gateway = gateway(settings());
    let url = format!("http://{upstream}/");
    let answer = ask(&gateway, fetch(&url)).await;
    gateway.drain();
    let ready = ask(&gateway, http::Request::get("/readyz")).await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    gateway.close();
    assert!(axum::body::to_bytes(answer.into_body(), 100).await.is_err(), "it is cut");
    let problem = problem(ask(&gateway, fetch(&url)).await).await;
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(503), Some("closed")));
}

#[tokio::test]
async fn what_goes_on_is_told_to_prometheus() {
    let upstream = serve(Router::new().route("/", get(|| async { "0123456789" }))).await;
    let gateway = gateway(settings());
    text(ask(&gateway, fetch(&format!("http://{upstream}/"))).await).await;
    ask(&gateway, fetch("http://10.0.0.1/")).await;
    let metrics = text(ask(&gateway, http::Request::get("/metrics").header("host", "localhost")).await).await;
    for line in [
        "dualfetch_http_requests_total{route=\"/fetch\",method=\"GET\",status=\"200\"} 1",
        "dualfetch_http_requests_total{route=\"/fetch\",method=\"GET\",status=\"403\"} 1",
        "dualfetch_fetches_total{outcome=\"2xx\"} 1",
        "dualfetch_failures_total{code=\"denied\"} 1",
        "dualfetch_relayed_bytes_total 10",
        "dualfetch_open_streams 0",
        "dualfetch_in_flight 0",
    ] {
        assert!(metrics.lines().any(|told| told == line), "{line} in\n{metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"));
}

#[tokio::test]
async fn a_panic_or_a_head_answers_like_the_rest() {
    let upstream =
        serve(Router::new().route("/", get(|headers: HeaderMap| async move { headers.len().to_string() })))
            .await;
    let gateway = gateway(settings());
    let answer = ask(&gateway, fetch(&format!("http://{upstream}/")).method("HEAD")).await;
    assert_eq!(
        (answer.status(), answer.headers()["content-length"].to_str().ok()),
        (StatusCode::OK, Some("1"))
    );
    assert_eq!(text(answer).await, "");
}

#[tokio::test]
async fn a_head_tells_no_length_that_nobody_has_told() {
    use dualfetch::Session;
    let upstream = serve(Router::new().route(
        "/",
        get(|| async { Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>("piece")])) }),
    ))
    .await;
    let served = serve(gateway(settings()).router()).await;
    let session = dualfetch::DefaultSession::new().expect("a session");
    let url = format!("http://{served}/fetch?url=http%3A%2F%2F{upstream}%2F");
    let answer = session.head(&url).await.expect("an answer");
    assert_eq!((answer.status(), answer.headers().get("content-length")), (StatusCode::OK, None));
}

#[tokio::test]
async fn what_a_name_leads_to_is_not_told() {
    let mut settings = Settings::new();
    settings.config = Config::new().resolve("inner.example", [([10, 1, 2, 3], 80).into()]);
    let gateway = gateway(settings);
    let told = problem(ask(&gateway, fetch("http://inner.example/")).await).await;
    assert_eq!(told["code"], "denied");
    let list =
        http::Request::post("/titles").header("host", "localhost").header("content-type", "application/json");
    let rows =
        text(send(&gateway, list.body(Body::from("[\"http://inner.example/\"]")).expect("a request")).await)
            .await;
    assert!(rows.contains("\"denied\""), "{rows}");
    for told in [told.to_string(), rows] {
        assert!(!told.contains("10.1") && told.contains("not a site of the public internet"), "{told}");
    }
}

#[tokio::test]
async fn it_may_be_mounted_below_a_path() {
    let upstream = serve(Router::new().route("/", get(|| async { "there" }))).await;
    let mounted = serve(Router::new().nest("/gateway", gateway(settings()).router())).await;
    let session = dualfetch::DefaultSession::new().expect("a session");
    let fetched = |path: String| {
        use dualfetch::Session;
        let session = session.clone();
        async move { session.get(format!("http://{mounted}{path}")).await.expect("an answer") }
    };
    let query = format!("url=http%3A%2F%2F{upstream}%2F");
    let answer = fetched(format!("/gateway/fetch?{query}")).await;
    assert_eq!(answer.text().await.expect("text"), "there");
    assert_eq!(fetched(format!("/fetch?{query}")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn it_is_asked_once_whatever_comes() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let upstream = serve(Router::new().fallback(any(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "30")]) }
    })))
    .await;
    let mut settings = settings();
    settings.retries = 5;
    let gateway = gateway(settings);
    for method in ["GET", "PUT", "DELETE"] {
        let answer = ask(&gateway, fetch(&format!("http://{upstream}/")).method(method)).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()["retry-after"], "30");
    }
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_body_that_is_short_goes_along_with_a_redirect() {
    let upstream = serve(
        Router::new().route("/old", any(|| async { Redirect::permanent("/new") })).route("/new", any(echo)),
    )
    .await;
    let gateway = gateway(settings());
    let url = format!("http://{upstream}/old");
    let short = fetch(&url).method("POST").body(Body::from("short")).expect("a request");
    let told = text(send(&gateway, short).await).await;
    assert!(told.starts_with("POST /new") && told.ends_with("\nshort"), "{told}");
    // What comes in pieces is sent as it comes, and then it has gone.
    let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("piece")]);
    let long = fetch(&url).method("POST").body(Body::from_stream(pieces)).expect("a request");
    assert_eq!(problem(send(&gateway, long).await).await["code"], "body_consumed");
}

#[tokio::test]
async fn statuses_that_a_browser_acts_upon_come_in_a_field_where_that_is_asked_for() {
    let upstream = serve(Router::new().route(
        "/{status}",
        get(|Path(status): Path<u16>| async move { StatusCode::from_u16(status).expect("a status") }),
    ))
    .await;
    let gateway = gateway(settings());
    for status in [200, 301, 302, 303, 304, 307, 308, 401, 404, 407] {
        let asked = fetch(&format!("http://{upstream}/{status}"));
        let uri = format!("{}&wrapped=true", asked.uri_ref().expect("a URI"));
        let plain = ask(&gateway, asked).await;
        assert_eq!((plain.status().as_u16(), plain.headers().get("dualfetch-status")), (status, None));
        let wrapped = ask(&gateway, http::Request::get(uri).header("host", "localhost")).await;
        let told =
            wrapped.headers().get("dualfetch-status").map(|told| told.to_str().expect("digits").to_owned());
        match status {
            301..=303 | 307 | 308 | 407 => {
                assert_eq!((wrapped.status().as_u16(), told), (200, Some(status.to_string())));
            }
            _ => assert_eq!((wrapped.status().as_u16(), told), (status, None)),
        }
    }
}

#[tokio::test]
async fn an_event_stream_lasts_longer_than_a_page_may() {
    let upstream = serve(Router::new().route(
        "/",
        get(|| async {
            let pieces = futures_util::stream::unfold(0, |count| async move {
                tokio::time::sleep(Duration::from_millis(150)).await;
                (count < 5).then(|| (Ok::<_, std::io::Error>("data: 1\n\n"), count + 1))
            });
            ([("content-type", "text/event-stream")], Body::from_stream(pieces))
        }),
    ))
    .await;
    let mut settings = settings();
    settings.timeout = settings.timeout.total(Duration::from_millis(400)).read(Duration::from_millis(100));
    let gateway = gateway(settings);
    let url = format!("http://{upstream}/");
    let page = ask(&gateway, fetch(&url)).await;
    assert!(axum::body::to_bytes(page.into_body(), 1_000).await.is_err(), "its time is over");
    let events = ask(&gateway, fetch(&url).header("accept", "text/event-stream")).await;
    assert_eq!(text(events).await.matches("data: 1").count(), 5);
}
