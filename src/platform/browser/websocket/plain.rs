//! The platform's `WebSocket` itself.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::prelude::*;

use crate::error::Result;

use super::super::failure;

#[wasm_bindgen]
extern "C" {
    /// A `WebSocket`, whosever class it is of: one that a caller brings has the same properties.
    #[derive(Clone)]
    pub(super) type Plain;
    #[wasm_bindgen(method, setter, structural, catch, js_name = binaryType)]
    fn set_binary_type(this: &Plain, name: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, setter, structural, catch, js_name = onopen)]
    fn set_on_open(this: &Plain, run: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, setter, structural, catch, js_name = onmessage)]
    fn set_on_message(this: &Plain, run: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, setter, structural, catch, js_name = onerror)]
    fn set_on_error(this: &Plain, run: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, setter, structural, catch, js_name = onclose)]
    fn set_on_close(this: &Plain, run: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, getter, structural, js_name = protocol)]
    fn chosen(this: &Plain) -> JsValue;
    #[wasm_bindgen(method, getter, structural, js_name = bufferedAmount)]
    fn unsent(this: &Plain) -> JsValue;
    #[wasm_bindgen(method, getter, structural, js_name = readyState)]
    fn ready_state(this: &Plain) -> JsValue;
    #[wasm_bindgen(method, structural, catch, js_name = send)]
    fn send_plain(this: &Plain, data: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = close)]
    fn close_plain(this: &Plain) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = close)]
    fn close_with(this: &Plain, code: u16, reason: &str) -> Result<(), JsValue>;

    /// An event at it, of any kind.
    pub(super) type Event;
    #[wasm_bindgen(method, getter, structural, js_name = type)]
    pub(super) fn kind(this: &Event) -> JsValue;
    #[wasm_bindgen(method, getter, structural)]
    pub(super) fn data(this: &Event) -> JsValue;
}

impl Plain {
    /// Begins to connect.
    pub(super) fn open(constructor: &Function, url: &str, protocols: &[String]) -> Result<Self> {
        let arguments = Array::of1(&url.into());
        if !protocols.is_empty() {
            arguments.push(&protocols.iter().map(JsValue::from).collect::<Array>());
        }
        let plain = Reflect::construct(constructor, &arguments).map_err(failure::network)?;
        if !plain.is_object() {
            return Err(failure::network("the constructor made no object".into()));
        }
        let plain: Self = plain.unchecked_into();
        plain.set_binary_type("arraybuffer").map_err(failure::network)?;
        Ok(plain)
    }

    /// From now on `message` is called with each message, and `other` with all else that happens.
    pub(super) fn attach(&self, message: &JsValue, other: &JsValue) -> Result<()> {
        self.set_on_open(other)
            .and_then(|()| self.set_on_error(other))
            .and_then(|()| self.set_on_close(other))
            .and_then(|()| self.set_on_message(message))
            .map_err(failure::network)
    }

    /// What was attached is called no more, whatever happens.
    pub(super) fn detach(&self, other: &JsValue) {
        let _ = self.set_on_open(&JsValue::NULL);
        let _ = self.set_on_message(&JsValue::NULL);
        let _ = self.set_on_close(&JsValue::NULL);
        // `Function.prototype` is a function that does nothing. Where none listens, classes that are Node's event emitters
        // throw the error.
        let nothing = Reflect::get_prototype_of(other).map_or(JsValue::NULL, JsValue::from);
        let _ = self.set_on_error(&nothing);
    }

    pub(super) fn protocol(&self) -> Option<String> {
        self.chosen().as_string().filter(|chosen| !chosen.is_empty())
    }

    /// In bytes: what was sent here and has not been handed to the network.
    pub(super) fn buffered(&self) -> f64 {
        self.unsent().as_f64().unwrap_or_default()
    }

    /// What is sent while it is not is dropped by the platform without a word.
    pub(super) fn is_open(&self) -> bool {
        self.ready_state().as_f64() == Some(1.0)
    }

    /// One of the two sides has begun to close it, and it has not ended yet.
    pub(super) fn is_closing(&self) -> bool {
        self.ready_state().as_f64() == Some(2.0)
    }

    /// It has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.ready_state().as_f64() == Some(3.0)
    }

    pub(super) fn send(&self, data: &JsValue) -> Result<()> {
        self.send_plain(data).map_err(failure::network)
    }

    /// Begins the closing handshake; while it connects, ends that.
    pub(super) fn close(&self, with: Option<(u16, &str)>) -> Result<()> {
        let closed = match with {
            None => self.close_plain(),
            Some((code, reason)) => self.close_with(code, reason),
        };
        closed.map_err(failure::network)
    }
}
