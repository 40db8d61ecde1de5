//! Who may ask, and how often.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get;
use dualfetch::gateway::{CallRate, Keys, Settings};
use http::{Request, StatusCode};

use crate::lab::{ask, fetch, gateway, problem, send, serve, settings, text};

async fn upstream() -> String {
    format!("http://{}/", serve(Router::new().route("/", get(|| async { "there" }))).await)
}

fn with_key() -> (Settings, String) {
    let key = Keys::generate().expect("chance");
    let mut settings = settings();
    settings.keys = Keys::new().add("one", &key.hash).expect("a hash");
    (settings, key.secret)
}

#[tokio::test]
async fn with_keys_only_their_holders_are_answered() {
    let url = upstream().await;
    let (settings, secret) = with_key();
    let gateway = gateway(settings);
    let answer = ask(&gateway, fetch(&url).header("authorization", format!("Bearer {secret}"))).await;
    assert_eq!(text(answer).await, "there");
    let wrong = format!("Bearer {}x", &secret[..secret.len() - 1]);
    for request in [
        fetch(&url),
        fetch(&url).header("authorization", "Bearer df_guess"),
        fetch(&url).header("authorization", wrong),
        fetch(&url).header("authorization", format!("Basic {secret}")),
        fetch(&url).header("authorization", format!("Bearer {secret}")).header("authorization", "Bearer x"),
        Request::get("/metrics").header("host", "localhost"),
    ] {
        let answer = ask(&gateway, request).await;
        assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"dualfetch\"");
        let problem = problem(answer).await;
        assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(401), Some("unauthorized")));
        assert!(!problem.to_string().contains(&secret));
    }
    for open in ["/healthz", "/readyz"] {
        assert_eq!(ask(&gateway, Request::get(open).header("host", "x")).await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn names_that_point_here_are_no_reason_to_answer() {
    let url = upstream().await;
    let gateway = gateway(settings());
    let to = |host: &str| {
        let uri = fetch(&url).uri_ref().cloned().expect("a URI");
        ask(&gateway, Request::get(uri).header("host", host))
    };
    for host in [
        "localhost",
        "localhost:8080",
        "LOCALHOST",
        "127.0.0.1:8080",
        "[::1]:8080",
        "a.localhost",
        "192.0.2.7",
    ] {
        assert_eq!(to(host).await.status(), StatusCode::OK, "{host}");
    }
    for host in ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", ""]
    {
        assert_eq!(problem(to(host).await).await["code"], "forbidden", "{host:?}");
    }
    let none = Request::get(fetch(&url).uri_ref().cloned().expect("a URI"));
    assert_eq!(problem(ask(&gateway, none).await).await["code"], "forbidden");
    let mut named = settings();
    named.hosts = vec!["gw.example".to_owned()];
    let gateway = crate::lab::gateway(named);
    let uri = fetch(&url).uri_ref().cloned().expect("a URI");
    let answer = ask(&gateway, Request::get(uri).header("host", "GW.example:443")).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn pages_of_other_origins_are_answered_where_the_settings_say_so() {
    let url = upstream().await;
    let mut allowing = settings();
    allowing.origins = vec!["https://app.example".to_owned()];
    let gateway = gateway(allowing);
    let from = |origin: &'static str| ask(&gateway, fetch(&url).header("origin", origin));
    let answer = from("https://app.example").await;
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example");
    assert_eq!(answer.headers()["access-control-expose-headers"], "*");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(from("http://localhost").await.status(), StatusCode::OK, "its own page");
    for origin in [
        "https://evil.example",
        "http://app.example",
        "https://app.example.evil",
        "null",
        "http://localhost:81",
    ] {
        let answer = from(origin).await;
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{origin}");
        assert_eq!(problem(answer).await["code"], "forbidden", "{origin}");
    }
    for site in ["cross-site", "same-site"] {
        let answer = ask(&gateway, fetch(&url).header("sec-fetch-site", site)).await;
        assert_eq!(problem(answer).await["code"], "forbidden", "an image on a page of another site");
    }
    let asked = Request::options("/fetch?url=x")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization,x-own");
    let preflight = ask(&gateway, asked).await;
    assert_eq!(preflight.status(), StatusCode::OK);
    assert_eq!(preflight.headers()["access-control-allow-headers"], "authorization,x-own");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_ask_again() {
    let url = upstream().await;
    let mut slow = settings();
    slow.rate =
        Some(CallRate::new(1, Duration::from_secs(3600)).and_then(|rate| rate.burst(2)).expect("a rate"));
    slow.trusted_proxies = vec!["10.0.0.0/24".to_owned()];
    let gateway = gateway(slow);
    let from = |peer: &str, told: &str| {
        let mut request = fetch(&url).header("x-forwarded-for", told).body(Body::empty()).expect("a request");
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().expect("an address")));
        send(&gateway, request)
    };
    for _ in 0..2 {
        assert_eq!(from("192.0.2.1:5", "192.0.2.7").await.status(), StatusCode::OK);
    }
    let answer = from("192.0.2.1:6", "192.0.2.8").await;
    let wait: u64 =
        answer.headers()["retry-after"].to_str().ok().and_then(|text| text.parse().ok()).expect("seconds");
    assert!((3_000..=3_601).contains(&wait), "{wait}");
    assert_eq!(problem(answer).await["code"], "rate_limited");
    assert_eq!(from("192.0.2.2:5", "").await.status(), StatusCode::OK, "another address");
    // By a proxy that is trusted it is the client's address that counts, and what a client says of itself is not.
    for _ in 0..2 {
        assert_eq!(from("10.0.0.9:5", "192.0.2.1, 192.0.2.50").await.status(), StatusCode::OK);
    }
    assert_eq!(from("10.0.0.9:5", "192.0.2.99, 192.0.2.50").await.status(), StatusCode::TOO_MANY_REQUESTS);
    // A port beside it is none of its.
    assert_eq!(from("10.0.0.9:5", "192.0.2.50:4711").await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(from("10.0.0.9:5", "[2001:db8:7::1]:4711").await.status(), StatusCode::OK);
    // One network of IPv6 is one caller.
    for port in [5, 6] {
        assert_eq!(from(&format!("[2001:db8::{port}]:1"), "").await.status(), StatusCode::OK);
    }
    assert_eq!(from("[2001:db8::7]:1", "").await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn what_comes_by_a_gateway_is_refused() {
    let gateway = gateway(settings());
    let nested = serve(gateway.router()).await;
    let url = format!("http://{nested}/fetch?url=http%3A%2F%2F{nested}%2Fhealthz");
    let answer = ask(&gateway, fetch(&url)).await;
    assert_eq!(answer.status(), StatusCode::LOOP_DETECTED);
    assert!(text(answer).await.contains("\"loop\""));
}

#[tokio::test]
async fn new_settings_hold_for_what_comes_from_then_on() {
    let url = upstream().await;
    let (settings, old) = with_key();
    let gateway = gateway(settings);
    let with = |secret: &str| ask(&gateway, fetch(&url).header("authorization", format!("Bearer {secret}")));
    assert_eq!(with(&old).await.status(), StatusCode::OK);
    let (settings, new) = with_key();
    gateway.reload(settings).expect("settings");
    assert_eq!(with(&old).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(with(&new).await.status(), StatusCode::OK);
    let mut wrong = crate::lab::settings();
    wrong.origins = vec!["no origin".to_owned()];
    assert!(gateway.reload(wrong).is_err());
    assert_eq!(with(&new).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_rate_outlasts_new_settings_and_guesses_at_keys_take_nothing_from_those_who_have_one() {
    let url = upstream().await;
    let slow = || {
        let (mut slow, secret) = with_key();
        slow.rate = Some(CallRate::new(3, Duration::from_secs(3600)).expect("a rate"));
        (slow, secret)
    };
    let gateway = gateway(slow().0);
    let guess = || ask(&gateway, fetch(&url).header("authorization", "Bearer df_guess"));
    for _ in 0..2 {
        assert_eq!(guess().await.status(), StatusCode::UNAUTHORIZED);
    }
    let (settings, secret) = slow();
    gateway.reload(settings).expect("settings");
    assert_eq!(guess().await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(guess().await.status(), StatusCode::TOO_MANY_REQUESTS);
    let right = || ask(&gateway, fetch(&url).header("authorization", format!("Bearer {secret}")));
    for _ in 0..3 {
        assert_eq!(right().await.status(), StatusCode::OK);
    }
    assert_eq!(right().await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_key_among_subprotocols_opens_sockets_alone() {
    let url = upstream().await;
    let (settings, secret) = with_key();
    let gateway = gateway(settings);
    let protocols = format!("dualfetch.v1, dualfetch.key.{secret}");
    let answer = ask(&gateway, fetch(&url).header("sec-websocket-protocol", &protocols)).await;
    assert_eq!(problem(answer).await["code"], "unauthorized");
    let socket = |protocols: &str| {
        Request::get("/ws").header("host", "localhost").header("sec-websocket-protocol", protocols)
    };
    // It is asked for no upgrade, but it is let in.
    assert_eq!(ask(&gateway, socket(&protocols)).await.status(), StatusCode::UPGRADE_REQUIRED);
    assert_eq!(ask(&gateway, socket("dualfetch.v1")).await.status(), StatusCode::UNAUTHORIZED);
    let both = socket(&protocols).header("authorization", "Bearer df_guess");
    assert_eq!(ask(&gateway, both).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nothing_of_a_stranger_s_runs_in_a_page_from_here() {
    let url = upstream().await;
    let gateway = gateway(settings());
    for dest in [
        "script",
        "style",
        "worker",
        "serviceworker",
        "sharedworker",
        "iframe",
        "object",
        "embed",
        "font",
        "json",
    ] {
        let answer = ask(&gateway, fetch(&url).header("sec-fetch-dest", dest)).await;
        assert_eq!(problem(answer).await["code"], "forbidden", "{dest}");
    }
    for dest in ["empty", "image", "document"] {
        assert_eq!(
            ask(&gateway, fetch(&url).header("sec-fetch-dest", dest)).await.status(),
            StatusCode::OK,
            "{dest}"
        );
    }
}

#[tokio::test]
async fn an_answer_to_a_key_is_for_nobody_else() {
    let upstream = serve(
        Router::new()
            .route(
                "/",
                get(|| async {
                    ([("cache-control", "public, max-age=60, s-maxage=90, private=\"x\"")], "there")
                }),
            )
            .route("/plain", get(|| async { "there" })),
    )
    .await;
    let (settings, secret) = with_key();
    let gateway = gateway(settings);
    for (path, told) in [("", "private, max-age=60"), ("plain", "private, no-store")] {
        let answer = ask(
            &gateway,
            fetch(&format!("http://{upstream}/{path}")).header("authorization", format!("Bearer {secret}")),
        )
        .await;
        assert_eq!(answer.headers()["cache-control"], told);
        assert!(answer.headers().get_all("vary").iter().any(|vary| vary == "authorization"));
    }
}
