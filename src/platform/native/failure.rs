//! What a failed exchange was, told by the types in its chain of causes, never by the text of a message.

use std::error::Error as StdError;
use std::io;

use rustls::OtherError;
use rustls::pki_types::InvalidDnsNameError;

use crate::error::{Error, ErrorKind, Phase};

use super::connect::ConnectTimeout;
use super::names::NotResolved;
use super::proxied::ProxyFailed;

/// The typed error for a request without a head in return, the root cause as its message. The URL is added later, by
/// the engine.
pub(super) fn sending(error: hyper_util::client::legacy::Error) -> Error {
    let causes = Causes(Some(&error));
    let is_unprocessed = causes.clone().any(is_unprocessed);
    let kind = match before_http(causes.clone()) {
        Some(kind) => kind,
        None if error.is_connect() => connecting(causes),
        // h2 hands TLS's errors on without their types. Up to the head no wrong HTTP is an `io::Error`.
        None if causes.clone().any(is_invalid_data) => ErrorKind::Tls,
        None => of_http(causes),
    };
    with_root(kind, error).unprocessed(is_unprocessed)
}

/// The typed error for what does not come to its end: a body, or a connection.
pub(super) fn receiving(error: impl StdError + Send + Sync + 'static) -> Error {
    let causes = Causes(Some(&error));
    let kind = before_http(causes.clone()).unwrap_or_else(|| of_http(causes));
    with_root(kind, error)
}

fn with_root(kind: ErrorKind, error: impl StdError + Send + Sync + 'static) -> Error {
    // The request's body has told all of it already. A resolver's own request is another matter.
    let mut of_request = Causes(Some(&error)).take_while(|cause| !cause.is::<NotResolved>());
    if let Some(own) = of_request.find_map(|cause| cause.downcast_ref::<Error>()) {
        let again = Error::new(own.kind().clone());
        return match own.message().map(str::to_owned) {
            Some(message) => again.with_message(message).with_source(error),
            None => again.with_source(error),
        };
    }
    // Which of the two parties failed matters more than the root.
    if let ErrorKind::Proxy { .. } = kind
        && let Some(failed) = Causes(Some(&error)).find_map(|cause| cause.downcast_ref::<ProxyFailed>())
    {
        return Error::new(kind).with_message(failed.to_string()).with_source(error);
    }
    match Causes(Some(&error)).last().map(ToString::to_string) {
        Some(root) => Error::new(kind).with_message(root).with_source(error),
        None => Error::new(kind).with_source(error),
    }
}

/// What has types of its own.
fn before_http(causes: Causes<'_>) -> Option<ErrorKind> {
    // First, and of the two the outer one: a resolver may itself be a client, whose failure is its cause, and a proxy's
    // name is resolved, too.
    let of_others = |cause: &(dyn StdError + 'static)| match cause.downcast_ref::<ProxyFailed>() {
        Some(failed) => Some(failed.kind()),
        None => cause.is::<NotResolved>().then_some(ErrorKind::Dns),
    };
    if let Some(kind) = causes.clone().find_map(of_others) {
        return Some(kind);
    }
    if causes.clone().any(|cause| cause.is::<ConnectTimeout>()) {
        return Some(ErrorKind::Timeout(Phase::Connect));
    }
    if causes.clone().any(|cause| cause.is::<InvalidDnsNameError>()) {
        return Some(ErrorKind::InvalidUrl);
    }
    let is_tls = |cause: &(dyn StdError + 'static)| cause.is::<rustls::Error>() || cause.is::<OtherError>();
    causes.clone().any(is_tls).then_some(ErrorKind::Tls)
}

/// A stream that is refused, or that a server which goes away does not count among those it looked at. (RFC 9113,
/// section 8.7.) h2 tells no other streams of a GOAWAY.
fn is_unprocessed(cause: &(dyn StdError + 'static)) -> bool {
    use h2::Reason;
    cause.downcast_ref().is_some_and(|error: &h2::Error| {
        let goes_away = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
        let refuses = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
        error.is_remote() && (goes_away || refuses)
    })
}

fn is_invalid_data(cause: &(dyn StdError + 'static)) -> bool {
    cause.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::InvalidData)
}

fn of_http(causes: Causes<'_>) -> ErrorKind {
    // "Canceled" means that the request was not sent; why, its causes say, unless there is nothing more to say.
    let unsent = |cause: &(dyn StdError + 'static)| {
        cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
    };
    let otherwise = match causes.clone().any(unsent) {
        true => ErrorKind::Disconnected,
        false => ErrorKind::Network,
    };
    causes.filter_map(of_cause).next().unwrap_or(otherwise)
}

/// A peer that ends a connection while it is still being made, in a handshake or before, has ended it all the same:
/// whether the kernel tells of it now or with the first read is a matter of timing, and so is FIN or RST.
fn connecting(mut causes: Causes<'_>) -> ErrorKind {
    let ended = |cause: &(dyn StdError + 'static)| {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        let kind = cause.downcast_ref().map(io::Error::kind);
        matches!(kind, Some(BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
    };
    match causes.any(ended) {
        true => ErrorKind::Disconnected,
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
    if error.is_parse_too_large() {
        return Some(ErrorKind::HeadersTooLarge);
    }
    if error.is_parse() {
        return Some(ErrorKind::Protocol);
    }
    if error.is_incomplete_message() || error.is_closed() {
        return Some(ErrorKind::Disconnected);
    }
    // What came before it was asked for has no name of its own: of the errors without a cause it is the one left.
    let is_unasked = error.source().is_none() && !error.is_canceled() && !error.is_user();
    is_unasked.then_some(ErrorKind::Protocol)
}

fn of_h2(error: &h2::Error) -> ErrorKind {
    use h2::Reason;
    if let Some(io) = error.get_io() {
        return if io.kind() == io::ErrorKind::InvalidData { ErrorKind::Tls } else { of_io(io) };
    }
    // Calm is also what h2 wants of a peer whose frames have no end.
    if error.is_library() && error.reason() == Some(Reason::ENHANCE_YOUR_CALM) {
        return ErrorKind::Protocol;
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
        // So h2 says that the end came within a frame.
        io::ErrorKind::Other => ErrorKind::Disconnected,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_that_is_a_client_itself_fails_as_a_resolver() {
        let own = Error::new(ErrorKind::Timeout(Phase::Headers)).with_source(ConnectTimeout::default());
        let error = NotResolved::new(&"a.test".into(), own.into());
        let kind = before_http(Causes(Some(&error)));
        assert_eq!(kind, Some(ErrorKind::Dns));
        assert_eq!(with_root(ErrorKind::Dns, error).kind(), &ErrorKind::Dns);
    }
}
