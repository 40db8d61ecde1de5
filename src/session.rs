//! [`Session`]: sending a request, and the verbs on top.

use std::future::{Future, IntoFuture, ready};
use std::time::Duration;

use futures_util::future::Either;
use http::Method;

use crate::error::Result;
use crate::into_url::IntoUrl;
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::policy::scheduler::Limits;
use crate::request::{Request, RequestBuilder};
use crate::response::Response;
use crate::url::Url;

/// What can send requests: one implementation, [`Client`](crate::Client), on every platform.
///
/// A verb gives a builder that is sent by awaiting it:
///
/// ```
/// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
/// # let backend = Scripted::new(1);
/// # backend.on("https://example.com/", Reply::ok("hello"));
/// # let session = Client::with_backend(Config::new(), backend.clone())?;
/// # backend.run(async {
/// let text = session.get("https://example.com/").header("accept-language", "en").await?.text().await?;
/// # assert_eq!(text, "hello");
/// # Ok::<(), dualfetch::Error>(())
/// # })?;
/// # Ok::<(), dualfetch::Error>(())
/// ```
///
/// A builder borrows its session. For a task of its own, move a clone in, which is the same session:
/// `let session = session.clone(); tokio::spawn(async move { session.get(url).await })`.
pub trait Session: MaybeSend + MaybeSync {
    /// Sends a request, following redirects, and gives the response as soon as its head is there.
    ///
    /// # Errors
    /// Each [`ErrorKind`](crate::ErrorKind) says when it occurs. A status of 400 or more is no error, unless
    /// `raise_for_status` is set.
    ///
    /// # Cancellation
    /// Dropping the future ends the request and gives its permit, or its place in the line, back.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response>> + MaybeSend;

    /// How many requests may be under way: what batches take as their measure.
    fn limits(&self) -> Limits;

    /// The session's clock, which never goes back.
    fn now(&self) -> Duration;

    /// Waits for so long on the session's clock: what downloads pause by. A session that does not know how is not paused.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let _ = duration;
        Box::pin(ready(()))
    }

    /// What URLs that are not absolute are resolved against: [`Config::base_url`](crate::Config::base_url).
    fn base_url(&self) -> Option<&Url> {
        None
    }

    /// A request by any method.
    fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder<&Self> {
        RequestBuilder::new(self, method, url, self.base_url())
    }

    /// A GET request.
    fn get(&self, url: impl IntoUrl) -> RequestBuilder<&Self> {
        self.request(Method::GET, url)
    }

    /// A HEAD request.
    fn head(&self, url: impl IntoUrl) -> RequestBuilder<&Self> {
        self.request(Method::HEAD, url)
    }

    /// An OPTIONS request.
    fn options(&self, url: impl IntoUrl) -> RequestBuilder<&Self> {
        self.request(Method::OPTIONS, url)
    }

    /// A POST request.
    fn post(&self, url: impl IntoUrl) -> RequestBuilder<&Self> {
        self.request(Method::POST, url)
    }

    /// A PUT request.
    fn put(&self, url: impl IntoUrl) -> RequestBuilder<&Self> {
        self.request(Method::PUT, url)
    }

    /// A PATCH request.
    fn patch(&self, url: impl IntoUrl) -> RequestBuilder<&Self> {
        self.request(Method::PATCH, url)
    }

    /// A DELETE request.
    fn delete(&self, url: impl IntoUrl) -> RequestBuilder<&Self> {
        self.request(Method::DELETE, url)
    }
}

impl<'a, S: Session + ?Sized> RequestBuilder<&'a S> {
    /// Sends the request: [`Session::send`]. Awaiting the builder does the same.
    ///
    /// # Errors
    /// The first bad input of the builder, or those of [`Session::send`].
    ///
    /// # Cancellation
    /// As that of [`Session::send`].
    pub fn send(self) -> impl Future<Output = Result<Response>> + MaybeSend + use<'a, S> {
        match self.request {
            Ok(request) => Either::Left(self.session.send(request)),
            Err(error) => Either::Right(ready(Err(error))),
        }
    }
}

impl<'a, S: Session + ?Sized> IntoFuture for RequestBuilder<&'a S> {
    type Output = Result<Response>;
    type IntoFuture = BoxFuture<'a, Result<Response>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
