//! Limits as the servers see them.

use std::collections::HashSet;

use dualfetch::{DefaultSession, Figures, Session, SessionExt};
use futures_util::StreamExt;
use futures_util::future::join_all;

use crate::support::CountingServer;

use super::help::{at_rest, run, run_on_two};

#[test]
fn twenty_thousand_urls_on_fifty_hosts_keep_to_both_limits_and_use_them() {
    run_on_two(async {
        let server = CountingServer::builder().hosts(50).start().await;
        // Every other URL is at one of eight crowded hosts, so that both limits have work to do.
        let host = |n: usize| if n.is_multiple_of(2) { n / 2 % 8 } else { 8 + n / 2 % 42 };
        let urls = (0..20_000).map(|n| server.url(host(n), &format!("/page/{n}?delay_ms=20")));
        let session = DefaultSession::builder().limit(100).limit_per_host(10).build().expect("a session");
        let mut rows = session.titles(urls);
        let mut seen = HashSet::new();
        while let Some(row) = rows.next().await {
            assert_eq!(row.title(), Some(format!("Page {}", row.index).as_str()), "{row:?}");
            assert!(seen.insert(row.index), "a second row for {}", row.url);
        }
        assert_eq!(seen.len(), 20_000);
        let (total, per_host) = (server.total(), server.peak_per_host());
        eprintln!("peak {} in all, {per_host} at a host; {} connections", total.peak, total.connections);
        assert!(total.peak <= 100 && total.peak > 60, "{total:?}");
        assert!(per_host <= 10, "{per_host} at a host");
        assert_eq!(total.requests, 20_000);
        at_rest(&session).await;
    });
}

#[test]
fn each_host_gets_its_whole_limit_and_no_more() {
    run(async {
        let server = CountingServer::builder().hosts(3).start().await;
        let session = DefaultSession::builder().limit(25).limit_per_host(10).build().expect("a session");
        let urls = server.urls(60, |n| format!("/page/{n}?gate=all"));
        let all = join_all(urls.iter().map(|url| session.get(url).send()));
        let looking = async {
            server.wait_in_flight(25).await;
            let counts = [0, 1, 2].map(|host| server.host(host).in_flight);
            server.gate("all").open();
            counts
        };
        let (responses, counts) = tokio::join!(all, looking);
        assert!(responses.iter().all(Result::is_ok));
        assert!(counts.iter().all(|count| (5..=10).contains(count)), "{counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), 25);
        assert!(server.total().peak == 25 && server.peak_per_host() <= 10, "{:?}", server.total());
    });
    run(async {
        let server = CountingServer::builder().hosts(3).start().await;
        let session = DefaultSession::builder().limit_per_host(10).build().expect("a session");
        let urls = server.urls(60, |n| format!("/page/{n}?gate=all"));
        let all = join_all(urls.iter().map(|url| session.get(url).send()));
        let opening = async {
            server.wait_in_flight(30).await;
            server.gate("all").open();
        };
        let (responses, ()) = tokio::join!(all, opening);
        assert!(responses.iter().all(Result::is_ok));
        assert_eq!([0, 1, 2].map(|host| server.host(host).peak), [10; 3]);
    });
}

#[test]
fn a_crowded_host_does_not_keep_the_others_waiting() {
    run(async {
        let server = CountingServer::builder().hosts(2).start().await;
        let session = DefaultSession::builder().limit(10).limit_per_host(2).build().expect("a session");
        let crowd = join_all((0..20).map(|n| {
            let (url, session) = (server.url(0, &format!("/page/{n}?gate=crowd")), session.clone());
            async move { session.get(url).await?.bytes().await }
        }));
        let others = async {
            server.wait_until_on(0, "the crowd at its limit", |counts| counts.in_flight == 2).await;
            for n in 0..5 {
                session.get(server.url(1, &format!("/page/{n}"))).await?.bytes().await?;
            }
            assert_eq!(server.host(0).requests, 2);
            server.gate("crowd").open();
            Ok::<_, dualfetch::Error>(())
        };
        let (crowd, others) = tokio::join!(crowd, others);
        others.expect("the other host was free");
        assert!(crowd.iter().all(Result::is_ok));
        assert_eq!((server.host(0).peak, server.host(0).requests), (2, 20));
        assert_eq!(session.figures(), Figures::default());
    });
}

#[test]
fn figures_tell_what_is_under_way_and_what_waits() {
    run(async {
        let server = CountingServer::start().await;
        let session = DefaultSession::builder().limit(3).build().expect("a session");
        let url = server.url(0, "/page/1?gate=all");
        let all = join_all((0..5).map(|_| session.get(&url).send()));
        let looking = async {
            server.wait_in_flight(3).await;
            let figures = session.figures();
            server.gate("all").open();
            figures
        };
        let (responses, figures) = tokio::join!(all, looking);
        assert_eq!((figures.in_flight, figures.waiting), (3, 2));
        assert_eq!(figures.hosts.len(), 1);
        assert_eq!((figures.hosts[0].in_flight, figures.hosts[0].waiting), (3, 2));
        assert_eq!(figures.hosts[0].origin, server.url(0, ""));
        drop(responses);
        assert_eq!(session.figures(), Figures::default());
    });
}

#[test]
fn no_limit_is_no_limit() {
    run(async {
        let server = CountingServer::start().await;
        let session = DefaultSession::builder().limit(0).build().expect("a session");
        let url = server.url(0, "/page/1?gate=all");
        let all = join_all((0..250).map(|_| session.get(&url).send()));
        let opening = async {
            server.wait_in_flight(250).await;
            server.gate("all").open();
        };
        let (responses, ()) = tokio::join!(all, opening);
        assert!(responses.iter().all(Result::is_ok));
    });
}

#[test]
fn redirects_between_hosts_at_their_limits_do_not_deadlock() {
    run(async {
        let server = CountingServer::builder().hosts(2).start().await;
        let session = DefaultSession::builder().limit(2).limit_per_host(1).build().expect("a session");
        // Each host sends to the other: whoever kept its permit while waiting for the next would wait for ever.
        let urls = (0..40).map(|n| {
            let to = server.url((n + 1) % 2, &format!("/page/{n}"));
            server.url(n % 2, &format!("/redirect-to?location={to}"))
        });
        let rows: Vec<_> = session.titles(urls.collect::<Vec<_>>()).collect().await;
        assert_eq!(rows.len(), 40);
        for row in &rows {
            assert_eq!(row.title(), Some(format!("Page {}", row.index).as_str()), "{row:?}");
            assert_eq!(row.result.as_ref().map(|page| page.redirects).ok(), Some(1));
        }
        assert_eq!(server.total().requests, 80);
        at_rest(&session).await;
    });
}

#[test]
fn a_chain_of_redirects_needs_one_permit_alone() {
    run(async {
        let server = CountingServer::builder().hosts(2).start().await;
        let session = DefaultSession::builder().limit(1).limit_per_host(1).build().expect("a session");
        let away = server.url(1, "/redirect/3");
        let url = server.url(0, &format!("/redirect-to?location={away}"));
        let all = join_all((0..5).map(|_| async { session.get(&url).await?.text().await }));
        for text in all.await {
            assert!(text.expect("a page").contains("Page 0"));
        }
        assert_eq!(session.figures(), Figures::default());
    });
}
