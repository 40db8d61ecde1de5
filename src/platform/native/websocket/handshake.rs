//! The opening handshake (RFC 6455, section 4): what is asked, and whether the answer agrees.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Response, StatusCode};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, ErrorKind, Result};
use crate::head::Head;
use crate::options::HttpVersion;
use crate::platform::native::failure;
use crate::platform::native::stream::Stream;
use crate::platform::native::wire::Wire;
use crate::request::Request;
use crate::socket::{Connection, WebSocketOptions};

use super::conversation::{Conversation, Terms};
use super::deflate::Agreed;
use super::socket::NativeSocket;

/// What is added to a key to tell that it was understood. (RFC 6455, section 1.3.)
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A handshake that is under way.
pub(in crate::platform::native) struct Handshake {
    options: Arc<WebSocketOptions>,
    key: String,
}

impl Handshake {
    /// The one that this request is; `None` where it is none. Makes the request go by HTTP/1.1, the only version by which
    /// this is done.
    pub(in crate::platform::native) fn of(request: &mut Request) -> Result<Option<Self>> {
        let Some(options) = request.extensions().get::<Arc<WebSocketOptions>>().map(Arc::clone) else {
            return Ok(None);
        };
        let transport = &request.options.transport;
        if transport.http_version == Some(HttpVersion::Http2) {
            return Err(Error::new(ErrorKind::InvalidOption { option: "http_version" })
                .with_message("a WebSocket is opened by HTTP/1.1"));
        }
        if transport.http_version != Some(HttpVersion::Http1) {
            Arc::make_mut(&mut request.options).transport.http_version = Some(HttpVersion::Http1);
        }
        let mut nonce = [0; 16];
        let drawn = SystemRandom::new().fill(&mut nonce);
        drawn.map_err(|_| Error::new(ErrorKind::Network).with_message(super::socket::NO_CHANCE))?;
        let handshake = Self { options, key: STANDARD.encode(nonce) };
        handshake.ask(&mut request.headers)?;
        Ok(Some(handshake))
    }

    /// Says what is asked, in place of what is there.
    fn ask(&self, headers: &mut HeaderMap) -> Result<()> {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, value(&self.key)?);
        headers.remove(SEC_WEBSOCKET_PROTOCOL);
        if !self.options.protocols.is_empty() {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, value(&self.options.protocols.join(", "))?);
        }
        headers.remove(SEC_WEBSOCKET_EXTENSIONS);
        if self.compresses() {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(Agreed::OFFER));
        }
        Ok(())
    }

    fn compresses(&self) -> bool {
        self.options.permessage_deflate == Some(true)
    }

    /// Looks whether the answer agrees, and gives the connection that it leads to. To be asked where the status is 101.
    pub(in crate::platform::native) async fn finish(
        self,
        head: &mut Head,
        upgrade: OnUpgrade,
    ) -> Result<Connection> {
        let compression = self.check(&head.headers)?;
        let_go(head);
        let upgraded = upgrade.await.map_err(failure::receiving)?;
        let unlike = || refused("it did not come by a connection that is left to us");
        let parts = upgraded.downcast::<Wire<TokioIo<Stream>>>().map_err(|_| unlike())?;
        let terms = Terms {
            auto_pong: self.options.auto_pong.unwrap_or(true),
            max_message_size: self.options.max_message_size,
            max_frame_size: self.options.max_frame_size,
            compression,
        };
        let socket = NativeSocket::new(parts.io, &parts.read_buf, Conversation::new(&terms));
        Ok(Connection::new(Box::new(socket)))
    }

    /// Looks whether the answer agrees (RFC 6455, section 4.1), and to what.
    fn check(&self, headers: &HeaderMap) -> Result<Option<Agreed>> {
        let upgrade = one(headers, &UPGRADE)?;
        if !upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket")) {
            return Err(wrong("Upgrade", upgrade));
        }
        let mut connection = headers.get_all(CONNECTION).iter();
        let is_upgrade = |token: &str| token.trim().eq_ignore_ascii_case("upgrade");
        if !connection.any(|value| value.to_str().is_ok_and(|value| value.split(',').any(is_upgrade))) {
            return Err(wrong("Connection", one(headers, &CONNECTION)?));
        }
        let accept = one(headers, &SEC_WEBSOCKET_ACCEPT)?;
        if accept != Some(&*accepting(&self.key)) {
            return Err(wrong("Sec-WebSocket-Accept", accept));
        }
        let protocol = one(headers, &SEC_WEBSOCKET_PROTOCOL)?;
        if protocol.is_some_and(|chosen| self.options.protocols.iter().all(|offered| offered != chosen)) {
            return Err(wrong("Sec-WebSocket-Protocol", protocol));
        }
        let Some(extensions) = one(headers, &SEC_WEBSOCKET_EXTENSIONS)?.filter(|value| !value.is_empty())
        else {
            return Ok(None);
        };
        if !self.compresses() {
            return Err(wrong("Sec-WebSocket-Extensions", Some(extensions)));
        }
        let agreed = Agreed::parse(extensions);
        agreed.map(Some).map_err(|why| refused(&format!("its Sec-WebSocket-Extensions is wrong: {why}")))
    }
}

/// Copies what is shown of a head. As it came it is slices of hyper's buffer, which would be kept as long as they are:
/// 8 KiB for each connection.
fn let_go(head: &mut Head) {
    head.extensions.remove::<ReasonPhrase>();
    for value in head.headers.values_mut() {
        if let Ok(copy) = HeaderValue::from_bytes(value.as_bytes()) {
            *value = copy;
        }
    }
}

/// The head of an answer, and what is to become of its connection.
pub(in crate::platform::native) fn upgrade(response: &mut Response<Incoming>) -> Option<OnUpgrade> {
    (response.status() == StatusCode::SWITCHING_PROTOCOLS).then(|| hyper::upgrade::on(response))
}

/// The answer to a key.
fn accepting(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, [key, MAGIC].concat().as_bytes()))
}

/// A field that there may be one of.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(value), None) => Ok(Some(value.trim())),
        (Ok(_), Some(_)) => Err(refused(&format!("it has {name} more than once"))),
        (Err(_), _) => Err(refused(&format!("its {name} is no text"))),
    }
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::try_from(text).map_err(|_| {
        Error::new(ErrorKind::InvalidHeader).with_message("a value of the WebSocket's handshake")
    })
}

fn wrong(name: &str, value: Option<&str>) -> Error {
    const SHOWN: usize = 100;
    match value {
        Some(value) => {
            refused(&format!("its {name} is wrong: {:?}", value.chars().take(SHOWN).collect::<String>()))
        }
        None => refused(&format!("it has no {name}")),
    }
}

/// The answer's status is right, and something else is not.
fn refused(what: &str) -> Error {
    Error::new(ErrorKind::Handshake { status: StatusCode::SWITCHING_PROTOCOLS })
        .with_message(format!("the server's answer does not open a WebSocket: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(protocols: &[&str], compress: bool) -> Handshake {
        let options = WebSocketOptions {
            protocols: protocols.iter().map(|&protocol| protocol.into()).collect(),
            permessage_deflate: Some(compress),
            ..WebSocketOptions::default()
        };
        // The example of RFC 6455, section 1.3.
        Handshake { options: options.into(), key: "dGhlIHNhbXBsZSBub25jZQ==".into() }
    }

    fn checked(handshake: &Handshake, fields: &[(&str, &str)]) -> Result<Option<Agreed>> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name: HeaderName = name.parse().expect("a name");
            headers.append(name, value.parse().expect("a value"));
        }
        handshake.check(&headers)
    }

    const RIGHT: [(&str, &str); 3] = [
        ("upgrade", "WebSocket"),
        ("connection", "keep-alive, upgrade"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];

    #[test]
    fn an_answer_that_agrees_is_taken() {
        let right = |more: &[(&'static str, &'static str)]| [&RIGHT[..], more].concat();
        assert_eq!(checked(&handshake(&[], false), &RIGHT).expect("it agrees"), None);
        let chosen = right(&[("sec-websocket-protocol", "b")]);
        assert_eq!(checked(&handshake(&["a", "b"], true), &chosen).expect("it agrees"), None);
        let compressed = right(&[("sec-websocket-extensions", "permessage-deflate")]);
        let agreed = checked(&handshake(&[], true), &compressed).expect("it agrees");
        assert_eq!(agreed, Some(Agreed::default()));
    }

    #[test]
    fn what_is_wrong_in_an_answer_is_named() {
        let protocol = ("sec-websocket-protocol", "b");
        let with = |place: usize, value| {
            let mut fields = RIGHT.to_vec();
            match value {
                Some(value) => fields[place].1 = value,
                None => drop(fields.remove(place)),
            }
            fields
        };
        let and = |more: &[(&'static str, &'static str)]| [&RIGHT[..], more].concat();
        let cases = [
            (with(0, None), "Upgrade"),
            (with(0, Some("h2c")), "Upgrade"),
            (with(1, None), "Connection"),
            (with(1, Some("close")), "Connection"),
            (with(2, None), "Sec-WebSocket-Accept"),
            (with(2, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")), "Sec-WebSocket-Accept"),
            (and(&[protocol]), "Sec-WebSocket-Protocol"),
            (and(&[("sec-websocket-extensions", "permessage-deflate")]), "Sec-WebSocket-Extensions"),
            (and(&[RIGHT[2]]), "sec-websocket-accept more than once"),
        ];
        for (fields, named) in cases {
            let error = checked(&handshake(&["a", "B"], false), &fields).expect_err(named);
            assert_eq!(error.kind(), &ErrorKind::Handshake { status: StatusCode::SWITCHING_PROTOCOLS });
            assert!(error.message().is_some_and(|message| message.contains(named)), "{error}");
        }
        let fields = and(&[("sec-websocket-extensions", "permessage-deflate; client_max_window_bits=9")]);
        let error = checked(&handshake(&[], true), &fields).expect_err("it was not offered");
        assert!(error.message().is_some_and(|message| message.contains("client_max_window_bits")), "{error}");
    }
}
