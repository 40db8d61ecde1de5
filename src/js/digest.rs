//! Digest authentication as `pkg/src/defaults.js` hands it over: user and password, known at each origin.

use std::cell::RefCell;
use std::sync::Arc;

use crate::error::Result;
use crate::middleware::DigestAuth;
use crate::url::Url;

/// How many are kept, of all sessions: the oldest goes first, and is challenged again.
const MOST: usize = 64;

/// Origin, user and password, and what is known there.
type Known = (String, Vec<String>, Arc<DigestAuth>);

thread_local! {
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

/// The same for requests of the same user to the same origin, so that they are challenged once.
pub(super) fn auth(url: &Url, login: Vec<String>) -> Result<Arc<DigestAuth>> {
    KNOWN.with_borrow_mut(|all| {
        let found = all.iter().find(|(origin, known, _)| *origin == url.origin() && *known == login);
        if let Some((_, _, auth)) = found {
            return Ok(Arc::clone(auth));
        }
        let [user, password] = [0, 1].map(|at| login.get(at).cloned().unwrap_or_default());
        let auth = Arc::new(DigestAuth::at(url, user, password)?);
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push((url.origin().into_owned(), login, Arc::clone(&auth)));
        Ok(auth)
    })
}
