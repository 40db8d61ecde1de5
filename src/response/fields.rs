//! What a response's header fields and its connection tell, read.

use std::sync::Arc;

use http::header::{CONTENT_DISPOSITION, LINK};
use http::{HeaderMap, Version};

use crate::charset::mime;
use crate::connection::ConnectionInfo;
use crate::fields::{self, ContentDisposition, Link};
use crate::head::Reason;

use super::Response;

impl Response {
    /// The reason phrase as the server sent it, which only HTTP/1 has (RFC 9112, section 4). `None` where none came: over
    /// HTTP/2, where it was left empty, where it is not ASCII, and in a browser, of which it is not asked. What a status is
    /// called otherwise, [`StatusCode::canonical_reason`](http::StatusCode::canonical_reason) says.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        let told = match self.extensions().get::<Reason>() {
            Some(Reason(reason)) => Some(reason.as_str()),
            None if self.version() < Version::HTTP_2 && self.connection().is_some() => {
                self.status().canonical_reason()
            }
            None => None,
        };
        told.filter(|reason| !reason.is_empty())
    }

    /// The media type of `Content-Type` without its parameters, in lower case: `text/html`. Read as the
    /// [MIME Sniffing standard] says; `None` where there is none, or it is malformed.
    ///
    /// [MIME Sniffing standard]: https://mimesniff.spec.whatwg.org/#parse-a-mime-type
    #[must_use]
    pub fn mime_type(&self) -> Option<String> {
        mime::extract(self.content_type()?).map(|media_type| media_type.essence)
    }

    /// The `charset` of `Content-Type` as it was declared; which encoding [`text`](Self::text) reads a body by depends on
    /// more.
    ///
    /// ```
    /// use dualfetch::{Response, Url};
    ///
    /// let made = http::Response::builder()
    ///     .header("content-type", "Text/HTML; Charset=\"ISO-8859-1\"")
    ///     .header("content-disposition", "attachment; filename*=UTF-8''na%C3%AFve.html")
    ///     .header("link", "<?page=2>; rel=next, <?page=9>; rel=last")
    ///     .extension(Url::parse("https://example.com/list")?)
    ///     .body(())?;
    /// let response = Response::try_from(made)?;
    /// assert_eq!(response.mime_type().as_deref(), Some("text/html"));
    /// assert_eq!(response.charset().as_deref(), Some("ISO-8859-1"));
    /// assert_eq!(response.content_disposition().and_then(|d| d.safe_file_name()).as_deref(), Some("naïve.html"));
    /// let next = response.link("next").ok_or("no next page")?;
    /// assert_eq!(next.url().as_str(), "https://example.com/list?page=2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn charset(&self) -> Option<String> {
        mime::extract(self.content_type()?)?.charset
    }

    /// The `Content-Disposition`: whether the body is to be saved, and under which name. `None` where there is none. A page
    /// sees it of its own origin, or where CORS exposes it.
    #[must_use]
    pub fn content_disposition(&self) -> Option<ContentDisposition> {
        let value = self.headers().get(CONTENT_DISPOSITION)?;
        Some(ContentDisposition::parse(&fields::text(value)))
    }

    /// The links in the header fields (RFC 8288), their URLs made absolute by the response's; what is malformed is left
    /// out, and so is what comes after the first 256. A page sees them as it sees
    /// [`content_disposition`](Self::content_disposition).
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        // A link has no right to the credentials of who asked.
        let Ok(base) = self.url.without_userinfo() else { return Vec::new() };
        Link::all(self.headers().get_all(LINK).iter().map(fields::text), &base)
    }

    /// The first of the [links](Self::links) that leads from this response and is of this relation: `next`, `prev`, …
    #[must_use]
    pub fn link(&self, rel: &str) -> Option<Link> {
        self.links().into_iter().find(|link| link.anchor().is_none() && link.has_rel(rel))
    }

    /// The trailers (RFC 9110, section 6.5), once the body has been read to its end by [`chunk`](Self::chunk) or another
    /// of the readers that leave the response; `None` before, and where none came. Of HTTP/1.1 and HTTP/2 natively; a
    /// browser shows none. At most 16 KiB of them are taken, else the body's end is a
    /// [`Protocol`](crate::ErrorKind::Protocol) error.
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::ok("data").trailer("digest", "abc"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # platform.run(async {
    /// let mut response = session.get("https://example.com/").await?;
    /// while let Some(piece) = response.chunk().await? {
    ///     print!("{} bytes", piece.len());
    /// }
    /// let trailers = response.trailers().unwrap_or_default();
    /// assert_eq!(trailers["digest"], "abc");
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    #[must_use]
    pub fn trailers(&self) -> Option<HeaderMap> {
        self.body.trailers().map(Arc::unwrap_or_clone)
    }

    /// The connection by which it came: addresses and TLS. `None` in a browser, and for a response that was made by hand.
    #[must_use]
    pub fn connection(&self) -> Option<&ConnectionInfo> {
        self.extensions().get()
    }
}
