//! Digest authentication over real connections.

use std::collections::BTreeSet;

use dualfetch::middleware::DigestAuth;
use dualfetch::{Body, Client, Config, DefaultSession, Proxy, Session, platform};
use futures_util::future::join_all;

use crate::strict::{PASSWORD, Strict, USER};
use crate::strict_served::serve;
use crate::support::CountingServer;

use super::help::{run, run_on_two};

fn session(config: Config, server: &CountingServer) -> DefaultSession {
    let auth = DigestAuth::new(&server.url(0, "/"), USER, PASSWORD).expect("sound");
    Client::with_backend(config.hop_middleware(auth), platform::Default::default()).expect("sound")
}

async fn a_thousand(session: &DefaultSession, server: &CountingServer) {
    let post = |index: usize| {
        let request =
            session.post(server.url(0, &format!("/{index}?of=a%20thousand"))).body(format!("body {index}"));
        async move { (request.await.expect("a head").status().as_u16(), index) }
    };
    for (status, index) in join_all((0..1000).map(post)).await {
        assert_eq!(status, 200, "{index}");
    }
}

#[test]
fn a_thousand_at_once_are_taken_under_one_nonce() {
    for (algorithm, qop) in [("MD5", "auth"), ("SHA-256-sess", "auth-int"), ("SHA-512-256", "auth")] {
        run_on_two(async {
            let (strict, server) = serve(Strict::new(algorithm, qop)).await;
            let session = session(Config::new().limit(100), &server);
            session.get(server.url(0, "/")).await.expect("a head");
            a_thousand(&session, &server).await;
            assert_eq!(strict.refused(), [""; 0], "{algorithm} {qop}");
            let counts: BTreeSet<_> = strict.taken().into_iter().collect();
            let expected = (1..=1001).map(|count| ("nonce-00001".to_owned(), count)).collect();
            assert_eq!(counts, expected, "{algorithm} {qop}");
            assert_eq!(server.total().requests, 1002);
        });
    }
}

#[test]
fn a_thousand_at_once_find_their_nonce_stale_and_share_the_next() {
    run_on_two(async {
        let (strict, server) = serve(Strict::new("SHA-256", "auth")).await;
        let session = session(Config::new().limit(50), &server);
        session.get(server.url(0, "/")).await.expect("a head");
        strict.forget();
        a_thousand(&session, &server).await;
        assert_eq!(strict.refused(), [""; 0]);
        let nonces: BTreeSet<_> = strict.taken().into_iter().skip(1).map(|(nonce, _)| nonce).collect();
        assert_eq!(nonces.len(), 1, "{nonces:?}");
        assert!(server.total().requests <= 2 + 1000 + 50, "{:?}", server.total());
    });
}

#[test]
fn a_thousand_at_once_are_all_let_in_where_a_nonce_is_good_for_few() {
    run_on_two(async {
        let strict = Strict { stale_after: Some(20), ..Strict::new("SHA-256", "auth") };
        let (strict, server) = serve(strict).await;
        let session = session(Config::new().limit(100), &server);
        a_thousand(&session, &server).await;
        assert_eq!(strict.refused(), [""; 0]);
        assert_eq!(strict.taken().len(), 1000);
    });
}

#[test]
fn the_answer_goes_over_the_connection_of_the_challenge() {
    run(async {
        let (_, server) = serve(Strict::new("MD5", "auth")).await;
        let session = session(Config::new(), &server);
        for _ in 0..3 {
            let response = session.get(server.url(0, "/")).await.expect("a head");
            assert_eq!(response.status(), 200);
            response.bytes().await.expect("a body");
        }
        assert_eq!(session.connections().expect("they are counted").made, 1);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_not_sent_again_as_nothing() {
    use std::io::{Write, pipe};
    use std::os::fd::AsRawFd;

    run(async {
        for qop in ["auth", "auth-int"] {
            let (strict, server) = serve(Strict::new("SHA-256", qop)).await;
            let session = session(Config::new(), &server);
            for known in [false, true] {
                let (reader, mut writer) = pipe().expect("a pipe");
                writer.write_all(b"through a pipe").expect("it has room for this");
                drop(writer);
                let body = Body::file(format!("/dev/fd/{}", reader.as_raw_fd()));
                let response = session.put(server.url(0, "/")).body(body).await.expect("a head");
                let is_taken = known && qop == "auth";
                assert_eq!(response.status(), if is_taken { 200 } else { 401 }, "{qop} {known}");
                assert_eq!(strict.taken().len(), usize::from(is_taken), "{qop} {known}");
            }
            assert_eq!(strict.refused(), [""; 0], "{qop}");
        }
    });
}

#[test]
fn the_answer_is_for_the_origin_s_target_by_a_proxy_too() {
    run(async {
        let (strict, server) = serve(Strict::new("SHA-256", "auth")).await;
        let auth = DigestAuth::new("http://origin.example/", USER, PASSWORD).expect("sound");
        let proxy = Proxy::new(&server.url(0, "")).expect("a proxy");
        let session = Config::new().proxy(proxy).hop_middleware(auth).build().expect("sound");
        let response = session.get("http://origin.example/a?b=%20c#d").await.expect("a head");
        assert_eq!((response.status().as_u16(), strict.refused().len()), (200, 0));
        assert_eq!(server.total().requests, 2);
    });
}
