//! The `Set-Cookie` field: RFC 6265bis, section 5.6.

use std::fmt;
use std::time::Duration;

use super::cookie::{Credential, SameSite};
use super::date;

/// How long name and value together may be, in bytes.
pub(super) const MOST_OF_A_PAIR: usize = 4096;
/// How long the value of an attribute may be, in bytes.
const MOST_OF_AN_ATTRIBUTE: usize = 1024;

/// One `Set-Cookie` field as it was sent: what a server asks for, not what a jar makes of it.
///
/// `Debug` hides the value.
///
/// ```
/// use std::time::Duration;
/// use dualfetch::cookies::SetCookie;
///
/// let field = SetCookie::parse("id=\"a b\"; Max-Age=60; Secure; Path=/x")?;
/// assert_eq!((field.name(), field.value()), ("id", "\"a b\""));
/// assert_eq!(field.max_age(), Some(Duration::from_secs(60)));
/// assert_eq!((field.path(), field.domain(), field.secure()), (Some("/x"), None, true));
/// # Ok::<(), dualfetch::cookies::Refused>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookie {
    pub(super) pair: Credential,
    pub(super) domain: Option<Box<str>>,
    pub(super) path: Option<Box<str>>,
    expires: Option<i64>,
    max_age: Option<u64>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: Option<SameSite>,
}

/// Why a `Set-Cookie` field is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// It holds a control character other than a tab.
    ControlCharacter,
    /// Its `Domain` is not the host's own or one above it.
    Domain,
    /// It has neither a name nor a value.
    Empty,
    /// It came over plain http and is `Secure`, or would be sent in place of one that is.
    Insecure,
    /// The host is an address: see [`CookieJar::allow_ip_hosts`](super::CookieJar::allow_ip_hosts).
    IpHost,
    /// The URL names no host.
    NoHost,
    /// Its name begins with `__Secure-` or `__Host-`, and it is not as that says.
    Prefix,
    /// Its `Domain` is a public suffix, such as `co.uk`: anybody's, not the host's.
    PublicSuffix,
    /// Name and value are longer than 4096 bytes.
    TooLong,
}

impl SetCookie {
    /// Reads a `Set-Cookie` field as leniently as the standard does: attributes that make no sense are left out.
    ///
    /// # Errors
    /// [`Refused::ControlCharacter`], [`Refused::Empty`], [`Refused::TooLong`].
    pub fn parse(field: impl AsRef<[u8]>) -> Result<Self, Refused> {
        let field = field.as_ref();
        if field.iter().any(|byte| is_control(*byte)) {
            return Err(Refused::ControlCharacter);
        }
        let mut parts = field.split(|byte| *byte == b';');
        let pair = parts.next().unwrap_or_default();
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (trimmed(&pair[..at]), trimmed(&pair[at + 1..])),
            None => (&[][..], trimmed(pair)),
        };
        match name.len() + value.len() {
            0 => return Err(Refused::Empty),
            length if length > MOST_OF_A_PAIR => return Err(Refused::TooLong),
            _ => {}
        }
        let mut cookie = Self {
            pair: Credential::from_wire(name, value),
            domain: None,
            path: None,
            expires: None,
            max_age: None,
            secure: false,
            http_only: false,
            same_site: None,
        };
        for attribute in parts {
            let (name, value) = match attribute.iter().position(|byte| *byte == b'=') {
                Some(at) => (trimmed(&attribute[..at]), trimmed(&attribute[at + 1..])),
                None => (trimmed(attribute), &[][..]),
            };
            if value.len() <= MOST_OF_AN_ATTRIBUTE {
                cookie.attribute(name, value);
            }
        }
        Ok(cookie)
    }

    /// Of several attributes of a name the last one that makes sense counts.
    fn attribute(&mut self, name: &[u8], value: &[u8]) {
        let text = || String::from_utf8_lossy(value);
        match name.to_ascii_lowercase().as_slice() {
            b"domain" => {
                let domain = text().strip_prefix('.').unwrap_or(&text()).to_ascii_lowercase();
                self.domain = (!domain.is_empty()).then(|| domain.into());
            }
            b"expires" => self.expires = date::parse(value).or(self.expires),
            b"httponly" => self.http_only = true,
            b"max-age" => self.max_age = seconds(value).or(self.max_age),
            b"path" => self.path = value.starts_with(b"/").then(|| text().into()),
            b"samesite" => self.same_site = SameSite::from_attribute(value),
            b"secure" => self.secure = true,
            _ => {}
        }
    }

    /// Its name; empty for a field without `=`. Bytes that are not UTF-8 are read as Latin-1.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.pair.name
    }

    /// Its value, quotes included if there are any. Bytes that are not UTF-8 are read as Latin-1.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.pair.value
    }

    /// `Domain` in lower case, without a leading dot.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// `Path`, if it begins with a slash.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// `Expires` as a time since 1970, which stands for all that came before as well.
    #[must_use]
    pub fn expires(&self) -> Option<Duration> {
        self.expires.map(|seconds| Duration::from_secs(seconds.max(0).unsigned_abs()))
    }

    /// `Max-Age`, which goes before `Expires`; zero for a negative one.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age.map(Duration::from_secs)
    }

    /// Whether it is for encrypted connections alone.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// Whether scripts of a page may not see it.
    #[must_use]
    pub fn http_only(&self) -> bool {
        self.http_only
    }

    /// `SameSite`, if it is one of the three.
    #[must_use]
    pub fn same_site(&self) -> Option<SameSite> {
        self.same_site
    }

    /// When it ends, in seconds since 1970: 400 days from now at most. `None` for the end of the session.
    pub(super) fn end(&self, now: Duration) -> Option<u64> {
        const LONGEST: u64 = 400 * 24 * 60 * 60;
        let now = now.as_secs() + u64::from(now.subsec_nanos() > 0);
        let latest = now.saturating_add(LONGEST);
        match (self.max_age, self.expires) {
            (Some(0), _) => Some(0),
            (Some(seconds), _) => Some(now.saturating_add(seconds.min(LONGEST))),
            (None, Some(date)) => Some(date.max(0).unsigned_abs().min(latest)),
            (None, None) => None,
        }
    }
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookie")
            .field("name", &self.name())
            .field("value", &"***")
            .field("domain", &self.domain())
            .field("path", &self.path())
            .field("expires", &self.expires())
            .field("max_age", &self.max_age())
            .field("secure", &self.secure)
            .field("http_only", &self.http_only)
            .field("same_site", &self.same_site)
            .finish()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlCharacter => "it holds a control character",
            Self::Domain => "its Domain is not the host's own or one above it",
            Self::Empty => "it has neither a name nor a value",
            Self::Insecure => "Secure cookies are neither set nor replaced over plain http",
            Self::IpHost => "the host is an address",
            Self::NoHost => "the URL names no host",
            Self::Prefix => "it is not as its name's prefix says",
            Self::PublicSuffix => "its Domain is a public suffix",
            Self::TooLong => "name and value are longer than 4096 bytes",
        })
    }
}

impl std::error::Error for Refused {}

pub(super) fn is_control(byte: u8) -> bool {
    byte != b'\t' && byte.is_ascii_control()
}

/// Without spaces and tabs around it, which is less than all that Rust calls white space.
fn trimmed(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The value of `Max-Age`; nought for a negative one.
fn seconds(value: &[u8]) -> Option<u64> {
    let (is_negative, digits) = match value {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |all: u64, digit: &u8| all.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    Some(if is_negative { 0 } else { digits.iter().fold(0, add) })
}
