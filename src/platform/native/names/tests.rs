mod clearing;

use std::cell::Cell;
use std::future::{pending, ready};
use std::net::Ipv4Addr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join_all, poll_immediate};
use tokio::sync::Notify;

use crate::maybe::BoxFuture;
use crate::names::{Addresses, Resolve};

use tokio::time::Instant;

use super::*;

type Says = dyn Fn(&str, usize) -> Answering + Send + Sync;

/// Answers as the test says, and knows what it was asked.
struct Script {
    asked: Mutex<Vec<String>>,
    answer: Box<Says>,
}

type Answer = Result<Addresses, BoxError>;

type Answering = BoxFuture<'static, Answer>;

impl Script {
    /// What it answers to a name, the question being the n-th.
    fn new(answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Self::slow(move |name, nth| Box::pin(ready(answer(name, nth))))
    }

    fn slow(answer: impl Fn(&str, usize) -> Answering + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { asked: Mutex::default(), answer: Box::new(answer) })
    }

    /// 10.0.0.1 to the first question, 10.0.0.2 to the second, and so on.
    fn counting() -> Arc<Self> {
        Self::new(|_, nth| Ok(numbered(nth)))
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Resolve for Script {
    fn resolve(&self, name: &str) -> Answering {
        let mut asked = self.asked.lock().unwrap();
        asked.push(name.to_owned());
        (self.answer)(name, asked.len())
    }
}

/// What ends the answer of a [`Script::slow`], and what sees it dropped.
#[derive(Clone, Default)]
struct Gate {
    open: Arc<Notify>,
    given_up: Arc<AtomicUsize>,
}

impl Gate {
    fn answer(&self, answer: impl FnOnce() -> Answer + Send + 'static) -> Answering {
        struct Waiting {
            given_up: Option<Arc<AtomicUsize>>,
        }
        impl Drop for Waiting {
            fn drop(&mut self) {
                if let Some(count) = self.given_up.take() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        let open = Arc::clone(&self.open);
        let mut waiting = Waiting { given_up: Some(Arc::clone(&self.given_up)) };
        Box::pin(async move {
            open.notified().await;
            waiting.given_up.take();
            answer()
        })
    }

    fn given_up(&self) -> usize {
        self.given_up.load(Ordering::Relaxed)
    }
}

fn numbered(nth: usize) -> Addresses {
    Addresses::new([Ipv4Addr::new(10, 0, 0, nth as u8)])
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

thread_local! {
    /// How far the clock of this thread's test has been put forward.
    static FORWARD: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

fn clock() -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    *START + FORWARD.get()
}

fn pass(time: Duration) {
    FORWARD.set(FORWARD.get() + time);
}

fn names(resolver: &Arc<Script>, cache: &DnsCache) -> Names {
    within(resolver, cache, Overrides::new(), AddressFamily::Any)
}

fn within(resolver: &Arc<Script>, cache: &DnsCache, fixed: Overrides, family: AddressFamily) -> Names {
    let answers = Answers::with_clock(Arc::<Script>::clone(resolver), cache, clock);
    Names { answers: Arc::new(answers), overrides: fixed, family }
}

/// The last number of the first address, and how it was found.
async fn found(names: &Names, host: &str) -> (u8, How) {
    let Found { addresses, how } = names.look_up(host, 80).await.unwrap();
    match addresses[0].ip() {
        IpAddr::V4(address) => (address.octets()[3], how),
        IpAddr::V6(address) => panic!("{address}"),
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn addresses_are_looked_up_nowhere() {
    let resolver = Script::counting();
    let names = within(&resolver, &DnsCache::new(), Overrides::new(), AddressFamily::Ipv6);
    for (host, address) in [("127.0.0.1", "127.0.0.1:7"), ("[::1]", "[::1]:7"), ("::1", "[::1]:7")] {
        let found = names.look_up(host, 7).await.unwrap();
        assert_eq!(found, Found { addresses: vec![at(address)], how: How::Literal });
    }
    assert!(resolver.asked().is_empty());
    // What only looks like one is a name.
    names.look_up("[::1", 7).await.unwrap_err();
    names.look_up("127.1", 7).await.unwrap_err();
    assert_eq!(resolver.asked(), ["[::1", "127.1"]);
}

#[tokio::test]
async fn fixed_names_are_looked_up_nowhere() {
    let resolver = Script::counting();
    let fixed = Overrides::new().with("a.test:8443", [at("[::1]:9"), at("10.9.9.9:0")]).unwrap();
    let names = within(&resolver, &DnsCache::new(), fixed.clone(), AddressFamily::Any);
    let found = names.look_up("a.test", 8443).await.unwrap();
    assert_eq!(found, Found { addresses: vec![at("[::1]:9"), at("10.9.9.9:8443")], how: How::Fixed });
    assert!(resolver.asked().is_empty());
    assert_eq!(names.look_up("a.test", 443).await.unwrap().addresses, [at("10.0.0.1:443")]);

    let names = within(&resolver, &DnsCache::new(), fixed, AddressFamily::Ipv4);
    assert_eq!(names.look_up("a.test", 8443).await.unwrap().addresses, [at("10.9.9.9:8443")]);
}

#[tokio::test]
async fn addresses_are_kept_for_ten_seconds_and_not_longer() {
    let resolver = Script::counting();
    let names = names(&resolver, &DnsCache::new());
    assert_eq!(found(&names, "a.test").await, (1, How::Asked));
    pass(SECOND * 10 - Duration::from_nanos(1));
    assert_eq!(found(&names, "a.test").await, (1, How::Cached));
    pass(Duration::from_nanos(1));
    assert_eq!(found(&names, "a.test").await, (2, How::Asked), "their use does not lengthen their time");
    assert_eq!(names.look_up("a.test", 81).await.unwrap().addresses, [at("10.0.0.2:81")]);
    assert_eq!(found(&names, "A.Test").await, (2, How::Cached));
    assert_eq!(resolver.asked(), ["a.test", "a.test"]);
}

#[tokio::test]
async fn a_records_time_to_live_ends_what_is_kept_earlier() {
    let resolver = Script::new(|name, nth| {
        let ttl = if name == "short.test" { 3 } else { 300 };
        Ok(numbered(nth).with_ttl(SECOND * ttl))
    });
    let names = names(&resolver, &DnsCache::new().ttl(SECOND * 60));
    found(&names, "short.test").await;
    found(&names, "long.test").await;
    pass(SECOND * 3);
    assert_eq!(found(&names, "short.test").await, (3, How::Asked));
    assert_eq!(found(&names, "long.test").await, (2, How::Cached));
    pass(SECOND * 57);
    assert_eq!(found(&names, "long.test").await, (4, How::Asked));
}

#[tokio::test]
async fn a_record_that_holds_for_no_time_is_not_kept() {
    let resolver = Script::new(|_, nth| Ok(numbered(nth).with_ttl(Duration::ZERO)));
    let names = names(&resolver, &DnsCache::new());
    assert_eq!(found(&names, "a.test").await, (1, How::Asked));
    assert_eq!(found(&names, "a.test").await, (2, How::Asked));
}

#[tokio::test]
async fn for_ever_is_for_ever() {
    let resolver = Script::new(|_, nth| Ok(numbered(nth).with_ttl(SECOND)));
    for cache in [DnsCache::new().forever(), DnsCache::new().ttl(Duration::MAX)] {
        let names = names(&resolver, &cache);
        let (first, _) = found(&names, "a.test").await;
        if cache == DnsCache::new().forever() {
            pass(SECOND * 60 * 60 * 24 * 365);
        }
        assert_eq!(found(&names, "a.test").await, (first, How::Cached));
    }
}

#[tokio::test]
async fn without_a_cache_each_connection_asks() {
    for cache in [DnsCache::off(), DnsCache::new().ttl(Duration::ZERO), DnsCache::new().max_names(0)] {
        let resolver = Script::counting();
        let names = names(&resolver, &cache);
        assert_eq!(found(&names, "a.test").await, (1, How::Asked));
        assert_eq!(found(&names, "a.test").await, (2, How::Asked), "{cache:?}");
    }
}

#[tokio::test]
async fn the_names_used_longest_ago_make_room() {
    let resolver = Script::counting();
    let names = names(&resolver, &DnsCache::new().max_names(2));
    for host in ["a.test", "b.test", "a.test", "c.test"] {
        found(&names, host).await;
    }
    assert_eq!(found(&names, "a.test").await, (1, How::Cached));
    assert_eq!(found(&names, "c.test").await, (3, How::Cached));
    assert_eq!(found(&names, "b.test").await, (4, How::Asked));
    assert_eq!(found(&names, "a.test").await, (5, How::Asked), "b.test has taken its place");
    for n in 0..1000 {
        found(&names, &format!("{n}.test")).await;
    }
    assert_eq!(names.answers.sizes(), (2, 2, 0), "nothing is left of what made room");
}

#[tokio::test]
async fn failures_are_not_kept() {
    let resolver = Script::new(|_, nth| match nth {
        1 => Err("out of order".into()),
        2 => Ok(Addresses::default()),
        _ => Ok(numbered(nth)),
    });
    let names = names(&resolver, &DnsCache::new().forever());
    let failed = names.look_up("a.test", 80).await.unwrap_err();
    assert_eq!(failed.to_string(), r#"no address for "a.test""#);
    assert_eq!(std::error::Error::source(&failed).unwrap().to_string(), "out of order");
    let none = names.look_up("a.test", 80).await.unwrap_err();
    assert_eq!(none.to_string(), r#"no address for "a.test""#);
    assert!(std::error::Error::source(&none).is_none());
    assert_eq!(found(&names, "a.test").await, (3, How::Asked));
}

#[tokio::test]
async fn addresses_of_another_family_are_none_and_the_error_says_so() {
    let six: IpAddr = "2001:db8::1".parse().unwrap();
    let four: IpAddr = "192.0.2.1".parse().unwrap();
    let answer = move |name: &str, _| {
        Ok(match name {
            "both.test" => [six, four].into_iter().collect(),
            "four.test" => Addresses::new([four]),
            _ => Addresses::new([six]),
        })
    };
    let resolver = Script::new(answer);
    let of = |family| within(&resolver, &DnsCache::new(), Overrides::new(), family);
    let both = of(AddressFamily::Any).look_up("both.test", 1).await.unwrap();
    assert_eq!(both.addresses, [at("[2001:db8::1]:1"), at("192.0.2.1:1")]);
    assert_eq!(of(AddressFamily::Ipv4).look_up("both.test", 1).await.unwrap().addresses, [at("192.0.2.1:1")]);
    assert_eq!(of(AddressFamily::Ipv6).look_up("both.test", 1).await.unwrap().addresses, [both.addresses[0]]);
    let error = of(AddressFamily::Ipv4).look_up("six.test", 1).await.unwrap_err();
    assert_eq!(error.to_string(), r#"no IPv4 address for "six.test", only IPv6"#);
    let error = of(AddressFamily::Ipv6).look_up("four.test", 1).await.unwrap_err();
    assert_eq!(error.to_string(), r#"no IPv6 address for "four.test", only IPv4"#);
}

#[tokio::test]
async fn addresses_stay_in_the_resolvers_order_each_once_and_not_without_end() {
    let resolver = Script::new(|_, _| {
        let many = (0..=255_u8).rev().map(|n| Ipv4Addr::new(10, 0, 0, n));
        Ok(Addresses::new([Ipv4Addr::new(10, 0, 0, 254); 3].into_iter().chain(many)))
    });
    let found = names(&resolver, &DnsCache::new()).look_up("a.test", 1).await.unwrap().addresses;
    assert_eq!(found[..3], [at("10.0.0.254:1"), at("10.0.0.255:1"), at("10.0.0.253:1")]);
    assert_eq!(found.len(), 64);
}

#[tokio::test]
async fn a_name_is_asked_about_once_at_a_time() {
    let gate = Gate::default();
    let answers = gate.clone();
    let resolver = Script::slow(move |_, nth| answers.answer(move || Ok(numbered(nth))));
    for cache in [DnsCache::new(), DnsCache::off()] {
        let names = names(&resolver, &cache);
        let looking_up = join_all((0..100).map(|_| found(&names, "a.test")));
        let opening = async {
            tokio::task::yield_now().await;
            gate.open.notify_one();
        };
        let (found, ()) = tokio::join!(looking_up, opening);
        assert_eq!(found.iter().filter(|(_, how)| *how == How::Asked).count(), 1);
        assert_eq!(found.iter().filter(|(_, how)| *how == How::Shared).count(), 99);
    }
    assert_eq!(resolver.asked().len(), 2, "once for each setting");
}

#[tokio::test]
async fn others_names_do_not_wait() {
    let resolver = Script::slow(|name, nth| match name {
        "slow.test" => Box::pin(pending()),
        _ => Box::pin(ready(Ok(numbered(nth)))),
    });
    let names = names(&resolver, &DnsCache::new());
    let mut slow = Box::pin(names.look_up("slow.test", 1));
    assert!(poll_immediate(&mut slow).await.is_none());
    assert_eq!(found(&names, "a.test").await, (2, How::Asked));
}

#[tokio::test]
async fn a_look_up_survives_the_one_who_began_it_and_ends_with_the_last_who_waits() {
    let gate = Gate::default();
    let answers = gate.clone();
    let resolver = Script::slow(move |_, nth| answers.answer(move || Ok(numbered(nth))));
    let names = names(&resolver, &DnsCache::new());
    let mut first = Box::pin(names.look_up("a.test", 1));
    let mut second = Box::pin(names.look_up("a.test", 2));
    assert!(poll_immediate(&mut first).await.is_none());
    assert!(poll_immediate(&mut second).await.is_none());
    drop(first);
    assert_eq!(gate.given_up(), 0);
    gate.open.notify_one();
    let found = second.await.unwrap();
    assert_eq!(found, Found { addresses: vec![at("10.0.0.1:2")], how: How::Shared });

    names.answers.clear(None);
    let mut third = Box::pin(names.look_up("a.test", 3));
    let mut fourth = Box::pin(names.look_up("a.test", 4));
    assert!(poll_immediate(&mut third).await.is_none());
    assert!(poll_immediate(&mut fourth).await.is_none());
    drop(third);
    drop(fourth);
    assert_eq!(gate.given_up(), 1, "nobody waits any more");
    assert_eq!(names.answers.sizes().2, 0, "nothing is left of it");
    assert_eq!(resolver.asked().len(), 2);
    gate.open.notify_one();
    assert_eq!(
        names.look_up("a.test", 5).await.unwrap().how,
        How::Asked,
        "what was given up is not waited for"
    );
    assert_eq!(names.answers.sizes().2, 0);
}

#[tokio::test]
async fn a_failure_is_told_to_all_who_wait() {
    let gate = Gate::default();
    let answers = gate.clone();
    let resolver = Script::slow(move |_, _| answers.answer(|| Err("no".into())));
    let names = names(&resolver, &DnsCache::new());
    let looking_up = join_all((0..10).map(|_| names.look_up("a.test", 1)));
    let opening = async {
        tokio::task::yield_now().await;
        gate.open.notify_one();
    };
    let (found, ()) = tokio::join!(looking_up, opening);
    for result in found {
        assert_eq!(std::error::Error::source(&result.unwrap_err()).unwrap().to_string(), "no");
    }
    assert_eq!(resolver.asked().len(), 1);
}

#[tokio::test]
async fn a_resolver_that_panics_has_failed() {
    let resolver = Script::slow(|_, nth| match nth {
        1 => Box::pin(async { panic!("a fault of the test's") }),
        _ => Box::pin(ready(Ok(numbered(nth)))),
    });
    let names = names(&resolver, &DnsCache::new());
    let error = names.look_up("a.test", 1).await.unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the resolver panicked");
    assert_eq!(found(&names, "a.test").await, (2, How::Asked));
}

#[test]
fn a_runtime_waits_for_no_look_up_of_anothers() {
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let resolver = Script::slow(|_, nth| match nth {
        1 => Box::pin(pending()),
        _ => Box::pin(ready(Ok(numbered(nth)))),
    });
    let names = names(&resolver, &DnsCache::new());
    let (one, other) = (runtime(), runtime());
    let mut begun = Box::pin(names.look_up("a.test", 1));
    assert!(one.block_on(poll_immediate(&mut begun)).is_none());
    let others = Box::pin(found(&names, "a.test"));
    assert_eq!(other.block_on(poll_immediate(others)), Some((2, How::Asked)));
    assert_eq!(one.block_on(found(&names, "a.test")), (2, How::Cached), "what is kept is for all");
}

#[tokio::test]
async fn one_resolvers_answers_are_kept_once_whatever_else_is_set() {
    let resolver = Script::counting();
    let shared = SharedResolver(Arc::<Script>::clone(&resolver));
    let all = AllNames::new();
    let of = |cache: &DnsCache, family| all.of(Some(shared.clone()), cache.clone(), Overrides::new(), family);
    assert_eq!(found(&of(&DnsCache::new(), AddressFamily::Any), "a.test").await, (1, How::Asked));
    let four = of(&DnsCache::new(), AddressFamily::Ipv4);
    assert_eq!(found(&four, "a.test").await, (1, How::Cached));
    let six = of(&DnsCache::new(), AddressFamily::Ipv6);
    six.look_up("a.test", 1).await.unwrap_err();
    assert_eq!(resolver.asked().len(), 1);

    let for_ever = of(&DnsCache::new().forever(), AddressFamily::Any);
    assert_eq!(found(&for_ever, "a.test").await, (2, How::Asked), "another cache's");
    all.clear(Some("a.test"));
    assert_eq!(found(&four, "a.test").await, (3, How::Asked));
    assert_eq!(found(&for_ever, "a.test").await, (4, How::Asked));

    let other = SharedResolver(Script::counting());
    let others = all.of(Some(other), DnsCache::new(), Overrides::new(), AddressFamily::Any);
    assert_eq!(found(&others, "a.test").await, (1, How::Asked), "another resolver's");
}

#[tokio::test]
async fn the_answers_of_resolvers_used_longest_ago_make_room() {
    let all = AllNames::new();
    let of = |resolver: &SharedResolver| {
        all.of(Some(resolver.clone()), DnsCache::new(), Overrides::new(), AddressFamily::Any)
    };
    let first = SharedResolver(Script::counting());
    found(&of(&first), "a.test").await;
    for _ in 0..KEPT - 1 {
        of(&SharedResolver(Script::counting()));
    }
    assert_eq!(found(&of(&first), "a.test").await, (1, How::Cached));
    for _ in 0..KEPT {
        of(&SharedResolver(Script::counting()));
    }
    assert_eq!(all.lock().len(), KEPT);
    assert_eq!(found(&of(&first), "a.test").await, (2, How::Asked));
}
