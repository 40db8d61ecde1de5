//! A platform in memory: scripted replies, a virtual clock, seeded chance. For tests and documentation.
//!
//! Nothing waits for real: when every task is waiting, the clock jumps to the next timer. A test of a five-minute
//! timeout takes microseconds and gives the same result each time.
//!
//! ```
//! use std::time::Duration;
//! use dualfetch::platform::scripted::{Reply, Scripted};
//! use dualfetch::{Client, Config, Phase, Session};
//!
//! let platform = Scripted::new(7);
//! platform.on("https://example.com/", Reply::ok("hello").after(Duration::from_secs(3)));
//! platform.on("https://example.com/never", Reply::hangs());
//! let session = Client::with_backend(Config::new(), platform.clone())?;
//!
//! let (text, error) = platform.run(async {
//!     let text = session.get("https://example.com/").await?.text().await?;
//!     let error = session.get("https://example.com/never").await.unwrap_err();
//!     Ok::<_, dualfetch::Error>((text, error))
//! })?;
//! assert_eq!(text, "hello");
//! assert_eq!(error.phase(), Some(Phase::Total));
//! assert_eq!(platform.elapsed(), Duration::from_secs(3 + 300));
//! # Ok::<(), dualfetch::Error>(())
//! ```

mod reply;
#[cfg(feature = "websocket")]
mod socket;
mod world;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::decoding::Supply;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::head::Head;
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::progress::ConnectionUse;
use crate::request::Request;

use super::{Backend, Capabilities};

pub use reply::{Reply, ScriptedBody};
pub use world::Call;
use world::World;

/// A platform in memory. Clones are the same platform.
#[derive(Clone)]
pub struct Scripted {
    world: Arc<World>,
    capabilities: Arc<Capabilities>,
    charset: Option<Arc<dyn Supply>>,
}

/// What answers requests: any function of the request.
pub trait Handler: MaybeSend + MaybeSync {
    /// The reply to this request.
    fn reply(&self, request: &Request) -> Reply;
}

impl<F: Fn(&Request) -> Reply + MaybeSend + MaybeSync> Handler for F {
    fn reply(&self, request: &Request) -> Reply {
        self(request)
    }
}

impl Scripted {
    /// A platform that can do everything and answers 404, with this seed for its chance.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_capabilities(seed, Capabilities::all("scripted"))
    }

    /// A platform that can do this much.
    #[must_use]
    pub fn with_capabilities(seed: u64, capabilities: Capabilities) -> Self {
        Self { world: Arc::new(World::new(seed)), capabilities: Arc::new(capabilities), charset: None }
    }

    /// It decodes other encodings than UTF-8 by this supply, with or without the crate feature `charset`.
    #[must_use]
    pub fn with_charset(mut self, supply: Arc<dyn Supply>) -> Self {
        self.charset = Some(supply);
        self
    }

    /// Answers requests for this URL. Given several times, the replies are used in turn, the last one for ever.
    pub fn on(&self, url: &str, reply: Reply) {
        self.state().add_reply(url, reply);
    }

    /// Answers every request that no [`on`](Self::on) answers.
    pub fn on_every(&self, handler: impl Handler + 'static) {
        self.state().handler = Some(Arc::new(handler));
    }

    /// Runs a future to its end in virtual time, along with what was spawned. What was spawned and has not ended by
    /// then goes on in the next run.
    ///
    /// # Panics
    /// When everything waits and no timer is set: nothing could ever happen again.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(Arc::clone(&flag));
        let mut tasks: Vec<(BoxFuture<'static, ()>, Arc<Flag>)> = Vec::new();
        loop {
            if flag.take()
                && let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                self.state().spawned.extend(tasks.into_iter().map(|(task, _)| task));
                return value;
            }
            let spawned = std::mem::take(&mut self.state().spawned);
            tasks.extend(spawned.into_iter().map(|task| (task, Arc::new(Flag::default()))));
            tasks.retain_mut(|(task, flag)| {
                !flag.take()
                    || task
                        .as_mut()
                        .poll(&mut Context::from_waker(&Waker::from(Arc::clone(flag))))
                        .is_pending()
            });
            let idle = !flag.is_set()
                && self.state().spawned.is_empty()
                && !tasks.iter().any(|(_, flag)| flag.is_set());
            if idle && !self.world.skip_to_next_timer() {
                panic!("everything waits and no timer is set, at {:?}", self.elapsed());
            }
        }
    }

    /// Waits for so long in virtual time.
    pub fn sleep(&self, pause: Duration) -> Sleep {
        self.world.sleep(pause)
    }

    /// How far the virtual clock has gone.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.state().now
    }

    /// Every request so far, in the order they arrived.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The most exchanges that were under way at once: from the request to the body's end.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.state().peak
    }

    /// The most exchanges that were under way at once at this origin.
    #[must_use]
    pub fn peak_at(&self, origin: &str) -> usize {
        self.state().hosts.get(origin).map_or(0, |host| host.peak)
    }

    /// How often its sessions were closed.
    #[must_use]
    pub fn closed(&self) -> usize {
        self.state().closed
    }

    /// The exchanges under way now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.state().open
    }

    fn state(&self) -> MutexGuard<'_, world::State> {
        self.world.lock()
    }
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scripted").field("elapsed", &self.elapsed()).finish_non_exhaustive()
    }
}

impl Backend for Scripted {
    type Body = ScriptedBody;
    type Sleep = Sleep;

    async fn exchange(&self, request: Request) -> Result<(Head, ScriptedBody)> {
        if let Some(failure) = request.body.failure() {
            return Err(failure);
        }
        let (reply, open) = self.world.begin(&request);
        open.note_body(request.body.collected(request.watch.clone()).await?);
        let bound = request.options.timeout.resolve().connect;
        let how = match reply.connecting.is_zero() {
            true => ConnectionUse::Reused,
            false => ConnectionUse::Started,
        };
        if let Some(progress) = &request.progress {
            progress.came_by(how);
        }
        if !reply.connecting.is_zero() {
            if let Some(progress) = &request.progress {
                progress.connecting(self.now());
            }
            match bound.filter(|bound| reply.connecting > *bound) {
                None => self.world.sleep(reply.connecting).await,
                Some(bound) => {
                    self.world.sleep(bound).await;
                    return Err(Error::new(ErrorKind::Timeout(Phase::Connect)));
                }
            }
            if let Some(progress) = &request.progress {
                progress.connected(self.now());
            }
        }
        reply.answer(Arc::clone(&self.world), open).await
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        self.world.sleep_until(at)
    }

    fn now(&self) -> Duration {
        self.elapsed()
    }

    fn unix_time(&self) -> Duration {
        self.elapsed()
    }

    fn random(&self) -> u64 {
        self.state().random()
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.state().spawned.push(task);
    }

    fn close(&self) {
        self.state().closed += 1;
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn charset(&self) -> Option<Arc<dyn Supply>> {
        self.charset.clone()
    }
}

/// A timer on the virtual clock.
pub struct Sleep {
    world: Arc<World>,
    at: Duration,
    /// Where it stands among the timers that are set.
    set: Option<(Duration, u64)>,
}

impl Sleep {
    fn new(world: Arc<World>, at: Duration) -> Self {
        Self { world, at, set: None }
    }

    fn unset(&mut self) {
        if let Some(key) = self.set.take() {
            self.world.lock().timers.remove(&key);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.unset();
        let mut state = self.world.lock();
        if state.now >= self.at {
            return Poll::Ready(());
        }
        let key = state.set_timer(self.at, cx.waker().clone());
        drop(state);
        self.set = Some(key);
        Poll::Pending
    }
}

impl super::Sleep for Sleep {
    fn reset(mut self: Pin<&mut Self>, at: Duration) {
        self.unset();
        self.at = at;
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.unset();
    }
}

impl std::fmt::Debug for Sleep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sleep").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Whether a task was woken. It starts woken.
struct Flag(AtomicBool);

impl Flag {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Default for Flag {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}
