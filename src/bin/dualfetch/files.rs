//! How many files may be open: a connection is one.

/// Allows as many as this user may have. Systems begin with few, for the sake of programs from long ago; connections kept
/// alive at many hosts are more than that. What cannot be had is told when a row fails by it.
#[cfg(unix)]
pub(crate) fn allow_many() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// More are of no use here, and macOS knows no more where it names no limit.
    const MOST: u64 = 65_536;
    const UNNAMED: u64 = 10_240;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(UNNAMED).min(MOST);
    if current.is_some_and(|current| current < wanted) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

#[cfg(not(unix))]
pub(crate) fn allow_many() {}
