//! The way through a proxy, over a connection to it that stands.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{Error, ErrorKind};
use crate::proxy::ProxyServer;

use super::{socks, tunnel};

type BoxError = Box<dyn StdError + Send + Sync>;

/// Has the proxy connect to this host, a name or an address, and gives the connection back: from then on it is the
/// origin's. By CONNECT or as SOCKS5 has it, whichever the proxy speaks.
pub(super) async fn connect_through<IO>(
    io: IO,
    server: &ProxyServer,
    host: &str,
    port: u16,
) -> Result<IO, ProxyFailed>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    // A URL has the brackets, a resolver has not.
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match server.scheme.is_http() {
        true => tunnel::connect(io, server, host, port).await,
        false => socks::connect(io, server, host, port).await,
    }
}

/// A proxy that was no way to the origin: how its failures are told from the origin's own.
#[derive(Debug)]
pub(super) struct ProxyFailed {
    message: String,
    status: Option<StatusCode>,
    refused: bool,
    source: Option<BoxError>,
}

impl ProxyFailed {
    /// Its own name did not resolve.
    pub(super) fn not_resolved(server: &ProxyServer, source: impl Into<BoxError>) -> Self {
        Self::because(format!("the name of {server} could not be resolved"), source)
    }

    /// No connection to it.
    pub(super) fn not_reached(server: &ProxyServer, source: impl Into<BoxError>) -> Self {
        Self::because(format!("{server} could not be reached"), source)
    }

    /// No TLS with it.
    pub(super) fn not_secure(server: &ProxyServer, source: impl Into<BoxError>) -> Self {
        Self::because(format!("no secure connection to {server}"), source)
    }

    /// It said something that is not its protocol, or ended the connection.
    pub(super) fn broken(server: &ProxyServer, what: &str, source: Option<BoxError>) -> Self {
        match source {
            Some(source) => Self::because(format!("{server} {what}"), source),
            None => Self { message: format!("{server} {what}"), status: None, refused: false, source: None },
        }
    }

    /// It said no; `for_good` if it would again.
    pub(super) fn refused(message: String, status: Option<StatusCode>, for_good: bool) -> Self {
        Self { message, status, refused: for_good, source: None }
    }

    /// Whether it would say the same again.
    pub(super) fn is_for_good(&self) -> bool {
        self.refused
    }

    pub(super) fn kind(&self) -> ErrorKind {
        ErrorKind::Proxy { status: self.status, refused: self.refused }
    }

    fn because(message: String, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        // The root alone is what tells: those before it say where.
        let mut root: &(dyn StdError + 'static) = &*source;
        while let Some(next) = root.source() {
            root = next;
        }
        let message = format!("{message}: {root}");
        Self { message, status: None, refused: false, source: Some(source) }
    }
}

impl From<ProxyFailed> for Error {
    fn from(failed: ProxyFailed) -> Self {
        Self::new(failed.kind()).with_message(failed.to_string()).with_source(failed)
    }
}

impl fmt::Display for ProxyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for ProxyFailed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::future::Future;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use crate::error::ErrorKind;
    use crate::proxy::{self, Proxy, ProxyServer};

    use super::ProxyFailed;

    /// A proxy's side of a connection, driven by the test.
    pub(in super::super) struct Other(DuplexStream);

    impl Other {
        pub(in super::super) async fn hear(&mut self, expected: &[u8]) {
            let mut heard = vec![0; expected.len()];
            self.0.read_exact(&mut heard).await.expect("as many bytes");
            assert_eq!(heard, expected, "{:?}", String::from_utf8_lossy(&heard));
        }

        pub(in super::super) async fn say(&mut self, bytes: &[u8]) {
            self.0.write_all(bytes).await.expect("write");
        }

        /// Up to the empty line.
        pub(in super::super) async fn head(&mut self) -> String {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.0.read_u8().await.expect("more of the head"));
            }
            String::from_utf8(head).expect("text")
        }

        /// Whatever else comes, until the connection ends.
        pub(in super::super) async fn rest(&mut self) {
            let _ = self.0.read_to_end(&mut Vec::new()).await;
        }

        /// That all the rest is what it should be: a ping of one's own and a pong of theirs.
        pub(in super::super) async fn pong(&mut self) {
            self.hear(b"ping").await;
            self.say(b"pong").await;
        }
    }

    pub(in super::super) fn server(proxy: Proxy) -> ProxyServer {
        let list = [proxy];
        ProxyServer::clone(proxy::route(&list, "https", "any", 443).expect("a proxy"))
    }

    /// What comes of asking this proxy, which behaves so.
    pub(in super::super) async fn through<F: Future>(
        server: ProxyServer,
        (host, port): (&str, u16),
        behave: impl FnOnce(Other) -> F,
    ) -> Result<(), ErrorOf> {
        let (ours, theirs) = duplex(1 << 20);
        let asking = async {
            let mut io = super::connect_through(ours, &server, host, port).await.map_err(ErrorOf::from)?;
            io.write_all(b"ping").await.expect("write");
            let mut pong = [0; 4];
            io.read_exact(&mut pong).await.expect("read");
            assert_eq!(&pong, b"pong");
            Ok(())
        };
        tokio::join!(asking, behave(Other(theirs))).0
    }

    /// An error as the session tells it.
    #[derive(Debug)]
    pub(in super::super) struct ErrorOf {
        pub(in super::super) kind: ErrorKind,
        pub(in super::super) text: String,
    }

    impl From<ProxyFailed> for ErrorOf {
        fn from(failed: ProxyFailed) -> Self {
            let text = failed.to_string();
            assert!(!format!("{failed:?}").contains("secret"), "{failed:?}");
            Self { kind: failed.kind(), text }
        }
    }

    #[test]
    fn a_failure_on_the_way_to_the_proxy_names_proxy_and_cause() {
        let server = server(Proxy::new("http://me:secret@[::1]:3128").expect("a proxy"));
        let refused = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        for (failed, expected) in [
            (
                ProxyFailed::not_reached(&server, refused()),
                "http://[::1]:3128 could not be reached: connection refused",
            ),
            (ProxyFailed::not_secure(&server, "bad"), "no secure connection to http://[::1]:3128: bad"),
            (
                ProxyFailed::not_resolved(&server, "no"),
                "the name of http://[::1]:3128 could not be resolved: no",
            ),
        ] {
            let ErrorOf { kind, text } = failed.into();
            assert_eq!(kind, ErrorKind::Proxy { status: None, refused: false });
            assert_eq!(text, expected);
        }
    }
}
