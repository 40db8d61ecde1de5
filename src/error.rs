//! One error type for both targets.

mod kind;
mod phase;

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::io;

use http::StatusCode;

use crate::head::Hop;
#[cfg(feature = "json")]
use crate::problem::Problem;
use crate::url::Url;

pub use kind::ErrorKind;
pub use phase::Phase;

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request, or the reading of its response, failed.
///
/// It knows the URL, how many attempts were made and, where there is one, the underlying cause
/// ([`source`](StdError::source)). Passwords in URLs are hidden in `Display` and `Debug`.
///
/// ```
/// use dualfetch::{ErrorKind, Url};
///
/// let error = Url::parse("http//typo").unwrap_err();
/// assert_eq!(error.kind(), &ErrorKind::InvalidUrl);
/// assert_eq!(error.code(), "invalid_url");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    url: Option<Url>,
    attempts: u32,
    message: Option<String>,
    body: Option<Box<str>>,
    #[cfg(feature = "json")]
    problem: Option<Problem>,
    history: Vec<Hop>,
    is_unprocessed: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind, with no URL, cause or message yet.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            url: None,
            attempts: 0,
            message: None,
            body: None,
            #[cfg(feature = "json")]
            problem: None,
            history: Vec::new(),
            is_unprocessed: false,
            source: None,
        }))
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The stable word for the kind that JavaScript and JSON output carry too: see [`ErrorKind::code`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The phase that ran out, for a timeout.
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        match self.0.kind {
            ErrorKind::Timeout(phase) => Some(phase),
            _ => None,
        }
    }

    /// The status that the error is about: that of [`Status`](ErrorKind::Status), of [`Handshake`](ErrorKind::Handshake),
    /// or a proxy's.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.0.kind {
            ErrorKind::Status(status) | ErrorKind::Handshake { status } => Some(status),
            ErrorKind::Proxy { status, .. } => status,
            _ => None,
        }
    }

    /// The URL of the hop that failed.
    #[must_use]
    pub fn url(&self) -> Option<&Url> {
        self.0.url.as_ref()
    }

    /// How many attempts were started at the hop that failed; 0 when nothing was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The redirects that had been followed by then.
    #[must_use]
    pub fn history(&self) -> &[Hop] {
        &self.0.history
    }

    /// What to read beside the kind: the offending text, the limit, the header's name.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// How the body starts that came with an error's status, as text: its first kilobyte. By
    /// [`Response::error_for_status`](crate::Response::error_for_status).
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// What the body said that came with an error's status, where it was `application/problem+json` (RFC 9457) of at most
    /// 64 KiB; the [`message`](Self::message) has its title and detail. By the same.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem.as_ref()
    }

    /// Whether any timeout ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.phase().is_some()
    }

    /// Adds what to read beside the kind.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// Adds the underlying cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds the URL, unless the error has one already.
    #[must_use]
    pub fn with_url(mut self, url: &Url) -> Self {
        self.0.url.get_or_insert_with(|| url.clone());
        self
    }

    /// Puts this URL in place of the one it has.
    #[cfg(feature = "websocket")]
    pub(crate) fn of_url(mut self, url: Url) -> Self {
        self.0.url = Some(url);
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_history(mut self, history: Vec<Hop>) -> Self {
        self.0.history = history;
        self
    }

    pub(crate) fn with_body(mut self, body: String) -> Self {
        self.0.body = Some(body.into());
        self
    }

    #[cfg(feature = "json")]
    pub(crate) fn with_problem(mut self, problem: Option<Problem>) -> Self {
        self.0.problem = problem;
        self
    }

    /// The server has said that it did not look at the request.
    pub(crate) fn unprocessed(mut self, is_unprocessed: bool) -> Self {
        self.0.is_unprocessed = is_unprocessed;
        self
    }

    pub(crate) fn is_unprocessed(&self) -> bool {
        self.0.is_unprocessed
    }

    pub(crate) fn timeout(phase: Phase) -> Self {
        Self::new(ErrorKind::Timeout(phase))
    }
}

/// How many characters of a URL a message shows.
const SHOWN: usize = 300;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.kind, &self.0.message) {
            // What is closed need not be the session.
            (ErrorKind::Closed, Some(message)) => f.write_str(message)?,
            (kind, Some(message)) => write!(f, "{kind}: {message}")?,
            (kind, None) => kind.fmt(f)?,
        }
        if let Some(url) = &self.0.url {
            let url = url.redacted();
            match url.char_indices().nth(SHOWN) {
                None => write!(f, " ({url})")?,
                Some((end, _)) => write!(f, " ({}…)", &url[..end])?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, url, attempts, message, history, source, .. } = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", kind).field("url", url).field("attempts", attempts);
        if let Some(message) = message {
            out.field("message", message);
        }
        if !history.is_empty() {
            out.field("redirects", &history.len());
        }
        if let Some(source) = source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// An `io::Error` that holds this one: `get_ref()` and `downcast_ref::<Error>()` show it.
///
/// Its kind: `TimedOut` for any timeout; `UnexpectedEof` for `Disconnected`; `ConnectionRefused` for `Connect` and
/// `Proxy`; `HostUnreachable` for `Dns`; `ConnectionAborted` for `Aborted`; `NotConnected` for `Closed`;
/// `FileTooLarge` for `BodyTooLarge`; `InvalidData` for `Checksum`, `ContentType`, `Decode`, `Handshake`,
/// `HeadersTooLarge`, `Json`, `LineTooLong`, `Protocol`, `Tls` and `WebSocket`; `PermissionDenied` for `Denied`; `InvalidInput` for what the caller got wrong;
/// `Unsupported`; else `Other`.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.kind().of_io(), error)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
