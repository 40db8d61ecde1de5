//! A conversation over a connection.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BufMut;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::io::poll_read_buf;

use crate::error::{Error, ErrorKind, Result};
use crate::platform::native::failure;
use crate::platform::native::stream::Stream;
use crate::platform::native::wire::Wire;
use crate::socket::{CloseCode, Incoming, Message, Socket};

use super::conversation::Conversation;
use super::incoming::Event;
use super::outgoing::NoChance;

pub(super) const NO_CHANCE: &str = "the system gives no random numbers";

/// The memory that is kept to read to while nothing comes.
const LEAST: usize = 4 * 1024;

/// The most that is read at once of what may be many messages.
const MOST: usize = 64 * 1024;

/// How many messages, and from how many bytes of them on no more, are read ahead while something is sent.
const AHEAD: usize = 16;
const AHEAD_BYTES: usize = 64 * 1024;

/// How long a peer that broke the rules may take to read what it is told of that.
const SEEING_OFF: Duration = Duration::from_secs(1);

type Line = Wire<TokioIo<Stream>>;

/// An open WebSocket. While nothing comes or goes it takes some 8 KB in all, and after much has come or gone, and until
/// little does, at most 1.1 MB. But for a little while something is sent, no more is read than was asked for: what a peer
/// has sent before waits in the system's own buffers.
pub(super) struct NativeSocket {
    /// None once it is over.
    line: Option<Line>,
    conversation: Conversation,
    /// What was read, from `at` on yet to be looked at.
    input: Vec<u8>,
    at: usize,
    /// How much is read at once.
    room: usize,
    /// How much has come since there was nothing to be read.
    came: usize,
    /// What was heard while something was sent, and how many bytes that is.
    waiting: VecDeque<Option<Result<Incoming>>>,
    waiting_bytes: usize,
    /// Something is to be written that whoever polls is to write, be it to receive.
    is_writing: bool,
    /// Writing has failed. What the peer said before may still be read.
    is_broken: bool,
    heard: u64,
}

impl NativeSocket {
    /// What a handshake led to; `read` came along with it.
    pub(super) fn new(line: Line, read: &[u8], conversation: Conversation) -> Self {
        Self {
            line: Some(line),
            conversation,
            // A copy: hyper's own buffer is larger than what is in it.
            input: read.to_vec(),
            at: 0,
            room: LEAST,
            came: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            is_writing: false,
            is_broken: false,
            heard: 0,
        }
    }

    /// What comes next.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming>>> {
        loop {
            if self.line.is_none() {
                return Poll::Ready(None);
            }
            let mut input = &self.input[self.at..];
            let heard = self.conversation.hear(&mut input);
            self.at = self.input.len() - input.len();
            if self.conversation.is_urgent() || self.is_writing {
                // Where that fails, reading tells.
                let _ = self.poll_write(cx);
            }
            match heard {
                Ok(Some(event)) => return Poll::Ready(Some(Ok(event.into()))),
                Ok(None) => {}
                Err(fault) => {
                    self.see_off();
                    return Poll::Ready(Some(Err(fault.into())));
                }
            }
            match ready!(self.poll_read(cx)) {
                Ok(count @ 1..) => {
                    self.heard += 1;
                    self.came = self.came.saturating_add(count);
                }
                ended => return Poll::Ready(self.ended(ended.err())),
            }
        }
    }

    /// Reads more: to where it stays, if it is of a long message.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(line) = &mut self.line else { return Poll::Ready(Ok(0)) };
        let stream = Pin::new(line.stream_mut().inner_mut());
        let is_read = self.at == self.input.len();
        if is_read && let Some((payload, room)) = self.conversation.direct() {
            let count = ready!(poll_read_buf(stream, cx, &mut payload.limit(room)))?;
            self.conversation.filled(count);
            return Poll::Ready(Ok(count));
        }
        self.input.drain(..std::mem::take(&mut self.at));
        if self.input.capacity() < self.room {
            self.input.reserve_exact(self.room - self.input.len());
        }
        let room = self.input.capacity() - self.input.len();
        let read = poll_read_buf(stream, cx, &mut (&mut self.input).limit(room));
        match read {
            Poll::Pending => self.give_back(),
            Poll::Ready(Ok(count)) if count == room => self.room = MOST.min(self.room * 4),
            Poll::Ready(Ok(count)) if count < self.room / 4 => self.room = LEAST.max(self.room / 2),
            _ => {}
        }
        read
    }

    /// Nothing more is there to be read: room is kept while it is needed each time.
    fn give_back(&mut self) {
        let is_little = self.came < LEAST.max(self.input.capacity() / 4);
        if is_little && self.input.is_empty() && self.input.capacity() > LEAST {
            self.input = Vec::new();
        }
        if is_little {
            self.conversation.rest();
        }
        self.came = 0;
    }

    /// The connection has ended, with this error or without one.
    fn ended(&mut self, error: Option<io::Error>) -> Option<Result<Incoming>> {
        self.line = None;
        if self.conversation.is_closed() {
            return None;
        }
        Some(Err(match error {
            Some(error) => failure::receiving(error),
            None => Error::new(ErrorKind::Disconnected)
                .with_message("the connection ended without a closing handshake"),
        }))
    }

    /// Writes all that is to be written.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(line) = self.line.as_mut().filter(|_| !self.is_broken) else {
            return Poll::Ready(Err(gone()));
        };
        self.is_writing = true;
        let stream = line.stream_mut().inner_mut();
        let written = ready!(write(&mut self.conversation, stream, cx, &mut self.heard));
        self.is_writing = false;
        if written.is_err() {
            self.is_broken = true;
            self.conversation.discard();
        }
        Poll::Ready(written)
    }

    /// Looks whether the peer pings or closes, though nobody waits for a message: it is to be answered. What comes before
    /// that is kept, as far as it is little.
    fn listen(&mut self, cx: &mut Context<'_>) {
        while self.waiting.len() < AHEAD
            && self.waiting_bytes < AHEAD_BYTES
            && !matches!(self.waiting.back(), Some(None | Some(Err(_))))
            && let Poll::Ready(heard) = self.poll_next(cx)
        {
            self.waiting_bytes += size(&heard);
            self.waiting.push_back(heard);
        }
    }

    /// The peer broke the rules: it is told so. To end a connection with something unread in it would take back what was
    /// written last, so what still comes is read for a while: its permit has gone to another by then.
    fn see_off(&mut self) {
        let Some(mut line) = self.line.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.is_broken {
            return;
        }
        let mut conversation = std::mem::replace(&mut self.conversation, Conversation::over());
        self.input = Vec::new();
        runtime.spawn(tokio::time::timeout(SEEING_OFF, async move {
            let stream = line.stream_mut().inner_mut();
            poll_fn(|cx| write(&mut conversation, stream, cx, &mut 0)).await?;
            stream.shutdown().await.map_err(failure::receiving)?;
            let mut unread = [0; 1024];
            while stream.read(&mut unread).await.is_ok_and(|count| count > 0) {}
            Ok::<_, Error>(())
        }));
    }
}

impl Socket for NativeSocket {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming>>> {
        match self.waiting.pop_front() {
            Some(heard) => {
                self.waiting_bytes -= size(&heard);
                Poll::Ready(heard)
            }
            None => self.poll_next(cx),
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match self.conversation.is_full() || self.is_broken {
            true => self.poll_flush(cx),
            false => Poll::Ready(Ok(())),
        }
    }

    fn send(&mut self, message: Message) -> Result<()> {
        if self.is_broken {
            return Err(gone());
        }
        if self.conversation.is_closing() {
            return Err(Error::new(ErrorKind::Closed).with_message("the WebSocket is being closed"));
        }
        let taken = match message {
            Message::Binary(data) => self.conversation.say(false, data),
            Message::Text(text) => self.conversation.say(true, text.into()),
            Message::Ping(data) => self.conversation.control(true, data),
            Message::Pong(data) => self.conversation.control(false, data),
        };
        taken.map_err(Error::from)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let written = self.poll_write(cx);
        self.listen(cx);
        written
    }

    fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<()> {
        self.conversation.close(code.map(u16::from), reason);
        self.is_writing = true;
        Ok(())
    }

    fn is_closed_by_peer(&self) -> bool {
        self.conversation.is_closed()
    }

    fn heard(&self) -> u64 {
        self.heard
    }

    fn can_ping(&self) -> bool {
        true
    }
}

fn size(heard: &Option<Result<Incoming>>) -> usize {
    match heard {
        Some(Ok(Incoming::Message(message))) => message.as_bytes().len(),
        _ => 0,
    }
}

/// Writes all that a conversation has to say, and counts where a part of it has gone.
fn write(
    conversation: &mut Conversation,
    stream: &mut (impl AsyncWrite + Unpin),
    cx: &mut Context<'_>,
    progress: &mut u64,
) -> Poll<Result<()>> {
    loop {
        let unsent = conversation.unsent()?;
        if unsent.is_empty() {
            break;
        }
        let length = unsent.len();
        match ready!(Pin::new(&mut *stream).poll_write(cx, unsent)) {
            Ok(0) => return Poll::Ready(Err(gone())),
            Ok(count) => {
                conversation.wrote(count);
                *progress += u64::from(count < length || conversation.is_full());
            }
            Err(error) => return Poll::Ready(Err(failure::receiving(error))),
        }
    }
    ready!(Pin::new(stream).poll_flush(cx)).map_err(failure::receiving)?;
    conversation.flushed();
    Poll::Ready(Ok(()))
}

fn gone() -> Error {
    Error::new(ErrorKind::Disconnected).with_message("the connection has ended")
}

impl From<NoChance> for Error {
    fn from(_: NoChance) -> Self {
        Self::new(ErrorKind::Network).with_message(NO_CHANCE)
    }
}

impl From<Event> for Incoming {
    fn from(event: Event) -> Self {
        match event {
            Event::Binary(data) => Self::Message(Message::Binary(data)),
            Event::Close(None) => Self::Close(None, "".into()),
            Event::Close(Some((code, reason))) => Self::Close(Some(code.into()), reason.into()),
            Event::Ping(data) => Self::Message(Message::Ping(data)),
            Event::Pong(data) => Self::Message(Message::Pong(data)),
            Event::Text(text) => Self::Message(Message::Text(text)),
        }
    }
}
