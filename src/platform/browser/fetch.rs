//! One request by `fetch`, and the head of its response.

use std::rc::Rc;

use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{RequestInit, RequestRedirect};

use crate::browser_options::{BrowserOptions, Field};
use crate::error::{Error, ErrorKind, Result};
use crate::head::Head;
use crate::request::Request;
use crate::url::Url;

use super::abort::Abort;
use super::body::FetchBody;
use super::globals::{Answer, Asked, Fields, Init, SCOPE, Scope, Stream, array_from, fields_of, set};
use super::tasks::Awaited;
use super::{Shared, failure, handed};

pub(super) async fn exchange(shared: Rc<Shared>, request: Request) -> Result<(Head, FetchBody)> {
    #[cfg(feature = "websocket")]
    if let Some(options) = super::websocket::asked(&request) {
        return super::websocket::exchange(&shared, &request, &options).await;
    }
    let abort = Abort::new()?;
    let body = handed::of(&request.body).await?;
    let init = init(&shared, &request, body, &abort)?;
    let fetch = match &shared.fetch {
        None => SCOPE.with(Scope::fetch),
        Some(fetch) => fetch.clone(),
    };
    let fetch = fetch.bind(&JsValue::UNDEFINED, request.url.as_str()).map_err(failure::unanswered)?;
    // Called by a promise and not from here: Chromium notes where a fetch comes from, and to find its way out of wasm
    // takes it as long as all that is done here.
    let answer = Awaited::new(&Promise::resolve(&init).unchecked_ref::<Init>().then(&fetch));
    let answer = answer.await.map_err(failure::unanswered)?;
    if !answer.is_object() {
        return Err(failure::no_response(&failure::told(&answer)));
    }
    let answer: Answer = answer.unchecked_into();
    head_and_body(&answer, &request.url, abort)
}

/// Only what was asked for is set: some run-times throw on fields they do not know.
fn init(shared: &Shared, request: &Request, body: Option<JsValue>, abort: &Abort) -> Result<RequestInit> {
    let platform = shared.capabilities.platform;
    let init = RequestInit::new();
    init.set_signal(abort.signal().as_ref());
    if shared.capabilities.redirects {
        init.set_redirect(RequestRedirect::Manual);
    }
    method_and_body(&init, &request.method, body, platform)?;
    if let Some(name) = shared.refused.first(&request.headers) {
        return Err(failure::refused(
            "header",
            platform,
            format!("{:?} is not ours to set here", name.as_str()),
        ));
    }
    if let Some(headers) = headers(&request.headers) {
        init.set_headers(&headers);
    }
    if let Some(options) = request.options.browser.as_deref() {
        // Where we follow redirects ourselves, the platform would hold the hash against each of them.
        if shared.capabilities.redirects
            && !request.options.redirects().is_stop()
            && options.fields().any(|(name, _)| name == "integrity")
        {
            let why = "it would be checked against redirects, too; set follow_redirects to false";
            return Err(failure::refused("integrity", platform, why));
        }
        set_options(&init, options);
        // Otherwise a field that is refused would look like a network error.
        Asked::new(request.url.as_str(), &init)
            .map_err(|thrown| failure::refused("browser options", platform, failure::told(&thrown)))?;
    }
    Ok(init)
}

fn method_and_body(
    init: &RequestInit,
    method: &Method,
    body: Option<JsValue>,
    platform: &'static str,
) -> Result<()> {
    // Fetch, "forbidden method".
    if ["CONNECT", "TRACE", "TRACK"].iter().any(|name| method.as_str().eq_ignore_ascii_case(name)) {
        return Err(failure::refused("method", platform, method.as_str()));
    }
    if *method != Method::GET {
        init.set_method(method.as_str());
    }
    let Some(body) = body else { return Ok(()) };
    if matches!(*method, Method::GET | Method::HEAD) {
        return Err(failure::refused("body", platform, format!("{method} carries none here")));
    }
    init.set_body(&body);
    Ok(())
}

/// The header fields; `None` where `fetch` sends the same by itself.
fn headers(headers: &HeaderMap) -> Option<Array> {
    let by_default = |name: &HeaderName, value: &HeaderValue| *name == ACCEPT && value == "*/*";
    let fields = headers
        .iter()
        // The platform counts the body itself.
        .filter(|(name, value)| !by_default(name, value) && **name != CONTENT_LENGTH)
        .map(|(name, value)| (name.as_str(), text(value.as_bytes())));
    let fields = fields_of(fields);
    (fields.length() > 0).then_some(fields)
}

fn set_options(init: &RequestInit, options: &BrowserOptions) {
    for (name, field) in options.fields() {
        match field {
            Field::Flag(flag) => set(init, name, &flag.into()),
            Field::Text(text) => set(init, name, &text.into()),
        }
    }
}

fn head_and_body(answer: &Answer, asked: &Url, abort: Abort) -> Result<(Head, FetchBody)> {
    let kind = answer.kind().map_err(failure::unreadable)?.as_string().unwrap_or_default();
    if kind == "opaque" || kind == "opaqueredirect" {
        return Err(ErrorKind::Opaque.into());
    }
    // Whole numbers alone are written out: what writes the others weighs 20 kB.
    let status = answer.status().map_err(failure::unreadable)?.as_f64().unwrap_or_default() as u16;
    let status =
        StatusCode::from_u16(status).map_err(|_| failure::no_response(&format!("status {status}")))?;
    let mut head = Head::new(status);
    let fields = answer.fields().map_err(failure::unreadable)?;
    head.headers = header_map(fields.unchecked_ref()).map_err(failure::unreadable)?;
    let url = answer.url().map_err(failure::unreadable)?;
    head.final_url = final_url(&url.as_string().unwrap_or_default(), asked)?.map(Box::new);
    let body = answer.body().map_err(failure::unreadable)?;
    if body.is_undefined() {
        return Err(failure::no_response("it has no body"));
    }
    if body.is_null() {
        return Ok((head, FetchBody::empty(abort)));
    }
    let reader = body.unchecked_ref::<Stream>().reader().map_err(failure::unreadable)?;
    let declared = declared_length(&head.headers, &kind);
    // The platform's own answers: to what a worker or a caller made, any length can be written.
    Ok((head, FetchBody::new(reader, abort, declared, kind == "basic")))
}

/// The header fields that are shown to us.
fn header_map(fields: &Fields) -> Result<HeaderMap, JsValue> {
    let mut headers = HeaderMap::new();
    // As one text: a name holds no comma, a value no end of line.
    let lines = String::from(array_from(&fields.entries()?)?.join("\n"));
    for (name, value) in lines.split('\n').filter_map(|line| line.split_once(',')) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(&bytes(value))) {
            headers.append(name, value);
        }
    }
    Ok(headers)
}

/// The URL that answered, where it is another than the one asked. An empty one says nothing.
fn final_url(shown: &str, asked: &Url) -> Result<Option<Url>, Error> {
    let without_fragment = asked.as_str().split('#').next().unwrap_or_default();
    if shown.is_empty() || shown == without_fragment {
        return Ok(None);
    }
    // A response that a service worker or a caller's own fetch has made may have any URL at all.
    let Ok(url) = Url::parse(shown) else { return Ok(None) };
    url.inheriting_fragment(asked.fragment()).map(Some)
}

/// How long the body is, where that can be known: of another origin, a page sees the length of a compressed body but
/// not that it is compressed.
fn declared_length(headers: &HeaderMap, kind: &str) -> Option<u64> {
    if kind == "cors" || headers.contains_key(CONTENT_ENCODING) {
        return None;
    }
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim_ascii().parse().ok()
}

/// A field's value as JavaScript has it: each byte a character (WebIDL, `ByteString`).
pub(super) fn text(value: &[u8]) -> String {
    value.iter().map(|byte| char::from(*byte)).collect()
}

fn bytes(value: &str) -> Vec<u8> {
    value.chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect()
}
