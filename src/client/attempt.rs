//! The attempt loop: one hop's answer, after as many attempts as the retry policy allows, each under a permit.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, Method, StatusCode};

use crate::body::{UploadProgress, Watch};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::events::{self, Watched, What};
use crate::gated::Gated;
use crate::head::Head;
use crate::maybe::{BoxBody, BoxFuture};
use crate::middleware::Layers;
use crate::options::{Options, Transport};
use crate::platform::{Backend, Progress};
use crate::policy::deadline::Deadlines;
use crate::policy::retry::{Decision, Outcome, Retry};
use crate::policy::scheduler::{Permit, Refused, Ticket};
use crate::request::Request;
use crate::timing::Timing;

use super::bounded::Timer;
use super::guarded::{Guards, WatchedBody};
use super::layered::{self, AnyBody};
use super::sent::as_sent;
use super::{Shared, cookies, guarded};

/// How often a hop is sent again, at once and without being asked to, because the server did not look at it.
const RESENDS: u32 = 8;

/// One call under way: its clocks, its timer and, while it has one, its permit.
pub(super) struct Run<'a, B: Backend> {
    pub(super) shared: &'a Arc<Shared<B>>,
    deadlines: Deadlines,
    timer: Timer<B>,
    permit: Option<Permit>,
    /// It has had a permit before: it goes to the front of its next line.
    waited: bool,
    /// It has had a permit and wants another: a session that is closed waits for it.
    is_between: bool,
    attempts: u32,
    layers: Option<Gated<Arc<Layers>>>,
    watched: Option<Gated<Arc<Watched>>>,
    queued: Duration,
    /// What the clock has just shown: nothing has been waited for since.
    shown: Option<Duration>,
    /// When the total clock runs out, in nanoseconds, while it runs and middleware is under way; else 0.
    runs_out: Option<Gated<Arc<AtomicU64>>>,
}

/// One hop's answer.
pub(super) struct Answer<B: Backend> {
    pub(super) head: Head,
    pub(super) body: AnyBody<B>,
    pub(super) timing: Timing,
}

impl<'a, B: Backend> Run<'a, B> {
    pub(super) fn new(
        shared: &'a Arc<Shared<B>>,
        request: &Request,
        layers: Option<Gated<Arc<Layers>>>,
    ) -> Self {
        let deadlines = Deadlines::new(request.options.timeout.resolve());
        let watched = layers.as_ref().filter(|layers| !layers.observers.is_empty()).map(|layers| {
            let extensions = request.extensions.clone().unwrap_or_default();
            layers.with(Arc::new(Watched::new(&layers.observers, extensions, events::next_call())))
        });
        Self {
            shared,
            deadlines,
            timer: Timer::new(),
            permit: None,
            waited: false,
            is_between: false,
            attempts: 0,
            layers: layers.filter(|layers| !layers.hop.is_empty()),
            watched,
            queued: Duration::ZERO,
            shown: None,
            runs_out: None,
        }
    }

    /// Lets middleware that is under way know when the total clock runs out.
    fn note_clock(&mut self) {
        if let Some(runs_out) = &self.runs_out {
            let at = self.deadlines.runs_out_at().map_or(0, |at| u64::try_from(at.as_nanos()).unwrap_or(0));
            runs_out.store(at, Ordering::Relaxed);
        }
    }

    /// The clocks, for middleware that is about to run: when the wall's time is up, and the total's while it runs.
    pub(super) fn clocks(&mut self, layers: &Gated<Arc<Layers>>) -> (Option<Duration>, Arc<AtomicU64>) {
        self.deadlines.resume(self.shared.backend.now());
        let runs_out = Arc::<AtomicU64>::default();
        self.runs_out = Some(layers.with(Arc::clone(&runs_out)));
        self.note_clock();
        (self.deadlines.wall_at(), runs_out)
    }

    /// It is a part of this call.
    pub(super) fn set_call(&mut self, number: u64) {
        if let Some(watched) = &mut self.watched {
            let of_call = watched.of_call(number);
            *watched = watched.with(Arc::new(of_call));
        }
    }

    /// Tells those who watch.
    pub(super) fn tell(&self, request: &Request, what: What<'_>) {
        if let Some(watched) = &self.watched {
            watched.tell(self.shared.backend.now(), &request.method, &request.url, what);
        }
    }

    /// Where the time went, until now.
    pub(super) fn timing(&self, of_answer: Timing, total: Duration) -> Timing {
        Timing { queue: self.queued, total, ..of_answer }
    }

    /// The wall clock starts, or has before now.
    pub(super) fn begin(&mut self, started: Duration, is_now: bool) {
        self.deadlines.begin(started);
        self.shown = is_now.then_some(started);
    }

    /// The time, by what the clock has just shown if it has.
    fn now(&mut self) -> Duration {
        self.shown.take().unwrap_or_else(|| self.shared.backend.now())
    }

    /// How many attempts the hop under way has taken.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) fn give_permit_back(&mut self) {
        if self.release() {
            self.deadlines.pause(self.shared.backend.now());
        }
    }

    /// Lets another go first. Whether there was a permit to give.
    fn release(&mut self) -> bool {
        let Some(permit) = self.permit.take() else { return false };
        self.set_between(true);
        drop(permit);
        true
    }

    fn set_between(&mut self, is_between: bool) {
        if std::mem::replace(&mut self.is_between, is_between) != is_between {
            self.shared.scheduler.count_between(is_between);
        }
    }

    /// The answer to this hop.
    pub(super) async fn answer(&mut self, request: &Request) -> Result<Answer<B>> {
        self.attempts = 0;
        // What was decided without asking counts for the retries, too.
        let (mut attempt, mut resends) = (0, 0);
        loop {
            attempt += 1;
            let outcome = match self.layers.clone() {
                Some(layers) => self.layered(layers, request, attempt).await,
                None => {
                    // Made ready to be sent, and given room for it, only once there is a permit: those that wait are small.
                    if self.permit.is_none() {
                        self.admit(request).await?;
                    }
                    self.attempts = attempt;
                    self.bare(request).await
                }
            };
            let is_unprocessed = outcome.as_ref().is_err_and(Error::is_unprocessed);
            if is_unprocessed && resends < RESENDS && !request.body.is_consumed() {
                resends += 1;
                attempt -= 1;
                continue;
            }
            let Some(retry) = request.options.retry.flatten() else { return outcome };
            if request.body.is_consumed() {
                return outcome;
            }
            match self.decide(retry, attempt, &request.method, &outcome) {
                Decision::Stop => return outcome,
                Decision::Retry { after } => {
                    self.tell(request, What::Retry { after, error: outcome.as_ref().err() });
                    if let Ok(Answer { mut body, .. }) = outcome {
                        poll_fn(|cx| guarded::take_what_is_there(&mut body, cx)).await;
                    }
                    self.release();
                    self.timer.sleep(&self.shared.backend, after, &self.deadlines).await?;
                    self.deadlines.pause(self.shared.backend.now());
                }
            }
        }
    }

    fn bare<'r>(&'r mut self, request: &'r Request) -> BoxFuture<'r, Result<Answer<B>>> {
        let sent = as_sent(request, self.shared);
        Box::pin(async move {
            let answer = self.exchange(sent).await?;
            cookies::keep(self.shared, &request.options, &request.url, &answer.head);
            Ok(answer)
        })
    }

    fn layered<'r>(
        &'r mut self,
        layers: Gated<Arc<Layers>>,
        request: &Request,
        attempt: u32,
    ) -> BoxFuture<'r, Result<Answer<B>>> {
        // Middleware takes its time.
        self.shown = None;
        let sent = as_sent(request, self.shared);
        Box::pin(layered::attempt(self, layers, sent, attempt))
    }

    /// One attempt at a request that is ready, once there is a permit for it.
    pub(super) async fn one(&mut self, request: Request, attempt: u32) -> Result<Answer<B>> {
        self.admitted(&request).await?;
        self.attempts = attempt;
        Box::pin(self.exchange(request)).await
    }

    /// Waits for a permit unless there is one.
    pub(super) async fn admitted(&mut self, request: &Request) -> Result<()> {
        if self.permit.is_none() { self.admit(request).await } else { Ok(()) }
    }

    /// Waits for a permit. The total clock stands still meanwhile.
    async fn admit(&mut self, request: &Request) -> Result<()> {
        self.tell(request, What::Queued);
        let asked = self.now();
        // Middleware may have run without a permit.
        self.deadlines.pause(asked);
        self.note_clock();
        let Self { shared, deadlines, timer, .. } = self;
        // Nothing is left of it for after the wait.
        if deadlines.total_left() == Some(Duration::ZERO) {
            return Err(Error::timeout(Phase::Total));
        }
        let mut acquire = shared.scheduler.acquire(Ticket {
            origin: request.url.origin().into(),
            priority: request.priority,
            front: self.waited,
            not_before: None,
            total_left: deadlines.total_left(),
            wall_at: deadlines.wall_at(),
        });
        let backend = &shared.backend;
        deadlines.enter(Phase::Queue, asked);
        // Most have their turn at once: the clock is read once for all of it.
        let mut first = Some(asked);
        let (permit, admitted) = poll_fn(|cx| {
            loop {
                let now = first.take().unwrap_or_else(|| backend.now());
                match acquire.poll(cx, now) {
                    Poll::Ready(Ok(permit)) => return Poll::Ready(Ok((permit, now))),
                    Poll::Ready(Err(Refused::Closed)) => {
                        return Poll::Ready(Err(ErrorKind::Closed.into()));
                    }
                    Poll::Ready(Err(Refused::Revoked)) => {
                        let phase = deadlines.expired(now).unwrap_or(Phase::Total);
                        return Poll::Ready(Err(Error::timeout(phase)));
                    }
                    Poll::Pending => {}
                }
                if let Some(phase) = deadlines.expired(now) {
                    return Poll::Ready(Err(Error::timeout(phase)));
                }
                let at = deadlines.next().map(|(at, _)| at).into_iter().chain(acquire.wake_at()).min();
                match at {
                    Some(at) => std::task::ready!(timer.poll_at(cx, backend, at))?,
                    None => return Poll::Pending,
                }
            }
        })
        .await?;
        deadlines.leave();
        deadlines.resume(admitted);
        self.shown = Some(admitted);
        self.permit = Some(permit);
        self.waited = true;
        self.set_between(false);
        let waited = admitted.saturating_sub(asked);
        self.queued += waited;
        self.note_clock();
        self.tell(request, What::Admitted { waited });
        Ok(())
    }

    /// One attempt, under the deadlines.
    async fn exchange(&mut self, mut request: Request) -> Result<Answer<B>> {
        let attempt = self.attempts;
        let started = self.now();
        self.tell(&request, What::RequestStart { attempt, headers: &request.headers });
        if let Some(watched) = &self.watched {
            request.watch = Some(watching_upload(self.shared, watched, &request));
        }
        let Self { shared, deadlines, timer, .. } = self;
        let backend = &shared.backend;
        let wants_progress = deadlines.bounds().headers.is_some() || backend.capabilities().connect_timeout;
        let progress = wants_progress.then(|| Arc::new(progress(shared, self.watched.as_ref(), &request)));
        request.progress.clone_from(&progress);
        // It may have waited unpolled past its time.
        if let Some(phase) = deadlines.expired(started) {
            return Err(Error::timeout(phase));
        }
        let (options, watched) = (Arc::clone(&request.options), self.watched.as_ref());
        let asked = watched.map(|watched| (watched, request.method.clone(), request.url.clone()));
        let mut exchange = pin!(backend.exchange(request));
        let bounds_headers = deadlines.bounds().headers.is_some();
        let mut look_at = B::LOOKS.and_then(|every| started.checked_add(every));
        let outcome = poll_fn(|cx| {
            loop {
                if let Poll::Ready(answer) = exchange.as_mut().poll(cx) {
                    return Poll::Ready(answer);
                }
                if let Some(progress) = progress.as_ref().filter(|_| bounds_headers) {
                    bound_headers(deadlines, progress, started);
                }
                match std::task::ready!(timer.poll_deadlines_or(cx, backend, deadlines, look_at)) {
                    Err(error) => return Poll::Ready(Err(error)),
                    Ok(now) => look_at = B::LOOKS.and_then(|every| now.checked_add(every)),
                }
            }
        })
        .await;
        deadlines.leave();
        let (head, body) = outcome?;
        let now = backend.now();
        // A waiter may have taken the permit back while this future was not being polled.
        if self.permit.as_ref().is_some_and(Permit::is_revoked) {
            return Err(Error::timeout(deadlines.expired(now).unwrap_or(Phase::Total)));
        }
        let elapsed = now.saturating_sub(started);
        let connect = progress.as_ref().and_then(|progress| progress.connect());
        let resolve = progress.as_ref().and_then(|progress| progress.resolving());
        let headers = elapsed.saturating_sub(connect.unwrap_or_default());
        let timing = Timing { connect, resolve, headers, ..Timing::default() };
        if let Some((watched, method, url)) = asked {
            let watched: &Watched = watched;
            if let Some(how) = progress.and_then(|progress| progress.how()) {
                watched.tell(now, &method, &url, What::Connection { how, connect, resolve });
            }
            let (status, headers) = (head.status, &head.headers);
            watched.tell(now, &method, &url, What::ResponseStart { status, headers, elapsed });
        }
        check_headers(&head.headers, &options)?;
        Ok(Answer { head, body: AnyBody::Bare(body), timing })
    }

    fn decide(&self, retry: Retry, attempt: u32, method: &Method, outcome: &Result<Answer<B>>) -> Decision {
        let backend = &self.shared.backend;
        let outcome = match outcome {
            Ok(Answer { head, .. }) => {
                let retry_after = retry_after(&**backend, head.status, &head.headers);
                Outcome::Answered { status: head.status, retry_after }
            }
            Err(error) => Outcome::Failed(error.kind()),
        };
        retry.decide(attempt, method, outcome, backend.random())
    }

    /// The body to hand out: the permit goes with it, unless it is all there.
    pub(super) fn guard(
        &mut self,
        (head, request): (&Head, &Request),
        body: AnyBody<B>,
        max_body: Option<u64>,
        cx: &mut Context<'_>,
    ) -> Result<BoxBody> {
        let permit = self.permit.take();
        let watched = self.watched.clone().map(|watched| WatchedBody {
            watched,
            method: request.method.clone(),
            url: request.url.clone(),
        });
        guarded::guard(self.shared, Guards { head, permit, max_body, watched }, body, cx, || {
            (self.deadlines.clone(), std::mem::replace(&mut self.timer, Timer::new()))
        })
    }
}

impl<B: Backend> Drop for Run<'_, B> {
    fn drop(&mut self) {
        self.set_between(false);
    }
}

/// The bound on waiting for a head starts when the connection stands.
fn bound_headers(deadlines: &mut Deadlines, progress: &Progress, started: Duration) {
    // Another request's connection may be taken meanwhile, without word of it: connecting is not waited for longer than it
    // may take.
    let connected_by = || deadlines.bounds().connect.and_then(|connect| started.checked_add(connect));
    match progress.sendable_since(started).or_else(connected_by) {
        Some(since) => deadlines.enter(Phase::Headers, since),
        None => deadlines.leave(),
    }
}

/// How far the connection is, which those who watch are told of.
fn progress<B: Backend>(
    shared: &Arc<Shared<B>>,
    watched: Option<&Gated<Arc<Watched>>>,
    request: &Request,
) -> Progress {
    let Some(watched) = watched else { return Progress::default() };
    let told = Arc::clone(watched);
    let (backend, method, url) = (Arc::clone(&shared.backend), request.method.clone(), request.url.clone());
    Progress::telling(watched, move |step| told.tell(backend.now(), &method, &url, What::Connect(step)))
}

/// Tells of the body's pieces as they are sent, and whoever the caller has named.
fn watching_upload<B: Backend>(
    shared: &Arc<Shared<B>>,
    watched: &Gated<Arc<Watched>>,
    request: &Request,
) -> Arc<dyn Watch> {
    let (backend, watched) = (Arc::clone(&shared.backend), watched.clone());
    let (method, url, own) = (request.method.clone(), request.url.clone(), request.watch.clone());
    let told = AtomicU64::new(0);
    Arc::new(move |progress: UploadProgress| {
        let bytes = progress.sent - told.swap(progress.sent, Ordering::Relaxed);
        watched.tell(backend.now(), &method, &url, What::ChunkSent { bytes });
        if let Some(own) = &own {
            own.sent(progress);
        }
    })
}

/// Holds a response to the bounds on its header fields, where some are set.
fn check_headers(headers: &HeaderMap, options: &Options) -> Result<()> {
    let too_large = |message: String| Err(Error::new(ErrorKind::HeadersTooLarge).with_message(message));
    let Transport { max_headers, max_header_bytes, .. } = options.transport;
    if let Some(limit) = max_headers.filter(|limit| headers.len() > *limit) {
        return too_large(format!("{} fields; max_headers is {limit}", headers.len()));
    }
    let Some(limit) = max_header_bytes else { return Ok(()) };
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    match bytes > limit {
        true => too_large(format!("{bytes} bytes; max_header_bytes is {limit}")),
        false => Ok(()),
    }
}

/// `Retry-After` as a pause: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after<B: Backend>(backend: &B, status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if status.is_success() {
        return None;
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim_ascii();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(backend.http_date(text)?.saturating_sub(backend.unix_time())),
    }
}
