//! What scripted requests meet: replies, clock, timers, and the record of what happened.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::head::Shown;
use crate::maybe::BoxFuture;
use crate::request::Request;
#[cfg(feature = "websocket")]
use crate::socket::{CloseCode, Message, Text};

use super::{Handler, Reply, Sleep};

/// One request as it arrived.
#[derive(Clone)]
#[non_exhaustive]
pub struct Call {
    /// When, on the virtual clock.
    pub at: Duration,
    /// By which method.
    pub method: Method,
    /// For which URL.
    pub url: String,
    /// With which header fields.
    pub headers: HeaderMap,
    /// With which body.
    pub body: Option<Bytes>,
    /// What was sent by its WebSocket, pings included.
    #[cfg(feature = "websocket")]
    pub messages: Vec<Message>,
    /// With what its WebSocket was closed from this side.
    #[cfg(feature = "websocket")]
    pub close: Option<(Option<CloseCode>, Text)>,
    /// When its exchange ended: the response's body at its end, an error, or dropped. `None` while under way.
    pub ended: Option<Duration>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("at", &self.at)
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &Shown(&self.headers))
            .finish_non_exhaustive()
    }
}

pub(super) struct World(Mutex<State>);

pub(super) struct State {
    pub(super) now: Duration,
    pub(super) timers: BTreeMap<(Duration, u64), Waker>,
    pub(super) spawned: Vec<BoxFuture<'static, ()>>,
    pub(super) handler: Option<Arc<dyn Handler>>,
    pub(super) calls: Vec<Call>,
    pub(super) hosts: HashMap<String, Host>,
    pub(super) open: usize,
    pub(super) peak: usize,
    pub(super) closed: usize,
    replies: HashMap<String, VecDeque<Reply>>,
    next_timer: u64,
    random: u64,
}

#[derive(Default)]
pub(super) struct Host {
    pub(super) peak: usize,
    open: usize,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(State {
            now: Duration::ZERO,
            timers: BTreeMap::new(),
            spawned: Vec::new(),
            handler: None,
            calls: Vec::new(),
            hosts: HashMap::new(),
            open: 0,
            peak: 0,
            closed: 0,
            replies: HashMap::new(),
            next_timer: 0,
            random: seed,
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sleep_until(self: &Arc<Self>, at: Duration) -> Sleep {
        Sleep::new(Arc::clone(self), at)
    }

    pub(super) fn sleep(self: &Arc<Self>, pause: Duration) -> Sleep {
        self.sleep_until(self.lock().now.saturating_add(pause))
    }

    /// Moves the clock to the earliest timer and wakes all of that moment. `false` when none is set.
    pub(super) fn skip_to_next_timer(&self) -> bool {
        let mut state = self.lock();
        let Some(&(at, _)) = state.timers.keys().next() else { return false };
        state.now = state.now.max(at);
        let later = state.timers.split_off(&(at, u64::MAX));
        let due = std::mem::replace(&mut state.timers, later);
        drop(state);
        due.into_values().for_each(Waker::wake);
        true
    }

    /// Notes the request, and that it is under way until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>, request: &Request) -> (Reply, Open) {
        let mut state = self.lock();
        let origin = request.url.origin().into_owned();
        let at = state.now;
        state.calls.push(Call {
            at,
            method: request.method.clone(),
            url: request.url.as_str().to_owned(),
            headers: request.headers.clone(),
            body: None,
            #[cfg(feature = "websocket")]
            messages: Vec::new(),
            #[cfg(feature = "websocket")]
            close: None,
            ended: None,
        });
        let call = state.calls.len() - 1;
        state.open += 1;
        state.peak = state.peak.max(state.open);
        let host = state.hosts.entry(origin.clone()).or_default();
        host.open += 1;
        host.peak = host.peak.max(host.open);
        let scripted = state.next_reply(request.url.as_str());
        let handler = state.handler.clone();
        drop(state);
        let reply = scripted.or_else(|| handler.map(|handler| handler.reply(request)));
        (reply.unwrap_or_else(|| Reply::status(404)), Open { world: Arc::clone(self), origin, call })
    }
}

impl State {
    pub(super) fn add_reply(&mut self, url: &str, reply: Reply) {
        self.replies.entry(url.to_owned()).or_default().push_back(reply);
    }

    fn next_reply(&mut self, url: &str) -> Option<Reply> {
        let replies = self.replies.get_mut(url)?;
        if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
    }

    pub(super) fn set_timer(&mut self, at: Duration, waker: Waker) -> (Duration, u64) {
        self.next_timer += 1;
        let key = (at, self.next_timer);
        self.timers.insert(key, waker);
        key
    }

    /// SplitMix64: the same seed gives the same numbers.
    pub(super) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// An exchange under way.
pub(super) struct Open {
    world: Arc<World>,
    origin: String,
    /// Its place among the calls.
    call: usize,
}

impl Open {
    /// The request's body has come.
    pub(super) fn note_body(&self, body: Option<Bytes>) {
        if let Some(call) = self.world.lock().calls.get_mut(self.call) {
            call.body = body;
        }
    }
}

#[cfg(feature = "websocket")]
impl Open {
    /// A message was sent.
    pub(super) fn note_message(&self, message: Message) {
        if let Some(call) = self.world.lock().calls.get_mut(self.call) {
            call.messages.push(message);
        }
    }

    /// It is being closed from this side.
    pub(super) fn note_close(&self, code: Option<CloseCode>, reason: &str) {
        if let Some(call) = self.world.lock().calls.get_mut(self.call) {
            call.close = Some((code, reason.into()));
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut state = self.world.lock();
        let now = state.now;
        state.open -= 1;
        if let Some(call) = state.calls.get_mut(self.call) {
            call.ended = Some(now);
        }
        if let Some(host) = state.hosts.get_mut(&self.origin) {
            host.open -= 1;
        }
    }
}
