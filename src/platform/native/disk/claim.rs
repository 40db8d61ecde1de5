//! That nobody else in this process writes the same part.

use std::collections::HashMap;
use std::fs;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::Result;

use super::{folder, on, refused};

/// The only right to a part. Work that was begun holds it, too, and may outlast whoever waited for it: until that has
/// ended nobody else gets the part.
pub(crate) struct Claim(Arc<PathBuf>);

impl Claim {
    /// Waits for work that nobody waits for any more.
    ///
    /// # Errors
    /// Where somebody has it.
    pub(crate) async fn of(path: &Path) -> Result<Self> {
        let (_, key) = on(path, |path| {
            // However the folder is spelled.
            let name = path.file_name().unwrap_or_default();
            Ok(fs::canonicalize(folder(path)).map_or_else(|_| path.to_owned(), |folder| folder.join(name)))
        })
        .await?;
        match poll_fn(|cx| Held::claim(&key, cx)).await {
            true => Ok(Self(Arc::new(key))),
            false => Err(refused(path, "another download is writing it")),
        }
    }

    /// Waits until no work is under way.
    pub(crate) async fn quiet(&self) {
        poll_fn(|cx| match claimed().get_mut(&*self.0) {
            Some(held) if held.jobs > 0 => held.wait(cx),
            _ => Poll::Ready(()),
        })
        .await;
    }

    pub(super) fn job(&self) -> Job {
        if let Some(held) = claimed().get_mut(&*self.0) {
            held.jobs += 1;
        }
        Job(Arc::clone(&self.0))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        Held::change(&self.0, |held| held.is_left = true);
    }
}

/// That something is under way.
pub(super) struct Job(Arc<PathBuf>);

impl Drop for Job {
    fn drop(&mut self) {
        Held::change(&self.0, |held| held.jobs -= 1);
    }
}

#[derive(Default)]
struct Held {
    jobs: usize,
    is_left: bool,
    waiting: Vec<Waker>,
}

static CLAIMED: LazyLock<Mutex<HashMap<PathBuf, Held>>> = LazyLock::new(Mutex::default);

fn claimed() -> MutexGuard<'static, HashMap<PathBuf, Held>> {
    CLAIMED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Held {
    fn claim(key: &Path, cx: &mut Context<'_>) -> Poll<bool> {
        let mut claimed = claimed();
        match claimed.get_mut(key) {
            None => {
                claimed.insert(key.to_owned(), Self::default());
                Poll::Ready(true)
            }
            Some(held) if held.is_left => held.wait(cx),
            Some(_) => Poll::Ready(false),
        }
    }

    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        if !self.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    fn change(key: &Path, change: impl FnOnce(&mut Self)) {
        let woken = {
            let mut claimed = claimed();
            let Some(held) = claimed.get_mut(key) else { return };
            change(held);
            if held.jobs > 0 {
                return;
            }
            let woken = std::mem::take(&mut held.waiting);
            if held.is_left {
                claimed.remove(key);
            }
            woken
        };
        woken.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_claim_is_free_again_when_the_last_work_has_ended() {
        let path = std::env::temp_dir().join("dualfetch-test-claim.part");
        let of = || Claim::of(&path);
        let claim = of().now_or_never().expect("at once").expect("it is free");
        assert!(of().now_or_never().expect("at once").is_err(), "somebody has it");
        let job = claim.job();
        assert!(claim.quiet().now_or_never().is_none(), "there is work");
        drop(claim);
        let mut next = pin!(of());
        assert!(next.as_mut().now_or_never().is_none(), "there is work");
        drop(job);
        let next = next.now_or_never().expect("at once").expect("it is free");
        assert!(next.quiet().now_or_never().is_some());
    }
}
