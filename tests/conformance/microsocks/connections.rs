//! Connections that it makes.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use dualfetch::{Session, Version};

use super::super::help::fetch;
use super::{Lab, USER};

pub async fn by_address(lab: &Lab) {
    for (scheme, path) in [("socks5", "/page/1"), ("socks5h", "/page/2")] {
        let session = lab.config().proxy(lab.open(scheme)).build().expect("a session");
        let response = session.get(lab.plain.url(0, path)).await.expect("an answer");
        assert_eq!(response.status(), 200);
        let remote = response.connection().and_then(|connection| connection.remote());
        assert_eq!(remote, Some(lab.open), "{scheme}");
        assert_eq!(lab.asked(path), 1);
    }
}

pub async fn to_who_is_known(lab: &Lab) {
    let proxy = lab.locked().basic_auth(USER.0, USER.1).expect("a user");
    let session = lab.config().proxy(proxy).build().expect("a session");
    fetch(&session, &lab.plain.url(0, "/page/3")).await.expect("a page");
}

/// Nobody but the session knows it.
pub async fn of_a_name_resolved_here(lab: &Lab) {
    let known = || lab.config().resolve("here.invalid", [SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]);
    let url = format!("http://here.invalid:{}/page/4", lab.plain.address(0).port());
    let session = known().proxy(lab.open("socks5")).build().expect("a session");
    fetch(&session, &url).await.expect("a page");
    let session = known().proxy(lab.open("socks5h")).build().expect("a session");
    assert_eq!(fetch(&session, &url).await.expect_err("unknown to the proxy").code(), "proxy");
    assert_eq!(lab.asked("/page/4"), 1);
}

/// The session could not reach it by the address that it would take.
pub async fn of_a_name_resolved_by_the_proxy(lab: &Lab) {
    let elsewhere = [SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), 1))];
    let known = || lab.config().resolve("localhost", elsewhere);
    let url = format!("http://localhost:{}/page/5", lab.plain.address(0).port());
    let session = known().proxy(lab.open("socks5h")).build().expect("a session");
    fetch(&session, &url).await.expect("a page");
    let session = known().proxy(lab.open("socks5")).build().expect("a session");
    assert_eq!(fetch(&session, &url).await.expect_err("nobody is there").code(), "proxy");
    assert_eq!(lab.asked("/page/5"), 1);
}

pub async fn of_the_address_that_answers(lab: &Lab) {
    let addresses = [SocketAddr::from((Ipv6Addr::LOCALHOST, 0)), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    let config = lab.config().resolve("two.invalid", addresses).proxy(lab.open("socks5"));
    let session = config.build().expect("a session");
    let url = format!("http://two.invalid:{}/page/6", lab.plain.address(0).port());
    fetch(&session, &url).await.expect("a page");
}

pub async fn of_an_address_with_a_port_of_its_own(lab: &Lab) {
    let config = lab.config().resolve("moved.invalid", [lab.plain.address(0)]).proxy(lab.open("socks5"));
    let session = config.build().expect("a session");
    fetch(&session, "http://moved.invalid/page/8").await.expect("a page");
}

pub async fn over_tls(lab: &Lab) {
    let session = lab.config().proxy(lab.open("socks5h")).build().expect("a session");
    let response = session.get(lab.secure.named_url(0, "/page/7")).await.expect("an answer");
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
}

pub async fn as_to_the_origin_itself(lab: &Lab) {
    let proxy = lab.locked().basic_auth(USER.0, USER.1).expect("a user");
    let session = lab.config().proxy(proxy).build().expect("a session");
    let said = fetch(&session, &lab.plain.url(0, "/echo?socks")).await.expect("an echo");
    let said = String::from_utf8(said.to_vec()).expect("text").to_lowercase();
    assert!(said.starts_with("get /echo?socks http/1.1"), "{said}");
    assert!(!said.contains("proxy") && !said.contains("via") && !said.contains("authorization"), "{said}");
}

pub async fn with_a_body(lab: &Lab) {
    let session = lab.config().proxy(lab.open("socks5h")).build().expect("a session");
    let body = crate::support::routes::pattern(1 << 20);
    let post = session.post(lab.plain.url(0, "/echo-body")).body(body.clone());
    assert_eq!(post.await.expect("an answer").bytes().await.expect("a body"), body);
}
