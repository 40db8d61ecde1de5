//! Every request signed with HMAC-SHA-256, as APIs want it that share a secret with their callers:
//! `cargo run --example signing -- https://httpbin.org/headers`.
//!
//! The signature is over method, URL, date and the body's hash, and is made anew for each attempt at each hop, so that a
//! retry has a fresh date. It is made for the API's origin alone: where a redirect leads is not for a stranger to have
//! signed.

// A program of its own may read the clock.
#![allow(clippy::disallowed_methods)]

use std::time::{SystemTime, UNIX_EPOCH};

use dualfetch::middleware::SetHeaders;
use dualfetch::{DefaultSession, Error, ErrorKind, HeaderName, HeaderValue, Request, Result, Session};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const DATE: HeaderName = HeaderName::from_static("x-date");
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The fields that prove who sent this request, and when.
fn signed(key: &[u8], request: &Request) -> Result<Vec<(HeaderName, HeaderValue)>> {
    // A stream's bytes are not known before they are sent.
    if request.body().is_stream() {
        return Err(Error::new(ErrorKind::RequestBody).with_message("a stream cannot be signed"));
    }
    let body = request.body().as_bytes().map(AsRef::as_ref).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (method, url) = (request.method(), request.url());
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let text =
        format!("{method} {}{}{query}\n{now}\n{}", url.origin(), url.path(), hex(&Sha256::digest(body)));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| {
        Error::new(ErrorKind::InvalidOption { option: "key" }).with_message(error.to_string())
    })?;
    mac.update(text.as_bytes());
    let signature = hex(&mac.finalize().into_bytes());
    let mut value = HeaderValue::try_from(signature)
        .map_err(|error| Error::new(ErrorKind::InvalidHeader).with_source(error))?;
    value.set_sensitive(true);
    Ok(vec![(DATE, now.into()), (SIGNATURE, value)])
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "https://httpbin.org/headers".to_owned());
    let key = std::env::var("SIGNING_KEY").unwrap_or_else(|_| "not so secret".to_owned());
    let signing = SetHeaders::new(move |request| signed(key.as_bytes(), request)).only_for(&url)?;
    let session = DefaultSession::builder().hop_middleware(signing).build()?;
    println!("{}", session.get(url.as_str()).await?.text().await?);
    Ok(())
}
