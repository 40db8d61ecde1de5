//! A file that is not whole yet: what of it is there, and of which version.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::checksum::{Checksum, Hash};
use crate::error::{Error, ErrorKind, Result};
use crate::platform::disk::{self, Claim, Part, Sink};
use crate::platform::places::Names;
use crate::policy::ranges::{Asked, Spans, Validator, fingerprint};

use super::known::{Known, Source};
use super::save::Place;

/// What is written beside a part is not longer than this.
const STATE: u64 = 1024 * 1024;

/// The part beside the file to be, and what is known of it.
///
/// It is called `NAME.part`; `NAME.part.state` tells of which version of which file it is. Nothing is changed of what is
/// there before [`begin`](Self::begin). Dropped before its end it stays where it can be gone on with; what was begun
/// here is removed where not.
pub(super) struct Partial {
    pub(super) place: Place,
    names: Names,
    of: Source,
    pub(super) version: Option<Validator>,
    pub(super) total: Option<u64>,
    pub(super) done: Spans,
    /// How much of it is from an earlier call.
    pub(super) resumed: u64,
    /// What is there, its length does not tell.
    pub(super) is_scattered: bool,
    keeps: bool,
    durable: bool,
    is_published: bool,
    sink: Option<(Sink, u64)>,
    part: Option<Part>,
    claim: Claim,
}

impl Partial {
    /// The part of this file, as an earlier call has left it.
    pub(super) async fn open(place: Place, of: Source, resumes: bool, durable: bool) -> Result<Self> {
        let names = Names {
            part: with_ending(&place.path, ".part")?,
            state: with_ending(&place.path, ".part.state")?,
            whole: place.path.clone(),
        };
        let claim = Claim::of(&names.part).await?;
        let mut partial = Self {
            place,
            names,
            of,
            version: None,
            total: None,
            done: Spans::default(),
            resumed: 0,
            is_scattered: false,
            keeps: resumes,
            durable,
            is_published: false,
            sink: None,
            part: None,
            claim,
        };
        if resumes {
            partial.load().await?;
        }
        Ok(partial)
    }

    async fn load(&mut self) -> Result<()> {
        let known = disk::read(&self.names.state, STATE).await?.and_then(Known::read);
        let Some(known) = known.filter(|known| known.of == self.of) else { return Ok(()) };
        let Some((part, length)) = Part::again(&self.names, &self.claim).await? else { return Ok(()) };
        let done = known.done.clone().unwrap_or_else(|| Spans::up_to(length));
        let is_whole_file = known.total.is_none_or(|total| done.end() <= total);
        if is_whole_file && done.end() <= length && done.size() > 0 {
            self.is_scattered = known.done.is_some();
            (self.version, self.total, self.resumed) = (Some(known.version), known.total, done.size());
            (self.done, self.part) = (done, Some(part));
        }
        Ok(())
    }

    /// What to ask for next; `None` where all of it.
    pub(super) fn next(&self) -> Option<Asked> {
        let validator = self.version.clone().filter(|_| self.done.size() > 0)?;
        let gaps = self.done.gaps(self.total);
        // It may be that all is there, and nobody has seen its end.
        let (from, to) = gaps.first().copied().unwrap_or_else(|| (self.done.end(), None));
        let to = to.filter(|to| Some(*to) != self.total);
        Some(Asked { from, to, validator, total: self.total })
    }

    /// Whether it is a part of this version.
    pub(super) fn is_of(&self, version: Option<&Validator>, total: Option<u64>) -> bool {
        self.version.is_some()
            && self.version.as_ref() == version
            && self.total == total
            && self.done.size() > 0
    }

    /// It is of another version: nothing of it is of use. It stays until there is something in its place.
    pub(super) fn forget(&mut self) {
        self.leave();
        (self.version, self.total, self.sink, self.part) = (None, None, None, None);
        (self.done, self.resumed, self.is_scattered) = (Spans::default(), 0, false);
    }

    /// Begins it anew, with this version.
    pub(super) async fn begin(
        &mut self,
        version: Option<Validator>,
        total: Option<u64>,
        hash: Option<Hash>,
    ) -> Result<()> {
        self.forget();
        // What is still being written tells of the old one.
        self.claim.quiet().await;
        (self.version, self.total) = (version, total);
        let state = self.state(&self.done).map(|(_, state)| state);
        let part = Part::begin(&self.names, &self.claim, state).await?;
        self.sink = Some((part.sink(0).hashing(hash), 0));
        self.part = Some(part);
        Ok(())
    }

    pub(super) fn part(&self) -> Result<Part> {
        self.part.clone().ok_or_else(|| refused(&self.names.part, "it was not begun"))
    }

    /// What writes from there on.
    pub(super) fn sink(&mut self, from: u64) -> Result<Sink> {
        match self.sink.take() {
            Some((sink, at)) if at == from => Ok(sink),
            _ => Ok(self.part()?.sink(from)),
        }
    }

    /// It has written up to there, and may go on.
    pub(super) fn keep_sink(&mut self, sink: Sink, at: u64) {
        self.sink = Some((sink, at));
    }

    /// Makes room for all of it, so that it can be written at several places.
    pub(super) async fn scatter(&mut self, total: u64) -> Result<Part> {
        self.sink = None;
        self.is_scattered = true;
        let part = self.part()?;
        note(&part, self.note()).await?;
        part.extend(total).await?;
        Ok(part)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.total.is_some() && self.done.gaps(self.total).is_empty()
    }

    /// What is to be written beside it; nothing where it cannot be gone on with.
    pub(super) fn note(&self) -> Option<Note> {
        let (path, state) = self.state(&self.done)?;
        Some(Note { path, state, durable: self.durable })
    }

    fn state(&self, done: &Spans) -> Option<(PathBuf, Vec<u8>)> {
        let version = self.version.as_ref().filter(|_| self.keeps)?;
        let done = self.is_scattered.then_some(done);
        Some((self.names.state.clone(), self.of.state(version, self.total, done)))
    }

    /// Nothing is missing: what it hashes to.
    pub(super) async fn finish(&mut self, hash: Option<Hash>, durable: bool) -> Result<Option<Checksum>> {
        let part = self.part()?;
        if let Err(error) = part.check(self.done.size()).await {
            self.discard();
            return Err(error);
        }
        let mut sink = match self.sink.take() {
            Some((sink, _)) => sink,
            None => part.sink(0),
        };
        match (sink.finish(durable).await?, hash) {
            (None, Some(hash)) => part.checksum(hash).await.map(Some),
            (found, _) => Ok(found),
        }
    }

    /// Gives it its name.
    pub(super) async fn publish(&mut self, durable: bool) -> Result<()> {
        let part = self.part()?;
        // Nothing is to be written beside it any more, even if nobody waits for the end of this.
        self.is_published = true;
        part.publish(&self.place.path, self.place.replace, durable).await
    }

    /// Nothing of it is to be left.
    pub(super) fn discard(&mut self) {
        self.keeps = false;
    }

    fn leave(&self) {
        let Some(part) = &self.part else { return };
        let state = self.state(&self.done).filter(|_| self.done.size() > 0);
        part.leave(state.is_some());
        if let Some((path, state)) =
            state.filter(|_| self.is_scattered && !self.is_published && !self.durable)
        {
            part.note_now(&path, &state);
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.leave();
    }
}

/// What is to be written beside a part.
pub(super) struct Note {
    path: PathBuf,
    state: Vec<u8>,
    durable: bool,
}

/// Writes it, for a later call if this one comes to no end.
pub(super) async fn note(part: &Part, note: Option<Note>) -> Result<()> {
    match note {
        Some(Note { path, state, durable }) => part.note(path, state, durable).await,
        None => Ok(()),
    }
}

/// The path with this at its end, where it names a file.
fn with_ending(path: &Path, ending: &str) -> Result<PathBuf> {
    let Some(name) = path.file_name() else { return Err(refused(path, "the path names no file")) };
    let mut longer = OsString::from(name);
    longer.push(ending);
    // The longest name of common file systems.
    if longer.len() > 255 {
        longer = format!(".{:016x}{ending}", fingerprint(name.display())).into();
    }
    Ok(path.with_file_name(longer))
}

fn refused(path: &Path, why: &str) -> Error {
    let error = io::Error::new(io::ErrorKind::InvalidInput, why);
    Error::new(ErrorKind::File).with_message(format!("{}: {why}", path.display())).with_source(error)
}
