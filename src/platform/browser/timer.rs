//! Timers: one `setTimeout` at a time for all of them, since most never come to their end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use js_sys::Function;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::globals;

/// What `setTimeout` can wait for at most, in milliseconds; longer waits are made of several.
const LONGEST: u128 = i32::MAX as u128;

/// All that wait on this clock.
#[derive(Clone)]
pub(super) struct Timers(Rc<RefCell<Queue>>);

struct Queue {
    /// By time, and by number where times are the same.
    waiting: BTreeMap<Key, Waker>,
    next: u64,
    /// The timeout that is set, and when it is due.
    set: Option<(JsValue, Duration)>,
    ring: Closure<dyn FnMut()>,
}

type Key = (Duration, u64);

impl Timers {
    pub(super) fn sleep_until(&self, at: Duration) -> Sleep {
        Sleep { timers: self.clone(), at, waits: None }
    }

    /// Wakes what is due and sets the timeout for the rest.
    fn ring(&self) {
        let mut due = Vec::new();
        {
            let mut queue = self.0.borrow_mut();
            queue.set = None;
            let now = globals::now();
            while let Some(first) = queue.waiting.first_entry()
                && first.key().0 <= now
            {
                due.push(first.remove());
            }
            queue.arrange(now);
        }
        // A waker may run what sets or drops timers.
        due.into_iter().for_each(Waker::wake);
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self(Rc::new_cyclic(|timers: &Weak<RefCell<Queue>>| {
            let timers = Weak::clone(timers);
            let ring = Closure::new(move || {
                if let Some(timers) = timers.upgrade() {
                    Self(timers).ring();
                }
            });
            RefCell::new(Queue { waiting: BTreeMap::new(), next: 0, set: None, ring })
        }))
    }
}

impl Queue {
    /// A timeout that is due no later than the first that waits; none when nobody waits, or it would keep a program
    /// alive that has nothing left to do.
    fn arrange(&mut self, now: Duration) {
        let first = self.waiting.first_key_value().map(|((at, _), _)| *at);
        match (first, &self.set) {
            (None, None) => {}
            (None, Some(_)) => self.unset(),
            (Some(at), Some((_, due))) if *due <= at => {}
            (Some(at), _) => {
                self.unset();
                let left = at.saturating_sub(now).as_nanos().div_ceil(1_000_000).min(LONGEST);
                let ring: &Function = self.ring.as_ref().unchecked_ref();
                let timeout = globals::set_timeout(ring, i32::try_from(left).unwrap_or(i32::MAX));
                self.set = Some((timeout, at));
            }
        }
    }

    fn unset(&mut self) {
        if let Some((timeout, _)) = self.set.take() {
            globals::clear_timeout(&timeout);
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.unset();
    }
}

/// A timer that can be set again.
pub struct Sleep {
    timers: Timers,
    at: Duration,
    waits: Option<Key>,
}

impl Sleep {
    fn stop_waiting(&mut self) {
        if let Some(key) = self.waits.take() {
            let mut queue = self.timers.0.borrow_mut();
            queue.waiting.remove(&key);
            if queue.waiting.is_empty() {
                queue.unset();
            }
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let now = globals::now();
        if now >= self.at {
            self.stop_waiting();
            return Poll::Ready(());
        }
        let this = &mut *self;
        let mut queue = this.timers.0.borrow_mut();
        // Where the timer rang early its place is gone, and a new one is taken.
        if let Some(waker) = this.waits.and_then(|key| queue.waiting.get_mut(&key)) {
            waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        let key = (this.at, queue.next);
        queue.next += 1;
        queue.waiting.insert(key, cx.waker().clone());
        queue.arrange(now);
        this.waits = Some(key);
        Poll::Pending
    }
}

impl crate::platform::Sleep for Sleep {
    fn reset(mut self: Pin<&mut Self>, at: Duration) {
        self.stop_waiting();
        self.at = at;
    }

    fn rest(mut self: Pin<&mut Self>) {
        self.stop_waiting();
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.stop_waiting();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("at", &self.at).finish_non_exhaustive()
    }
}
