//! What every run-time has in its global scope, and which run-time this is.

use std::time::Duration;

use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::RequestInit;

#[wasm_bindgen]
extern "C" {
    pub(super) type Scope;
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    pub(super) static SCOPE: Scope;
    #[wasm_bindgen(method, getter, structural)]
    pub(super) fn fetch(this: &Scope) -> Fetch;

    /// The global `fetch`, or one of the caller's own.
    #[derive(Clone)]
    pub(super) type Fetch;
    /// The function with its first argument.
    #[wasm_bindgen(method, structural, catch)]
    pub(super) fn bind(this: &Fetch, this_value: &JsValue, url: &str) -> Result<Function, JsValue>;

    /// A promise of what the function is called with.
    pub(super) type Init;
    #[wasm_bindgen(method)]
    pub(super) fn then(this: &Init, fetch: &Function) -> JsValue;

    #[wasm_bindgen(js_name = setTimeout)]
    pub(super) fn set_timeout(run: &Function, milliseconds: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    pub(super) fn clear_timeout(timeout: &JsValue);

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn get_random_values(into: &Uint8Array) -> Result<JsValue, JsValue>;

    /// What `fetch` is given, made only to see what it makes of header fields and options.
    #[wasm_bindgen(js_name = Request)]
    pub(super) type Asked;
    #[wasm_bindgen(constructor, js_class = "Request", catch)]
    pub(super) fn new(url: &str, init: &RequestInit) -> Result<Asked, JsValue>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn headers(this: &Asked) -> Fields;

    /// A `Headers`, whosever class it is of: a `fetch` of the caller's own may bring its own.
    pub(super) type Fields;
    #[wasm_bindgen(method, structural, catch)]
    pub(super) fn has(this: &Fields, name: &str) -> Result<bool, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    pub(super) fn entries(this: &Fields) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = Array, js_name = from, catch)]
    pub(super) fn array_from(entries: &JsValue) -> Result<Array, JsValue>;

    /// A `Response`, whosever class it is of. Nothing is sure of it.
    pub(super) type Answer;
    #[wasm_bindgen(method, getter, structural, catch)]
    pub(super) fn status(this: &Answer) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = type)]
    pub(super) fn kind(this: &Answer) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch)]
    pub(super) fn url(this: &Answer) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = headers)]
    pub(super) fn fields(this: &Answer) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch)]
    pub(super) fn body(this: &Answer) -> Result<JsValue, JsValue>;

    /// A `ReadableStream`.
    pub(super) type Stream;
    #[wasm_bindgen(method, structural, catch, js_name = getReader)]
    pub(super) fn reader(this: &Stream) -> Result<Reader, JsValue>;

    /// A `ReadableStreamDefaultReader`.
    pub(super) type Reader;
    #[wasm_bindgen(method, structural, catch)]
    pub(super) fn read(this: &Reader) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    pub(super) fn cancel(this: &Reader) -> Result<JsValue, JsValue>;

    /// What a reader's promise gives.
    pub(super) type Read;
    #[wasm_bindgen(method, getter, structural, catch)]
    pub(super) fn done(this: &Read) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch)]
    pub(super) fn value(this: &Read) -> Result<JsValue, JsValue>;
}

/// Where this runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runtime {
    /// A page or one of its workers.
    Browser,
    /// Node, or a run-time that passes itself off as one.
    Node,
    /// Another run-time of servers.
    Other,
}

impl Runtime {
    /// Its name in errors.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Node => "node",
            Self::Other => "javascript",
        }
    }
}

/// Told by what only one of them has. A page that brings a `process` for its libraries stays a page.
pub(super) fn runtime() -> Runtime {
    let global = SCOPE.with(|scope| JsValue::clone(scope));
    let versions = field(&field(&global, "process"), "versions");
    let is_class = |name: &str| field(&global, name).is_function();
    if field(&versions, "node").is_string() && !is_class("WorkerGlobalScope") && !is_class("Window") {
        return Runtime::Node;
    }
    // Deno's workers have a WorkerGlobalScope, and workerd has one too; each says who it is.
    let agent = field(&field(&global, "navigator"), "userAgent").as_string().unwrap_or_default();
    let serves =
        ["Cloudflare-Workers", "Deno/", "Bun/", "Node.js/"].iter().any(|name| agent.starts_with(name));
    match !serves && (is_class("WorkerGlobalScope") || is_class("Window")) {
        true => Runtime::Browser,
        false => Runtime::Other,
    }
}

/// A field of anything; undefined where there is none, or where reading it throws.
pub(super) fn field(of: &JsValue, name: &str) -> JsValue {
    match of.is_object() {
        true => Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED),
        false => JsValue::UNDEFINED,
    }
}

/// A clock that never goes back, from when the page or program began.
pub(super) fn now() -> Duration {
    super::tasks::now(|| milliseconds(performance_now()))
}

/// So many milliseconds; nothing for what is no number of them.
pub(super) fn milliseconds(count: f64) -> Duration {
    Duration::try_from_secs_f64(count / 1000.0).unwrap_or_default()
}

/// When it is, since 1970, by a date in one of the three forms that HTTP has. The platform reads them, and many others.
pub(super) fn http_date(text: &str) -> Option<Duration> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let looks_right = DAYS.contains(&text.get(..3)?) && text.split(':').count() == 3;
    // The oldest form names no zone and means this one.
    let zone = if text.ends_with("GMT") { "" } else { " GMT" };
    let at = js_sys::Date::parse(&format!("{text}{zone}"));
    (looks_right && at >= 0.0).then(|| milliseconds(at))
}

/// Eight random bytes: the platform's best, or `Math.random` where that is closed.
pub(crate) fn random() -> u64 {
    let bytes = Uint8Array::new_with_length(8);
    if get_random_values(&bytes).is_err() {
        return (js_sys::Math::random() * u64::MAX as f64) as u64;
    }
    let mut random = [0; 8];
    bytes.copy_to(&mut random);
    u64::from_le_bytes(random)
}

/// Name and value pairs as `fetch` takes them, duplicates joined as it would join them.
pub(super) fn fields_of<'a>(fields: impl Iterator<Item = (&'a str, String)>) -> Array {
    fields.map(|(name, value)| Array::of2(&name.into(), &value.into())).collect()
}

/// Sets a field that `RequestInit` has no setter for here.
pub(super) fn set(init: &RequestInit, name: &str, value: &JsValue) {
    // It is a plain object of ours: nothing can refuse this.
    let _ = Reflect::set(init.unchecked_ref::<Object>(), &name.into(), value);
}
