//! How many connections there are, counted at the server.

use std::time::Duration;

use dualfetch::tls::{Roots, Tls};
use dualfetch::{Config, DefaultSession};
use futures_util::{StreamExt, stream};

use crate::support::{Alpn, CountingServer, TlsServer};

use super::help::{at_rest, fetch, run};

const IDLE: Duration = Duration::from_millis(300);

async fn a_thousand(session: &DefaultSession, url: &str) {
    let pages = stream::iter(0..1000).map(|_| fetch(session, url)).buffer_unordered(1000);
    pages.for_each(async |page| drop(page.expect("a page"))).await;
    at_rest(session).await;
}

fn trusting(server: &TlsServer) -> Config {
    Config::new().tls(Tls::new().roots(Roots::None).add_roots(server.ca_pem()))
}

#[test]
fn a_thousand_requests_over_http_2_open_one_connection_and_leave_none_behind() {
    run(async {
        let server = TlsServer::start().await;
        let session = trusting(&server).limit(100).keep_alive(IDLE).build().expect("a session");
        a_thousand(&session, &server.named_url(0, "/page/1")).await;
        let counts = server.total();
        assert_eq!((counts.requests, counts.connections), (1000, 1));
        assert!(counts.peak <= 100, "{counts:?}");
        server.wait_until("no connection", |counts| counts.open_connections == 0).await;
    });
}

#[test]
fn a_thousand_requests_over_http_1_1_open_no_more_connections_than_the_limit_and_leave_none_behind() {
    run(async {
        for secure in [false, true] {
            let server = TlsServer::builder().alpn(Alpn::Http1).start().await;
            let plain = CountingServer::start().await;
            let session = trusting(&server).limit(10).keep_alive(IDLE).build().expect("a session");
            let (url, counted) = match secure {
                true => (server.named_url(0, "/page/1"), &*server),
                false => (plain.url(0, "/page/1"), &plain),
            };
            a_thousand(&session, &url).await;
            let counts = counted.total();
            assert_eq!(counts.requests, 1000);
            assert!(counts.connections <= 10, "{counts:?}");
            counted.wait_until("no connection", |counts| counts.open_connections == 0).await;
        }
    });
}

#[test]
fn an_idle_connection_is_gone_before_it_has_been_idle_for_twice_its_time() {
    run(async {
        let server = CountingServer::start().await;
        let session = Config::new().keep_alive(Duration::from_secs(2)).build().expect("a session");
        fetch(&session, &server.url(0, "/page/1")).await.expect("a page");
        let began = std::time::Instant::now();
        server.wait_until("no connection", |counts| counts.open_connections == 0).await;
        let lasted = began.elapsed();
        assert!(lasted > Duration::from_millis(1900) && lasted < Duration::from_secs(4), "{lasted:?}");
    });
}

#[test]
fn no_more_idle_connections_are_kept_to_a_host_than_may_be() {
    run(async {
        let server = CountingServer::start().await;
        let session = Config::new().max_idle_per_host(2).build().expect("a session");
        let fetching = async {
            let url = server.url(0, "/page/1?gate=all");
            let pages = stream::iter(0..8).map(|_| fetch(&session, &url));
            pages.buffer_unordered(8).for_each(async |page| drop(page.expect("a page"))).await;
        };
        let opening = async {
            server.wait_in_flight(8).await;
            server.gate("all").open();
        };
        tokio::join!(fetching, opening);
        assert_eq!(server.total().connections, 8);
        server.wait_until("two connections", |counts| counts.open_connections == 2).await;
        let connections = session.connections().expect("it counts them");
        assert_eq!((connections.open, connections.made), (2, 8));
        let none = Config::new().max_idle_per_host(0).build().expect("a session");
        fetch(&none, &server.url(0, "/page/1")).await.expect("a page");
        fetch(&none, &server.url(0, "/page/1")).await.expect("a page");
        assert_eq!(server.total().connections, 10);
    });
}
