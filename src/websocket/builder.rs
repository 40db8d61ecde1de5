//! [`WebSocketBuilder`].

use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::error::{Error, ErrorKind, Result};
use crate::fields::is_token;
use crate::maybe::{BoxFuture, MaybeSend};
use crate::request::{Request, RequestBuilder};
use crate::response::RAISE_TIME;
use crate::session::Session;
use crate::url::Url;

use super::link::Link;
use super::{WebSocket, WebSocketOptions};

/// Builds a [`WebSocket`]; made by [`SessionExt::websocket`](crate::SessionExt::websocket) and
/// [`RequestBuilder::websocket`], and opened by awaiting it. The first bad input is kept and comes out then.
///
/// The handshake is a request of the session, with its limits, timeouts, header fields, cookies, credentials, middleware,
/// redirects, proxies and safe mode; all that a [`RequestBuilder`] can set is set here for the handshake. Once the
/// connection is open, the timeouts of requests are over: what bounds it then is set here, too.
pub type WebSocketBuilder<'a, S> = RequestBuilder<Handshaking<'a, S>>;

/// A session that is to open a WebSocket, and what that is to be like.
#[derive(Debug)]
pub struct Handshaking<'a, S: ?Sized> {
    session: &'a S,
    options: WebSocketOptions,
}

impl<'a, S: Session + ?Sized> RequestBuilder<&'a S> {
    /// A WebSocket by this request. The URL's scheme is ws or wss; http and https are taken for them.
    ///
    /// ```no_run
    /// # use dualfetch::{DefaultSession, Proxy, Session};
    /// # async fn example(session: &DefaultSession) -> dualfetch::Result<()> {
    /// let proxy = Proxy::new("http://proxy.example:3128")?;
    /// let socket = session.get("wss://chat.example/").proxy(proxy).websocket().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What is no GET, or has a body, is [`InvalidOption`](ErrorKind::InvalidOption) (`method`, `body`) when it is awaited.
    pub fn websocket(self) -> WebSocketBuilder<'a, S> {
        let session = Handshaking { session: self.session, options: WebSocketOptions::default() };
        RequestBuilder { session, request: self.request }.change(|request| {
            request.url = with_scheme(&request.url, [("ws", "http"), ("wss", "https")])?;
            Ok(())
        })
    }
}

impl<'a, S: Session + ?Sized> WebSocketBuilder<'a, S> {
    /// The page on whose behalf it is opened (RFC 6454): the `Origin` field, which servers of browsers look at. None is
    /// sent when nothing is said. In a browser [`Unsupported`](ErrorKind::Unsupported): it sends its own.
    pub fn origin(self, origin: impl AsRef<[u8]>) -> Self {
        self.header("origin", origin)
    }

    /// The subprotocols to offer, the best first; the server's choice is [`WebSocket::protocol`]. What is no token (RFC
    /// 9110, section 5.6.2), or is there twice, is [`InvalidOption`](ErrorKind::InvalidOption).
    pub fn protocols<P: Into<String>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.session.options.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Sends a ping once nothing has come for so long, and gives the connection up ([`Timeout`](ErrorKind::Timeout) of the
    /// phase `heartbeat`, code 1006) if nothing comes within half of that time, the pong or anything else. None when
    /// nothing is said. In a browser [`Unsupported`](ErrorKind::Unsupported).
    pub fn heartbeat(mut self, every: impl Into<Option<Duration>>) -> Self {
        self.session.options.heartbeat = every.into();
        self
    }

    /// Whether pings are answered and kept out of sight, which they are when nothing is said. `false` hands pings and pongs
    /// out as messages, and leaves it to the caller to answer, as the protocol wants it. In a browser
    /// [`Unsupported`](ErrorKind::Unsupported).
    pub fn auto_pong(mut self, answer: bool) -> Self {
        self.session.options.auto_pong = Some(answer);
        self
    }

    /// How large a message may be, in bytes after decompression; 4 MiB when nothing is said, `None` for no bound. Past it
    /// the connection is closed with 1009 and [`WebSocket`](ErrorKind::WebSocket). (A page may not say 1009, and closes it
    /// without a code.)
    pub fn max_message_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.session.options.max_message_size = bytes.into();
        self
    }

    /// How large a frame may be, of which a message may have several, in bytes as sent; no bound of its own when nothing is
    /// said. Past it as past `max_message_size`. In a browser [`Unsupported`](ErrorKind::Unsupported).
    pub fn max_frame_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.session.options.max_frame_size = bytes.into();
        self
    }

    /// How much may have come in a browser and not have been taken, in bytes; 16 MiB when nothing is said. Past it the
    /// connection is closed as past `max_message_size`. Natively no more is read than is asked for, but for a little while
    /// something is sent, and this has no meaning.
    pub fn max_buffered(mut self, bytes: usize) -> Self {
        self.session.options.max_buffered = bytes;
        self
    }

    /// How long a message may be waited for, over futures that are dropped, until one comes or something is sent; for ever
    /// when nothing is said. The connection stays open past it.
    pub fn receive_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.session.options.receive_timeout = timeout.into();
        self
    }

    /// How long the closing handshake may take; 10 seconds when nothing is said.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.session.options.close_timeout = timeout;
        self
    }

    /// Whether compressed messages are offered (permessage-deflate, RFC 7692): then those sent are compressed where the
    /// server agrees. Off when nothing is said: it costs memory and time. A browser always offers it, and `false` is
    /// [`Unsupported`](ErrorKind::Unsupported) there.
    pub fn permessage_deflate(mut self, offer: bool) -> Self {
        self.session.options.permessage_deflate = Some(offer);
        self
    }

    /// Opens it. Awaiting the builder does the same.
    ///
    /// # Errors
    /// The first bad input of the builder; those of [`Session::send`]; [`Handshake`](ErrorKind::Handshake) where the server
    /// does not agree: the error has the status, and the start of the body that came with it.
    ///
    /// # Cancellation
    /// Dropping the future ends the handshake and gives its permit, or its place in line, back.
    pub fn connect(self) -> impl Future<Output = Result<WebSocket>> + MaybeSend + use<'a, S> {
        let Self { session: Handshaking { session, options }, request } = self;
        async move {
            let mut request = request?;
            check_request(&request)?;
            check(&options)?;
            let options = Arc::new(options);
            request.extensions_mut().insert(Arc::clone(&options));
            let response = session.send(request).await.map_err(told_as_asked)?;
            let status = response.status();
            if status != StatusCode::SWITCHING_PROTOCOLS {
                let error =
                    Error::new(ErrorKind::Handshake { status }).with_message(format!("status {status}"));
                return Err(told_as_asked(response.into_error(error, session.sleep(RAISE_TIME)).await));
            }
            let url = with_scheme(response.url(), [("http", "ws"), ("https", "wss")])?;
            let (head, mut body, _) = response.into_answer();
            let Some(connection) = body.as_mut().connection() else {
                let error = Error::new(ErrorKind::Handshake { status });
                return Err(error.with_message("no connection came with it").with_url(&url));
            };
            Ok(WebSocket::new(Link::new(connection, options, url.clone()), head, url))
        }
    }
}

impl<'a, S: Session + ?Sized> IntoFuture for WebSocketBuilder<'a, S> {
    type Output = Result<WebSocket>;
    type IntoFuture = BoxFuture<'a, Result<WebSocket>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.connect())
    }
}

fn check(options: &WebSocketOptions) -> Result<()> {
    let invalid =
        |option, message: String| Err(Error::new(ErrorKind::InvalidOption { option }).with_message(message));
    for (place, protocol) in options.protocols.iter().enumerate() {
        if !is_token(protocol) {
            return invalid("protocols", format!("{protocol:?} is no token (RFC 9110, section 5.6.2)"));
        }
        if options.protocols[..place].contains(protocol) {
            return invalid("protocols", format!("{protocol:?} is there twice"));
        }
    }
    match options.heartbeat.is_some_and(|every| every.is_zero()) {
        true => invalid("heartbeat", "0 is no time between two beats; leave it out for none".to_owned()),
        false => Ok(()),
    }
}

/// With the scheme of WebSockets in place of that of the request that opens them.
fn told_as_asked(error: Error) -> Error {
    match error.url().map(|url| with_scheme(url, [("http", "ws"), ("https", "wss")])) {
        Some(Ok(url)) => error.of_url(url),
        _ => error,
    }
}

/// RFC 6455, section 4.1.
fn check_request(request: &Request) -> Result<()> {
    let invalid = |option, message: &str| {
        Err(Error::new(ErrorKind::InvalidOption { option }).with_message(message).with_url(request.url()))
    };
    match (request.method() == Method::GET, request.body().is_none()) {
        (false, _) => invalid("method", "the handshake of a WebSocket is a GET"),
        (true, false) => invalid("body", "the handshake of a WebSocket has none"),
        (true, true) => Ok(()),
    }
}

/// The URL with its scheme in place of the one that is its twin.
fn with_scheme(url: &Url, twins: [(&str, &str); 2]) -> Result<Url> {
    match twins.iter().find(|(from, _)| *from == url.scheme()) {
        Some((from, to)) => Url::parse(&format!("{to}{}", &url.as_str()[from.len()..])),
        None => Ok(url.clone()),
    }
}
