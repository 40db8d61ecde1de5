//! The runtime that a request began in: its connections and timers end with it.

use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::platform;

/// A tokio runtime, or that there was none.
#[derive(Debug)]
pub(super) struct Home(Option<Handle>);

impl Home {
    /// The runtime of the caller.
    pub(super) fn here() -> Self {
        Self(Handle::try_current().ok())
    }

    /// `Closed` when it has shut down: tokio's timers panic where they are polled after that.
    fn check(&self) -> Result<()> {
        let closed = |message| Err(Error::new(ErrorKind::Closed).with_message(message));
        let Some(home) = &self.0 else { return closed("there is no tokio runtime to send on") };
        // Whoever runs in it has it.
        let is_here = Handle::try_current().is_ok_and(|here| here.id() == home.id());
        match is_here || takes_tasks(home) {
            true => Ok(()),
            false => closed("the tokio runtime in which the request began has shut down"),
        }
    }
}

/// What has shut down says so by nothing else than by ending at once what it is given.
fn takes_tasks(runtime: &Handle) -> bool {
    let mut task = runtime.spawn(pending::<()>());
    task.abort();
    Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

pin_project_lite::pin_project! {
    /// What is polled while its runtime is there.
    pub(super) struct Housed<F> {
        home: Home,
        #[pin]
        inner: F,
    }
}

impl<F> Housed<F> {
    /// In the runtime of the caller.
    pub(super) fn here(inner: F) -> Self {
        Self { home: Home::here(), inner }
    }
}

impl<T, F: Future<Output = Result<T>>> Future for Housed<F> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = self.project();
        this.home.check()?;
        this.inner.poll(cx)
    }
}

pin_project_lite::pin_project! {
    /// tokio's timer, on the native backend's clock. Without its runtime it is ready at once, and says why.
    #[derive(Debug)]
    pub struct Sleep {
        home: Home,
        #[pin]
        inner: Option<tokio::time::Sleep>,
        started: Instant,
    }
}

impl Sleep {
    /// Ready at this time since the start.
    pub(super) fn until(started: Instant, at: Duration) -> Self {
        let home = Home::here();
        let inner = home.0.is_some().then(|| tokio::time::sleep_until(instant(started, at)));
        Self { home, inner, started }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if platform::Sleep::failure(self.as_ref()).is_some() {
            return Poll::Ready(());
        }
        self.project().inner.as_pin_mut().map_or(Poll::Ready(()), |inner| inner.poll(cx))
    }
}

impl platform::Sleep for Sleep {
    fn reset(self: Pin<&mut Self>, at: Duration) {
        let this = self.project();
        let at = instant(*this.started, at);
        if let Some(inner) = this.inner.as_pin_mut() {
            inner.reset(at);
        }
    }

    fn failure(self: Pin<&Self>) -> Option<Error> {
        self.home.check().err()
    }
}

/// A time past what the clock can show is as far off as it can.
fn instant(started: Instant, at: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
    started.checked_add(at.min(FAR)).unwrap_or(started)
}
