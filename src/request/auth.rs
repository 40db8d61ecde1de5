//! Who is asking: basic authentication (RFC 7617), from a URL or by hand, and bearer tokens (RFC 6750).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::error::{Error, ErrorKind, Result};
use crate::url::percent_decoded;

use super::Request;

/// The field's value for this user.
pub(crate) fn basic(user: &str, password: &str) -> Result<HeaderValue> {
    if user.contains(':') {
        return Err(Error::new(ErrorKind::InvalidOption { option: "basic_auth" })
            .with_message("a user name with a colon cannot be told from its password"));
    }
    basic_of([user.as_bytes(), b":", password.as_bytes()].concat())
}

/// The field's value for this token.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue> {
    secret(&format!("Bearer {token}"))
}

impl Request {
    /// User name and password in the URL become basic authentication, unless the request has another way.
    pub(crate) fn take_userinfo(&mut self) -> Result<()> {
        let Some((user, password)) = self.url.userinfo() else { return Ok(()) };
        if !self.headers.contains_key(AUTHORIZATION) && !self.has_own_login() {
            let mut plain = percent_decoded(user);
            plain.push(b':');
            plain.extend(percent_decoded(password.unwrap_or_default()));
            self.headers.insert(AUTHORIZATION, basic_of(plain)?);
        }
        self.url = self.url.without_userinfo()?;
        Ok(())
    }
}

fn basic_of(plain: Vec<u8>) -> Result<HeaderValue> {
    secret(&format!("Basic {}", STANDARD.encode(plain)))
}

fn secret(text: &str) -> Result<HeaderValue> {
    super::header("authorization", text.as_bytes()).map(|(_, value)| value)
}
