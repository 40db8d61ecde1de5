//! A file that is ours to write, under a name that is not its last one.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::claim::Job;
use super::folder;

/// Removed when it is dropped, unless it is to stay: with the last work on it, be it that nobody waits for it any more.
pub(super) struct Opened {
    pub(super) file: File,
    /// `None` where the file is not ours: a device or a pipe.
    name: Option<PathBuf>,
    /// What tells about it, beside it.
    state: Option<PathBuf>,
    stays: AtomicBool,
    _job: Option<Job>,
}

impl Opened {
    /// What is there under this name, to be written to as it is.
    pub(super) fn existing(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        if file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        Ok(Self { file, name: None, state: None, stays: true.into(), _job: None })
    }

    /// A file beside this one, under a name that nobody had.
    pub(super) fn temporary(path: &Path) -> io::Result<Self> {
        let is_private = is_file(path);
        let (file, name) = beside(path, is_private)?;
        Ok(Self { file, name: Some(name), state: None, stays: false.into(), _job: None })
    }

    /// A new file of this name: whoever still writes to an old one writes to nothing.
    pub(super) fn begin(name: &Path, state: &Path, instead_of: &Path, job: Job) -> io::Result<Self> {
        loop {
            match fs::symlink_metadata(name) {
                Ok(there) if !there.is_file() => {
                    let why = "it is a link, or no file: remove it first";
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
                }
                Ok(_) => {
                    // What another process is writing stays.
                    let there = open_ours(name)?;
                    there.as_ref().map_or(Ok(()), lock)?;
                    remove(state)?;
                    remove(name)?;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => remove(state)?,
                Err(error) => return Err(error),
            }
            match create(name, is_file(instead_of)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(file) => {
                    lock(&file)?;
                    let (name, state) = (Some(name.to_owned()), Some(state.to_owned()));
                    return Ok(Self { file, name, state, stays: false.into(), _job: Some(job) });
                }
            }
        }
    }

    /// The file of this name, if there is one that can only be ours.
    pub(super) fn again(name: &Path, state: &Path, instead_of: &Path, job: Job) -> io::Result<Option<Self>> {
        let Some(file) = open_ours(name)? else { return Ok(None) };
        lock(&file)?;
        let (name, state) = (Some(name.to_owned()), Some(state.to_owned()));
        let opened = Self { file, name, state, stays: true.into(), _job: Some(job) };
        if !opened.has_its_name()? {
            return Ok(None);
        }
        opened.be_as_private_as(instead_of)?;
        Ok(Some(opened))
    }

    /// Whether it is left where it is.
    pub(super) fn stay(&self, stays: bool) {
        self.stays.store(stays, Ordering::Release);
    }

    /// Whether what has the name is this file.
    pub(super) fn has_its_name(&self) -> io::Result<bool> {
        let Some(name) = &self.name else { return Ok(true) };
        match fs::symlink_metadata(name) {
            Ok(named) => Ok(is_same(&named, &self.file.metadata()?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives it this name. What has it is replaced, and if that is a link, the link; unless nothing is to be replaced,
    /// which is then an error.
    pub(super) fn publish(&self, to: &Path, replace: bool, durable: bool) -> io::Result<()> {
        let Some(name) = &self.name else { return Ok(()) };
        if !self.has_its_name()? {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "somebody else has changed it"));
        }
        if replace {
            self.be_as_readable_as(to)?;
            fs::rename(name, to)?;
        } else {
            name_new(name, to)?;
        }
        self.stay(true);
        if durable && cfg!(unix) {
            // The name is on the disk when its folder is.
            let _ = File::open(folder(to)).and_then(|folder| folder.sync_all());
        }
        self.remove_state()
    }

    /// Nobody waits for it any more: it goes at once, unless it is to stay.
    pub(super) fn leave(&self) {
        let Some(name) = self.name.as_deref().filter(|_| !self.stays.load(Ordering::Acquire)) else { return };
        if self.has_its_name().unwrap_or(false) {
            let _ = self.remove_state();
            let _ = fs::remove_file(name);
        }
    }

    pub(super) fn remove_state(&self) -> io::Result<()> {
        self.state.as_deref().map_or(Ok(()), remove)
    }

    /// Who might read the old file may read the new one, and nobody else.
    #[cfg(unix)]
    fn be_as_readable_as(&self, old: &Path) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let Some(mode) = mode(old) else { return Ok(()) };
        if self.file.metadata()?.permissions().mode() & 0o777 == mode {
            return Ok(());
        }
        self.file.set_permissions(fs::Permissions::from_mode(mode))
    }

    #[cfg(not(unix))]
    fn be_as_readable_as(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    #[cfg(unix)]
    fn be_as_private_as(&self, old: &Path) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        match mode(old) {
            Some(mode) if self.file.metadata()?.permissions().mode() & 0o077 & !mode != 0 => {
                self.file.set_permissions(fs::Permissions::from_mode(0o600))
            }
            _ => Ok(()),
        }
    }

    #[cfg(not(unix))]
    fn be_as_private_as(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// A new file beside this one; `is_private`: for nobody else to read.
pub(super) fn beside(path: &Path, is_private: bool) -> io::Result<(File, PathBuf)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    if path.file_name().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    }
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = folder(path).join(format!(".dualfetch-{}-{count}.tmp", std::process::id()));
        match create(&name, is_private) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return Ok((made?, name)),
        }
    }
}

fn create(name: &Path, is_private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if is_private {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = is_private;
    options.open(name)
}

/// A file that only we can have put there, and that has no other name; `None` for anything else. Waits for nobody.
pub(super) fn open_ours(name: &Path) -> io::Result<Option<File>> {
    match fs::symlink_metadata(name) {
        Ok(named) if named.is_file() => {
            let file = match open_as_named(name) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
                opened => opened?,
            };
            let opened = file.metadata()?;
            Ok((is_same(&named, &opened) && is_ours(&opened)).then_some(file))
        }
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn open_as_named(name: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        // In between somebody may have put a link or a pipe there.
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    }
    options.open(name)
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file())
}

#[cfg(unix)]
fn is_same(named: &Metadata, opened: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (named.dev(), named.ino()) == (opened.dev(), opened.ino())
}

#[cfg(not(unix))]
fn is_same(named: &Metadata, opened: &Metadata) -> bool {
    named.is_file() && opened.is_file() && named.len() == opened.len()
}

#[cfg(unix)]
fn is_ours(opened: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    opened.is_file() && opened.nlink() == 1 && opened.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_ours(opened: &Metadata) -> bool {
    opened.is_file()
}

/// Who may do what with the file of this name.
#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let meta = fs::symlink_metadata(path).ok().filter(Metadata::is_file)?;
    Some(meta.permissions().mode() & 0o777)
}

/// That no other process writes it, as far as the file system knows of locks.
#[cfg(unix)]
fn lock(file: &File) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "another download is writing it"))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn lock(_: &File) -> io::Result<()> {
    Ok(())
}

/// A second name that is not taken yet, and then the first one away. Not every file system has second names: there the
/// name is taken with an empty file first.
fn name_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => {
            let _ = fs::remove_file(from);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => {
            drop(create(to, true)?);
            fs::rename(from, to).inspect_err(|_| {
                let _ = fs::remove_file(to);
            })
        }
    }
}
