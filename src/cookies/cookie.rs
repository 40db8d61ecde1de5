//! [`Cookie`]: one that is kept.

use std::fmt;
use std::time::Duration;

use super::matching::{domain_matches, path_matches};

/// A cookie that a [`CookieJar`](super::CookieJar) keeps.
///
/// `Debug` hides the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    pub(super) pair: Credential,
    /// In lower case, without a leading dot.
    pub(super) domain: Box<str>,
    pub(super) path: Box<str>,
    /// Seconds since 1970; none for the end of the session.
    pub(super) expires: Option<u64>,
    pub(super) host_only: bool,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: Option<SameSite>,
}

/// Name and value as text, and whether that stands for their bytes as Latin-1: they go back as they came.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credential {
    pub(super) name: Box<str>,
    pub(super) value: Box<str>,
    pub(super) is_latin1: bool,
}

/// Which requests between sites a browser sends a cookie with. It is kept, and changes nothing here: what this crate
/// sends is no page's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SameSite {
    /// Those that go to another page.
    Lax,
    /// All of them.
    None,
    /// None of them.
    Strict,
}

impl Cookie {
    /// Its name; empty for one that has none. Bytes that are not UTF-8 are read as Latin-1.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.pair.name
    }

    /// Its value, quotes included if there are any. Bytes that are not UTF-8 are read as Latin-1.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.pair.value
    }

    /// The host it is for, and unless it is [`host_only`](Self::host_only) all hosts under it.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The path it is for, and all under it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is for its own host alone.
    #[must_use]
    pub fn host_only(&self) -> bool {
        self.host_only
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

    /// `SameSite`, if it was one of the three.
    #[must_use]
    pub fn same_site(&self) -> Option<SameSite> {
        self.same_site
    }

    /// When it ends, in whole seconds since 1970; `None` for the end of the session.
    #[must_use]
    pub fn expires(&self) -> Option<Duration> {
        self.expires.map(Duration::from_secs)
    }

    /// Whether it has ended by this time since 1970.
    #[must_use]
    pub fn is_expired(&self, now: Duration) -> bool {
        self.expires.is_some_and(|end| end <= now.as_secs())
    }

    pub(super) fn is_for(&self, host: &str, path: &str, is_secure: bool) -> bool {
        let is_host = match self.host_only {
            true => *self.domain == *host,
            false => domain_matches(host, &self.domain),
        };
        is_host && path_matches(path, &self.path) && (is_secure || !self.secure)
    }

    /// Whether a jar keeps one of the two only.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.pair.name == other.pair.name
            && (self.pair.is_latin1 == other.pair.is_latin1 || self.pair.name.is_ascii())
            && self.domain == other.domain
            && self.host_only == other.host_only
            && self.path == other.path
    }
}

impl Credential {
    pub(super) fn from_wire(name: &[u8], value: &[u8]) -> Self {
        if let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) {
            return Self { name: name.into(), value: value.into(), is_latin1: false };
        }
        let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into();
        Self { name: text(name), value: text(value), is_latin1: true }
    }

    pub(super) fn name_to(&self, out: &mut Vec<u8>) {
        self.write(&self.name, out);
    }

    pub(super) fn value_to(&self, out: &mut Vec<u8>) {
        self.write(&self.value, out);
    }

    /// As `Cookie` has it.
    pub(super) fn pair_to(&self, out: &mut Vec<u8>) {
        if !self.name.is_empty() {
            self.name_to(out);
            out.push(b'=');
        }
        self.value_to(out);
    }

    fn write(&self, text: &str, out: &mut Vec<u8>) {
        match self.is_latin1 {
            false => out.extend_from_slice(text.as_bytes()),
            true => out.extend(text.chars().map(|char| u8::try_from(char).unwrap_or(b'?'))),
        }
    }
}

impl SameSite {
    pub(super) fn from_attribute(value: &[u8]) -> Option<Self> {
        [Self::Lax, Self::None, Self::Strict]
            .into_iter()
            .find(|same_site| value.eq_ignore_ascii_case(same_site.as_str().as_bytes()))
    }

    /// As the attribute has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::None => "None",
            Self::Strict => "Strict",
        }
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &self.name())
            .field("value", &"***")
            .field("domain", &self.domain)
            .field("path", &self.path)
            .field("expires", &self.expires())
            .field("host_only", &self.host_only)
            .field("secure", &self.secure)
            .field("http_only", &self.http_only)
            .field("same_site", &self.same_site)
            .finish()
    }
}
