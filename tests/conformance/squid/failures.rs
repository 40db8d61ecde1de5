//! Whose fault it was, the proxy's or the origin's.

use std::time::Duration;

use dualfetch::tls::{Fingerprint, Roots, Tls};
use dualfetch::{Error, ErrorKind, Proxy, Retry, StatusCode};

use crate::support::Refusing;

use super::super::help::fetch;
use super::{Lab, STRANGER};

async fn failed(lab: &Lab, proxy: Proxy, url: &str) -> Error {
    let session = lab.config().proxy(proxy).build().expect("a session");
    let error = fetch(&session, url).await.expect_err("no page");
    assert!(!format!("{error} {error:?}").contains("pass word"), "{error:?}");
    error
}

fn answered(status: StatusCode, refused: bool) -> ErrorKind {
    let mut kind = ErrorKind::Proxy { status: None, refused };
    if let ErrorKind::Proxy { status: its, .. } = &mut kind {
        *its = Some(status);
    }
    kind
}

#[track_caller]
fn says(error: &Error, words: &str) {
    assert!(error.to_string().contains(words), "{words:?} in {error}");
}

pub async fn who_is_asking_is_wanted(lab: &Lab) {
    let wrong = lab.locked().basic_auth(STRANGER.0, STRANGER.1).expect("a user");
    for proxy in [lab.locked(), wrong] {
        let error = failed(lab, proxy, &lab.secure("localhost", "/page/31")).await;
        assert_eq!(error.kind(), &answered(StatusCode::PROXY_AUTHENTICATION_REQUIRED, true));
        says(&error, "the proxy refused: 407 Proxy Authentication Required");
        says(&error, "it wants Basic realm=\"squid\"");
    }
    assert!(lab.asked("/page/31").is_empty());
}

pub async fn a_forbidden_host(lab: &Lab) {
    let error = failed(lab, lab.open(), "https://forbidden.example/").await;
    assert_eq!(error.kind(), &answered(StatusCode::FORBIDDEN, true));
    says(&error, "for forbidden.example:443");
}

pub async fn nobody_at_the_origin(lab: &Lab) {
    let nobody = Refusing::new();
    let error = failed(lab, lab.open(), &format!("https://{}/", nobody.address())).await;
    assert_eq!(error.kind(), &answered(StatusCode::SERVICE_UNAVAILABLE, false));
}

pub async fn retried_where_it_may_pass(lab: &Lab) {
    let nobody = Refusing::new();
    let retry = Retry::standard().attempts(2).backoff(Duration::ZERO, Duration::from_secs(1));
    let locked = lab.locked().basic_auth(STRANGER.0, STRANGER.1).expect("a user");
    for (proxy, url, attempts) in [
        (lab.open(), format!("https://{}/", nobody.address()), 2),
        (locked, lab.secure("localhost", "/page/32"), 1),
    ] {
        let session = lab.config().proxy(proxy).retry(retry).build().expect("a session");
        let error = fetch(&session, &url).await.expect_err("no page");
        assert_eq!((error.code(), error.attempts()), ("proxy", attempts), "{error:?}");
    }
}

pub async fn no_proxy_there(lab: &Lab) {
    let nobody = Refusing::new();
    let proxy = lab.proxy(&format!("http://user:pass%20word@{}", nobody.address()));
    for url in [lab.plain("127.0.0.1", "/page/33"), lab.secure("localhost", "/page/33")] {
        let error = failed(lab, proxy.clone(), &url).await;
        assert_eq!(error.kind(), &ErrorKind::Proxy { status: None, refused: false });
        says(&error, &format!("http://{} could not be reached", nobody.address()));
    }
}

pub async fn no_such_proxy(lab: &Lab) {
    let proxy = lab.proxy("http://no-such-proxy.invalid:3128");
    let error = failed(lab, proxy, &lab.plain("127.0.0.1", "/page/34")).await;
    assert_eq!(error.kind(), &ErrorKind::Proxy { status: None, refused: false });
    says(&error, "the name of http://no-such-proxy.invalid:3128 could not be resolved");
}

pub async fn a_proxy_of_an_unknown_authority(lab: &Lab) {
    let tls = Tls::new().roots(Roots::None).add_roots(lab.secure.ca_pem()).server_name("localhost");
    let proxy = lab.over_tls().tls(tls).expect("an https proxy");
    for url in [lab.plain("127.0.0.1", "/page/35"), lab.secure("localhost", "/page/35")] {
        let error = failed(lab, proxy.clone(), &url).await;
        assert_eq!(error.kind(), &ErrorKind::Proxy { status: None, refused: false });
        says(&error, &format!("no secure connection to https://{}", lab.ports[2]));
    }
}

pub async fn tls_to_a_proxy_that_speaks_none(lab: &Lab) {
    let proxy = lab.proxy(&format!("https://{}", lab.ports[0]));
    let error = failed(lab, proxy, &lab.plain("127.0.0.1", "/page/36")).await;
    assert_eq!(error.kind(), &ErrorKind::Proxy { status: None, refused: false });
    says(&error, "no secure connection");
}

pub async fn of_the_origin_s_own_tls(lab: &Lab) {
    let tls = Tls::new().roots(Roots::None).add_roots(lab.issuer.pem());
    for proxy in [lab.open(), lab.over_tls()] {
        let session = lab.config().tls(tls.clone()).proxy(proxy).build().expect("a session");
        let error = fetch(&session, &lab.secure("localhost", "/page/37")).await.expect_err("no page");
        assert_eq!(error.kind(), &ErrorKind::Tls, "{error:?}");
    }
}

pub async fn pins_are_not_for_the_proxy(lab: &Lab) {
    let pinned = |fingerprint: Fingerprint| {
        let tls = Tls::new().roots(Roots::None).add_roots(lab.secure.ca_pem()).pin(fingerprint);
        lab.config().tls(tls).proxy(lab.over_tls()).build().expect("a session")
    };
    let leaf: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(lab.secure.leaf_der()).into();
    fetch(&pinned(leaf.into()), &lab.secure("localhost", "/page/38")).await.expect("the origin's is pinned");
    let error = fetch(&pinned([7; 32].into()), &lab.secure("localhost", "/page/39")).await;
    assert_eq!(error.expect_err("no page").kind(), &ErrorKind::Tls);
}
