//! [`ErrorKind`].

use std::fmt;
use std::io;

use http::StatusCode;

use super::Phase;

/// What went wrong. Every kind exists on both targets.
///
/// "Retried" means: by the retry policy, when one is set, and only for methods that may be sent twice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller gave up: an abort signal in JavaScript. Not retried. (Dropping a future gives no error.)
    Aborted,
    /// The request's body was a stream that can be taken once, has been, and is needed again: by a redirect that keeps
    /// it (307, 308). Not retried.
    BodyConsumed,
    /// The body is longer than `max_body` allows. Not retried.
    BodyTooLarge {
        /// The limit in bytes, counted after decompression.
        limit: u64,
    },
    /// A file that was saved has another checksum than it was to have; the message has both. It was removed. Not retried.
    Checksum,
    /// The session was closed, or the tokio runtime in which the request began has shut down; or something was sent by a
    /// WebSocket that is closed. Not retried.
    Closed,
    /// No connection: refused or unreachable. Not in a page. Retried.
    Connect,
    /// The response is of another content type than the reader wants. Not retried.
    ContentType,
    /// The body could not be decompressed (not in a page), or is a page too complex to select from. Not retried.
    Decode,
    /// [`SafeMode`](crate::SafeMode) does not let it through: its scheme, its port or an address; the message says which,
    /// and why. Nothing was sent to it. Not in a page. Not retried.
    Denied,
    /// The connection, or HTTP/2's stream, ended before the whole response was there; TLS's handshake counts as a part
    /// of that. Not in a page. Retried.
    Disconnected,
    /// The host's name could not be resolved. Not in a page. Retried.
    Dns,
    /// A file could not be made, written or read, or is there already; the message names it, and the source is the
    /// [`io::Error`]. (A file that is sent is [`RequestBody`](Self::RequestBody).) Native. Not retried.
    File,
    /// The answer is no handshake of a WebSocket: another status than 101, which is told, or a field that is wrong, which
    /// the message names. Native; a page is not told why (`Network`). Retried for some statuses.
    Handshake {
        /// The status that was answered.
        status: StatusCode,
    },
    /// The response's header fields are more, or larger, than `max_headers` and `max_header_bytes` allow; the message
    /// says which. Not retried.
    HeadersTooLarge,
    /// A header name or value that HTTP does not allow; the message names it. Not retried.
    InvalidHeader,
    /// An option whose value makes no sense; the message names it. Not retried.
    InvalidOption {
        /// The option's name.
        option: &'static str,
    },
    /// The text is no absolute URL; the message holds it. Not retried.
    InvalidUrl,
    /// The body is not the JSON that was asked for. Not retried.
    Json,
    /// A line of the body, or what stands before a separator, is longer than the reader takes. Not retried.
    LineTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The platform's one opaque network error: in a browser DNS, TLS, CORS or offline, it does not say which;
    /// natively what no other kind describes. Retried.
    Network,
    /// It was sent, and the browser shows nothing of the answer (mode `no-cors`). Browser. Not retried.
    Opaque,
    /// What came is not HTTP as RFC 9112 or 9113 describe it. Not in a page. Not retried.
    Protocol,
    /// The proxy could not be reached, its name not be resolved, no TLS be spoken with it, or it refused; the message
    /// says which. What an origin behind it does has the other kinds. Not in a page. Retried unless `refused`.
    Proxy {
        /// What an HTTP proxy answered to CONNECT in place of a success, or 407 to a request that it was sent. What else
        /// it answers to that, such as a page that says 503, is a response: it cannot be told from the origin's.
        status: Option<StatusCode>,
        /// Whether it said no, and would again: to who is asking, or to what was asked for.
        refused: bool,
    },
    /// A redirect that must not be followed: to another scheme than http or https, to no URL, or against the
    /// [`RedirectPolicy`](crate::RedirectPolicy). Not retried.
    Redirect,
    /// The request's own body failed: its stream gave an error, which is the source, or not as many bytes as were told.
    /// Not retried.
    RequestBody,
    /// The status is an error and the caller asked for that to be one. Retried for some statuses.
    Status(StatusCode),
    /// A deadline passed; the phase says which. Connect and headers are retried.
    Timeout(Phase),
    /// No secure connection: a certificate, an alert, or a peer that speaks no TLS. Not in a page. Not retried.
    Tls,
    /// More redirects than `max_redirects`; [`Error::history`](super::Error::history) has them. Not retried.
    TooManyRedirects {
        /// The limit that was passed.
        limit: u32,
    },
    /// The platform cannot do what was asked for. Not retried.
    Unsupported {
        /// What was asked for.
        feature: &'static str,
        /// Where: `"native"`, `"browser"`, `"node"`, `"javascript"`, `"scripted"`, or `"this build"` for a crate feature that is off.
        platform: &'static str,
    },
    /// A URL of another scheme than http and https; for a WebSocket ws and wss, too. Not retried.
    UnsupportedScheme,
    /// What came by a WebSocket breaks its protocol (RFC 6455) or a limit; the message says how. The connection was closed
    /// with this code. Not retried.
    WebSocket {
        /// The code that the peer was sent: 1002, 1007 or 1009. A page may not send them, and closes without one.
        code: u16,
    },
}

impl ErrorKind {
    /// A stable word for the kind, the same in Rust, JavaScript and JSON output.
    ///
    /// ```
    /// use dualfetch::{ErrorKind, Phase};
    ///
    /// assert_eq!(ErrorKind::Timeout(Phase::Headers).code(), "timeout");
    /// ```
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Aborted => "aborted",
            Self::BodyConsumed => "body_consumed",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::Checksum => "checksum",
            Self::Closed => "closed",
            Self::Connect => "connect",
            Self::ContentType => "content_type",
            Self::Decode => "decode",
            Self::Denied => "denied",
            Self::Disconnected => "disconnected",
            Self::Dns => "dns",
            Self::File => "file",
            Self::Handshake { .. } => "handshake",
            Self::HeadersTooLarge => "headers_too_large",
            Self::InvalidHeader => "invalid_header",
            Self::InvalidOption { .. } => "invalid_option",
            Self::InvalidUrl => "invalid_url",
            Self::Json => "json",
            Self::LineTooLong { .. } => "line_too_long",
            Self::Network => "network",
            Self::Opaque => "opaque",
            Self::Protocol => "protocol",
            Self::Proxy { .. } => "proxy",
            Self::Redirect => "redirect",
            Self::RequestBody => "request_body",
            Self::Status(_) => "status",
            Self::Timeout(_) => "timeout",
            Self::Tls => "tls",
            Self::TooManyRedirects { .. } => "too_many_redirects",
            Self::Unsupported { .. } => "unsupported",
            Self::UnsupportedScheme => "unsupported_scheme",
            Self::WebSocket { .. } => "websocket",
        }
    }
}

impl ErrorKind {
    pub(super) fn of_io(&self) -> io::ErrorKind {
        match self {
            Self::Aborted => io::ErrorKind::ConnectionAborted,
            Self::BodyTooLarge { .. } => io::ErrorKind::FileTooLarge,
            Self::Closed => io::ErrorKind::NotConnected,
            Self::Connect | Self::Proxy { .. } => io::ErrorKind::ConnectionRefused,
            Self::Checksum
            | Self::ContentType
            | Self::Decode
            | Self::Handshake { .. }
            | Self::HeadersTooLarge
            | Self::Json
            | Self::LineTooLong { .. }
            | Self::Protocol
            | Self::Tls
            | Self::WebSocket { .. } => io::ErrorKind::InvalidData,
            Self::Denied => io::ErrorKind::PermissionDenied,
            Self::Disconnected => io::ErrorKind::UnexpectedEof,
            Self::Dns => io::ErrorKind::HostUnreachable,
            Self::BodyConsumed
            | Self::InvalidHeader
            | Self::InvalidOption { .. }
            | Self::InvalidUrl
            | Self::UnsupportedScheme => io::ErrorKind::InvalidInput,
            Self::Timeout(_) => io::ErrorKind::TimedOut,
            Self::Unsupported { .. } => io::ErrorKind::Unsupported,
            Self::File
            | Self::Network
            | Self::Opaque
            | Self::Redirect
            | Self::RequestBody
            | Self::Status(_)
            | Self::TooManyRedirects { .. } => io::ErrorKind::Other,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aborted => f.write_str("aborted by the caller"),
            Self::BodyConsumed => f.write_str("the request's body was a stream and cannot be sent again"),
            Self::BodyTooLarge { limit } => {
                write!(f, "the body is longer than max_body, {limit} bytes; raise max_body to read it")
            }
            Self::Closed => f.write_str("the session is closed"),
            Self::Connect => f.write_str("could not connect"),
            Self::ContentType => f.write_str("unexpected content type"),
            Self::Decode => f.write_str("the body could not be decoded"),
            Self::Checksum | Self::Denied | Self::File => f.write_str(self.code()),
            Self::Handshake { .. } => f.write_str("the server did not open the WebSocket"),
            Self::WebSocket { .. } => f.write_str("the WebSocket was given up"),
            Self::Disconnected => f.write_str("the connection ended early"),
            Self::Dns => f.write_str("the host name could not be resolved"),
            Self::HeadersTooLarge => f.write_str("the response's header fields are too many or too large"),
            Self::InvalidHeader => f.write_str("invalid header"),
            Self::InvalidOption { option } => write!(f, "invalid option {option}"),
            Self::InvalidUrl => f.write_str("invalid URL"),
            Self::Json => f.write_str("invalid JSON"),
            Self::LineTooLong { limit } => write!(f, "no end of the line within {limit} bytes"),
            Self::Network => f.write_str("network error"),
            Self::Opaque => f.write_str("sent, but the browser hides the answer (mode no-cors)"),
            Self::Protocol => f.write_str("invalid HTTP from the server"),
            Self::Proxy { status: None, refused: false } => f.write_str("no connection by the proxy"),
            Self::Proxy { .. } => f.write_str("the proxy refused"),
            Self::Redirect => f.write_str("a redirect that cannot be followed"),
            Self::RequestBody => f.write_str("the request's body failed"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Timeout(phase) => write!(f, "timed out: {phase}"),
            Self::Tls => f.write_str("no secure connection"),
            Self::TooManyRedirects { limit } => write!(f, "more than {limit} redirects"),
            Self::Unsupported { feature, platform } => {
                write!(f, "{feature} is not supported here ({platform})")
            }
            Self::UnsupportedScheme => f.write_str("only http and https URLs can be fetched"),
        }
    }
}
