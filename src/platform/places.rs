//! What is said of files, whether there are any or not.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};

/// What stands under a name, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "nothing stands anywhere where there are no files")]
pub(crate) enum Kind {
    File,
    Folder,
    Nothing,
    /// A device, a pipe or a socket, or what the system calls one that is open.
    Special,
}

/// A part's name, that of what tells about it, and that of the file that it is to be.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "nobody looks at them where there are no files")]
pub(crate) struct Names {
    pub(crate) part: PathBuf,
    pub(crate) state: PathBuf,
    pub(crate) whole: PathBuf,
}

/// The error, which names the file.
pub(crate) fn failed(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::File).with_message(format!("{}: {error}", path.display())).with_source(error)
}
