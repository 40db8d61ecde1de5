//! Paths, queries and header fields on their way there and back.

use super::super::help::session;
use super::{Ports, get, text};

pub async fn as_they_were_written(nginx: &Ports) {
    arrive_unchanged(nginx, "plain").await;
}

/// Signed URLs live from this.
pub(super) async fn arrive_unchanged(nginx: &Ports, server: &str) {
    let session = session();
    for path in [
        "/raw/a%2Fb%2fc",
        "/raw/a%20b",
        "/raw//a///b//",
        "/raw/%7Euser/~user",
        "/raw/a+b",
        "/raw/%c3%a9%C3%A9",
        "/raw/a;b=c,d:e@f!$&'()*",
        "/raw/[x]|y",
        "/raw/?q=a%20b&c=+&d=%2B&e&&=f",
        "/raw/?of=100%&%zz",
        "/raw/?",
        "/raw/??a?b",
        "/raw/?to=http://a/../b%2F..%2Fc",
        "/raw/?X-Signature=a%2Fb%2Bc%3D%3D&X-Date=2020-01-01T00:00:00Z",
    ] {
        assert_eq!(text(&session, nginx.url(server, path)).await, path);
    }
}

pub async fn dots_are_resolved(nginx: &Ports) {
    for (written, sent) in [
        ("/raw/a/../b", "/raw/b"),
        ("/raw/./b/.", "/raw/b/"),
        ("/raw/a/%2e%2E/b", "/raw/b"),
        ("/../../raw/b", "/raw/b"),
        ("/raw\\b", "/raw/b"),
    ] {
        assert_eq!(text(&session(), nginx.url("plain", written)).await, sent, "{written}");
    }
}

pub async fn only_what_must_be_is_escaped(nginx: &Ports) {
    let url = nginx.url("plain", "/raw/é b<\">?q=ä \"x\" 'y'#é");
    assert_eq!(text(&session(), url).await, "/raw/%C3%A9%20b%3C%22%3E?q=%C3%A4%20%22x%22%20%27y%27");
}

pub async fn two_fields_of_one_name(nginx: &Ports) {
    let response = get(&session(), nginx.url("plain", "/twice")).await.expect("a head");
    let values: Vec<_> = response.headers().get_all("x-twice").iter().collect();
    assert_eq!(values, ["one", "two"]);
}

pub async fn what_is_sent_unasked(nginx: &Ports) {
    let (agent, port) = (concat!("dualfetch/", env!("CARGO_PKG_VERSION")), nginx.number("plain"));
    let expected = format!("{agent}|*/*|gzip, deflate, br, zstd|127.0.0.1:{port}");
    assert_eq!(text(&session(), nginx.url("plain", "/agent")).await, expected);
}
