//! [`DynSession`]: a session whose type is not told.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::maybe::{BoxFuture, MaybeSend, MaybeSync};
use crate::policy::scheduler::Limits;
use crate::request::Request;
use crate::response::Response;
use crate::session::Session;
use crate::url::Url;

/// Any [`Session`], behind one type: for struct fields and functions that shall not be generic.
///
/// It is a [`Session`] itself, so verbs, `titles` and `fetch_all` are there. Each request costs one allocation more.
/// A clone is the same session; when the last clone is dropped, so is the session inside. What only a
/// [`Client`](crate::Client) has, such as `close` and `figures`, is had from a clone of it that is kept beside.
///
/// ```
/// use dualfetch::{Client, Config, DynSession, Session, platform::scripted::{Reply, Scripted}};
///
/// struct Weather {
///     session: DynSession,
/// }
///
/// # let platform = Scripted::new(1);
/// # platform.on("https://weather.example/", Reply::ok("rain"));
/// let session = Client::with_backend(Config::new(), platform.clone())?;
/// let weather = Weather { session: session.into() };
/// # platform.run(async {
/// assert_eq!(weather.session.get("https://weather.example/").await?.text().await?, "rain");
/// # Ok::<(), dualfetch::Error>(())
/// # })?;
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone)]
pub struct DynSession(Arc<dyn Erased>);

impl DynSession {
    /// This session, its type forgotten. A [`Client`](crate::Client) does as well by `into()`.
    #[must_use]
    pub fn new(session: impl Session + 'static) -> Self {
        Self(Arc::new(session))
    }
}

impl Session for DynSession {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response>> + MaybeSend {
        self.0.send(request)
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }

    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.0.sleep(duration)
    }

    fn base_url(&self) -> Option<&Url> {
        self.0.base_url()
    }
}

impl fmt::Debug for DynSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynSession").field("limits", &self.0.limits()).finish_non_exhaustive()
    }
}

/// [`Session`] as far as it can be a trait object: the verbs stand on this.
trait Erased: MaybeSend + MaybeSync {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>>;
    fn limits(&self) -> Limits;
    fn now(&self) -> Duration;
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
    fn base_url(&self) -> Option<&Url>;
}

impl<S: Session> Erased for S {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(Session::send(self, request))
    }

    fn limits(&self) -> Limits {
        Session::limits(self)
    }

    fn now(&self) -> Duration {
        Session::now(self)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Session::sleep(self, duration)
    }

    fn base_url(&self) -> Option<&Url> {
        Session::base_url(self)
    }
}
