//! Work that blocks, off the runtime's threads.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::error::{Error, ErrorKind, Result};

/// Work that was begun. Dropping it does not end what runs already; what waits for a thread is not done any more.
#[derive(Debug)]
pub(super) enum Blocking<T> {
    Elsewhere(JoinHandle<T>),
    Done(Option<T>),
}

/// Begins it: on a thread for such work or, without a runtime, here and now.
pub(super) fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Blocking<T> {
    match Handle::try_current() {
        Ok(runtime) => Blocking::Elsewhere(runtime.spawn_blocking(work)),
        Err(_) => Blocking::Done(Some(work())),
    }
}

impl<T> Drop for Blocking<T> {
    fn drop(&mut self) {
        if let Self::Elsewhere(task) = self {
            task.abort();
        }
    }
}

impl<T: Unpin> Future for Blocking<T> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let closed = |message| Error::new(ErrorKind::Closed).with_message(message);
        Poll::Ready(match self.get_mut() {
            Self::Elsewhere(task) => match ready!(Pin::new(task).poll(cx)) {
                Ok(done) => Ok(done),
                Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                Err(_) => Err(closed("the tokio runtime has shut down")),
            },
            Self::Done(done) => done.take().ok_or_else(|| closed("it was awaited after its end")),
        })
    }
}
