//! Options and requests as `pkg/src/options.js` hands them over: checked and complete, what was left out undefined.

use std::time::Duration;

use http::Method;
use js_sys::{Function, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::browser_options::BrowserOptions;
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::deadline::Timeout;
use crate::policy::retry::Retry;
use crate::request::{Request, RequestBuilder};

#[wasm_bindgen]
extern "C" {
    /// What a session sets and a request may set otherwise. An infinite number takes a bound away.
    pub type Settings;

    /// Names and values, one after the other.
    #[wasm_bindgen(method, getter)]
    fn headers(this: &Settings) -> Option<Vec<String>>;
    #[wasm_bindgen(method, getter, js_name = timeoutTotal)]
    fn timeout_total(this: &Settings) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = timeoutWall)]
    fn timeout_wall(this: &Settings) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = timeoutQueue)]
    fn timeout_queue(this: &Settings) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = timeoutHeaders)]
    fn timeout_headers(this: &Settings) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = timeoutRead)]
    fn timeout_read(this: &Settings) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = timeoutConnect)]
    fn timeout_connect(this: &Settings) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = followRedirects)]
    fn follow_redirects(this: &Settings) -> Option<bool>;
    #[wasm_bindgen(method, getter, js_name = maxRedirects)]
    fn max_redirects(this: &Settings) -> Option<u32>;
    #[wasm_bindgen(method, getter, js_name = maxBody)]
    fn max_body(this: &Settings) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = raiseForStatus)]
    fn raise_for_status(this: &Settings) -> Option<bool>;
    #[wasm_bindgen(method, getter, js_name = retryAttempts)]
    fn retry_attempts(this: &Settings) -> Option<u32>;
    #[wasm_bindgen(method, getter, js_name = retryBase)]
    fn retry_base(this: &Settings) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = retryCap)]
    fn retry_cap(this: &Settings) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn mode(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn credentials(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn cache(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn referrer(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = referrerPolicy)]
    fn referrer_policy(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn integrity(this: &Settings) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn keepalive(this: &Settings) -> Option<bool>;
    #[wasm_bindgen(method, getter)]
    fn priority(this: &Settings) -> Option<String>;

    /// A session's settings.
    #[wasm_bindgen(extends = Settings)]
    pub type SessionSettings;

    #[wasm_bindgen(method, getter)]
    fn limit(this: &SessionSettings) -> Option<u32>;
    #[wasm_bindgen(method, getter, js_name = limitPerHost)]
    fn limit_per_host(this: &SessionSettings) -> Option<u32>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn fetch(this: &SessionSettings) -> Option<Function>;

    /// One request.
    #[wasm_bindgen(extends = Settings)]
    pub type Asked;

    #[wasm_bindgen(method, getter)]
    pub(super) fn url(this: &Asked) -> String;
    /// The URL as its row is to name it, where that is not `url`.
    #[wasm_bindgen(method, getter)]
    pub(super) fn given(this: &Asked) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn method(this: &Asked) -> Option<String>;
    /// A text, bytes, or nothing.
    #[wasm_bindgen(method, getter)]
    fn body(this: &Asked) -> JsValue;
    /// What was wrong with it already in JavaScript: its row's error.
    #[wasm_bindgen(method, getter)]
    pub(super) fn error(this: &Asked) -> JsValue;
}

/// `Config` and `RequestBuilder` have setters of the same names: what is set here is written once for both.
macro_rules! set {
    ($target:expr, $settings:expr) => {{
        let (mut target, settings): (_, &Settings) = ($target, $settings);
        if let Some(timeout) = timeouts(settings) {
            target = target.timeout(timeout);
        }
        if let Some(follow) = settings.follow_redirects() {
            target = target.follow_redirects(follow);
        }
        if let Some(limit) = settings.max_redirects() {
            target = target.max_redirects(limit);
        }
        if let Some(limit) = settings.max_body() {
            target = target.max_body(limit.is_finite().then_some(limit as u64));
        }
        if let Some(raise) = settings.raise_for_status() {
            target = target.raise_for_status(raise);
        }
        if let Some(attempts) = settings.retry_attempts() {
            target = target.retry(retry(attempts, settings));
        }
        if let Some(options) = browser(settings)? {
            target = target.browser(options);
        }
        target
    }};
}

/// The configuration that these settings make.
pub(super) fn config(settings: &SessionSettings) -> Result<Config> {
    let mut config = Config::new();
    if let Some(limit) = settings.limit() {
        config = config.limit(limit as usize);
    }
    if let Some(limit) = settings.limit_per_host() {
        config = config.limit_per_host(limit as usize);
    }
    let fields = settings.headers().unwrap_or_default();
    for (name, value) in pairs(&fields) {
        config = config.header(name, byte_string(name, value)?);
    }
    Ok(set!(config, settings))
}

/// The request that was asked for.
pub(super) fn request(asked: &Asked) -> Result<Request> {
    let method = asked.method();
    let method = Method::from_bytes(method.as_deref().unwrap_or("GET").as_bytes()).map_err(|_| {
        Error::new(ErrorKind::InvalidOption { option: "method" }).with_message("it is no HTTP method")
    })?;
    let mut builder: RequestBuilder = Request::builder(method, asked.url().as_str());
    let fields = asked.headers().unwrap_or_default();
    for (name, value) in pairs(&fields) {
        builder = builder.append_header(name, byte_string(name, value)?);
    }
    let body = asked.body();
    if let Some(text) = body.as_string() {
        builder = builder.body(text);
    } else if let Ok(bytes) = body.dyn_into::<Uint8Array>() {
        builder = builder.body(bytes.to_vec());
    }
    set!(builder, asked).build()
}

/// Milliseconds; `None` where there is to be no bound.
pub(super) fn duration(milliseconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(milliseconds / 1e3).ok()
}

fn pairs(fields: &[String]) -> impl Iterator<Item = (&str, &str)> {
    fields.chunks_exact(2).map(|pair| (pair[0].as_str(), pair[1].as_str()))
}

/// A field's value as JavaScript has it: each character a byte (WebIDL, `ByteString`).
fn byte_string(name: &str, value: &str) -> Result<Vec<u8>> {
    value.chars().map(|character| u8::try_from(character).ok()).collect::<Option<_>>().ok_or_else(|| {
        Error::new(ErrorKind::InvalidHeader)
            .with_message(format!("the value of {name:?} holds a character past U+00FF"))
    })
}

fn timeouts(settings: &Settings) -> Option<Timeout> {
    type Set = fn(Timeout, Option<Duration>) -> Timeout;
    let all: [(Option<f64>, Set); 6] = [
        (settings.timeout_total(), Timeout::total),
        (settings.timeout_wall(), Timeout::wall),
        (settings.timeout_queue(), Timeout::queue),
        (settings.timeout_headers(), Timeout::headers),
        (settings.timeout_read(), Timeout::read),
        (settings.timeout_connect(), Timeout::connect),
    ];
    all.into_iter()
        .filter_map(|(limit, set)| Some((limit?, set)))
        .fold(None, |timeout, (limit, set)| Some(set(timeout.unwrap_or_default(), duration(limit))))
}

fn retry(attempts: u32, settings: &Settings) -> Option<Retry> {
    if attempts <= 1 {
        return None;
    }
    let retry = Retry::standard().attempts(attempts);
    let unbounded = |pause: f64| duration(pause).unwrap_or(Duration::MAX);
    Some(match (settings.retry_base().map(unbounded), settings.retry_cap().map(unbounded)) {
        (Some(base), Some(cap)) => retry.backoff(base, cap),
        _ => retry,
    })
}

fn browser(settings: &Settings) -> Result<Option<BrowserOptions>> {
    let (mut options, nothing) = (BrowserOptions::new(), BrowserOptions::new());
    if let Some(word) = settings.mode() {
        options = options.mode(word.parse()?);
    }
    if let Some(word) = settings.credentials() {
        options = options.credentials(word.parse()?);
    }
    if let Some(word) = settings.cache() {
        options = options.cache(word.parse()?);
    }
    if let Some(word) = settings.priority() {
        options = options.priority(word.parse()?);
    }
    if let Some(word) = settings.referrer_policy() {
        options = options.referrer_policy(word.parse()?);
    }
    if let Some(url) = settings.referrer() {
        options = options.referrer(url);
    }
    if let Some(hashes) = settings.integrity() {
        options = options.integrity(hashes);
    }
    if let Some(keepalive) = settings.keepalive() {
        options = options.keepalive(keepalive);
    }
    Ok((options != nothing).then_some(options))
}
