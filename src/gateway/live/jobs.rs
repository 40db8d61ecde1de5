//! [`Jobs`]: the jobs of one WebSocket, each with its list under way.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{Stream, StreamExt, poll_fn};
use futures_util::task::AtomicWaker;

use crate::gateway::access::Caller;
use crate::gateway::listing::{Listing, Manner, Row};
use crate::gateway::state::State;

use super::job::{Job, Next};
use super::message::{Asked, Progress, Reason, Refused};

/// How many jobs may be under way at once.
const MAX_JOBS: usize = 8;

/// How many bytes of URLs of all jobs may wait for their turn.
const MAX_WAITING: usize = 4 << 20;

/// How long what a client calls a job may be, in characters.
const MAX_ID: usize = 64;

/// The shortest time between two reports of a job's progress.
const REPORT: Duration = Duration::from_millis(250);

/// The jobs of one WebSocket.
///
/// # Cancellation
/// Dropping it ends all their requests.
pub(super) struct Jobs {
    state: State,
    caller: Caller,
    running: Vec<Running>,
    /// Who is asked first for a row.
    turn: usize,
}

struct Running {
    id: Arc<str>,
    job: Arc<Shared>,
    listing: Listing,
    /// When its progress is to be told next, where that has changed.
    due: Option<Duration>,
    /// When it was told.
    told: Duration,
}

/// What has happened to a job.
pub(super) enum News {
    Row { id: Arc<str>, row: Row },
    Progress { id: Arc<str>, progress: Progress },
    End { id: Arc<str>, reason: Reason, progress: Progress },
}

impl Jobs {
    pub(super) fn new(state: State, caller: Caller) -> Self {
        Self { state, caller, running: Vec::new(), turn: 0 }
    }

    /// Whether the client may ask for anything any more: its key may have been taken away meanwhile.
    pub(super) fn may_ask(&self) -> bool {
        self.caller.may_still(&self.state.live().settings)
    }

    /// The client is told of something that did not work.
    pub(super) fn failed(&self, code: &'static str) {
        self.state.metrics().failed(code);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Does what a client asks for.
    pub(super) fn ask(&mut self, asked: Asked, now: Duration) -> Result<Option<News>, Refused> {
        match asked {
            Asked::Start { id, urls, ordered, metadata, more } => {
                let manner = Manner { ordered, metadata: metadata.map(super::message::Reach::extent) };
                self.start(id, urls, more, manner, now).map(Some)
            }
            Asked::Add { id, urls, more } => {
                self.check_size(&urls)?;
                let running = self.named(&id)?;
                running.job.change(|job| job.add(urls, more))?;
                running.due.get_or_insert(running.told + REPORT);
                Ok(None)
            }
            Asked::Pause { id } => self.named(&id).map(|running| running.turned(Job::pause, now)),
            Asked::Resume { id } => self.named(&id).map(|running| running.turned(Job::resume, now)),
            Asked::Cancel { id } => {
                self.named(&id)?;
                let at = self.running.iter().position(|running| *running.id == *id).unwrap_or_default();
                let running = self.running.swap_remove(at);
                running.job.change(|job| job.end(Reason::Cancelled));
                Ok(Some(running.ended()))
            }
        }
    }

    fn start(
        &mut self,
        id: String,
        urls: Vec<String>,
        more: bool,
        manner: Manner,
        now: Duration,
    ) -> Result<News, Refused> {
        if !is_id(&id) {
            return Err(Refused::new("invalid_option", format!("an id has 1 to {MAX_ID} characters")));
        }
        if self.running.iter().any(|running| *running.id == *id) {
            return Err(Refused::new("invalid_option", "there is a job of that id, which has not ended"));
        }
        if self.running.len() >= MAX_JOBS {
            return Err(Refused::new("too_large", format!("there may be {MAX_JOBS} jobs at once")));
        }
        if self.state.is_draining() {
            return Err(Refused::new("closed", "the gateway is ending"));
        }
        self.check_size(&urls)?;
        let job = Arc::new(Shared::new(Job::start(urls, more, self.state.live().settings.max_urls)?));
        let urls = Shared::urls(Arc::clone(&job));
        let listing = Listing::begin(&self.state, self.caller.clone(), manner, |_| urls);
        let id: Arc<str> = id.into();
        let progress = job.lock().progress();
        self.running.push(Running { id: Arc::clone(&id), job, listing, due: None, told: now });
        Ok(News::Progress { id, progress })
    }

    fn check_size(&self, urls: &[String]) -> Result<(), Refused> {
        let waiting: usize = self.running.iter().map(|running| running.job.lock().size()).sum();
        match waiting + urls.iter().map(String::len).sum::<usize>() > MAX_WAITING {
            true => Err(Refused::new(
                "too_large",
                format!("{MAX_WAITING} bytes of URLs may wait: add these later"),
            )),
            false => Ok(()),
        }
    }

    fn named(&mut self, id: &str) -> Result<&mut Running, Refused> {
        let running = self.running.iter_mut().find(|running| *running.id == *id);
        running.ok_or_else(|| Refused::new("invalid_option", "there is no job of that id, or it has ended"))
    }

    /// The gateway is ending: jobs begin no more.
    pub(super) fn drain(&mut self) {
        for running in &self.running {
            running.job.change(Job::drain);
        }
    }

    /// When there will be a report of progress.
    pub(super) fn due(&self) -> Option<Duration> {
        self.running.iter().filter_map(|running| running.due).min()
    }

    /// What progress there is to report by now.
    pub(super) fn reports(&mut self, now: Duration) -> impl Iterator<Item = News> + '_ {
        self.running
            .iter_mut()
            .filter(move |running| running.due.is_some_and(|due| due <= now))
            .map(move |running| running.report(now))
    }

    /// The next row or end of any job, each in its turn. Pending while there is no job.
    pub(super) fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        let count = self.running.len();
        for at in (0..count).map(|n| (self.turn + n) % count) {
            let running = &mut self.running[at];
            let Poll::Ready(row) = running.listing.poll_next_unpin(cx) else { continue };
            self.turn = at + 1;
            let Some(row) = row else {
                let running = self.running.swap_remove(at);
                // It may have come to know of the gateway's end first.
                running.job.change(Job::drain);
                return Poll::Ready(running.ended());
            };
            running.job.lock().row(row.failed.is_some());
            running.due.get_or_insert(running.told + REPORT);
            let id = Arc::clone(&running.id);
            if let Some(code) = row.failed {
                self.failed(code);
            }
            return Poll::Ready(News::Row { id, row });
        }
        Poll::Pending
    }
}

/// Whether a client may call a job so.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().take(MAX_ID + 1).count() <= MAX_ID
}

impl Running {
    fn turned(&mut self, turn: fn(&mut Job) -> bool, now: Duration) -> Option<News> {
        self.job.change(turn).then(|| self.report(now))
    }

    fn report(&mut self, now: Duration) -> News {
        (self.due, self.told) = (None, now);
        News::Progress { id: Arc::clone(&self.id), progress: self.job.lock().progress() }
    }

    fn ended(self) -> News {
        let job = self.job.lock();
        News::End { id: Arc::clone(&self.id), reason: job.reason(), progress: job.progress() }
    }
}

/// A job, and who waits for its URLs.
struct Shared {
    job: Mutex<Job>,
    waiting: AtomicWaker,
}

impl Shared {
    fn new(job: Job) -> Self {
        Self { job: Mutex::new(job), waiting: AtomicWaker::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Job> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something that there may be URLs after.
    fn change<T>(&self, change: impl FnOnce(&mut Job) -> T) -> T {
        let changed = change(&mut self.lock());
        self.waiting.wake();
        changed
    }

    fn urls(self: Arc<Self>) -> Pin<Box<dyn Stream<Item = String> + Send>> {
        Box::pin(poll_fn(move |cx| {
            self.waiting.register(cx.waker());
            match self.lock().next() {
                Next::Url(url) => Poll::Ready(Some(url)),
                Next::Wait => Poll::Pending,
                Next::Over => Poll::Ready(None),
            }
        }))
    }
}
