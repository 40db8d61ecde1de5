//! What is said to an origin through the proxy, which sees none of it.

use dualfetch::tls::{Roots, Tls};
use dualfetch::{HttpVersion, Session, Version};
use futures_util::future::join_all;

use super::super::help::fetch;
use super::{BEHIND, Lab, USER, is_forwarded};

pub async fn of_http_1_and_http_2(lab: &Lab) {
    for (asked, spoken, path) in
        [(HttpVersion::Auto, Version::HTTP_2, "/page/11"), (HttpVersion::Http1, Version::HTTP_11, "/page/12")]
    {
        let session = lab.config().proxy(lab.open()).http_version(asked).build().expect("a session");
        let response = session.get(lab.secure("localhost", path)).await.expect("an answer");
        assert_eq!(response.version(), spoken);
        let connection = response.connection().expect("a connection");
        assert_eq!(connection.remote(), Some(lab.ports[0]), "the proxy's");
        assert!(connection.tls().is_some());
        let asked = lab.asked_once(path);
        assert!(!is_forwarded(&asked), "{asked:?}");
    }
}

pub async fn to_who_is_known(lab: &Lab) {
    let proxy = lab.locked().basic_auth(USER.0, USER.1).and_then(|proxy| proxy.header("x-key", "k"));
    let session = lab.config().proxy(proxy.expect("a user")).build().expect("a session");
    fetch(&session, &lab.secure("localhost", "/page/13")).await.expect("a page");
    assert!(!lab.asked_once("/page/13").headers.contains_key("x-key"), "the proxy's field");
}

pub async fn one_for_many(lab: &Lab) {
    let session = lab.config().proxy(lab.open()).build().expect("a session");
    let url = lab.secure("localhost", "/page/14");
    let pages = join_all((0..20).map(|_| fetch(&session, &url))).await;
    assert!(pages.iter().all(Result::is_ok), "{pages:?}");
    let asked = lab.asked("/page/14");
    assert_eq!(asked.len(), 20);
    assert!(asked.iter().all(|asked| asked.visit == lab.asked("/page/14")[0].visit), "one connection");
}

pub async fn with_a_body(lab: &Lab) {
    let session = lab.config().proxy(lab.open()).build().expect("a session");
    let body = crate::support::routes::pattern(1 << 20);
    let post = session.post(lab.secure("localhost", "/echo-body?tunnelled")).body(body.clone());
    assert_eq!(post.await.expect("an answer").bytes().await.expect("a body"), body);
}

pub async fn of_a_name_that_only_the_proxy_knows(lab: &Lab) {
    let tls = Tls::new().roots(Roots::None).add_roots(lab.secure.ca_pem()).server_name("localhost");
    let session = lab.config().tls(tls).proxy(lab.open()).build().expect("a session");
    fetch(&session, &lab.secure(BEHIND, "/page/15")).await.expect("a page");
    lab.asked_once("/page/15");
}

pub async fn within_tls_to_the_proxy(lab: &Lab) {
    let session = lab.config().proxy(lab.over_tls()).build().expect("a session");
    let response = session.get(lab.secure("localhost", "/page/16")).await.expect("an answer");
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
    lab.asked_once("/page/16");
}

/// No proxy forwards HTTP/2 without TLS.
pub async fn by_prior_knowledge(lab: &Lab) {
    let session = lab.config().proxy(lab.open()).http_version(HttpVersion::Http2).build().expect("a session");
    let response = session.get(lab.plain(BEHIND, "/page/17")).await.expect("an answer");
    assert_eq!(response.version(), Version::HTTP_2);
    assert!(!is_forwarded(&lab.asked_once("/page/17")));
}

pub async fn after_a_redirect(lab: &Lab) {
    let proxy = lab.locked().basic_auth(USER.0, USER.1).expect("a user");
    let session = lab.config().proxy(proxy).build().expect("a session");
    let to = lab.secure("localhost", "/page/18").replace(':', "%3A").replace('/', "%2F");
    let from = lab.plain("127.0.0.1", &format!("/redirect-to?location={to}"));
    let response = session.get(from).header("authorization", "Bearer t").await.expect("an answer");
    assert_eq!((response.status().as_u16(), response.history().len()), (200, 1));
    let asked = lab.asked_once("/page/18");
    assert!(!asked.headers.contains_key("authorization") && !is_forwarded(&asked), "{asked:?}");
}

pub async fn for_one_request(lab: &Lab) {
    let session = lab.config().build().expect("a session");
    for (path, by) in [("/page/19", None), ("/page/20", Some(lab.ports[0])), ("/page/21", None)] {
        let get = session.get(lab.secure("localhost", path));
        let get = if by.is_some() { get.proxy(lab.open()) } else { get };
        let response = get.await.expect("an answer");
        let remote = response.connection().and_then(|connection| connection.remote());
        assert_eq!(remote, by.or_else(|| Some(lab.secure.address(0))), "{path}");
    }
}
