//! The classic deadlock: everything is sent first, and read only afterwards.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use dualfetch::{DefaultSession, Error, Figures, Result, Session, Timeout};
use futures_util::future::join_all;

use crate::support::{CountingServer, faults, routes};

use super::help::{at_rest, millis, named, run, run_on_two, total};

fn limited(limit: usize) -> DefaultSession {
    DefaultSession::builder().limit(limit).build().expect("a session")
}

/// Sends all, waits for all heads, and only then reads, one after the other.
async fn all_sent_then_read(session: &DefaultSession, urls: &[String]) -> Vec<Result<Bytes>> {
    let responses = join_all(urls.iter().map(|url| session.get(url).send())).await;
    let mut bodies = Vec::new();
    for response in responses {
        bodies.push(match response {
            Ok(response) => response.bytes().await,
            Err(error) => Err(error),
        });
    }
    bodies
}

#[test]
fn a_thousand_small_bodies_read_afterwards_all_come() {
    run_on_two(async {
        let server = CountingServer::builder().hosts(4).start().await;
        let urls = server.urls(1000, |n| format!("/page/{n}"));
        let session = limited(10);
        let bodies = all_sent_then_read(&session, &urls).await;
        for (n, body) in bodies.into_iter().enumerate() {
            assert_eq!(body.expect("a body"), routes::page(n as u64, 2048));
        }
        assert!(server.total().peak <= 10, "{:?}", server.total());
        assert_eq!(session.figures(), Figures::default());
    });
}

#[test]
fn a_thousand_small_bodies_in_pieces_after_the_head_all_come() {
    run_on_two(async {
        let server = CountingServer::builder().hosts(4).start().await;
        let urls = server.urls(1000, |n| format!("/page/{n}?size=20000&chunk=10000&gap_ms=5"));
        let session = limited(10);
        let bodies = all_sent_then_read(&session, &urls).await;
        for (n, body) in bodies.into_iter().enumerate() {
            assert_eq!(body.expect("a body"), routes::page(n as u64, 20_000));
        }
        assert!(server.total().peak <= 10, "{:?}", server.total());
        assert_eq!(session.figures(), Figures::default());
    });
}

#[test]
fn a_thousand_small_chunked_bodies_all_come() {
    run_on_two(async {
        let server = CountingServer::builder().hosts(4).start().await;
        let urls = server.urls(1000, |n| format!("/page/{n}?chunked=1&chunk=700&gap_ms=2"));
        let session = limited(10);
        let bodies = all_sent_then_read(&session, &urls).await;
        for (n, body) in bodies.into_iter().enumerate() {
            assert_eq!(body.expect("a body"), routes::page(n as u64, 2048));
        }
        assert_eq!(session.figures(), Figures::default());
    });
}

#[test]
fn a_thousand_small_compressed_bodies_all_come() {
    run_on_two(async {
        let page = Bytes::from("compressed page ".repeat(2000));
        let file = faults::gzip(&page);
        let answer = move |_: Request| {
            let file = file.clone();
            async move {
                let pieces = [file.slice(..file.len() / 2), file.slice(file.len() / 2..)];
                let body = futures_util::stream::iter(pieces.map(Ok::<_, std::convert::Infallible>));
                let response = Response::builder().header("content-encoding", "gzip");
                response.body(Body::from_stream(body)).expect("a response")
            }
        };
        let server = CountingServer::builder().hosts(4).handler(answer).start().await;
        let urls = server.urls(1000, |n| format!("/{n}"));
        let session = limited(10);
        let bodies = all_sent_then_read(&session, &urls).await;
        assert!(bodies.into_iter().all(|body| body.expect("a body") == page));
        assert_eq!(session.figures(), Figures::default());
    });
}

#[test]
fn small_bodies_whose_responses_are_never_read_let_the_others_go() {
    run(async {
        let server = CountingServer::start().await;
        let urls = server.urls(200, |n| format!("/page/{n}?chunk=1000&gap_ms=1"));
        let session = limited(5);
        let responses = join_all(urls.iter().map(|url| session.get(url).send())).await;
        assert!(responses.iter().all(Result::is_ok));
        drop(responses);
        at_rest(&session).await;
    });
}

/// Every answer is 5 MB: more than socket buffers and the session take in by themselves.
async fn large(hosts: usize) -> CountingServer {
    let bytes = Bytes::from(vec![b'x'; 5_000_000]);
    let answer = move |_: Request| {
        let bytes = bytes.clone();
        async move { Response::new(Body::from(bytes)) }
    };
    CountingServer::builder().hosts(hosts).handler(answer).start().await
}

/// Bodies larger than every buffer on the way, never read: those that held the permits lose them to the total.
#[test]
fn large_bodies_that_nobody_reads_run_out_of_the_total_and_never_hang() {
    run_on_two(async {
        let server = large(4).await;
        // 1,000 URLs at limit 10 are 100 rounds of the total: it is kept short.
        let urls = server.urls(1000, |n| format!("/{n}"));
        let session = DefaultSession::builder().limit(10).timeout(total(50)).build().expect("a session");
        let responses = join_all(urls.iter().map(|url| session.get(url).send())).await;
        let mut read = 0;
        for response in responses {
            match whole(response).await {
                // Nobody waited any more for the last ones' permits.
                Ok(body) => read += usize::from(body.len() == 5_000_000),
                Err(error) => assert_eq!(named(&error), "timeout total", "{error:?}"),
            }
        }
        assert!(read <= 10, "{read} bodies were read, though only ten permits were never wanted back");
        assert_eq!(session.figures(), Figures::default());
        server.wait_idle().await;
    });
}

#[test]
fn the_last_large_bodies_are_read_and_those_before_lost_their_permits() {
    run_on_two(async {
        let server = large(1).await;
        let urls = server.urls(30, |n| format!("/{n}"));
        let session = DefaultSession::builder().limit(10).timeout(total(300)).build().expect("a session");
        let responses = join_all(urls.iter().map(|url| session.get(url).send())).await;
        let mut outcomes = Vec::new();
        for body in join_all(responses.into_iter().map(whole)).await {
            outcomes.push(match body {
                Ok(body) => format!("{} bytes", body.len()),
                Err(error) => named(&error),
            });
        }
        assert!(outcomes[..20].iter().all(|outcome| outcome == "timeout total"), "{outcomes:?}");
        let in_time = |outcome: &String| outcome == "5000000 bytes" || outcome == "timeout total";
        assert!(outcomes[20..].iter().all(in_time), "{outcomes:?}");
        assert_eq!(session.figures(), Figures::default());
    });
}

#[test]
fn a_large_body_that_is_being_read_keeps_its_permit_while_others_wait() {
    run(async {
        let server = CountingServer::start().await;
        let session = limited(1);
        let url = server.url(0, "/page/1?size=3000000&chunk=100000&body_gate=more");
        let reading = async { session.get(&url).await?.bytes().await };
        let waiting = async {
            server.wait_in_flight(1).await;
            let patience = Timeout::new().queue(millis(150));
            let error = session.get(server.url(0, "/page/2")).timeout(patience).await.expect_err("no permit");
            server.gate("more").open();
            error
        };
        let (body, error) = tokio::join!(reading, waiting);
        assert_eq!(body.expect("a body").len(), 3_000_000);
        assert_eq!(named(&error), "timeout queue");
    });
}

#[test]
fn without_a_total_dropping_the_unread_ones_is_what_lets_the_others_go() {
    run(async {
        let server = CountingServer::start().await;
        let session = DefaultSession::builder().limit(2).timeout(Timeout::new().total(None));
        let session = session.build().expect("a session");
        let large = server.url(0, "/page/1?size=5000000");
        let held = [session.get(&large).await.expect("a head"), session.get(&large).await.expect("a head")];
        let mut third = Box::pin(session.get(server.url(0, "/page/2")).send());
        let early = tokio::time::timeout(Duration::from_millis(100), third.as_mut()).await;
        assert!(early.is_err(), "both permits are held");
        drop(held);
        assert!(third.await.expect("a permit").text().await.expect("a page").contains("Page 2"));
        at_rest(&session).await;
    });
}

async fn whole(response: Result<dualfetch::Response>) -> Result<Bytes, Error> {
    response?.bytes().await
}
