//! Whom credentials go to.

use dualfetch::{Config, Session};

use super::super::help::session;
use crate::support::{RawServer, faults};

const NAMES: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// Those of the session and those of the request, all of a name.
pub async fn every_field_of_a_credential_s_name(_: &()) {
    let there = RawServer::start(faults::pages("there")).await;
    let here = RawServer::start(faults::redirect(&there.url("/"))).await;
    let by_session = NAMES.iter().fold(Config::new(), |config, name| config.header(name, "of-the-session"));
    let by_session = by_session.header("x-session", "kept").build().expect("a session");
    let asked = by_session.get(here.url("/"));
    let by_request = NAMES
        .iter()
        .fold(session().get(here.url("/")).build().expect("a request").into_builder(), |request, name| {
            request.append_header(name, "one").append_header(name, "two")
        });
    let request = by_request.append_header("x-own", "one").append_header("x-own", "two").build();
    asked.await.expect("an answer").bytes().await.expect("a body");
    session().send(request.expect("a request")).await.expect("an answer").bytes().await.expect("a body");

    let sent: Vec<_> = here.heads().into_iter().map(|(_, head)| head).collect();
    let went_on: Vec<_> = there.heads().into_iter().map(|(_, head)| head).collect();
    for name in NAMES {
        assert_eq!(sent[0].all(name), ["of-the-session"]);
        assert_eq!(sent[1].all(name), ["one", "two"]);
        for head in &went_on {
            assert!(head.all(name).is_empty(), "{name}: {head:?}");
        }
    }
    assert_eq!((went_on[0].header("x-session"), went_on[1].all("x-own")), (Some("kept"), vec!["one", "two"]));
}

pub async fn credentials_in_a_url_go_to_its_origin_alone(_: &()) {
    let there = RawServer::start(faults::pages("there")).await;
    let here = RawServer::start(faults::redirect(&there.url("/"))).await;
    let url = here.url("/").replacen("://", "://user:secret@", 1);
    let response = session().get(url).await.expect("an answer");
    assert_eq!(here.head(0).await.header("authorization"), Some("Basic dXNlcjpzZWNyZXQ="));
    assert_eq!(there.head(0).await.header("authorization"), None);
    let shown = format!("{response:?} {:?} {}", response.history(), response.history()[0].url.as_str());
    assert!(!shown.contains("secret"), "{shown}");
}
