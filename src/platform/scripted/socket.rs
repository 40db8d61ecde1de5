//! The connection of a scripted WebSocket.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use crate::error::{Error, ErrorKind, Result};
use crate::socket::{CloseCode, Incoming, Message, Socket, Text};

use super::Sleep;
use super::reply::Step;
use super::world::{Open, World};

/// How a scripted server answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manners {
    /// Sends back what it is sent.
    pub(super) echoes: bool,
    /// Answers neither pings nor close frames.
    pub(super) is_silent: bool,
}

pub(super) struct ScriptedSocket {
    world: Arc<World>,
    steps: VecDeque<Step>,
    pause: Option<Pin<Box<Sleep>>>,
    /// What answers what was sent: it goes first.
    answers: VecDeque<Incoming>,
    manners: Manners,
    open: Option<Open>,
    heard: u64,
    is_closed_by_peer: bool,
    waker: Option<Waker>,
}

impl ScriptedSocket {
    pub(super) fn new(world: Arc<World>, steps: VecDeque<Step>, manners: Manners, open: Open) -> Self {
        Self {
            world,
            steps,
            pause: None,
            answers: VecDeque::new(),
            manners,
            open: Some(open),
            heard: 0,
            is_closed_by_peer: false,
            waker: None,
        }
    }

    fn gone(&mut self, kind: ErrorKind) -> Error {
        self.open = None;
        kind.into()
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming>>> {
        loop {
            if let Some(answer) = self.answers.pop_front() {
                return Poll::Ready(Some(Ok(answer)));
            }
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Pending,
                Some(Step::Data(data)) => return Poll::Ready(Some(Ok(Incoming::Message(data.into())))),
                Some(Step::Message(message)) => return Poll::Ready(Some(Ok(Incoming::Message(message)))),
                Some(Step::Pong) => self.heard += 1,
                Some(Step::Close(code, reason)) => {
                    return Poll::Ready(Some(Ok(Incoming::Close(code, reason))));
                }
                Some(Step::Fail(kind)) => return Poll::Ready(Some(Err(self.gone(kind)))),
                Some(Step::Hang) => self.steps.push_front(Step::Hang),
                Some(Step::Pause(time)) => self.pause = Some(Box::pin(self.world.sleep(time))),
            }
            if matches!(self.steps.front(), Some(Step::Hang)) && self.pause.is_none() {
                return Poll::Pending;
            }
        }
    }

    fn answer(&mut self, answer: Incoming) {
        self.answers.push_back(answer);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Socket for ScriptedSocket {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming>>> {
        self.waker = Some(cx.waker().clone());
        if self.is_closed_by_peer && !self.manners.is_silent {
            self.open = None;
        }
        if self.open.is_none() {
            return Poll::Ready(None);
        }
        let incoming = ready!(self.poll_step(cx));
        self.heard += 1;
        self.is_closed_by_peer |= matches!(incoming, Some(Ok(Incoming::Close(..))));
        Poll::Ready(incoming)
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(match self.open.is_some() && !self.is_closed_by_peer {
            true => Ok(()),
            false => Err(ErrorKind::Disconnected.into()),
        })
    }

    fn send(&mut self, message: Message) -> Result<()> {
        let Some(open) = &self.open else { return Err(ErrorKind::Disconnected.into()) };
        open.note_message(message.clone());
        match message {
            Message::Ping(_) if !self.manners.is_silent => {
                self.heard += 1;
                if let Some(waker) = self.waker.take() {
                    waker.wake();
                }
            }
            Message::Text(_) | Message::Binary(_) if self.manners.echoes => {
                self.answer(Incoming::Message(message));
            }
            _ => {}
        }
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<()> {
        let Some(open) = &self.open else { return Err(ErrorKind::Disconnected.into()) };
        open.note_close(code, reason);
        if !self.manners.is_silent {
            self.answer(Incoming::Close(code, Text::from(reason)));
        }
        Ok(())
    }

    fn is_closed_by_peer(&self) -> bool {
        false
    }

    fn heard(&self) -> u64 {
        self.heard
    }

    fn can_ping(&self) -> bool {
        true
    }
}
