//! [`Url`]: the `url` crate natively, the platform's own `URL` in a browser.
//!
//! Both follow the WHATWG URL standard. The serialisation it prescribes is what goes on the wire; escapes that
//! are there already are neither decoded nor encoded again, so a signed URL survives.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::Uri;

use crate::error::{Error, ErrorKind, Result};

mod written;

/// An absolute URL (WHATWG URL standard), kept in its normal form.
///
/// `Debug` hides a password; [`as_str`](Self::as_str) and `Display` do not.
///
/// An IPv4 address is read in its one canonical form alone. The standard takes `127.1`, `0x7f.1`, `2130706433`,
/// `0177.0.0.1`, `127.0.0.1.`, escapes and full-width digits for 127.0.0.1, too; they are what is written to get past a
/// check that reads the text, so they are refused here, in a `Location` and a base URL also. Where the platform has
/// read the text before (a `URL` object in JavaScript, a redirect that a page follows by itself), that is not seen.
///
/// ```
/// use dualfetch::Url;
///
/// let page = Url::parse("HTTP://Example.com:80/a/../b?q=1#top")?;
/// assert_eq!(page.as_str(), "http://example.com/b?q=1#top");
/// assert_eq!(page.origin(), "http://example.com");
/// assert_eq!(page.join("c")?.as_str(), "http://example.com/c");
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url(imp::Inner);

impl Url {
    /// Reads an absolute URL.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUrl`] with the offending text.
    pub fn parse(input: &str) -> Result<Self, Error> {
        Self::read(input, None)
    }

    /// Resolves `reference` against this URL, as a browser resolves a link.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUrl`] with the offending text.
    pub fn join(&self, reference: &str) -> Result<Self, Error> {
        Self::read(reference, Some(self))
    }

    fn read(text: &str, base: Option<&Self>) -> Result<Self, Error> {
        imp::parse(text, base.map(|base| &base.0))
            .map(Self)
            .and_then(|url| match url.is_canonical(text, base) {
                true => Ok(url),
                false => Err(NOT_CANONICAL.to_owned()),
            })
            .map_err(|why| invalid(text, why))
    }

    /// Whether an address of IPv4 that it has for a host stands so in the text. What ends in a number is such an
    /// address to the standard: no name is made of digits and dots alone.
    fn is_canonical(&self, text: &str, base: Option<&Self>) -> bool {
        let Some(host) = self.host() else { return true };
        let is_relative = base.is_some_and(|base| base.scheme() == self.scheme());
        host.bytes().any(|byte| byte != b'.' && !byte.is_ascii_digit())
            || written::has_host(text, is_relative, host)
    }

    /// The whole URL, userinfo and fragment included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        imp::href(&self.0)
    }

    /// The scheme in lower case, without the colon.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.as_str().split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// The host as it is serialised: a name in lower case (Punycode), an IPv4 address, or an IPv6 address in
    /// brackets. `None` for URLs such as `data:` ones.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        let (host, _) = split_port(self.host_and_port()?);
        (!host.is_empty()).then_some(host)
    }

    /// The port, the scheme's default one when the URL names none.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match split_port(self.host_and_port()?) {
            (_, Some(port)) => port.parse().ok(),
            (_, None) => match self.scheme() {
                "http" | "ws" => Some(80),
                "https" | "wss" => Some(443),
                _ => None,
            },
        }
    }

    /// Scheme, host and port: what limits per host are counted by. Default ports are left out.
    #[must_use]
    pub fn origin(&self) -> Cow<'_, str> {
        if let Some(origin) = imp::origin(&self.0) {
            return Cow::Borrowed(origin);
        }
        let href = self.as_str();
        let Some(authority) = self.authority() else { return Cow::Borrowed(href) };
        match authority.rsplit_once('@') {
            None => Cow::Borrowed(&href[..href.len() - self.after_authority().len()]),
            Some((_, host)) => Cow::Owned(format!("{}://{host}", self.scheme())),
        }
    }

    /// The path, with its leading slash.
    #[must_use]
    pub fn path(&self) -> &str {
        let rest = self.after_authority();
        &rest[..rest.find(['?', '#']).unwrap_or(rest.len())]
    }

    /// The query, without the question mark; `None` when there is none.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        let rest = self.after_authority();
        rest.split('#').next().and_then(|rest| rest.split_once('?')).map(|(_, query)| query)
    }

    /// The fragment, without the number sign. It is never sent.
    #[must_use]
    pub fn fragment(&self) -> Option<&str> {
        self.after_authority().split_once('#').map(|(_, fragment)| fragment)
    }

    /// User name and password as they stand in the URL, percent-encoded.
    #[must_use]
    pub fn userinfo(&self) -> Option<(&str, Option<&str>)> {
        let (userinfo, _) = self.authority()?.rsplit_once('@')?;
        Some(match userinfo.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (userinfo, None),
        })
    }

    /// Whether a password or user name stands in the URL, and what is left without them.
    pub(crate) fn without_userinfo(&self) -> Result<Self, Error> {
        match self.userinfo() {
            None => Ok(self.clone()),
            Some(_) => Self::parse(&format!("{}{}", self.origin(), self.after_authority())),
        }
    }

    /// This URL with `fragment` if it has none of its own (a redirect inherits it: Fetch, section 4.4).
    pub(crate) fn inheriting_fragment(self, fragment: Option<&str>) -> Result<Self, Error> {
        match (self.fragment(), fragment) {
            (None, Some(fragment)) => Self::parse(&format!("{}#{fragment}", self.as_str())),
            _ => Ok(self),
        }
    }

    /// This URL with more of a query, encoded already, after the one it has.
    pub(crate) fn with_query_appended(&self, more: &str) -> Result<Self, Error> {
        let (before, fragment) = match self.as_str().split_once('#') {
            Some((before, fragment)) => (before, Some(fragment)),
            None => (self.as_str(), None),
        };
        let mut text = before.to_owned();
        match before.split_once('?') {
            _ if more.is_empty() => {}
            None => text.push('?'),
            Some((_, query)) if query.is_empty() || query.ends_with('&') => {}
            Some(_) => text.push('&'),
        }
        // A number sign would end the query.
        text.push_str(&more.replace('#', "%23"));
        if let Some(fragment) = fragment {
            text.push('#');
            text.push_str(fragment);
        }
        Self::parse(&text)
    }

    /// The whole URL with a password shown as `***`: for messages and logs.
    #[must_use]
    pub fn redacted(&self) -> Cow<'_, str> {
        match self.userinfo() {
            None if self.authority().is_some() => Cow::Borrowed(self.as_str()),
            Some((user, Some(_))) => {
                let host = self.host_and_port().unwrap_or_default();
                Cow::Owned(format!("{}://{user}:***@{host}{}", self.scheme(), self.after_authority()))
            }
            Some(_) => Cow::Borrowed(self.as_str()),
            // `me:secret@host` is a URL, too: one of the scheme `me`.
            None => redact(self.as_str()),
        }
    }

    /// As the http crate has it: without the fragment.
    pub(crate) fn into_uri(self) -> Result<Uri> {
        let mut text = imp::into_href(self.0);
        if let Some(fragment) = text.find('#') {
            text.truncate(fragment);
        }
        Uri::try_from(text).map_err(|error| {
            let message = format!("not a URI to the http crate: {error}");
            Error::new(ErrorKind::InvalidUrl).with_message(message).with_source(error)
        })
    }

    fn authority(&self) -> Option<&str> {
        imp::authority(&self.0)
    }

    fn host_and_port(&self) -> Option<&str> {
        self.authority().map(|authority| authority.rsplit_once('@').map_or(authority, |(_, host)| host))
    }

    fn after_authority(&self) -> &str {
        imp::after_authority(&self.0)
    }
}

/// `[::1]:8080` and `example.com:8080` alike: the port is after the last colon that no bracket closes.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

fn invalid(input: &str, why: String) -> Error {
    Error::new(ErrorKind::InvalidUrl).with_message(format!("{:?}: {why}", shown(input)))
}

/// A text that may be a URL, with what would be its password shown as `***`: for messages and logs.
///
/// ```
/// assert_eq!(dualfetch::url::redact("http://me:secret@exa mple/x"), "http://me:***@exa mple/x");
/// assert_eq!(dualfetch::url::redact("no url"), "no url");
/// ```
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let Some((before, after)) = text.rsplit_once('@') else { return Cow::Borrowed(text) };
    let slashes = before.as_bytes().windows(2).position(|two| two == b"//");
    let userinfo_from = slashes.map_or(0, |slashes| slashes + 2);
    match before[userinfo_from..].find(':') {
        Some(colon) => Cow::Owned(format!("{}:***@{after}", &before[..userinfo_from + colon])),
        None => Cow::Borrowed(text),
    }
}

const NOT_CANONICAL: &str = "an IPv4 address in another form than 127.0.0.1";

const NOT_ABSOLUTE: &str = "not an absolute URL, such as https://example.com/";

/// The offending text for a message, cut short.
pub(crate) fn shown(input: &str) -> String {
    const SHOWN: usize = 200;
    let redacted = redact(input);
    let mut text: String = redacted.chars().take(SHOWN).collect();
    if text.len() < redacted.len() {
        text.push('…');
    }
    text
}

/// A host alone as URLs have it: a name in lower case (Punycode), an IPv4 address, or an IPv6 address in brackets.
#[allow(dead_code, reason = "what connections are made by is native alone")]
pub(crate) fn host_of(text: &str) -> Option<String> {
    let is_more =
        |c: char| matches!(c, '/' | '\\' | '@' | '?' | '#' | '%') || c.is_whitespace() || c.is_control();
    let is_bracketed = text.starts_with('[') && text.ends_with(']');
    if text.contains(is_more) || !is_bracketed && text.contains(':') {
        return None;
    }
    Url::parse(&format!("http://{text}/")).ok()?.host().map(str::to_owned)
}

/// What the escapes stand for; a percent sign that begins none stands for itself.
pub(crate) fn percent_decoded(text: &str) -> Vec<u8> {
    let hex =
        |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).map(|digit| digit as u8);
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Url").field(&self.redacted()).finish()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Url {
    type Err = Error;

    fn from_str(input: &str) -> Result<Self, Error> {
        Self::parse(input)
    }
}

impl TryFrom<&str> for Url {
    type Error = Error;

    fn try_from(input: &str) -> Result<Self, Error> {
        Self::parse(input)
    }
}

impl TryFrom<String> for Url {
    type Error = Error;

    fn try_from(input: String) -> Result<Self, Error> {
        Self::parse(&input)
    }
}

impl TryFrom<&String> for Url {
    type Error = Error;

    fn try_from(input: &String) -> Result<Self, Error> {
        Self::parse(input)
    }
}

impl From<&Self> for Url {
    fn from(url: &Self) -> Self {
        url.clone()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod imp {
    use url::Position;

    pub(super) type Inner = url::Url;

    pub(super) fn parse(input: &str, base: Option<&Inner>) -> Result<Inner, String> {
        url::Url::options().base_url(base).parse(input).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => super::NOT_ABSOLUTE.to_owned(),
            other => other.to_string(),
        })
    }

    pub(super) fn href(url: &Inner) -> &str {
        url.as_str()
    }

    pub(super) fn into_href(url: Inner) -> String {
        url.into()
    }

    pub(super) fn authority(url: &Inner) -> Option<&str> {
        url.has_authority().then(|| &url[Position::BeforeUsername..Position::BeforePath])
    }

    pub(super) fn after_authority(url: &Inner) -> &str {
        &url[Position::BeforePath..]
    }

    /// Where it can be had as a part of the whole, which takes no search.
    pub(super) fn origin(url: &Inner) -> Option<&str> {
        let is_plain = url.has_authority() && url[Position::BeforeUsername..Position::BeforeHost].is_empty();
        is_plain.then(|| &url[..Position::BeforePath])
    }
}

#[cfg(target_arch = "wasm32")]
mod imp {
    pub(super) type Inner = String;

    pub(super) fn parse(input: &str, base: Option<&Inner>) -> Result<Inner, String> {
        match base {
            Some(base) => web_sys::Url::new_with_base(input, base),
            None => web_sys::Url::new(input),
        }
        .map(|url| url.href())
        .map_err(|_| super::NOT_ABSOLUTE.to_owned())
    }

    pub(super) fn href(url: &Inner) -> &str {
        url
    }

    pub(super) fn into_href(url: Inner) -> String {
        url
    }

    pub(super) fn authority(url: &Inner) -> Option<&str> {
        let rest = url.split_once(':')?.1.strip_prefix("//")?;
        Some(&rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())])
    }

    pub(super) fn origin(_: &Inner) -> Option<&str> {
        None
    }

    pub(super) fn after_authority(url: &Inner) -> &str {
        let after_scheme = url.split_once(':').map_or(url.as_str(), |(_, rest)| rest);
        match authority(url) {
            Some(authority) => &after_scheme[2 + authority.len()..],
            None => after_scheme,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::Url;
    use crate::error::ErrorKind;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn the_parts_of_a_url_are_those_of_its_serialisation() {
        let full = url("https://me:secret@[::1]:8443/a/b?x=1&y=/?#frag?#");
        assert_eq!(full.scheme(), "https");
        assert_eq!(full.host(), Some("[::1]"));
        assert_eq!(full.port(), Some(8443));
        assert_eq!(full.path(), "/a/b");
        assert_eq!(full.query(), Some("x=1&y=/?"));
        assert_eq!(full.fragment(), Some("frag?#"));
        assert_eq!(full.userinfo(), Some(("me", Some("secret"))));
        assert_eq!(full.origin(), "https://[::1]:8443");
        assert_eq!(url("http://a").port(), Some(80));
        assert_eq!(url("http://a").path(), "/");
        assert_eq!(url("https://[2001:db8::1]/").port(), Some(443));
        assert_eq!(url("data:text/plain,x@y").host(), None);
    }

    #[test]
    fn origins_leave_out_default_ports_and_userinfo() {
        assert_eq!(url("http://me@EXAMPLE.com:80/x").origin(), "http://example.com");
        assert_eq!(url("https://example.com:80/x").origin(), "https://example.com:80");
    }

    #[test]
    fn existing_escapes_are_left_alone() {
        let signed = "https://s3.example/a%2Fb%20c?sig=%2B%2f%3D&x=a+b";
        assert_eq!(url(signed).as_str(), signed);
    }

    #[test]
    fn debug_and_errors_hide_passwords() {
        let secret = url("https://me:hunter2@example.com/");
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert!(secret.as_str().contains("hunter2"));
        let error = Url::parse("https://me:hunter2@exa mple.com/").expect_err("a space in the host");
        assert_eq!(*error.kind(), ErrorKind::InvalidUrl);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn userinfo_can_be_taken_out_and_fragments_inherited() {
        let bare = url("https://me:pw@example.com/x?y#z").without_userinfo().expect("still a URL");
        assert_eq!(bare.as_str(), "https://example.com/x?y#z");
        let to = url("https://example.com/").inheriting_fragment(Some("top")).expect("still a URL");
        assert_eq!(to.as_str(), "https://example.com/#top");
        let own = url("https://example.com/#own").inheriting_fragment(Some("top")).expect("still a URL");
        assert_eq!(own.fragment(), Some("own"));
    }

    #[test]
    fn a_relative_url_without_a_base_names_itself_in_the_error() {
        let error = Url::parse("not a url").expect_err("relative");
        assert!(error.to_string().contains("not a url"), "{error}");
    }
}
