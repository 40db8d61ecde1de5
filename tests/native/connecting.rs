//! How connections are made: to which of several addresses, from which, to a Unix socket; and what is told of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use dualfetch::dns::{AddressFamily, DnsCache};
use dualfetch::events::{Event, What};
use dualfetch::tls::{Roots, Tls};
use dualfetch::{Config, ConnectStep, ConnectionUse, DefaultSession, ErrorKind, Session, Timeout};
use futures_util::future::join_all;
use tokio::net::TcpListener;

use crate::support::{CountingServer, Refusing, TlsServer, Unanswering};

use super::help::{fetch, millis, outcome, run};

const URL: &str = "http://many.example/page/1";

fn built(config: Config) -> DefaultSession {
    config.build().expect("settings that are sound")
}

fn with(addresses: impl IntoIterator<Item = SocketAddr>) -> Config {
    Config::new().resolve("many.example", addresses)
}

#[test]
fn an_address_that_does_not_answer_is_no_reason_not_to_try_the_next() {
    run(async {
        let (silent, server) = (Unanswering::start().await, CountingServer::start().await);
        let addresses = [silent.address(), silent.address(), server.address(0)];
        let racing = built(with(addresses).happy_eyeballs(millis(1)));
        assert_eq!(outcome(&fetch(&racing, URL).await), "ok");
        let patient = with(addresses).happy_eyeballs(None).timeout(Timeout::new().connect(millis(50)));
        assert_eq!(outcome(&fetch(&built(patient), URL).await), "timeout connect");
    });
}

#[test]
fn an_address_that_refuses_makes_room_for_the_next_at_once() {
    run(async {
        let (refusing, server) = (Refusing::new(), CountingServer::start().await);
        let addresses = [refusing.address(), refusing.address(), server.address(0)];
        assert_eq!(outcome(&fetch(&built(with(addresses).happy_eyeballs(None)), URL).await), "ok");
        let all_refuse = built(with([refusing.address(), Refusing::new().address()]));
        let error = fetch(&all_refuse, URL).await.expect_err("refused");
        assert_eq!(error.kind(), &ErrorKind::Connect);
        assert!(error.to_string().to_lowercase().contains("refused"), "{error}");
    });
}

#[test]
fn of_two_families_the_second_is_tried_before_more_of_the_first() {
    run(async {
        let (silent, server) = (Unanswering::start().await, CountingServer::start().await);
        let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
        let ipv6 = listener.local_addr().expect("an address");
        drop(listener);
        // The silent one leaves room after the delay, the IPv6 one by refusing.
        let addresses = [silent.address(), server.address(0), ipv6];
        let config = with(addresses).happy_eyeballs(millis(50));
        assert_eq!(outcome(&fetch(&built(config), URL).await), "ok");
        let only_ipv6 = with([server.address(0), ipv6]).address_family(AddressFamily::Ipv6);
        assert_eq!(outcome(&fetch(&built(only_ipv6), URL).await), "connect");
        let only_ipv4 = with([ipv6, server.address(0)]).address_family(AddressFamily::Ipv4);
        assert_eq!(outcome(&fetch(&built(only_ipv4), URL).await), "ok");
    });
}

#[test]
fn connections_come_from_the_address_that_is_set_and_go_to_its_family_alone() {
    run(async {
        let server = CountingServer::start().await;
        let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let session = built(with([server.address(0)]).local_address(from));
        let response = session.get(URL).await.expect("an answer");
        let local = response.connection().and_then(|connection| connection.local()).expect("it is TCP");
        assert_eq!(local.ip(), from);
        response.bytes().await.expect("a body");
        // One request's own, and a connection of its own with it.
        #[cfg(target_os = "linux")]
        {
            let other = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
            let response = session.get(URL).local_address(other).await.expect("an answer");
            let local = response.connection().and_then(|connection| connection.local()).expect("it is TCP");
            assert_eq!((local.ip(), server.total().connections), (other, 2));
        }
        let ipv6 = session.get("http://[::1]:9/").await.expect_err("no address to come from");
        assert_eq!(ipv6.kind(), &ErrorKind::Connect);
        assert!(ipv6.to_string().contains("family"), "{ipv6}");
        // TEST-NET-1: nobody's here.
        let foreign = session.get(URL).local_address("192.0.2.1".parse().expect("an address")).await;
        assert_eq!(foreign.map(drop).expect_err("not ours").kind(), &ErrorKind::Connect);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn connections_go_through_the_interface_that_is_set() {
    run(async {
        let server = CountingServer::start().await;
        // Binding to an interface takes no privileges since Linux 5.7, but a sandbox may forbid it.
        let outcome = outcome(&fetch(&built(Config::new().interface("lo")), &server.url(0, "/page/1")).await);
        assert!(outcome == "ok" || !may_bind("lo"), "{outcome}");
        let missing = built(Config::new().interface("no-such-one"));
        let error = fetch(&missing, &server.url(0, "/page/1")).await.expect_err("there is none");
        assert_eq!(error.kind(), &ErrorKind::Connect);
        let other = built(Config::new()).get(server.url(0, "/page/1")).interface("no-such-one").await;
        assert_eq!(other.map(drop).expect_err("there is none").kind(), &ErrorKind::Connect);
    });
}

#[cfg(target_os = "linux")]
fn may_bind(interface: &str) -> bool {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind_device(Some(interface.as_bytes())).is_ok()
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_where_every_request_goes() {
    use dualfetch::{Proxy, SafeMode};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    run(async {
        let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("unix-{}.sock", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).expect("a socket");
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                tokio::spawn(async move {
                    let (mut asked, mut piece) = (Vec::new(), [0; 1024]);
                    while let Ok(length @ 1..) = stream.read(&mut piece).await {
                        asked.extend_from_slice(&piece[..length]);
                        if asked.ends_with(b"\r\n\r\n") {
                            let head = String::from_utf8_lossy(&asked).to_lowercase();
                            let host =
                                head.lines().find(|line| line.starts_with("host:")).unwrap_or_default();
                            let answer =
                                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{host}", host.len());
                            stream.write_all(answer.as_bytes()).await.expect("it is there");
                            asked.clear();
                        }
                    }
                });
            }
        });
        let session = built(Config::new().unix_socket(&path));
        for host in ["docker", "other.invalid:81", "127.0.0.1"] {
            let response = session.get(format!("http://{host}/x")).await.expect("an answer");
            assert_eq!(response.connection().map(|connection| connection.remote()), Some(None));
            assert_eq!(response.text().await.expect("text"), format!("host: {host}"));
        }
        let missing = built(Config::new().unix_socket(folder.join("missing.sock")));
        let fetched = fetch(&missing, "http://docker/").await;
        assert_eq!(outcome(&fetched), "connect");
        let error = missing.get("http://docker/").await.map(drop).expect_err("nobody is there");
        assert!(error.message().is_some_and(|message| message.contains("missing.sock: ")), "{error}");
        let safe = Config::new().unix_socket(&path).safe_mode(SafeMode::new()).build().map(drop);
        assert_eq!(safe.expect_err("both").kind(), &ErrorKind::InvalidOption { option: "safe_mode" });
        let proxied = Config::new().unix_socket(&path).proxy("http://127.0.0.1:9").build().map(drop);
        assert_eq!(proxied.expect_err("both").kind(), &ErrorKind::InvalidOption { option: "proxy" });
        let direct = Config::new().unix_socket(&path).proxy(Proxy::direct()).build().map(drop);
        direct.expect("none is no other");
        std::fs::remove_file(&path).expect("it was there");
    });
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn observer(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let log = Arc::clone(&self.0);
        move |event| {
            let told = match event.what {
                What::Connect(ConnectStep::ResolveStart { host }) => format!("resolve {host}"),
                What::Connect(ConnectStep::ResolveEnd { from, addresses, .. }) => {
                    format!("resolved {} {from:?}", addresses.len())
                }
                What::Connect(ConnectStep::Connected { remote }) => format!("connected {}", remote.is_some()),
                What::Connect(ConnectStep::Secured { alpn }) => {
                    format!("secured {}", String::from_utf8_lossy(alpn.unwrap_or_default()))
                }
                What::Connection { how, connect, resolve, .. } => {
                    format!("{how:?} {} {}", connect.is_some(), resolve.is_some())
                }
                _ => return,
            };
            log.lock().expect("no panic").push(told);
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no panic"))
    }
}

#[test]
fn each_step_of_a_connection_is_told_and_how_a_request_came_by_it() {
    run(async {
        let server = TlsServer::start().await;
        let (log, here) = (Log::default(), server.address(0).ip());
        let tls = Tls::new().roots(Roots::None).add_roots(server.ca_pem());
        let resolver = move |name: &str| match name {
            "localhost" => Ok([here]),
            _ => Err(format!("{name} is not here")),
        };
        let config = Config::new().tls(tls).resolver(Answering(resolver)).on_event(log.observer());
        let session = built(config);
        let url = server.named_url(0, "/page/1");
        fetch(&session, &url).await.expect("a page");
        let made = ["resolve localhost", "resolved 1 Resolver", "connected true", "secured h2"];
        assert_eq!(log.take(), [&made[..], &["Started true true"]].concat());
        fetch(&session, &url).await.expect("a page");
        assert_eq!(log.take(), ["Reused false false"]);
        // Another connection, the name still known.
        session.get(&url).http_version(dualfetch::HttpVersion::Http1).await.expect("an answer");
        let cached = ["resolve localhost", "resolved 1 Cache", "connected true", "secured http/1.1"];
        assert_eq!(log.take(), [&cached[..], &["Started true false"]].concat());
        // An address is asked of nobody.
        fetch(&session, &server.url(0, "/page/1")).await.expect("a page");
        assert_eq!(log.take(), ["connected true", "secured h2", "Started true false"]);
        session.clear_dns_cache("localhost").expect("it keeps some");
        let again = session.get(&url).tls(Tls::new().danger_accept_invalid_certificates(true));
        again.await.expect("an answer");
        assert_eq!(log.take(), [&made[..], &["Started true true"]].concat());
        let error = session.get("https://elsewhere.example/").await.expect_err("no such name");
        assert_eq!(error.kind(), &ErrorKind::Dns);
        assert!(error.to_string().contains("elsewhere.example is not here"), "{error}");
        assert_eq!(log.take(), ["resolve elsewhere.example"]);
    });
}

#[test]
fn requests_that_wait_for_one_connection_share_it() {
    run(async {
        let server = TlsServer::start().await;
        let log = Log::default();
        let tls = Tls::new().roots(Roots::None).add_roots(server.ca_pem());
        let session = built(Config::new().tls(tls).dns_cache(DnsCache::off()).on_event(log.observer()));
        let url = server.url(0, "/page/1");
        join_all((0..10).map(|_| fetch(&session, &url))).await.into_iter().for_each(|page| {
            page.expect("a page");
        });
        let mut told = log.take();
        told.retain(|told| !told.starts_with("connected") && !told.starts_with("secured"));
        let how =
            |how: ConnectionUse| told.iter().filter(|told| told.starts_with(&format!("{how:?}"))).count();
        assert_eq!(how(ConnectionUse::Started), 1, "{told:?}");
        assert_eq!(how(ConnectionUse::Started) + how(ConnectionUse::Shared) + how(ConnectionUse::Reused), 10);
        assert_eq!(server.total().connections, 1);
    });
}

/// A resolver that a function is.
struct Answering<F>(F);

impl<F: Fn(&str) -> Result<[IpAddr; 1], String> + Send + Sync> dualfetch::dns::Resolve for Answering<F> {
    fn resolve(
        &self,
        name: &str,
    ) -> dualfetch::maybe::BoxFuture<'static, Result<dualfetch::dns::Addresses, dualfetch::dns::BoxError>>
    {
        let found = (self.0)(name).map(dualfetch::dns::Addresses::new).map_err(Into::into);
        Box::pin(std::future::ready(found))
    }
}
