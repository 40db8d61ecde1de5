//! What ends a call early: the caller's abort signal, and the session's being closed.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use futures_util::task::AtomicWaker;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// A `Relay` of `pkg/src/relay.js`: one listener on an `AbortSignal`, however many calls it may end. Run-times
    /// warn of a leak when one signal has many listeners.
    #[derive(Clone)]
    pub type Signal;

    #[wasm_bindgen(method, getter)]
    fn aborted(this: &Signal) -> bool;
    #[wasm_bindgen(method, getter)]
    fn reason(this: &Signal) -> JsValue;
    #[wasm_bindgen(method)]
    fn add(this: &Signal, listener: &JsValue);
    #[wasm_bindgen(method)]
    fn remove(this: &Signal, listener: &JsValue);
}

/// All that may end one call.
#[derive(Clone)]
pub(super) struct Signals {
    closing: Signal,
    caller: Option<Signal>,
}

impl Signals {
    pub(super) fn new(closing: &Signal, caller: Option<Signal>) -> Self {
        Self { closing: closing.clone(), caller }
    }

    /// The reason of the one that has fired, the caller's own first.
    pub(super) fn reason(&self) -> Option<JsValue> {
        self.all().find(|signal| signal.aborted()).map(Signal::reason)
    }

    /// Calls this when one fires, at most once for each, until the listener is dropped.
    pub(super) fn listen(&self, fired: impl FnMut() + 'static) -> Listener {
        let closure = Closure::<dyn FnMut()>::new(fired);
        for signal in self.all() {
            signal.add(closure.as_ref());
        }
        Listener { signals: self.clone(), closure }
    }

    /// This work, unless a signal fires first: then its reason. The work is dropped either way when this ends.
    pub(super) async fn race<T>(&self, work: impl Future<Output = Result<T, JsValue>>) -> Result<T, JsValue> {
        if let Some(reason) = self.reason() {
            return Err(reason);
        }
        let fired = Rc::new((Cell::new(false), AtomicWaker::new()));
        let _listener = self.listen({
            let fired = Rc::clone(&fired);
            move || {
                fired.0.set(true);
                fired.1.wake();
            }
        });
        let mut work = pin!(work);
        poll_fn(|cx| {
            fired.1.register(cx.waker());
            match fired.0.get().then(|| self.reason()).flatten() {
                Some(reason) => Poll::Ready(Err(reason)),
                None => work.as_mut().poll(cx),
            }
        })
        .await
    }

    fn all(&self) -> impl Iterator<Item = &Signal> {
        self.caller.iter().chain([&self.closing])
    }
}

/// Heard until it is dropped.
pub(super) struct Listener {
    signals: Signals,
    closure: Closure<dyn FnMut()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        for signal in self.signals.all() {
            signal.remove(self.closure.as_ref());
        }
    }
}
