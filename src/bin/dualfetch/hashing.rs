//! Hashing what is read.

use std::io::{self, Read};

use ring::digest::{Algorithm, Context, Digest};

/// Hashes what is read through it.
pub(crate) struct Hashing<R> {
    inner: R,
    context: Context,
}

impl<R> Hashing<R> {
    pub(crate) fn new(inner: R, algorithm: &'static Algorithm) -> Self {
        Self { inner, context: Context::new(algorithm) }
    }

    /// Adds what was not read through it.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// What it all hashes to.
    pub(crate) fn finish(self) -> Digest {
        self.context.finish()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.context.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}
