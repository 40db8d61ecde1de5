//! [`Netrc`] at work: who is asking, told at each hop.

use http::header::AUTHORIZATION;

use crate::error::Result;
use crate::maybe::BoxFuture;
use crate::netrc::Netrc;
use crate::request::{Request, basic};
use crate::response::Response;

use super::{Middleware, Next};

/// As [`hop_middleware`](crate::Config::hop_middleware) alone: around a call it would miss the hops of redirects.
impl Middleware for Netrc {
    fn handle<'a>(&'a self, mut request: Request, mut next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            if !request.headers.contains_key(AUTHORIZATION)
                && !request.options.skips(&AUTHORIZATION)
                && !request.has_own_login()
                // A redirect may lead from where nobody listens to where everybody may.
                && (!request.has_left_origin || request.url.scheme() == "https")
                // Whom a redirect leads to is not whom the caller meant by "everybody else".
                && let Some((user, password)) =
                    request.url.host().and_then(|host| self.of(host, !request.has_left_origin))
            {
                let value = basic(user, password)?;
                request.headers.insert(AUTHORIZATION, value);
            }
            next.run(request).await
        })
    }
}
