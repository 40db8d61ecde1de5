//! Cookies of one request.

use std::sync::Arc;

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

use crate::error::{Error, ErrorKind, Result};
use crate::options::OwnCookies;

use super::{Request, RequestBuilder};

impl<S> RequestBuilder<S> {
    /// Sends a cookie with this request, beside those that the session keeps and in place of one of this name, be it
    /// kept, in a `Cookie` field set by hand, or given before. The value is sent as it is, neither quoted nor encoded.
    ///
    /// It is not kept, and it does not go along when a redirect leaves the origin.
    ///
    /// A name that is empty or holds white space, `=`, `;` or a control character is [`ErrorKind::InvalidHeader`], and
    /// so is a value with `;` or a control character, or with a space at either end. In a page, whose browser sends its
    /// own cookies, it is [`ErrorKind::Unsupported`] when it is sent.
    ///
    /// ```
    /// use dualfetch::{ErrorKind, Method, Request};
    ///
    /// let request = Request::builder(Method::GET, "https://example.com/").cookie("theme", "dark").build()?;
    /// assert_eq!(request.cookies().collect::<Vec<_>>(), [("theme", &b"dark"[..])]);
    ///
    /// let error = Request::builder(Method::GET, "https://example.com/").cookie("a", "1; b=2").build().unwrap_err();
    /// assert_eq!(error.kind(), &ErrorKind::InvalidHeader);
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    pub fn cookie(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.change(|request| request.add_cookie(name.as_ref(), value.as_ref()))
    }

    /// Whether cookies of this request's answers are kept, and kept ones sent with it. The session's default: yes,
    /// where the platform leaves cookies to us. In a browser, which keeps its own, setting it is
    /// [`ErrorKind::Unsupported`].
    pub fn cookies(self, cookies: bool) -> Self {
        self.option(|options| options.cookies = Some(cookies))
    }
}

impl Request {
    /// The cookies that were set on this request: names and values.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let own = self.options.own_cookies.as_ref().map_or(&[][..], |own| own.pairs.as_bytes());
        own.split(|byte| *byte == b';').filter_map(|pair| {
            let pair = pair.trim_ascii();
            let at = pair.iter().position(|byte| *byte == b'=')?;
            Some((std::str::from_utf8(&pair[..at]).ok()?, &pair[at + 1..]))
        })
    }

    fn add_cookie(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let is_name = !name.is_empty()
            && !name.bytes().any(|byte| byte.is_ascii_control() || byte == b' ' || b"=;".contains(&byte));
        let is_value = value.trim_ascii() == value
            && !value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t' || *byte == b';');
        let invalid = |message| Err(Error::new(ErrorKind::InvalidHeader).with_message(message));
        match (is_name, is_value) {
            (false, _) => return invalid(format!("{name:?} is not a cookie's name")),
            (true, false) => {
                return invalid(format!("the value of the cookie {name:?} is not a cookie's value"));
            }
            (true, true) => {}
        }
        let mut all = Vec::new();
        for (earlier, value) in self.cookies().filter(|(earlier, _)| *earlier != name) {
            all.extend_from_slice(&[earlier.as_bytes(), b"=", value, b"; "].concat());
        }
        all.extend_from_slice(&[name.as_bytes(), b"=", value].concat());
        let Ok(mut all) = HeaderValue::from_bytes(&all) else {
            return invalid(format!("the value of the cookie {name:?} is not a cookie's value"));
        };
        all.set_sensitive(true);
        Arc::make_mut(&mut self.options).own_cookies = Some(Arc::new(OwnCookies { pairs: all, merge }));
        Ok(())
    }
}

/// Makes one field of what is there already, without what `own` has a cookie of the same name for, and `own`.
fn merge(own: &HeaderValue, headers: &mut HeaderMap) {
    let pairs = |value: &HeaderValue| -> Vec<Vec<u8>> {
        let pairs = value.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        pairs.filter(|pair| !pair.is_empty()).map(<[u8]>::to_vec).collect()
    };
    let own = pairs(own);
    let mut all: Vec<_> = headers.get_all(COOKIE).iter().flat_map(pairs).collect();
    all.retain(|pair| !own.iter().any(|own| name(own) == name(pair)));
    all.extend(own);
    if let Ok(mut value) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
        value.set_sensitive(true);
        headers.insert(COOKIE, value);
    }
}

/// A cookie without a name has its value alone.
fn name(pair: &[u8]) -> Option<&[u8]> {
    pair.iter().position(|byte| *byte == b'=').map(|end| &pair[..end])
}
