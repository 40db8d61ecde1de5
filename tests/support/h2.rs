//! HTTP/2 frame by frame (RFC 9113), for what no library would send. Enough for a [`super::RawServer`]'s script:
//! it begins with [`Script::greets_h2`] or [`Script::asked_h2`].

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::script::{ANYONE, Script, Step};

/// What a client begins with (section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Kinds of frames (section 6).
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

// Flags. Which ones a kind knows is the kind's.
pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

// Error codes (section 7).
pub const NO_ERROR: u32 = 0;
pub const PROTOCOL_ERROR: u32 = 1;
pub const INTERNAL_ERROR: u32 = 2;
pub const REFUSED_STREAM: u32 = 7;
pub const CANCEL: u32 = 8;
pub const ENHANCE_YOUR_CALM: u32 = 11;
pub const HTTP_1_1_REQUIRED: u32 = 13;

/// The stream of the request that was read last. (As a number it is one that no client gets to.)
pub const THIS: u32 = 0x7fff_ffff;

/// A frame that came.
#[derive(Clone)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Bytes,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, flags, stream, payload } = self;
        write!(f, "kind {kind}, flags {flags}, stream {stream}, {} bytes", payload.len())
    }
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(9 + payload.len());
    frame.put_uint(payload.len() as u64, 3);
    frame.put_u8(kind);
    frame.put_u8(flags);
    frame.put_u32(stream);
    frame.extend_from_slice(payload);
    frame.freeze()
}

pub fn data(flags: u8, payload: &[u8]) -> Bytes {
    frame(DATA, flags, THIS, payload)
}

pub fn goaway(last_stream: u32, code: u32) -> Bytes {
    frame(GOAWAY, 0, 0, &[last_stream.to_be_bytes(), code.to_be_bytes()].concat())
}

/// HEADERS with END_HEADERS: status 200 and these fields.
pub fn headers(flags: u8, fields: &[(&str, &str)]) -> Bytes {
    // 0x88 is `:status: 200` (RFC 7541, appendix A).
    frame(HEADERS, flags | END_HEADERS, THIS, &[&[0x88], &block(fields)[..]].concat())
}

/// The head of an HTML page that anyone may read, and that goes on.
pub fn page_head(fields: &[(&str, &str)]) -> Bytes {
    let all = [&[("content-type", "text/html; charset=utf-8"), ANYONE], fields].concat();
    headers(0, &all)
}

/// Fields as HPACK writes them when it compresses nothing, names in lower case.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        text(&mut block, &name.to_ascii_lowercase());
        text(&mut block, value);
    }
    block
}

/// A string literal: its length as a number of a 7-bit prefix (RFC 7541, sections 5.1 and 5.2).
pub fn text(block: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    if length < 127 {
        block.push(length as u8);
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push((length % 128 + 128) as u8);
            length /= 128;
        }
        block.push(length as u8);
    }
    block.extend_from_slice(text.as_bytes());
}

/// `SETTINGS`, each an identifier and a value (section 6.5.2).
pub fn settings(values: &[(u16, u32)]) -> Bytes {
    let mut payload = Vec::new();
    for (identifier, value) in values {
        payload.extend(identifier.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(SETTINGS, 0, 0, &payload)
}

pub fn reset(code: u32) -> Bytes {
    frame(RST_STREAM, 0, THIS, &code.to_be_bytes())
}

/// A whole page.
pub fn page(page: &str) -> Bytes {
    let length = page.len().to_string();
    [page_head(&[("content-length", &length)]), data(END_STREAM, page.as_bytes())].concat().into()
}

impl Script {
    /// Takes a client's beginning and greets back, with these settings.
    pub fn greets_h2(self, values: &[(u16, u32)]) -> Self {
        self.step(Step::ReadPreface).read_frame(SETTINGS).send(settings(values)).send(frame(
            SETTINGS,
            ACK,
            0,
            &[],
        ))
    }

    /// Greets and waits for the first request.
    pub fn asked_h2(self) -> Self {
        self.greets_h2(&[]).read_frame(HEADERS)
    }

    pub fn read_frame(self, kind: u8) -> Self {
        self.step(Step::ReadFrame(kind))
    }

    pub fn send_frames(self, frames: impl AsRef<[u8]>) -> Self {
        self.step(Step::SendFrames(Bytes::copy_from_slice(frames.as_ref())))
    }

    /// No fault: each request gets this page.
    pub fn serves_h2(self, text: &str) -> Self {
        self.greets_h2(&[]).forever(Self::new().read_frame(HEADERS).send_frames(page(text)))
    }
}

/// Takes a frame off the start of what came, if it is all there.
pub(super) fn take_frame(bytes: &mut BytesMut) -> Option<Frame> {
    let length = 9
        + usize::from(*bytes.first()?) * 65_536
        + usize::from(*bytes.get(1)?) * 256
        + usize::from(*bytes.get(2)?);
    if bytes.len() < length {
        return None;
    }
    let frame = bytes.split_to(length).freeze();
    let stream = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]) & THIS;
    Some(Frame { kind: frame[3], flags: frame[4], stream, payload: frame.slice(9..) })
}

/// The frames, those on [`THIS`] put on `stream`.
pub(super) fn on_stream(frames: &[u8], stream: u32) -> Bytes {
    let mut left = BytesMut::from(frames);
    let mut out = BytesMut::with_capacity(frames.len());
    while let Some(Frame { kind, flags, stream: on, payload }) = take_frame(&mut left) {
        let on = if on == THIS { stream } else { on };
        out.extend_from_slice(&frame(kind, flags, on, &payload));
    }
    // What is no whole frame is meant so.
    out.extend_from_slice(&left);
    out.freeze()
}
