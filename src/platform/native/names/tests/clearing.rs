//! What is forgotten, and what goes.

use super::*;

#[tokio::test]
async fn what_is_cleared_is_asked_again() {
    let resolver = Script::counting();
    let names = names(&resolver, &DnsCache::new().forever());
    found(&names, "a.test").await;
    found(&names, "b.test").await;
    names.answers.clear(Some("A.test"));
    assert_eq!(found(&names, "b.test").await, (2, How::Cached));
    assert_eq!(found(&names, "a.test").await, (3, How::Asked));
    names.answers.clear(None);
    assert_eq!(found(&names, "a.test").await, (4, How::Asked));
    assert_eq!(found(&names, "b.test").await, (5, How::Asked));
}

#[test]
fn a_resolver_may_come_back_to_its_session_as_it_goes() {
    struct Leaving(Arc<AllNames>);
    impl Resolve for Leaving {
        fn resolve(&self, _: &str) -> Answering {
            Box::pin(ready(Ok(numbered(1))))
        }
    }
    impl Drop for Leaving {
        fn drop(&mut self) {
            self.0.clear(None);
        }
    }
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let all = Arc::new(AllNames::new());
        for _ in 0..=KEPT {
            let resolver = SharedResolver(Arc::new(Leaving(Arc::clone(&all))));
            all.of(Some(resolver), DnsCache::new(), Overrides::new(), AddressFamily::Any);
        }
        let _ = done.send(all.lock().len());
    });
    assert_eq!(is_done.recv_timeout(Duration::from_secs(20)), Ok(KEPT));
}

#[tokio::test]
async fn a_name_is_cleared_however_it_is_written() {
    let resolver = Script::counting();
    let all = AllNames::new();
    let shared = SharedResolver(Arc::<Script>::clone(&resolver));
    let names = all.of(Some(shared), DnsCache::new().forever(), Overrides::new(), AddressFamily::Any);
    for (clear, name) in [
        ("bücher.test", "xn--bcher-kva.test"),
        ("A.test.", "a.test"),
        ("a.test", "a.test."),
        ("a_b.test", "a_b.test"),
    ] {
        assert_eq!(found(&names, name).await.1, How::Asked, "{name}");
        assert_eq!(found(&names, name).await.1, How::Cached, "{name}");
        all.clear(Some(clear));
        assert_eq!(found(&names, name).await.1, How::Asked, "{name}");
        all.clear(None);
    }
}

#[tokio::test]
async fn a_look_up_that_was_under_way_when_its_name_was_cleared_is_for_its_own_callers_alone() {
    let gate = Gate::default();
    let answers = gate.clone();
    let resolver = Script::slow(move |_, nth| match nth {
        1 => answers.answer(|| Ok(numbered(1))),
        _ => Box::pin(ready(Ok(numbered(nth)))),
    });
    let names = names(&resolver, &DnsCache::new());
    let mut before = Box::pin(found(&names, "a.test"));
    assert!(poll_immediate(&mut before).await.is_none());
    names.answers.clear(Some("a.test"));
    assert_eq!(found(&names, "a.test").await, (2, How::Asked));
    gate.open.notify_one();
    assert_eq!(before.await, (1, How::Asked));
    assert_eq!(found(&names, "a.test").await, (2, How::Cached), "the older answer is not kept");
}

#[tokio::test]
async fn what_is_in_use_makes_no_room_and_can_be_cleared() {
    let all = AllNames::new();
    let of = || {
        let resolver = SharedResolver(Script::counting());
        all.of(Some(resolver), DnsCache::new(), Overrides::new(), AddressFamily::Any)
    };
    let used = of();
    found(&used, "a.test").await;
    for _ in 0..2 * KEPT {
        of();
    }
    assert_eq!(all.lock().len(), KEPT);
    assert_eq!(found(&used, "a.test").await, (1, How::Cached));
    all.clear(None);
    assert_eq!(found(&used, "a.test").await, (2, How::Asked));
}
