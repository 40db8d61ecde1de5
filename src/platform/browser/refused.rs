//! Which header fields this platform refuses to send.

use std::cell::RefCell;

use http::{HeaderMap, HeaderName};
use js_sys::Array;
use web_sys::RequestInit;

use super::globals::{Asked, fields_of};

/// Found out by handing a field to a `Request` and reading it back: a page drops what it forbids without a word (WHATWG
/// Fetch, "forbidden request-header"). Each name is tried once, and kept in order.
#[derive(Default)]
pub(super) struct Refused(RefCell<Vec<(HeaderName, bool)>>);

/// Whether these are refused depends on the value: they may not smuggle a forbidden method in.
const BY_VALUE: [&str; 3] = ["x-http-method", "x-http-method-override", "x-method-override"];

impl Refused {
    /// The first field that would not be sent.
    pub(super) fn first<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderName> {
        headers
            .iter()
            .find(|(name, value)| {
                let mut known = self.0.borrow_mut();
                let place = known.binary_search_by(|(known, _)| known.as_str().cmp(name.as_str()));
                let place = match place {
                    Ok(place) => return known[place].1,
                    Err(place) => place,
                };
                let refused = is_dropped(name, &super::fetch::text(value.as_bytes()));
                if !BY_VALUE.contains(&name.as_str()) {
                    known.insert(place, ((*name).clone(), refused));
                }
                refused
            })
            .map(|(name, _)| name)
    }
}

fn is_dropped(name: &HeaderName, value: &str) -> bool {
    let fields: Array = fields_of([(name.as_str(), value.to_owned())].into_iter());
    let init = RequestInit::new();
    init.set_headers(&fields);
    // Where there is no Request to ask, fetch has the last word.
    let Ok(asked) = Asked::new("http://localhost/", &init) else { return false };
    !asked.headers().has(name.as_str()).unwrap_or(true)
}
