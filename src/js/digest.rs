//! Digest authentication as `pkg/src/defaults.js` hands it over: user and password with each request, known at each
//! origin while the session is there.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::Result;
use crate::maybe::BoxFuture;
use crate::middleware::{DigestAuth, Middleware, Next};
use crate::request::Request;
use crate::response::Response;
use crate::url::Url;

/// How many are kept: the one that has been idle longest goes first, and is challenged again.
const MOST: usize = 1000;

/// User and password, as a request carries them.
#[derive(Clone, PartialEq, Eq)]
struct Login(Vec<String>);

/// Gives a request whom it is to answer for, in place of what stands in its URL.
pub(super) fn give(request: &mut Request, login: Vec<String>) {
    request.has_own_login = true;
    request.extensions_mut().insert(Login(login));
}

/// A session's: what answers for the requests that carry a login.
#[derive(Default)]
pub(super) struct Logins(RefCell<VecDeque<Known>>);

struct Known {
    origin: String,
    login: Login,
    auth: Arc<DigestAuth>,
}

impl Logins {
    /// The same for requests of the same user to the same origin, so that they are challenged once.
    fn auth(&self, url: &Url, login: &Login) -> Result<Arc<DigestAuth>> {
        let mut all = self.0.borrow_mut();
        let found = all.iter().rposition(|known| known.origin == url.origin() && known.login == *login);
        let known = match found.and_then(|at| all.remove(at)) {
            Some(known) => known,
            None => {
                let [user, password] = [0, 1].map(|at| login.0.get(at).cloned().unwrap_or_default());
                let auth = Arc::new(DigestAuth::at(url, user, password)?);
                Known { origin: url.origin().into_owned(), login: login.clone(), auth }
            }
        };
        let auth = Arc::clone(&known.auth);
        if all.len() == MOST {
            all.pop_front();
        }
        all.push_back(known);
        Ok(auth)
    }
}

impl Middleware for Logins {
    fn handle<'a>(&'a self, request: Request, mut next: Next<'a>) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            match request.extensions().get::<Login>() {
                // Where it has left its origin, it is nobody's any more.
                Some(login) if !request.has_left_origin => {
                    let auth = self.auth(&request.url, login)?;
                    auth.answer(request, next).await
                }
                _ => next.run(request).await,
            }
        })
    }
}
