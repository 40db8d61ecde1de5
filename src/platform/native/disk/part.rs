//! A part of a file, and what tells about it beside it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::checksum::{Checksum, Hash};
use crate::error::Result;
use crate::platform::places::{Names, failed};

use super::claim::Claim;
use super::opened::{Opened, beside};
use super::sink::{Hasher, Sink, read_at};
use super::{blocking, on, refused};

/// A part that is open, so that what has its name later is no matter.
#[derive(Clone)]
pub(crate) struct Part {
    opened: Arc<Opened>,
    path: Arc<Path>,
}

impl Part {
    /// A new file, which goes with the last hold on it unless that [`leave`](Self::leave)s it.
    pub(crate) async fn begin(names: &Names, claim: &Claim, state: Option<Vec<u8>>) -> Result<Self> {
        let (all, job) = (names.clone(), claim.job());
        let begun = on(&names.part, move |part| {
            let opened = Opened::begin(part, &all.state, &all.whole, job)?;
            state.map_or(Ok(()), |state| write(&all.state, &state))?;
            Ok(opened)
        });
        begun.await.map(Self::of)
    }

    /// The one that is there, and how long it is; `None` where there is none, or one that somebody else may have put there.
    pub(crate) async fn again(names: &Names, claim: &Claim) -> Result<Option<(Self, u64)>> {
        let (all, job) = (names.clone(), claim.job());
        let opened = on(&names.part, move |part| {
            let opened = Opened::again(part, &all.state, &all.whole, job)?;
            opened.map(|opened| Ok((opened.file.metadata()?.len(), opened))).transpose()
        });
        let (path, opened) = opened.await?;
        Ok(opened.map(|(length, opened)| (Self::of((path, opened)), length)))
    }

    fn of((path, opened): (Arc<Path>, Opened)) -> Self {
        Self { opened: Arc::new(opened), path }
    }

    /// Nobody waits for it any more: whether it stays where it is.
    pub(crate) fn leave(&self, stays: bool) {
        self.opened.stay(stays);
        self.opened.leave();
    }

    /// What writes from there on.
    pub(crate) fn sink(&self, at: u64) -> Sink {
        Sink { opened: Arc::clone(&self.opened), path: Arc::clone(&self.path), at: Some(at), hasher: None }
    }

    /// Makes it this long, if it is shorter. What was not written reads as zeros, and takes no room where the file system
    /// allows that.
    pub(crate) async fn extend(&self, length: u64) -> Result<()> {
        self.on(move |opened| match opened.file.metadata()?.len() < length {
            true => opened.file.set_len(length),
            false => Ok(()),
        })
        .await
    }

    /// Writes what tells about it, which then is this or what it was; `durable`: once what it tells of is on the disk.
    pub(crate) async fn note(&self, path: PathBuf, state: Vec<u8>, durable: bool) -> Result<()> {
        self.on(move |opened| {
            if durable {
                opened.file.sync_data()?;
            }
            write(&path, &state)
        })
        .await
    }

    /// The same, without saying whether it could be. Blocks: for what is being dropped.
    pub(crate) fn note_now(&self, path: &Path, state: &[u8]) {
        let _ = write(path, state);
    }

    /// # Errors
    /// Where it is not this long, or another file has its name.
    pub(crate) async fn check(&self, length: u64) -> Result<()> {
        let checked = self.on(move |opened| {
            let is_ours = opened.file.metadata()?.len() == length && opened.has_its_name()?;
            // What is beside it tells nothing of what is there now.
            if is_ours { Ok(true) } else { opened.remove_state().map(|()| false) }
        });
        match checked.await? {
            true => Ok(()),
            false => Err(refused(&self.path, "somebody else has changed it")),
        }
    }

    /// What it hashes to, read from its start to its end.
    pub(crate) async fn checksum(&self, hash: Hash) -> Result<Checksum> {
        /// What is hashed before it is looked whether anybody still waits for it.
        const TURN: usize = 64;
        let (mut hasher, mut at) = (Hasher::new(hash), 0);
        loop {
            let turn = self.on(move |opened| {
                let mut buffer = vec![0; 128 * 1024];
                for _ in 0..TURN {
                    match read_at(&opened.file, &mut buffer, at) {
                        Ok(0) => return Ok((hasher, at, true)),
                        Ok(count) => {
                            hasher.update(&buffer[..count]);
                            at += count as u64;
                        }
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok((hasher, at, false))
            });
            match turn.await? {
                (hasher, _, true) => return hasher.finish(),
                (so_far, next, false) => (hasher, at) = (so_far, next),
            }
        }
    }

    /// Gives it its name, and removes what tells about it.
    pub(crate) async fn publish(&self, to: &Path, replace: bool, durable: bool) -> Result<()> {
        let opened = Arc::clone(&self.opened);
        on(to, move |to| opened.publish(to, replace, durable)).await.map(drop)
    }

    async fn on<T: Send + Unpin + 'static>(
        &self,
        work: impl FnOnce(&Opened) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let opened = Arc::clone(&self.opened);
        blocking(move || work(&opened)).await?.map_err(|error| failed(&self.path, error))
    }
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let (mut file, new) = beside(path, true)?;
    let written = file.write_all(content);
    drop(file);
    let written = written.and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn what_is_still_written_to_an_old_part_is_not_in_the_new_one() {
        let folder = std::env::temp_dir().join(format!("dualfetch-test-part-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let at = |name| folder.join(name);
        let names = Names { part: at("f.part"), state: at("f.part.state"), whole: at("f") };
        let done = async {
            let claim = Claim::of(&names.part).await?;
            let old = Part::begin(&names, &claim, None).await?.sink(0);
            let new = {
                // As another process does it, to which no lock was of use.
                fs::remove_file(&names.part).expect("it is there");
                Part::begin(&names, &claim, Some(b"state".to_vec())).await?
            };
            new.sink(0).write(vec!["new".into()]).await?;
            drop(old.write(vec!["old one".into()]).await?);
            assert_eq!((fs::read(&names.part).ok(), names.state.exists()), (Some(b"new".to_vec()), true));
            new.check(3).await?;
            new.publish(&names.whole, true, false).await
        };
        done.now_or_never().expect("no runtime, no waiting").expect("it is written");
        let left: Vec<_> =
            fs::read_dir(&folder).expect("the folder").map(|entry| entry.expect("one").file_name()).collect();
        assert_eq!(left, ["f"]);
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
