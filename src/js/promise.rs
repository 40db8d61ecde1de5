//! Futures as promises.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use crate::maybe::BoxFuture;
use crate::platform::browser::tasks;

/// What a promise is to give, or to reject with. Boxed: what makes a promise is then in the wasm once, not once for each
/// kind of future.
type Given = BoxFuture<'static, Result<JsValue, JsValue>>;

#[wasm_bindgen]
extern "C" {
    type Settle;
    #[wasm_bindgen(method)]
    fn call(this: &Settle, this_value: &JsValue, value: &JsValue);
}

/// A promise of what the future gives, which runs from the next microtask on.
pub(super) fn of(future: Given) -> Promise {
    begun(future, tasks::spawn)
}

/// [`of`], by [`spawn_at_once`](tasks::spawn_at_once).
pub(super) fn at_once(future: Given) -> Promise {
    begun(future, tasks::spawn_at_once)
}

fn begun(future: Given, spawn: fn(BoxFuture<'static, ()>)) -> Promise {
    let mut future = Some(future);
    Promise::new(&mut |resolve, reject| {
        let Some(future) = future.take() else { return };
        spawn(Box::pin(async move {
            let (settle, value) = match future.await {
                Ok(value) => (resolve, value),
                Err(reason) => (reject, reason),
            };
            settle.unchecked_ref::<Settle>().call(&JsValue::UNDEFINED, &value);
        }));
    })
}
