//! Whether the caller wants a redirect followed.

use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode};

use crate::head::Hop;
use crate::url::Url;

/// Which redirects are followed, within `max_redirects`. Which of them *can* be, and how the request changes, is not a
/// matter of policy: see [`redirect`](super::redirect).
///
/// ```
/// use dualfetch::{DefaultSession, RedirectAction, RedirectPolicy};
///
/// let within_https = RedirectPolicy::by(|redirect| match (redirect.from.scheme(), redirect.to.scheme()) {
///     ("https", "http") => RedirectAction::Refuse,
///     _ => RedirectAction::Follow,
/// });
/// let session = DefaultSession::builder().redirect_policy(within_https).build()?;
/// # let _ = session;
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct RedirectPolicy(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    Follow,
    Stop,
    Refuse,
    SameOrigin,
    By(Arc<dyn Decide>),
}

/// What to do with a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectAction {
    /// Ask where it points.
    Follow,
    /// It is an error: [`ErrorKind::Redirect`](crate::ErrorKind::Redirect), which names the target.
    Refuse,
    /// It is the response.
    Stop,
}

/// A redirect that could be followed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Redirect<'a> {
    /// The status that redirects.
    pub status: StatusCode,
    /// The URL that answered.
    pub from: &'a Url,
    /// Where it points.
    pub to: &'a Url,
    /// By which method it would be asked.
    pub method: &'a Method,
    /// The redirects followed so far.
    pub history: &'a [Hop],
}

trait Decide: Send + Sync {
    fn decide(&self, redirect: &Redirect<'_>) -> RedirectAction;
}

impl<F: Fn(&Redirect<'_>) -> RedirectAction + Send + Sync> Decide for F {
    fn decide(&self, redirect: &Redirect<'_>) -> RedirectAction {
        self(redirect)
    }
}

impl RedirectPolicy {
    /// All of them. The default.
    #[must_use]
    pub fn follow() -> Self {
        Self(Kind::Follow)
    }

    /// None: the 3xx is the response.
    #[must_use]
    pub fn stop() -> Self {
        Self(Kind::Stop)
    }

    /// None: a redirect is an error.
    #[must_use]
    pub fn refuse() -> Self {
        Self(Kind::Refuse)
    }

    /// Those that keep scheme, host and port; any other is an error.
    #[must_use]
    pub fn same_origin() -> Self {
        Self(Kind::SameOrigin)
    }

    /// What the function says. It is asked for redirects within `max_redirects` alone.
    #[must_use]
    pub fn by(decide: impl Fn(&Redirect<'_>) -> RedirectAction + Send + Sync + 'static) -> Self {
        Self(Kind::By(Arc::new(decide)))
    }

    /// Whether it hands every 3xx out.
    pub(crate) fn is_stop(&self) -> bool {
        matches!(self.0, Kind::Stop)
    }

    /// Whether it is the one that a platform keeps which follows by itself.
    pub(crate) fn is_follow(&self) -> bool {
        matches!(self.0, Kind::Follow)
    }

    /// What it says to this redirect.
    #[must_use]
    pub fn decide(&self, redirect: &Redirect<'_>) -> RedirectAction {
        match &self.0 {
            Kind::Follow => RedirectAction::Follow,
            Kind::Stop => RedirectAction::Stop,
            Kind::Refuse => RedirectAction::Refuse,
            Kind::SameOrigin if redirect.from.origin() == redirect.to.origin() => RedirectAction::Follow,
            Kind::SameOrigin => RedirectAction::Refuse,
            Kind::By(decide) => decide.decide(redirect),
        }
    }
}

impl fmt::Debug for RedirectPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Follow => "Follow",
            Kind::Stop => "Stop",
            Kind::Refuse => "Refuse",
            Kind::SameOrigin => "SameOrigin",
            Kind::By(_) => "By(function)",
        })
    }
}
