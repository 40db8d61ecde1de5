//! Timers: one `setTimeout` at a time for all of them, since most never come to their end.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use js_sys::Function;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::{globals, tasks};

/// All that wait on this clock.
#[derive(Clone)]
pub(super) struct Timers(Rc<RefCell<Queue>>);

struct Queue {
    /// When each place is due, the earliest first. Who waits no more leaves its entry behind: to find it costs more than
    /// to pass over it once it comes first.
    order: BinaryHeap<Reverse<(Duration, usize)>>,
    places: Vec<Place>,
    free: Vec<usize>,
    /// The timeout that is set, and when it is due.
    set: Option<(JsValue, Duration)>,
    ring: Closure<dyn FnMut()>,
}

/// What one timer has from when it first waits until it no longer does.
struct Place {
    at: Duration,
    /// Until it has rung.
    waker: Option<Waker>,
}

/// So many entries left behind are no reason yet to clear up.
const LEFT_BEHIND: usize = 64;

impl Timers {
    pub(super) fn sleep_until(&self, at: Duration) -> Sleep {
        Sleep { timers: self.clone(), at, waits: None }
    }

    /// Wakes what is due and sets the timeout for the rest.
    fn ring(&self) {
        tasks::none_is_running();
        let mut due = Vec::new();
        {
            let mut queue = self.0.borrow_mut();
            queue.set = None;
            let now = globals::now();
            while let Some((at, place)) = queue.first()
                && at <= now
            {
                due.extend(queue.places[place].waker.take());
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
            let order = BinaryHeap::new();
            RefCell::new(Queue { order, places: Vec::new(), free: Vec::new(), set: None, ring })
        }))
    }
}

impl Queue {
    /// Takes a place for one that waits until then, and gives its number.
    fn enter(&mut self, at: Duration, waker: &Waker) -> usize {
        let entry = Place { at, waker: Some(waker.clone()) };
        let place = match self.free.pop() {
            Some(free) => {
                self.places[free] = entry;
                free
            }
            None => {
                self.places.push(entry);
                self.places.len() - 1
            }
        };
        self.order.push(Reverse((at, place)));
        place
    }

    fn leave(&mut self, place: usize) {
        self.places[place].waker = None;
        self.free.push(place);
        let taken = self.places.len() - self.free.len();
        if taken == 0 {
            self.unset();
        }
        if self.order.len() > 2 * taken + LEFT_BEHIND {
            let waiting = self.places.iter().enumerate().filter(|(_, place)| place.waker.is_some());
            self.order = waiting.map(|(number, place)| Reverse((place.at, number))).collect();
        }
    }

    /// Who is due first, and when.
    fn first(&mut self) -> Option<(Duration, usize)> {
        while let Some(Reverse((at, place))) = self.order.peek() {
            if self.places[*place].waits_until(*at) {
                return Some((*at, *place));
            }
            self.order.pop();
        }
        None
    }

    /// A timeout that is due no later than the first that waits; none when nobody waits, or it would keep a program
    /// alive that has nothing left to do.
    fn arrange(&mut self, now: Duration) {
        match (self.first(), &self.set) {
            (None, None) => {}
            (None, Some(_)) => self.unset(),
            (Some((at, _)), Some((_, due))) if *due <= at => {}
            (Some((at, _)), _) => {
                self.unset();
                let left = (at.saturating_sub(now).as_secs_f64() * 1e3).ceil();
                let ring: &Function = self.ring.as_ref().unchecked_ref();
                // At most as much as `setTimeout` takes; longer waits are made of several.
                let timeout = globals::set_timeout(ring, left as i32);
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

impl Place {
    fn waits_until(&self, at: Duration) -> bool {
        self.waker.is_some() && self.at == at
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
    /// Its place in the queue.
    waits: Option<usize>,
}

impl Sleep {
    fn stop_waiting(&mut self) {
        if let Some(place) = self.waits.take() {
            self.timers.0.borrow_mut().leave(place);
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
        if let Some(place) = self.waits {
            let mut queue = self.timers.0.borrow_mut();
            if let Some(waker) = &mut queue.places[place].waker {
                waker.clone_from(cx.waker());
                return Poll::Pending;
            }
        }
        // Not waiting yet, or it rang early.
        self.stop_waiting();
        let mut queue = self.timers.0.borrow_mut();
        let place = queue.enter(self.at, cx.waker());
        queue.arrange(now);
        drop(queue);
        self.waits = Some(place);
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
