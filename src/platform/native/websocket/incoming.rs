//! What comes: bytes in, in any pieces, and messages out.

use std::io::Cursor;

use bytes::Bytes;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::socket::{CloseCode, MAX_CONTROL, Text};

use super::deflate::Inflater;
use super::fault::Fault;

/// The longest header of a frame.
const HEADER: usize = 14;

/// From this much that is still to come of a payload it is read to where it stays.
const DIRECT: usize = 4 * 1024;

/// From this length on a message's memory is taken for the next one like it. To get it anew costs more than to fill it.
const KEPT: usize = 128 * 1024;

/// What a compressed message may take over a thousandth more than its bytes would: what cannot be compressed grows.
const SLACK: usize = 1024;

/// How much room is made at first for more of a payload.
const ROOM: usize = 16 * 1024;

/// What a peer sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Binary(Bytes),
    Close(Option<(u16, String)>),
    Ping(Bytes),
    Pong(Bytes),
    Text(Text),
}

/// Takes frames apart, and puts messages together. A length that a frame claims makes no room: what has come does.
pub(super) struct Decoder {
    most_of_message: usize,
    most_of_frame: u64,
    inflater: Option<Inflater>,
    frame: Option<Frame>,
    message: Option<Partial>,
    /// The long message before, whose memory is taken for the next one if nobody has it any more.
    kept: Bytes,
    control: Vec<u8>,
}

/// A frame whose payload is coming.
struct Frame {
    kind: Kind,
    is_final: bool,
    remaining: u64,
}

enum Kind {
    Control(Control),
    /// Of the message that is being put together.
    Data,
}

/// A message, so far.
struct Partial {
    is_text: bool,
    is_compressed: bool,
    data: Vec<u8>,
    /// How much has come of a compressed one.
    came: usize,
    /// How much of it is known to be UTF-8.
    valid: usize,
}

impl Decoder {
    pub(super) fn new(
        most_of_message: Option<usize>,
        most_of_frame: Option<usize>,
        inflater: Option<Inflater>,
    ) -> Self {
        Self {
            most_of_message: most_of_message.unwrap_or(usize::MAX),
            most_of_frame: most_of_frame.map_or(u64::MAX, |most| most as u64),
            inflater,
            frame: None,
            message: None,
            kept: Bytes::new(),
            control: Vec::new(),
        }
    }

    /// The next thing in these bytes, of which it takes what it has looked at. None when it needs more of them.
    pub(super) fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Fault> {
        loop {
            let Some(frame) = &mut self.frame else {
                match self.header(input)? {
                    true => continue,
                    false => return Ok(None),
                }
            };
            let taken = usize::try_from(frame.remaining).unwrap_or(usize::MAX).min(input.len());
            let (data, rest) = input.split_at(taken);
            frame.remaining -= taken as u64;
            *input = rest;
            let (remaining, is_final) = (frame.remaining, frame.is_final);
            let control = match frame.kind {
                Kind::Control(control) => Some(control),
                Kind::Data => None,
            };
            match control {
                Some(_) => self.control.extend_from_slice(data),
                None => self.take(data, remaining)?,
            }
            if remaining > 0 {
                return Ok(None);
            }
            self.frame = None;
            let event = match control {
                Some(control) => Some(self.end_control(control)?),
                None if is_final => Some(self.end_message()?),
                None => self.end_fragment().map(|()| None)?,
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    /// Where the rest of a long payload may be read to, at most this much at once. Once it was, [`filled`](Self::filled).
    pub(super) fn direct(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        let Frame { kind: Kind::Data, remaining, .. } = self.frame.as_ref()? else { return None };
        let remaining = usize::try_from(*remaining).unwrap_or(usize::MAX);
        let message = self
            .message
            .as_mut()
            .filter(|message| remaining >= DIRECT && !message.is_compressed && !message.data.is_empty())?;
        make_room(&mut message.data, 1, remaining);
        let spare = message.data.capacity() - message.data.len();
        Some((&mut message.data, spare.min(remaining)))
    }

    /// So much of the payload was put where [`direct`](Self::direct) said.
    pub(super) fn filled(&mut self, count: usize) {
        if let Some(frame) = &mut self.frame {
            frame.remaining = frame.remaining.saturating_sub(count as u64);
        }
    }

    /// Reads a header, if all of it is there.
    fn header(&mut self, input: &mut &[u8]) -> Result<bool, Fault> {
        let mut cursor = Cursor::new(&input[..input.len().min(HEADER)]);
        let (header, length) = match FrameHeader::parse(&mut cursor) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return Ok(false),
            Err(_) => {
                let opcode = input.first().map_or(0, |first| first & 0x0f);
                return Err(Fault::protocol(format!("a frame of the unknown opcode {opcode:#x}")));
            }
        };
        let read = usize::try_from(cursor.position()).unwrap_or(HEADER);
        if header.mask.is_some() {
            return Err(Fault::protocol("a masked frame from a server"));
        }
        if length >> 63 != 0 || header.len(length) != read {
            return Err(Fault::protocol("a frame whose length is not written as it has to be"));
        }
        *input = &input[read..];
        let kind = match header.opcode {
            OpCode::Control(control) => self.begin_control(&header, control, length)?,
            OpCode::Data(data) => self.begin_data(&header, data, length)?,
        };
        self.frame = Some(Frame { kind, is_final: header.is_final, remaining: length });
        Ok(true)
    }

    fn begin_control(&mut self, header: &FrameHeader, control: Control, length: u64) -> Result<Kind, Fault> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(Fault::protocol("a control frame with a reserved bit set"));
        }
        if !header.is_final {
            return Err(Fault::protocol("a fragment of a control frame"));
        }
        if length > MAX_CONTROL as u64 {
            return Err(Fault::protocol("a control frame of more than 125 bytes"));
        }
        self.control.clear();
        Ok(Kind::Control(control))
    }

    fn begin_data(&mut self, header: &FrameHeader, data: Data, length: u64) -> Result<Kind, Fault> {
        if header.rsv2 || header.rsv3 {
            return Err(Fault::protocol("a frame with a reserved bit set"));
        }
        if header.rsv1 && self.inflater.is_none() {
            return Err(Fault::protocol("a compressed frame, and compression was not agreed upon"));
        }
        if header.rsv1 && data == Data::Continue {
            return Err(Fault::protocol("a frame that goes on with a message has a reserved bit set"));
        }
        if length > self.most_of_frame {
            let most = self.most_of_frame;
            return Err(Fault::size(format!("a frame of {length} bytes, and {most} are allowed")));
        }
        match (&self.message, data) {
            (None, Data::Continue) => {
                return Err(Fault::protocol("a frame goes on with a message, and none was begun"));
            }
            (Some(_), Data::Continue) => {}
            (Some(_), _) => {
                return Err(Fault::protocol("a message begins within another one"));
            }
            (None, _) => {
                let (is_text, is_compressed) = (data == Data::Text, header.rsv1);
                let data = self.room_for(length);
                self.message = Some(Partial { is_text, is_compressed, data, came: 0, valid: 0 });
            }
        }
        let most = self.most_of_message;
        let come = self.message.as_ref().filter(|message| !message.is_compressed);
        if come.is_some_and(|message| length > (most - message.data.len().min(most)) as u64) {
            return Err(Fault::size(format!("a message is longer than {most} bytes")));
        }
        Ok(Kind::Data)
    }

    /// Takes a part of a message's payload, of whose frame so much more is to come.
    fn take(&mut self, part: &[u8], remaining: u64) -> Result<(), Fault> {
        let (most, Some(message)) = (self.most_of_message, &mut self.message) else { return Ok(()) };
        match &mut self.inflater {
            Some(inflater) if message.is_compressed => {
                message.came = message.came.saturating_add(part.len());
                if message.came > most.saturating_add(most / 1000).saturating_add(SLACK) {
                    return Err(Fault::size(format!("a compressed message of more than {most} bytes")));
                }
                inflater.inflate(part, &mut message.data, most)
            }
            _ => {
                // The first part is all of a message, most often. The end of a later frame need not be its message's.
                if message.data.is_empty() || remaining > 0 {
                    let remaining = usize::try_from(remaining).unwrap_or(usize::MAX);
                    make_room(&mut message.data, part.len(), part.len().saturating_add(remaining));
                }
                message.data.extend_from_slice(part);
                Ok(())
            }
        }
    }

    /// A frame has ended, and its message has not: what is wrong in it is told now.
    fn end_fragment(&mut self) -> Result<(), Fault> {
        let Some(message) = self.message.as_mut().filter(|message| message.is_text) else { return Ok(()) };
        match std::str::from_utf8(&message.data[message.valid..]) {
            Ok(_) => message.valid = message.data.len(),
            // A character may be cut in two.
            Err(error) if error.error_len().is_none() => message.valid += error.valid_up_to(),
            Err(_) => return Err(not_utf8()),
        }
        Ok(())
    }

    fn end_message(&mut self) -> Result<Event, Fault> {
        let Some(Partial { is_text, is_compressed, mut data, .. }) = self.message.take() else {
            return Ok(Event::Binary(Bytes::new()));
        };
        if let Some(inflater) = self.inflater.as_mut().filter(|_| is_compressed) {
            inflater.finish(&mut data, self.most_of_message)?;
        }
        // What was guessed too large is given back: who keeps a message keeps no more than it.
        if data.capacity() - data.len() > data.len() / 4 {
            data.shrink_to_fit();
        }
        let data = Bytes::from(data);
        if data.len() >= KEPT {
            self.kept = data.clone();
        }
        match is_text {
            true => Text::try_from(data).map(Event::Text).map_err(|_| not_utf8()),
            false => Ok(Event::Binary(data)),
        }
    }

    /// Where a message of about this length is put.
    fn room_for(&mut self, length: u64) -> Vec<u8> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length < KEPT || self.kept.len().abs_diff(length) > length / 4 {
            return Vec::new();
        }
        let kept = std::mem::take(&mut self.kept).try_into_mut();
        kept.map_or_else(
            |_| Vec::new(),
            |mut kept| {
                kept.clear();
                kept.into()
            },
        )
    }

    /// Little comes: nothing is kept for what may come.
    pub(super) fn rest(&mut self) {
        self.kept = Bytes::new();
    }

    fn end_control(&mut self, control: Control) -> Result<Event, Fault> {
        match control {
            Control::Ping => Ok(Event::Ping(Bytes::copy_from_slice(&self.control))),
            Control::Pong => Ok(Event::Pong(Bytes::copy_from_slice(&self.control))),
            Control::Close | Control::Reserved(_) => closed(&self.control).map(Event::Close),
        }
    }
}

/// How many times what has come is made room for. What is not written to takes no memory from the system.
const FACTOR: usize = 8;

/// Makes room for a part of what is still to come of a frame: not for all that was announced, but for some times what has
/// come.
fn make_room(data: &mut Vec<u8>, part: usize, remaining: usize) {
    if data.capacity() - data.len() >= part.max(1) {
        return;
    }
    let room = part.max(data.len() * FACTOR).max(ROOM);
    data.reserve_exact(if remaining / 2 <= room { remaining } else { room });
}

fn not_utf8() -> Fault {
    Fault::data("a text that is not UTF-8")
}

/// What a close frame says. (RFC 6455, sections 5.5.1 and 7.4.)
fn closed(payload: &[u8]) -> Result<Option<(u16, String)>, Fault> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => Ok(None),
            _ => Err(Fault::protocol("a close frame with half a code")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !CloseCode::new(code).may_be_sent() {
        return Err(Fault::protocol(format!("a close frame with the code {code}, which is not to be sent")));
    }
    match std::str::from_utf8(reason) {
        Ok(reason) => Ok(Some((code, reason.to_owned()))),
        Err(_) => Err(Fault::data("a close frame whose reason is not UTF-8")),
    }
}
