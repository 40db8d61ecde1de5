//! Header fields of a response that have a grammar of their own, read leniently, as strangers write them: pure functions
//! of their text.

mod disposition;
mod link;
mod parameters;

pub use disposition::{ContentDisposition, safe_file_name};
pub use link::Link;

use http::HeaderValue;

/// A field's value as text: UTF-8 where its bytes are that, else each byte a character (ISO-8859-1).
pub(crate) fn text(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}
