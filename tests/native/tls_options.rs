//! What is set about TLS: who is trusted, what is shown, which certificate is expected.

use base64::Engine as _;
use dualfetch::tls::{Fingerprint, Roots, Tls, TlsVersion};
use dualfetch::{Config, DefaultSession, ErrorKind, Session};
use sha2::{Digest, Sha256};

use crate::support::{Certificate, TlsServer};

use super::help::{fetch, outcome, run};

fn session(tls: Tls) -> DefaultSession {
    DefaultSession::builder().tls(tls).build().expect("settings that are sound")
}

fn trusting(server: &TlsServer) -> Tls {
    Tls::new().roots(Roots::None).add_roots(server.ca_pem())
}

async fn outcome_of(server: &TlsServer, tls: Tls) -> String {
    outcome(&fetch(&session(tls), &server.named_url(0, "/page/1")).await)
}

fn fingerprint(server: &TlsServer) -> Fingerprint {
    Fingerprint::from(<[u8; 32]>::from(Sha256::digest(server.leaf_der())))
}

#[test]
fn an_authority_of_one_s_own_is_trusted_beside_the_platform_s_or_the_bundled_or_alone() {
    run(async {
        let (server, other) = (TlsServer::start().await, TlsServer::start().await);
        for roots in [Roots::Platform, Roots::Bundled, Roots::None] {
            let tls = Tls::new().roots(roots).add_roots(server.ca_pem());
            assert_eq!(outcome_of(&server, tls.clone()).await, "ok", "{roots:?}");
            assert_eq!(outcome_of(&other, tls).await, "tls", "{roots:?}");
        }
        assert_eq!(outcome_of(&server, Tls::new().roots(Roots::Bundled)).await, "tls");
        let both = trusting(&server).add_roots(other.ca_pem());
        assert_eq!(outcome_of(&other, both).await, "ok");
        let in_one_file =
            Tls::new().roots(Roots::None).add_roots(format!("{}{}", server.ca_pem(), other.ca_pem()));
        assert_eq!(outcome_of(&server, in_one_file.clone()).await, "ok");
        assert_eq!(outcome_of(&other, in_one_file).await, "ok");
    });
}

#[test]
fn a_wrong_certificate_of_a_trusted_authority_is_taken_only_where_none_is_verified() {
    run(async {
        use Certificate::{Expired, NotYetValid, SelfSigned, Untrusted, WrongHost};
        for certificate in [Expired, NotYetValid, SelfSigned, Untrusted, WrongHost] {
            let server = TlsServer::builder().certificate(certificate).start().await;
            assert_eq!(outcome_of(&server, trusting(&server)).await, "tls", "{certificate:?}");
            let unverified = Tls::new().danger_accept_invalid_certificates(true);
            assert_eq!(outcome_of(&server, unverified).await, "ok", "{certificate:?}");
        }
    });
}

#[test]
fn a_server_is_shown_the_client_s_certificate_if_there_is_one() {
    run(async {
        let server = TlsServer::builder().client_auth().start().await;
        let (chain, key) = server.client_identity();
        let known = trusting(&server).client_certificate(chain, key);
        assert_eq!(outcome_of(&server, known).await, "ok");
        assert_eq!(server.handshake(0).await.client_certificates, 1);
        let (chain, key) = server.client_identity();
        let file = format!("{key}{chain}");
        let from_one_file = trusting(&server).client_certificate(file.clone(), file);
        assert_eq!(outcome_of(&server, from_one_file).await, "ok");
        assert_ne!(outcome_of(&server, trusting(&server)).await, "ok");
    });
}

#[test]
fn the_server_s_name_can_be_another_than_the_url_s_and_need_not_be_told() {
    run(async {
        let server = TlsServer::builder().certificate(Certificate::WrongHost).start().await;
        let named = trusting(&server).server_name("wrong.example");
        assert_eq!(outcome_of(&server, named.clone()).await, "ok");
        assert_eq!(server.handshake(0).await.server_name.as_deref(), Some("wrong.example"));
        assert_eq!(outcome_of(&server, named.sni(false)).await, "ok");
        assert_eq!(server.handshake(1).await.server_name, None);
        let other = trusting(&server).server_name("right.example");
        assert_eq!(outcome_of(&server, other).await, "tls");
        let address = trusting(&server).server_name("[::1]");
        assert_eq!(outcome_of(&server, address).await, "tls");
    });
}

#[test]
fn an_older_version_than_the_least_is_not_spoken() {
    run(async {
        let server = TlsServer::builder().tls12_only().start().await;
        assert_eq!(outcome_of(&server, trusting(&server)).await, "ok");
        assert_eq!(outcome_of(&server, trusting(&server).min_version(TlsVersion::V1_3)).await, "tls");
        let newer = TlsServer::start().await;
        let session = session(trusting(&newer).min_version(TlsVersion::V1_3));
        let response = session.get(newer.named_url(0, "/page/1")).await.expect("an answer");
        let tls = response.connection().and_then(|connection| connection.tls()).expect("it is secure");
        assert_eq!(tls.version(), "TLSv1.3");
    });
}

#[test]
fn another_certificate_than_is_pinned_is_refused_even_where_none_is_verified() {
    run(async {
        let server = TlsServer::start().await;
        let (right, wrong) = (fingerprint(&server), Fingerprint::from([7; 32]));
        let unverified = Tls::new().danger_accept_invalid_certificates(true);
        for tls in [trusting(&server), unverified] {
            assert_eq!(outcome_of(&server, tls.clone().pin(right)).await, "ok");
            assert_eq!(outcome_of(&server, tls.clone().pin(wrong).pin(right)).await, "ok");
            assert_eq!(outcome_of(&server, tls.clone().pin_for("LOCALHOST", right)).await, "ok");
            assert_eq!(outcome_of(&server, tls.clone().pin_for("other.example", wrong)).await, "ok");
            assert_eq!(outcome_of(&server, tls.clone().pin_for("localhost", wrong)).await, "tls");
            let refused =
                session(tls.pin(wrong)).get(server.named_url(0, "/page/1")).await.expect_err("wrong");
            assert_eq!(refused.kind(), &ErrorKind::Tls);
            let told = format!("it shows a certificate that is not pinned: SHA-256 {right}");
            assert_eq!(refused.message(), Some(told.as_str()));
        }
        for host in ["localhost.", "LocalHost", "\u{ff4c}ocalhost"] {
            assert_eq!(outcome_of(&server, trusting(&server).pin_for(host, wrong)).await, "tls", "{host}");
        }
        // A right pin makes no other authority trusted.
        assert_eq!(outcome_of(&server, Tls::new().roots(Roots::Bundled).pin(right)).await, "tls");
    });
}

#[test]
fn a_connection_that_was_made_under_one_setting_is_not_used_under_another() {
    run(async {
        let server = TlsServer::start().await;
        let url = server.named_url(0, "/page/1");
        let session = session(trusting(&server));
        let ask = async |tls: Option<Tls>| {
            let request = session.get(&url);
            let request = match tls {
                Some(tls) => request.tls(tls),
                None => request,
            };
            match request.await {
                Ok(response) => outcome(&response.bytes().await),
                Err(error) => error.code().to_owned(),
            }
        };
        let unverified = || Tls::new().danger_accept_invalid_certificates(true);
        assert_eq!(ask(Some(unverified())).await, "ok");
        assert_eq!((ask(None).await.as_str(), server.total().connections), ("ok", 2));
        // Each is kept for those that are like it, which need not be the same in memory.
        assert_eq!((ask(Some(unverified())).await.as_str(), ask(None).await.as_str()), ("ok", "ok"));
        assert_eq!((ask(Some(trusting(&server))).await.as_str(), server.total().connections), ("ok", 2));
        // A handshake is not shortened by what another setting's has left either.
        assert_eq!(ask(Some(unverified().pin([7; 32]))).await, "tls");
        assert_eq!(ask(Some(Tls::new().roots(Roots::Bundled))).await, "tls");
    });
}

#[test]
fn what_cannot_be_read_is_refused_by_name_when_the_session_is_built_or_the_request_sent() {
    run(async {
        let server = TlsServer::builder().client_auth().start().await;
        let another = TlsServer::builder().client_auth().start().await;
        let (chain, key) = server.client_identity();
        let (_, other_key) = another.client_identity();
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        let base64 = base64::engine::general_purpose::STANDARD.encode("no certificate");
        let no_certificate = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        for (option, tls) in [
            ("tls", Tls::new().roots(Roots::None)),
            ("add_roots", Tls::new().add_roots("")),
            ("add_roots", Tls::new().add_roots("no PEM")),
            ("add_roots", Tls::new().add_roots(broken)),
            ("add_roots", Tls::new().add_roots(no_certificate)),
            ("add_roots", Tls::new().add_roots(key)),
            ("client_certificate", Tls::new().client_certificate(chain, "no key")),
            ("client_certificate", Tls::new().client_certificate("no chain", key)),
            ("client_certificate", Tls::new().client_certificate(chain, other_key)),
            ("pin_for", Tls::new().pin_for("localhost:443", [7; 32])),
            ("pin_for", Tls::new().pin_for("https://localhost/", [7; 32])),
            ("pin_for", Tls::new().pin_for(" localhost", [7; 32])),
            ("pin_for", Tls::new().pin_for("[::1]:443", [7; 32])),
            ("pin_for", Tls::new().pin_for("", [7; 32]).danger_accept_invalid_certificates(true)),
            ("server_name", Tls::new().server_name("no name")),
            ("server_name", Tls::new().server_name("")),
        ] {
            let error = Config::new().tls(tls.clone()).build().map(drop).expect_err(option);
            assert_eq!(error.kind(), &ErrorKind::InvalidOption { option }, "{error}");
            assert!(!error.to_string().contains("PRIVATE"), "{error}");
            let session = DefaultSession::new().expect("a session");
            let error = session.get(server.url(0, "/")).tls(tls).await.map(drop).expect_err(option);
            assert_eq!(error.kind(), &ErrorKind::InvalidOption { option }, "{error}");
        }
        assert_eq!(server.handshakes().len(), 0);
    });
}

#[test]
fn der_and_a_key_of_another_certificate_are_told_as_what_they_are() {
    let identity =
        || rcgen::generate_simple_self_signed(["client.example".to_owned()]).expect("a certificate");
    let (one, other) = (identity(), identity());
    let (chain, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    let (der, key_der) = (one.cert.der().to_vec(), one.signing_key.serialize_der());
    for (tls, expected) in [
        (Tls::new().add_roots(der.clone()), "openssl x509 -inform der"),
        (Tls::new().client_certificate(der, key), "openssl x509 -inform der"),
        (Tls::new().client_certificate(chain.clone(), key_der), "openssl pkey -inform der"),
        (
            Tls::new().client_certificate(chain, other.signing_key.serialize_pem()),
            "the key is not this certificate's",
        ),
    ] {
        let error = Config::new().tls(tls).build().map(drop).expect_err(expected);
        assert!(error.message().is_some_and(|message| message.contains(expected)), "{error}");
    }
}

#[test]
fn a_private_key_that_cannot_be_read_is_not_shown_by_the_error() {
    let name = "client.example".to_owned();
    let identity = rcgen::generate_simple_self_signed([name]).expect("a certificate");
    let (chain, key) = (identity.cert.pem(), identity.signing_key.serialize_pem());
    // As it comes out of an environment's variable, for one.
    let joined = key.replace('\n', " ");
    for (chain, key) in [
        (chain.clone(), joined.clone()),
        (joined, key.clone()),
        (chain.clone(), key.replacen('\n', "", 1)),
        (chain, key.replace("-----END", "----END")),
    ] {
        let tls = Tls::new().client_certificate(chain, key);
        let error = Config::new().tls(tls).build().map(drop).expect_err("no PEM");
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "client_certificate" });
        assert!(error.message().is_some_and(|message| message.contains("PEM")), "{error}");
        assert!(std::error::Error::source(&error).is_none(), "its cause shows what it has read");
    }
}
