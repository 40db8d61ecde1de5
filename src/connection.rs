//! What is known of the connection by which a response came.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

/// The connection by which a response came: addresses, and what TLS agreed on. Native; a browser tells nothing of it.
///
/// It is among a response's [extensions](crate::Response::extensions), and so it stays with an `http::Response` made of one;
/// [`Response::connection`](crate::Response::connection) is the short way.
///
/// ```no_run
/// use dualfetch::{DefaultSession, Session};
///
/// # async fn example() -> Result<(), dualfetch::Error> {
/// let response = DefaultSession::new()?.get("https://example.com/").await?;
/// if let Some(connection) = response.connection() {
///     println!("from {:?}, reused: {}", connection.remote(), connection.reused());
///     if let Some(tls) = connection.tls() {
///         println!("{} with {}", tls.version(), tls.cipher_suite());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ConnectionInfo {
    made: Arc<Made>,
    reused: bool,
}

/// How many connections a session has: [`Client::connections`](crate::Client::connections).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connections {
    /// How many stand, in use or idle. One to a proxy counts once, whatever is tunnelled through it.
    pub open: usize,
    /// How many have been made since the session was, those that ended included.
    pub made: u64,
}

impl Connections {
    /// So many, as backends tell of them.
    #[must_use]
    pub fn new(open: usize, made: u64) -> Self {
        Self { open, made }
    }
}

struct Made {
    remote: Option<SocketAddr>,
    local: Option<SocketAddr>,
    tls: Option<TlsInfo>,
}

impl ConnectionInfo {
    /// A connection between these addresses, as backends tell of it.
    #[must_use]
    pub fn new(remote: Option<SocketAddr>, local: Option<SocketAddr>, tls: Option<TlsInfo>) -> Self {
        Self { made: Arc::new(Made { remote, local, tls }), reused: false }
    }

    /// Says whether another response had come over it before this one.
    pub fn set_reused(&mut self, reused: bool) {
        self.reused = reused;
    }

    /// The address at its other end: the server's, unless something stands in between.
    #[must_use]
    pub fn remote(&self) -> Option<SocketAddr> {
        self.made.remote
    }

    /// The address at this end.
    #[must_use]
    pub fn local(&self) -> Option<SocketAddr> {
        self.made.local
    }

    /// What TLS agreed on; `None` without TLS.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.made.tls.as_ref()
    }

    /// Whether another response had begun to come over it before. Of requests that share a new HTTP/2 connection, the first
    /// answer is the one for which it is new.
    #[must_use]
    pub fn reused(&self) -> bool {
        self.reused
    }
}

impl fmt::Debug for ConnectionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionInfo")
            .field("remote", &self.remote())
            .field("local", &self.local())
            .field("reused", &self.reused)
            .field("tls", &self.tls())
            .finish()
    }
}

/// What the two ends of a TLS connection agreed on.
#[derive(Clone)]
pub struct TlsInfo {
    version: &'static str,
    cipher_suite: String,
    alpn: Option<Bytes>,
    peer_certificates: Vec<Bytes>,
}

impl TlsInfo {
    /// This version of TLS, this cipher suite and this chain of certificates, as backends tell of them.
    #[must_use]
    pub fn new(
        version: &'static str,
        cipher_suite: impl Into<String>,
        alpn: Option<Bytes>,
        peer_certificates: Vec<Bytes>,
    ) -> Self {
        Self { version, cipher_suite: cipher_suite.into(), alpn, peer_certificates }
    }

    /// `TLSv1.3` or `TLSv1.2`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.version
    }

    /// The cipher suite by its IANA name, `TLS_AES_128_GCM_SHA256` for example.
    #[must_use]
    pub fn cipher_suite(&self) -> &str {
        &self.cipher_suite
    }

    /// The protocol that the server chose (ALPN, RFC 7301), `h2` for example; `None` when it did not say.
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        self.alpn.as_deref()
    }

    /// The server's certificates as it sent them, in DER, its own one first. Verified, unless
    /// [any are taken](crate::tls::Tls::danger_accept_invalid_certificates), and the signature of the last one
    /// not necessarily here: roots need not be sent.
    #[must_use]
    pub fn peer_certificates(&self) -> &[Bytes] {
        &self.peer_certificates
    }
}

/// Certificates are counted, not shown.
impl fmt::Debug for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsInfo")
            .field("version", &self.version)
            .field("cipher_suite", &self.cipher_suite)
            .field("alpn", &self.alpn)
            .field("peer_certificates", &self.peer_certificates.len())
            .finish()
    }
}
