//! [`EventSourceBuilder`].

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::error::Result;
use crate::event_stream::{EventId, MAX_EVENT};
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::policy::reconnect::Reconnect;
use crate::request::RequestBuilder;
use crate::session::Session;

use super::source::{EventSource, Lost, Plan};

/// Builds an [`EventSource`]: a [`RequestBuilder`] with some methods more, which is connected by awaiting it. Made by
/// [`RequestBuilder::event_source`] or [`SessionExt::event_source`](crate::SessionExt::event_source).
pub type EventSourceBuilder<'a, S> = RequestBuilder<Reconnecting<'a, S>>;

/// What an [`EventSourceBuilder`] has beside the request: the session, and how it is connected again.
pub struct Reconnecting<'a, S: ?Sized> {
    session: &'a S,
    last_event_id: EventId,
    plan: Plan,
}

impl<'a, S: Session + ?Sized> RequestBuilder<&'a S> {
    /// Server-sent events that are gone on with where the connection is lost: what a browser's `EventSource` does, by any
    /// request, of any method and with a body, too.
    ///
    /// Awaiting it makes the first connection and checks it: status 200 and `text/event-stream`. The failure of that one is
    /// an error at once; to try it again is left to the session's [`Retry`](crate::Retry). Then the [`EventSource`] is
    /// connected again after each loss, as it says.
    ///
    /// The request asks with `Accept: text/event-stream` and past caches (`Cache-Control: no-store`; in a page by the option
    /// `cache`, which costs no preflight) unless it says otherwise itself, and with `Last-Event-ID` once there is one. Its
    /// `timeout.total` and `max_body` are none unless they are set on the request: the session's are not for streams
    /// without an end. A server that falls silent is noticed where `timeout.read` is set, and one that does not answer where
    /// `timeout.headers` is.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Timeout, platform::scripted::{Reply, Scripted}};
    /// use std::time::Duration;
    /// use dualfetch::{Session, SessionExt};
    ///
    /// # let platform = Scripted::new(1);
    /// # let stream = |text: &'static str| Reply::ok(text).header("content-type", "text/event-stream");
    /// # platform.on("https://example.com/", stream("id: 1\ndata: one\n\n"));
    /// # platform.on("https://example.com/", stream("id: 2\ndata: two\n\n"));
    /// # platform.on("https://example.com/", Reply::status(204));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let mut events = session
    ///     .event_source("https://example.com/")
    ///     .bearer_auth("token")
    ///     .timeout(Timeout::new().read(Duration::from_secs(60)))
    ///     .reconnection_time(Duration::from_secs(1))
    ///     .await?;
    /// let mut seen = Vec::new();
    /// while let Some(event) = events.next().await {
    ///     seen.push(event?.data);
    /// }
    /// // It was connected twice, and then told to stop.
    /// assert_eq!(seen, ["one", "two"]);
    /// # assert_eq!(platform.calls()[1].headers["last-event-id"], "1");
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the request; [`ErrorKind::Status`](crate::ErrorKind::Status) for every status but 200 and 204, whatever
    /// `raise_for_status` says; [`ErrorKind::ContentType`](crate::ErrorKind::ContentType).
    ///
    /// # Cancellation
    /// Dropping the future ends the request.
    pub fn event_source(self) -> EventSourceBuilder<'a, S> {
        let plan = Plan {
            reconnect: Reconnect::default(),
            reconnects: true,
            max_event: MAX_EVENT,
            takes_any_type: false,
            watch: None,
        };
        let reconnecting = Reconnecting { session: self.session, last_event_id: EventId::default(), plan };
        RequestBuilder { session: reconnecting, request: self.request }
    }
}

impl<'a, S: ?Sized> RequestBuilder<Reconnecting<'a, S>> {
    /// The method, GET unless said: `session.post(url).event_source()` does the same.
    pub fn method(mut self, method: Method) -> Self {
        if let Ok(request) = &mut self.request {
            request.method = method;
        }
        self
    }

    /// Goes on after this event, as one has it that was read before: `Last-Event-ID`. Default none.
    pub fn last_event_id(mut self, id: impl Into<EventId>) -> Self {
        self.session.last_event_id = id.into();
        self
    }

    /// Whether it is connected again. With `false` the stream's end is its own, and what cuts it off an error. Default yes.
    pub fn reconnect(mut self, reconnect: bool) -> Self {
        self.session.plan.reconnects = reconnect;
        self
    }

    /// The pause before a lost stream is connected again, until the server sets another one (`retry`). Default 3 s. What
    /// the server sets counts as half a second if it is shorter, or as this where this is shorter still.
    pub fn reconnection_time(mut self, time: Duration) -> Self {
        self.session.plan.reconnect.time = time;
        self
    }

    /// What no pause passes, whatever failures have doubled it to or the server has set; a `Retry-After` is waited for past
    /// it, up to an hour. Default 1 minute.
    pub fn max_reconnection_time(mut self, time: Duration) -> Self {
        self.session.plan.reconnect.ceiling = time;
        self
    }

    /// How many connections in a row may fail, by no answer or by one that is no stream, before the last one's error ends
    /// it. 0 counts as 1. Default: no limit, as of a browser's `EventSource`.
    pub fn max_attempts(mut self, attempts: impl Into<Option<u32>>) -> Self {
        self.session.plan.reconnect.max_attempts = attempts.into().map(|attempts| attempts.max(1));
        self
    }

    /// The longest event that is taken: see [`EventParser::max_event`](crate::event_stream::EventParser::max_event).
    /// Default 1 MiB. A longer one is a final error: it would come again.
    pub fn max_event(mut self, bytes: usize) -> Self {
        self.session.plan.max_event = bytes;
        self
    }

    /// Takes any content type, for servers that send events as `text/plain`.
    pub fn any_type(mut self) -> Self {
        self.session.plan.takes_any_type = true;
        self
    }

    /// Is told each time that it will be connected again, before the pause. It is called on the way: it should be quick.
    pub fn on_lost(mut self, watch: impl Fn(&Lost<'_>) + MaybeSend + MaybeSync + 'static) -> Self {
        self.session.plan.watch = Some(Arc::new(watch));
        self
    }
}

impl<'a, S: Session + ?Sized> IntoFuture for RequestBuilder<Reconnecting<'a, S>> {
    type Output = Result<EventSource<'a, S>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Reconnecting { session, last_event_id, plan } = self.session;
        Box::pin(async move { EventSource::connect(session, self.request?, last_event_id, plan).await })
    }
}

impl<S: ?Sized> fmt::Debug for Reconnecting<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnecting")
            .field("last_event_id", &self.last_event_id)
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}
