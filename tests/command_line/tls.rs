//! Who is trusted, what is shown, and which certificate is expected.

use super::run::{File, run};
use crate::support::{Certificate, TlsServer};

fn pem(name: &str, content: &str) -> File {
    File::new(name, content.as_bytes())
}

/// The failure in one line, and empty where there is none.
async fn failure(server: &TlsServer, args: &[&str]) -> String {
    let url = server.named_url(0, "/page/1");
    let localhost = ["get", "--retries", "0", "--resolve", "localhost:127.0.0.1", &url];
    let (code, out, err) = run(&[&localhost[..], args].concat()).await;
    match code {
        Some(0) => assert!(out.contains("Page 1") && err.is_empty(), "{args:?}: {out}{err}"),
        _ => assert!(code == Some(1) && out.is_empty() && !err.is_empty(), "{args:?}: {out}{err}"),
    }
    err
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_named_is_trusted_and_others_are_not() {
    let (server, other) = (TlsServer::start().await, TlsServer::start().await);
    let (own, others) = (pem("tls-ca.pem", server.ca_pem()), pem("tls-other-ca.pem", other.ca_pem()));
    for args in [
        &["--cacert", own.path()][..],
        &["--cacert", own.path(), "--ca-native"],
        &["--cacert", others.path(), "--cacert", own.path()],
    ] {
        assert_eq!(failure(&server, args).await, "");
    }
    for args in [&[][..], &["--cacert", others.path()], &["--cacert", others.path(), "--ca-native"]] {
        let told = failure(&server, args).await;
        assert!(told.starts_with("error: no secure connection"), "{told}");
    }
    let (_, _, err) = run(&["get", "-v", "--cacert", own.path(), &server.url(0, "/page/1")]).await;
    let line = format!("* by a connection with {}, TLSv1.3 (TLS", server.address(0));
    assert!(err.contains(&line), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_is_taken_where_any_is_or_where_it_is_the_expected_one() {
    let server = TlsServer::builder().certificate(Certificate::SelfSigned).start().await;
    assert_ne!(failure(&server, &[]).await, "");
    assert_eq!(failure(&server, &["-k"]).await, "");
    let wrong = "00".repeat(32);
    let told = failure(&server, &["-k", "--pin", &wrong]).await;
    let (_, shown) = told.trim_end().split_once("SHA-256 ").expect("which certificate it was");
    let shown = &shown[..shown.find(|c: char| c != ':' && !c.is_ascii_hexdigit()).unwrap_or(shown.len())];
    for pins in [&["--pin", shown][..], &["--pin", &wrong, "--pin", shown]] {
        assert_eq!(failure(&server, &[&["-k"], pins].concat()).await, "");
    }
    let (here, elsewhere) = (format!("localhost={wrong}"), format!("a.example={wrong}"));
    assert_eq!(failure(&server, &["-k", "--pin", &elsewhere]).await, "");
    assert_ne!(failure(&server, &["-k", "--pin", &here]).await, "");
    assert_ne!(failure(&server, &["--pin", shown]).await, "", "it must be sound as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_shown_the_certificate_and_spoken_with_in_no_older_version() {
    let server = TlsServer::builder().client_auth().start().await;
    let (ca, (chain, key)) = (pem("tls-auth-ca.pem", server.ca_pem()), server.client_identity());
    let one = pem("tls-auth-one.pem", &format!("{key}{chain}"));
    let (chain, key) = (pem("tls-auth-chain.pem", chain), pem("tls-auth-key.pem", key));
    let trusting = ["--cacert", ca.path(), "--tls-min", "1.3"];
    for args in [&["--cert", chain.path(), "--key", key.path()][..], &["-E", one.path()]] {
        assert_eq!(failure(&server, &[&trusting[..], args].concat()).await, "");
    }
    assert_ne!(failure(&server, &trusting).await, "");

    let old = TlsServer::builder().tls12_only().start().await;
    let ca = pem("tls-old-ca.pem", old.ca_pem());
    assert_eq!(failure(&old, &["--cacert", ca.path()]).await, "");
    assert_ne!(failure(&old, &["--cacert", ca.path(), "--tls-min", "1.3"]).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_certificate_or_key_is_named_with_its_option() {
    let server = TlsServer::builder().start().await;
    let (chain, key) = server.client_identity();
    let (chain, key, none) =
        (pem("tls-chain.pem", chain), pem("tls-key.pem", key), pem("tls-none.pem", "none"));
    let missing = "/no/such/file";
    let cases: [(&[&str], &[&str]); 10] = [
        (&["--cacert", missing], &["--cacert", missing]),
        (&["--cacert", none.path()], &["--cacert", none.path(), "no certificate"]),
        (&["--cacert", key.path()], &["--cacert", key.path(), "no certificate"]),
        (&["--cert", missing], &["--cert", missing]),
        (&["--cert", chain.path()], &["--cert", chain.path(), "no private key"]),
        (&["--cert", chain.path(), "--key", missing], &["--key", missing]),
        (
            &["--cert", chain.path(), "--key", none.path()],
            &["--cert and --key", none.path(), "no private key"],
        ),
        (&["--key", key.path()], &["--cert <FILE>"]),
        (&["--pin", "sha1"], &["'--pin", "SHA-256"]),
        (&["--insecure", "--cacert", chain.path()], &["'--insecure'", "'--cacert"]),
    ];
    for (args, expected) in cases {
        let (code, out, err) = run(&[&["get", &server.url(0, "/page/1")], args].concat()).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}: {err}");
        for part in expected {
            assert!(err.contains(part), "{args:?}: {part} is missing in {err}");
        }
    }
    assert_eq!(server.total().connections, 0);
}
