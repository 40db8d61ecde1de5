//! Errors as JavaScript gets them: objects of its own classes.

use std::cell::RefCell;
use std::error::Error as StdError;

use http::HeaderMap;
use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use crate::error::{Error, ErrorKind};
use crate::head::Hop;
use crate::platform::browser::Thrown;

thread_local! {
    static FACTORY: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Sets what makes error objects: `(code, message, url, phase, attempts, detail, history, cause) => Error`.
#[wasm_bindgen(js_name = makeErrorsBy)]
pub fn make_errors_by(factory: Function) {
    FACTORY.with(|kept| kept.replace(Some(factory)));
}

/// One of ours as one of theirs.
pub(super) fn thrown(error: &Error) -> JsValue {
    let (kind, attempts) = (error.kind(), error.attempts());
    let mut message = camel_case(&kind.to_string());
    if let Some(more) = error.message() {
        message.push_str(": ");
        message.push_str(more);
    }
    if let Some(url) = error.url() {
        message = format!("{message} ({})", url.redacted());
    }
    let detail = match kind {
        ErrorKind::BodyTooLarge { limit } => JsValue::from_f64(*limit as f64),
        ErrorKind::InvalidOption { option } => camel_case(option).into(),
        ErrorKind::Status(status) => status.as_u16().into(),
        ErrorKind::TooManyRedirects { limit } => (*limit).into(),
        ErrorKind::Unsupported { feature, .. } => camel_case(feature).into(),
        _ => JsValue::UNDEFINED,
    };
    let cause = error.source().and_then(<dyn StdError>::downcast_ref::<Thrown>);
    make(&Array::of(&[
        kind.code().into(),
        message.into(),
        error.url().map_or(JsValue::UNDEFINED, |url| url.redacted().to_string().into()),
        error.phase().map_or(JsValue::UNDEFINED, |phase| phase.as_str().into()),
        attempts.into(),
        detail,
        history(error.history()).into(),
        cause.map_or(JsValue::UNDEFINED, |thrown| thrown.value().clone()),
    ]))
}

/// The caller cancelled the response while it was read.
pub(super) fn cancelled(url: &str) -> JsValue {
    make(&Array::of(&["aborted".into(), "the response was cancelled".into(), url.into()]))
}

/// The body of this URL has a reader already.
pub(super) fn body_used(url: &str) -> JsValue {
    make(&Array::of(&["body_used".into(), "the body has been read already".into(), url.into()]))
}

/// Header fields as lines of `name:value`.
pub(super) fn fields(headers: &HeaderMap) -> String {
    let mut fields = String::new();
    for (name, value) in headers {
        fields.extend([name.as_str(), ":"]);
        fields.extend(value.as_bytes().iter().map(|byte| char::from(*byte)));
        fields.push('\n');
    }
    fields
}

/// URL, status, milliseconds and header fields of each redirect, one after the other.
pub(super) fn history(hops: &[Hop]) -> Array {
    let list = Array::new();
    for hop in hops {
        list.push(&hop.url.as_str().into());
        list.push(&hop.status.as_u16().into());
        list.push(&(hop.elapsed.as_secs_f64() * 1e3).into());
        list.push(&fields(&hop.headers).into());
    }
    list
}

fn make(arguments: &Array) -> JsValue {
    // Not called while it is borrowed: it is code of theirs.
    let factory = FACTORY.with(|kept| kept.borrow().clone());
    match factory.map(|factory| factory.apply(&JsValue::NULL, arguments)) {
        Some(Ok(made) | Err(made)) => made,
        None => arguments.get(1),
    }
}

/// Our names of options as JavaScript spells them: `max_body` is `maxBody` there.
fn camel_case(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words.chars().peekable();
    while let Some(character) = rest.next() {
        let before = out.chars().next_back().is_some_and(|before| before.is_ascii_lowercase());
        match rest.peek() {
            Some(after) if character == '_' && before && after.is_ascii_lowercase() => {
                out.push(after.to_ascii_uppercase());
                rest.next();
            }
            _ => out.push(character),
        }
    }
    out
}
