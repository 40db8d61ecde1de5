//! Header fields of a response that have a grammar of their own, read leniently, as strangers write them: pure functions
//! of their text.

mod disposition;
mod link;
mod parameters;
mod written;

pub use disposition::{ContentDisposition, safe_file_name};
pub use link::Link;
#[cfg(feature = "digest")]
pub(crate) use written::is_in_tokens;
pub(crate) use written::{is_content_type, is_token, push_escaped, value_chars};

use http::HeaderValue;

/// A field's value as text: UTF-8 where its bytes are that, else each byte a character (ISO-8859-1).
pub(crate) fn text(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The boundary of a `multipart/…`, or what is wrong with the type.
pub(crate) fn boundary_of(content_type: &str) -> Result<String, &'static str> {
    let (essence, rest) = content_type.split_at(content_type.find(';').unwrap_or(content_type.len()));
    let kind = essence.trim_ascii().get(.."multipart/".len());
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/")) {
        return Err("is no multipart");
    }
    let (parameters, _) = parameters::Parameters::read(rest, &[]);
    match parameters.get("boundary") {
        // RFC 2046 allows 70: what is a little longer is no reason to refuse it.
        Some(boundary) if (1..=256).contains(&boundary.len()) => Ok(boundary.to_owned()),
        _ => Err("names no boundary"),
    }
}
