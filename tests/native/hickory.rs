//! The resolver that asks servers itself, against a server that answers as the test says.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use dualfetch::ErrorKind;
use dualfetch::dns::{Addresses, BoxError, HickoryResolver, Resolve};
use futures_util::future::{join_all, poll_immediate};

use crate::support::dns_server::{Answer, DnsServer, Kind, NXDOMAIN, Question, Record, SERVFAIL};
use crate::support::{Gate, Refusing, within};

/// No test waits for it to pass: what is meant to be answered is.
const LONG: Duration = Duration::from_secs(20);

fn asking(server: &DnsServer) -> HickoryResolver {
    HickoryResolver::with_servers([server.address()]).unwrap().timeout(LONG).attempts(1)
}

fn ips(found: &Addresses) -> Vec<String> {
    found.iter().map(|address| address.to_string()).collect()
}

async fn resolve(resolver: &HickoryResolver, name: &str) -> Result<Addresses, BoxError> {
    within(&format!("an answer about {name}"), String::new, resolver.resolve(name)).await
}

#[tokio::test]
async fn both_families_are_asked_and_found() {
    let server =
        DnsServer::start(|asked| Answer::addresses(asked, 60, ["192.0.2.1", "2001:db8::1", "192.0.2.2"]))
            .await;
    let found = resolve(&asking(&server), "both.test").await.unwrap();
    assert_eq!(ips(&found), ["2001:db8::1", "192.0.2.1", "192.0.2.2"]);
    assert_eq!((server.count("both.test", Kind::A), server.count("both.test", Kind::Aaaa)), (1, 1));
}

#[tokio::test]
async fn one_family_is_enough() {
    let script = |asked: &Question| match (asked.name.as_str(), asked.kind) {
        ("failing.test", Kind::Aaaa) => SERVFAIL,
        ("absent.test", Kind::A) => NXDOMAIN,
        _ => Answer::addresses(asked, 60, ["192.0.2.1", "2001:db8::1"]),
    };
    let server = DnsServer::start(script).await;
    let resolver = asking(&server);
    assert_eq!(ips(&resolve(&resolver, "failing.test").await.unwrap()), ["192.0.2.1"]);
    assert_eq!(ips(&resolve(&resolver, "absent.test").await.unwrap()), ["2001:db8::1"]);
}

#[tokio::test]
async fn the_least_time_to_live_on_the_way_is_told() {
    let script = |asked: &Question| match (asked.name.as_str(), asked.kind) {
        (_, Kind::Aaaa) => Answer::Records(Vec::new()),
        ("alias.test", _) => Answer::Records(vec![
            Record::Alias("further.test".into(), 7),
            Record::Alias("end.test".into(), 900),
            Record::Address(IpAddr::from([192, 0, 2, 1]), 300),
        ]),
        ("zero.test", _) => Answer::addresses(asked, 0, ["192.0.2.1"]),
        _ => Answer::Records(vec![
            Record::Address(IpAddr::from([192, 0, 2, 1]), 300),
            Record::Address(IpAddr::from([192, 0, 2, 2]), 200),
        ]),
    };
    let server = DnsServer::start(script).await;
    let resolver = asking(&server);
    for (name, addresses, ttl) in [
        ("plain.test", &["192.0.2.1", "192.0.2.2"][..], 200),
        ("alias.test", &["192.0.2.1"], 7),
        ("zero.test", &["192.0.2.1"], 0),
    ] {
        let found = resolve(&resolver, name).await.unwrap();
        assert_eq!((ips(&found), found.ttl()), (ips_of(addresses), Some(Duration::from_secs(ttl))), "{name}");
    }
}

fn ips_of(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_alias_whose_target_is_not_told_is_asked_for() {
    let script = |asked: &Question| match asked.name.as_str() {
        "alias.test" => Answer::Records(vec![Record::Alias("target.test".into(), 60)]),
        _ => Answer::addresses(asked, 30, ["192.0.2.1"]),
    };
    let server = DnsServer::start(script).await;
    assert_eq!(ips(&resolve(&asking(&server), "alias.test").await.unwrap()), ["192.0.2.1"]);
    assert_eq!(server.count("target.test", Kind::A), 1);
}

#[tokio::test]
async fn aliases_in_a_circle_come_to_an_end() {
    let script = |asked: &Question| {
        let target = if asked.name == "a.test" { "b.test" } else { "a.test" };
        Answer::Records(vec![Record::Alias(target.into(), 60)])
    };
    let server = DnsServer::start(script).await;
    let found = resolve(&asking(&server), "a.test").await;
    assert!(found.as_ref().map_or(true, Addresses::is_empty), "{found:?}");
    assert!(server.asked().len() < 100, "{} questions", server.asked().len());
}

#[tokio::test]
async fn what_a_server_says_no_to_is_not_asked_again() {
    let server = DnsServer::start(|_| NXDOMAIN).await;
    resolve(&asking(&server).attempts(5), "absent.test").await.unwrap_err();
    assert_eq!((server.count("absent.test", Kind::A), server.count("absent.test", Kind::Aaaa)), (1, 1));
}

#[tokio::test]
async fn errors_say_what_the_servers_said() {
    // Nothing is known of IPv6 either way: what is said of IPv4 is what matters.
    let answers = [
        (NXDOMAIN, "there is no such name"),
        (SERVFAIL, "DNS error: error response: Server Failure"),
        (Answer::Silence, "no name server has answered in time"),
    ];
    for (answer, expected) in answers {
        let script = move |asked: &Question| match asked.kind {
            Kind::Aaaa => Answer::Records(Vec::new()),
            _ => answer.clone(),
        };
        let server = DnsServer::start(script).await;
        // Long enough for what is answered, unless that is nothing.
        let time = if expected.contains("in time") { Duration::from_millis(100) } else { LONG };
        let error = resolve(&asking(&server).timeout(time), "absent.test").await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let server = DnsServer::start(|_| Answer::Records(Vec::new())).await;
    assert!(resolve(&asking(&server), "empty.test").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_fails_is_asked_as_often_as_is_set() {
    // Over TCP nothing is sent again for being late.
    let failing = |asked: &Question| if asked.over_tcp { SERVFAIL } else { Answer::Truncated };
    for (set, attempts) in [(0, 1), (1, 1), (3, 3)] {
        let server = DnsServer::start(failing).await;
        resolve(&asking(&server).attempts(set), "failing.test").await.unwrap_err();
        let asked = server.asked();
        let over_tcp = asked.iter().filter(|asked| asked.over_tcp && asked.kind == Kind::A).count();
        assert_eq!(over_tcp, attempts, "{asked:?}");
    }
    let server = DnsServer::start(|asked| match asked.again {
        0 => SERVFAIL,
        _ => Answer::addresses(asked, 60, ["192.0.2.1"]),
    });
    let server = server.await;
    assert_eq!(ips(&resolve(&asking(&server).attempts(2), "a.test").await.unwrap()), ["192.0.2.1"]);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_as_long_as_is_set() {
    let server = DnsServer::start(|_| Answer::Silence).await;
    let resolver = asking(&server).timeout(Duration::from_millis(100));
    resolve(&resolver, "silent.test").await.unwrap_err();
    assert!(server.count("silent.test", Kind::A) > 0);
    // Not even the longest time there is ends in a panic.
    let resolver = asking(&server).timeout(Duration::MAX);
    let mut asked = Box::pin(resolver.resolve("slow.test"));
    tokio::select! {
        found = &mut asked => panic!("{found:?}"),
        () = server.wait_for("slow.test", Kind::A, 1) => {}
    }
}

#[tokio::test]
async fn a_slow_answer_is_an_answer() {
    let gate = Gate::new();
    let held = gate.clone();
    let script = move |asked: &Question| {
        let answer = Answer::addresses(asked, 60, ["192.0.2.1"]);
        Answer::After(held.clone(), Box::new(answer))
    };
    let server = DnsServer::start(script).await;
    let resolver = asking(&server);
    let mut looking_up = resolver.resolve("slow.test");
    tokio::select! {
        found = &mut looking_up => panic!("{found:?}"),
        () = server.wait_for("slow.test", Kind::A, 1) => {}
    }
    gate.open();
    assert_eq!(ips(&looking_up.await.unwrap()), ["192.0.2.1"]);
}

#[tokio::test]
async fn a_lost_question_is_sent_again() {
    let server = DnsServer::start(|asked| match asked.again {
        0 => Answer::Silence,
        _ => Answer::addresses(asked, 60, ["192.0.2.1"]),
    });
    let server = server.await;
    assert_eq!(ips(&resolve(&asking(&server), "lost.test").await.unwrap()), ["192.0.2.1"]);
    assert_eq!(server.count("lost.test", Kind::A), 1);
}

#[tokio::test]
async fn what_udp_does_not_hold_is_asked_over_tcp() {
    let many: Vec<String> = (0..200).map(|n| format!("192.0.2.{n}")).collect();
    let expected = many.clone();
    let script = move |asked: &Question| match asked.over_tcp {
        true => Answer::addresses(asked, 60, many.iter().map(String::as_str)),
        false => Answer::Truncated,
    };
    let server = DnsServer::start(script).await;
    assert_eq!(ips(&resolve(&asking(&server), "large.test").await.unwrap()), expected);
}

#[tokio::test]
async fn many_names_are_looked_up_at_once_over_tcp() {
    // Each needs two questions, over the connection that the first has made. All are on their way before one is
    // answered.
    const NAMES: usize = 200;
    let gate = Gate::new();
    let held = gate.clone();
    let script = move |asked: &Question| match asked.over_tcp {
        true if asked.name == "first.test" => Answer::addresses(asked, 60, ["192.0.2.1"]),
        true => {
            let answer = Answer::addresses(asked, 60, ["192.0.2.1"]);
            Answer::After(held.clone(), Box::new(answer))
        }
        false => Answer::Truncated,
    };
    let server = DnsServer::start(script).await;
    let resolver = asking(&server);
    resolve(&resolver, "first.test").await.unwrap();
    let names: Vec<String> = (0..NAMES).map(|n| format!("{n}.test")).collect();
    let opening = async {
        let all_asked = async {
            while server.asked().iter().filter(|asked| asked.over_tcp).count() < 2 * (NAMES + 1) {
                tokio::task::yield_now().await;
            }
        };
        within("all questions over TCP", || format!("{}", server.asked().len()), all_asked).await;
        gate.open();
    };
    let (found, ()) = tokio::join!(join_all(names.iter().map(|name| resolve(&resolver, name))), opening);
    assert!(found.iter().all(|found| found.as_ref().is_ok_and(|found| ips(found) == ["192.0.2.1"])));
}

#[tokio::test]
async fn what_is_no_answer_is_a_failure() {
    for bytes in [
        vec![],
        vec![0x85],
        vec![0xff; 10],
        vec![0xff; 600],
        [&[0x85, 0x80, 0, 1, 0, 1][..], &[0xc0; 64]].concat(),
    ] {
        let noise = bytes.clone();
        let server = DnsServer::start(move |_| Answer::Bytes(noise.clone())).await;
        let resolver = asking(&server).timeout(Duration::from_millis(200));
        resolve(&resolver, "noise.test").await.expect_err(&format!("{bytes:?}"));
    }
}

#[tokio::test]
async fn each_question_has_an_answer_of_its_own() {
    // Nothing is kept here: that is the session's part.
    let script = |asked: &Question| {
        let address = format!("192.0.2.{}", asked.before + 1);
        Answer::addresses(asked, 3600, [address.as_str()])
    };
    let server = DnsServer::start(script).await;
    let resolver = asking(&server);
    for n in 1..=3 {
        assert_eq!(ips(&resolve(&resolver, "rebound.test").await.unwrap()), [format!("192.0.2.{n}")]);
    }
    assert_eq!(server.count("rebound.test", Kind::A), 3);
}

#[tokio::test]
async fn many_names_are_looked_up_at_once() {
    let gate = Gate::new();
    let held = gate.clone();
    let script = move |asked: &Question| {
        let answer = Answer::addresses(asked, 60, ["192.0.2.1"]);
        Answer::After(held.clone(), Box::new(answer))
    };
    let server = DnsServer::start(script).await;
    let resolver = asking(&server);
    let names: Vec<String> = (0..300).map(|n| format!("{n}.test")).collect();
    let opening = async {
        for name in &names {
            server.wait_for(name, Kind::A, 1).await;
        }
        gate.open();
    };
    let (found, ()) = tokio::join!(join_all(names.iter().map(|name| resolve(&resolver, name))), opening);
    assert!(found.iter().all(|found| found.as_ref().is_ok_and(|found| ips(found) == ["192.0.2.1"])));
}

#[tokio::test]
async fn another_server_answers_for_one_that_is_not_there() {
    let server = DnsServer::start(|asked| Answer::addresses(asked, 60, ["192.0.2.1"])).await;
    let refusing = Refusing::new();
    let resolver =
        HickoryResolver::with_servers([refusing.address(), server.address()]).unwrap().timeout(LONG);
    assert_eq!(ips(&resolve(&resolver, "a.test").await.unwrap()), ["192.0.2.1"]);
}

#[tokio::test]
async fn names_below_localhost_are_asked_of_nobody() {
    let server = DnsServer::start(|_| SERVFAIL).await;
    for name in ["localhost", "localhost.", "app.localhost"] {
        let found = resolve(&asking(&server), name).await.unwrap();
        assert!(!found.is_empty() && found.iter().all(|address| address.is_loopback()), "{name}: {found:?}");
    }
    assert!(server.asked().is_empty(), "{:?}", server.asked());
}

#[tokio::test]
async fn what_can_be_no_name_is_an_error_and_no_question() {
    let server = DnsServer::start(|asked| Answer::addresses(asked, 60, ["192.0.2.1"])).await;
    let resolver = asking(&server);
    for name in ["x".repeat(64), vec!["x"; 200].join("."), "a..test".into()] {
        resolve(&resolver, &name).await.expect_err(&name);
    }
    assert!(server.asked().is_empty(), "{:?}", server.asked());
}

#[tokio::test]
async fn a_look_up_that_is_given_up_asks_no_more() {
    let server = DnsServer::start(|_| Answer::Silence).await;
    let resolver = asking(&server).attempts(10);
    let mut looking_up = resolver.resolve("given-up.test");
    assert!(poll_immediate(&mut looking_up).await.is_none());
    tokio::select! {
        found = &mut looking_up => panic!("{found:?}"),
        () = server.wait_for("given-up.test", Kind::A, 1) => {}
    }
    drop(looking_up);
    // What is on its way arrives; then comes more time than hickory lets pass until it sends again.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let asked = server.asked();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.asked(), asked);
}

#[test]
fn look_ups_need_no_runtime_but_their_own() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // It runs beside all others.
    let home = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let over_tcp = home.block_on(DnsServer::start(|asked| match asked.over_tcp {
        true => Answer::addresses(asked, 60, ["192.0.2.1"]),
        false => Answer::Truncated,
    }));
    let resolver = asking(&over_tcp);
    // Nobody drives this one from then on, and it holds a connection.
    let idle = runtime();
    assert_eq!(ips(&idle.block_on(resolve(&resolver, "first.test")).unwrap()), ["192.0.2.1"]);
    for n in 0..10 {
        let name = format!("{n}.test");
        let ending = runtime();
        assert_eq!(ips(&ending.block_on(resolve(&resolver, &name)).unwrap()), ["192.0.2.1"]);
    }
    assert_eq!(ips(&idle.block_on(resolve(&resolver, "last.test")).unwrap()), ["192.0.2.1"]);
}

#[test]
fn a_resolver_without_a_server_is_refused() {
    let none: [SocketAddr; 0] = [];
    let portless: SocketAddr = "192.0.2.53:0".parse().unwrap();
    for error in [
        HickoryResolver::with_servers(none).unwrap_err(),
        HickoryResolver::with_servers([portless]).unwrap_err(),
    ] {
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "resolver" });
    }
    let shown = format!("{:?}", HickoryResolver::with_servers(["192.0.2.53:53".parse().unwrap()]).unwrap());
    assert_eq!(shown, r#"HickoryResolver { servers: [192.0.2.53], timeout: 5s, .. }"#);
}

#[tokio::test]
async fn without_a_runtime_it_fails() {
    let resolver = HickoryResolver::with_servers(["127.0.0.1:53".parse().unwrap()]).unwrap();
    std::thread::spawn(move || {
        let asked = futures_util::FutureExt::now_or_never(resolver.resolve("a.test"));
        asked.expect("at once").unwrap_err();
    })
    .join()
    .unwrap();
}

#[tokio::test]
async fn the_systems_configuration_is_read_or_said_to_be_missing() {
    match HickoryResolver::system() {
        Ok(resolver) => {
            assert!(resolve(&resolver, "localhost").await.unwrap().iter().all(|ip| ip.is_loopback()))
        }
        Err(error) => assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "resolver" }),
    }
}
