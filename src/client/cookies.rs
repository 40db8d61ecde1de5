//! Cookies on a request's way: what is sent at each attempt, and what is kept of each answer.

use std::sync::Arc;

#[cfg(feature = "digest")]
use http::header::COOKIE;
use http::header::SET_COOKIE;

use crate::config::Config;
use crate::cookies::Keeper;
use crate::error::{ErrorKind, Result};
use crate::head::Head;
use crate::options::Options;
use crate::platform::{Backend, Capabilities};
use crate::request::Request;
use crate::url::Url;

use super::Shared;

/// The session's own jar where no other was brought and the platform leaves cookies to us; it is made once, so that
/// sessions that are made of this one's settings share it.
///
/// # Errors
/// Cookies were asked for by name, and this build has no jar.
pub(super) fn with_store(mut config: Config, platform: &Capabilities) -> Result<Config> {
    if config.cookie_store.is_none() && platform.cookies {
        config.cookie_store = own_jar();
        if config.cookie_store.is_none() && config.options.cookies == Some(true) {
            return Err(ErrorKind::Unsupported { feature: "cookies", platform: "this build" }.into());
        }
    }
    Ok(config)
}

#[cfg(feature = "cookies")]
fn own_jar() -> Option<Arc<dyn Keeper>> {
    Some(Arc::new(crate::cookies::Keeping(crate::cookies::CookieJar::new())))
}

#[cfg(not(feature = "cookies"))]
fn own_jar() -> Option<Arc<dyn Keeper>> {
    None
}

fn keeper<'a, B: Backend>(shared: &'a Shared<B>, options: &Options) -> Option<&'a dyn Keeper> {
    shared.config.cookie_store.as_deref().filter(|_| options.cookies != Some(false))
}

/// Fills in the `Cookie` field of a request that is otherwise as it is sent. One that was set by hand stands in place of
/// what the store has; the request's own cookies come after either, and in place of those of the same name.
pub(super) fn add<B: Backend>(shared: &Shared<B>, request: &mut Request) {
    if let Some(keeper) = keeper(shared, &request.options) {
        #[cfg(feature = "digest")]
        {
            request.has_session_cookies = !request.headers.contains_key(COOKIE);
        }
        keeper.fill(&mut request.headers, &request.url, &|| shared.backend.unix_time());
    }
    if let Some(own) = &request.options.own_cookies {
        (own.merge)(&own.pairs, &mut request.headers);
    }
}

/// Fills it in anew: the answer to this request may have set some, and it is asked again.
#[cfg(feature = "digest")]
pub(super) fn add_again<B: Backend>(shared: &Shared<B>, request: &mut Request) {
    if request.has_session_cookies {
        request.headers.remove(COOKIE);
        add(shared, request);
    }
}

/// Keeps the cookies of an answer, whatever its status.
pub(super) fn keep<B: Backend>(shared: &Shared<B>, options: &Options, url: &Url, head: &Head) {
    if head.headers.contains_key(SET_COOKIE)
        && let Some(keeper) = keeper(shared, options)
    {
        keeper.keep(&head.headers, url, shared.backend.unix_time());
    }
}
