//! Files that are written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use ring::digest;

use crate::checksum::{Checksum, Hash};
use crate::error::{Error, ErrorKind, Result};
use crate::maybe::BoxFuture;

use super::blocking::blocking;

/// A file that is written from some place on.
pub(crate) struct Sink {
    file: File,
    path: Arc<Path>,
    /// Boxed: a sink is moved about with each write.
    hasher: Option<Box<Hasher>>,
}

impl Sink {
    /// The file of this name, from `at` on: what is behind that is cut off. It is made where there is none. Where the name
    /// is a link, or no file, that is an error: somebody else may have put it there.
    pub(crate) async fn open(path: &Path, at: u64) -> Result<Self> {
        on(path, move |path| own(path, Some(at))).await.map(|(path, file)| Self { file, path, hasher: None })
    }

    /// The same, with what is behind `at` left as it is: others may be writing there.
    pub(crate) async fn open_within(path: &Path, at: u64) -> Result<Self> {
        let opened = on(path, move |path| {
            let mut file = own(path, None)?;
            file.seek(SeekFrom::Start(at))?;
            Ok(file)
        });
        opened.await.map(|(path, file)| Self { file, path, hasher: None })
    }

    /// What is there under this name, a device or a pipe, to be written to as it is.
    pub(crate) async fn existing(path: &Path) -> Result<Self> {
        let opened = on(path, |path| OpenOptions::new().write(true).open(path));
        opened.await.map(|(path, file)| Self { file, path, hasher: None })
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
                    self.file.write_all(piece)?;
                    if let Some(hasher) = &mut self.hasher {
                        hasher.0.update(piece);
                    }
                }
                Ok(self)
            });
            written.await?.map_err(|error| failed(&path, error))
        })
    }

    /// Nothing more is written. What was hashed since the beginning; `durable`: once it is on the disk.
    pub(crate) async fn finish(mut self, durable: bool) -> Result<Option<Checksum>> {
        let hasher = self.hasher.take();
        if durable {
            let path = Arc::clone(&self.path);
            blocking(move || self.file.sync_all()).await?.map_err(|error| failed(&path, error))?;
        }
        hasher.map(|hasher| hasher.finish()).transpose()
    }
}

struct Hasher(digest::Context, Hash);

impl Hasher {
    fn new(hash: Hash) -> Self {
        let algorithm = match hash {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        Self(digest::Context::new(algorithm), hash)
    }

    fn finish(self) -> Result<Checksum> {
        Checksum::from_bytes(self.1, self.0.finish().as_ref().to_vec())
    }
}

/// What a file hashes to, read from its start to its end.
pub(crate) async fn checksum(path: &Path, hash: Hash) -> Result<Checksum> {
    /// What is hashed before it is looked whether anybody still waits for it.
    const TURN: usize = 64;
    let (path, mut file) = on(path, |path| File::open(path)).await?;
    let mut hasher = Hasher::new(hash);
    loop {
        let turn = blocking(move || {
            let mut buffer = vec![0; 128 * 1024];
            for _ in 0..TURN {
                match file.read(&mut buffer) {
                    Ok(0) => return Ok((hasher, None)),
                    Ok(count) => hasher.0.update(&buffer[..count]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok((hasher, Some(file)))
        });
        match turn.await?.map_err(|error| failed(&path, error))? {
            (hasher, None) => return hasher.finish(),
            (so_far, Some(rest)) => (hasher, file) = (so_far, rest),
        }
    }
}

/// What stands under a name, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File(u64),
    Folder,
    Nothing,
    /// A device, a pipe or a socket; or it is in a folder of the system's own making, where nothing can be replaced.
    Special,
}

pub(crate) async fn kind(path: &Path) -> Result<Kind> {
    let looked = on(path, |path| match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Ok(Kind::Folder),
        Ok(meta) if meta.is_file() && !is_system_s(path) => Ok(Kind::File(meta.len())),
        Ok(_) => Ok(Kind::Special),
        // A link that leads nowhere is there all the same, and is replaced.
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::symlink_metadata(path) {
            Ok(_) => Ok(Kind::File(0)),
            Err(_) => Ok(Kind::Nothing),
        },
        Err(error) => Err(error),
    });
    looked.await.map(|(_, kind)| kind)
}

fn is_system_s(path: &Path) -> bool {
    cfg!(unix)
        && fs::canonicalize(folder(path))
            .is_ok_and(|folder| folder.starts_with("/dev") || folder.starts_with("/proc"))
}

/// Gives a file that is whole its name. What has that name is replaced, and if that is a link, the link; unless nothing is to
/// be replaced, which is then an error.
pub(crate) async fn publish(from: &Path, to: &Path, replace: bool, durable: bool) -> Result<()> {
    let from = from.to_owned();
    let named = on(to, move |to| {
        if replace {
            if let Ok(old) = fs::symlink_metadata(to)
                && old.is_file()
            {
                // Who might read it before may do so after.
                let _ = fs::set_permissions(&from, old.permissions());
            }
            fs::rename(&from, to)?;
        } else {
            name_new(&from, to)?;
        }
        if durable && cfg!(unix) {
            // The name is on the disk when its folder is.
            let _ = File::open(folder(to)).and_then(|folder| folder.sync_all());
        }
        Ok(())
    });
    named.await.map(drop)
}

/// A second name that is not taken yet, and then the first one away. Not every file system has second names.
fn name_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => {
            let _ = fs::remove_file(from);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// A small file's content; `None` where there is none, and where it is larger than `most`.
pub(crate) async fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    let read = on(path, move |path| {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut content = Vec::new();
        file.take(most + 1).read_to_end(&mut content)?;
        Ok((content.len() as u64 <= most).then_some(content))
    });
    read.await.map(|(_, content)| content)
}

/// Writes a small file, which then is this or what it was.
pub(crate) async fn write(path: &Path, content: Vec<u8>) -> Result<()> {
    on(path, move |path| replace(path, &content)).await.map(drop)
}

/// The same, without saying whether it could be. Blocks: for what is being dropped.
pub(crate) fn write_now(path: &Path, content: &[u8]) {
    let _ = replace(path, content);
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = beside(path)?;
    let written = own(&new, Some(0)).and_then(|mut file| file.write_all(content));
    let written = written.and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Makes the file this long. What was not written reads as zeros, and takes no room where the file system allows that.
pub(crate) async fn extend(path: &Path, length: u64) -> Result<()> {
    on(path, move |path| own(path, None)?.set_len(length)).await.map(drop)
}

/// Removes a file, if it is there. Blocks: for what is being dropped.
pub(crate) fn remove_now(path: &Path) {
    let _ = fs::remove_file(path);
}

/// A name beside this one that nobody has.
fn beside(path: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    if path.file_name().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    }
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let free = folder(path).join(format!(".dualfetch-{}-{count}.tmp", std::process::id()));
        if fs::symlink_metadata(&free).is_err() {
            return Ok(free);
        }
    }
}

/// A temporary name for a file of this path.
pub(crate) fn temporary(path: &Path) -> Result<PathBuf> {
    beside(path).map_err(|error| failed(path, error))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Opens a file that is ours to write, and makes it where there is none. A link is not followed.
fn own(path: &Path, cut_at: Option<u64>) -> io::Result<File> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let named = fs::symlink_metadata(path)?;
    let mut file = OpenOptions::new().write(true).open(path)?;
    if !named.is_file() || !is_same(&named, &file.metadata()?) {
        let why = "it is a link, or no file: remove it first";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    if let Some(at) = cut_at {
        file.set_len(at)?;
        file.seek(SeekFrom::Start(at))?;
    }
    Ok(file)
}

/// Whether what was opened is what had the name before: in between somebody may have put a link there.
#[cfg(unix)]
fn is_same(named: &fs::Metadata, opened: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (named.dev(), named.ino()) == (opened.dev(), opened.ino())
}

#[cfg(not(unix))]
fn is_same(_: &fs::Metadata, opened: &fs::Metadata) -> bool {
    opened.is_file()
}

/// Does something with a file that may block.
async fn on<T: Send + Unpin + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<(Arc<Path>, T)> {
    let path: Arc<Path> = path.into();
    let on = Arc::clone(&path);
    match blocking(move || work(&on)).await? {
        Ok(done) => Ok((path, done)),
        Err(error) => Err(failed(&path, error)),
    }
}

/// The error, which names the file.
pub(crate) fn failed(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::File).with_message(format!("{}: {error}", path.display())).with_source(error)
}
