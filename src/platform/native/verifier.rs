//! What checks a server's certificate: its chain against roots, its fingerprint against pins.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error as TlsError, OtherError, RootCertStore, SignatureScheme,
};

use crate::error::Result;
use crate::tls::{Fingerprint, Pin, Roots};
use crate::url;

use super::tls::{invalid, unusable};

type Shared = std::result::Result<Arc<dyn ServerCertVerifier>, TlsError>;

/// The platform's verifier; on a machine without a CA store, one with Mozilla's roots. They are loaded when the first
/// certificate is checked: a session that speaks no TLS is without the time and the memory it takes.
pub(super) fn platform(provider: &Arc<CryptoProvider>) -> Arc<dyn ServerCertVerifier> {
    Arc::new(Platform { signatures: Any(Arc::clone(provider)), loaded: OnceLock::new() })
}

/// One that trusts these authorities, and those that are added.
pub(super) fn trusting(
    roots: Roots,
    added: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
    platform: &Arc<dyn ServerCertVerifier>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let mut own = match roots {
        Roots::Bundled => bundled(),
        Roots::None if added.is_empty() => {
            return Err(invalid("tls", "nobody is trusted: no roots, and none added"));
        }
        Roots::None | Roots::Platform => RootCertStore::empty(),
    };
    for certificate in &added {
        let refused = |error: TlsError| invalid("add_roots", &error.to_string()).with_source(error);
        own.add(certificate.clone()).map_err(refused)?;
    }
    if roots == Roots::Platform && added.is_empty() {
        return Ok(Arc::clone(platform));
    }
    let own = Arc::new(Own { by_roots: by_roots(own, provider).map_err(unusable)?, added });
    match roots {
        Roots::Platform => Ok(Arc::new(Either { platform: Arc::clone(platform), own })),
        _ => Ok(own),
    }
}

/// One that takes any certificate, whose key the server must have all the same.
pub(super) fn any(provider: &Arc<CryptoProvider>) -> Arc<dyn ServerCertVerifier> {
    Arc::new(Any(Arc::clone(provider)))
}

/// One that checks the pins, too, where there are any.
pub(super) fn pinned(
    chain: Arc<dyn ServerCertVerifier>,
    pins: &[Pin],
) -> Result<Arc<dyn ServerCertVerifier>> {
    if pins.is_empty() {
        return Ok(chain);
    }
    let pins = pins.iter().map(|Pin { host, fingerprint }| {
        let host = host.as_deref().map(server).transpose()?;
        Ok(Pin { host, fingerprint: *fingerprint })
    });
    Ok(Arc::new(Pinned { chain, pins: pins.collect::<Result<_>>()? }))
}

/// As rustls names the server of this host. What no server could be named would be a pin that never holds, without word
/// of it.
fn server(host: &str) -> Result<Arc<str>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(address.to_string().into());
    }
    let name = url::host_of(host);
    let name = name.as_deref().map(|name| name.strip_suffix('.').unwrap_or(name));
    name.filter(|name| !name.is_empty()).map(Into::into).ok_or_else(|| {
        invalid("pin_for", &format!("{host:?} is no host: a name or an address, without scheme or port"))
    })
}

fn bundled() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn by_roots(roots: RootCertStore, provider: &Arc<CryptoProvider>) -> Shared {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map(|verifier| verifier as Arc<dyn ServerCertVerifier>)
        .map_err(|error| TlsError::General(error.to_string()))
}

/// Writes the part of a verifier that is another one's: signatures and schemes.
macro_rules! signatures_by {
    ($field:ident) => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
            self.$field.verify_tls12_signature(message, certificate, signed)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
            self.$field.verify_tls13_signature(message, certificate, signed)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.$field.supported_verify_schemes()
        }
    };
}

/// Authorities, and servers that are trusted by their own certificate: that may say that it is an authority's, as those
/// that `openssl req -x509` makes do, which no authority would sign for a server.
#[derive(Debug)]
struct Own {
    by_roots: Arc<dyn ServerCertVerifier>,
    added: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Own {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        match self.by_roots.verify_server_cert(leaf, chain, name, ocsp, now) {
            // That it is not of another time comes before.
            Err(TlsError::InvalidCertificate(CertificateError::Other(_))) if self.added.contains(leaf) => {
                verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    signatures_by!(by_roots);
}

/// The platform's roots and some of the caller's. Asking one after the other, and not one with both, works on every
/// platform, and leaves the platform's loaded once.
#[derive(Debug)]
struct Either {
    platform: Arc<dyn ServerCertVerifier>,
    own: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for Either {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        let by_own = match self.own.verify_server_cert(leaf, chain, name, ocsp, now) {
            Err(error) => error,
            verified => return verified,
        };
        // Whatever is wrong: an own authority may have the name of one of the platform's, and another key.
        let by_platform = self.platform.verify_server_cert(leaf, chain, name, ocsp, now);
        by_platform.map_err(|error| match by_own {
            TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => error,
            by_own => by_own,
        })
    }

    signatures_by!(platform);
}

/// The platform's, which has yet to be loaded.
#[derive(Debug)]
struct Platform {
    signatures: Any,
    loaded: OnceLock<Shared>,
}

impl Platform {
    fn load(&self) -> Shared {
        let provider = &self.signatures.0;
        match rustls_platform_verifier::Verifier::new(Arc::clone(provider)) {
            Ok(platform) => Ok(Arc::new(platform)),
            Err(error) => {
                log::debug!("no CA store on this machine ({error}): using the bundled roots");
                by_roots(bundled(), provider)
            }
        }
    }
}

impl ServerCertVerifier for Platform {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        let platform = self.loaded.get_or_init(|| self.load()).as_ref().map_err(TlsError::clone)?;
        platform.verify_server_cert(leaf, chain, name, ocsp, now)
    }

    signatures_by!(signatures);
}

/// Nothing is checked but that the server has the key to what it shows.
#[derive(Debug)]
struct Any(Arc<CryptoProvider>);

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The chain must be sound, and the certificate one of those that were named.
#[derive(Debug)]
struct Pinned {
    chain: Arc<dyn ServerCertVerifier>,
    pins: Vec<Pin>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        let verified = self.chain.verify_server_cert(leaf, chain, name, ocsp, now)?;
        let shown = fingerprint(leaf);
        let name = name.to_str();
        match is_allowed(&self.pins, &name, shown) {
            true => Ok(verified),
            false => {
                let not_pinned = OtherError(Arc::new(NotPinned { shown }));
                Err(CertificateError::Other(not_pinned).into())
            }
        }
    }

    signatures_by!(chain);
}

/// Whether one of the pins that hold at the server of this name is that, or none hold there.
fn is_allowed(pins: &[Pin], name: &str, shown: Fingerprint) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let holds = |pin: &&Pin| pin.host.as_deref().is_none_or(|host| host.eq_ignore_ascii_case(name));
    let mut here = pins.iter().filter(holds).peekable();
    here.peek().is_none() || here.any(|pin| pin.fingerprint == shown)
}

fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, certificate).as_ref());
    Fingerprint::from(bytes)
}

/// The server shows another certificate than was named.
#[derive(Debug)]
pub(super) struct NotPinned {
    shown: Fingerprint,
}

impl fmt::Display for NotPinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it shows a certificate that is not pinned: SHA-256 {}", self.shown)
    }
}

impl std::error::Error for NotPinned {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

    use super::*;

    /// That says that it is an authority's, and is from 2021 to 2030.
    fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params.not_before, params.not_after) = (date_time_ymd(2021, 1, 1), date_time_ymd(2031, 1, 1));
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
    }

    #[test]
    fn a_server_s_own_certificate_may_say_that_it_is_an_authority_s_and_no_other_may() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let own = authority("own.example");
        let added = vec![own.der().clone()];
        let verifier = trusting(Roots::None, added, &provider, &any(&provider)).expect("a verifier");
        let outcome = |leaf: &CertificateDer<'_>, name: &'static str, year: u64| {
            let name = ServerName::try_from(name).expect("a name");
            let now =
                UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 31_557_600 + 20_000_000));
            match verifier.verify_server_cert(leaf, &[], &name, &[], now) {
                Ok(_) => "ok",
                Err(TlsError::InvalidCertificate(error)) => match error {
                    CertificateError::ExpiredContext { .. } => "expired",
                    CertificateError::NotValidYetContext { .. } => "not yet valid",
                    CertificateError::NotValidForNameContext { .. } => "another name",
                    CertificateError::Other(_) => "an authority's",
                    _ => "another error",
                },
                Err(_) => "another error",
            }
        };
        assert_eq!(outcome(own.der(), "own.example", 2025), "ok");
        assert_eq!(outcome(own.der(), "other.example", 2025), "another name");
        assert_eq!(outcome(own.der(), "own.example", 2019), "not yet valid");
        assert_eq!(outcome(own.der(), "own.example", 2032), "expired");
        let mut params = CertificateParams::new(vec!["below.example".to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let below = params.signed_by(&key, &own).expect("a certificate");
        assert_eq!(outcome(below.der(), "below.example", 2025), "ok");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let between = params.signed_by(&key, &own).expect("a certificate");
        assert_eq!(outcome(between.der(), "below.example", 2025), "an authority's");
        assert_eq!(outcome(authority("own.example").der(), "own.example", 2025), "an authority's");
    }

    #[test]
    fn who_is_trusted_by_the_platform_or_by_the_caller_is_trusted() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trusting = |authority: &CertifiedIssuer<'_, KeyPair>| {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der().clone()).expect("a root");
            by_roots(roots, &provider).expect("a verifier")
        };
        // All of one name, as an authority with a new key has it.
        let [platform, own, unknown] = [(); 3].map(|()| authority("authority.example"));
        let either = Either { platform: trusting(&platform), own: trusting(&own) };
        let outcome = |issuer: &CertifiedIssuer<'_, KeyPair>, name: &'static str| {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new(["a.example".to_owned()]).expect("a name");
            let leaf = params.signed_by(&key, issuer).expect("a certificate");
            let name = ServerName::try_from(name).expect("a name");
            either.verify_server_cert(leaf.der(), &[], &name, &[], UnixTime::now()).map(drop)
        };
        assert_eq!(outcome(&platform, "a.example"), Ok(()));
        assert_eq!(outcome(&own, "a.example"), Ok(()));
        outcome(&unknown, "a.example").expect_err("nobody trusts it");
        outcome(&platform, "b.example").expect_err("it is another server's");
        outcome(&own, "b.example").expect_err("it is another server's");
    }

    #[test]
    fn the_platform_s_authorities_are_loaded_when_the_first_certificate_is_checked() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let platform = Platform { signatures: Any(provider), loaded: OnceLock::new() };
        assert!(!platform.supported_verify_schemes().is_empty());
        assert!(platform.loaded.get().is_none());
        let unknown = authority("a.example");
        let name = ServerName::try_from("a.example").expect("a name");
        platform.verify_server_cert(unknown.der(), &[], &name, &[], UnixTime::now()).expect_err("unknown");
        assert!(platform.loaded.get().is_some());
    }

    #[test]
    fn pins_hold_at_their_server_alone_and_one_of_them_is_enough() {
        let [first, second, third] = [1, 2, 3].map(|byte| Fingerprint::from([byte; 32]));
        let pin = |host: Option<&str>, fingerprint| Pin { host: host.map(Into::into), fingerprint };
        let pins = [pin(Some("a.example"), first), pin(None, second)];
        assert!(!is_allowed(&pins, "a.example.", third));
        assert!(is_allowed(&pins, "A.example", first) && is_allowed(&pins, "a.example", second));
        assert!(!is_allowed(&pins, "b.example", first) && is_allowed(&pins, "b.example", second));
        assert!(!is_allowed(&pins, "a.example", third));
        assert!(is_allowed(&pins[..1], "b.example", third));
    }
}
