//! A session as a `tower_service::Service` (crate feature `tower`), so that tower's layers go around it.
//!
//! A [`Client`], a reference to one, and a [`DynSession`] are services of [`Request`], answering with a [`Response`],
//! and of `http::Request` with a body of bytes, text, [`Body`] or `()`, answering with an
//! `http::Response<ResponseBody>`; how one becomes the other is told at their `TryFrom`. The futures are boxed and, but
//! for a reference's, borrow nothing.
//!
//! # Back-pressure
//! A service is ready at once, always: the limits are the session's, and what is over them waits in the session's own
//! line, fair between hosts, which a service that knows no URL yet could not be. What waits is bounded by a layer of
//! tower's (`ConcurrencyLimit`, `LoadShed`) or by how much is called. Only a [`Client`] that was closed is not ready:
//! it fails with [`Closed`](crate::ErrorKind::Closed).
//!
//! # Cancellation
//! Dropping a call's future ends the request and gives its permit, or its place in line, back, as dropping
//! [`Session::send`]'s does.
//!
//! ```
//! # use dualfetch::{Client, Config, platform::scripted::{Reply, Scripted}};
//! # let platform = Scripted::new(1);
//! # platform.on("https://example.com/", Reply::ok("hello"));
//! use http_body_util::BodyExt;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! let session = Client::with_backend(Config::new(), platform.clone())?;
//! let service = ServiceBuilder::new().concurrency_limit(2).service(session);
//! # platform.run(async {
//! let response = service.oneshot(http::Request::get("https://example.com/").body(())?).await?;
//! assert_eq!(response.into_body().collect().await?.to_bytes(), "hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::task::{Context, Poll};

use tower_service::Service;

use crate::body::Body;
use crate::client::Client;
use crate::dyn_session::DynSession;
use crate::error::{Error, ErrorKind, Result};
use crate::maybe::BoxFuture;
use crate::platform::Backend;
use crate::request::Request;
use crate::response::{Response, ResponseBody};
use crate::session::Session;

impl<B: Backend> Service<Request> for Client<B> {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        readiness(self)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let session = self.clone();
        Box::pin(async move { session.send(request).await })
    }
}

impl<'a, B: Backend> Service<Request> for &'a Client<B> {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<'a, Result<Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        readiness(self)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Service<Request> for DynSession {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let session = self.clone();
        Box::pin(async move { session.send(request).await })
    }
}

impl<B: Backend, T: Into<Body>> Service<http::Request<T>> for Client<B> {
    type Response = http::Response<ResponseBody>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        readiness(self)
    }

    fn call(&mut self, request: http::Request<T>) -> Self::Future {
        let (session, request) = (self.clone(), Request::try_from(request));
        Box::pin(async move { Ok(session.send(request?).await?.into()) })
    }
}

impl<'a, B: Backend, T: Into<Body>> Service<http::Request<T>> for &'a Client<B> {
    type Response = http::Response<ResponseBody>;
    type Error = Error;
    type Future = BoxFuture<'a, Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        readiness(self)
    }

    fn call(&mut self, request: http::Request<T>) -> Self::Future {
        let (session, request) = (*self, Request::try_from(request));
        Box::pin(async move { Ok(session.send(request?).await?.into()) })
    }
}

impl<T: Into<Body>> Service<http::Request<T>> for DynSession {
    type Response = http::Response<ResponseBody>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<T>) -> Self::Future {
        let (session, request) = (self.clone(), Request::try_from(request));
        Box::pin(async move { Ok(session.send(request?).await?.into()) })
    }
}

/// A service that fails here will never be ready again, which is what being closed means.
fn readiness<B: Backend>(session: &Client<B>) -> Poll<Result<()>> {
    Poll::Ready(match session.is_closed() {
        true => Err(ErrorKind::Closed.into()),
        false => Ok(()),
    })
}
