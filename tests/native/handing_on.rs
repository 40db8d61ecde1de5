//! A response as another layer takes it: an `http::Response` whose header fields are true of its body.

use dualfetch::{ResponseBody, Session};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::Body;

use crate::support::{RawServer, faults};

use super::help::{run, session};

async fn handed_on(encoding: &str, body: impl Into<bytes::Bytes>) -> http::Response<ResponseBody> {
    let body = body.into();
    let server = RawServer::start(faults::with_headers(&[("Content-Encoding", encoding)], body)).await;
    session().get(server.url("/")).await.expect("a head").into()
}

#[test]
fn what_was_decompressed_no_longer_says_that_it_is_compressed() {
    run(async {
        for (encoding, body) in [("gzip", faults::gzip(b"text")), ("gzip,", faults::gzip(b"text"))] {
            let response = handed_on(encoding, body).await;
            assert!(!response.headers().contains_key(CONTENT_ENCODING), "{encoding}");
            assert!(!response.headers().contains_key(CONTENT_LENGTH), "{encoding}");
        }
        let nothing = handed_on("gzip", faults::gzip(b"")).await;
        assert!(!nothing.headers().contains_key(CONTENT_LENGTH), "{nothing:?}");
    });
}

#[test]
fn what_was_left_as_it_is_says_so() {
    run(async {
        for encoding in ["identity", "gzip, gzip, gzip, gzip, gzip", "unheard-of"] {
            let response = handed_on(encoding, "as sent").await;
            assert!(response.headers().contains_key(CONTENT_ENCODING), "{encoding}");
            assert_eq!(response.headers()[CONTENT_LENGTH], "7", "{encoding}");
        }
    });
}

#[test]
fn the_size_of_a_body_is_known_where_its_bytes_are() {
    run(async {
        let small = handed_on("gzip", faults::gzip(b"text")).await;
        assert_eq!(small.body().size_hint().exact(), Some(4));
        let server = RawServer::start(faults::silent_after("Title", 1_000, 500_000)).await;
        let large: http::Response<ResponseBody> =
            session().get(server.url("/")).await.expect("a head").into();
        assert_eq!(large.body().size_hint().exact(), Some(500_000));
    });
}
