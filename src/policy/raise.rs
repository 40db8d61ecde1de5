//! Which statuses are errors.

use std::fmt;
use std::sync::Arc;

use crate::error::{ErrorKind, Result};
use crate::head::Head;

/// Whether a response's head is an error: never, from status 400 on, or by a function of one's own.
///
/// ```
/// use dualfetch::{DefaultSession, ErrorKind, RaiseForStatus};
///
/// // A page that is not there is an answer, too; everything else of 400 and more is an error.
/// let policy = RaiseForStatus::by(|head| match head.status.as_u16() {
///     404 | ..400 => Ok(()),
///     _ => Err(ErrorKind::Status(head.status).into()),
/// });
/// let session = DefaultSession::builder().raise_for_status(policy).build()?;
/// # let _ = session;
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct RaiseForStatus(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    Off,
    On,
    By(Arc<dyn Judge>),
}

trait Judge: Send + Sync {
    fn judge(&self, head: &Head) -> Result<()>;
}

impl<F: Fn(&Head) -> Result<()> + Send + Sync> Judge for F {
    fn judge(&self, head: &Head) -> Result<()> {
        self(head)
    }
}

impl RaiseForStatus {
    /// What the function says: its error is what the request ends with, the URL added.
    #[must_use]
    pub fn by(judge: impl Fn(&Head) -> Result<()> + Send + Sync + 'static) -> Self {
        Self(Kind::By(Arc::new(judge)))
    }

    /// Judges a head.
    ///
    /// # Errors
    /// [`ErrorKind::Status`], or the own function's.
    pub fn judge(&self, head: &Head) -> Result<()> {
        match &self.0 {
            Kind::On if head.status.as_u16() >= 400 => Err(ErrorKind::Status(head.status).into()),
            Kind::Off | Kind::On => Ok(()),
            Kind::By(judge) => judge.judge(head),
        }
    }
}

/// From status 400 on, or never.
impl From<bool> for RaiseForStatus {
    fn from(raise: bool) -> Self {
        Self(if raise { Kind::On } else { Kind::Off })
    }
}

impl fmt::Debug for RaiseForStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Off => "Off",
            Kind::On => "On",
            Kind::By(_) => "By(function)",
        })
    }
}
