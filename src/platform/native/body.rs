//! A response's body: counted as it comes off the wire, and decompressed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{
    BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder,
};
use async_compression::zstd::DParameter;
use bytes::Bytes;
use futures_util::future::TryFutureExt;
use futures_util::stream::Stream;
use http::Version;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::error::{Error, ErrorKind, Result};
use crate::payload::{Payload, Transfer};

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
    /// Decompressed, and how much of it has come off the wire.
    Coded(Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>, Arc<AtomicU64>),
}

type Reader = Pin<Box<dyn AsyncBufRead + Send>>;

impl NativeBody {
    /// Decompresses what the header fields say is compressed, if wanted. An unknown coding is left as it is.
    pub(super) fn new(body: Incoming, version: Version, headers: &HeaderMap, decompress: bool) -> Self {
        let body = Whole { body, has_marked_end: version == Version::HTTP_2, is_over: false };
        let length = body.body.size_hint().exact().or_else(|| {
            let declared = headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
            (!body.body.is_end_stream()).then_some(declared)
        });
        let codings =
            if decompress && !body.body.is_end_stream() { codings(headers) } else { Some(Vec::new()) };
        let inner = match codings {
            Some(codings) if !codings.is_empty() => {
                let wire = Arc::new(AtomicU64::new(0));
                let reader = StreamReader::new(Wire { body, count: Arc::clone(&wire) });
                Inner::Coded(Box::pin(decoded(Box::pin(reader), codings)), wire)
            }
            _ => Inner::Plain(body),
        };
        Self { inner, length, decoded: 0 }
    }
}

impl NativeBody {
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
        let frame = match &mut this.inner {
            Inner::Plain(body) => match ready!(body.poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => frame,
            },
            Inner::Coded(stream, _) => match ready!(stream.as_mut().poll_next(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(undecodable(error)))),
                Some(Ok(data)) => Frame::data(data),
            },
        };
        this.decoded += frame.data_ref().map_or(0, Bytes::len) as u64;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Plain(body) => body.body.is_end_stream(),
            Inner::Coded(..) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Plain(body) => body.body.size_hint(),
            Inner::Coded(..) => SizeHint::default(),
        }
    }
}

impl Payload for NativeBody {
    fn transfer(&self) -> Transfer {
        let wire = match &self.inner {
            Inner::Plain(_) => self.decoded,
            Inner::Coded(_, wire) => wire.load(Ordering::Relaxed),
        };
        Transfer::new(wire, self.decoded, self.length.map(|length| length.saturating_sub(wire)))
    }
}

impl std::fmt::Debug for NativeBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NativeBody").field("transfer", &self.transfer()).finish_non_exhaustive()
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
}

impl Whole {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.is_over = !matches!(frame, Some(Ok(_)));
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(error)) => Some(Err(failure::receiving(error))),
            None if self.has_marked_end && !self.body.is_end_stream() => {
                Some(Err(Error::new(ErrorKind::Disconnected)
                    .with_message("the stream was reset before the body's end")))
            }
            None => None,
        })
    }
}

/// The body's data frames as they come off the wire, counted.
struct Wire {
    body: Whole,
    count: Arc<AtomicU64>,
}

impl Stream for Wire {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            match ready!(self.body.poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    self.count.fetch_add(data.len() as u64, Ordering::Relaxed);
                    return Poll::Ready(Some(Ok(data)));
                }
            }
        }
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
