//! There are no files here: whatever asks for one is refused.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::checksum::{Checksum, Hash};
use crate::error::{ErrorKind, Result};
use crate::maybe::BoxFuture;
use crate::platform::places::{Kind, Names};

/// A file that is written. None can be had.
#[allow(dead_code, reason = "none is ever made")]
pub(crate) struct Sink(());

impl Sink {
    pub(crate) async fn temporary(_: &Path) -> Result<Self> {
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

    pub(crate) async fn finish(&mut self, _: bool) -> Result<Option<Checksum>> {
        refused()
    }

    pub(crate) fn left(&self) -> Left {
        Left(())
    }

    pub(crate) async fn publish(self, _: &Path, _: bool, _: bool) -> Result<()> {
        refused()
    }
}

/// A file that goes when this does.
#[allow(dead_code, reason = "there are none")]
pub(crate) struct Left(());

/// The right to a part. None can be had.
pub(crate) struct Claim(());

impl Claim {
    pub(crate) async fn of(_: &Path) -> Result<Self> {
        refused()
    }

    pub(crate) async fn quiet(&self) {}
}

/// A part that is open. None can be had.
#[derive(Clone)]
pub(crate) struct Part(());

impl Part {
    pub(crate) async fn begin(_: &Names, _: &Claim, _: Option<Vec<u8>>) -> Result<Self> {
        refused()
    }

    pub(crate) async fn again(_: &Names, _: &Claim) -> Result<Option<(Self, u64)>> {
        refused()
    }

    pub(crate) fn leave(&self, _: bool) {}

    pub(crate) fn sink(&self, _: u64) -> Sink {
        Sink(())
    }

    pub(crate) async fn extend(&self, _: u64) -> Result<()> {
        refused()
    }

    pub(crate) async fn note(&self, _: PathBuf, _: Vec<u8>, _: bool) -> Result<()> {
        refused()
    }

    pub(crate) fn note_now(&self, _: &Path, _: &[u8]) {}

    pub(crate) async fn check(&self, _: u64) -> Result<()> {
        refused()
    }

    pub(crate) async fn checksum(&self, _: Hash) -> Result<Checksum> {
        refused()
    }

    pub(crate) async fn publish(&self, _: &Path, _: bool, _: bool) -> Result<()> {
        refused()
    }
}

pub(crate) async fn kind(_: &Path) -> Result<Kind> {
    refused()
}

pub(crate) async fn read(_: &Path, _: u64) -> Result<Option<Vec<u8>>> {
    refused()
}

pub(crate) fn fingerprint(_: &str) -> String {
    String::new()
}

fn refused<T>() -> Result<T> {
    Err(ErrorKind::Unsupported { feature: "files", platform: "browser" }.into())
}
