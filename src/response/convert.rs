//! [`Response`] to and from `http::Response`.

use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};

use crate::error::{Error, ErrorKind, Result};
use crate::head::{Head, Hop, hide_secrets};
use crate::url::Url;

use super::{Response, ResponseBody};

/// What a [`Response`] tells and an `http::Response` has no field for. It travels in its extensions.
#[derive(Clone, Debug)]
pub struct ResponseInfo {
    url: Url,
    history: Vec<Hop>,
    attempts: u32,
    elapsed: Duration,
    max_body: Option<u64>,
}

impl ResponseInfo {
    /// The URL that answered: [`Response::url`].
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The redirects followed on the way: [`Response::history`].
    #[must_use]
    pub fn history(&self) -> &[Hop] {
        &self.history
    }

    /// How many attempts the last hop took: [`Response::attempts`].
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// From the call to the head: [`Response::elapsed`].
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

/// The same response, its body still coming; what it has no field for is a [`ResponseInfo`] among its extensions.
///
/// Where the body was decompressed, `Content-Encoding` and `Content-Length`, which were about what was sent, are left
/// out: another would take them at their word. So is a backend's own
/// [supply](crate::decoding) of encodings: made a [`Response`] again, it is decoded by this build. Fields that hold
/// secrets are marked as sensitive.
impl From<Response> for http::Response<ResponseBody> {
    fn from(response: Response) -> Self {
        let Response { head, url, history, attempts, elapsed, max_body, decompresses, body, .. } = response;
        let mut headers = head.headers;
        let by_fields = || decompresses && !body.is_end_stream() && says_decoded(&headers);
        if head.is_decoded.unwrap_or_else(by_fields) {
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
        }
        let mut out = Self::new(ResponseBody::of(body, url.clone(), attempts));
        *out.status_mut() = head.status;
        *out.version_mut() = head.version;
        hide_secrets(&mut headers);
        *out.headers_mut() = headers;
        *out.extensions_mut() = head.extensions;
        out.extensions_mut().insert(ResponseInfo { url, history, attempts, elapsed, max_body });
        out
    }
}

/// The same response, as tests and middleware make them. Its body is bytes, text, `()` or a [`ResponseBody`], which any
/// `http_body::Body` becomes by `response.map(ResponseBody::new)`; it is taken as it is, not decompressed.
///
/// Its URL is that of a [`ResponseInfo`], or a [`Url`], among its extensions; all other extensions stay with it.
///
/// # Errors
/// [`ErrorKind::InvalidUrl`] when neither is there.
///
/// ```
/// use dualfetch::{Response, Url};
///
/// let made = http::Response::builder().status(404).extension(Url::parse("https://example.com/")?).body("not here")?;
/// let response = Response::try_from(made)?;
/// assert!(!response.ok());
/// assert_eq!(response.url().host(), Some("example.com"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<T: Into<ResponseBody>> TryFrom<http::Response<T>> for Response {
    type Error = Error;

    fn try_from(response: http::Response<T>) -> Result<Self> {
        let (mut parts, body) = response.into_parts();
        let info = parts.extensions.remove::<ResponseInfo>();
        let Some(url) =
            info.as_ref().map(|info| info.url.clone()).or_else(|| parts.extensions.remove::<Url>())
        else {
            return Err(Error::new(ErrorKind::InvalidUrl)
                .with_message("the http::Response tells none: put a dualfetch::Url into its extensions"));
        };
        let mut head = Head::new(StatusCode::OK);
        (head.status, head.version, head.headers) = (parts.status, parts.version, parts.headers);
        let mut out = Self::new(head, url, body.into().into_inner());
        hide_secrets(&mut out.head.headers);
        if let Some(ResponseInfo { history, attempts, elapsed, max_body, .. }) = info {
            out = out.with_way(history, attempts, elapsed).with_max_body(max_body);
        }
        out.head.extensions = parts.extensions;
        Ok(out)
    }
}

/// Whether a platform that decompresses, and does not tell, has done so: it leaves codings that it does not know.
fn says_decoded(headers: &HeaderMap) -> bool {
    const KNOWN: [&str; 6] = ["br", "deflate", "gzip", "identity", "x-gzip", "zstd"];
    let values = || headers.get_all(CONTENT_ENCODING).iter();
    values().next().is_some()
        && values().all(|value| {
            value.to_str().is_ok_and(|codings| {
                let mut codings = codings.split(',').map(str::trim_ascii);
                codings.all(|coding| KNOWN.iter().any(|known| coding.eq_ignore_ascii_case(known)))
            })
        })
}
