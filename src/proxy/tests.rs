use std::collections::HashMap;
use std::ffi::OsString;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::error::{Error, ErrorKind};
use crate::tls::Tls;

use super::{Proxy, ProxyScheme, ProxyServer, environment, route};

fn proxy(url: &str) -> Proxy {
    Proxy::new(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn server(url: &str) -> ProxyServer {
    ProxyServer::parse(url).unwrap_or_else(|why| panic!("{url}: {why}"))
}

fn is_invalid(error: &Error) -> bool {
    *error.kind() == ErrorKind::InvalidOption { option: "proxy" }
}

#[test]
fn a_url_names_scheme_host_port_and_who_is_asking() {
    use ProxyScheme::{Http, Https, Socks5, Socks5h};
    for (url, scheme, host, port) in [
        ("http://proxy.example:3128", Http, "proxy.example", 3128),
        ("http://PROXY.example/", Http, "proxy.example", 80),
        ("http://proxy.example:80", Http, "proxy.example", 80),
        ("HTTPS://proxy.example", Https, "proxy.example", 443),
        ("socks5://127.0.0.1", Socks5, "127.0.0.1", 1080),
        ("socks5h://[::1]:80", Socks5h, "::1", 80),
        ("socks5h://[2001:DB8::0:1]", Socks5h, "2001:db8::1", 1080),
        ("proxy.example:3128", Http, "proxy.example", 3128),
        ("me:secret@proxy.example", Http, "proxy.example", 80),
        ("http://bücher.example:1", Http, "xn--bcher-kva.example", 1),
        (" http://proxy.example:3128 ", Http, "proxy.example", 3128),
    ] {
        let server = server(url);
        assert_eq!((server.scheme, server.host.as_str(), server.port), (scheme, host, port), "{url}");
    }
    for (url, user, password) in [
        ("http://me:s%40cr%2Fet@proxy", "me", "s@cr/et"),
        ("http://me@proxy", "me", ""),
        ("http://me:a:b@proxy", "me", "a:b"),
        ("http://me:a@b@proxy", "me", "a@b"),
        ("socks5://me:%20@proxy", "me", " "),
    ] {
        let expected = (user.as_bytes().to_vec(), password.as_bytes().to_vec());
        assert_eq!(server(url).credentials, Some(expected), "{url}");
    }
    assert_eq!(server("http://proxy").credentials, None);
}

#[test]
fn what_is_no_proxy_is_refused_and_its_password_not_shown() {
    for url in [
        "",
        "http://",
        "http://:3128",
        "http://me:secret@",
        "ftp://me:secret@proxy",
        "socks4://me:secret@proxy",
        "socks://me:secret@proxy",
        "http://me:secret@proxy/path",
        "http://me:sec/ret@proxy",
        "http://me:sec?ret",
        "http://proxy:0",
        "http://proxy:65536",
        "http://proxy:+80",
        "http://proxy:80:90",
        "http://me:secret@[::1]:80:90",
        "http://pro%78y",
        "http://me:secret@pro xy",
        "http://[::1",
        "http://::1",
        "http:proxy:80",
        "http://a%3Ab:secret@proxy",
        "socks5://:secret@proxy",
        &format!("socks5://me:{}@proxy", "secret".repeat(43)),
    ] {
        let error = Proxy::new(url).expect_err(url);
        assert!(is_invalid(&error), "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("sec"), "{url}: {error}");
    }
}

#[test]
fn the_first_proxy_of_a_list_that_is_for_an_origin_carries_it() {
    let proxies = [
        proxy("http://one").no_proxy("one.example").expect("a pattern").only_https(),
        Proxy::direct().only_http().no_proxy("far.example").expect("a pattern"),
        proxy("socks5h://rest"),
    ];
    for (scheme, host, expected) in [
        ("https", "example.com", Some("one")),
        ("https", "one.example", Some("rest")),
        ("http", "one.example", None),
        ("http", "far.example", Some("rest")),
        ("wss", "example.com", Some("one")),
        ("ws", "example.com", None),
    ] {
        let found = route(&proxies, scheme, host, 443).map(|server| server.host.as_str());
        assert_eq!(found, expected, "{scheme}://{host}");
    }
    assert!(route(&[], "http", "example.com", 80).is_none());
}

#[test]
fn hosts_are_exempt_by_name_address_network_and_port() {
    for (patterns, yes, no) in [
        (
            "example.com",
            &["example.com:80", "www.example.com:443", "EXAMPLE.com:80", "example.com.:80"][..],
            &["notexample.com:80", "example.com.evil:80", "com:80", "10.0.0.1:80"][..],
        ),
        (".example.com", &["example.com:80", "a.b.example.com:80"], &["anexample.com:80"]),
        ("*.Example.com", &["example.com:80", "a.example.com:80"], &["example.org:80"]),
        ("example.com.", &["example.com:80"], &["example.org:80"]),
        ("a.example:8080", &["a.example:8080", "b.a.example:8080"], &["a.example:80"]),
        ("*", &["a:80", "10.0.0.1:1", "[::1]:9"], &[]),
        ("*:8080", &["a:8080"], &["a:80"]),
        ("10.1.2.3", &["10.1.2.3:80", "[::ffff:10.1.2.3]:80"], &["10.1.2.4:80", "110.1.2.3:80"]),
        ("10.1.2.3:81", &["10.1.2.3:81"], &["10.1.2.3:80"]),
        ("10.0.0.0/8", &["10.255.0.1:80"], &["11.0.0.0:80", "x10.0.0.1:80"]),
        ("10.1.2.3/31", &["10.1.2.2:80", "10.1.2.3:1"], &["10.1.2.4:80"]),
        ("0.0.0.0/0", &["10.1.2.3:80"], &["[2001:db8::1]:80", "a:80"]),
        ("169.254/16", &["169.254.1.2:80"], &["169.255.1.2:80", "a:80"]),
        ("10/8", &["10.255.0.1:80"], &["11.0.0.1:80"]),
        ("10.*", &["10.255.0.1:80"], &["11.0.0.1:80", "10.example:80"]),
        ("192.168.*.*:81", &["192.168.9.1:81"], &["192.169.9.1:81", "192.168.9.1:80"]),
        ("<local>", &["localhost:80", "db.:5432"], &["a.example:80", "10.0.0.1:80", "[::1]:80"]),
        ("::/0", &["[2001:db8::1]:80"], &["10.1.2.3:80"]),
        ("fd00::/8", &["[fd12::1]:80"], &["[fe80::1]:80"]),
        ("::1", &["[::1]:80", "::1:80"], &["[::2]:80"]),
        ("[::1]", &["[::1]:80"], &["[::2]:80"]),
        ("[::1]:81", &["[::1]:81"], &["[::1]:80"]),
        ("bücher.example", &["xn--bcher-kva.example:80"], &["bucher.example:80"]),
        ("localhost, 127.0.0.1\tb ,,c", &["localhost:1", "127.0.0.1:1", "b:1", "c:1"], &["127.0.0.2:1"]),
        ("", &[], &["localhost:80", "127.0.0.1:80"]),
    ] {
        let proxy = proxy("http://proxy").no_proxy(patterns).unwrap_or_else(|e| panic!("{patterns}: {e}"));
        let is_for = |place: &str| {
            let (host, port) = place.rsplit_once(':').expect("a port");
            proxy.matches("http", host, port.parse().expect("a port"))
        };
        for place in yes {
            assert!(!is_for(place), "{patterns:?} should exempt {place}");
        }
        for place in no {
            assert!(is_for(place), "{patterns:?} should not exempt {place}");
        }
    }
}

#[test]
fn a_pattern_that_could_exempt_nothing_is_refused_by_its_text() {
    for pattern in [
        "10.0.0.0/33",
        "::/129",
        "a.example/8",
        "10/33",
        "/8",
        "10./8",
        "010/8",
        "256.0/16",
        "1.2.3.4.5/8",
        "10.0.0.1.*",
        "10.*.*.*.*",
        "10.*.1",
        "256.*",
        "a.*",
        "a:b",
        "a:0",
        "10.1.2",
        ".",
        "..a",
        "a.example:",
        "[::1",
        "<remote>",
    ] {
        let error = proxy("http://proxy").no_proxy(&format!("ok, {pattern}")).expect_err(pattern);
        assert!(is_invalid(&error), "{error:?}");
        assert!(
            error.message().is_some_and(|text| text.contains(pattern) && text.contains("10.0.0.0/8")),
            "{pattern}: {error}"
        );
    }
}

#[test]
fn patterns_of_several_calls_are_added() {
    let proxy = proxy("http://proxy").no_proxy("a").and_then(|proxy| proxy.no_proxy("b")).expect("two");
    assert!(!proxy.matches("http", "a", 80) && !proxy.matches("http", "b", 80));
}

#[test]
fn fields_for_the_proxy_hold_who_is_asking_and_are_sensitive() {
    let proxy = proxy("http://proxy").basic_auth("me", "secret").expect("a user");
    let proxy =
        proxy.header("x-token", "t1").and_then(|proxy| proxy.header("X-Token", "t2")).expect("fields");
    let fields = proxy.server.as_ref().expect("a server").fields();
    assert_eq!(fields["proxy-authorization"], "Basic bWU6c2VjcmV0");
    assert_eq!(fields.get_all("x-token").iter().collect::<Vec<_>>(), ["t1", "t2"]);
    assert!(fields.values().all(http::HeaderValue::is_sensitive));

    let own = proxy.header("proxy-authorization", "Bearer t").expect("a field");
    let fields = own.server.as_ref().expect("a server").fields();
    assert_eq!(fields.get_all("proxy-authorization").iter().collect::<Vec<_>>(), ["Bearer t"]);
}

#[test]
fn what_cannot_be_said_to_a_proxy_is_refused() {
    let kind = |result: crate::error::Result<Proxy>| result.expect_err("refused").kind().clone();
    let invalid = ErrorKind::InvalidOption { option: "proxy" };
    assert_eq!(kind(proxy("http://proxy").basic_auth("a:b", "")), invalid);
    assert_eq!(kind(proxy("socks5://proxy").basic_auth("", "x")), invalid);
    assert_eq!(kind(proxy("socks5://proxy").header("a", "b")), invalid);
    assert_eq!(kind(Proxy::direct().basic_auth("a", "b")), invalid);
    assert_eq!(kind(Proxy::direct().header("a", "b")), invalid);
    for name in ["host", "Content-Length", "transfer-encoding", "connection"] {
        assert_eq!(kind(proxy("http://proxy").header(name, "b")), invalid, "{name}");
    }
    assert_eq!(kind(proxy("http://proxy").header("a b", "c")), ErrorKind::InvalidHeader);
    assert_eq!(kind(proxy("http://proxy").header("a", "b\r\nc: d")), ErrorKind::InvalidHeader);
    assert_eq!(kind(proxy("http://proxy").tls(Tls::new())), invalid);
    assert!(proxy("https://proxy").tls(Tls::new()).is_ok());
    assert!(proxy("socks5://proxy").basic_auth("a:b", "c").is_ok());
}

#[test]
fn debug_shows_no_secret() {
    let proxy = proxy("http://me:secret@proxy:1").header("x-token", "secret").expect("a field");
    let shown = format!("{:?}", proxy.no_proxy("10.0.0.0/8 .b:1 *:2").expect("patterns").only_https());
    assert_eq!(
        shown,
        r#"Proxy { server: http://***@proxy:1 with x-token, scope: Https, no_proxy: ["10.0.0.0/8", "b:1", "*:2"] }"#
    );
    assert_eq!(format!("{:?}", Proxy::direct()), r#"Proxy { server: "direct" }"#);
}

#[test]
fn equal_proxies_are_one_key() {
    let of = |url: &str| proxy(url).no_proxy("a").expect("a pattern");
    let mut keys = HashMap::new();
    keys.insert(of("http://proxy:80"), 1);
    assert_eq!(keys.get(&of("http://PROXY/")), Some(&1));
    assert_eq!(keys.get(&of("http://me@proxy")), None);
    assert_eq!(keys.get(&of("http://proxy").only_http()), None);
}

fn from(variables: &[(&str, &str)]) -> crate::error::Result<Vec<Proxy>> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    environment::proxies(|name| variables.get(name).map(OsString::from))
}

fn way(variables: &[(&str, &str)], scheme: &str, host: &str) -> Option<String> {
    let proxies = from(variables).unwrap_or_else(|error| panic!("{variables:?}: {error}"));
    route(&proxies, scheme, host, 80).map(|server| server.host.clone())
}

#[test]
fn the_environment_names_a_proxy_for_each_scheme() {
    let all = [("http_proxy", "h"), ("https_proxy", "http://s:1"), ("all_proxy", "socks5://a")];
    assert_eq!(way(&all, "http", "x").as_deref(), Some("h"));
    assert_eq!(way(&all, "https", "x").as_deref(), Some("s"));
    assert_eq!(way(&all[2..], "https", "x").as_deref(), Some("a"));
    assert_eq!(way(&all[..1], "https", "x"), None);
    assert_eq!(way(&[], "http", "x"), None);
    assert_eq!(way(&[("HTTP_PROXY", "h")], "http", "x").as_deref(), Some("h"));
    assert_eq!(way(&[("HTTP_PROXY", "H1"), ("http_proxy", "h2")], "http", "x").as_deref(), Some("h2"));
}

#[test]
fn the_environment_may_name_other_proxies_for_websockets() {
    let all = [("ws_proxy", "w"), ("WSS_PROXY", "v"), ("http_proxy", "h"), ("https_proxy", "s")];
    for (scheme, host) in [("ws", "w"), ("wss", "v"), ("http", "h"), ("https", "s")] {
        assert_eq!(way(&all, scheme, "x").as_deref(), Some(host));
    }
    assert_eq!(way(&all[1..], "ws", "x").as_deref(), Some("h"));
    assert_eq!(way(&all[2..], "wss", "x").as_deref(), Some("s"));
    assert_eq!(way(&[("all_proxy", "a")], "ws", "x").as_deref(), Some("a"));
    assert_eq!(way(&[("ws_proxy", ""), ("http_proxy", "h")], "ws", "x"), None);
}

#[test]
fn an_empty_variable_means_no_proxy() {
    let empty = [("https_proxy", ""), ("HTTPS_PROXY", "s"), ("ALL_PROXY", "a")];
    assert_eq!(way(&empty, "https", "x"), None);
    assert_eq!(way(&empty, "http", "x").as_deref(), Some("a"));
}

#[test]
fn a_cgi_program_takes_no_proxy_from_its_client() {
    let cgi = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "evil"), ("HTTPS_PROXY", "s")];
    assert_eq!(way(&cgi, "http", "x"), None);
    assert_eq!(way(&cgi, "https", "x").as_deref(), Some("s"));
    let own = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "evil"), ("http_proxy", "own")];
    assert_eq!(way(&own, "http", "x").as_deref(), Some("own"));
}

#[test]
fn the_environment_exempts_hosts_from_all_its_proxies() {
    let exempt = [("http_proxy", "h"), ("ALL_PROXY", "a"), ("NO_PROXY", "localhost,.internal")];
    for scheme in ["http", "https"] {
        assert_eq!(way(&exempt, scheme, "x.internal"), None);
        assert_eq!(way(&exempt, scheme, "localhost"), None);
        assert!(way(&exempt, scheme, "127.0.0.1").is_some(), "loopback is exempt by name alone");
    }
}

#[test]
fn a_bad_variable_is_told_by_its_name() {
    for (name, value) in [
        ("HTTPS_PROXY", "ftp://me:secret@x"),
        ("http_proxy", "http://"),
        ("ALL_PROXY", "socks4://x"),
        ("NO_PROXY", "10.0.0.0/40"),
        ("no_proxy", "192.*.1"),
    ] {
        let error = from(&[(name, value)]).expect_err(name);
        assert!(is_invalid(&error), "{error:?}");
        assert!(error.message().is_some_and(|text| text.contains(name)), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(from(&[("NO_PROXY", ""), ("http_proxy", "")]).is_ok());
}
