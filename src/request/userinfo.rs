//! User name and password of a URL.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::error::{Error, ErrorKind, Result};

use super::Request;

impl Request {
    /// User name and password in the URL become basic authentication (RFC 7617), unless the request brings its own.
    pub(crate) fn take_userinfo(&mut self) -> Result<()> {
        let Some((user, password)) = self.url.userinfo() else { return Ok(()) };
        if !self.headers.contains_key(AUTHORIZATION) {
            let mut plain = percent_decoded(user);
            plain.push(b':');
            plain.extend(percent_decoded(password.unwrap_or_default()));
            let mut value =
                HeaderValue::try_from(format!("Basic {}", STANDARD.encode(plain))).map_err(|error| {
                    Error::new(ErrorKind::InvalidHeader).with_message("authorization").with_source(error)
                })?;
            value.set_sensitive(true);
            self.headers.insert(AUTHORIZATION, value);
        }
        self.url = self.url.without_userinfo()?;
        Ok(())
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
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
