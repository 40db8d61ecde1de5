//! A world played to its end in virtual time, and what every caller saw of it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use dualfetch::platform::scripted::{Call, Reply, Scripted};

use dualfetch::{Client, Config, Error, Figures, Phase, Request, RequestBuilder, Response, Retry, Session};
use futures_util::future::{join_all, select};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::world::{Caller, Plan, World, ms, url};

/// Whoever is not done by then never will be.
pub(crate) const HORIZON: Duration = Duration::from_secs(100_000);

/// What one caller saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// When the request was sent, and after how many others.
    pub(crate) asked: Option<(Duration, usize)>,
    /// When the head, or an error instead, was there.
    pub(crate) head: Option<(Duration, Result<(), Failure>)>,
    /// When each piece of the body was asked for, and when it was there.
    pub(crate) pieces: Vec<(Duration, Duration)>,
    pub(crate) body: Option<Result<usize, Failure>>,
    /// How often the caller was polled.
    pub(crate) polls: u32,
    /// When the caller had no more to do with it. `None` when that never came.
    pub(crate) gone: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) phase: Option<Phase>,
}

/// What is left of a run.
pub(crate) struct Run {
    pub(crate) world: World,
    pub(crate) platform: Scripted,
    pub(crate) session: Client<Scripted>,
    pub(crate) records: Vec<Record>,
    pub(crate) calls: Vec<Call>,
}

impl Run {
    pub(crate) fn of(world: &World) -> Self {
        let (platform, session) = set_up(world);
        let stage = Stage {
            world,
            platform: &platform,
            session: &session,
            records: RefCell::new(vec![Record::default(); world.requests.len()]),
            asked: Cell::new(0),
        };
        platform.run(async {
            let callers: FuturesUnordered<_> = (0..world.requests.len()).map(|n| stage.play(n)).collect();
            select(pin!(callers.count()), platform.sleep(HORIZON)).await;
        });
        // What reads small rests in the background has this long.
        platform.run(platform.sleep(ms(2_001)));
        let records = stage.records.into_inner();
        let calls = platform.calls();
        Self { world: world.clone(), platform, session, records, calls }
    }

    /// Nothing is left, and as much can be under way at once as ever.
    pub(crate) fn assert_all_permits_are_back(&self) {
        assert_eq!(self.session.figures(), Figures::default());
        assert_eq!(self.platform.open(), 0);
        let fresh = match self.world.session {
            0 => 3,
            limit => limit,
        };
        let before = self.platform.elapsed();
        self.platform.on_every(|_: &Request| Reply::ok("x").after(ms(7)));
        let answers = self
            .platform
            .run(join_all((0..fresh).map(|n| self.session.get(format!("https://fresh{n}.example/")).send())));
        assert!(answers.iter().all(Result::is_ok));
        assert!(self.world.rate.is_some() || self.platform.elapsed() - before == ms(7), "all at once");
    }
}

pub(crate) fn set_up(world: &World) -> (Scripted, Client<Scripted>) {
    let platform = Scripted::new(1);
    let mut config = Config::new().limit(world.session).limit_per_host(world.per_host);
    if let Some(rate) = world.rate {
        config = config.rate(rate, ms(1_000));
    }
    let session = Client::with_backend(config, platform.clone()).expect("sound settings");
    let plans: Arc<[_]> =
        world.requests.iter().map(|plan| (plan.clone(), AtomicU32::new(0))).collect::<Vec<_>>().into();
    platform.on_every(move |request: &Request| {
        let (_, number, hop) = place(request.url().as_str());
        let (plan, attempts) = &plans[number];
        let attempt = if hop == 0 { attempts.fetch_add(1, Ordering::Relaxed) } else { 0 };
        plan.reply(number, hop, attempt)
    });
    (platform, session)
}

/// Host, request and hop of a URL made by [`url`].
pub(crate) fn place(url: &str) -> (usize, usize, usize) {
    let mut parts = url.strip_prefix("https://h").expect("one of ours").split('/');
    let host = parts.next().and_then(|host| host.strip_suffix(".example"));
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).expect("a number");
    (number(host), number(parts.next()), number(parts.next()))
}

pub(crate) fn request<'s>(
    session: &'s Client<Scripted>,
    plan: &Plan,
    number: usize,
) -> RequestBuilder<&'s Client<Scripted>> {
    session
        .get(url(plan.hops[0].host, number, 0))
        .priority(plan.priority)
        .timeout(plan.bounds.timeout())
        .retry(plan.retries.then(Retry::standard))
}

struct Stage<'a> {
    world: &'a World,
    platform: &'a Scripted,
    session: &'a Client<Scripted>,
    records: RefCell<Vec<Record>>,
    asked: Cell<usize>,
}

impl Stage<'_> {
    async fn play(&self, number: usize) {
        let plan = &self.world.requests[number];
        self.platform.sleep(ms(plan.start)).await;
        let mut call = Box::pin(self.counted(number));
        match plan.caller {
            Caller::DropsAt(after) => {
                select(call, self.platform.sleep(ms(after))).await;
            }
            Caller::DropsAfterPolls(most) => {
                at_most(&mut call, most).await;
                drop(call);
            }
            Caller::Parks { polls, pause, goes_on } => {
                if at_most(&mut call, polls).await {
                    self.platform.sleep(pause.map_or(HORIZON, ms)).await;
                    if goes_on {
                        call.await;
                    }
                }
            }
            _ => call.await,
        }
        self.note(number, |record, now| record.gone = Some(now));
    }

    async fn counted(&self, number: usize) {
        let mut call = pin!(self.call(number));
        poll_fn(|cx| {
            self.note(number, |record, _| record.polls += 1);
            call.as_mut().poll(cx)
        })
        .await;
    }

    async fn call(&self, number: usize) {
        let plan = &self.world.requests[number];
        let order = self.asked.replace(self.asked.get() + 1);
        self.note(number, |record, now| record.asked = Some((now, order)));
        let answer = request(self.session, plan, number).send().await;
        let told = answer.as_ref().map(drop).map_err(failure);
        self.note(number, |record, now| record.head = Some((now, told)));
        let Ok(response) = answer else { return };
        match plan.caller {
            Caller::Discards => response.discard(32 * 1024),
            Caller::Keeps(time) => {
                self.platform.sleep(ms(time)).await;
                drop(response);
            }
            Caller::ReadsLate(after) => {
                self.platform.sleep(ms(after)).await;
                self.read(number, response, 0).await;
            }
            Caller::ReadsSlowly(gap) => self.read(number, response, gap).await,
            _ => self.read(number, response, 0).await,
        }
    }

    async fn read(&self, number: usize, mut response: Response, gap: u64) {
        let mut length = 0;
        let end = loop {
            if gap > 0 {
                self.platform.sleep(ms(gap)).await;
            }
            let asked = self.platform.elapsed();
            let piece = response.chunk().await;
            self.note(number, |record, now| record.pieces.push((asked, now)));
            match piece {
                Ok(Some(piece)) => length += piece.len(),
                Ok(None) => break Ok(length),
                Err(error) => break Err(failure(&error)),
            }
        };
        self.note(number, |record, _| {
            assert_eq!(record.body, None, "one end");
            record.body = Some(end);
        });
    }

    fn note(&self, number: usize, change: impl FnOnce(&mut Record, Duration)) {
        change(&mut self.records.borrow_mut()[number], self.platform.elapsed());
    }
}

/// Polls a future whenever it is woken, but so often at most. Whether it is pending then.
async fn at_most<F: Future>(future: &mut Pin<Box<F>>, most: u32) -> bool {
    let mut left = most;
    poll_fn(|cx| {
        if left > 0 && future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(false);
        }
        left = left.saturating_sub(1);
        if left == 0 { Poll::Ready(true) } else { Poll::Pending }
    })
    .await
}

fn failure(error: &Error) -> Failure {
    Failure { code: error.code(), phase: error.phase() }
}
