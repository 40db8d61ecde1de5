//! What a failed request is to the user.

use std::process::ExitCode;

use dualfetch::{Error, ErrorKind};

use crate::row::explain;
use crate::say;

/// Tells it of this URL, as it was given. The exit code is 2 where what was asked for makes no sense, and else 1.
pub(crate) fn failed(url: &str, error: &Error) -> ExitCode {
    say(&format!("error: {}", explain(url, error).message));
    exit_code(error)
}

/// The exit code alone.
pub(crate) fn exit_code(error: &Error) -> ExitCode {
    ExitCode::from(if is_misuse(error.kind()) { 2 } else { 1 })
}

fn is_misuse(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidHeader
            | ErrorKind::InvalidOption { .. }
            | ErrorKind::InvalidUrl
            | ErrorKind::UnsupportedScheme
    )
}
