//! One connection: what has come and was not taken, and how it ended.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use js_sys::{ArrayBuffer, JsString, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::socket::{CloseCode, Incoming, Message, Socket, Text, WebSocketOptions};

use super::super::failure::{self, Thrown, told};
use super::super::globals::{self, Runtime, field};
use super::super::tasks;
use super::super::timer::{Sleep, Timers};
use super::plain::{Event, Plain};

/// In bytes: while more is unsent than this, nothing more is taken.
const UNSENT: f64 = 1024.0 * 1024.0;

/// How often it is asked whether that has gone. No event tells.
const LOOK: Duration = Duration::from_millis(10);

/// What is told in one turn is told before this has passed.
const TURN: Duration = Duration::from_millis(1);

/// In bytes: what a message takes at least while it waits, or empty ones would take all memory and count for nothing.
const LEAST: usize = 64;

/// A connection over the platform's `WebSocket`.
///
/// # Dropping
/// Closes it without a code, ends the handshake where that is still under way, and is called by no event any more.
pub(super) struct Line {
    inside: Rc<Inside>,
    /// The next time that it is asked how much is unsent.
    look: Option<Sleep>,
    on_message: Closure<dyn Fn(Event)>,
    on_other: Closure<dyn Fn(Event)>,
}

/// What the events are told to.
struct Inside {
    plain: Plain,
    timers: Timers,
    max_message_size: usize,
    max_buffered: usize,
    state: RefCell<State>,
}

struct State {
    stage: Stage,
    has_opened: bool,
    /// Whether closing it began here.
    is_closing: bool,
    /// What has come and was not taken.
    queue: VecDeque<Incoming>,
    /// What that takes, in bytes.
    buffered: usize,
    heard: u64,
    /// The event that told of an error, which says more than the one of the end.
    error: Option<Event>,
    waker: Option<Waker>,
}

enum Stage {
    Opening,
    Open,
    /// Of what has come nothing is lost. The error comes last.
    Ended {
        in_order: bool,
        error: Option<Error>,
    },
}

impl Line {
    pub(super) fn new(plain: Plain, options: &WebSocketOptions, timers: Timers) -> Result<Self> {
        let state = State {
            stage: Stage::Opening,
            has_opened: false,
            is_closing: false,
            queue: VecDeque::new(),
            buffered: 0,
            heard: 0,
            error: None,
            waker: None,
        };
        let inside = Rc::new(Inside {
            plain,
            timers,
            max_message_size: options.max_message_size.unwrap_or(usize::MAX),
            max_buffered: options.max_buffered,
            state: RefCell::new(state),
        });
        let told = Rc::clone(&inside);
        let on_message = Closure::new(move |event: Event| told.message(&event.data()));
        let told = Rc::clone(&inside);
        let on_other = Closure::new(move |event| told.other(event));
        let line = Self { inside, look: None, on_message, on_other };
        line.inside.plain.attach(line.on_message.as_ref(), line.on_other.as_ref())?;
        Ok(line)
    }

    /// Once it is open.
    pub(super) async fn opened(&self) -> Result<()> {
        poll_fn(|cx| {
            let state = &mut *self.inside.state.borrow_mut();
            match &mut state.stage {
                Stage::Opening => {
                    state.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
                Stage::Ended { error, .. } if !state.has_opened => {
                    Poll::Ready(Err(error.take().unwrap_or_else(super::disconnected)))
                }
                // What came until it ended is there to be received.
                Stage::Open | Stage::Ended { .. } => Poll::Ready(Ok(())),
            }
        })
        .await
    }

    /// The subprotocol that was chosen.
    pub(super) fn protocol(&self) -> Option<String> {
        self.inside.plain.protocol()
    }

    /// Ready while no more is unsent than should be.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inside.state.borrow_mut().waker = Some(cx.waker().clone());
        while self.inside.plain.buffered() > UNSENT {
            let timers = &self.inside.timers;
            let look = self.look.get_or_insert_with(|| timers.sleep_until(globals::now() + LOOK));
            ready!(Pin::new(look).poll(cx));
            self.look = None;
        }
        self.look = None;
        Poll::Ready(())
    }

    /// Whether it has ended, and then in order.
    fn ended(&self) -> Option<bool> {
        match self.inside.state.borrow().stage {
            Stage::Ended { in_order, .. } => Some(in_order),
            Stage::Opening | Stage::Open => None,
        }
    }
}

impl Socket for Line {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming>>> {
        let mut state = self.inside.state.borrow_mut();
        if let Some(incoming) = state.queue.pop_front() {
            state.buffered -= weight(&incoming);
            return Poll::Ready(Some(Ok(incoming)));
        }
        if let Stage::Ended { error, .. } = &mut state.stage {
            return Poll::Ready(error.take().map(Err));
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.ended().is_some() {
            return Poll::Ready(Err(super::disconnected()));
        }
        self.poll_sent(cx).map(Ok)
    }

    fn send(&mut self, message: Message) -> Result<()> {
        let plain = &self.inside.plain;
        if !plain.is_open() {
            return Err(super::disconnected());
        }
        match message {
            Message::Binary(bytes) => plain.send(&Uint8Array::from(&bytes[..])),
            Message::Text(text) => plain.send(&JsValue::from_str(&text)),
            Message::Ping(_) => Err(unsupported("ping", "the platform sends none for us")),
            Message::Pong(_) => Err(unsupported("pong", "the platform sends none for us")),
        }
    }

    /// Handed to the network is here: handed to the browser, and no more left with it than is let be unsent.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match self.ended() {
            Some(true) => Poll::Ready(Ok(())),
            Some(false) => Poll::Ready(Err(super::disconnected())),
            None => self.poll_sent(cx).map(Ok),
        }
    }

    fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<()> {
        match code.map(u16::from) {
            None => self.inside.plain.close(None)?,
            Some(code @ (1000 | 3000..=4999)) => self.inside.plain.close(Some((code, reason)))?,
            Some(code) => {
                let why = format!("{code}; there are 1000 and 3000 to 4999 here");
                return Err(unsupported("close_code", &why));
            }
        }
        self.inside.state.borrow_mut().is_closing = true;
        Ok(())
    }

    /// The platform tells of the close frame only once the connection has ended, but that it closes at once.
    fn is_closed_by_peer(&self) -> bool {
        let state = self.inside.state.borrow();
        match state.stage {
            Stage::Open => !state.is_closing && self.inside.plain.is_closing(),
            _ => matches!(state.queue.back(), Some(Incoming::Close(..))),
        }
    }

    fn heard(&self) -> u64 {
        self.inside.state.borrow().heard
    }

    fn can_ping(&self) -> bool {
        false
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.inside.plain.detach(self.on_other.as_ref());
        let _ = self.inside.plain.close(None);
    }
}

impl Inside {
    /// What was received.
    fn message(&self, data: &JsValue) {
        let mut state = self.state.borrow_mut();
        if !matches!(state.stage, Stage::Open) {
            return;
        }
        state.heard += 1;
        let queued = read(data, |length| self.check(length, state.buffered)).map(|message| {
            let incoming = Incoming::Message(message);
            state.buffered += weight(&incoming);
            state.queue.push_back(incoming);
        });
        let has_failed = queued.is_err();
        if let Err(error) = queued {
            state.stage = Stage::Ended { in_order: false, error: Some(error) };
        }
        let waker = state.waker.take();
        drop(state);
        if has_failed {
            // 1009 a page may not say.
            let _ = self.plain.close(None);
        }
        waker.into_iter().for_each(Waker::wake);
    }

    /// It has opened, failed or ended.
    fn other(self: &Rc<Self>, event: Event) {
        let kind = event.kind().as_string().unwrap_or_default();
        let mut state = self.state.borrow_mut();
        match (&state.stage, kind.as_str()) {
            (Stage::Opening, "open") => {
                state.stage = Stage::Open;
                state.has_opened = true;
            }
            (Stage::Opening | Stage::Open, "error") => {
                let is_opening = matches!(state.stage, Stage::Opening);
                state.error = Some(event);
                // The end follows, but for workerd, and for Undici 6 where a handshake fails: nothing does there.
                if is_opening || self.plain.is_closed() {
                    tasks::spawn(Box::pin(end(Rc::downgrade(self))));
                }
                return;
            }
            (Stage::Opening | Stage::Open, "close") => {
                drop(state);
                return self.close(&event);
            }
            _ => return,
        }
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// It has ended, as the event tells that tells of it.
    fn close(&self, event: &JsValue) {
        let mut state = self.state.borrow_mut();
        match state.stage {
            Stage::Opening => {
                let error = not_opened(state.error.as_deref().unwrap_or(event));
                state.stage = Stage::Ended { in_order: false, error: Some(error) };
            }
            Stage::Open => state.close(event),
            Stage::Ended { .. } => return,
        }
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Whether so many bytes may come beside those that wait.
    fn check(&self, length: usize, buffered: usize) -> Result<()> {
        let too_much = |option: &str, limit: usize, bytes: usize| {
            let code = CloseCode::MESSAGE_TOO_BIG.into();
            Error::new(ErrorKind::WebSocket { code })
                .with_message(format!("{bytes} bytes; {option} is {limit}"))
        };
        if length > self.max_message_size {
            return Err(too_much("max_message_size", self.max_message_size, length));
        }
        let all = buffered.saturating_add(length.max(LEAST));
        match all > self.max_buffered {
            true => Err(too_much("max_buffered", self.max_buffered, all)),
            false => Ok(()),
        }
    }
}

/// No event will tell of the end: what is not told of it in this turn is not told.
async fn end(inside: Weak<Inside>) {
    let turn = inside.upgrade().map(|inside| inside.timers.sleep_until(globals::now() + TURN));
    if let Some(turn) = turn {
        turn.await;
    }
    if let Some(inside) = inside.upgrade() {
        inside.close(&JsValue::UNDEFINED);
    }
}

impl State {
    fn close(&mut self, event: &JsValue) {
        let code = field(event, "code").as_f64().unwrap_or(1006.0) as u16;
        let is_clean = field(event, "wasClean").is_truthy();
        // A close frame may have come though the rest of the closing handshake did not.
        // Deno says 0 where none did.
        if !is_clean && (code == 1006 || code < 1000) {
            let error = ended_by(self.error.take());
            self.stage = Stage::Ended { in_order: false, error: Some(error) };
            return;
        }
        let reason = field(event, "reason").as_string().unwrap_or_default();
        let code = Some(CloseCode::new(code)).filter(|code| *code != CloseCode::NO_STATUS);
        self.queue.push_back(Incoming::Close(code, Text::from(reason)));
        self.heard += 1;
        self.stage = Stage::Ended { in_order: true, error: None };
    }
}

/// A message, unless its length is refused.
fn read(data: &JsValue, check: impl Fn(usize) -> Result<()>) -> Result<Message> {
    if data.is_string() {
        // No character is less than a byte: what is far too long is not copied.
        check(data.unchecked_ref::<JsString>().length() as usize)?;
        let text = data.as_string().unwrap_or_default();
        check(text.len())?;
        return Ok(Message::Text(text.into()));
    }
    let bytes = match data.dyn_ref::<ArrayBuffer>() {
        Some(buffer) => Uint8Array::new(buffer),
        None => data.dyn_ref::<Uint8Array>().cloned().ok_or_else(|| {
            Error::new(ErrorKind::Protocol).with_message("a WebSocket's message is neither text nor bytes")
        })?,
    };
    check(bytes.length() as usize)?;
    Ok(Message::Binary(Bytes::from(bytes.to_vec())))
}

fn weight(incoming: &Incoming) -> usize {
    match incoming {
        Incoming::Message(message) => message.as_bytes().len().max(LEAST),
        Incoming::Close(..) => 0,
    }
}

fn unsupported(feature: &'static str, why: &str) -> Error {
    failure::refused(feature, globals::runtime().as_str(), why)
}

/// A page is not told why. Other run-times say it in the event.
fn not_opened(event: &JsValue) -> Error {
    let error = field(event, "error");
    if error.is_object() {
        return failure::network(error);
    }
    let mut message = "the WebSocket did not open".to_owned();
    if let Some(why) = field(event, "message").as_string().filter(|why| !why.is_empty()) {
        message = format!("{message}: {why}");
    } else if globals::runtime() == Runtime::Browser {
        message.push_str(
            " (a page cannot tell DNS, refused, TLS, offline and a server that will not have it apart)",
        );
    }
    Error::new(ErrorKind::Network).with_message(message)
}

fn ended_by(event: Option<Event>) -> Error {
    let error = event.map(|event| field(&event, "error")).filter(JsValue::is_object);
    match error {
        None => super::disconnected(),
        Some(error) => {
            Error::new(ErrorKind::Disconnected).with_message(told(&error)).with_source(Thrown::from(error))
        }
    }
}
