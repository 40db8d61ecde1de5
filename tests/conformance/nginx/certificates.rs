//! Whose certificate is taken, and whose is shown.

use dualfetch::tls::{Fingerprint, Roots, Tls, TlsVersion};
use dualfetch::{Config, DefaultSession, ErrorKind, Session, StatusCode};
use sha2::{Digest, Sha256};

use crate::support::{Certificate, Issuer};

use super::super::help::{fetch, outcome};
use super::{Nginx, get, text};

/// nginx, and whose certificates it has.
pub struct Lab {
    pub nginx: Nginx,
    pub issuer: Issuer,
}

impl Lab {
    fn url(&self, server: &str) -> String {
        self.nginx.ports.url(server, "/session")
    }

    fn trusting(&self) -> Tls {
        Tls::new().roots(Roots::None).add_roots(self.issuer.pem())
    }
}

fn session(tls: Tls) -> DefaultSession {
    Config::new().tls(tls).build().expect("settings that are sound")
}

fn unverified() -> Tls {
    Tls::new().danger_accept_invalid_certificates(true)
}

async fn outcome_of(url: &str, tls: Tls) -> String {
    outcome(&fetch(&session(tls), url).await)
}

pub async fn sound_ones_of_whom_is_trusted(lab: &Lab) {
    for (tls, expected) in [
        (lab.trusting(), "ok"),
        (Tls::new().add_roots(lab.issuer.pem()), "ok"),
        (Tls::new().roots(Roots::Bundled), "tls"),
        (Tls::new().roots(Roots::None).add_roots(Issuer::new().pem()), "tls"),
    ] {
        assert_eq!(outcome_of(&lab.url("secure"), tls.clone()).await, expected, "{tls:?}");
    }
    let own = Tls::new().roots(Roots::None).add_roots(lab.issuer.certificate(Certificate::SelfSigned));
    let error = fetch(&session(own.clone()), &lab.url("secure_self_signed")).await;
    assert_eq!(outcome(&error), "ok", "{error:?}");
}

pub async fn wrong_ones(lab: &Lab) {
    for server in ["expired", "not_yet_valid", "self_signed", "untrusted", "wrong_host"] {
        let url = lab.url(&format!("secure_{server}"));
        assert_eq!(outcome_of(&url, lab.trusting()).await, "tls", "{server}");
        assert!(text(&session(unverified()), &url).await.starts_with("here"), "{server}");
    }
}

pub async fn of_another_name_that_is_expected(lab: &Lab) {
    let url = lab.url("secure_wrong_host");
    let named = lab.trusting().server_name("wrong.example");
    assert_eq!(text(&session(named.clone()), &url).await, "here, asked for as 'wrong.example'");
    assert_eq!(text(&session(named.sni(false)), &url).await, "here, asked for as ''");
    assert_eq!(outcome_of(&url, lab.trusting().server_name("localhost")).await, "tls");
}

pub async fn that_are_pinned_and_others(lab: &Lab) {
    let url = lab.url("secure_self_signed");
    let response = get(&session(unverified()), &url).await.expect("an answer");
    let tls = response.connection().and_then(|connection| connection.tls()).expect("it is secure");
    let right = Fingerprint::from(<[u8; 32]>::from(Sha256::digest(&tls.peer_certificates()[0])));
    let wrong = Fingerprint::from([7; 32]);
    assert_eq!(outcome_of(&url, unverified().pin(right)).await, "ok");
    assert_eq!(outcome_of(&url, unverified().pin(wrong)).await, "tls");
    assert_eq!(outcome_of(&lab.url("secure_untrusted"), unverified().pin(right)).await, "tls", "another's");
    assert_eq!(outcome_of(&url, lab.trusting().pin(right)).await, "tls", "a pin makes nobody trusted");
    let error =
        fetch(&session(lab.trusting().pin(wrong)), &lab.url("secure")).await.expect_err("a wrong pin");
    assert_eq!(error.kind(), &ErrorKind::Tls);
}

/// nginx takes the connection, and says by a status what it lacks.
pub async fn of_the_client(lab: &Lab) {
    let url = lab.url("secure_known");
    let (chain, key) = lab.issuer.client_pems();
    let known = session(lab.trusting().client_certificate(chain, key));
    assert_eq!(text(&known, &url).await, "here, and known: SUCCESS");
    let (chain, key) = Issuer::new().client_pems();
    for tls in [lab.trusting(), lab.trusting().client_certificate(chain, key)] {
        assert_eq!(get(&session(tls), &url).await.expect("an answer").status(), StatusCode::BAD_REQUEST);
    }
    let request = known.get(&url).tls(lab.trusting());
    assert_eq!(request.await.expect("an answer").status(), StatusCode::BAD_REQUEST, "another connection");
}

pub async fn under_an_old_version(lab: &Lab) {
    let url = lab.url("secure_old");
    assert_eq!(text(&session(lab.trusting()), &url).await, "here, by TLSv1.2");
    assert_eq!(outcome_of(&url, lab.trusting().min_version(TlsVersion::V1_3)).await, "tls");
}
