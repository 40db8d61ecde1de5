//! [`EventSource`].

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::stream::Stream;

use crate::error::{Error, ErrorKind, Result};
use crate::event_stream::{EventId, ServerEvent};
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::policy::reconnect::{Reconnect, may_pass};
use crate::policy::retry::scattered;
use crate::request::Request;
use crate::response::{EventStream, Response};
use crate::session::Session;

use super::connecting::{Connected, Failure, asking, connect};

/// Server-sent events that go on where the connection is lost. Made by awaiting an
/// [`EventSourceBuilder`](crate::EventSourceBuilder).
///
/// It is connected again when the stream has ended and after what may pass: no connection, one that is cut, a name that does
/// not resolve, a proxy that does not refuse, timeouts but for the queue and the wall clock, and the statuses 408, 425, 429
/// and 5xx. It asks then for what comes after the last event (`Last-Event-ID`), having waited for the reconnection time: 3 s
/// unless set here or by the server, whose time counts as half a second if it is shorter. Each connection in a row that
/// brings no event doubles that, up to 1 minute, between half of it and all at random; the first event sets it back. A `Retry-After` is waited for, up to an
/// hour. It goes on for ever unless `max_attempts` is set.
///
/// It ends when the server says so, by status 204, and after an error: any other status, another content type, a request
/// body that can be taken once ([`ErrorKind::BodyConsumed`]), an event or an id that is too long, a
/// certificate that is not trusted, an id that no header field can hold
/// ([`ErrorKind::InvalidHeader`]), a session that is closed, and whatever else does not pass.
///
/// It holds a permit of the session while it is connected, and none while it pauses. Nothing happens while it is not polled:
/// what the server sends meanwhile waits, as of any body.
///
/// # Cancellation
/// Dropping the future of one event loses nothing.
///
/// # Dropping
/// Dropping it ends it: the connection, or the wait for one.
#[must_use = "nothing is read until it is polled"]
pub struct EventSource<'a, S: ?Sized> {
    session: &'a S,
    request: Request,
    plan: Plan,
    last_event_id: EventId,
    /// Connections in a row that brought no event.
    fruitless: u32,
    /// Connections in a row that came to no stream.
    failed: u32,
    state: State<'a>,
}

/// How it is to be done.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) reconnect: Reconnect,
    pub(super) reconnects: bool,
    pub(super) max_event: usize,
    pub(super) takes_any_type: bool,
    pub(super) watch: Option<Arc<dyn Watch>>,
}

/// Is told of each loss.
pub(super) trait Watch: MaybeSend + MaybeSync {
    fn lost(&self, lost: &Lost<'_>);
}

impl<F: Fn(&Lost<'_>) + MaybeSend + MaybeSync> Watch for F {
    fn lost(&self, lost: &Lost<'_>) {
        self(lost);
    }
}

/// A connection that was lost or not made, and will be made again: what
/// [`on_lost`](crate::RequestBuilder::on_lost) is told.
#[derive(Debug)]
#[non_exhaustive]
pub struct Lost<'a> {
    /// Why; `None` where the stream has come to its end.
    pub error: Option<&'a Error>,
    /// The pause before it is connected again.
    pub pause: Duration,
    /// How many connections in a row have failed.
    pub failed: u32,
}

enum State<'a> {
    Connecting(BoxFuture<'a, Connected>),
    Open(Box<EventStream>),
    Pausing(BoxFuture<'a, ()>),
    Ended,
}

impl<'a, S: Session + ?Sized> EventSource<'a, S> {
    pub(super) async fn connect(
        session: &'a S,
        request: Request,
        last_event_id: EventId,
        plan: Plan,
    ) -> Result<Self> {
        let mut request = asking(request)?;
        let state = match connect(session, request.clone(), last_event_id.clone(), plan.clone()).await {
            Connected::Open(events) => State::Open(events),
            Connected::Over => State::Ended,
            Connected::Failed(Failure { error, .. }) => return Err(error),
        };
        // From now on it is here that it is tried again.
        request = request.into_builder().retry(None).build()?;
        Ok(Self { session, request, plan, last_event_id, fruitless: 1, failed: 0, state })
    }

    /// The next event; `None` once the server has said that there are no more. The same as `StreamExt::next`, without the
    /// import.
    ///
    /// # Cancellation
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// Those of the stream.
    #[allow(clippy::should_implement_trait, reason = "it is a stream's next, as of rows")]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<ServerEvent>>> + Unpin + '_ {
        poll_fn(move |cx| Pin::new(&mut *self).poll_next(cx))
    }

    /// The id that it goes on after: to be kept by who wants to go on later, and given to
    /// [`last_event_id`](crate::RequestBuilder::last_event_id). Empty where there is none.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        match &self.state {
            State::Open(events) => events.last_event_id(),
            _ => &self.last_event_id,
        }
    }

    /// The response it is read from; `None` while it is not connected.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        match &self.state {
            State::Open(events) => Some(events.response()),
            _ => None,
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<ServerEvent>>> {
        loop {
            match &mut self.state {
                State::Ended => return Poll::Ready(Ok(None)),
                State::Pausing(pause) => {
                    ready!(pause.as_mut().poll(cx));
                    let (request, id, plan) =
                        (self.request.clone(), self.last_event_id.clone(), self.plan.clone());
                    self.state = State::Connecting(Box::pin(connect(self.session, request, id, plan)));
                }
                State::Connecting(connecting) => match ready!(connecting.as_mut().poll(cx)) {
                    Connected::Open(events) => {
                        (self.failed, self.fruitless) = (0, self.fruitless.saturating_add(1));
                        self.state = State::Open(events);
                    }
                    Connected::Over => self.state = State::Ended,
                    Connected::Failed(failure) => {
                        self.failed = self.failed.saturating_add(1);
                        self.fruitless = self.fruitless.saturating_add(1);
                        self.lost(Some(failure))?;
                    }
                },
                State::Open(events) => {
                    let event = ready!(Pin::new(&mut **events).poll_next(cx));
                    if let Some(Ok(event)) = event {
                        self.fruitless = 0;
                        return Poll::Ready(Ok(Some(event)));
                    }
                    self.close();
                    self.lost(event.and_then(Result::err).map(|error| Failure { error, asked: None }))?;
                }
            }
        }
    }

    /// Notes what the stream has told, and lets go of it.
    fn close(&mut self) {
        if let State::Open(events) = std::mem::replace(&mut self.state, State::Ended) {
            self.last_event_id = events.shared_id();
            self.plan.reconnect.asked = events.retry().or(self.plan.reconnect.asked);
        }
    }

    /// Begins to wait for another connection.
    ///
    /// # Errors
    /// The failure's, where it will not pass.
    fn lost(&mut self, failure: Option<Failure>) -> Result<()> {
        let (error, asked) = match failure {
            Some(Failure { error, asked }) => (Some(error), asked),
            None => (None, None),
        };
        let (reconnect, reconnects) = (self.plan.reconnect, self.plan.reconnects);
        let is_final =
            |error: &Error| !reconnects || !may_pass(error.kind()) || reconnect.is_over(self.failed);
        let error = match error {
            Some(error) if is_final(&error) => return Err(error),
            error => error,
        };
        if !reconnects {
            self.state = State::Ended;
            return Ok(());
        }
        // It cannot be sent again, and waiting will not help.
        if self.request.body.is_consumed() {
            let consumed = Error::new(ErrorKind::BodyConsumed).with_url(self.request.url());
            return Err(match error {
                Some(error) => consumed.with_source(error),
                None => consumed,
            });
        }
        let random = scattered(self.session.now().as_nanos() as u64);
        let pause = reconnect.pause(self.fruitless, asked, random);
        if let Some(watch) = &self.plan.watch {
            watch.lost(&Lost { error: error.as_ref(), pause, failed: self.failed });
        }
        self.state = State::Pausing(self.session.sleep(pause));
        Ok(())
    }
}

impl<S: Session + ?Sized> Stream for EventSource<'_, S> {
    type Item = Result<ServerEvent>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let event = ready!(this.poll_event(cx));
        if event.is_err() {
            this.state = State::Ended;
        }
        Poll::Ready(event.transpose())
    }
}

impl<S: ?Sized> fmt::Debug for EventSource<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Connecting(_) => "connecting",
            State::Open(_) => "open",
            State::Pausing(_) => "pausing",
            State::Ended => "ended",
        };
        f.debug_struct("EventSource")
            .field("request", &self.request)
            .field("plan", &self.plan)
            .field("last_event_id", &self.last_event_id)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("reconnect", &self.reconnect)
            .field("reconnects", &self.reconnects)
            .field("max_event", &self.max_event)
            .field("takes_any_type", &self.takes_any_type)
            .finish_non_exhaustive()
    }
}
