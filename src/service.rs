//! A session as a `tower_service::Service` (crate feature `tower`), so that tower's layers go around it.
//!
//! A [`Client`], a [`DynSession`], and references to them are services of [`Request`], answering with a [`Response`],
//! and of `http::Request` with a body of bytes, text, [`Body`] or `()`, answering with an
//! `http::Response<ResponseBody>`; how one becomes the other is told at their `TryFrom`. Any other body is collected
//! first: `request.into_body().collect().await?.to_bytes()`. The futures are boxed and, but for a reference's, borrow
//! nothing.
//!
//! # Back-pressure
//! A service is ready at once, always: the limits are the session's, and what is over them waits in the session's own
//! line, fair between hosts, which a service that knows no URL yet could not be. What waits is bounded by a layer of
//! tower's (`ConcurrencyLimit`, `LoadShed`) or by how much is called. A session that was closed is ready, too, and
//! its calls fail with [`Closed`](crate::ErrorKind::Closed).
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
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! let session = Client::with_backend(Config::new(), platform.clone())?;
//! let mut service = ServiceBuilder::new().concurrency_limit(2).service(session);
//! # platform.run(async {
//! // Which of the two requests it is to be ready for has to be said.
//! let ready = ServiceExt::<http::Request<()>>::ready(&mut service).await?;
//! let response = ready.call(http::Request::get("https://example.com/").body(())?).await?;
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
use crate::error::{Error, Result};
use crate::maybe::BoxFuture;
use crate::platform::Backend;
use crate::request::Request;
use crate::response::{Response, ResponseBody};
use crate::session::Session;

/// A session as both kinds of service.
macro_rules! services {
    ($([$($parameters:tt)*] $session:ty, $borrowed:lifetime;)*) => {$(
        impl<$($parameters)*> Service<Request> for $session {
            type Response = Response;
            type Error = Error;
            type Future = BoxFuture<$borrowed, Result<Response>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Request) -> Self::Future {
                let session = <Self as Clone>::clone(self);
                Box::pin(async move { session.send(request).await })
            }
        }

        impl<$($parameters)* T: Into<Body>> Service<http::Request<T>> for $session {
            type Response = http::Response<ResponseBody>;
            type Error = Error;
            type Future = BoxFuture<$borrowed, Result<Self::Response>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: http::Request<T>) -> Self::Future {
                let (session, request) = (<Self as Clone>::clone(self), Request::try_from(request));
                Box::pin(async move { Ok(session.send(request?).await?.into()) })
            }
        }
    )*};
}

services! {
    [B: Backend,] Client<B>, 'static;
    ['a, B: Backend,] &'a Client<B>, 'a;
    [] DynSession, 'static;
    ['a,] &'a DynSession, 'a;
}
