//! What loading cookies checks, whatever they are written as.

use std::{fmt, io};

use super::cookie::Cookie;
use super::matching::{is_ip, is_public_suffix};
use super::set_cookie::{MOST_OF_A_PAIR, is_control};

/// Why cookies could not be loaded. Nothing of the file is then in the jar.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The file could not be read.
    Io(io::Error),
    /// The text is not what it should be.
    Malformed {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it. No value is in it.
        reason: String,
    },
}

impl LoadError {
    /// The line that is malformed, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Io(_) => None,
            Self::Malformed { line, .. } => Some(*line),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Malformed { line, reason } => write!(f, "line {line}: {reason}"),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Malformed { .. } => None,
        }
    }
}

impl From<io::Error> for LoadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A cookie as a jar may have it, or what is wrong with it.
pub(super) fn checked(mut cookie: Cookie) -> Result<Cookie, &'static str> {
    let domain = cookie.domain.strip_prefix('.').unwrap_or(&cookie.domain).to_ascii_lowercase();
    let is_domain = !domain.is_empty()
        && !domain.starts_with('.')
        && domain.bytes().all(|byte| byte.is_ascii_graphic() && !b"#/;@\\".contains(&byte));
    if !is_domain {
        return Err("the domain is no host's name");
    }
    if !cookie.path.starts_with('/') || cookie.path.bytes().any(is_control) {
        return Err("the path does not begin with a slash, or holds a control character");
    }
    let mut bytes = Vec::new();
    cookie.pair.name_to(&mut bytes);
    let is_name = !bytes.iter().any(|byte| b"=;".contains(byte));
    cookie.pair.value_to(&mut bytes);
    if !is_name || bytes.contains(&b';') || bytes.iter().any(|byte| is_control(*byte)) {
        return Err("name or value holds a character that a cookie cannot have");
    }
    if bytes.is_empty() || bytes.len() > MOST_OF_A_PAIR {
        return Err("name and value are empty, or longer than 4096 bytes");
    }
    // The list of public suffixes may have grown since it was saved.
    cookie.host_only |= is_ip(&domain) || is_public_suffix(&domain);
    cookie.domain = domain.into();
    Ok(cookie)
}
