//! What a waker sees at the moment a permit goes from one request to another.

use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use dualfetch::platform::scripted::{Reply, Scripted};
use dualfetch::{Client, Config, Request, Session, Timeout};
use futures_util::future::select;

use crate::{once, secs, session};

/// Larger than what the engine takes in unasked.
const LARGE: usize = 300 * 1024;

/// How many exchanges are open whenever it is woken.
struct Watch(Scripted, Mutex<Vec<usize>>);

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        self.1.lock().expect("no panic").push(self.0.open());
    }
}

/// What is open when a waiter is woken with the one permit, which `first` has had.
fn open_at_the_handover<F: Future>(
    reply: Reply,
    first: impl FnOnce(Client<Scripted>, Scripted) -> F,
) -> Option<usize> {
    let (platform, session) = session(Config::new().limit(1));
    platform.on("https://a.example/first", reply);
    platform.on_every(|_: &Request| Reply::hangs());
    let watch = Arc::new(Watch(platform.clone(), Mutex::default()));
    let waker = Waker::from(Arc::clone(&watch));
    platform.run(async {
        let mut first = Box::pin(first(session.clone(), platform.clone()));
        assert!(once(&mut first).await);
        // The oldest waiter keeps watch; the one that is watched goes before it.
        let mut keeps_watch = Box::pin(session.get("https://a.example/").send());
        assert!(once(&mut keeps_watch).await);
        let mut next = Box::pin(session.get("https://a.example/").priority(1).send());
        assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let others = select(first, keeps_watch);
        select(others, platform.sleep(secs(40))).await;
    });
    watch.1.lock().expect("no panic").last().copied()
}

#[test]
fn a_permit_goes_on_only_when_its_transfer_has_ended() {
    let large = || Reply::ok(vec![0; LARGE]).after(secs(1)).stall();
    let taken_back = open_at_the_handover(large(), |session, platform| async move {
        let total = Timeout::new().total(secs(30));
        let _unread = session.get("https://a.example/first").timeout(total).await;
        platform.sleep(secs(60)).await;
    });
    assert_eq!(taken_back, Some(0), "by a waiter, from an unread body");
    let too_large = open_at_the_handover(large(), |session, _| async move {
        session.get("https://a.example/first").max_body(10).await
    });
    assert_eq!(too_large, Some(0), "too large by its declared length");
    let moved = Reply::redirect(302, "https://b.example/").after(secs(1)).then("moved").stall().chunked();
    let redirected =
        open_at_the_handover(moved, |session, _| async move { session.get("https://a.example/first").await });
    assert_eq!(redirected, Some(0), "redirected to another host");
}
