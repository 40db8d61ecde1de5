//! Whose fault it was.

use dualfetch::{Error, ErrorKind, Proxy};

use crate::support::Refusing;

use super::super::help::fetch;
use super::Lab;

async fn failed(lab: &Lab, proxy: Proxy, url: &str) -> Error {
    let session = lab.config().proxy(proxy).build().expect("a session");
    fetch(&session, url).await.expect_err("no page")
}

#[track_caller]
fn is(error: &Error, refused: bool, words: &str) {
    assert_eq!(error.kind(), &ErrorKind::Proxy { status: None, refused }, "{error:?}");
    assert!(error.to_string().contains(words), "{words:?} in {error}");
}

pub async fn who_is_asking_is_wanted(lab: &Lab) {
    let url = lab.plain.url(0, "/page/11");
    is(&failed(lab, lab.locked(), &url).await, true, "no user name is set");
    let wrong = lab.locked().basic_auth("user", "wrong").expect("a user");
    let error = failed(lab, wrong, &url).await;
    is(&error, true, "does not take the user name and password");
    assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
    assert_eq!(lab.asked("/page/11"), 0);
}

pub async fn nobody_at_the_origin(lab: &Lab) {
    let nobody = Refusing::new();
    for scheme in ["socks5", "socks5h"] {
        let error = failed(lab, lab.open(scheme), &nobody.url("/")).await;
        is(&error, false, &format!("connection refused (reply 5), by {scheme}://{}", lab.open));
    }
}

pub async fn a_name_that_the_proxy_does_not_know(lab: &Lab) {
    is(&failed(lab, lab.open("socks5h"), "http://no-such-host.invalid/").await, false, "(reply");
}

/// Not the proxy's fault: it was not asked.
pub async fn a_name_that_is_not_known_here(lab: &Lab) {
    let error = failed(lab, lab.open("socks5"), "http://no-such-host.invalid/").await;
    assert_eq!(error.kind(), &ErrorKind::Dns, "{error:?}");
}

pub async fn no_proxy_there(lab: &Lab) {
    let nobody = Refusing::new();
    let proxy = Proxy::new(&format!("socks5h://{}", nobody.address())).expect("a proxy");
    is(&failed(lab, proxy, &lab.plain.url(0, "/page/12")).await, false, "could not be reached");
}

pub async fn a_proxy_of_another_kind(lab: &Lab) {
    let http = Proxy::new(&format!("socks5h://{}", lab.plain.address(0))).expect("a proxy");
    is(&failed(lab, http, &lab.plain.url(0, "/page/13")).await, false, "what is not SOCKS5");
    let socks = Proxy::new(&format!("http://{}", lab.open)).expect("a proxy");
    let error = failed(lab, socks, &lab.secure.named_url(0, "/page/14")).await;
    is(&error, false, "CONNECT");
}
