//! What goes: messages in, and bytes to be written out.

use bytes::Bytes;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::socket::MAX_CONTROL;

use super::deflate::Deflater;
use super::mask::{self, Masks};

/// From this much that is unsent on there is no room for another message.
pub(super) const MOST: usize = 128 * 1024;

/// How much of a long payload is masked before it is written. To write it in smaller pieces wakes the peer for each.
pub(super) const PIECE: usize = 1024 * 1024;

/// How much is masked at once: it is still in the nearest cache then.
const BLOCK: usize = 16 * 1024;

/// The memory that is kept for what comes next.
const KEPT: usize = 4 * 1024;

/// How often in a row more has to be needless before it is given back.
const PATIENCE: u8 = 32;

/// Makes frames, and keeps them until they are written.
pub(super) struct Encoder {
    masks: Masks,
    deflater: Option<Deflater>,
    out: Vec<u8>,
    written: usize,
    /// The most that was in it since it was empty.
    used: usize,
    /// How often in a row that was much less than there is room for.
    unneeded: u8,
    /// The rest of a payload that is too long for `out`.
    rest: Option<Rest>,
    /// Control frames for the end of it: whether a ping, and the payload.
    waiting: Vec<(bool, Bytes)>,
    /// The answer to the latest ping, until there is room: of several pings one answer is enough. (RFC 6455,
    /// section 5.5.3.)
    pong: Option<Bytes>,
    close: Option<Vec<u8>>,
    has_closed: bool,
}

struct Rest {
    data: Bytes,
    key: [u8; 4],
    at: usize,
}

/// The system has no chance to give, without which nothing may be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoChance;

impl Encoder {
    pub(super) fn new(deflater: Option<Deflater>) -> Self {
        Self {
            masks: Masks::new(),
            deflater,
            out: Vec::new(),
            written: 0,
            used: 0,
            unneeded: 0,
            rest: None,
            waiting: Vec::new(),
            pong: None,
            close: None,
            has_closed: false,
        }
    }

    /// A text or a binary message.
    pub(super) fn message(&mut self, is_text: bool, data: Bytes) -> Result<(), NoChance> {
        let opcode = OpCode::Data(if is_text { Data::Text } else { Data::Binary });
        match self.deflater.as_mut().and_then(|deflater| deflater.deflate(&data)) {
            Some(compressed) => self.frame(opcode, true, compressed),
            None => self.frame(opcode, false, data),
        }
    }

    /// A ping, or a pong that nobody asked for. Of a longer payload the first 125 bytes.
    pub(super) fn control(&mut self, is_ping: bool, data: Bytes) -> Result<(), NoChance> {
        let data = if data.len() > MAX_CONTROL { data.slice(..MAX_CONTROL) } else { data };
        // A heartbeat does not ask whether there is room.
        if self.rest.is_some() {
            self.waiting.push((is_ping, data));
            return Ok(());
        }
        let opcode = OpCode::Control(if is_ping { Control::Ping } else { Control::Pong });
        self.frame(opcode, false, data)
    }

    /// The answer to a ping.
    pub(super) fn answer(&mut self, data: Bytes) {
        if !self.is_closing() {
            self.pong = Some(data);
        }
    }

    /// The last frame. Only the first one is sent.
    pub(super) fn close(&mut self, code: Option<u16>, reason: &str) {
        if self.is_closing() {
            return;
        }
        let mut payload = Vec::new();
        if let Some(code) = code {
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(cut(reason, MAX_CONTROL - 2).as_bytes());
        }
        self.close = Some(payload);
    }

    /// Whether the last frame has been made.
    pub(super) fn is_closing(&self) -> bool {
        self.has_closed || self.close.is_some()
    }

    /// Whether more is unsent than should be.
    pub(super) fn is_full(&self) -> bool {
        self.rest.is_some() || self.out.len() - self.written >= MOST
    }

    /// What is to be written next: nothing once all has been.
    pub(super) fn unsent(&mut self) -> Result<&[u8], NoChance> {
        if self.written == self.out.len() {
            self.used = self.used.max(self.out.len());
            self.out.clear();
            self.written = 0;
            if let Some(rest) = self.rest.take() {
                self.put(rest, PIECE);
            }
        }
        self.put_control()?;
        if self.out.is_empty() {
            self.give_back();
        }
        Ok(&self.out[self.written..])
    }

    /// Room that was needed is needed again, most often: it is given back once that was not so for a while.
    fn give_back(&mut self) {
        let is_needed = self.used >= self.out.capacity() / 4 || self.out.capacity() <= KEPT;
        self.unneeded = if is_needed { 0 } else { self.unneeded + 1 };
        if self.unneeded == PATIENCE {
            (self.out, self.unneeded) = (Vec::new(), 0);
        }
        self.used = 0;
    }

    /// So much of it was written.
    pub(super) fn wrote(&mut self, count: usize) {
        self.written = self.out.len().min(self.written + count);
    }

    /// Nothing more is going to be written.
    pub(super) fn discard(&mut self) {
        (self.out, self.written) = (Vec::new(), 0);
        (self.rest, self.pong, self.close) = (None, None, None);
        self.waiting.clear();
        self.has_closed = true;
    }

    /// Control frames that wait go between other ones.
    fn put_control(&mut self) -> Result<(), NoChance> {
        if self.rest.is_some() {
            return Ok(());
        }
        for (is_ping, data) in std::mem::take(&mut self.waiting) {
            self.control(is_ping, data)?;
        }
        if (self.close.is_some() || self.out.len() - self.written < MOST)
            && let Some(data) = self.pong.take()
        {
            self.control(false, data)?;
        }
        if let Some(payload) = self.close.take() {
            self.has_closed = true;
            self.frame(OpCode::Control(Control::Close), false, payload.into())?;
        }
        Ok(())
    }

    fn frame(&mut self, opcode: OpCode, is_compressed: bool, data: Bytes) -> Result<(), NoChance> {
        // Nobody asked whether there was room: it is made.
        if let Some(rest) = self.rest.take() {
            self.put(rest, usize::MAX);
        }
        if self.written >= MOST {
            self.out.drain(..std::mem::take(&mut self.written));
        }
        let key = self.masks.next().ok_or(NoChance)?;
        let header = FrameHeader { rsv1: is_compressed, opcode, mask: Some(key), ..FrameHeader::default() };
        let length = data.len() as u64;
        self.out.reserve(header.len(length) + data.len().min(PIECE));
        // A `Vec` takes all.
        let _ = header.format(length, &mut self.out);
        let room = (self.written + PIECE).saturating_sub(self.out.len()).max(MAX_CONTROL);
        self.put(Rest { data, key, at: 0 }, room);
        Ok(())
    }

    /// Masks at most so much of a payload. What is left of it waits.
    fn put(&mut self, mut rest: Rest, most: usize) {
        // Little is not left over.
        let left = rest.data.len() - rest.at;
        let until = rest.at + if left / 2 <= most { left } else { most };
        self.out.reserve(until - rest.at);
        while rest.at < until {
            let (from, end) = (self.out.len(), until.min(rest.at + BLOCK));
            self.out.extend_from_slice(&rest.data[rest.at..end]);
            mask::apply(&mut self.out[from..], rest.key, rest.at);
            rest.at = end;
        }
        self.rest = (until < rest.data.len()).then_some(rest);
    }
}

/// At most so many bytes of a text.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
