//! Proxies on bare sockets: what is said to them, byte by byte, and what they may say.

mod properties;

use std::net::SocketAddr;

use dualfetch::dns::{Addresses, BoxError, Resolve};
use dualfetch::maybe::BoxFuture;
use dualfetch::{Config, DefaultSession, ErrorKind, Phase, Proxy, SafeMode, Session, Timeout};

use crate::support::{CountingServer, RawServer, Refusing, Script};

use super::child::{self, CaStore};
use super::help::{fetch, millis, run};

/// A proxy that answers every request itself.
async fn answering() -> RawServer {
    RawServer::by_head(|_| Script::new().read_head().send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"))
        .await
}

fn by(proxy: &RawServer) -> Proxy {
    Proxy::new(&format!("http://me:secret@{}", proxy.address())).expect("a proxy")
}

fn session(proxy: Proxy) -> DefaultSession {
    Config::new().proxy(proxy).build().expect("a session")
}

#[test]
fn a_proxy_is_told_the_whole_url_and_who_is_asking() {
    run(async {
        let proxy = answering().await;
        let by = by(&proxy).header("x-key", "1").and_then(|by| by.header("x-key", "2")).expect("fields");
        let session = session(by);
        for (url, target, host) in [
            ("http://origin.example/a?b#c", "http://origin.example/a?b", "origin.example"),
            ("http://u:p@origin.example:8080", "http://origin.example:8080/", "origin.example:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080/", "[::1]:8080"),
        ] {
            let get = session.get(url).header("proxy-authorization", "own").header("x-key", "own");
            assert_eq!(get.await.expect("an answer").text().await.expect("a body"), "hi");
            let (_, head) = proxy.heads().pop().expect("a request");
            assert_eq!(head.target, target);
            let fields = |name: &str| -> Vec<String> {
                let named = head.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
                named.map(|(_, value)| value.clone()).collect()
            };
            assert_eq!(fields("host"), [host]);
            assert_eq!(fields("proxy-authorization"), ["Basic bWU6c2VjcmV0"]);
            assert_eq!(fields("x-key"), ["1", "2"]);
        }
    });
}

#[test]
fn a_proxy_is_told_no_more_of_a_tunnel_than_where_it_leads() {
    run(async {
        let refusing =
            RawServer::by_head(|_| Script::new().read_head().send("HTTP/1.1 502 No\r\n\r\n").close());
        let proxy = refusing.await;
        let session = session(by(&proxy));
        let get = session.get("https://u:p@origin.example/path?query").header("cookie", "a=b");
        let error = get.await.expect_err("no tunnel");
        assert!(
            matches!(error.kind(), ErrorKind::Proxy { status: Some(status), refused: false } if *status == 502)
        );
        let (_, head) = proxy.heads().pop().expect("a request");
        let expected = "CONNECT origin.example:443 HTTP/1.1\r\n\
            proxy-authorization: Basic bWU6c2VjcmV0\r\nhost: origin.example:443\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&head.raw), expected);
    });
}

#[test]
fn who_is_asking_does_not_follow_a_redirect_around_the_proxy() {
    run(async {
        let origin = CountingServer::builder().record().start().await;
        let to = format!(
            "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            origin.url(0, "/page/1")
        );
        let proxy = RawServer::by_head(move |_| Script::new().read_head().send(to.clone())).await;
        let by = by(&proxy).header("x-key", "1").and_then(|by| by.no_proxy("127.0.0.1")).expect("a proxy");
        let session = session(by);
        let get = session.get("http://origin.example/").header("proxy-authorization", "own");
        assert_eq!(get.await.expect("an answer").status(), 200);
        let asked = origin.records().remove(0).headers;
        assert!(!asked.contains_key("proxy-authorization") && !asked.contains_key("x-key"), "{asked:?}");
    });
}

#[test]
fn a_proxy_that_answers_no_connect_runs_out_of_the_connect_timeout() {
    run(async {
        let proxy = RawServer::start(Script::new().read_head().expect_close()).await;
        let session = session(by(&proxy));
        let get = session.get("https://origin.example/");
        let error = get.timeout(Timeout::new().connect(millis(300))).await.expect_err("no tunnel");
        assert_eq!(error.kind(), &ErrorKind::Timeout(Phase::Connect));
        assert!(error.to_string().contains("by way of the proxy http://127.0.0.1:"), "{error}");
        proxy.ended(0).await;
    });
}

#[test]
fn connections_by_one_way_are_not_used_for_another() {
    run(async {
        let proxy = answering().await;
        let session = DefaultSession::new().expect("a session");
        let ways = [by(&proxy), by(&proxy).basic_auth("you", "secret").expect("a user")];
        for way in [0, 1, 0, 1] {
            let get = session.get("http://origin.example/").proxy(ways[way].clone());
            get.await.expect("an answer").bytes().await.expect("a body");
        }
        let users: Vec<_> = proxy.heads().into_iter().map(|(connection, _)| connection).collect();
        assert_eq!(users, [0, 1, 0, 1]);
    });
}

#[test]
fn a_request_s_list_takes_the_place_of_the_session_s() {
    run(async {
        let (one, two) = (answering().await, answering().await);
        let session = session(by(&one));
        for (url, expected) in [("http://a.example/", (0, 1)), ("http://b.example/", (0, 2))] {
            let get = session.get(url).proxy(by(&two).no_proxy("c.example").expect("a name"));
            get.proxy(by(&one)).await.expect("an answer");
            assert_eq!((one.heads().len(), two.heads().len()), expected);
        }
        let get = session.get("http://c.example/").proxy(by(&two).no_proxy("c.example").expect("a name"));
        get.proxy(by(&one)).await.expect("an answer");
        assert_eq!((one.heads().len(), two.heads().len()), (1, 2), "the first that is for it");
    });
}

#[test]
fn the_first_of_a_session_s_proxies_that_is_for_a_request_carries_it() {
    run(async {
        let (one, two) = (answering().await, answering().await);
        let first = by(&one).no_proxy("b.example").expect("a name");
        let session = Config::new().proxy(first).proxy(by(&two)).build().expect("a session");
        for (url, expected) in
            [("http://a.example/", (1, 0)), ("http://b.example/", (1, 1)), ("http://a.example/", (2, 1))]
        {
            fetch(&session, url).await.expect("an answer");
            assert_eq!((one.heads().len(), two.heads().len()), expected);
        }
    });
}

#[test]
fn a_request_s_proxy_takes_the_place_of_all_of_the_session_s() {
    run(async {
        let (one, two) = (answering().await, answering().await);
        let session = session(by(&one));
        session.get("http://a.example/").proxy(by(&two)).await.expect("an answer");
        assert_eq!((one.heads().len(), two.heads().len()), (0, 1));
        let origin = CountingServer::start().await;
        for around in [Proxy::direct(), by(&two).only_https()] {
            session.get(origin.url(0, "/page/1")).proxy(around).await.expect("an answer");
        }
        assert_eq!((one.heads().len(), two.heads().len(), origin.total().requests), (0, 1, 2));
    });
}

#[test]
fn what_a_proxy_cannot_be_combined_with_is_refused() {
    let proxied = || Config::new().proxy("http://proxy.example");
    let option = |config: Config| config.build().expect_err("refused").kind().clone();
    assert_eq!(
        option(proxied().safe_mode(SafeMode::new())),
        ErrorKind::InvalidOption { option: "safe_mode" }
    );
    assert_eq!(option(proxied().unix_socket("/run/x")), ErrorKind::InvalidOption { option: "proxy" });
    assert_eq!(option(Config::new().proxy("ftp://proxy")), ErrorKind::InvalidOption { option: "proxy" });
    assert!(Config::new().proxy(Proxy::direct()).safe_mode(SafeMode::new()).build().is_ok());
    run(async {
        let session = proxied().build().expect("a session");
        let asked = session.get("http://docker/").unix_socket("/run/x").await.map(drop);
        let error = asked.expect_err("both");
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "proxy" });
        assert!(error.message().is_some_and(|message| message.contains("Proxy::direct()")), "{error}");
        let direct = session.get("http://docker/").unix_socket("/no/such").proxy(Proxy::direct()).await;
        assert_eq!(direct.map(drop).expect_err("nobody is there").kind(), &ErrorKind::Connect);
    });
}

/// A resolver that asks a server, by way of a proxy of its own.
struct Asking(DefaultSession);

impl Resolve for Asking {
    fn resolve(&self, _: &str) -> BoxFuture<'static, Result<Addresses, BoxError>> {
        let session = self.0.clone();
        Box::pin(async move {
            session.get("https://resolver.example/").await?;
            Ok(Addresses::new([std::net::Ipv4Addr::LOCALHOST]))
        })
    }
}

#[test]
fn a_resolver_s_proxy_is_not_the_request_s() {
    run(async {
        let nobody = Refusing::new();
        let asking = Asking(session(Proxy::new(&nobody.url("")).expect("a proxy")));
        let session = Config::new().resolver(asking).build().expect("a session");
        let error = fetch(&session, "http://a.example/").await.expect_err("no name");
        assert_eq!(error.kind(), &ErrorKind::Dns, "{error:?}");
    });
}

#[test]
fn the_environment_counts_where_it_is_asked_alone() {
    run(async {
        let (proxy, origin) = (answering().await, CountingServer::start().await);
        let (by, at) = (format!("http://me:secret@{}", proxy.address()), origin.url(0, "/page/1"));
        let variables = [
            ("http_proxy", by.as_str()),
            ("https_proxy", ""),
            ("all_proxy", ""),
            ("no_proxy", "127.0.0.0/8"),
            ("DUALFETCH_TEST_URL", &at),
        ];
        child::run("native::proxies::in_this_environment", &variables, &CaStore::missing()).await;
        let heads = proxy.heads();
        assert_eq!(heads.len(), 1, "{heads:?}");
        assert_eq!(heads[0].1.target, "http://origin.example/by");
        assert_eq!(origin.total().requests, 2);
    });
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn in_this_environment() {
    let Ok(exempt) = std::env::var("DUALFETCH_TEST_URL") else { return };
    run(async {
        let session = Config::new().proxies(Proxy::from_env().expect("proxies")).build().expect("a session");
        fetch(&session, "http://origin.example/by").await.expect("an answer");
        fetch(&session, &exempt).await.expect("a page");
        // Unasked, the environment says nothing.
        let here: SocketAddr =
            exempt.split('/').nth(2).and_then(|place| place.parse().ok()).expect("an address");
        let fixed = Config::new().resolve("origin.example", [here]).build().expect("a session");
        fetch(&fixed, &format!("http://origin.example:{}/page/2", here.port())).await.expect("a page");
    });
}
