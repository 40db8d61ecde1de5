//! The body of a response as the engine sees it: frames, and how far the transfer has come.

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;

use crate::error::Error;
#[cfg(feature = "websocket")]
use crate::socket::Connection;

/// A response body that counts what it transfers. Its frames are data; trailers it keeps till they are asked for.
pub trait Payload: Body<Data = Bytes, Error = Error> {
    /// How far the transfer has come.
    fn transfer(&self) -> Transfer;

    /// The trailers, once the body has ended. None unless a body knows of any.
    fn trailers(&self) -> Option<Arc<HeaderMap>> {
        None
    }

    /// What was read ahead of who reads the frames, by a body that can hand it out again.
    #[doc(hidden)]
    fn ahead(self: Pin<&mut Self>) -> Option<&mut BytesMut> {
        None
    }

    /// The connection that a response of status 101 leads to, once: what a WebSocket goes by.
    #[cfg(feature = "websocket")]
    fn connection(self: Pin<&mut Self>) -> Option<Connection> {
        None
    }

    /// Reads what is left in the background, for the connection's sake. Unless a body knows how, it is dropped.
    fn drain(self: Pin<Box<Self>>) {}
}

/// How much of a body has come, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transfer {
    /// Bytes as sent: before decompression. In a browser the same as `decoded`, since it does not tell.
    pub wire: u64,
    /// After decompression.
    pub decoded: u64,
    /// Bytes as sent and still to come, where the server declared a length.
    pub remaining: Option<u64>,
}

impl Transfer {
    /// These counts.
    #[must_use]
    pub fn new(wire: u64, decoded: u64, remaining: Option<u64>) -> Self {
        Self { wire, decoded, remaining }
    }
}
