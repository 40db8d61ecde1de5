//! What is written to a file, and what it hashes to.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use ring::digest;

use crate::checksum::{Checksum, Hash};
use crate::error::Result;
use crate::maybe::BoxFuture;
use crate::platform::places::failed;

use super::opened::Opened;
use super::{blocking, on};

/// A file that is written from some place on.
pub(crate) struct Sink {
    pub(super) opened: Arc<Opened>,
    pub(super) path: Arc<Path>,
    /// Where the next byte goes; `None` where it goes behind the last one.
    pub(super) at: Option<u64>,
    /// Boxed: a sink is moved about with each write.
    pub(super) hasher: Option<Box<Hasher>>,
}

impl Sink {
    /// A file beside this one, which goes with the sink unless it is given this name.
    pub(crate) async fn temporary(path: &Path) -> Result<Self> {
        let (path, opened) = on(path, Opened::temporary).await?;
        Ok(Self { opened: Arc::new(opened), path, at: Some(0), hasher: None })
    }

    /// What is there under this name, a device or a pipe, to be written to as it is.
    pub(crate) async fn existing(path: &Path) -> Result<Self> {
        let (path, opened) = on(path, Opened::existing).await?;
        Ok(Self { opened: Arc::new(opened), path, at: None, hasher: None })
    }

    /// Hashes what is written from now on.
    pub(crate) fn hashing(self, hash: Option<Hash>) -> Self {
        Self { hasher: hash.map(Hasher::new).map(Box::new), ..self }
    }

    /// Writes all of it.
    pub(crate) fn write(mut self, pieces: Vec<Bytes>) -> BoxFuture<'static, Result<Self>> {
        Box::pin(async move {
            let path = Arc::clone(&self.path);
            let written = blocking(move || {
                for piece in &pieces {
                    match &mut self.at {
                        None => (&self.opened.file).write_all(piece)?,
                        Some(at) => {
                            write_at(&self.opened.file, piece, *at)?;
                            *at += piece.len() as u64;
                        }
                    }
                    if let Some(hasher) = &mut self.hasher {
                        hasher.update(piece);
                    }
                }
                Ok(self)
            });
            written.await?.map_err(|error| failed(&path, error))
        })
    }

    /// Nothing more is written. What was hashed since the beginning; `durable`: once it is on the disk.
    pub(crate) async fn finish(&mut self, durable: bool) -> Result<Option<Checksum>> {
        let hasher = self.hasher.take();
        if durable {
            let opened = Arc::clone(&self.opened);
            blocking(move || opened.file.sync_all()).await?.map_err(|error| failed(&self.path, error))?;
        }
        hasher.map(|hasher| hasher.finish()).transpose()
    }

    /// The file goes when this does, though something may still be written to it, unless it has got its name.
    pub(crate) fn left(&self) -> Left {
        Left(Arc::clone(&self.opened))
    }

    /// Gives it its name.
    pub(crate) async fn publish(self, to: &Path, replace: bool, durable: bool) -> Result<()> {
        on(to, move |to| self.opened.publish(to, replace, durable)).await.map(drop)
    }
}

/// See [`Sink::left`].
pub(crate) struct Left(Arc<Opened>);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.leave();
    }
}

pub(super) struct Hasher(digest::Context, Hash);

impl Hasher {
    pub(super) fn new(hash: Hash) -> Self {
        let algorithm = match hash {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        Self(digest::Context::new(algorithm), hash)
    }

    pub(super) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    pub(super) fn finish(self) -> Result<Checksum> {
        Checksum::from_bytes(self.1, self.0.finish().as_ref().to_vec())
    }
}

#[cfg(unix)]
fn write_at(file: &File, piece: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, piece, at)
}

#[cfg(windows)]
fn write_at(file: &File, mut piece: &[u8], mut at: u64) -> io::Result<()> {
    while !piece.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, piece, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => (piece, at) = (&piece[count..], at + count as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads some of what is behind a place.
#[cfg(unix)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}
