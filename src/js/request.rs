//! Options and requests as `pkg/src/settings.js` hands them over: checked and complete, what was left out undefined.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use js_sys::{Array, Function, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::browser_options::{BrowserOptions, Priority};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{Options, Transport};
use crate::platform::browser::handed;
use crate::policy::deadline::Timeout;
use crate::policy::redirect_policy::{RedirectAction, RedirectPolicy};
use crate::policy::retry::Retry;
use crate::request::{Request, append, header};
use crate::url::Url;

#[wasm_bindgen]
extern "C" {
    /// What a session sets and a request may set otherwise.
    pub type Settings;

    /// Names and values, one after the other.
    #[wasm_bindgen(method, getter)]
    fn headers(this: &Settings) -> Option<Vec<String>>;
    /// Each [`Number`] at its place, NaN where it was left out; none where all were. An infinite one takes a bound away.
    #[wasm_bindgen(method, getter)]
    fn numbers(this: &Settings) -> Option<Vec<f64>>;
    /// The words that `fetch` itself takes: names and values, one after the other.
    #[wasm_bindgen(method, getter)]
    fn words(this: &Settings) -> Option<Vec<String>>;

    /// Where [`Number::Redirect`] is none of [`REDIRECTS`], what says which of its first three it is:
    /// `(status, from, to, method) => number`.
    #[wasm_bindgen(method, getter)]
    fn decide(this: &Settings) -> Option<Function>;

    /// A session's settings.
    #[wasm_bindgen(extends = Settings)]
    pub type SessionSettings;

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
    /// A text, bytes, nothing, or an object that `fetch` sends as it is.
    #[wasm_bindgen(method, getter)]
    fn body(this: &Asked) -> JsValue;
    /// User and password, where a challenge is to be answered.
    #[cfg(feature = "digest")]
    #[wasm_bindgen(method, getter)]
    fn digest(this: &Asked) -> Option<Vec<String>>;
    /// What was wrong with it already in JavaScript: its row's error.
    #[wasm_bindgen(method, getter)]
    pub(super) fn error(this: &Asked) -> JsValue;
}

/// The places in [`Settings::numbers`]: `NUMBERS` in `pkg/src/settings.js`. Flags are 0 or 1.
#[derive(Clone, Copy)]
enum Number {
    Keepalive,
    Limit,
    LimitPerHost,
    MaxBody,
    MaxHeaderBytes,
    MaxHeaders,
    MaxRedirects,
    RaiseForStatus,
    RatePer,
    RateRequests,
    /// Its place in [`REDIRECTS`].
    Redirect,
    RetryAttempts,
    RetryBase,
    RetryCap,
    TimeoutConnect,
    TimeoutHeaders,
    TimeoutQueue,
    TimeoutRead,
    TimeoutTotal,
    TimeoutWall,
}

/// What becomes of redirects: `REDIRECTS` in `pkg/src/options.js`.
const REDIRECTS: [fn() -> RedirectPolicy; 4] =
    [RedirectPolicy::stop, RedirectPolicy::follow, RedirectPolicy::refuse, RedirectPolicy::same_origin];

struct Numbers(Vec<f64>);

impl Numbers {
    fn of(settings: &Settings) -> Self {
        Self(settings.numbers().unwrap_or_default())
    }

    fn get(&self, which: Number) -> Option<f64> {
        self.0.get(which as usize).copied().filter(|number| !number.is_nan())
    }

    fn flag(&self, which: Number) -> Option<bool> {
        self.get(which).map(|flag| flag != 0.0)
    }

    fn bound(&self, which: Number) -> Option<Option<Duration>> {
        self.get(which).map(duration)
    }
}

/// The configuration that these settings make.
pub(super) fn config(settings: &SessionSettings) -> Result<Config> {
    let mut config = Config::new();
    config.headers = headers(settings)?;
    let numbers = Numbers::of(settings);
    if let Some(limit) = numbers.get(Number::Limit) {
        config.limit = limit as usize;
    }
    config.limit_per_host = numbers.get(Number::LimitPerHost).map(|limit| limit as usize);
    if let (Some(requests), Some(per)) = (numbers.get(Number::RateRequests), numbers.bound(Number::RatePer)) {
        config = config.rate(requests as u32, per.unwrap_or_default());
    }
    config.options = options(settings, &numbers)?;
    #[cfg(feature = "digest")]
    let config = config.hop_middleware(super::digest::Logins::default());
    Ok(config)
}

/// The request that was asked for.
pub(super) fn request(asked: &Asked) -> Result<Request> {
    let method = asked.method();
    let method = Method::from_bytes(method.as_deref().unwrap_or("GET").as_bytes()).map_err(|_| {
        Error::new(ErrorKind::InvalidOption { option: "method" }).with_message("it is no HTTP method")
    })?;
    let mut request = Request::new(method, Url::parse(&asked.url())?);
    request.headers = headers(asked)?;
    let body = asked.body();
    if let Some(text) = body.as_string() {
        request.body = text.into();
    } else if let Some(bytes) = body.dyn_ref::<Uint8Array>() {
        request.body = bytes.to_vec().into();
    } else if !body.is_undefined() {
        request.body = handed::body(body);
    }
    let options = options(asked, &Numbers::of(asked))?;
    // What is urgent to the platform is so in our own line, too.
    request.priority = match options.browser.as_ref().and_then(|browser| browser.priority) {
        Some(Priority::High) => 1,
        Some(Priority::Low) => -1,
        _ => 0,
    };
    request.options = options.into();
    #[cfg(feature = "digest")]
    if let Some(login) = asked.digest() {
        super::digest::give(&mut request, login);
    }
    Ok(request)
}

fn headers(settings: &Settings) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(&settings.headers().unwrap_or_default()) {
        let (name, value) = header(name, &byte_string(name, value)?)?;
        append(&mut headers, name, value)?;
    }
    Ok(headers)
}

fn options(settings: &Settings, numbers: &Numbers) -> Result<Options> {
    Ok(Options {
        timeout: Timeout {
            total: numbers.bound(Number::TimeoutTotal),
            wall: numbers.bound(Number::TimeoutWall),
            queue: numbers.bound(Number::TimeoutQueue),
            connect: numbers.bound(Number::TimeoutConnect),
            headers: numbers.bound(Number::TimeoutHeaders),
            read: numbers.bound(Number::TimeoutRead),
        },
        redirect_policy: numbers.get(Number::Redirect).and_then(|at| redirect_policy(at, settings)),
        max_redirects: numbers.get(Number::MaxRedirects).map(|limit| limit as u32),
        max_body: numbers.get(Number::MaxBody).map(|limit| limit.is_finite().then_some(limit as u64)),
        raise_for_status: numbers.flag(Number::RaiseForStatus).map(Into::into),
        retry: numbers.get(Number::RetryAttempts).map(|attempts| retry(attempts as u32, numbers)),
        transport: Transport {
            max_headers: numbers.get(Number::MaxHeaders).map(|fields| fields as usize),
            max_header_bytes: numbers.get(Number::MaxHeaderBytes).map(|bytes| bytes as usize),
            ..Transport::default()
        },
        browser: browser(settings, numbers)?,
        ..Options::default()
    })
}

fn redirect_policy(at: f64, settings: &Settings) -> Option<RedirectPolicy> {
    if let Some(known) = REDIRECTS.get(at as usize) {
        return Some(known());
    }
    let decide = settings.decide()?;
    Some(RedirectPolicy::by(move |redirect| {
        let (from, to, method) = (redirect.from.as_str(), redirect.to.as_str(), redirect.method.as_str());
        let arguments = [redirect.status.as_u16().into(), from.into(), to.into(), method.into()];
        match decide.apply(&JsValue::NULL, &Array::of(&arguments)).ok().and_then(|said| said.as_f64()) {
            Some(0.0) => RedirectAction::Stop,
            Some(1.0) => RedirectAction::Follow,
            _ => RedirectAction::Refuse,
        }
    }))
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

fn retry(attempts: u32, numbers: &Numbers) -> Option<Retry> {
    if attempts <= 1 {
        return None;
    }
    let retry = Retry::standard().attempts(attempts);
    let pause = |which| numbers.bound(which).map(|pause| pause.unwrap_or(Duration::MAX));
    Some(match (pause(Number::RetryBase), pause(Number::RetryCap)) {
        (Some(base), Some(cap)) => retry.backoff(base, cap),
        _ => retry,
    })
}

fn browser(settings: &Settings, numbers: &Numbers) -> Result<Option<Arc<BrowserOptions>>> {
    let (words, keepalive) = (settings.words(), numbers.flag(Number::Keepalive));
    if words.is_none() && keepalive.is_none() {
        return Ok(None);
    }
    let mut options = BrowserOptions { keepalive, ..BrowserOptions::default() };
    for (name, word) in pairs(&words.unwrap_or_default()) {
        match name {
            "cache" => options.cache = Some(word.parse()?),
            "credentials" => options.credentials = Some(word.parse()?),
            "integrity" => options.integrity = Some(word.to_owned()),
            "mode" => options.mode = Some(word.parse()?),
            "priority" => options.priority = Some(word.parse()?),
            "referrer" => options.referrer = Some(word.to_owned()),
            "referrerPolicy" => options.referrer_policy = Some(word.parse()?),
            _ => {}
        }
    }
    Ok(Some(Arc::new(options)))
}
