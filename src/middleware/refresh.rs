//! [`AuthRefresh`]: a new token where the old one is no longer taken.

use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::lock::Mutex as AsyncMutex;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::error::{Error, ErrorKind, Result};
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::request::{Request, bearer};
use crate::response::Response;
use crate::url::Url;

use super::{Middleware, Next};

/// Where new tokens come from.
pub trait Refresh: MaybeSend + MaybeSync {
    /// A new token. `stale` is the one that was not taken, none at first.
    ///
    /// # Errors
    /// What the calls that need it are to fail with.
    ///
    /// # Cancellation
    /// It is dropped with the call that began it; the next call that waits for a token asks anew.
    fn refresh<'a>(&'a self, stale: Option<&'a str>) -> BoxFuture<'a, Result<String>>;
}

/// Bearer tokens (RFC 6750) that are renewed when a request is answered with 401: it is asked once more with the new one.
///
/// Tokens go to one origin alone, and with requests that bring no `Authorization` of their own. Many requests that are
/// refused at once wait for one refresh; where that fails, all that waited fail with it. A request whose body was a stream
/// that can be taken once is not asked again: the 401 is its response, and the next request gets a new token first. The
/// 401 at the end of a redirect by way of another origin, which was not shown the token, is no refusal of it.
///
/// It goes around the call ([`Config::middleware`](crate::Config::middleware)), where no permit is held: the refresh may
/// ask by the same session, and what it asks in its own task passes by without a token. (What it asks in a task that it
/// spawns would wait for the refresh, and the refresh for it.) Only the wall timeout bounds it.
///
/// ```
/// # use dualfetch::{Client, Config, Request, Session, platform::scripted::{Reply, Scripted}};
/// use dualfetch::middleware::{AuthRefresh, Refresh};
/// use dualfetch::{Result, maybe::BoxFuture};
///
/// struct Tokens;
///
/// impl Refresh for Tokens {
///     fn refresh<'a>(&'a self, stale: Option<&'a str>) -> BoxFuture<'a, Result<String>> {
///         Box::pin(async move { Ok(if stale.is_none() { "first" } else { "second" }.to_owned()) })
///     }
/// }
///
/// # let platform = Scripted::new(1);
/// # platform.on_every(|request: &Request| match request.headers()["authorization"] == "Bearer second" {
/// #     true => Reply::ok("welcome"),
/// #     false => Reply::status(401),
/// # });
/// let config = Config::new().middleware(AuthRefresh::new("https://api.example/", Tokens)?);
/// let session = Client::with_backend(config, platform.clone())?;
/// # platform.run(async {
/// assert_eq!(session.get("https://api.example/me").await?.text().await?, "welcome");
/// # Ok::<(), dualfetch::Error>(())
/// # })?;
/// # Ok::<(), dualfetch::Error>(())
/// ```
pub struct AuthRefresh<R> {
    origin: String,
    source: R,
    token: Mutex<Option<String>>,
    /// Held while a new token is on its way.
    refreshing: AsyncMutex<()>,
    /// What the last refresh came to, and how many there have been.
    last: Mutex<(u64, Option<Failed>)>,
}

/// An error to be told to all that waited.
type Failed = (ErrorKind, Option<String>);

thread_local! {
    /// Whose refresh is being polled in this thread: what it asks at once is its own.
    static REFRESHING: Cell<usize> = const { Cell::new(0) };
}

impl<R: Refresh> AuthRefresh<R> {
    /// Tokens from this source for the origin of this URL.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUrl`].
    pub fn new(origin: &str, source: R) -> Result<Self> {
        Ok(Self {
            origin: Url::parse(origin)?.origin().into_owned(),
            source,
            token: Mutex::default(),
            refreshing: AsyncMutex::new(()),
            last: Mutex::default(),
        })
    }

    /// Begins with this token.
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        *lock(&self.token) = Some(token.into());
        self
    }

    /// A token that is not this one.
    async fn other_than(&self, stale: Option<&str>) -> Result<String> {
        let before = lock(&self.last).0;
        let _refreshing = self.refreshing.lock().await;
        // Another request may have waited for it already.
        if let Some(token) = lock(&self.token).as_deref().filter(|token| stale != Some(token)) {
            return Ok(token.to_owned());
        }
        if let (count, Some((kind, message))) = &*lock(&self.last)
            && *count != before
        {
            let again = Error::new(kind.clone());
            return Err(match message {
                Some(message) => again.with_message(message),
                None => again,
            });
        }
        let refreshed = self.refresh(stale).await;
        let failed = refreshed.as_ref().err();
        let failed = failed.map(|error| (error.kind().clone(), error.message().map(str::to_owned)));
        let count = lock(&self.last).0;
        *lock(&self.last) = (count + 1, failed);
        let token = refreshed?;
        *lock(&self.token) = Some(token.clone());
        Ok(token)
    }

    /// Asks the source, and marks the thread while it does.
    async fn refresh(&self, stale: Option<&str>) -> Result<String> {
        let mut refresh = self.source.refresh(stale);
        poll_fn(|cx| {
            let outer = REFRESHING.replace(self.id());
            let polled = refresh.as_mut().poll(cx);
            REFRESHING.set(outer);
            polled
        })
        .await
    }

    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Whether this answer refuses the token. One that another origin had a part in says nothing of it.
    fn is_refused(&self, response: &Response) -> bool {
        let is_ours = |url: &Url| url.origin() == self.origin;
        response.status() == StatusCode::UNAUTHORIZED
            && is_ours(response.url())
            && response.history().iter().all(|hop| is_ours(&hop.url))
    }

    async fn asked(&self, request: Request, mut next: Next<'_>) -> Result<Response> {
        let known = lock(&self.token).clone();
        let token = match known {
            Some(token) => token,
            None => self.other_than(None).await?,
        };
        let response = next.run(with(&request, bearer(&token)?)).await?;
        if !self.is_refused(&response) {
            return Ok(response);
        }
        if request.body().is_consumed() {
            // The response may hold a permit: the next request is the one to wait for a new token.
            lock(&self.token).take_if(|current| *current == token);
            return Ok(response);
        }
        drop(response);
        let token = self.other_than(Some(&token)).await?;
        next.run(with(&request, bearer(&token)?)).await
    }
}

impl<R: Refresh> Middleware for AuthRefresh<R> {
    fn handle<'a>(&'a self, request: Request, mut next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        let is_own = REFRESHING.get() == self.id();
        let is_elsewhere = request.url().origin() != self.origin;
        if is_own || is_elsewhere || request.headers().contains_key(AUTHORIZATION) {
            return Box::pin(async move { next.run(request).await });
        }
        Box::pin(self.asked(request, next))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with(request: &Request, authorization: HeaderValue) -> Request {
    let mut request = request.clone();
    request.headers_mut().insert(AUTHORIZATION, authorization);
    request
}

impl<R> fmt::Debug for AuthRefresh<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthRefresh").field("origin", &self.origin).finish_non_exhaustive()
    }
}
