//! [`SetHeaders`]: header fields that are made for each request.

use std::fmt;

use http::{HeaderName, HeaderValue};

use crate::error::Result;
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::request::{Request, append};
use crate::response::Response;
use crate::url::Url;

use super::{Middleware, Next};

/// Sets header fields by a function of the request: an id, a date, a signature over what is sent.
///
/// As [`hop_middleware`](crate::Config::hop_middleware) it is asked for each attempt at each hop, and sees every field
/// that is sent but those the platform adds; also at hops that a redirect leads to, wherever that is: what is a secret,
/// or is signed, is to be bound [to one origin](Self::only_for). Fields that never change need no middleware:
/// [`Config::header`](crate::Config::header).
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use dualfetch::middleware::SetHeaders;
/// use dualfetch::{DefaultSession, HeaderName};
///
/// let count = AtomicU64::new(0);
/// let ids = SetHeaders::new(move |_| {
///     Ok(vec![(HeaderName::from_static("x-request-id"), count.fetch_add(1, Ordering::Relaxed).into())])
/// });
/// let session = DefaultSession::builder().hop_middleware(ids).build()?;
/// # let _ = session;
/// # Ok::<(), dualfetch::Error>(())
/// ```
pub struct SetHeaders<F> {
    fields: F,
    origin: Option<String>,
}

impl<F> SetHeaders<F>
where
    F: Fn(&Request) -> Result<Vec<(HeaderName, HeaderValue)>> + MaybeSend + MaybeSync,
{
    /// The fields that the function gives replace those of their names. Its error is the call's.
    pub fn new(fields: F) -> Self {
        Self { fields, origin: None }
    }

    /// Only for requests to the origin of this URL: others pass by untouched.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUrl`](crate::ErrorKind::InvalidUrl).
    pub fn only_for(self, origin: &str) -> Result<Self> {
        let origin = Url::parse(origin)?.origin().into_owned();
        Ok(Self { origin: Some(origin), ..self })
    }
}

impl<F> Middleware for SetHeaders<F>
where
    F: Fn(&Request) -> Result<Vec<(HeaderName, HeaderValue)>> + MaybeSend + MaybeSync,
{
    fn handle<'a>(&'a self, mut request: Request, mut next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            if self.origin.as_ref().is_none_or(|origin| request.url().origin() == *origin) {
                let fields = (self.fields)(&request)?;
                for (name, _) in &fields {
                    request.headers_mut().remove(name);
                }
                for (name, value) in fields {
                    append(request.headers_mut(), name, value)?;
                }
            }
            next.run(request).await
        })
    }
}

impl<F> fmt::Debug for SetHeaders<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetHeaders")
    }
}
