//! What the system is asked for about files: how many may be open, and to keep others from one.

use std::fs::File;

/// Allows as many open files as this user may have; a connection is one. Systems begin with few, for the sake of programs
/// from long ago; connections kept alive at many hosts are more than that. What cannot be had is told when a row fails
/// by it.
#[cfg(unix)]
pub(crate) fn allow_many() {
    /// More are of no use to one who fetches.
    const MOST: u64 = 65_536;
    allow(MOST);
}

/// Allows so many open files, or as many as this user may have. How many may be open then, where there is a limit.
#[cfg(unix)]
pub(crate) fn allow(files: u64) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// macOS knows no more where it names no limit.
    const UNNAMED: u64 = 10_240;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(UNNAMED).min(files);
    if current.is_some_and(|current| current < wanted) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
    getrlimit(Resource::Nofile).current
}

/// Takes the file for this process alone, until it ends. `false` when another one has it; where files cannot be taken,
/// nothing keeps two runs apart.
#[cfg(unix)]
pub(crate) fn lock(file: &File) -> bool {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;

    !matches!(flock(file, FlockOperation::NonBlockingLockExclusive), Err(Errno::WOULDBLOCK))
}

#[cfg(not(unix))]
pub(crate) fn allow_many() {}

#[cfg(not(unix))]
pub(crate) fn allow(_: u64) -> Option<u64> {
    None
}

#[cfg(not(unix))]
pub(crate) fn lock(_: &File) -> bool {
    true
}
