//! Middleware: what stands between the caller and the engine, `async (request, next) -> response`.
//!
//! There are two places for it. [`Config::middleware`](crate::Config::middleware) goes around the whole call, outside
//! redirects and retries: it sees the caller's request and the final response, holds no permit, and may use the session
//! for requests of its own. [`Config::hop_middleware`](crate::Config::hop_middleware) goes around each attempt at each
//! hop: it sees the request as it is sent, the session's header fields included, and each answer, redirects and what is
//! retried among them; the permit is taken within [`Next::run`] and is held when that returns.
//!
//! Middleware runs in the order in which it was added, a request's own within the session's.

#[cfg(feature = "digest")]
mod digest;
mod headers;
mod netrc;
mod refresh;
#[cfg(feature = "tracing")]
mod spans;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::error::Result;
#[cfg(feature = "middleware")]
use crate::events::Event;
use crate::events::Observer;
use crate::gated::Gated;
#[cfg(feature = "middleware")]
use crate::maybe::SharedAny;
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::request::Request;
#[cfg(feature = "middleware")]
use crate::request::RequestBuilder;
use crate::response::Response;

#[cfg(feature = "digest")]
pub use digest::DigestAuth;
pub use headers::SetHeaders;
pub use refresh::{AuthRefresh, Refresh};
#[cfg(feature = "tracing")]
pub use spans::Spans;

/// What stands between the caller and the engine. See the [module's](self) text for where.
///
/// ```
/// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
/// use dualfetch::middleware::{Middleware, Next};
/// use dualfetch::{Request, Response, Result, maybe::BoxFuture};
///
/// /// Asks again without a query where the page with it is not there.
/// struct WithoutQuery;
///
/// impl Middleware for WithoutQuery {
///     fn handle<'a>(&'a self, request: Request, mut next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
///         Box::pin(async move {
///             let bare = request.url().as_str().split('?').next().unwrap_or_default().to_owned();
///             let again = Request::builder(request.method().clone(), bare).build()?;
///             match next.run(request).await? {
///                 response if response.status() == 404 => next.run(again).await,
///                 response => Ok(response),
///             }
///         })
///     }
/// }
///
/// # let platform = Scripted::new(1);
/// # platform.on("https://a.example/", Reply::ok("here"));
/// let session = Client::with_backend(Config::new().middleware(WithoutQuery), platform.clone())?;
/// # platform.run(async {
/// assert_eq!(session.get("https://a.example/?x").await?.text().await?, "here");
/// # Ok::<(), dualfetch::Error>(())
/// # })?;
/// # Ok::<(), dualfetch::Error>(())
/// ```
///
/// # Cancellation
/// Dropping the call's future drops the middleware's, wherever it is.
pub trait Middleware: MaybeSend + MaybeSync {
    /// Handles a request: by [`next`](Next::run), once, several times, or not at all.
    ///
    /// # Errors
    /// What the call is to fail with.
    fn handle<'a>(&'a self, request: Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>>;
}

/// What comes after a middleware: the rest of them, and the engine.
pub struct Next<'a> {
    rest: &'a [Arc<dyn Middleware>],
    end: &'a mut (dyn End + 'a),
}

impl<'a> Next<'a> {
    pub(crate) fn new(all: &'a [Arc<dyn Middleware>], end: &'a mut (dyn End + 'a)) -> Self {
        Self { rest: all, end }
    }

    /// Hands the request on. It may be done again: drop the first response before, since its body may hold a permit.
    ///
    /// # Errors
    /// As [`Session::send`](crate::Session::send).
    ///
    /// # Cancellation
    /// Dropping the future ends the request.
    pub fn run(&mut self, request: Request) -> BoxFuture<'_, Result<Response>> {
        match self.rest.split_first() {
            None => self.end.run(request),
            Some((first, rest)) => first.handle(request, Next { rest, end: &mut *self.end }),
        }
    }

    /// Takes the permit now, so that what is made of what is known is made when it is sent, not when it begins to wait.
    /// What would come between is not to wait for others with a permit in hand: then it is taken within [`run`](Self::run).
    #[cfg(feature = "digest")]
    pub(crate) fn admit<'n>(&'n mut self, request: &'n Request) -> BoxFuture<'n, Result<()>> {
        match self.rest {
            [] => self.end.admit(request),
            _ => Box::pin(async { Ok(()) }),
        }
    }

    /// The request as it is to be sent again: with the cookies that its answer has set.
    #[cfg(feature = "digest")]
    pub(crate) fn renew(&self, request: &mut Request) {
        self.end.renew(request);
    }

    /// Any number, as the platform has it.
    #[cfg(feature = "digest")]
    pub(crate) fn random(&self) -> u64 {
        self.end.random()
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("middleware", &self.rest.len()).finish_non_exhaustive()
    }
}

/// What a chain of middleware ends in.
pub(crate) trait End: MaybeSend {
    fn run(&mut self, request: Request) -> BoxFuture<'_, Result<Response>>;

    /// Waits until it would be sent at once, where that is decided here.
    #[cfg(feature = "digest")]
    fn admit<'r>(&'r mut self, request: &'r Request) -> BoxFuture<'r, Result<()>>;

    /// Makes a request ready to be sent again after its answer.
    #[cfg(feature = "digest")]
    fn renew(&self, request: &mut Request);

    #[cfg(feature = "digest")]
    fn random(&self) -> u64;
}

/// A middleware made of a function that gives a boxed future.
///
/// ```
/// use dualfetch::{DefaultSession, middleware};
///
/// let stamp = middleware::from_fn(|mut request, mut next| {
///     Box::pin(async move {
///         request.set_header("x-stamp", "7")?;
///         next.run(request).await
///     })
/// });
/// let session = DefaultSession::builder().hop_middleware(stamp).build()?;
/// # let _ = session;
/// # Ok::<(), dualfetch::Error>(())
/// ```
pub fn from_fn<F>(function: F) -> FromFn<F>
where
    F: for<'a> Fn(Request, Next<'a>) -> BoxFuture<'a, Result<Response>> + MaybeSend + MaybeSync,
{
    FromFn(function)
}

/// See [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F>(F);

impl<F> Middleware for FromFn<F>
where
    F: for<'a> Fn(Request, Next<'a>) -> BoxFuture<'a, Result<Response>> + MaybeSend + MaybeSync,
{
    fn handle<'a>(&'a self, request: Request, next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        (self.0)(request, next)
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}

/// All that goes around a session's calls, or around one request.
#[derive(Clone, Default)]
pub(crate) struct Layers {
    pub(crate) call: Vec<Arc<dyn Middleware>>,
    pub(crate) hop: Vec<Arc<dyn Middleware>>,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

impl Layers {
    /// To be shared by what goes on under them; none where there are none.
    pub(crate) fn shared(&self) -> Option<Gated<Arc<Self>>> {
        if self.is_empty() { None } else { Gated::new(|| Arc::new(self.clone())) }
    }

    fn is_empty(&self) -> bool {
        self.call.is_empty() && self.hop.is_empty() && self.observers.is_empty()
    }

    /// A request's own.
    pub(crate) fn of(request: &Request) -> Option<&Self> {
        let attached: &dyn Any = &***request.attached.as_ref()?;
        attached.downcast_ref()
    }

    /// These, and a request's own after them.
    pub(crate) fn with_own(&self, own: &Self) -> Self {
        Self {
            call: [&self.call[..], &own.call].concat(),
            hop: [&self.hop[..], &own.hop].concat(),
            observers: [&self.observers[..], &own.observers].concat(),
        }
    }
}

#[cfg(feature = "middleware")]
impl<S> RequestBuilder<S> {
    /// Adds a middleware around this call, within the session's: see [`middleware`](crate::middleware).
    pub fn middleware(self, middleware: impl Middleware + 'static) -> Self {
        self.layered(|layers| layers.call.push(Arc::new(middleware)))
    }

    /// Adds a middleware around each attempt at each hop of this call, within the session's.
    pub fn hop_middleware(self, middleware: impl Middleware + 'static) -> Self {
        self.layered(|layers| layers.hop.push(Arc::new(middleware)))
    }

    /// Adds what is told of this request's [events](crate::events), after those of the session.
    pub fn on_event(self, observer: impl Fn(&Event<'_>) + MaybeSend + MaybeSync + 'static) -> Self {
        self.layered(|layers| layers.observers.push(Arc::new(observer)))
    }

    fn layered(mut self, add: impl FnOnce(&mut Layers)) -> Self {
        if let Ok(request) = &mut self.request {
            let mut layers = Layers::of(request).cloned().unwrap_or_default();
            add(&mut layers);
            request.attached = Gated::new(|| Arc::new(layers) as SharedAny);
        }
        self
    }
}
