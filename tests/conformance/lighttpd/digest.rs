//! Who one is, without the password being told.

use std::sync::{Arc, Mutex};

use dualfetch::events::What;
use dualfetch::middleware::DigestAuth;
use dualfetch::{DefaultSession, Session};
use futures_util::future::join_all;

use super::super::help::session;
use super::{Lighttpd, PASSWORD, USERS};

/// What each request was sent with.
type Sent = Arc<Mutex<Vec<Option<String>>>>;

/// A session that is known there, and what it sends.
fn known(lighttpd: &Lighttpd, user: &str, password: &str) -> (DefaultSession, Sent) {
    let sent = Sent::default();
    let noted = Arc::clone(&sent);
    let auth = DigestAuth::new(&lighttpd.url("/"), user, password).expect("sound");
    let config = DefaultSession::builder().limit(100).hop_middleware(auth).on_event(move |event| {
        if let What::RequestStart { headers, .. } = event.what {
            let answer =
                headers.get("authorization").map(|answer| String::from_utf8_lossy(answer.as_bytes()));
            noted.lock().expect("no panic").push(answer.map(|answer| answer.into_owned()));
        }
    });
    (config.build().expect("a session"), sent)
}

/// The page of this place, and what was sent for it.
async fn page(lighttpd: &Lighttpd, user: &str, place: &str) -> Vec<Option<String>> {
    let (session, sent) = known(lighttpd, user, PASSWORD);
    let response = session.get(lighttpd.url(&format!("/{place}/page.txt"))).await.expect("a head");
    assert_eq!(response.status(), 200, "{sent:?}");
    assert_eq!(response.text().await.expect("a body"), place);
    let sent = sent.lock().expect("no panic").clone();
    assert!(matches!(sent[..], [None, Some(_)]), "{sent:?}");
    sent
}

pub async fn by_md5(lighttpd: &Lighttpd) {
    let sent = page(lighttpd, USERS[0], "md5").await;
    assert!(sent[1].as_deref().is_some_and(|answer| answer.contains("algorithm=MD5,")), "{sent:?}");
}

pub async fn by_sha_256(lighttpd: &Lighttpd) {
    let sent = page(lighttpd, USERS[0], "sha").await;
    assert!(sent[1].as_deref().is_some_and(|answer| answer.contains("algorithm=SHA-256,")), "{sent:?}");
}

pub async fn by_the_stronger_of_two(lighttpd: &Lighttpd) {
    let sent = page(lighttpd, USERS[0], "both").await;
    assert!(sent[1].as_deref().is_some_and(|answer| answer.contains("algorithm=SHA-256,")), "{sent:?}");
}

pub async fn by_a_name_that_is_hidden(lighttpd: &Lighttpd) {
    for user in USERS {
        let sent = page(lighttpd, user, "hidden").await;
        let is_hidden =
            |answer: &str| answer.contains("userhash=true") && !answer.contains(&format!("\"{user}\""));
        assert!(sent[1].as_deref().is_some_and(is_hidden), "{sent:?}");
    }
}

pub async fn by_a_name_of_other_letters(lighttpd: &Lighttpd) {
    for place in ["md5", "sha"] {
        let sent = page(lighttpd, USERS[1], place).await;
        assert!(
            sent[1].as_deref().is_some_and(|answer| answer.contains("username*=UTF-8''J%C3%A4s")),
            "{sent:?}"
        );
    }
}

pub async fn one_challenge_for_many(lighttpd: &Lighttpd) {
    let (session, sent) = known(lighttpd, USERS[0], PASSWORD);
    for _ in 0..5 {
        let response = session.get(lighttpd.url("/sha/page.txt")).await.expect("a head");
        assert_eq!(response.status(), 200);
    }
    assert_eq!(sent.lock().expect("no panic").iter().filter(|answer| answer.is_none()).count(), 1);
}

pub async fn a_thousand_under_one_nonce(lighttpd: &Lighttpd) {
    let (session, sent) = known(lighttpd, USERS[0], PASSWORD);
    let get = |index: usize| session.get(lighttpd.url(&format!("/sha/page.txt?{index}"))).send();
    assert_eq!(get(0).await.expect("a head").status(), 200);
    for response in join_all((1..=1000).map(get)).await {
        assert_eq!(response.expect("a head").status(), 200);
    }
    let sent = sent.lock().expect("no panic");
    let nonce = |answer: &Option<String>| {
        answer.as_ref()?.split("nonce=\"").nth(1)?.split('"').next().map(str::to_owned)
    };
    let nonces: std::collections::BTreeSet<_> = sent.iter().filter_map(nonce).collect();
    assert_eq!((sent.len(), nonces.len()), (1002, 1));
}

pub async fn a_query_counts(lighttpd: &Lighttpd) {
    let (session, _) = known(lighttpd, USERS[0], PASSWORD);
    let url = lighttpd.url("/sha/page.txt?q=%22a%20b%22&r='x'|y");
    let response = session.get(url).params([("more", "Zoë & \"co\"")]).await.expect("a head");
    assert_eq!(response.status(), 200);
}

pub async fn refused_to_who_is_not(lighttpd: &Lighttpd) {
    for (user, password) in [(USERS[0], "wrong"), ("stranger", PASSWORD)] {
        let (session, sent) = known(lighttpd, user, password);
        let response = session.get(lighttpd.url("/sha/page.txt")).await.expect("a head");
        assert_eq!(response.status(), 401);
        assert_eq!(sent.lock().expect("no panic").len(), 2);
    }
    let session = session();
    let one = session.get(lighttpd.url("/md5/page.txt")).digest_auth(USERS[0], PASSWORD);
    assert_eq!(one.await.expect("a head").status(), 200);
}

pub async fn several_realms_of_one_origin(lighttpd: &Lighttpd) {
    let (session, _) = known(lighttpd, USERS[0], PASSWORD);
    // Whoever is known by a SHA is known by MD5 no more.
    for (place, status) in [("md5", 200), ("sha", 200), ("hidden", 200), ("sha", 200), ("md5", 401)] {
        let response = session.get(lighttpd.url(&format!("/{place}/page.txt"))).await.expect("a head");
        assert_eq!(response.status(), status, "{place}");
    }
    let alone = session.get(lighttpd.url("/md5/page.txt")).digest_auth(USERS[0], PASSWORD);
    assert_eq!(alone.await.expect("a head").status(), 200);
}
