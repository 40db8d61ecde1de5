//! [`Tls`]: who is trusted, and what is shown. Inert data on every platform; only the native one can honour it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};

/// How TLS connections are made: what a server's certificate is checked against, and which one is shown to it.
///
/// Given to a session by [`Config::tls`](crate::Config::tls) or to one request by
/// [`RequestBuilder::tls`](crate::RequestBuilder::tls), where it takes the place of the session's as a whole. A
/// connection that was made under one `Tls` is never used under another, TLS's own session tickets included. Native;
/// elsewhere [`ErrorKind::Unsupported`]. What cannot be read, such as a file that is no PEM, is
/// [`ErrorKind::InvalidOption`] when the session is built, or the request sent.
///
/// | option | default |
/// |---|---|
/// | [`roots`](Self::roots) | the platform's; Mozilla's where a machine has none |
/// | [`add_roots`](Self::add_roots) | none |
/// | [`client_certificate`](Self::client_certificate) | none |
/// | [`server_name`](Self::server_name) | the URL's host |
/// | [`sni`](Self::sni) | yes |
/// | [`min_version`](Self::min_version) | TLS 1.2 |
/// | [`pin`](Self::pin) | none |
/// | [`danger_accept_invalid_certificates`](Self::danger_accept_invalid_certificates) | no |
///
/// Which protocols are offered (ALPN, RFC 7301) follows from [`http_version`](crate::Config::http_version).
///
/// ```no_run
/// use dualfetch::DefaultSession;
/// use dualfetch::tls::{Fingerprint, Roots, Tls, TlsVersion};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// // An authority of one's own and no other; at one server only one certificate of it.
/// let tls = Tls::new()
///     .roots(Roots::None)
///     .add_roots(std::fs::read("ca.pem")?)
///     .min_version(TlsVersion::V1_3)
///     .pin_for("vault.example", Fingerprint::parse(std::env::var("VAULT_SHA256")?)?);
/// let session = DefaultSession::builder().tls(tls).build()?;
/// # let _ = session;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[must_use = "it does nothing until a session or a request is given it"]
pub struct Tls {
    pub(crate) roots: Roots,
    pub(crate) added: Vec<Bytes>,
    pub(crate) client: Option<(Bytes, Bytes)>,
    pub(crate) server_name: Option<Arc<str>>,
    pub(crate) sni: bool,
    pub(crate) min_version: TlsVersion,
    pub(crate) pins: Vec<Pin>,
    pub(crate) accepts_invalid: bool,
}

/// Which certification authorities are trusted, beside those that are added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Roots {
    /// Those of the Mozilla programme, which come with this crate.
    Bundled,
    /// None but those that are added.
    None,
    /// Those that the platform trusts; [`Bundled`](Self::Bundled) on a machine that has no store of them.
    #[default]
    Platform,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

/// The SHA-256 of a certificate in DER: what `openssl x509 -fingerprint -sha256` prints.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// A certificate that is expected, at any server or at one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pin {
    pub(crate) host: Option<Arc<str>>,
    pub(crate) fingerprint: Fingerprint,
}

impl Tls {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            roots: Roots::default(),
            added: Vec::new(),
            client: None,
            server_name: None,
            sni: true,
            min_version: TlsVersion::default(),
            pins: Vec::new(),
            accepts_invalid: false,
        }
    }

    /// Which certification authorities are trusted, beside those that are added. Default the platform's, else
    /// Mozilla's.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// Trusts these, too: certificates in PEM (RFC 7468), one or many, which may be authorities' or a server's own
    /// that is signed by itself. Default none.
    pub fn add_roots(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.added.push(Bytes::copy_from_slice(pem.as_ref()));
        self
    }

    /// What is shown to servers that ask who is there: a chain of certificates in PEM, the own one first, and its
    /// private key in PEM (PKCS #8, PKCS #1 or SEC 1). They may stand in one file, which is then given twice. Default
    /// none.
    ///
    /// It is shown to every server that asks, those that redirects lead to included: whoever they are, they learn who is
    /// there, but not the key.
    pub fn client_certificate(mut self, chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        let [chain, key] = [chain.as_ref(), key.as_ref()].map(Bytes::copy_from_slice);
        self.client = Some((chain, key));
        self
    }

    /// The name, or IP address, that the server's certificate must be for, and that is asked for in SNI, in place of
    /// the URL's host.
    pub fn server_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Whether the server is told which name is asked for (RFC 6066, section 3). It is never told an IP address.
    /// Default yes.
    pub fn sni(mut self, sni: bool) -> Self {
        self.sni = sni;
        self
    }

    /// The oldest version that is spoken. Default TLS 1.2.
    pub fn min_version(mut self, version: TlsVersion) -> Self {
        self.min_version = version;
        self
    }

    /// The server's own certificate must have this fingerprint, beside being sound; where several are given, one of
    /// them. Checked also where [certificates are not verified](Self::danger_accept_invalid_certificates). Proxies are
    /// not meant: theirs is [`Proxy::tls`](crate::Proxy::tls). Default none.
    pub fn pin(mut self, fingerprint: impl Into<Fingerprint>) -> Self {
        self.pins.push(Pin { host: None, fingerprint: fingerprint.into() });
        self
    }

    /// As [`pin`](Self::pin), at the server of this name alone, the URL's host or what [`server_name`](Self::server_name)
    /// has in its place: other servers are not bound by it. A name or an IP address, compared as URLs have it;
    /// what is neither, such as a URL or a name with a port, is [`ErrorKind::InvalidOption`] when the session is built, or
    /// the request sent.
    pub fn pin_for(mut self, host: impl AsRef<str>, fingerprint: impl Into<Fingerprint>) -> Self {
        let host = host.as_ref().trim_matches(['[', ']']).to_ascii_lowercase();
        self.pins.push(Pin { host: Some(host.into()), fingerprint: fingerprint.into() });
        self
    }

    /// Takes any certificate: of anyone, for any name, of any time. Whoever stands in between can read and change all
    /// that goes by. Pins are checked nevertheless, and with them such connections are safe. Default no.
    pub fn danger_accept_invalid_certificates(mut self, accept: bool) -> Self {
        self.accepts_invalid = accept;
        self
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self::new()
    }
}

/// Certificates are counted, and the key is not shown.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("roots", &self.roots)
            .field("added", &self.added.len())
            .field("client_certificate", &self.client.is_some())
            .field("server_name", &self.server_name)
            .field("sni", &self.sni)
            .field("min_version", &self.min_version)
            .field("pins", &self.pins.len())
            .field("accepts_invalid_certificates", &self.accepts_invalid)
            .finish()
    }
}

impl Fingerprint {
    /// Reads 64 hexadecimal digits, with or without colons between pairs of them, or the whole line that openssl prints:
    /// `sha256 Fingerprint=AF:54:…`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] for anything else, MD5 and SHA-1 fingerprints included.
    pub fn parse(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref();
        let printed = match text.split_once('=') {
            Some((name, digits)) if name.trim().eq_ignore_ascii_case("sha256 fingerprint") => digits,
            _ => text,
        };
        let digits: Vec<u8> = printed.trim().bytes().filter(|byte| *byte != b':').collect();
        let mut out = [0; 32];
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let pairs = digits.chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        });
        let is_read = digits.len() == 64
            && out.iter_mut().zip(pairs).all(|(byte, pair)| pair.map(|pair| *byte = pair).is_some());
        match is_read {
            true => Ok(Self(out)),
            false => Err(Error::new(ErrorKind::InvalidOption { option: "pin" })
                .with_message(format!("not the 64 hexadecimal digits of a SHA-256: {text:?}"))),
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl From<[u8; 32]> for Fingerprint {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(place, byte)| match place {
            0 => write!(f, "{byte:02x}"),
            _ => write!(f, ":{byte:02x}"),
        })
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_printed() {
        let printed =
            "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:ff";
        let read = Fingerprint::parse(printed).expect("it is one");
        assert_eq!(read.to_string(), printed);
        assert_eq!(Fingerprint::parse(printed.replace(':', "").to_uppercase()).expect("it is one"), read);
        for line in ["sha256 Fingerprint=", "SHA256 Fingerprint="] {
            assert_eq!(format!("{line}{printed}\n").parse::<Fingerprint>().expect("it is one"), read);
        }
        let error = Fingerprint::parse(format!("SHA1 Fingerprint={printed}")).expect_err("another's");
        assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "pin" });
    }

    #[test]
    fn what_is_no_sha_256_is_refused_by_name() {
        let sha1 = "0".repeat(40);
        let odd = "0".repeat(63);
        let long = "0".repeat(66);
        let signs = format!("+{}", "0".repeat(63));
        for text in ["", "zz", sha1.as_str(), odd.as_str(), long.as_str(), signs.as_str()] {
            let error = Fingerprint::parse(text).expect_err(text);
            assert_eq!(error.kind(), &ErrorKind::InvalidOption { option: "pin" });
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let tls = Tls::new().client_certificate("chain", "the key");
        assert!(!format!("{tls:?}").contains("the key"));
    }
}
