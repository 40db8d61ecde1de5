//! TLS by rustls: the platform's roots, and bundled ones where it has none.

use std::sync::Arc;

use bytes::Bytes;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};

use crate::connection::TlsInfo;
use crate::error::{Error, ErrorKind, Result};
use crate::options::HttpVersion;

/// What checks certificates, made once and shared: loading the roots takes milliseconds and megabytes.
pub(super) type Verifier = std::result::Result<Arc<dyn ServerCertVerifier>, rustls::Error>;

/// The platform's verifier; on a machine without a CA store, one with Mozilla's roots.
pub(super) fn verifier() -> Verifier {
    let provider = provider();
    match rustls_platform_verifier::Verifier::new(Arc::clone(&provider)) {
        Ok(platform) => Ok(Arc::new(platform)),
        Err(error) => {
            log::debug!("no CA store on this machine ({error}): using the bundled roots");
            let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map(|bundled| bundled as Arc<dyn ServerCertVerifier>)
                .map_err(|error| rustls::Error::General(error.to_string()))
        }
    }
}

/// A configuration that offers these versions of HTTP.
pub(super) fn config(verifier: &Verifier, version: HttpVersion) -> Result<ClientConfig> {
    let failed = |error: &rustls::Error| Error::new(ErrorKind::Tls).with_source(error.clone());
    let verifier = verifier.as_ref().map_err(failed)?;
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(verifier))
        .with_no_client_auth();
    let offered: &[&[u8]] = match version {
        HttpVersion::Auto => &[b"h2", b"http/1.1"],
        HttpVersion::Http1 => &[b"http/1.1"],
        HttpVersion::Http2 => &[b"h2"],
    };
    config.alpn_protocols = offered.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
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
    Arc::new(rustls::crypto::ring::default_provider())
}
