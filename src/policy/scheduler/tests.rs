#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

const START: Duration = Duration::from_secs(1_000);

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// One request's place in line, with a bell of its own.
struct Waiter {
    acquire: Acquire,
    bell: Arc<Bell>,
}

impl Waiter {
    fn new(scheduler: &Arc<Scheduler>, origin: &str) -> Self {
        Self::with(scheduler, ticket(origin))
    }

    fn with(scheduler: &Arc<Scheduler>, ticket: Ticket) -> Self {
        Self { acquire: scheduler.acquire(ticket), bell: Arc::default() }
    }

    fn poll(&mut self, now: Duration) -> Poll<Result<Permit, Refused>> {
        let waker = Waker::from(Arc::clone(&self.bell));
        self.acquire.poll(&mut Context::from_waker(&waker), now)
    }

    fn permit(&mut self) -> Option<Permit> {
        match self.poll(START) {
            Poll::Ready(permit) => Some(permit.expect("not revoked")),
            Poll::Pending => None,
        }
    }

    fn was_woken(&self) -> bool {
        self.bell.0.swap(0, Ordering::SeqCst) > 0
    }
}

fn ticket(origin: &str) -> Ticket {
    Ticket {
        origin: origin.into(),
        priority: 0,
        front: false,
        not_before: None,
        total_left: None,
        wall_at: None,
    }
}

/// Polls all waiters once and gives the names of those that were granted a permit, and the permits.
fn granted<'a>(waiters: &mut Vec<(&'a str, Waiter)>) -> (Vec<&'a str>, Vec<Permit>) {
    let mut names = Vec::new();
    let mut permits = Vec::new();
    waiters.retain_mut(|(name, waiter)| match waiter.permit() {
        Some(permit) => {
            names.push(*name);
            permits.push(permit);
            false
        }
        None => true,
    });
    (names, permits)
}

#[test]
fn both_limits_are_kept() {
    let scheduler = Scheduler::new(Limits::new(3, 2));
    let mut waiters: Vec<_> =
        ["a", "a", "a", "b", "b"].into_iter().map(|host| (host, Waiter::new(&scheduler, host))).collect();
    let (names, permits) = granted(&mut waiters);
    assert_eq!(names, ["a", "a", "b"]);
    assert_eq!(scheduler.figures().in_flight, 3);
    assert_eq!(scheduler.figures().waiting, 2);
    drop(permits);
    assert_eq!(granted(&mut waiters).0, ["a", "b"]);
}

#[test]
fn zero_is_no_limit() {
    let scheduler = Scheduler::new(Limits::new(0, 0));
    let mut waiters: Vec<_> = (0..1_000).map(|_| ("a", Waiter::new(&scheduler, "a"))).collect();
    assert_eq!(granted(&mut waiters).1.len(), 1_000);
}

#[test]
fn a_crowded_host_does_not_hold_up_an_idle_one() {
    let scheduler = Scheduler::new(Limits::new(10, 1));
    let mut waiters: Vec<_> = (0..50).map(|_| ("busy", Waiter::new(&scheduler, "busy"))).collect();
    let (_, _held) = granted(&mut waiters);
    assert!(Waiter::new(&scheduler, "idle").permit().is_some());
}

#[test]
fn hosts_take_turns_and_each_keeps_its_order() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let first = Waiter::new(&scheduler, "x").permit();
    let mut waiters: Vec<_> = [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("c1", "c"), ("c2", "c")]
        .into_iter()
        .map(|(name, host)| (name, Waiter::new(&scheduler, host)))
        .collect();
    assert!(granted(&mut waiters).0.is_empty());
    drop(first);
    let mut order = Vec::new();
    while !waiters.is_empty() {
        order.extend(granted(&mut waiters).0);
    }
    assert_eq!(order, ["a1", "b1", "c1", "a2", "c2", "a3"]);
}

#[test]
fn a_higher_priority_goes_first_at_its_host() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let first = Waiter::new(&scheduler, "a").permit();
    let mut waiters: Vec<_> = [("low", -1), ("plain", 0), ("high", 5), ("high too", 5)]
        .into_iter()
        .map(|(name, priority)| (name, Waiter::with(&scheduler, Ticket { priority, ..ticket("a") })))
        .collect();
    assert!(granted(&mut waiters).0.is_empty());
    drop(first);
    let mut order = Vec::new();
    while !waiters.is_empty() {
        order.extend(granted(&mut waiters).0);
    }
    assert_eq!(order, ["high", "high too", "plain", "low"]);
}

#[test]
fn who_waited_before_goes_to_the_front() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let first = Waiter::new(&scheduler, "a").permit();
    let mut waiters: Vec<_> = [("new", false), ("redirected", true)]
        .into_iter()
        .map(|(name, front)| (name, Waiter::with(&scheduler, Ticket { front, ..ticket("a") })))
        .collect();
    assert!(granted(&mut waiters).0.is_empty());
    drop(first);
    assert_eq!(granted(&mut waiters).0, ["redirected"]);
}

#[test]
fn a_released_permit_wakes_whom_it_goes_to_and_nobody_else() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let first = Waiter::new(&scheduler, "a").permit();
    let mut waiters: Vec<_> = (0..4).map(|_| Waiter::new(&scheduler, "a")).collect();
    waiters.iter_mut().for_each(|waiter| assert!(waiter.permit().is_none()));
    drop(first);
    let second = waiters.remove(0).permit();
    // The first release also appoints the newest as the sentinel.
    waiters.iter_mut().for_each(|waiter| assert!(waiter.permit().is_none()));
    waiters.iter().for_each(|waiter| {
        waiter.was_woken();
    });
    drop(second);
    assert_eq!(waiters.iter().map(Waiter::was_woken).collect::<Vec<_>>(), [true, false, false]);
}

#[test]
fn a_cancelled_waiter_leaves_no_trace() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let first = Waiter::new(&scheduler, "a").permit();
    let mut waiting = Waiter::new(&scheduler, "b");
    assert!(waiting.permit().is_none());
    drop(waiting);
    let figures = scheduler.figures();
    assert_eq!((figures.waiting, figures.hosts.len()), (0, 1));
    drop(first);
    assert_eq!(scheduler.figures(), Figures::default());
}

#[test]
fn a_permit_granted_to_a_cancelled_waiter_goes_on() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let first = Waiter::new(&scheduler, "a").permit();
    let mut cancelled = Waiter::new(&scheduler, "a");
    let mut next = Waiter::new(&scheduler, "a");
    assert!(cancelled.permit().is_none());
    assert!(next.permit().is_none());
    drop(first);
    assert!(cancelled.was_woken());
    drop(cancelled);
    assert!(next.was_woken());
    assert!(next.permit().is_some());
}

#[test]
fn nobody_starts_before_its_time() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let at = START + Duration::from_secs(9);
    let mut later = Waiter::with(&scheduler, Ticket { not_before: Some(at), ..ticket("a") });
    assert!(later.poll(START).is_pending());
    assert_eq!(later.acquire.wake_at(), Some(at));
    assert_eq!(scheduler.figures().waiting, 0);
    assert!(later.poll(at).is_ready());
}

/// A response in a caller's hands.
#[derive(Default)]
struct Body {
    permit: Mutex<Option<Permit>>,
    revoked: AtomicUsize,
    asked: AtomicUsize,
}

impl Body {
    fn permit(&self) -> MutexGuard<'_, Option<Permit>> {
        self.permit.lock().expect("no panic")
    }
}

impl Holder for Body {
    fn revoke(&self, _: Phase) {
        self.revoked.fetch_add(1, Ordering::SeqCst);
        *self.permit() = None;
    }

    fn absorb(&self, _: &mut Context<'_>) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some(permit) = &*self.permit() {
            permit.not_absorbable();
        }
    }
}

fn hand_out(permit: Permit) -> Arc<Body> {
    let body = Arc::new(Body::default());
    let holder: Weak<dyn Holder> = Arc::<Body>::downgrade(&body) as _;
    permit.handed_out(holder, START);
    *body.permit() = Some(permit);
    body
}

#[test]
fn a_waiter_takes_back_a_permit_that_is_over_its_time() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let total = Duration::from_secs(30);
    let mut first = Waiter::with(&scheduler, Ticket { total_left: Some(total), ..ticket("a") });
    let held = first.permit().expect("a permit");
    let body = hand_out(held);
    let mut waiter = Waiter::new(&scheduler, "b");
    assert!(waiter.poll(START).is_pending());
    let warning = START + Duration::from_secs(5);
    assert_eq!(waiter.acquire.wake_at(), Some(warning));
    assert!(waiter.poll(warning).is_pending());
    assert!(waiter.poll(START + Duration::from_secs(15)).is_pending());
    assert_eq!(waiter.acquire.wake_at(), Some(START + total));
    assert!(waiter.poll(START + total).is_ready());
    assert_eq!(body.revoked.load(Ordering::SeqCst), 1);
    assert_eq!(scheduler.figures(), Figures::default());
}

#[test]
fn a_permit_whose_owner_never_claims_it_runs_out_of_time() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let first = Waiter::new(&scheduler, "a").permit();
    let total = Duration::from_secs(30);
    let mut forgotten = Waiter::with(&scheduler, Ticket { total_left: Some(total), ..ticket("a") });
    let mut patient = Waiter::new(&scheduler, "a");
    assert!(forgotten.poll(START).is_pending());
    assert!(patient.poll(START).is_pending());
    drop(first);
    assert!(patient.poll(START).is_pending());
    assert!(patient.poll(START + total).is_pending(), "its owner's timer goes first");
    let at = patient.acquire.wake_at().expect("a time");
    assert!(at <= START + total + Duration::from_millis(100));
    assert!(patient.poll(at).is_ready());
    assert_eq!(forgotten.poll(START + total).map(|answer| answer.err()), Poll::Ready(Some(Refused::Revoked)));
}

#[test]
fn unread_bodies_that_hold_everything_are_asked_to_come_in_once() {
    let scheduler = Scheduler::new(Limits::new(2, 0));
    let mut permits: Vec<_> = (0..2).filter_map(|_| Waiter::new(&scheduler, "a").permit()).collect();
    let mut waiter = Waiter::new(&scheduler, "a");
    assert!(waiter.permit().is_none());
    let first = hand_out(permits.remove(0));
    assert!(waiter.permit().is_none());
    let asked = |body: &Body| body.asked.load(Ordering::SeqCst);
    assert_eq!(asked(&first), 0, "one of two may still be read");
    assert_eq!(waiter.acquire.wake_at(), Some(START + Duration::from_millis(100)));
    waiter.was_woken();
    let second = hand_out(permits.remove(0));
    assert!(waiter.was_woken());
    assert!(waiter.permit().is_none());
    assert!(waiter.permit().is_none());
    assert_eq!((asked(&first), asked(&second)), (1, 1), "each said that there is no use");
}

#[test]
fn a_body_being_read_is_left_alone_until_its_time_is_over() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let total = Duration::from_secs(30);
    let mut first = Waiter::with(&scheduler, Ticket { total_left: Some(total), ..ticket("a") });
    let held = first.permit().expect("a permit");
    let body = hand_out(held);
    body.permit().as_ref().expect("a permit").reading();
    let mut waiter = Waiter::new(&scheduler, "a");
    assert!(waiter.poll(START).is_pending());
    assert_eq!(body.asked.load(Ordering::SeqCst), 0);
    assert!(waiter.poll(START + total).is_ready());
    assert_eq!(body.revoked.load(Ordering::SeqCst), 1);
}

#[test]
fn the_sentinel_s_duty_passes_on_when_it_leaves() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let total = Duration::from_secs(30);
    let mut first = Waiter::with(&scheduler, Ticket { total_left: Some(total), ..ticket("a") });
    let _body = hand_out(first.permit().expect("a permit"));
    let mut sentinel = Waiter::new(&scheduler, "a");
    let mut other = Waiter::new(&scheduler, "a");
    assert!(sentinel.permit().is_none());
    assert!(other.permit().is_none());
    assert_eq!(other.acquire.wake_at(), Some(START + PATIENCE), "only its own fallback");
    drop(sentinel);
    assert!(other.was_woken());
    assert!(other.permit().is_none());
    assert!(other.poll(START + total).is_ready(), "it takes the permit back");
}

#[test]
fn of_many_that_lost_patience_one_takes_the_watch_over() {
    let scheduler = Scheduler::new(Limits::new(1, 0));
    let total = Duration::from_secs(8);
    let mut first = Waiter::with(&scheduler, Ticket { total_left: Some(total), ..ticket("a") });
    let _body = hand_out(first.permit().expect("a permit"));
    let mut waiters: Vec<_> = (0..3).map(|_| Waiter::new(&scheduler, "a")).collect();
    waiters.iter_mut().for_each(|waiter| assert!(waiter.permit().is_none()));
    let later = START + PATIENCE;
    let mut looks_again = |waiter: usize| {
        assert!(waiters[waiter].poll(later).is_pending());
        waiters[waiter].acquire.wake_at()
    };
    assert_eq!(looks_again(1), Some(START + total), "it has the watch");
    assert_eq!(looks_again(2), Some(later + 2 * PATIENCE), "its own fallback alone");
}
