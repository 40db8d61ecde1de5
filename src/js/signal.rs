//! What ends a call early: the caller's abort signal, and the session's being closed.

use std::cell::{Cell, RefCell};
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

/// The session's being closed, which ends all of its calls: one listener, however many they are.
pub(super) struct Closing {
    signal: Signal,
    listening: Rc<Listening>,
    closure: Closure<dyn Fn()>,
}

/// What is to be called.
type Call = Box<dyn FnMut()>;

/// Whom to tell, by number; none at a free one.
#[derive(Default)]
struct Listening {
    listeners: RefCell<Vec<Option<Call>>>,
    free: RefCell<Vec<usize>>,
    has_fired: Cell<bool>,
}

impl Closing {
    pub(super) fn new(signal: Signal) -> Rc<Self> {
        let listening = Rc::new(Listening::default());
        listening.has_fired.set(signal.aborted());
        let closure = Closure::new({
            let listening = Rc::clone(&listening);
            move || listening.fire()
        });
        signal.add(closure.as_ref());
        Rc::new(Self { signal, listening, closure })
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.signal.remove(self.closure.as_ref());
    }
}

impl Listening {
    /// Each is told once. What one does may take others out.
    fn fire(&self) {
        self.has_fired.set(true);
        for number in 0.. {
            let listener = match self.listeners.borrow_mut().get_mut(number) {
                Some(listener) => listener.take(),
                None => return,
            };
            if let Some(mut told) = listener {
                told();
            }
        }
    }

    fn add(&self, listener: Call) -> usize {
        let mut listeners = self.listeners.borrow_mut();
        match self.free.borrow_mut().pop() {
            Some(free) => {
                listeners[free] = Some(listener);
                free
            }
            None => {
                listeners.push(Some(listener));
                listeners.len() - 1
            }
        }
    }

    fn remove(&self, number: usize) {
        // Dropped once nothing is borrowed.
        let _gone = self.listeners.borrow_mut()[number].take();
        self.free.borrow_mut().push(number);
    }
}

/// All that may end one call.
#[derive(Clone)]
pub(super) struct Signals {
    closing: Rc<Closing>,
    caller: Option<Signal>,
}

impl Signals {
    pub(super) fn new(closing: &Rc<Closing>, caller: Option<Signal>) -> Self {
        Self { closing: Rc::clone(closing), caller }
    }

    /// The reason of the one that has fired, the caller's own first.
    pub(super) fn reason(&self) -> Option<JsValue> {
        let caller = self.caller.as_ref().filter(|signal| signal.aborted());
        let closing = self.closing.listening.has_fired.get().then_some(&self.closing.signal);
        caller.or(closing).map(Signal::reason)
    }

    /// Calls this when one fires, at most once for each, until the listener is dropped.
    pub(super) fn listen(&self, fired: impl Fn() + 'static) -> Listener {
        let fired = Rc::new(fired);
        let caller = self.caller.clone().map(|signal| {
            let fired = Rc::clone(&fired);
            let closure = Closure::<dyn FnMut()>::new(move || fired());
            signal.add(closure.as_ref());
            (signal, closure)
        });
        let number = self.closing.listening.add(Box::new(move || fired()));
        Listener { closing: Rc::clone(&self.closing), number, caller }
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
}

/// Heard until it is dropped.
pub(super) struct Listener {
    closing: Rc<Closing>,
    number: usize,
    caller: Option<(Signal, Closure<dyn FnMut()>)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.closing.listening.remove(self.number);
        if let Some((signal, closure)) = &self.caller {
            signal.remove(closure.as_ref());
        }
    }
}
