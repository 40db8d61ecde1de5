//! An error in words that stand beside its URL.

use std::error::Error as StdError;
use std::io;

use crate::error::Error;

/// What to say of an error beside its URL: the whole, and what that says beyond its kind: its message, its root cause, this
/// hint, and the redirect it happened at.
#[must_use]
pub fn explain(error: &Error, hint: Option<&str>) -> (String, String) {
    let detail = detail(error, hint);
    let kind = error.kind();
    let message = match detail.is_empty() {
        true => kind.to_string(),
        false => format!("{kind}: {detail}"),
    };
    (message, detail)
}

fn detail(error: &Error, hint: Option<&str>) -> String {
    let mut parts: Vec<String> = error.message().map(str::to_owned).into_iter().collect();
    if let Some(cause) = causes(error).last() {
        let text = cause.to_string();
        // An error of ours shows its kind before its message.
        let own = cause.downcast_ref().and_then(Error::message).unwrap_or(&text);
        if parts.iter().all(|part| !part.contains(own)) {
            parts.push(text);
        }
    }
    parts.extend(hint.map(str::to_owned));
    if let (Some(at), false) = (error.url(), error.history().is_empty()) {
        parts.push(format!("at {}", at.redacted()));
    }
    parts.join("; ")
}

/// The causes of an error, the deepest one last.
pub fn causes(error: &Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        // What an `io::Error` wraps is a cause too, and is passed over by `source`.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| cause.source())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn the_root_cause_is_told_once() {
        let inner = io::Error::other("no route");
        let error = Error::new(ErrorKind::Connect).with_source(io::Error::other(inner));
        assert_eq!(explain(&error, None).0, "could not connect: no route");
        let told = error.with_message("no route to a");
        assert_eq!(explain(&told, Some("wait")).0, "could not connect: no route to a; wait");
        let bare = Error::new(ErrorKind::Connect);
        assert_eq!(explain(&bare, None), ("could not connect".to_owned(), String::new()));
    }
}
