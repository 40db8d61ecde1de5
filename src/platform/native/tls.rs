//! TLS by rustls: one configuration for each `Tls` and version of HTTP, made once and shared.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, InconsistentKeys, ProtocolVersion,
    SupportedProtocolVersion, version,
};
use tokio_rustls::TlsConnector;

use crate::connection::TlsInfo;
use crate::error::{Error, ErrorKind, Result};
use crate::options::HttpVersion;
use crate::tls::{Tls, TlsVersion};

use super::stream::Stream;
use super::verifier;

/// How many configurations are kept. Each holds the tickets of up to 256 servers.
const KEPT: usize = 64;

type Key = (Option<Arc<Tls>>, HttpVersion);

/// The configurations that are in use.
#[derive(Default)]
pub(super) struct Configurations {
    platform: OnceLock<Arc<dyn ServerCertVerifier>>,
    /// The most recently used last.
    kept: Mutex<Vec<(Key, Client)>>,
}

/// One end of TLS connections to be.
#[derive(Clone)]
pub(super) struct Client {
    connector: TlsConnector,
    /// In place of the URL's host.
    name: Option<ServerName<'static>>,
}

impl Configurations {
    /// The end with these settings.
    pub(super) fn of(&self, tls: Option<&Arc<Tls>>, version: HttpVersion) -> Result<Client> {
        let key = (tls.cloned(), version);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = kept.iter().rposition(|(other, _)| *other == key) {
            let used = kept.remove(place);
            let client = used.1.clone();
            kept.push(used);
            return Ok(client);
        }
        let platform = self.platform.get_or_init(|| verifier::platform(&provider()));
        let client = match tls {
            None => client(&Tls::new(), version, platform)?,
            Some(tls) => client(tls, version, platform)?,
        };
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((key, client.clone()));
        Ok(client)
    }
}

impl Client {
    /// Whose certificate the other end must show, asked for this host: a name or an address.
    pub(super) fn name(&self, host: &str) -> std::result::Result<ServerName<'static>, InvalidDnsNameError> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => ServerName::try_from(host.trim_matches(['[', ']']).to_owned()),
        }
    }

    /// Makes a stream a secure one.
    pub(super) async fn secure(&self, name: ServerName<'static>, stream: Stream) -> io::Result<Stream> {
        let secured = self.connector.connect(name, stream).await.map_err(in_words)?;
        Ok(Stream::Tls(Box::new(secured)))
    }
}

/// What a verifier of another's says, in its own words: rustls shows how it is kept in memory.
fn in_words(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
            io::Error::new(error.kind(), other.clone())
        }
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => of_tls(
            &error,
            "its certificate is of an authority that is not trusted (UnknownIssuer); add_roots, or --cacert, trusts another",
        ),
        Some(rustls::Error::AlertReceived(AlertDescription::CertificateRequired)) => of_tls(
            &error,
            "it wants to be shown a certificate (CertificateRequired): client_certificate, or --cert and --key",
        ),
        _ => error,
    }
}

/// TLS's own failure, in words that say what to do.
fn of_tls(error: &io::Error, words: &str) -> io::Error {
    io::Error::new(error.kind(), rustls::Error::General(words.to_owned()))
}

fn client(tls: &Tls, version: HttpVersion, platform: &Arc<dyn ServerCertVerifier>) -> Result<Client> {
    let versions: &[&SupportedProtocolVersion] = match tls.min_version {
        TlsVersion::V1_2 => &[&version::TLS12, &version::TLS13],
        TlsVersion::V1_3 => &[&version::TLS13],
    };
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(verifier(tls, platform)?);
    let mut config = match &tls.client {
        None => config.with_no_client_auth(),
        Some((chain, key)) => {
            let key = private_key("client_certificate", key)?;
            config.with_client_auth_cert(certificates("client_certificate", chain)?, key).map_err(unfit)?
        }
    };
    config.enable_sni = tls.sni;
    let offered: &[&[u8]] = match version {
        HttpVersion::Auto => &[b"h2", b"http/1.1"],
        HttpVersion::Http1 => &[b"http/1.1"],
        HttpVersion::Http2 => &[b"h2"],
    };
    config.alpn_protocols = offered.iter().map(|protocol| protocol.to_vec()).collect();
    let name = match &tls.server_name {
        None => None,
        Some(name) => {
            Some(ServerName::try_from(name.trim_matches(['[', ']']).to_owned()).map_err(|error| {
                invalid("server_name", &format!("no name of a host: {name:?}")).with_source(error)
            })?)
        }
    };
    Ok(Client { connector: TlsConnector::from(Arc::new(config)), name })
}

fn verifier(tls: &Tls, platform: &Arc<dyn ServerCertVerifier>) -> Result<Arc<dyn ServerCertVerifier>> {
    let mut added = Vec::new();
    for pem in &tls.added {
        added.extend(certificates("add_roots", pem)?);
    }
    let chain = match tls.accepts_invalid {
        true => verifier::any(&provider()),
        false => verifier::trusting(tls.roots, added, &provider(), platform)?,
    };
    verifier::pinned(chain, &tls.pins)
}

fn unfit(error: rustls::Error) -> Error {
    let message = match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            "the key is not this certificate's".to_owned()
        }
        _ => error.to_string(),
    };
    invalid("client_certificate", &message).with_source(error)
}

fn private_key(option: &'static str, pem: &Bytes) -> Result<PrivateKeyDer<'static>> {
    let none = match looks_like_der(pem) {
        true => {
            "no private key in PEM; it looks like DER: `openssl pkey -inform der -in FILE` makes PEM of it"
        }
        false => "no private key in PEM that can be read; an encrypted one has to be decrypted before",
    };
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| no_pem(option, none, &error))
}

/// The certificates in a PEM file, of which there must be one.
fn certificates(option: &'static str, pem: &Bytes) -> Result<Vec<CertificateDer<'static>>> {
    let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let none = match looks_like_der(pem) {
        true => {
            "no certificate in PEM; it looks like DER: `openssl x509 -inform der -in FILE` makes PEM of it"
        }
        false => "no certificate in PEM",
    };
    match read {
        Ok(certificates) if certificates.is_empty() => Err(invalid(option, none)),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(no_pem(option, none, &error)),
    }
}

/// It begins as a SEQUENCE of more than 127 bytes does. (X.690, sections 8.1.3.5 and 8.9.)
fn looks_like_der(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, 0x81..=0x84, ..])
}

/// What is wrong with it, and never the error itself: that shows the line, which may be all of a private key.
fn no_pem(option: &'static str, none: &str, error: &pem::Error) -> Error {
    let message = match error {
        pem::Error::NoItemsFound => none,
        pem::Error::MissingSectionEnd { .. } | pem::Error::IllegalSectionStart { .. } => {
            "a line of PEM that begins or ends a section is not there, or not a line of its own"
        }
        pem::Error::Base64Decode(_) => "what stands between the lines BEGIN and END is not Base64",
        _ => "no PEM that can be read",
    };
    invalid(option, message)
}

pub(super) fn invalid(option: &'static str, message: &str) -> Error {
    Error::new(ErrorKind::InvalidOption { option }).with_message(message)
}

/// For what a machine lacks.
pub(super) fn unusable(error: rustls::Error) -> Error {
    Error::new(ErrorKind::Tls).with_message(error.to_string()).with_source(error)
}

/// What the two ends have agreed on.
pub(super) fn info(connection: &ClientConnection) -> TlsInfo {
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "unknown",
    };
    // rustls' name for those of TLS 1.3 is its own.
    let suite = connection.negotiated_cipher_suite().map(|suite| suite.suite());
    let suite = suite.and_then(|suite| suite.as_str()).unwrap_or("unknown").replacen("TLS13_", "TLS_", 1);
    let alpn = connection.alpn_protocol().map(Bytes::copy_from_slice);
    let chain = connection.peer_certificates().unwrap_or_default();
    let chain = chain.iter().map(|certificate| Bytes::copy_from_slice(certificate)).collect();
    TlsInfo::new(version, suite, alpn, chain)
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}
