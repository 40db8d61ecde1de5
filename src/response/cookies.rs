//! The cookies that one response sets.

use http::header::SET_COOKIE;

use crate::cookies::SetCookie;

use super::Response;

impl Response {
    /// The cookies that this response asks to keep: its `Set-Cookie` fields, but for those that are malformed. Whether
    /// they were kept is the jar's to say. A browser shows none.
    ///
    /// Those of the redirects before it are in the fields of [`history`](Self::history), and in the jar.
    pub fn cookies(&self) -> impl Iterator<Item = SetCookie> {
        let fields = self.headers().get_all(SET_COOKIE).iter();
        fields.filter_map(|field| SetCookie::parse(field.as_bytes()).ok())
    }
}
