//! [`IntoUrl`]: what the verbs of a session take as a URL.

use crate::error::{Error, ErrorKind, Result};
use crate::url::Url;

/// What names a URL: text, which a session's `base_url` completes where it is relative, or a [`Url`].
pub trait IntoUrl {
    /// The URL, resolved against `base` where it is relative (RFC 3986, section 5; WHATWG URL standard).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUrl`] with the offending text.
    fn into_url(self, base: Option<&Url>) -> Result<Url>;
}

impl IntoUrl for &str {
    fn into_url(self, base: Option<&Url>) -> Result<Url> {
        match base {
            Some(base) => base.join(self),
            None => Url::parse(self),
        }
    }
}

impl IntoUrl for String {
    fn into_url(self, base: Option<&Url>) -> Result<Url> {
        self.as_str().into_url(base)
    }
}

impl IntoUrl for &String {
    fn into_url(self, base: Option<&Url>) -> Result<Url> {
        self.as_str().into_url(base)
    }
}

impl IntoUrl for Url {
    fn into_url(self, _: Option<&Url>) -> Result<Url> {
        Ok(self)
    }
}

impl IntoUrl for &Url {
    fn into_url(self, _: Option<&Url>) -> Result<Url> {
        Ok(self.clone())
    }
}

impl IntoUrl for http::Uri {
    fn into_url(self, base: Option<&Url>) -> Result<Url> {
        (&self).into_url(base)
    }
}

impl IntoUrl for &http::Uri {
    fn into_url(self, base: Option<&Url>) -> Result<Url> {
        self.to_string().as_str().into_url(base)
    }
}

/// A base as a session takes it: its path ends in a slash, or the last part of it would be lost in every join.
pub(crate) fn base(text: impl IntoUrl) -> Result<Url> {
    let url = text.into_url(None)?;
    let wrong = |message: &str| {
        Err(Error::new(ErrorKind::InvalidOption { option: "base_url" }).with_message(message).with_url(&url))
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong("only http and https URLs can be fetched");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("a query or fragment would be lost in every join");
    }
    match url.path().ends_with('/') {
        true => Ok(url),
        false => wrong("its path must end in a slash, or the last part of it would be lost in every join"),
    }
}
