//! How connections are made is a platform's own: where it cannot be said, that is told by name.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use dualfetch::dns::{AddressFamily, Addresses, BoxError, DnsCache, Resolve};
use dualfetch::maybe::BoxFuture;
use dualfetch::platform::Capabilities;
use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, ErrorKind, Proxy, Request, RequestBuilder, SafeMode, Session, Tls};

const URL: &str = "https://a.example/";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const HERE_TOO: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

struct Nobody;

impl Resolve for Nobody {
    fn resolve(&self, _: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
        Box::pin(std::future::ready(Err("nobody is there".into())))
    }
}

fn place() -> [SocketAddr; 1] {
    [SocketAddr::new(HERE, 80)]
}

/// Each option of a session by its name, set to what it is by default, too.
fn of_sessions() -> Vec<(&'static str, Config)> {
    vec![
        ("tls", Config::new().tls(Tls::new())),
        ("resolver", Config::new().resolver(Nobody)),
        ("resolve", Config::new().resolve("b.example", place())),
        ("dns_cache", Config::new().dns_cache(DnsCache::new())),
        ("address_family", Config::new().address_family(AddressFamily::Any)),
        ("happy_eyeballs", Config::new().happy_eyeballs(Duration::from_millis(250))),
        ("happy_eyeballs", Config::new().happy_eyeballs(None)),
        ("local_address", Config::new().local_address(HERE)),
        ("local_address", Config::new().local_address(HERE_TOO)),
        ("interface", Config::new().interface("eth0")),
        ("unix_socket", Config::new().unix_socket("/run/a.sock")),
        ("safe_mode", Config::new().safe_mode(SafeMode::new())),
        ("proxy", Config::new().proxy("http://proxy.example:3128")),
        ("proxy", Config::new().proxies([Proxy::direct()])),
        ("tcp_keepalive", Config::new().tcp_keepalive(None)),
        ("tcp_nodelay", Config::new().tcp_nodelay(true)),
        ("max_idle_per_host", Config::new().max_idle_per_host(1)),
    ]
}

type Ask<'a> = RequestBuilder<&'a Client<Scripted>>;

/// What sets one option of a request.
type Set = fn(Ask<'_>) -> Ask<'_>;

/// Those of them that a request has.
fn of_requests() -> Vec<(&'static str, Set)> {
    vec![
        ("tls", |request| request.tls(Tls::new())),
        ("resolver", |request| request.resolver(Arc::new(Nobody))),
        ("resolve", |request| request.resolve("b.example", place())),
        ("address_family", |request| request.address_family(AddressFamily::Any)),
        ("happy_eyeballs", |request| request.happy_eyeballs(Duration::from_millis(250))),
        ("local_address", |request| request.local_address(HERE)),
        ("local_address", |request| request.local_address(HERE_TOO)),
        ("interface", |request| request.interface("eth0")),
        ("unix_socket", |request| request.unix_socket("/run/a.sock")),
        ("safe_mode", |request| request.safe_mode(SafeMode::new())),
        ("proxy", |request| request.proxy(Proxy::direct())),
    ]
}

fn like_a_browser() -> Scripted {
    let mut browser = Capabilities::all("browser");
    browser.transport = false;
    let platform = Scripted::with_capabilities(1, browser);
    platform.on_every(|_: &Request| Reply::ok("x"));
    platform
}

fn unsupported(feature: &'static str) -> ErrorKind {
    ErrorKind::Unsupported { feature, platform: "browser" }
}

#[test]
fn a_session_s_option_that_a_platform_cannot_honour_is_unsupported_by_name() {
    for (feature, config) in of_sessions() {
        let error = Client::with_backend(config, like_a_browser()).expect_err(feature);
        assert_eq!(*error.kind(), unsupported(feature));
    }
}

#[test]
fn a_request_s_option_that_a_platform_cannot_honour_is_unsupported_by_name_and_nothing_is_sent() {
    let platform = like_a_browser();
    let session = Client::with_backend(Config::new(), platform.clone()).expect("defaults are for everyone");
    for (feature, set) in of_requests() {
        let error = platform.run(set(session.get(URL)).send()).expect_err(feature);
        assert_eq!(*error.kind(), unsupported(feature));
    }
    assert!(platform.calls().is_empty());
    platform.run(session.get(URL).send()).expect("nothing is set");
}

#[test]
fn where_all_can_be_honoured_none_is_refused() {
    for (feature, config) in of_sessions() {
        let platform = Scripted::new(1);
        platform.on_every(|_: &Request| Reply::ok("x"));
        let session = Client::with_backend(config, platform.clone()).expect(feature);
        platform.run(session.get(URL).send()).expect(feature);
    }
    let (platform, session) = crate::session(Config::new());
    platform.on_every(|_: &Request| Reply::ok("x"));
    for (feature, set) in of_requests() {
        platform.run(set(session.get(URL)).send()).expect(feature);
    }
}
