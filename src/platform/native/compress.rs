//! Request bodies compressed on their way.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use bytes::Bytes;
use futures_util::stream::{self, TryStreamExt};
use http::HeaderValue;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::body::{Body, Outgoing};
use crate::options::Compression;

/// What is at most this large is compressed at once, so that its length is known; to more a runtime's thread is not held.
const AT_ONCE: usize = 64 * 1024;

/// The coding's name in `Content-Encoding`.
pub(super) fn name(compression: Compression) -> HeaderValue {
    HeaderValue::from_static(match compression {
        Compression::Brotli => "br",
        Compression::Deflate => "deflate",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    })
}

/// The body, compressed. It can be sent as often as it could before.
pub(super) fn compressed(body: Body, compression: Compression) -> Body {
    if let Some(bytes) = body.as_bytes().filter(|bytes| bytes.len() <= AT_ONCE)
        && let Some(whole) = at_once(bytes, compression)
    {
        return whole.into();
    }
    Body::replayable(move || {
        let mut pieces = Outgoing::new(&body, None);
        let pieces = stream::poll_fn(move |cx| pieces.poll_piece(cx));
        ReaderStream::new(encoder(StreamReader::new(pieces.map_err(io::Error::other)), compression))
            .map_err(inner)
    })
}

/// The error that travelled through the encoder wrapped.
fn inner(error: io::Error) -> Box<dyn std::error::Error + Send + Sync> {
    match error.downcast::<crate::error::Error>() {
        Ok(error) => error.into(),
        Err(error) => error.into(),
    }
}

/// What needs no waiting is ready at the first poll.
fn at_once(bytes: &Bytes, compression: Compression) -> Option<Vec<u8>> {
    let mut encoder = encoder(io::Cursor::new(bytes.clone()), compression);
    let mut out = Vec::new();
    let mut reading = Box::pin(encoder.read_to_end(&mut out));
    let read = reading.as_mut();
    let polled = read.poll(&mut Context::from_waker(Waker::noop()));
    drop(reading);
    matches!(polled, Poll::Ready(Ok(_))).then_some(out)
}

fn encoder(
    reader: impl AsyncBufRead + Send + 'static,
    compression: Compression,
) -> Pin<Box<dyn AsyncRead + Send>> {
    match compression {
        Compression::Brotli => {
            Box::pin(BrotliEncoder::with_quality(reader, async_compression::Level::Precise(5)))
        }
        Compression::Deflate => Box::pin(ZlibEncoder::new(reader)),
        Compression::Gzip => Box::pin(GzipEncoder::new(reader)),
        Compression::Zstd => Box::pin(ZstdEncoder::new(reader)),
    }
}
