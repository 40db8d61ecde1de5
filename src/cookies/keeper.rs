//! What a session's store does at each hop, behind one pointer: where no session is given a store, as in a page, a
//! linker leaves all of it out.

use std::time::Duration;

use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};

use super::CookieStore;
use crate::maybe::{MaybeSend, MaybeSync};
use crate::url::Url;

pub(crate) trait Keeper: MaybeSend + MaybeSync {
    /// Adds the `Cookie` field to a request's, unless one was set by hand.
    fn fill(&self, headers: &mut HeaderMap, url: &Url, now: &dyn Fn() -> Duration);

    /// Keeps the cookies of an answer that sets some.
    fn keep(&self, headers: &HeaderMap, url: &Url, now: Duration);
}

pub(crate) struct Keeping<S>(pub(crate) S);

impl<S: CookieStore> Keeper for Keeping<S> {
    fn fill(&self, headers: &mut HeaderMap, url: &Url, now: &dyn Fn() -> Duration) {
        if !self.0.is_empty()
            && !headers.contains_key(COOKIE)
            && let Some(value) = self.0.cookie_header(url, now())
        {
            headers.insert(COOKIE, value);
        }
    }

    fn keep(&self, headers: &HeaderMap, url: &Url, now: Duration) {
        self.0.store_cookies(url, &mut headers.get_all(SET_COOKIE).iter(), now);
    }
}
