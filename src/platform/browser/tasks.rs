//! Tasks, and the platform's promises as futures.
//!
//! `js_sys::futures` would do the same. But it makes two closures for each promise that is awaited, and the platform
//! has to keep a book on each of them; here a few functions serve one promise after the other. And what a promise wakes
//! runs at once there and then, not in a turn of its own.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;

use crate::maybe::BoxFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(run: &JsValue);

    type Settle;
    #[wasm_bindgen(method)]
    fn bind(this: &Settle, this_value: &JsValue, slot: u32, round: u32, rejects: bool) -> Function;

    type Then;
    #[wasm_bindgen(method)]
    fn call(this: &Then, promise: &Promise, fulfilled: &Function, rejected: &Function);
}

thread_local! {
    static TASKS: Tasks = Tasks::new();
}

/// Runs this beside all else, from the next microtask on.
pub(crate) fn spawn(task: BoxFuture<'static, ()>) {
    TASKS.with(|tasks| {
        tasks.add(task);
        tasks.schedule();
    });
}

/// [`spawn`], but what can be done at once is done before this returns, and so is all else that is ready. Only for where
/// nothing is held that JavaScript, which this may call, could want.
#[cfg(feature = "js")]
pub(crate) fn spawn_at_once(task: BoxFuture<'static, ()>) {
    TASKS.with(|tasks| {
        tasks.add(task);
        match tasks.is_running.get() {
            // Called by what is being polled, or so it was before an exception.
            true => tasks.schedule(),
            false => tasks.run(),
        }
    });
}

/// Nothing is under way when the platform's own loop calls, whatever an exception has left behind.
pub(super) fn none_is_running() {
    TASKS.with(|tasks| tasks.is_running.set(false));
}

/// The clock, which stands still while a task is polled: asking for it costs more than what is asked for it.
pub(super) fn now(clock: fn() -> Duration) -> Duration {
    TASKS.with(|tasks| match (tasks.is_running.get(), tasks.now.get()) {
        (true, Some(now)) => now,
        _ => {
            let now = clock();
            tasks.now.set(Some(now));
            now
        }
    })
}

// --- tasks -----------------------------------------------------------------------------------------------------------

struct Tasks {
    /// By number; none at a free number, nor while it is polled.
    all: RefCell<Vec<Option<BoxFuture<'static, ()>>>>,
    free: RefCell<Vec<usize>>,
    /// What has been woken, in this order.
    ready: RefCell<Vec<Arc<Handle>>>,
    /// What was ready when the last of these had been polled, from last to first.
    next: RefCell<Vec<Arc<Handle>>>,
    /// An exception that ends a run leaves it set.
    is_running: Cell<bool>,
    /// A microtask that runs what is ready is on its way.
    is_scheduled: Cell<bool>,
    run: Closure<dyn Fn()>,
    now: Cell<Option<Duration>>,
    slots: Slots,
}

/// What wakes a task. One that has ended may wake another that has its number, which does no harm.
struct Handle {
    number: usize,
    is_ready: AtomicBool,
}

impl Tasks {
    fn new() -> Self {
        Self {
            all: RefCell::default(),
            free: RefCell::default(),
            ready: RefCell::default(),
            next: RefCell::default(),
            is_running: Cell::new(false),
            is_scheduled: Cell::new(false),
            run: Closure::new(|| {
                TASKS.with(|tasks| {
                    tasks.is_scheduled.set(false);
                    tasks.run();
                });
            }),
            now: Cell::new(None),
            slots: Slots::new(),
        }
    }

    fn add(&self, task: BoxFuture<'static, ()>) {
        let mut all = self.all.borrow_mut();
        let number = self.free.borrow_mut().pop().unwrap_or_else(|| {
            all.push(None);
            all.len() - 1
        });
        all[number] = Some(task);
        let handle = Handle { number, is_ready: AtomicBool::new(true) };
        self.ready.borrow_mut().push(Arc::new(handle));
    }

    /// What is ready will run, though an exception should end the run that is under way.
    fn schedule(&self) {
        if !self.is_scheduled.replace(true) {
            queue_microtask(self.run.as_ref());
        }
    }

    /// Polls what is ready until nothing is. Only for where no other run can be under way: one that is marked as such
    /// has ended by an exception.
    fn run(&self) {
        self.is_running.set(true);
        loop {
            // Kept here and not on the stack: an exception that ends this run must not take the others along.
            let next = self.next.borrow_mut().pop();
            if let Some(handle) = next {
                self.poll(handle);
                continue;
            }
            let mut ready = self.ready.take();
            if ready.is_empty() {
                break;
            }
            ready.reverse();
            self.next.replace(ready);
        }
        self.is_running.set(false);
    }

    fn poll(&self, handle: Arc<Handle>) {
        handle.is_ready.store(false, Ordering::Relaxed);
        self.now.set(None);
        let number = handle.number;
        let task = self.all.borrow_mut()[number].take();
        let Some(mut task) = task else { return };
        let waker = Waker::from(handle);
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => self.all.borrow_mut()[number] = Some(task),
            Poll::Ready(()) => {
                drop(task);
                self.free.borrow_mut().push(number);
            }
        }
    }
}

impl Wake for Handle {
    fn wake(self: Arc<Self>) {
        if !self.is_ready.swap(true, Ordering::Relaxed) {
            TASKS.with(|tasks| {
                tasks.ready.borrow_mut().push(self);
                tasks.schedule();
            });
        }
    }
}

// --- promises --------------------------------------------------------------------------------------------------------

/// What a promise, or anything else, comes to.
pub(crate) struct Awaited {
    slot: usize,
}

impl Awaited {
    /// As `await` would take it: what is no promise is its own value.
    pub(crate) fn new(value: &JsValue) -> Self {
        let promise = Promise::resolve(value);
        TASKS.with(|tasks| tasks.slots.wait_for(&promise))
    }
}

impl Future for Awaited {
    type Output = Result<JsValue, JsValue>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        TASKS.with(|tasks| {
            let state = &mut tasks.slots.all.borrow_mut()[self.slot].state;
            match state {
                State::Waiting(Some(waker)) => waker.clone_from(cx.waker()),
                State::Waiting(none) => *none = Some(cx.waker().clone()),
                State::Settled(_) | State::Taken => {
                    if let State::Settled(result) = std::mem::replace(state, State::Taken) {
                        return Poll::Ready(result);
                    }
                }
            }
            Poll::Pending
        })
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        // Its value and functions are let go of once nothing is borrowed.
        let _gone = TASKS.with(|tasks| tasks.slots.leave(self.slot));
    }
}

struct Slots {
    all: RefCell<Vec<Slot>>,
    free: RefCell<Vec<usize>>,
    settle: Closure<dyn Fn(u32, u32, bool, JsValue)>,
    /// The platform's own, which calls back once and from a microtask; a promise may have one of the caller's.
    then: Then,
}

/// What one promise after the other is awaited by.
struct Slot {
    state: State,
    /// Counts up when a promise is left that may yet settle.
    round: u32,
    /// What is to be called with a value, and with a reason. A promise calls one of them once.
    settle: Option<Rc<(Function, Function)>>,
}

enum State {
    Waiting(Option<Waker>),
    Settled(Result<JsValue, JsValue>),
    Taken,
}

impl Slots {
    fn new() -> Self {
        let settle = Closure::new(|slot, round, rejects, value| {
            let result = if rejects { Err(value) } else { Ok(value) };
            let waker = TASKS.with(|tasks| tasks.slots.settle(slot, round, result));
            if let Some(waker) = waker {
                // A promise calls from a microtask of its own: no other run is under way, and no other microtask is
                // needed.
                TASKS.with(|tasks| {
                    let is_scheduled = tasks.is_scheduled.replace(true);
                    waker.wake();
                    tasks.is_scheduled.set(is_scheduled);
                    tasks.run();
                });
            }
        });
        let then = Reflect::get(&Promise::resolve(&JsValue::UNDEFINED), &"then".into()).unwrap_or_default();
        Self { all: RefCell::default(), free: RefCell::default(), settle, then: then.unchecked_into() }
    }

    fn wait_for(&self, promise: &Promise) -> Awaited {
        let mut all = self.all.borrow_mut();
        let number = self.free.borrow_mut().pop().unwrap_or_else(|| {
            all.push(Slot { state: State::Taken, round: 0, settle: None });
            all.len() - 1
        });
        let slot = &mut all[number];
        slot.state = State::Waiting(None);
        let round = slot.round;
        let settle = Rc::clone(slot.settle.get_or_insert_with(|| {
            let settle: &Settle = self.settle.as_ref().unchecked_ref();
            let bound = |rejects| settle.bind(&JsValue::UNDEFINED, number as u32, round, rejects);
            Rc::new((bound(false), bound(true)))
        }));
        // It may look up a constructor of the caller's.
        drop(all);
        self.then.call(promise, &settle.0, &settle.1);
        Awaited { slot: number }
    }

    /// Who waits for it.
    fn settle(&self, slot: u32, round: u32, result: Result<JsValue, JsValue>) -> Option<Waker> {
        let mut all = self.all.borrow_mut();
        let slot = all.get_mut(slot as usize).filter(|slot| slot.round == round)?;
        match std::mem::replace(&mut slot.state, State::Settled(result)) {
            State::Waiting(waker) => waker,
            _ => None,
        }
    }

    fn leave(&self, number: usize) -> (State, Option<Rc<(Function, Function)>>) {
        let mut all = self.all.borrow_mut();
        let slot = &mut all[number];
        let state = std::mem::replace(&mut slot.state, State::Taken);
        let settle = match state {
            State::Waiting(_) => {
                slot.round = slot.round.wrapping_add(1);
                slot.settle.take()
            }
            _ => None,
        };
        self.free.borrow_mut().push(number);
        (state, settle)
    }
}
