//! [`AuthRefresh`]: a new token where the old one is no longer taken.

use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;

use futures_util::lock::Mutex as AsyncMutex;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::error::Result;
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
    fn refresh<'a>(&'a self, stale: Option<&'a str>) -> BoxFuture<'a, Result<String>>;
}

/// Bearer tokens (RFC 6750) that are renewed when a request is answered with 401: it is asked once more with the new one.
///
/// Tokens go to one origin alone, and with requests that bring no `Authorization` of their own. Many requests that are
/// refused at once wait for one refresh. A request whose body was a stream that can be taken once is not asked again:
/// the 401 is its response, and the next request has the new token.
///
/// It goes around the call ([`Config::middleware`](crate::Config::middleware)), where no permit is held: the refresh may
/// ask by the same session.
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
}

impl<R: Refresh> AuthRefresh<R> {
    /// Tokens from this source for the origin of this URL.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUrl`](crate::ErrorKind::InvalidUrl).
    pub fn new(origin: &str, source: R) -> Result<Self> {
        let origin = Url::parse(origin)?.origin().into_owned();
        Ok(Self { origin, source, token: Mutex::default(), refreshing: AsyncMutex::new(()) })
    }

    /// Begins with this token.
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        *self.current_mut() = Some(token.into());
        self
    }

    fn current_mut(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that is not this one.
    async fn other_than(&self, stale: Option<&str>) -> Result<String> {
        let _refreshing = self.refreshing.lock().await;
        // Another request may have waited for it already.
        if let Some(token) = self.current_mut().as_deref().filter(|token| stale != Some(token)) {
            return Ok(token.to_owned());
        }
        let token = self.source.refresh(stale).await?;
        *self.current_mut() = Some(token.clone());
        Ok(token)
    }
}

impl<R: Refresh> Middleware for AuthRefresh<R> {
    fn handle<'a>(&'a self, request: Request, mut next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            if request.headers().contains_key(AUTHORIZATION) || request.url().origin() != self.origin {
                return next.run(request).await;
            }
            let known = self.current_mut().clone();
            let token = match known {
                Some(token) => token,
                None => self.other_than(None).await?,
            };
            let response = next.run(with(&request, bearer(&token)?)).await?;
            // The answer of another origin, after a redirect, says nothing of our token.
            let is_refused =
                response.status() == StatusCode::UNAUTHORIZED && response.url().origin() == self.origin;
            if !is_refused {
                return Ok(response);
            }
            if request.body().is_consumed() {
                let renewed = self.other_than(Some(&token)).await;
                return renewed.map(|_| response);
            }
            drop(response);
            let token = self.other_than(Some(&token)).await?;
            next.run(with(&request, bearer(&token)?)).await
        })
    }
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
