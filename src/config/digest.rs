//! Digest authentication as a session's setting.

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::middleware::{DigestAuth, Layers};

use super::Config;

impl Config {
    /// Digest authentication (RFC 7616) at the origin of the [`base_url`](Self::base_url), with every request there that
    /// has no `Authorization` of its own: see [`DigestAuth`], which this adds as the last of the session's
    /// [`hop_middleware`](Self::hop_middleware). For another origin, or for several, add those. Crate feature `digest`.
    ///
    /// Without a `base_url`, or with a user name that has a colon or a control character, [`build`](Self::build) fails with
    /// [`ErrorKind::InvalidOption`].
    ///
    /// ```
    /// use dualfetch::DefaultSession;
    ///
    /// let session = DefaultSession::builder().base_url("https://api.example/").digest_auth("me", "secret").build()?;
    /// # let _ = session;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn digest_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.digest = Some(Arc::new((user.into(), password.into())));
        self
    }

    pub(super) fn check_digest(&self) -> Result<()> {
        if self.digest.is_some() && self.base_url.is_none() {
            return Err(Error::new(ErrorKind::InvalidOption { option: "digest_auth" })
                .with_message("it is for the origin of base_url, which is not set; else use DigestAuth"));
        }
        Ok(())
    }

    /// What goes around calls and attempts, with what other settings bring.
    pub(crate) fn all_layers(&self) -> Result<Cow<'_, Layers>> {
        let (Some(login), Some(base)) = (&self.digest, &self.base_url) else {
            return Ok(Cow::Borrowed(&self.layers));
        };
        let mut layers = self.layers.clone();
        layers.hop.push(Arc::new(DigestAuth::at(base, login.0.clone(), login.1.clone())?));
        Ok(Cow::Owned(layers))
    }

    /// User and password were another configuration's, for another origin.
    pub(super) fn forget_digest_of(&mut self, old: &Self) {
        let is_same = |own: &mut Arc<_>| old.digest.as_ref().is_some_and(|old| Arc::ptr_eq(own, old));
        self.digest.take_if(is_same);
    }
}
