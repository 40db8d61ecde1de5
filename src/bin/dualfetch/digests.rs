//! Digest authentication at every host that is asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use dualfetch::middleware::DigestAuth;
use dualfetch::{Result, Url};

/// One user, known at each origin by the nonces of that one.
#[derive(Clone)]
pub(crate) struct Digests {
    user: String,
    password: String,
    known: Arc<Mutex<BTreeMap<String, Arc<DigestAuth>>>>,
}

/// How many origins are kept: those of a long list are asked once each, or often.
const MOST: usize = 1_000;

impl Digests {
    /// Of `user:password`.
    pub(crate) fn new(text: &str) -> Self {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Self { user: user.to_owned(), password: password.to_owned(), known: Arc::default() }
    }

    /// For the origin of this URL.
    pub(crate) fn of(&self, url: &Url) -> Result<Arc<DigestAuth>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(auth) = known.get(&*url.origin()) {
            return Ok(Arc::clone(auth));
        }
        if known.len() >= MOST {
            known.clear();
        }
        let auth = Arc::new(DigestAuth::new(url.as_str(), &*self.user, &*self.password)?);
        known.insert(url.origin().into_owned(), Arc::clone(&auth));
        Ok(auth)
    }
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digests(***)")
    }
}
