//! What a request becomes as it is sent.

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::head::is_secret;
use crate::platform::Backend;
use crate::policy::redirect;
use crate::request::Request;

use super::{Shared, cookies};

/// The request as it is sent: the session's header fields added where it has none of the name, and cookies.
pub(super) fn as_sent<B: Backend>(request: &Request, shared: &Shared<B>) -> Request {
    let config = &shared.config;
    /// How many fields a platform may add, so that the map need not grow for them.
    const ADDED: usize = 3;
    let (own, defaults) = (&request.headers, &config.headers);
    let is_elsewhere = request.has_left_origin
        || config.base_url.as_ref().is_some_and(|base| base.origin() != request.url.origin());
    let mut headers = HeaderMap::with_capacity(defaults.len() + own.len() + ADDED);
    for (name, value) in defaults {
        let stays_behind = is_elsewhere && redirect::is_for_one_origin(name);
        let is_skipped = request.options.skips(name) && config.automatic.contains(name)
            || request.has_own_login() && *name == AUTHORIZATION;
        if !stays_behind && !is_skipped && !own.contains_key(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    for (name, value) in own {
        let mut value = value.clone();
        if is_secret(name) {
            value.set_sensitive(true);
        }
        headers.append(name.clone(), value);
    }
    let mut sent = Request {
        method: request.method.clone(),
        url: request.url.clone(),
        headers,
        body: request.body.clone(),
        options: Arc::clone(&request.options),
        extensions: request.extensions.clone(),
        attached: None,
        progress: None,
        watch: request.watch.clone(),
        ..*request
    };
    cookies::add(shared, &mut sent);
    sent
}
