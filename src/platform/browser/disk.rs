//! There are no files here: whatever asks for one is refused.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::checksum::{Checksum, Hash};
use crate::error::{ErrorKind, Result};
use crate::maybe::BoxFuture;

/// A file that is written. None can be had.
#[allow(dead_code, reason = "none is ever made")]
pub(crate) struct Sink(());

impl Sink {
    pub(crate) async fn open(_: &Path, _: u64) -> Result<Self> {
        refused()
    }

    pub(crate) async fn open_within(_: &Path, _: u64) -> Result<Self> {
        refused()
    }

    pub(crate) async fn existing(_: &Path) -> Result<Self> {
        refused()
    }

    pub(crate) fn hashing(self, _: Option<Hash>) -> Self {
        self
    }

    pub(crate) fn write(self, _: Vec<Bytes>) -> BoxFuture<'static, Result<Self>> {
        Box::pin(std::future::ready(refused()))
    }

    pub(crate) async fn finish(self, _: bool) -> Result<Option<Checksum>> {
        refused()
    }
}

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the native ones")]
pub(crate) enum Kind {
    File(u64),
    Folder,
    Nothing,
    Special,
}

pub(crate) async fn checksum(_: &Path, _: Hash) -> Result<Checksum> {
    refused()
}

pub(crate) async fn kind(_: &Path) -> Result<Kind> {
    refused()
}

pub(crate) async fn publish(_: &Path, _: &Path, _: bool, _: bool) -> Result<()> {
    refused()
}

pub(crate) async fn read(_: &Path, _: u64) -> Result<Option<Vec<u8>>> {
    refused()
}

pub(crate) async fn write(_: &Path, _: Vec<u8>) -> Result<()> {
    refused()
}

pub(crate) async fn extend(_: &Path, _: u64) -> Result<()> {
    refused()
}

pub(crate) fn remove_now(_: &Path) {}

pub(crate) fn write_now(_: &Path, _: &[u8]) {}

pub(crate) fn temporary(_: &Path) -> Result<PathBuf> {
    refused()
}

fn refused<T>() -> Result<T> {
    Err(ErrorKind::Unsupported { feature: "files", platform: "browser" }.into())
}
