//! Digest authentication: how long a nonce is kept, and by whom it is used.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use dualfetch::platform::scripted::Reply;
use dualfetch::{Config, Request, Session};
use futures_util::future::join_all;

use super::digest::{HOME, auth, schemes, status, strict, strict_of};
use crate::session;
use crate::strict::Strict;

#[test]
fn a_nonce_is_left_when_the_server_wants_another() {
    for (next_after, stale_after, calls) in [
        // Told of in time: nothing is asked twice but the first.
        (Some(2), None, 7),
        // Told of too late: each third is asked again.
        (None, Some(2), 9),
    ] {
        let strict = Strict { next_after, stale_after, ..Strict::new("MD5", "auth") };
        let (strict, platform, session) = strict_of(strict, Config::new().hop_middleware(auth()));
        platform.run(async {
            for _ in 0..6 {
                assert_eq!(status(session.get(HOME).await), 200);
            }
        });
        assert_eq!((platform.calls().len(), strict.refused().len()), (calls, 0));
        let counts: Vec<u32> = strict.taken().into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 2, 1, 2, 1, 2]);
    }
}

#[test]
fn a_server_that_has_forgotten_its_nonces_without_a_word_of_it_is_answered_again() {
    let silent = Strict { is_silent: true, ..Strict::new("SHA-256", "auth") };
    let (strict, platform, session) = strict_of(silent, Config::new().hop_middleware(auth()));
    platform.run(async {
        assert_eq!(status(session.get(HOME).await), 200);
        strict.forget();
        assert_eq!(status(session.get(HOME).await), 200);
    });
    assert_eq!(schemes(&platform), ["-", "digest", "digest", "digest"]);
}

#[test]
fn many_at_once_are_all_let_in_however_few_answers_a_nonce_is_good_for() {
    for (most, at_once) in [(1, 10), (2, 30), (20, 100)] {
        let strict = Strict { stale_after: Some(most), ..Strict::new("SHA-256", "auth") };
        let (strict, platform, session) = strict_of(strict, Config::new().hop_middleware(auth()));
        for _ in 0..3 {
            platform.run(async {
                let asked = (0..at_once).map(|index| session.get(format!("{HOME}{index}")).send());
                let statuses: Vec<u16> = join_all(asked).await.into_iter().map(status).collect();
                assert_eq!(statuses, vec![200; at_once], "{most} for {at_once}");
            });
        }
        assert_eq!(strict.refused(), [""; 0]);
        // None is sent more than three times: by the nonce that is known, by the one that is shared, by its own.
        assert!(platform.calls().len() <= 9 * at_once, "{} for {at_once}", platform.calls().len());
    }
}

#[test]
fn a_place_that_asks_for_more_than_a_password_leaves_the_others_their_nonce() {
    let (platform, session) = session(Config::new().hop_middleware(auth()));
    platform.on_every(|request: &Request| {
        let challenge = "Digest realm=r, nonce=n, qop=auth";
        let is_in = request.headers().contains_key("authorization") && request.url().path() != "/forbidden";
        match is_in {
            true => Reply::ok("welcome"),
            false => Reply::status(401).header("www-authenticate", challenge),
        }
    });
    platform.run(async {
        assert_eq!(status(session.get(HOME).await), 200);
        assert_eq!(status(session.get(format!("{HOME}forbidden")).await), 401);
        assert_eq!(status(session.get(HOME).await), 200);
    });
    assert_eq!(schemes(&platform), ["-", "digest", "digest", "digest", "digest"]);
}

#[test]
fn who_has_proved_to_know_the_password_does_not_prove_it_by_less() {
    let (strict, platform, session) = strict(Config::new().hop_middleware(auth()));
    platform.run(async {
        assert_eq!(status(session.get(HOME).await), 200);
        platform.on_every(|_: &Request| {
            Reply::status(401).header("www-authenticate", "Digest realm=r, nonce=n, algorithm=MD5")
        });
        assert_eq!(status(session.get(HOME).await), 401);
    });
    assert_eq!(schemes(&platform), ["-", "digest", "digest"]);
    assert_eq!(strict.refused(), [""; 0]);
}
