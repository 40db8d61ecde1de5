//! A response's body: counted as it comes off the wire, and decompressed.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{
    BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder,
};
use async_compression::zstd::DParameter;
use bytes::Bytes;
use futures_util::future::TryFutureExt;
use futures_util::stream::Stream;
use http::Version;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::error::{Error, ErrorKind, Result};
use crate::payload::{Payload, Transfer};
#[cfg(feature = "websocket")]
use crate::socket::Connection;

use super::failure;

/// How much decompressed data is handed out at once, at most.
const PIECE: usize = 16 * 1024;

/// The largest window that zstd may ask for: 8 MiB (RFC 9659).
const ZSTD_WINDOW_LOG: u32 = 23;

/// How many content codings may be nested; more is an attack, not a page.
const MAX_CODINGS: usize = 4;

/// The body of a native response.
pub struct NativeBody {
    inner: Inner,
    /// What the server declared, if it did.
    length: Option<u64>,
    decoded: u64,
}

enum Inner {
    Plain(Whole),
    Coded(Coded),
    /// Of status 101: there is none. Taken once.
    #[cfg(feature = "websocket")]
    Switched(Option<Box<Connection>>),
}

/// A body that is decompressed.
struct Coded {
    decoded: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
    source: Arc<Source>,
    /// What was compressed has ended.
    has_ended: bool,
    /// The end of the body comes on its own, after its last byte, and trailers before it.
    may_have_trailers: bool,
}

type Reader = Pin<Box<dyn AsyncBufRead + Send>>;

impl NativeBody {
    /// Decompresses what the header fields say is compressed, if wanted. An unknown coding is left as it is.
    pub(super) fn new(body: Incoming, version: Version, headers: &HeaderMap, decompress: bool) -> Self {
        let has_marked_end = version == Version::HTTP_2;
        let body = Whole { body, has_marked_end, is_over: false, trailers: None };
        let length = body.body.size_hint().exact().or_else(|| {
            let declared = headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
            (!body.body.is_end_stream()).then_some(declared)
        });
        let codings =
            if decompress && !body.body.is_end_stream() { codings(headers) } else { Some(Vec::new()) };
        let inner = match codings {
            Some(codings) if !codings.is_empty() => {
                let may_have_trailers = has_marked_end || headers.contains_key(TRANSFER_ENCODING);
                let source = Arc::new(Source { body: Mutex::new(body), count: AtomicU64::new(0) });
                let reader = StreamReader::new(Wire(Arc::clone(&source)));
                let decoded = Box::pin(decoded(Box::pin(reader), codings));
                Inner::Coded(Coded { decoded, source, has_ended: false, may_have_trailers })
            }
            _ => Inner::Plain(body),
        };
        Self { inner, length, decoded: 0 }
    }
}

impl NativeBody {
    /// In place of a body the connection that a handshake led to.
    #[cfg(feature = "websocket")]
    pub(super) fn switched(connection: Connection) -> Self {
        Self { inner: Inner::Switched(Some(Box::new(connection))), length: None, decoded: 0 }
    }

    /// Whether what is handed out is not what was sent.
    pub(super) fn is_decoded(&self) -> bool {
        matches!(self.inner, Inner::Coded(..))
    }
}

impl Body for NativeBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let data = match &mut this.inner {
            Inner::Plain(body) => ready!(body.poll_data(cx)),
            Inner::Coded(body) => ready!(body.poll_data(cx)),
            #[cfg(feature = "websocket")]
            Inner::Switched(_) => None,
        };
        Poll::Ready(data.map(|data| {
            let data = data?;
            this.decoded += data.len() as u64;
            Ok(Frame::data(data))
        }))
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Plain(body) => body.body.is_end_stream(),
            Inner::Coded(..) => false,
            #[cfg(feature = "websocket")]
            Inner::Switched(_) => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Plain(body) => body.body.size_hint(),
            Inner::Coded(..) => SizeHint::default(),
            #[cfg(feature = "websocket")]
            Inner::Switched(_) => SizeHint::with_exact(0),
        }
    }
}

impl Payload for NativeBody {
    fn transfer(&self) -> Transfer {
        let wire = match &self.inner {
            Inner::Plain(_) => self.decoded,
            Inner::Coded(body) => body.source.count.load(Ordering::Relaxed),
            #[cfg(feature = "websocket")]
            Inner::Switched(_) => 0,
        };
        Transfer::new(wire, self.decoded, self.length.map(|length| length.saturating_sub(wire)))
    }

    fn trailers(&self) -> Option<Arc<HeaderMap>> {
        match &self.inner {
            Inner::Plain(body) => body.trailers.clone(),
            Inner::Coded(body) => body.source.lock().trailers.clone(),
            #[cfg(feature = "websocket")]
            Inner::Switched(_) => None,
        }
    }

    #[cfg(feature = "websocket")]
    fn connection(self: Pin<&mut Self>) -> Option<Connection> {
        match &mut self.get_mut().inner {
            Inner::Switched(connection) => connection.take().map(|connection| *connection),
            _ => None,
        }
    }
}

impl std::fmt::Debug for NativeBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NativeBody").field("transfer", &self.transfer()).finish_non_exhaustive()
    }
}

impl Coded {
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if !self.has_ended {
            // Of little that came much may be made, always at once: other tasks of the thread have their turn, too.
            let turn = ready!(tokio::task::coop::poll_proceed(cx));
            if let Some(data) = ready!(self.decoded.as_mut().poll_next(cx)) {
                turn.made_progress();
                return Poll::Ready(Some(data.map_err(undecodable)));
            }
            self.has_ended = true;
        }
        if !self.may_have_trailers {
            return Poll::Ready(None);
        }
        // A decoder stops where its format ends, and need not have seen the end of the body.
        let mut body = self.source.lock();
        loop {
            match ready!(body.poll_data(cx)) {
                Some(Ok(junk)) if junk.is_empty() => {}
                // No part of what was compressed.
                None | Some(Ok(_)) => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

/// A failure of the transfer travels through the decoder wrapped; what is not one of ours is the decoder's own.
fn undecodable(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::new(ErrorKind::Decode).with_source(error),
    }
}

/// A body that ends where its sender says it does.
///
/// hyper takes a stream that is reset without a reason (RST_STREAM, `NO_ERROR`) for one that has ended. That is so for
/// a request, whose rest is not wanted (RFC 9113, section 8.1); of a response it would be a part that passes for the
/// whole.
struct Whole {
    body: Incoming,
    /// By HTTP/2 every body's end is marked, and `is_end_stream` tells that it was.
    has_marked_end: bool,
    is_over: bool,
    trailers: Option<Arc<HeaderMap>>,
}

impl Whole {
    /// The next data. Trailers are kept.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        while !self.is_over {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
            self.is_over = !matches!(frame, Some(Ok(_)));
            let frame = match frame {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(failure::receiving(error)))),
                None if self.has_marked_end && !self.body.is_end_stream() => {
                    return Poll::Ready(Some(Err(Error::new(ErrorKind::Disconnected)
                        .with_message("the stream was reset before the body's end"))));
                }
                None => break,
            };
            match frame.into_data() {
                Ok(data) => return Poll::Ready(Some(Ok(data))),
                Err(frame) => self.trailers = frame.into_trailers().ok().map(Arc::new),
            }
        }
        Poll::Ready(None)
    }
}

/// A body as it comes off the wire, read by a decoder and, once that has ended, by us.
struct Source {
    body: Mutex<Whole>,
    count: AtomicU64,
}

impl Source {
    fn lock(&self) -> MutexGuard<'_, Whole> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body's data as it comes off the wire, counted.
struct Wire(Arc<Source>);

impl Stream for Wire {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        Poll::Ready(ready!(self.0.lock().poll_data(cx)).map(|data| {
            let data = data.map_err(io::Error::other)?;
            self.0.count.fetch_add(data.len() as u64, Ordering::Relaxed);
            Ok(data)
        }))
    }
}

/// A content coding that can be undone (RFC 9110, section 8.4.1; RFC 7932; RFC 8878).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Brotli,
    Deflate,
    Gzip,
    Zstd,
}

/// The codings in the order they were applied; `None` when one of them is unknown or they are too many.
fn codings(headers: &HeaderMap) -> Option<Vec<Coding>> {
    let mut all = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.to_str().ok()?.split(',').map(str::trim) {
            all.push(match name.to_ascii_lowercase().as_str() {
                "br" => Coding::Brotli,
                "deflate" => Coding::Deflate,
                "gzip" | "x-gzip" => Coding::Gzip,
                "zstd" => Coding::Zstd,
                "identity" | "" => continue,
                _ => return None,
            });
        }
    }
    (all.len() <= MAX_CODINGS).then_some(all)
}

/// Undoes the codings, the last applied first. What says it is compressed but has no bytes is empty.
fn decoded(reader: Reader, codings: Vec<Coding>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let open = async move {
        let mut reader = reader;
        if reader.fill_buf().await?.is_empty() {
            return Ok(ReaderStream::with_capacity(reader, PIECE));
        }
        for coding in codings.into_iter().rev() {
            let plain: Pin<Box<dyn AsyncRead + Send>> = match coding {
                Coding::Brotli => Box::pin(BrotliDecoder::new(reader)),
                Coding::Deflate => deflate(reader).await?,
                Coding::Gzip => {
                    let mut decoder = GzipDecoder::new(reader);
                    decoder.multiple_members(true);
                    Box::pin(decoder)
                }
                Coding::Zstd => {
                    let window = [DParameter::window_log_max(ZSTD_WINDOW_LOG)];
                    let mut decoder = ZstdDecoder::with_params(reader, &window);
                    decoder.multiple_members(true);
                    Box::pin(decoder)
                }
            };
            reader = Box::pin(BufReader::with_capacity(PIECE, plain));
        }
        Ok(ReaderStream::with_capacity(reader, PIECE))
    };
    open.try_flatten_stream()
}

/// `deflate` means zlib (RFC 9110, section 8.4.1.2), but many send the bare algorithm: the first two bytes tell.
async fn deflate(mut reader: Reader) -> io::Result<Pin<Box<dyn AsyncRead + Send>>> {
    let start = reader.fill_buf().await?;
    let is_zlib = match *start {
        [cmf, flg, ..] => cmf & 0x0f == 8 && u16::from_be_bytes([cmf, flg]) % 31 == 0,
        [cmf] => cmf & 0x0f == 8,
        [] => true,
    };
    Ok(if is_zlib { Box::pin(ZlibDecoder::new(reader)) } else { Box::pin(DeflateDecoder::new(reader)) })
}
