//! [`Part`]: one part, to be sent.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use crate::body::Body;
use crate::error::{Error, ErrorKind, Result};
use crate::fields::is_content_type;

use super::Multipart;
use super::types::type_of;

/// One part of a [`Form`](super::Form) or a [`Multipart`]: what it holds, and what is said of it.
///
/// The first bad input is kept and comes out where the whole is encoded or sent.
#[derive(Clone)]
#[must_use = "a part does nothing until it is sent"]
pub struct Part {
    pub(super) content: Content,
    pub(super) file_name: Option<String>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// The value of its `Content-Disposition`, where a form sets it.
    pub(super) disposition: Option<Bytes>,
    /// What errors name it by.
    pub(super) label: Option<Arc<str>>,
    error: Option<Arc<Error>>,
}

#[derive(Clone)]
pub(super) enum Content {
    Body(Body),
    Multipart(Box<Multipart>),
}

impl Part {
    /// What this body gives: bytes, text, or a stream, with or without a length.
    pub fn new(body: impl Into<Body>) -> Self {
        Self::of(Content::Body(body.into()))
    }

    /// A text, in UTF-8. No type is said, which in a form means one.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(text.into())
    }

    /// These bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::new(bytes.into())
    }

    /// A file, as [`Body::file`] sends it, by the last part of its path for a name and the type that its ending commonly
    /// has; `application/octet-stream` by one that is not known here. Both can be set otherwise.
    ///
    /// Native. In a browser the request is [`ErrorKind::Unsupported`]: there a part is made of a `File` itself.
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let part = Self::new(Body::file(path)).content_type(type_of(path));
        match path.file_name() {
            Some(name) => part.file_name(name.to_string_lossy()),
            None => part,
        }
    }

    /// Parts in a part, of the type that they have: `multipart/mixed`, say.
    pub fn multipart(parts: Multipart) -> Self {
        Self::of(Content::Multipart(Box::new(parts)))
    }

    /// The name of the file it is. Folders are for the caller to take off: it is sent as it is given. Without a
    /// [`content_type`](Self::content_type) a form's file is `application/octet-stream`.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Its type, such as `image/png` or `text/plain; charset=utf-8`. What is none is [`ErrorKind::InvalidHeader`].
    pub fn content_type(self, content_type: impl AsRef<str>) -> Self {
        let content_type = content_type.as_ref();
        match is_content_type(content_type) {
            true => self.header(CONTENT_TYPE, content_type),
            false => self.failed(format!("{content_type:?} is no content type")),
        }
    }

    /// Sets a header field of the part, replacing one of this name. A name or value that HTTP does not allow is
    /// [`ErrorKind::InvalidHeader`], and so is the `Content-Disposition` of a form's part.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        let name = name.as_ref();
        let Ok(field) = HeaderName::from_bytes(name.as_bytes()) else {
            return self.failed(format!("{name:?} is not a header name"));
        };
        let Ok(value) = HeaderValue::from_bytes(value.as_ref()) else {
            return self.failed(format!("the value of {name:?} holds a control character"));
        };
        match self.headers.iter_mut().find(|(known, _)| *known == field) {
            Some((_, known)) => *known = value,
            None => self.headers.push((field, value)),
        }
        self
    }

    pub(super) fn header_named(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn is_multipart(&self) -> bool {
        matches!(self.content, Content::Multipart(_))
    }

    /// Keeps an error unless there is one.
    pub(super) fn fail(&mut self, error: Error) {
        self.error.get_or_insert_with(|| Arc::new(error));
    }

    pub(super) fn check(&self) -> Result<()> {
        let Some(error) = &self.error else { return Ok(()) };
        let message = error.message().unwrap_or_default();
        Err(Error::new(error.kind().clone()).with_message(match &self.label {
            Some(label) => format!("{label}: {message}"),
            None => message.to_owned(),
        }))
    }

    fn of(content: Content) -> Self {
        Self { content, file_name: None, headers: Vec::new(), disposition: None, label: None, error: None }
    }

    fn failed(mut self, message: String) -> Self {
        self.fail(Error::new(ErrorKind::InvalidHeader).with_message(message));
        self
    }
}

/// A part of what becomes a body.
impl<B: Into<Body>> From<B> for Part {
    fn from(body: B) -> Self {
        Self::new(body)
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Part");
        match &self.content {
            Content::Body(body) => out.field("content", body),
            Content::Multipart(parts) => out.field("content", parts),
        };
        out.field("file_name", &self.file_name).finish_non_exhaustive()
    }
}
