//! What to do with a 3xx: follow it, hand it out, or refuse it (RFC 9110, section 15.4; Fetch, section 4.4).

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE,
    COOKIE, HOST, HeaderMap, LOCATION, PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};
use http::{HeaderName, Method, StatusCode};

use crate::error::{Error, ErrorKind, Result};
use crate::url::Url;

/// What to do after a hop's answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Next {
    /// Ask again, like this.
    Follow(Redirected),
    /// The answer is final.
    Stop,
}

/// How the next hop differs from the last.
#[derive(Debug)]
#[non_exhaustive]
pub struct Redirected {
    /// Where to.
    pub url: Url,
    /// By which method.
    pub method: Method,
    /// Whether the body goes along.
    pub keep_body: bool,
    /// Whether scheme, host or port changed: credentials must not go along.
    pub cross_origin: bool,
}

/// Decides on the answer to a request for `url` by `method`.
///
/// 301 and 302 turn POST into GET, 303 turns all but HEAD into GET, 307 and 308 keep method and body. A 3xx without
/// `Location`, or of another status, is final.
///
/// # Errors
/// [`ErrorKind::Redirect`] when `Location` names no URL or one that is not http or https.
pub fn next(url: &Url, method: &Method, status: StatusCode, headers: &HeaderMap) -> Result<Next> {
    let to_get = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        StatusCode::SEE_OTHER => *method != Method::HEAD && *method != Method::GET,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
        _ => return Ok(Next::Stop),
    };
    let Some(location) = headers.get(LOCATION) else { return Ok(Next::Stop) };
    let target = target(url, location.as_bytes())?;
    Ok(Next::Follow(Redirected {
        cross_origin: target.origin() != url.origin(),
        url: target,
        method: if to_get { Method::GET } else { method.clone() },
        keep_body: !to_get,
    }))
}

/// Takes out what must not go to the next hop: credentials to another origin, and a body's headers without the body.
pub fn strip_headers(headers: &mut HeaderMap, next: &Redirected) {
    if next.cross_origin {
        for name in FOR_ONE_ORIGIN {
            headers.remove(name);
        }
    }
    if !next.keep_body {
        for name in [
            CONTENT_ENCODING,
            CONTENT_LANGUAGE,
            CONTENT_LENGTH,
            CONTENT_LOCATION,
            CONTENT_TYPE,
            TRANSFER_ENCODING,
        ] {
            headers.remove(name);
        }
    }
}

/// What is not for another origin: what proves who is asking, and the name of the origin that was left.
pub(crate) const FOR_ONE_ORIGIN: [HeaderName; 4] = [AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION];

/// Whether a header field stays behind when the origin is left.
pub(crate) fn is_for_one_origin(name: &HeaderName) -> bool {
    FOR_ONE_ORIGIN.contains(name)
}

/// `Location` resolved against the hop's URL, whose fragment it inherits. Bytes beyond ASCII are read as UTF-8, and
/// as Latin-1 where they are not, since servers send both.
fn target(url: &Url, location: &[u8]) -> Result<Url> {
    let text = match std::str::from_utf8(location) {
        Ok(text) => text.to_owned(),
        Err(_) => location.iter().map(|byte| char::from(*byte)).collect(),
    };
    let target =
        url.join(&text).and_then(|target| target.inheriting_fragment(url.fragment())).map_err(|error| {
            Error::new(ErrorKind::Redirect).with_message("Location names no URL").with_source(error)
        })?;
    match target.scheme() {
        "http" | "https" if target.host().is_some() => Ok(target),
        scheme => {
            Err(Error::new(ErrorKind::Redirect).with_message(format!("Location has the scheme {scheme:?}")))
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use http::HeaderValue;

    use super::*;

    fn decide(method: Method, status: u16, location: Option<&str>) -> Result<Next> {
        let mut headers = HeaderMap::new();
        if let Some(location) = location {
            headers.insert(LOCATION, HeaderValue::from_bytes(location.as_bytes()).expect("a header value"));
        }
        let url = Url::parse("https://a.example/dir/page?q#frag").expect("a URL");
        next(&url, &method, StatusCode::from_u16(status).expect("a status"), &headers)
    }

    fn follow(method: Method, status: u16, location: &str) -> Redirected {
        match decide(method, status, Some(location)) {
            Ok(Next::Follow(next)) => next,
            other => panic!("not followed: {other:?}"),
        }
    }

    #[test]
    fn methods_change_as_fetch_says() {
        for (method, status, expected) in [
            (Method::POST, 301, Method::GET),
            (Method::POST, 302, Method::GET),
            (Method::PUT, 302, Method::PUT),
            (Method::HEAD, 301, Method::HEAD),
            (Method::DELETE, 303, Method::GET),
            (Method::HEAD, 303, Method::HEAD),
            (Method::POST, 307, Method::POST),
            (Method::PATCH, 308, Method::PATCH),
        ] {
            let next = follow(method.clone(), status, "/x");
            assert_eq!(next.method, expected, "{method} {status}");
            assert_eq!(next.keep_body, method == expected, "{method} {status}");
        }
    }

    #[test]
    fn a_3xx_that_names_no_place_or_is_no_redirect_is_final() {
        assert!(matches!(decide(Method::GET, 302, None), Ok(Next::Stop)));
        assert!(matches!(decide(Method::GET, 304, Some("/x")), Ok(Next::Stop)));
        assert!(matches!(decide(Method::GET, 300, Some("/x")), Ok(Next::Stop)));
        assert!(matches!(decide(Method::GET, 200, Some("/x")), Ok(Next::Stop)));
    }

    #[test]
    fn location_is_resolved_and_inherits_the_fragment() {
        assert_eq!(follow(Method::GET, 302, "../up").url.as_str(), "https://a.example/up#frag");
        assert_eq!(follow(Method::GET, 302, "//b.example/#own").url.as_str(), "https://b.example/#own");
        assert_eq!(follow(Method::GET, 302, "/\u{e9}").url.path(), "/%C3%A9");
        assert_eq!(follow(Method::GET, 302, "").url.as_str(), "https://a.example/dir/page?q#frag");
    }

    #[test]
    fn another_scheme_host_or_port_is_another_origin() {
        for (to, cross) in [
            ("/same", false),
            ("https://a.example:443/", false),
            ("http://a.example/", true),
            ("https://a.example:8443/", true),
            ("https://b.example/", true),
        ] {
            assert_eq!(follow(Method::GET, 302, to).cross_origin, cross, "{to}");
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for to in ["ftp://a.example/", "file:///etc/passwd", "javascript:alert(1)", "data:,x", "http://[bad"]
        {
            let error = decide(Method::GET, 302, Some(to)).expect_err(to);
            assert_eq!(*error.kind(), ErrorKind::Redirect, "{to}");
        }
    }

    #[test]
    fn credentials_stay_with_their_origin_and_body_headers_with_their_body() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "a"),
            ("authorization", "b"),
            ("cookie", "c"),
            ("proxy-authorization", "d"),
            ("content-type", "text/plain"),
            ("x-kept", "1"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        strip_headers(&mut headers, &follow(Method::POST, 303, "https://b.example/"));
        assert_eq!(headers.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["x-kept"]);
    }
}
