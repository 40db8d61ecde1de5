//! A session under tower's own layers.

use std::future::Ready;

use dualfetch::{Body, DefaultSession, DynSession, Error, ErrorKind, Request, Response, ResponseBody};
use futures_util::FutureExt;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Limited};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, retry::Policy};

use crate::support::{CountingServer, RawServer, faults};

use super::help::{at_rest, millis, run, session};

fn outside(url: String) -> http::Request<()> {
    http::Request::get(url).body(()).expect("a request")
}

fn ours(url: String) -> Request {
    Request::try_from(outside(url)).expect("a request")
}

async fn text(response: http::Response<ResponseBody>) -> String {
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_session_a_reference_and_a_dyn_session_serve_both_kinds_of_request() {
    run(async {
        let server = CountingServer::start().await;
        let url = || server.url(0, "/page/1");
        let session = session();
        let any = DynSession::from(session.clone());
        for answer in [
            session.clone().oneshot(outside(url())).await,
            (&session).oneshot(outside(url())).await,
            any.clone().oneshot(outside(url())).await,
        ] {
            assert!(text(answer.expect("an answer")).await.contains("Page 1"));
        }
        for answer in [
            session.clone().oneshot(ours(url())).await,
            (&session).oneshot(ours(url())).await,
            any.oneshot(ours(url())).await,
        ] {
            assert!(answer.expect("an answer").text().await.expect("a body").contains("Page 1"));
        }
    });
}

#[test]
fn a_timeout_layer_ends_the_request_it_gives_up() {
    run(async {
        let server = CountingServer::start().await;
        let session = session();
        let service = ServiceBuilder::new().timeout(millis(100)).service(session.clone());
        let error =
            service.oneshot(outside(server.url(0, "/page/1?gate=never"))).await.expect_err("too slow");
        assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");
        at_rest(&session).await;
        server.wait_idle().await;
    });
}

#[test]
fn a_concurrency_limit_holds_around_a_session_and_a_buffer_shares_it() {
    run(async {
        let server = CountingServer::start().await;
        let service = ServiceBuilder::new().buffer(32).concurrency_limit(3).service(session());
        let answers = join_all((0..20).map(|n| {
            let url = server.url(0, &format!("/page/{n}?delay_ms=5"));
            service.clone().oneshot(ours(url))
        }));
        for answer in answers.await {
            let answer: Result<Response, BoxError> = answer;
            answer.expect("an answer").bytes().await.expect("a body");
        }
        assert!(server.total().peak <= 3, "{:?}", server.total());
    });
}

#[test]
fn layers_map_requests_and_bodies_and_the_result_is_a_response_again() {
    run(async {
        let server = CountingServer::start().await;
        let service = ServiceBuilder::new()
            .map_response(|response: http::Response<ResponseBody>| {
                let limited = response.map(|body| ResponseBody::new(Limited::new(body, 10)));
                Response::try_from(limited).expect("its URL travels with it")
            })
            .map_request(|mut request: http::Request<Body>| {
                request.headers_mut().insert("x-id", "7".parse().expect("a value"));
                request
            })
            .service(session());
        let request = ours(server.url(0, "/page/1?size=3000"));
        let response = service.oneshot(request.try_into().expect("a URI")).await.expect("an answer");
        assert_eq!(response.url().as_str(), server.url(0, "/page/1?size=3000"));
        let error = response.bytes().await.expect_err("the layer's limit");
        assert_eq!(error.code(), "network");
        let cause = std::error::Error::source(&error).expect("the layer's own");
        assert!(cause.is::<http_body_util::LengthLimitError>(), "{cause}");
    });
}

#[derive(Clone)]
struct Twice(u32);

impl Policy<Request, Response, Error> for Twice {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request, result: &mut Result<Response, Error>) -> Option<Ready<()>> {
        let again =
            self.0 > 1 && result.as_ref().is_err_and(|error| error.kind() == &ErrorKind::Disconnected);
        self.0 -= 1;
        again.then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        Some(request.clone())
    }
}

#[test]
fn a_retry_layer_sees_our_own_error() {
    run(async {
        let server = RawServer::start(faults::reset_before_head()).await;
        let service = ServiceBuilder::new().retry(Twice(2)).service(session());
        let error = service.oneshot(ours(server.url("/"))).await.expect_err("reset");
        assert_eq!((error.code(), server.connections()), ("disconnected", 2));
    });
}

#[test]
fn a_service_is_ready_whatever_waits_and_a_closed_one_fails_when_called() {
    run(async {
        let server = CountingServer::start().await;
        let mut session = DefaultSession::builder().limit(1).build().expect("a session");
        let ready = async |session: &mut DefaultSession| {
            ServiceExt::<Request>::ready(session).await.map(|_| ()).map_err(|error| error.code())
        };
        let mut calls = vec![];
        for n in 0..3 {
            assert_eq!(ready(&mut session).await, Ok(()));
            let mut call = session.call(ours(server.url(0, &format!("/page/{n}?gate=answers"))));
            assert!((&mut call).now_or_never().is_none());
            calls.push(call);
        }
        assert_eq!(session.figures().waiting, 2);
        server.gate("answers").open();
        for answer in join_all(calls).await {
            answer.expect("an answer").bytes().await.expect("a body");
        }
        session.close().await;
        assert_eq!(ready(&mut session).await, Ok(()));
        let refused = session.call(ours(server.url(0, "/page/1"))).await.expect_err("closed");
        assert_eq!(refused.code(), "closed");
    });
}

#[test]
fn bad_input_is_the_call_s_error() {
    run(async {
        let error = session().oneshot(outside("/no-host".to_owned())).await.expect_err("relative");
        assert_eq!(error.kind(), &ErrorKind::InvalidUrl);
    });
}
