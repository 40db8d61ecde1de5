//! One side of a conversation by RFC 6455: what comes and what goes, and what one has to do with the other.

use bytes::Bytes;

use super::deflate::{Agreed, Deflater, Inflater};
use super::fault::Fault;
use super::incoming::{Decoder, Event};
use super::outgoing::{Encoder, NoChance};

/// What a conversation is bound by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terms {
    /// Pings are answered, and neither they nor pongs are told.
    pub(super) auto_pong: bool,
    pub(super) max_message_size: Option<usize>,
    pub(super) max_frame_size: Option<usize>,
    /// Compression, where it was agreed upon.
    pub(super) compression: Option<Agreed>,
}

/// A client's side. Knows of no connection: bytes are handed in and fetched.
pub(super) struct Conversation {
    decoder: Decoder,
    encoder: Encoder,
    auto_pong: bool,
    stage: Stage,
    /// A frame waits that is not to wait for the next flush: an answer.
    is_urgent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// The peer has sent its last frame.
    Closed,
    /// It broke the rules. Nothing more of it is looked at.
    Failed,
}

impl Conversation {
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            decoder: Decoder::new(
                terms.max_message_size,
                terms.max_frame_size,
                terms.compression.map(Inflater::new),
            ),
            encoder: Encoder::new(terms.compression.map(Deflater::new)),
            auto_pong: terms.auto_pong,
            stage: Stage::Open,
            is_urgent: false,
        }
    }

    /// One that is over.
    pub(super) fn over() -> Self {
        let mut conversation = Self::new(&Terms::default());
        conversation.stage = Stage::Failed;
        conversation.discard();
        conversation
    }

    /// The next thing in these bytes, of which it takes what it has looked at. None when it needs more of them, and
    /// after a close frame. What has to be answered is. After a fault there is nothing more.
    pub(super) fn hear(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Fault> {
        loop {
            if self.stage != Stage::Open {
                *input = &[];
                return Ok(None);
            }
            match self.decoder.decode(input) {
                Ok(Some(Event::Ping(data))) if self.auto_pong => {
                    self.encoder.answer(data);
                    self.is_urgent = true;
                }
                Ok(Some(Event::Pong(_))) if self.auto_pong => {}
                Ok(Some(Event::Close(close))) => {
                    self.stage = Stage::Closed;
                    self.close(close.as_ref().map(|(code, _)| *code), "");
                    self.is_urgent = true;
                    return Ok(Some(Event::Close(close)));
                }
                Ok(event) => return Ok(event),
                Err(fault) => {
                    self.stage = Stage::Failed;
                    self.close(Some(fault.code), &fault.what);
                    self.is_urgent = true;
                    return Err(fault);
                }
            }
        }
    }

    /// See [`Decoder::direct`].
    pub(super) fn direct(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        match self.stage {
            Stage::Open => self.decoder.direct(),
            Stage::Closed | Stage::Failed => None,
        }
    }

    /// See [`Decoder::rest`].
    pub(super) fn rest(&mut self) {
        self.decoder.rest();
    }

    /// See [`Decoder::filled`].
    pub(super) fn filled(&mut self, count: usize) {
        self.decoder.filled(count);
    }

    /// A text or a binary message. Not after [`close`](Self::close).
    pub(super) fn say(&mut self, is_text: bool, data: Bytes) -> Result<(), NoChance> {
        self.encoder.message(is_text, data)
    }

    /// A ping, or a pong that nobody asked for. Not after [`close`](Self::close).
    pub(super) fn control(&mut self, is_ping: bool, data: Bytes) -> Result<(), NoChance> {
        self.encoder.control(is_ping, data)
    }

    /// Says that nothing more is going to be said. The first one of these counts.
    pub(super) fn close(&mut self, code: Option<u16>, reason: &str) {
        self.encoder.close(code, reason);
    }

    /// Whether this side has said its last.
    pub(super) fn is_closing(&self) -> bool {
        self.encoder.is_closing()
    }

    /// Whether the peer has.
    pub(super) fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    pub(super) fn is_full(&self) -> bool {
        self.encoder.is_full()
    }

    /// Whether something waits that is not to wait for the next flush.
    pub(super) fn is_urgent(&self) -> bool {
        self.is_urgent
    }

    /// What is to be written next: nothing once all has been.
    pub(super) fn unsent(&mut self) -> Result<&[u8], NoChance> {
        self.encoder.unsent()
    }

    /// So much of it was written.
    pub(super) fn wrote(&mut self, count: usize) {
        self.encoder.wrote(count);
    }

    /// All of it was, and has left.
    pub(super) fn flushed(&mut self) {
        self.is_urgent = false;
    }

    /// Nothing more can be written.
    pub(super) fn discard(&mut self) {
        self.encoder.discard();
        self.is_urgent = false;
    }
}
