//! What a failed exchange was, told by the types in its chain of causes, never by the text of a message.

use std::error::Error as StdError;
use std::io;

use crate::error::{Error, ErrorKind, Phase};

use super::connect::ConnectTimeout;
use super::dns::NotResolved;

/// The typed error for what reqwest reports, the root cause as its message. The URL is added later, by the engine.
pub(super) fn classify(error: reqwest::Error) -> Error {
    let kind = kind(&error);
    let error = error.without_url();
    match Causes(Some(&error)).last().map(ToString::to_string) {
        Some(root) => Error::new(kind).with_message(root).with_source(error),
        None => Error::new(kind).with_source(error),
    }
}

fn kind(error: &reqwest::Error) -> ErrorKind {
    if error.is_builder() {
        return ErrorKind::InvalidUrl;
    }
    let causes = Causes(Some(error));
    if causes.clone().any(|cause| cause.is::<ConnectTimeout>()) {
        return ErrorKind::Timeout(Phase::Connect);
    }
    if causes.clone().any(|cause| cause.is::<NotResolved>()) {
        return ErrorKind::Dns;
    }
    if causes.clone().any(|cause| cause.is::<rustls::Error>()) {
        return ErrorKind::Tls;
    }
    if error.is_connect() {
        return connecting(causes);
    }
    causes.filter_map(of_cause).next().unwrap_or(ErrorKind::Network)
}

/// A handshake that was cut off is TLS's failure; all else that keeps a connection from standing is the connection's.
fn connecting(causes: Causes<'_>) -> ErrorKind {
    let cut_off = |cause: &(dyn StdError + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
    };
    match causes.into_iter().any(cut_off) {
        true => ErrorKind::Tls,
        false => ErrorKind::Connect,
    }
}

fn of_cause(cause: &(dyn StdError + 'static)) -> Option<ErrorKind> {
    if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
        return of_hyper(hyper);
    }
    if let Some(h2) = cause.downcast_ref::<h2::Error>() {
        return Some(of_h2(h2));
    }
    cause.downcast_ref::<io::Error>().map(of_io)
}

fn of_hyper(error: &hyper::Error) -> Option<ErrorKind> {
    if error.is_parse() {
        return Some(ErrorKind::Protocol);
    }
    (error.is_incomplete_message() || error.is_canceled() || error.is_closed())
        .then_some(ErrorKind::Disconnected)
}

fn of_h2(error: &h2::Error) -> ErrorKind {
    use h2::Reason;
    if let Some(io) = error.get_io() {
        return of_io(io);
    }
    match error.reason() {
        Some(
            Reason::NO_ERROR
            | Reason::CANCEL
            | Reason::INTERNAL_ERROR
            | Reason::REFUSED_STREAM
            | Reason::ENHANCE_YOUR_CALM
            | Reason::CONNECT_ERROR
            | Reason::STREAM_CLOSED,
        ) => ErrorKind::Disconnected,
        _ => ErrorKind::Protocol,
    }
}

fn of_io(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::NotConnected
        | io::ErrorKind::UnexpectedEof => ErrorKind::Disconnected,
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            ErrorKind::Disconnected
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => ErrorKind::Protocol,
        _ => ErrorKind::Network,
    }
}

/// An error and its causes. What an `io::Error` wraps is a cause too, which `source` alone would skip.
#[derive(Clone)]
struct Causes<'a>(Option<&'a (dyn StdError + 'static)>);

impl<'a> Iterator for Causes<'a> {
    type Item = &'a (dyn StdError + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let now = self.0?;
        let wrapped = now.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        self.0 = match wrapped {
            Some(wrapped) => Some(wrapped as _),
            None => now.source(),
        };
        Some(now)
    }
}
