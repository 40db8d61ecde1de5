//! The counting server behind TLS, with certificates made at run time and wrong in ways of the test's choice.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::handler::Handler;
use base64::Engine as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData as _, date_time_ymd,
};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use tokio_rustls::server::TlsStream;

use super::counting::{Builder, CountingServer};
use super::gate::within;

/// What is wrong with the server's certificate. All but `WrongHost` name `localhost` and `127.0.0.1`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Certificate {
    /// Valid until 2020.
    Expired,
    /// Valid from 2999 on.
    NotYetValid,
    /// Signed by itself alone.
    SelfSigned,
    /// Signed by a CA that is not the one of [`TlsServer::ca_pem`].
    Untrusted,
    /// Nothing.
    #[default]
    Valid,
    /// For `wrong.example`.
    WrongHost,
}

/// What the server offers in ALPN.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Alpn {
    /// h2 and http/1.1, in this order of preference.
    #[default]
    Both,
    Http1,
    Http2,
    /// No ALPN at all; HTTP/2 is still served to those who open with its preface.
    None,
}

/// One TLS handshake as the server saw it.
#[derive(Clone, Debug)]
pub struct Handshake {
    pub host: usize,
    /// The protocol agreed on.
    pub alpn: Option<String>,
    /// The host name that the client asked for (never an IP address).
    pub server_name: Option<String>,
    /// Such as `TLSv1_3`.
    pub version: Option<String>,
    /// How many certificates the client showed.
    pub client_certificates: usize,
    /// Why it failed, if it did: a refusing client's alert, or its going away.
    pub failure: Option<String>,
}

/// A [`CountingServer`] (to which it derefs) behind TLS. Its URLs are `https://127.0.0.1:…`.
#[derive(Debug)]
pub struct TlsServer {
    server: CountingServer,
    handshakes: Arc<Handshakes>,
    ca_pem: String,
    ca_der: CertificateDer<'static>,
    client_identity: (String, String),
    leaf_der: CertificateDer<'static>,
}

impl TlsServer {
    /// One host, a valid certificate, both protocols.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    pub fn builder() -> TlsBuilder {
        TlsBuilder::default()
    }

    /// The CA that a client has to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    pub fn ca_der(&self) -> &CertificateDer<'static> {
        &self.ca_der
    }

    /// The certificate that the server shows: what a pin is computed from.
    pub fn leaf_der(&self) -> &CertificateDer<'static> {
        &self.leaf_der
    }

    /// A client's certificate and key, in PEM, that [`TlsBuilder::client_auth`] accepts.
    pub fn client_identity(&self) -> (&str, &str) {
        (&self.client_identity.0, &self.client_identity.1)
    }

    /// The URL by name, so that the client sends SNI: `https://localhost:…`.
    pub fn named_url(&self, host: usize, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address(host).port())
    }

    /// All handshakes so far, failed ones included.
    pub fn handshakes(&self) -> Vec<Handshake> {
        self.handshakes.all()
    }

    /// Waits for the handshake of that number (from 0, in the order they ended).
    pub async fn handshake(&self, number: usize) -> Handshake {
        self.handshakes.wait(number).await
    }

    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

impl Deref for TlsServer {
    type Target = CountingServer;

    fn deref(&self) -> &CountingServer {
        &self.server
    }
}

/// What a [`TlsServer`] is built from.
#[derive(Clone, Debug, Default)]
pub struct TlsBuilder {
    server: Builder,
    certificate: Certificate,
    alpn: Alpn,
    tls12_only: bool,
    client_auth: bool,
}

impl TlsBuilder {
    pub fn certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = certificate;
        self
    }

    pub fn alpn(mut self, alpn: Alpn) -> Self {
        self.alpn = alpn;
        self
    }

    /// Does not offer TLS 1.3.
    pub fn tls12_only(mut self) -> Self {
        self.tls12_only = true;
        self
    }

    /// Accepts only clients that show [`TlsServer::client_identity`] or another certificate of the CA.
    pub fn client_auth(mut self) -> Self {
        self.client_auth = true;
        self
    }

    /// See [`Builder::hosts`].
    pub fn hosts(mut self, hosts: usize) -> Self {
        self.server = self.server.hosts(hosts);
        self
    }

    /// See [`Builder::record`].
    pub fn record(mut self) -> Self {
        self.server = self.server.record();
        self
    }

    /// See [`Builder::routes`].
    pub fn routes(mut self, routes: Router) -> Self {
        self.server = self.server.routes(routes);
        self
    }

    /// See [`Builder::handler`].
    pub fn handler<H: Handler<T, ()>, T: 'static>(mut self, handler: H) -> Self {
        self.server = self.server.handler(handler);
        self
    }

    pub async fn start(self) -> TlsServer {
        let ca = authority("Test CA");
        let key = KeyPair::generate().expect("a key");
        let leaf_der = leaf(self.certificate, &ca, &key).der().clone();
        let config = self.config(&ca, leaf_der.clone(), key);
        let handshakes = Arc::new(Handshakes::new(config));
        let client_identity = client(&ca);
        let server = self.server.start_with(Some(Arc::clone(&handshakes))).await;
        TlsServer {
            server,
            handshakes,
            ca_pem: ca.pem(),
            ca_der: ca.der().clone(),
            client_identity,
            leaf_der,
        }
    }

    fn config(&self, ca: &Authority, leaf: CertificateDer<'static>, key: KeyPair) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let versions: &[&SupportedProtocolVersion] =
            if self.tls12_only { &[&version::TLS12] } else { &[&version::TLS12, &version::TLS13] };
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .expect("ring knows these versions");
        let config = if self.client_auth {
            let mut roots = RootCertStore::empty();
            roots.add(ca.der().clone()).expect("the CA is a certificate");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            config.with_client_cert_verifier(verifier.expect("a verifier with a root"))
        } else {
            config.with_no_client_auth()
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = config.with_single_cert(vec![leaf], key).expect("the key fits the certificate");
        let protocols: &[&str] = match self.alpn {
            Alpn::Both => &["h2", "http/1.1"],
            Alpn::Http1 => &["http/1.1"],
            Alpn::Http2 => &["h2"],
            Alpn::None => &[],
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        config
    }
}

/// A CA for servers of one's own making. Its valid certificates are all of one key.
#[derive(Debug)]
pub struct Issuer {
    ca: Authority,
    key: KeyPair,
}

impl Issuer {
    pub fn new() -> Self {
        Self { ca: authority("Test CA"), key: KeyPair::generate().expect("a key") }
    }

    /// The CA that a client has to trust.
    pub fn pem(&self) -> String {
        self.ca.pem()
    }

    /// The hash of the valid certificates' key, in the form that Chromium takes on its command line.
    pub fn key_hash(&self) -> String {
        let info = self.key.subject_public_key_info();
        let suite = ring::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13().expect("a suite of TLS 1.3");
        let hash = suite.common.hash_provider.hash(&info);
        base64::engine::general_purpose::STANDARD.encode(hash.as_ref())
    }

    /// A valid certificate and its key, for servers that read them from files.
    pub fn pems(&self) -> (String, String) {
        (self.certificate(Certificate::Valid), self.key.serialize_pem())
    }

    /// A certificate for the same key, in PEM, with this wrong about it.
    pub fn certificate(&self, certificate: Certificate) -> String {
        leaf(certificate, &self.ca, &self.key).pem()
    }

    /// A client's certificate and its key, in PEM.
    pub fn client_pems(&self) -> (String, String) {
        client(&self.ca)
    }

    /// A server's side with such a certificate, offering these protocols.
    pub fn acceptor(&self, certificate: Certificate, alpn: &[&str], client_auth: bool) -> TlsAcceptor {
        let key = match certificate {
            Certificate::Valid => KeyPair::from_pem(&self.key.serialize_pem()).expect("the same key"),
            _ => KeyPair::generate().expect("a key"),
        };
        let builder = TlsBuilder { client_auth, ..TlsBuilder::default() };
        let mut config = builder.config(&self.ca, leaf(certificate, &self.ca, &key).der().clone(), key);
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

fn leaf(certificate: Certificate, ca: &Authority, key: &KeyPair) -> rcgen::Certificate {
    let names = match certificate {
        Certificate::WrongHost => vec!["wrong.example".to_owned()],
        _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let mut params = CertificateParams::new(names).expect("names that a certificate can carry");
    params.distinguished_name.push(DnType::CommonName, "Test server");
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = match certificate {
        Certificate::Expired => (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1)),
        Certificate::NotYetValid => (date_time_ymd(2999, 1, 1), date_time_ymd(3000, 1, 1)),
        _ => (date_time_ymd(2020, 1, 1), date_time_ymd(2999, 1, 1)),
    };
    let signed = match certificate {
        Certificate::SelfSigned => params.self_signed(key),
        Certificate::Untrusted => params.signed_by(key, &authority("Another test CA")),
        _ => params.signed_by(key, ca),
    };
    signed.expect("a signed certificate")
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA")
}

fn client(ca: &Authority) -> (String, String) {
    let mut params = CertificateParams::new(vec!["client.example".to_owned()]).expect("a name");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().expect("a key");
    (params.signed_by(&key, ca).expect("a client's certificate").pem(), key.serialize_pem())
}

/// Makes the handshakes of all hosts and keeps what came of them.
pub(super) struct Handshakes {
    acceptor: TlsAcceptor,
    ended: Mutex<Vec<Handshake>>,
    changed: watch::Sender<()>,
}

impl Handshakes {
    fn new(config: ServerConfig) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self { acceptor, ended: Mutex::default(), changed: watch::Sender::new(()) }
    }

    pub async fn accept(&self, host: usize, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let mut handshake = Handshake {
            host,
            alpn: None,
            server_name: None,
            version: None,
            client_certificates: 0,
            failure: None,
        };
        let secured = match self.acceptor.accept(stream).await {
            Ok(stream) => {
                let session = stream.get_ref().1;
                let alpn = session.alpn_protocol();
                handshake.alpn = alpn.map(|protocol| String::from_utf8_lossy(protocol).into_owned());
                handshake.server_name = session.server_name().map(str::to_owned);
                handshake.version = session.protocol_version().map(|version| format!("{version:?}"));
                handshake.client_certificates = session.peer_certificates().map_or(0, <[_]>::len);
                Some(stream)
            }
            Err(error) => {
                handshake.failure = Some(error.to_string());
                None
            }
        };
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(handshake);
        self.changed.send_replace(());
        secured
    }

    fn all(&self) -> Vec<Handshake> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn wait(&self, number: usize) -> Handshake {
        let mut changed = self.changed.subscribe();
        let found = async {
            loop {
                if let Some(handshake) = self.all().get(number) {
                    return handshake.clone();
                }
                let _ = changed.changed().await;
            }
        };
        within(&format!("TLS handshake {number}"), || format!("{:?}", self.all()), found).await
    }
}

impl std::fmt::Debug for Handshakes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Handshakes").field("ended", &self.all()).finish_non_exhaustive()
    }
}
