//! Who one is.

use dualfetch::{Body, Config, Error, Session};
use futures_util::stream;
use serde_json::{Value, json};

use super::super::help::session;
use super::{Httpbin, field};

pub async fn basic_by_header_and_by_url(httpbin: &Httpbin) {
    let session = session();
    let url = httpbin.url("/basic-auth/user/pass%20w%C3%B6rd");
    let response = session.get(&*url).await.expect("a head");
    assert_eq!((response.status().as_u16(), response.ok()), (401, false));
    assert_eq!(field(&response, "www-authenticate"), Some("Basic realm=\"Fake Realm\""));

    let by_url = session.get(url.replacen("://", "://user:pass%20w%C3%B6rd@", 1)).await.expect("a head");
    let by_header = session.get(&*url).header("authorization", "Basic dXNlcjpwYXNzIHfDtnJk");
    let by_builder = session.get(&*url).basic_auth("user", "pass wörd");
    for response in [by_url, by_header.await.expect("a head"), by_builder.await.expect("a head")] {
        let answer: Value = response.json().await.expect("JSON");
        assert_eq!(answer, json!({ "authenticated": true, "user": "user" }));
    }
}

pub async fn basic_that_is_hidden(httpbin: &Httpbin) {
    let response = httpbin.get(&session(), "/hidden-basic-auth/user/secret").await;
    assert_eq!(response.status(), 404);
}

pub async fn bearer(httpbin: &Httpbin) {
    let session = session();
    let response = httpbin.get(&session, "/bearer").await;
    assert_eq!((response.status().as_u16(), field(&response, "www-authenticate")), (401, Some("Bearer")));
    let request = session.get(httpbin.url("/bearer")).bearer_auth("token");
    let answer: Value = request.await.expect("a head").json().await.expect("JSON");
    assert_eq!(answer, json!({ "authenticated": true, "token": "token" }));
}

/// The challenge is there to be answered; userinfo is for `Basic` alone.
pub async fn digest_is_asked_for(httpbin: &Httpbin) {
    let url = httpbin.url("/digest-auth/auth/user/secret/SHA-256").replacen("://", "://user:secret@", 1);
    let response = session().get(url).await.expect("a head");
    assert_eq!(response.status(), 401);
    let challenge = field(&response, "www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Digest ") && challenge.contains("algorithm=SHA-256"), "{challenge}");
}

pub async fn digest(httpbin: &Httpbin) {
    let session = Config::new().base_url(httpbin.url("/")).digest_auth("user", "secret").build();
    let (session, plain) = (session.expect("a session"), self::session());
    for algorithm in ["MD5", "SHA-256", "SHA-512"] {
        for qop in ["auth", "auth-int", "either"] {
            let path = format!("digest-auth/{qop}/user/secret/{algorithm}");
            let known = session.get(&*path).await.expect("a head");
            let once = plain.get(httpbin.url(&format!("/{path}")));
            let once = once.digest_auth("user", "secret").await.expect("a head");
            for response in [known, once] {
                let answer: Value = response.json().await.expect("JSON");
                assert_eq!(answer, json!({ "authenticated": true, "user": "user" }), "{path}");
            }
            let wrong = format!("digest-auth/{qop}/user/other/{algorithm}");
            assert_eq!(session.get(&*wrong).await.expect("a head").status(), 401, "{wrong}");
        }
    }
}

/// httpbin has no other method there: a GET with a body it is.
pub async fn digest_of_a_body(httpbin: &Httpbin) {
    let session = session();
    let url = httpbin.url("/digest-auth/auth-int/user/secret/SHA-256");
    for body in
        [Body::from("the body"), Body::replayable(|| stream::iter(["the ", "body"].map(Ok::<_, Error>)))]
    {
        let request = session.get(&*url).body(body.with_length(8)).digest_auth("user", "secret");
        assert_eq!(request.await.expect("a head").status(), 200);
    }
}

/// It keeps its nonces in cookies: an answer under the one before, or one too many, is stale.
pub async fn digest_that_goes_stale(httpbin: &Httpbin) {
    let jar = dualfetch::CookieJar::new().allow_ip_hosts(true);
    let config = Config::new().base_url(httpbin.url("/")).digest_auth("user", "secret").cookie_store(jar);
    let session = config.build().expect("a session");
    for _ in 0..3 {
        let response = session.get("digest-auth/auth/user/secret/MD5/1").await.expect("a head");
        assert_eq!(response.status(), 200);
    }
}

/// A request's own win; a redirect to another origin gets neither.
pub async fn of_the_whole_session(httpbin: &Httpbin) {
    let session = Config::new().bearer_auth("of-the-session").build().expect("a session");
    let answer = httpbin.json(&session, "/bearer").await;
    assert_eq!(answer["token"], "of-the-session");
    let own = session.get(httpbin.url("/bearer")).bearer_auth("its-own").await.expect("a head");
    assert_eq!(own.json::<Value>().await.expect("JSON")["token"], "its-own");
    let elsewhere = format!("/redirect-to?url={}", httpbin.named_url("/bearer"));
    assert_eq!(httpbin.get(&session, &elsewhere).await.status(), 401);
}
