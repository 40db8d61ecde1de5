//! The body in a caller's hands: it carries the permit and the deadlines, and lets waiters act on both.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::{Body, Frame, SizeHint};

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::events::{Watched, What};
use crate::gated::Gated;
use crate::head::Head;
use crate::maybe::BoxBody;
use crate::payload::{Payload, Transfer};
use crate::platform::Backend;
use crate::policy::deadline::Deadlines;
use crate::policy::scheduler::{Holder, Permit};
use crate::url::Url;

use super::Shared;
use super::bounded::Timer;
use super::layered::AnyBody;
#[cfg(feature = "websocket")]
use super::switched;

/// A body of at most this many bytes that is complete, or completes while others wait, needs no permit any more.
const SMALL: usize = 64 * 1024;

/// What a small remainder may come to when it is decompressed.
const DRAIN_DECODED: usize = 1024 * 1024;

/// How long a small remainder may take to be read in the background.
const DRAIN_TIME: std::time::Duration = std::time::Duration::from_secs(2);

/// What goes with a body.
pub(super) struct Guards<'a> {
    pub(super) head: &'a Head,
    pub(super) permit: Option<Permit>,
    pub(super) max_body: Option<u64>,
    pub(super) watched: Option<WatchedBody>,
}

/// Those who are told of a body, and of which one.
pub(super) struct WatchedBody {
    pub(super) watched: Gated<Arc<Watched>>,
    pub(super) method: Method,
    pub(super) url: Url,
}

/// Wraps a body that starts. If it is small and all there already, the permit is given back at once, and `clocks` are
/// not needed.
pub(super) fn guard<B: Backend>(
    shared: &Arc<Shared<B>>,
    guards: Guards<'_>,
    #[cfg_attr(not(feature = "websocket"), allow(unused_mut))] mut body: AnyBody<B>,
    cx: &mut Context<'_>,
    clocks: impl FnOnce() -> (Deadlines, Timer<B>),
) -> Result<BoxBody> {
    let Guards { head, permit, max_body, watched } = guards;
    #[cfg(feature = "websocket")]
    if head.status == http::StatusCode::SWITCHING_PROTOCOLS
        && let Some(connection) = Pin::new(&mut body).connection()
    {
        return Ok(switched::held(shared, connection, permit));
    }
    let transfer = body.transfer();
    if let (Some(limit), Some(declared)) = (max_body, transfer.remaining)
        && declared > limit
        && !head.headers.contains_key(http::header::CONTENT_ENCODING)
    {
        // Ended before the permit goes to another.
        drop(body);
        return Err(ErrorKind::BodyTooLarge { limit }.into());
    }
    let mut inside = Inside::<B> {
        transfer,
        body: Some(body),
        trailers: None,
        permit,
        ready: VecDeque::new(),
        ready_bytes: 0,
        end: None,
        waker: None,
        is_read: false,
        max_body,
        watched: watched.map(|watched| (Arc::clone(&shared.backend), watched)),
    };
    inside.absorb(cx);
    if inside.body.is_none() && inside.trailers.is_none() {
        let Inside { ready, end, transfer, .. } = inside;
        return Ok(Box::pin(Complete { ready, end, transfer }));
    }
    let cell = Arc::new(Cell(Mutex::new(inside)));
    if let Some(permit) = &cell.lock().permit {
        let holder: Weak<dyn Holder> = Arc::<Cell<B>>::downgrade(&cell) as _;
        permit.handed_out(holder, shared.backend.now());
    }
    let (deadlines, mut timer) = clocks();
    // A response that is never read must not hold a program up until its deadline.
    timer.rest();
    Ok(Box::pin(Guarded { shared: Arc::clone(shared), cell, deadlines, timer }))
}

/// Takes in what has come of a body that nobody wants, so that its connection can be used again if that was all.
/// Never pending.
pub(super) fn take_what_is_there(body: &mut (impl Payload + Unpin), cx: &mut Context<'_>) -> Poll<()> {
    let mut taken = 0;
    while taken <= SMALL
        && let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut *body).poll_frame(cx)
    {
        taken += frame.data_ref().map_or(0, Bytes::len);
    }
    Poll::Ready(())
}

/// A body that was all there when the response was handed out.
struct Complete {
    ready: VecDeque<Bytes>,
    end: Option<Error>,
    transfer: Transfer,
}

impl Body for Complete {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let data = self.ready.pop_front().map(|data| Ok(Frame::data(data)));
        Poll::Ready(data.or_else(|| self.end.take().map(Err)))
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty() && self.end.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.ready.iter().map(Bytes::len).sum::<usize>() as u64;
        match self.end {
            None => SizeHint::with_exact(left),
            Some(_) => SizeHint::default(),
        }
    }
}

impl Payload for Complete {
    fn transfer(&self) -> Transfer {
        self.transfer
    }
}

/// A response's body, its permit and its deadlines.
struct Guarded<B: Backend> {
    shared: Arc<Shared<B>>,
    cell: Arc<Cell<B>>,
    deadlines: Deadlines,
    timer: Timer<B>,
}

/// What a waiter may reach too, when the caller does not read.
struct Cell<B: Backend>(Mutex<Inside<B>>);

struct Inside<B: Backend> {
    /// Until the body has ended, failed, or its permit was taken back.
    body: Option<AnyBody<B>>,
    /// Those of a body that has ended.
    trailers: Option<Arc<HeaderMap>>,
    permit: Option<Permit>,
    /// Data taken in before the caller asked for it.
    ready: VecDeque<Bytes>,
    ready_bytes: usize,
    /// How the body ended, if not well; told once, after what is ready.
    end: Option<Error>,
    waker: Option<Waker>,
    /// The caller has begun to read.
    is_read: bool,
    transfer: Transfer,
    max_body: Option<u64>,
    watched: Option<(Arc<B>, WatchedBody)>,
}

impl<B: Backend> Cell<B> {
    fn lock(&self) -> MutexGuard<'_, Inside<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Backend> Inside<B> {
    /// Takes frames in while they come at once and are few. `false` when there is no use in going on.
    fn absorb(&mut self, cx: &mut Context<'_>) -> bool {
        while self.ready_bytes <= SMALL {
            if self.transfer.remaining.is_some_and(|left| left > SMALL as u64) {
                return false;
            }
            match self.poll_body(cx) {
                Poll::Pending => return true,
                Poll::Ready(None) => return false,
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.ready_bytes += data.len();
                        self.ready.push_back(data);
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    self.end = Some(error);
                    return false;
                }
            }
        }
        false
    }

    /// The body's next frame. At its end, good or bad, the permit goes.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = std::task::ready!(Pin::new(&mut *body).poll_frame(cx));
        self.transfer = body.transfer();
        match polled {
            Some(Ok(frame)) => {
                let over = self.max_body.filter(|limit| self.transfer.decoded > *limit);
                if let Some(limit) = over {
                    self.stop();
                    let error = ErrorKind::BodyTooLarge { limit }.into();
                    self.tell(What::Failed { error: &error });
                    return Poll::Ready(Some(Err(error)));
                }
                let has_ended = body.is_end_stream();
                if let Some(data) = frame.data_ref() {
                    self.tell(What::ChunkReceived { bytes: data.len() as u64 });
                }
                if has_ended {
                    self.stop();
                    self.tell(What::BodyEnd { transfer: self.transfer });
                }
                Poll::Ready(Some(Ok(frame)))
            }
            ended => {
                self.trailers = body.trailers();
                self.stop();
                match &ended {
                    Some(Err(error)) => self.tell(What::Failed { error }),
                    _ => self.tell(What::BodyEnd { transfer: self.transfer }),
                }
                Poll::Ready(ended)
            }
        }
    }

    fn tell(&self, what: What<'_>) {
        if let Some((backend, WatchedBody { watched, method, url })) = &self.watched {
            watched.tell(backend.now(), method, url, what);
        }
    }

    /// All of it has been handed out.
    fn has_ended(&self) -> bool {
        self.body.is_none() && self.ready.is_empty() && self.end.is_none()
    }

    /// Ends the transfer and gives the permit back.
    fn stop(&mut self) {
        self.body = None;
        self.permit = None;
        self.waker = None;
    }
}

impl<B: Backend> Holder for Cell<B> {
    fn revoke(&self, phase: Phase) {
        let mut inside = self.lock();
        if inside.body.is_none() {
            return;
        }
        let waker = inside.waker.take();
        inside.stop();
        let error = Error::timeout(phase);
        inside.tell(What::Failed { error: &error });
        inside.end = Some(error);
        drop(inside);
        waker.into_iter().for_each(Waker::wake);
    }

    fn absorb(&self, cx: &mut Context<'_>) {
        let mut inside = self.lock();
        // Once the caller reads, the body's waker is the caller's.
        let again = !inside.is_read && inside.absorb(cx);
        if !again && let Some(permit) = &inside.permit {
            permit.not_absorbable();
        }
    }
}

impl<B: Backend> Guarded<B> {
    /// The next frame, from what is ready or from the body.
    fn poll_inside(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let mut inside = self.cell.lock();
        if !std::mem::replace(&mut inside.is_read, true)
            && let Some(permit) = &inside.permit
        {
            permit.reading();
        }
        if let Some(data) = inside.ready.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(error) = inside.end.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let polled = inside.poll_body(cx);
        if polled.is_pending() && !inside.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            inside.waker = Some(cx.waker().clone());
        }
        polled
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<Frame<Bytes>>>> {
        let mut inside = self.cell.lock();
        inside.stop();
        inside.ready.clear();
        inside.end = None;
        inside.tell(What::Failed { error: &error });
        Poll::Ready(Some(Err(error)))
    }
}

impl<B: Backend> Body for Guarded<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let polled = this.poll_inside(cx);
        if polled.is_ready() {
            this.timer.rest();
        }
        match polled {
            Poll::Ready(Some(Ok(_))) => {
                let open = this.cell.lock().body.is_some();
                // It came in time, however late it is asked for.
                this.deadlines.leave();
                // An endless body that is always ready would never let the timer speak.
                if open && let Some(phase) = this.deadlines.expired(this.shared.backend.now()) {
                    return this.fail(Error::timeout(phase));
                }
                polled
            }
            Poll::Ready(_) => polled,
            Poll::Pending => {
                if this.deadlines.bounds_reads() && !this.deadlines.in_step() {
                    this.deadlines.enter(Phase::Read, this.shared.backend.now());
                }
                match this.timer.poll_deadlines(cx, &this.shared.backend, &this.deadlines) {
                    Poll::Ready(error) => this.fail(error),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.cell.lock().has_ended()
    }

    fn size_hint(&self) -> SizeHint {
        let inside = self.cell.lock();
        if inside.end.is_some() {
            return SizeHint::default();
        }
        let ready = inside.ready.iter().map(Bytes::len).sum::<usize>() as u64;
        let coming = inside.body.as_ref().map_or(Some(0), |body| body.size_hint().exact());
        coming.map_or_else(SizeHint::default, |coming| SizeHint::with_exact(ready + coming))
    }
}

impl<B: Backend> Payload for Guarded<B> {
    fn transfer(&self) -> Transfer {
        self.cell.lock().transfer
    }

    fn trailers(&self) -> Option<Arc<HeaderMap>> {
        let inside = self.cell.lock();
        inside.trailers.clone().filter(|_| inside.has_ended())
    }

    fn drain(mut self: Pin<Box<Self>>) {
        let shared = Arc::clone(&self.shared);
        let until = shared.backend.now().saturating_add(DRAIN_TIME);
        let mut decoded = 0;
        let task = poll_fn(move |cx| {
            while decoded <= DRAIN_DECODED {
                match self.as_mut().poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => decoded += frame.data_ref().map_or(0, Bytes::len),
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => {
                        let Self { shared, timer, .. } = &mut *self;
                        return timer.poll_at(cx, &shared.backend, until).map(drop);
                    }
                }
            }
            Poll::Ready(())
        });
        shared.backend.spawn(Box::pin(task));
    }
}

impl<B: Backend> fmt::Debug for Guarded<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("transfer", &self.transfer()).finish_non_exhaustive()
    }
}
