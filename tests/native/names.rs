//! Names through a whole session: who is asked, how often, and what becomes of what is not found.

use std::future::{pending, ready};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dualfetch::dns::{AddressFamily, Addresses, BoxError, DnsCache, Resolve};
use dualfetch::events::{Event, What};
use dualfetch::maybe::BoxFuture;
use dualfetch::{Config, ConnectStep, DefaultSession, ErrorKind, Result, Retry, Session, Timeout};
use futures_util::future::join_all;

use crate::support::{CountingServer, Gate, Refusing, within};

use super::help::{fetch, millis, outcome, run};

type Answer = std::result::Result<Addresses, BoxError>;

type Answers = dyn Fn(&str, usize) -> BoxFuture<'static, Answer> + Send + Sync;

/// Answers as the test says, given the name and how many questions came before.
#[derive(Clone)]
struct Script {
    asked: Arc<Mutex<Vec<String>>>,
    answers: Arc<Answers>,
}

impl Script {
    fn new(answers: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::slow(move |name, before| Box::pin(ready(answers(name, before))))
    }

    fn slow(answers: impl Fn(&str, usize) -> BoxFuture<'static, Answer> + Send + Sync + 'static) -> Self {
        Self { asked: Arc::default(), answers: Arc::new(answers) }
    }

    /// Every name is this machine.
    fn here() -> Self {
        Self::new(|_, _| here())
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn wait_for(&self, questions: usize) {
        let asking = async {
            while self.asked().len() < questions {
                tokio::task::yield_now().await;
            }
        };
        within(&format!("{questions} questions"), || format!("{:?}", self.asked()), asking).await;
    }
}

impl Resolve for Script {
    fn resolve(&self, name: &str) -> BoxFuture<'static, Answer> {
        let mut asked = self.asked.lock().unwrap();
        let before = asked.len();
        asked.push(name.to_owned());
        drop(asked);
        (self.answers)(name, before)
    }
}

fn here() -> Answer {
    Ok(Addresses::new([Ipv4Addr::LOCALHOST]))
}

/// A session that makes a new connection for each request, so that each needs an address.
fn asking(resolver: &Script) -> Config {
    DefaultSession::builder().resolver(resolver.clone()).force_close(true)
}

fn named(server: &CountingServer, name: &str) -> String {
    format!("http://{name}:{}/page/1", server.address(0).port())
}

#[test]
fn a_name_is_asked_about_once_in_its_time() {
    run(async {
        let server = CountingServer::start().await;
        let resolver = Script::here();
        let session = asking(&resolver).build().unwrap();
        for name in ["a.test", "a.test", "b.test", "A.TEST"] {
            fetch(&session, &named(&server, name)).await.expect("a page");
        }
        assert_eq!(resolver.asked(), ["a.test", "b.test"]);
        assert_eq!(server.total().connections, 4);
    });
}

#[test]
fn without_a_cache_each_connection_asks_and_none_that_is_reused() {
    run(async {
        let server = CountingServer::start().await;
        let resolver = Script::here();
        let session = asking(&resolver).dns_cache(DnsCache::off()).build().unwrap();
        for _ in 0..3 {
            fetch(&session, &named(&server, "a.test")).await.expect("a page");
        }
        assert_eq!(resolver.asked().len(), 3);

        let keeping =
            DefaultSession::builder().resolver(resolver.clone()).dns_cache(DnsCache::off()).build().unwrap();
        for _ in 0..3 {
            fetch(&keeping, &named(&server, "a.test")).await.expect("a page");
        }
        assert_eq!(resolver.asked().len(), 4, "one connection");
    });
}

#[test]
fn what_is_cleared_is_asked_again() {
    run(async {
        let server = CountingServer::start().await;
        let resolver = Script::here();
        let session = asking(&resolver).dns_cache(DnsCache::new().forever()).build().unwrap();
        for (clear, questions) in [(None, 2), (Some("a.test"), 3), (Some("c.test"), 3), (None, 5)] {
            match clear {
                Some(name) => session.clear_dns_cache(name).unwrap(),
                None => session.clear_dns_cache(None).unwrap(),
            }
            for name in ["a.test", "b.test"] {
                fetch(&session, &named(&server, name)).await.expect("a page");
            }
            assert_eq!(resolver.asked().len(), questions, "{:?}", resolver.asked());
        }
    });
}

#[test]
fn requests_with_settings_of_their_own_share_what_is_kept() {
    run(async {
        let server = CountingServer::start().await;
        let resolver = Script::here();
        let session = asking(&resolver).build().unwrap();
        let url = named(&server, "a.test");
        fetch(&session, &url).await.expect("a page");
        let elsewhere = SocketAddr::from(([127, 0, 0, 1], 1));
        session
            .get(&url)
            .resolve("other.test", [elsewhere])
            .await
            .expect("a head")
            .bytes()
            .await
            .expect("it");
        session
            .get(&url)
            .address_family(AddressFamily::Ipv4)
            .await
            .expect("a head")
            .bytes()
            .await
            .expect("it");
        assert_eq!(resolver.asked(), ["a.test"]);
    });
}

#[test]
fn many_requests_for_one_name_are_one_question() {
    run(async {
        let server = CountingServer::start().await;
        let gate = Gate::new();
        let held = gate.clone();
        let resolver = Script::slow(move |_, _| {
            let held = held.clone();
            Box::pin(async move {
                held.pass().await;
                here()
            })
        });
        let session = asking(&resolver).dns_cache(DnsCache::off()).build().unwrap();
        let url = named(&server, "a.test");
        let pages = join_all((0..50).map(|_| fetch(&session, &url)));
        let opening = async {
            resolver.wait_for(1).await;
            gate.open();
        };
        let (pages, ()) = tokio::join!(pages, opening);
        assert!(pages.iter().all(Result::is_ok));
        assert_eq!((resolver.asked().len(), server.total().connections), (1, 50));
    });
}

#[test]
fn a_look_up_ends_with_the_last_request_that_waits_for_it() {
    run(async {
        let server = CountingServer::start().await;
        let gate = Gate::new();
        let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (held, counted) = (gate.clone(), Arc::clone(&ended));
        let resolver = Script::slow(move |_, _| {
            let (held, counting) = (held.clone(), Ending(Arc::clone(&counted)));
            Box::pin(async move {
                held.pass().await;
                drop(counting);
                here()
            })
        });
        let counted = Arc::clone(&begun);
        let counting = move |event: &Event<'_>| {
            if matches!(event.what, What::Connect(ConnectStep::ResolveStart { .. })) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        };
        let session = asking(&resolver).on_event(counting).build().unwrap();
        let url = named(&server, "a.test");
        let sending = || {
            let (session, url) = (session.clone(), url.clone());
            tokio::spawn(async move { fetch(&session, &url).await })
        };
        let alone = sending();
        reaches(&begun, 1).await;
        alone.abort();
        reaches(&ended, 1).await;

        let first = sending();
        reaches(&begun, 2).await;
        let second = sending();
        reaches(&begun, 3).await;
        first.abort();
        first.await.unwrap_err();
        assert_eq!(ended.load(Ordering::Relaxed), 1);
        gate.open();
        second.await.expect("it ends").expect("a page");
        assert_eq!(resolver.asked().len(), 2);
    });
}

async fn reaches(count: &AtomicUsize, expected: usize) {
    let counting = async {
        while count.load(Ordering::Relaxed) < expected {
            tokio::task::yield_now().await;
        }
    };
    within(&format!("a count of {expected}"), || format!("{count:?}"), counting).await;
}

struct Ending(Arc<AtomicUsize>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn events_tell_where_addresses_are_from() {
    run(async {
        let server = CountingServer::start().await;
        let resolver = Script::here();
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&told);
        let session = asking(&resolver)
            .resolve("fixed.test", [server.address(0)])
            .on_event(move |event: &Event<'_>| {
                if let What::Connect(ConnectStep::ResolveEnd { host, addresses, from }) = event.what {
                    telling.lock().unwrap().push(format!("{host} {} {from:?}", addresses.len()));
                }
            })
            .build()
            .unwrap();
        for name in ["a.test", "a.test", "fixed.test", "127.0.0.1"] {
            fetch(&session, &named(&server, name)).await.expect("a page");
        }
        assert_eq!(*told.lock().unwrap(), ["a.test 1 Resolver", "a.test 1 Cache", "fixed.test 1 Fixed"]);
    });
}

#[test]
fn a_resolver_that_never_answers_is_within_the_bound_of_connecting() {
    run(async {
        let resolver = Script::slow(|_, _| Box::pin(pending()));
        let bound = Timeout::new().connect(millis(20));
        let session = asking(&resolver).timeout(bound).build().unwrap();
        assert_eq!(outcome(&fetch(&session, "http://silent.test/").await), "timeout connect");
    });
}

#[test]
fn what_does_not_resolve_is_an_error_that_names_it_and_is_not_kept() {
    run(async {
        let server = CountingServer::start().await;
        let resolver = Script::new(|_, before| match before {
            0 => Err("the zone is on fire".into()),
            1 => Ok(Addresses::default()),
            2 => panic!("a fault of the test's"),
            _ => here(),
        });
        let session = asking(&resolver).build().unwrap();
        let url = named(&server, "a.test");
        for expected in ["the zone is on fire", r#"no address for "a.test""#, "the resolver panicked"] {
            let error = fetch(&session, &url).await.unwrap_err();
            assert_eq!((error.kind(), error.message()), (&ErrorKind::Dns, Some(expected)));
        }
        fetch(&session, &url).await.expect("a page");
    });
}

#[test]
fn what_does_not_resolve_is_retried() {
    run(async {
        let server = CountingServer::start().await;
        let resolver = Script::new(|_, before| match before {
            0 => Err("not yet".into()),
            _ => here(),
        });
        let session =
            asking(&resolver).retry(Retry::standard().backoff(millis(1), millis(1))).build().unwrap();
        fetch(&session, &named(&server, "a.test")).await.expect("a page");
        assert_eq!(resolver.asked().len(), 2);
    });
}

#[test]
fn a_resolver_that_is_a_session_fails_as_a_resolver() {
    run(async {
        let refusing = Refusing::new();
        let over = DefaultSession::new().unwrap();
        let url = refusing.url("/dns-query");
        let resolver = Script::slow(move |_, _| {
            let (over, url) = (over.clone(), url.clone());
            Box::pin(async move {
                over.get(&url).await?;
                here()
            })
        });
        let session = asking(&resolver).build().unwrap();
        let error = fetch(&session, "http://a.test/").await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Dns, "{error:?}");
    });
}

#[test]
fn a_name_without_an_address_of_the_family_does_not_resolve() {
    run(async {
        let server = CountingServer::start().await;
        let resolver = Script::new(|name, _| match name {
            "six.test" => Ok(Addresses::new(["::1".parse::<IpAddr>()?])),
            _ => Ok([IpAddr::from([127, 0, 0, 1]), "2001:db8::1".parse()?].into_iter().collect()),
        });
        let session = asking(&resolver).address_family(AddressFamily::Ipv4).build().unwrap();
        fetch(&session, &named(&server, "both.test")).await.expect("a page");
        let error = fetch(&session, &named(&server, "six.test")).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Dns);
        assert_eq!(error.message(), Some(r#"no IPv4 address for "six.test", only IPv6"#));
        // An address in a URL is no name.
        let six = DefaultSession::builder().address_family(AddressFamily::Ipv6).build().unwrap();
        fetch(&six, &server.url(0, "/page/1")).await.expect("a page");
    });
}

#[test]
fn fixed_names_and_addresses_are_asked_of_nobody() {
    run(async {
        let server = CountingServer::builder().record().start().await;
        let resolver = Script::new(|name, _| Err(format!("{name} was asked").into()));
        let session = asking(&resolver)
            .resolve("fixed.test", [server.address(0)])
            .resolve("fixed.test:8443", [SocketAddr::from(([127, 0, 0, 1], 1))])
            .build()
            .unwrap();
        fetch(&session, &server.url(0, "/page/1")).await.expect("a page");
        fetch(&session, "http://fixed.test/page/1").await.expect("a page");
        fetch(&session, "http://FIXED.test.:81/page/1").await.expect("a page");
        let other = session.get("http://fixed.test:8443/page/1").await.unwrap_err();
        assert_eq!(other.kind(), &ErrorKind::Connect);
        let own = session.get("http://own.test/page/1").resolve("own.test", [server.address(0)]);
        own.await.expect("a head").bytes().await.expect("a page");
        assert!(resolver.asked().is_empty(), "{:?}", resolver.asked());
        let hosts: Vec<_> = server.records().iter().map(|record| record.headers["host"].clone()).collect();
        assert_eq!(hosts[1..], ["fixed.test", "fixed.test.:81", "own.test"]);
    });
}

#[test]
fn a_redirect_to_another_name_is_looked_up() {
    run(async {
        let server = CountingServer::start().await;
        let resolver = Script::here();
        let session = asking(&resolver).build().unwrap();
        let to = named(&server, "b.test");
        let url = format!("http://a.test:{}/redirect-to?location={to}", server.address(0).port());
        let response = session.get(&url).await.expect("a head");
        assert_eq!((response.url().as_str(), response.status().as_u16()), (to.as_str(), 200));
        assert_eq!(resolver.asked(), ["a.test", "b.test"]);
    });
}

#[test]
fn the_first_address_that_can_be_reached_is_taken() {
    run(async {
        let server = CountingServer::start().await;
        let port = server.address(0).port();
        // Nobody listens there.
        let addresses =
            [IpAddr::from([127, 0, 0, 9]), IpAddr::from([127, 0, 0, 8]), IpAddr::from([127, 0, 0, 1])];
        let resolver = Script::new(move |_, _| Ok(Addresses::new(addresses)));
        let session = asking(&resolver).build().unwrap();
        fetch(&session, &format!("http://a.test:{port}/page/1")).await.expect("a page");
    });
}

#[cfg(feature = "hickory")]
mod by_hickory {
    use dualfetch::dns::HickoryResolver;

    use crate::support::dns_server::{Answer, DnsServer, Kind, NXDOMAIN, Question, Record};

    use super::*;

    fn asking(server: &DnsServer) -> Config {
        let resolver = HickoryResolver::with_servers([server.address()]).unwrap();
        DefaultSession::builder().resolver(resolver).force_close(true)
    }

    /// Time to live by name.
    fn here(asked: &Question) -> Answer {
        match asked.name.as_str() {
            "zero.test" => Answer::addresses(asked, 0, ["127.0.0.1"]),
            "absent.test" => NXDOMAIN,
            "alias.test" if asked.kind == Kind::A => Answer::Records(vec![
                Record::Alias("zero.test".into(), 0),
                Record::Address(IpAddr::from([127, 0, 0, 1]), 60),
            ]),
            _ => Answer::addresses(asked, 60, ["127.0.0.1"]),
        }
    }

    #[test]
    fn what_the_records_say_is_kept_as_long_as_they_say() {
        run(async {
            let server = CountingServer::start().await;
            let names = DnsServer::start(here).await;
            let session = asking(&names).build().unwrap();
            for (name, questions) in [("a.test", 1), ("zero.test", 3), ("alias.test", 3)] {
                for _ in 0..3 {
                    fetch(&session, &named(&server, name)).await.expect("a page");
                }
                assert_eq!(names.count(name, Kind::A), questions, "{name}");
            }
        });
    }

    #[test]
    fn a_name_that_is_not_there_is_asked_about_anew() {
        run(async {
            let names = DnsServer::start(here).await;
            let session = asking(&names).build().unwrap();
            for _ in 0..2 {
                let error = fetch(&session, "http://absent.test/").await.unwrap_err();
                assert_eq!(error.kind(), &ErrorKind::Dns);
            }
            assert_eq!(names.count("absent.test", Kind::A), 2);
        });
    }

    #[test]
    fn a_name_that_is_bound_again_is_checked_again() {
        use dualfetch::SafeMode;

        run(async {
            let server = CountingServer::start().await;
            // 127.0.0.2 is allowed and nobody is there; then comes what is denied.
            let names = DnsServer::start(|asked| match asked.before {
                0 => Answer::addresses(asked, 0, ["127.0.0.2"]),
                _ => Answer::addresses(asked, 0, ["127.0.0.1"]),
            })
            .await;
            let safe = SafeMode::new().allow_network("127.0.0.2/32").unwrap().allow_any_port();
            let session = asking(&names).safe_mode(safe).build().unwrap();
            let url = named(&server, "rebound.test");
            let first = fetch(&session, &url).await.unwrap_err();
            assert_eq!(first.kind(), &ErrorKind::Connect);
            let second = fetch(&session, &url).await.unwrap_err();
            assert_eq!(second.code(), "denied", "{second:?}");
            assert_eq!(server.total().connections, 0);
            assert_eq!(names.count("rebound.test", Kind::A), 2, "one look-up for each connection");
        });
    }

    #[test]
    fn a_thousand_names_are_asked_about_at_once() {
        run(async {
            let server = CountingServer::start().await;
            let names = DnsServer::start(here).await;
            let session = asking(&names).limit(1000).build().unwrap();
            let urls: Vec<_> = (0..1000).map(|n| named(&server, &format!("{n}.test"))).collect();
            for page in join_all(urls.iter().map(|url| fetch(&session, url))).await {
                page.expect("a page");
            }
        });
    }
}
