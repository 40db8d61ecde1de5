//! What was thrown or rejected, as an error of ours.

use std::error::Error as StdError;
use std::fmt;

use wasm_bindgen::JsValue;

use crate::error::{Error, ErrorKind, Phase};

use super::globals::{Runtime, field, runtime};

/// What JavaScript threw: the [`source`](StdError::source) of an error. It need not be an `Error`.
#[derive(Clone)]
pub struct Thrown(JsValue);

impl Thrown {
    /// The value itself.
    #[must_use]
    pub fn value(&self) -> &JsValue {
        &self.0
    }
}

impl From<JsValue> for Thrown {
    fn from(value: JsValue) -> Self {
        Self(value)
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&told(&self.0))
    }
}

impl fmt::Debug for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thrown({:?})", told(&self.0))
    }
}

impl StdError for Thrown {}

/// Why a request or its body failed. A page is told nothing beyond "it failed"; servers' run-times name the cause by a
/// code, which is what Node's `fetch` and Undici give.
pub(super) fn network(thrown: JsValue) -> Error {
    failed(thrown, "")
}

/// Why there is no answer: [`network`], and where nobody can tell, that.
pub(super) fn unanswered(thrown: JsValue) -> Error {
    // What `fetch` itself rejects with is a TypeError; anything else is of a caller's own making, and says what it is.
    let is_opaque = runtime() == Runtime::Browser && field(&thrown, "name") == "TypeError";
    failed(thrown, if is_opaque { UNTOLD } else { "" })
}

const UNTOLD: &str = " (a page cannot tell DNS, refused, TLS, CORS and offline apart)";

fn failed(thrown: JsValue, hint: &str) -> Error {
    let cause = field(&thrown, "cause");
    let code = field(&cause, "code").as_string().or_else(|| field(&thrown, "code").as_string());
    let kind = code.as_deref().map_or(ErrorKind::Network, kind_of);
    let mut message = told(&thrown);
    if cause.is_object() {
        message = format!("{message} ({})", told(&cause));
    }
    if kind == ErrorKind::Network {
        message.push_str(hint);
    }
    Error::new(kind).with_message(message).with_source(Thrown(thrown))
}

/// The answer is not what `fetch` promises: a function of the caller's own gave it.
pub(super) fn no_response(what: &str) -> Error {
    Error::new(ErrorKind::Protocol).with_message(format!("fetch gave no Response: {what}"))
}

/// Reading the answer's fields threw.
pub(super) fn unreadable(thrown: JsValue) -> Error {
    no_response(&told(&thrown))
}

/// `fetch` would not take this.
pub(super) fn refused(feature: &'static str, platform: &'static str, why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported { feature, platform }).with_message(why)
}

/// The text of anything that can be thrown.
pub(super) fn told(thrown: &JsValue) -> String {
    let text = |name: &str| field(thrown, name).as_string().filter(|text| !text.is_empty());
    match (text("name"), text("message")) {
        (Some(name), Some(message)) => format!("{name}: {message}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => thrown.as_string().unwrap_or_else(|| format!("{thrown:?}")),
    }
}

fn kind_of(code: &str) -> ErrorKind {
    match code {
        "EAI_AGAIN" | "ENOTFOUND" => ErrorKind::Dns,
        "EACCES" | "ECONNREFUSED" | "EHOSTUNREACH" | "ENETUNREACH" | "ETIMEDOUT" => ErrorKind::Connect,
        "ECONNABORTED" | "ECONNRESET" | "EPIPE" | "UND_ERR_SOCKET" => ErrorKind::Disconnected,
        "UND_ERR_BODY_TIMEOUT" => ErrorKind::Timeout(Phase::Read),
        "UND_ERR_CONNECT_TIMEOUT" => ErrorKind::Timeout(Phase::Connect),
        "UND_ERR_HEADERS_TIMEOUT" => ErrorKind::Timeout(Phase::Headers),
        "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" => ErrorKind::Disconnected,
        _ if code.starts_with("HPE_") || code == "UND_ERR_HEADERS_OVERFLOW" => ErrorKind::Protocol,
        _ if code.starts_with("Z_") || code.starts_with("ERR__ERROR_FORMAT") => ErrorKind::Decode,
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE" => ErrorKind::Tls,
        _ if ["CERT_", "ERR_SSL_", "ERR_TLS_", "EPROTO"].iter().any(|start| code.starts_with(start))
            || code.split('_').skip(1).any(|word| word.starts_with("CERT")) =>
        {
            ErrorKind::Tls
        }
        _ => ErrorKind::Network,
    }
}
