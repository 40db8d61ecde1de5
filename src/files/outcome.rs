//! What saving tells, on its way and at its end, and what is asked of the result.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::checksum::{Checksum, Hash};
use crate::error::{Error, ErrorKind, Result};
use crate::maybe::{MaybeSend, MaybeSync};

/// How far a file has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadProgress {
    /// Bytes in the file, those of earlier attempts and calls included.
    pub received: u64,
    /// Bytes in all, where that is known: not of a body that comes compressed.
    pub total: Option<u64>,
}

/// A file that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// Where it is.
    pub path: PathBuf,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many of them were there from an earlier call.
    pub resumed: u64,
    /// What it hashes to, where that was asked for.
    pub checksum: Option<Checksum>,
}

/// What is told how far a file has come.
pub(super) trait Watch: MaybeSend + MaybeSync {
    fn received(&self, progress: DownloadProgress);
}

impl<F: Fn(DownloadProgress) + MaybeSend + MaybeSync> Watch for F {
    fn received(&self, progress: DownloadProgress) {
        self(progress);
    }
}

/// What may be asked of a file, however it comes.
#[derive(Clone, Default)]
pub(super) struct Wishes {
    /// Whether what has the name is replaced; by default where the caller has chosen the name.
    pub(super) overwrite: Option<bool>,
    pub(super) durable: bool,
    hash: Option<Hash>,
    expected: Option<Checksum>,
    watch: Option<Arc<dyn Watch>>,
}

impl Wishes {
    pub(super) fn watch(&mut self, watch: impl Watch + 'static) {
        self.watch = Some(Arc::new(watch));
    }

    pub(super) fn tell(&self, received: u64, total: Option<u64>) {
        if let Some(watch) = &self.watch {
            watch.received(DownloadProgress { received, total });
        }
    }

    pub(super) fn compute(&mut self, hash: Hash) {
        self.hash = Some(hash);
    }

    pub(super) fn expect(&mut self, checksum: Checksum) {
        self.expected = Some(checksum);
    }

    /// By which function the file is to be hashed.
    pub(super) fn hash(&self) -> Option<Hash> {
        self.expected.as_ref().map(Checksum::hash).or(self.hash)
    }

    /// # Errors
    /// A file is hashed by one function.
    pub(super) fn sound(&self) -> Result<()> {
        match (self.hash, self.expected.as_ref().map(Checksum::hash)) {
            (Some(wanted), Some(expected)) if wanted != expected => {
                let why = "the checksum that is expected is another function's";
                Err(Error::new(ErrorKind::InvalidOption { option: "hash" }).with_message(why))
            }
            _ => Ok(()),
        }
    }

    /// Whether this is what was expected.
    pub(super) fn check(&self, found: Option<&Checksum>) -> Result<()> {
        let (Some(expected), Some(found)) = (&self.expected, found) else { return Ok(()) };
        if expected == found {
            return Ok(());
        }
        let message = format!("{expected} was expected, and {found} came");
        Err(Error::new(ErrorKind::Checksum).with_message(message))
    }
}

impl fmt::Debug for Wishes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wishes")
            .field("overwrite", &self.overwrite)
            .field("durable", &self.durable)
            .field("hash", &self.hash())
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}
