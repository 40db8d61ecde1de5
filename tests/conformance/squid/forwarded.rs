//! Plain requests: the proxy is sent them, and told whom they are for.

use dualfetch::{Proxy, Session};

use super::super::help::fetch;
use super::{BEHIND, Lab, STRANGER, USER, is_forwarded};

pub async fn in_absolute_form(lab: &Lab) {
    let session = lab.config().proxy(lab.open()).build().expect("a session");
    let response = session.get(lab.plain("127.0.0.1", "/page/1?a=b%20c")).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let connection = response.connection().expect("a connection");
    assert_eq!(connection.remote(), Some(lab.ports[0]), "the proxy's");
    let asked = lab.asked_once("/page/1");
    assert_eq!(asked.uri.query(), Some("a=b%20c"));
    assert_eq!(asked.headers["host"], lab.plain.address(0).to_string());
    assert!(is_forwarded(&asked), "{asked:?}");
}

pub async fn to_who_is_known(lab: &Lab) {
    let proxy = lab.locked().basic_auth(USER.0, USER.1).expect("a user");
    let session = lab.config().proxy(proxy).build().expect("a session");
    let get = session.get(lab.plain("127.0.0.1", "/page/2")).basic_auth("origin", "s");
    assert_eq!(get.await.expect("an answer").status(), 200);
    let asked = lab.asked_once("/page/2");
    assert_eq!(asked.headers["authorization"], "Basic b3JpZ2luOnM=", "the origin's own");
    assert!(is_forwarded(&asked));
}

/// The proxy answers in the origin's place, and what it says is a response.
pub async fn refused_to_who_is_not(lab: &Lab) {
    let wrong = lab.locked().basic_auth(STRANGER.0, STRANGER.1).expect("a user");
    for proxy in [lab.locked(), wrong] {
        let session = lab.config().proxy(proxy).build().expect("a session");
        let error = session.get(lab.plain("127.0.0.1", "/page/3")).await.map(drop).expect_err("refused");
        let status = dualfetch::StatusCode::PROXY_AUTHENTICATION_REQUIRED;
        assert_eq!(error.kind(), &dualfetch::ErrorKind::Proxy { status: Some(status), refused: true });
        assert!(error.to_string().contains("it wants Basic"), "{error}");
    }
    assert!(lab.asked("/page/3").is_empty());
}

pub async fn of_a_name_that_only_the_proxy_knows(lab: &Lab) {
    let session = lab.config().proxy(lab.open()).build().expect("a session");
    let response = session.get(lab.plain(BEHIND, "/page/4")).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let host = format!("{BEHIND}:{}", lab.plain.address(0).port());
    assert_eq!(lab.asked_once("/page/4").headers["host"], host);
}

pub async fn with_a_body(lab: &Lab) {
    let session = lab.config().proxy(lab.open()).build().expect("a session");
    let body = crate::support::routes::pattern(1 << 20);
    let post = session.post(lab.plain("127.0.0.1", "/echo-body?forwarded")).body(body.clone());
    assert_eq!(post.await.expect("an answer").bytes().await.expect("a body"), body);
}

pub async fn one_connection_for_many(lab: &Lab) {
    let session = lab.config().proxy(lab.open()).build().expect("a session");
    for n in 0..5 {
        let response = session.get(lab.plain("127.0.0.1", "/page/5")).await.expect("an answer");
        assert_eq!(response.connection().expect("a connection").reused(), n > 0);
        response.bytes().await.expect("a body");
    }
}

pub async fn nobody_at_the_origin(lab: &Lab) {
    let session = lab.config().proxy(lab.open()).build().expect("a session");
    let nobody = crate::support::Refusing::new();
    assert_eq!(session.get(nobody.url("/")).await.expect("the proxy's answer").status(), 503);
}

pub async fn over_tls_to_the_proxy(lab: &Lab) {
    let session = lab.config().proxy(lab.over_tls()).build().expect("a session");
    let response = session.get(lab.plain(BEHIND, "/page/6")).await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert!(response.connection().expect("a connection").tls().is_none(), "there is none with the origin");
    assert!(is_forwarded(&lab.asked_once("/page/6")));
}

pub async fn not_to_who_is_exempt(lab: &Lab) {
    let proxy = lab.open().no_proxy("127.0.0.0/8").expect("a network");
    let session = lab.config().proxy(proxy).build().expect("a session");
    fetch(&session, &lab.plain("127.0.0.1", "/page/7")).await.expect("a page");
    assert!(!is_forwarded(&lab.asked_once("/page/7")));
    fetch(&session, &lab.plain(BEHIND, "/page/8")).await.expect("a page");
    assert!(is_forwarded(&lab.asked_once("/page/8")));
}

pub async fn not_where_a_request_says_so(lab: &Lab) {
    let session = lab.config().proxy(lab.open()).build().expect("a session");
    let get = session.get(lab.plain("127.0.0.1", "/page/9")).proxy(Proxy::direct());
    assert_eq!(get.await.expect("an answer").status(), 200);
    assert!(!is_forwarded(&lab.asked_once("/page/9")));
}
