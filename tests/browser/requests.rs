//! What no fetch can do, wherever it runs, is refused by name; and what it does by itself is not in our way.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use dualfetch::dns::{AddressFamily, Addresses, BoxError, DnsCache, Resolve};
use dualfetch::maybe::BoxFuture;
use dualfetch::{Config, Error, ErrorKind, HttpVersion, Method, Proxy, SafeMode, Session, Timeout, Tls};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::contract::Lab;

use super::lab::run;

fn unsupported(result: Result<impl Sized, Error>, feature: &str) {
    let Err(error) = result else { panic!("{feature} was taken") };
    let named = matches!(error.kind(), ErrorKind::Unsupported { feature: named, .. } if *named == feature);
    assert!(named && error.code() == "unsupported", "{feature}: {error}");
}

#[wasm_bindgen_test]
async fn what_no_fetch_can_do_is_unsupported_by_name() {
    run(async |lab| {
        let session = lab.session(Config::new());
        let get = || session.get(lab.url("/echo"));
        let connect = Timeout::new().connect(Duration::from_secs(1));
        unsupported(get().timeout(connect).await, "timeout.connect");
        unsupported(get().http_version(HttpVersion::Http1).await, "http_version");
        unsupported(get().auto_decompress(false).await, "auto_decompress");
        unsupported(get().body("x").await, "body");
        for method in [Method::CONNECT, Method::TRACE] {
            unsupported(session.request(method, lab.url("/echo")).await, "method");
        }
        unsupported(Config::new().timeout(connect).build(), "timeout.connect");
    })
    .await;
}

#[wasm_bindgen_test]
async fn how_connections_are_made_is_unsupported_by_name() {
    run(async |lab| {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let place = || [SocketAddr::new(here, 80)];
        for (feature, config) in [
            ("tls", Config::new().tls(Tls::new())),
            ("resolver", Config::new().resolver(Nobody)),
            ("resolve", Config::new().resolve("a.example", place())),
            ("dns_cache", Config::new().dns_cache(DnsCache::new())),
            ("address_family", Config::new().address_family(AddressFamily::Any)),
            ("happy_eyeballs", Config::new().happy_eyeballs(None)),
            ("local_address", Config::new().local_address(here)),
            ("unix_socket", Config::new().unix_socket("/run/a.sock")),
            ("safe_mode", Config::new().safe_mode(SafeMode::new())),
            ("proxy", Config::new().proxy("http://proxy.example:3128")),
            ("tcp_keepalive", Config::new().tcp_keepalive(None)),
            ("tcp_nodelay", Config::new().tcp_nodelay(true)),
            ("max_idle_per_host", Config::new().max_idle_per_host(1)),
        ] {
            unsupported(config.build(), feature);
        }
        let session = lab.session(Config::new());
        let get = || session.get(lab.url("/echo"));
        unsupported(get().tls(Tls::new()).await, "tls");
        unsupported(get().resolver(Arc::new(Nobody)).await, "resolver");
        unsupported(get().resolve("a.example", place()).await, "resolve");
        unsupported(get().address_family(AddressFamily::Ipv4).await, "address_family");
        unsupported(get().happy_eyeballs(None).await, "happy_eyeballs");
        unsupported(get().local_address(here).await, "local_address");
        unsupported(get().unix_socket("/run/a.sock").await, "unix_socket");
        unsupported(get().safe_mode(SafeMode::new()).await, "safe_mode");
        unsupported(get().proxy(Proxy::direct()).await, "proxy");
    })
    .await;
}

struct Nobody;

impl Resolve for Nobody {
    fn resolve(&self, _: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
        Box::pin(std::future::ready(Err("nobody is there".into())))
    }
}

#[wasm_bindgen_test]
async fn a_compressed_body_is_read_whole() {
    run(async |lab| {
        let session = lab.session(Config::new());
        let response = session.get(lab.faulty("/gzip")).await.expect("a response");
        let body = response.bytes().await.expect("a page");
        assert_eq!(body.len(), 5000);
        assert!(body.starts_with(b"<!doctype html><html><head><title>Packed</title>"));
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_piece_comes_before_the_rest_is_there() {
    run(async |lab| {
        let session = lab.session(Config::new());
        let mut response = session.get(lab.faulty("/stalled")).await.expect("a head");
        let piece = response.chunk().await.expect("a piece").expect("half of it");
        assert!(piece.starts_with(b"<!doctype html><html><head><title>Half</title>"));
    })
    .await;
}

/// In a page the server is another origin, which lets the challenge be seen.
#[cfg(feature = "digest")]
#[wasm_bindgen_test]
async fn a_challenge_that_is_shown_is_answered() {
    use crate::strict::{PASSWORD, USER};
    use dualfetch::middleware::DigestAuth;

    run(async |lab| {
        let known = |password: &str| {
            let auth = DigestAuth::new(&lab.url("/"), USER, password).expect("sound");
            lab.session(Config::new().hop_middleware(auth.prefer_integrity(true)))
        };
        let (session, stranger) = (known(PASSWORD), known("wrong"));
        let url = lab.url("/lab/digest/a?b=%20&c='d\"");
        assert_eq!(stranger.get(&*url).await.expect("a head").status(), 401);
        for _ in 0..2 {
            let response = session.post(&*url).body("the body").await.expect("a head");
            assert_eq!(response.status(), 200);
            assert_eq!(response.text().await.expect("a body"), "<title>welcome</title>");
        }
    })
    .await;
}
