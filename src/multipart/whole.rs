//! [`Multipart`]: parts as one body.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use memchr::memmem;

use crate::body::{Body, Piece};
use crate::error::{Error, ErrorKind, Result};
use crate::fields::is_token;

use super::boundary::{self, parameter};
use super::form::filename;
use super::part::Content;
use super::{Part, Quoting};

/// Bytes of this size are copied in between the others; larger ones are sent from where they are.
const COPIED: usize = 16 * 1024;

/// A body of parts of any `multipart/…` (RFC 2046, section 5.1): `mixed`, `related` (RFC 2387), `alternative`. For forms
/// there is [`Form`](super::Form).
///
/// ```
/// use dualfetch::multipart::{Multipart, Part};
///
/// let parts = Multipart::new("related")
///     .parameter("type", "application/json")
///     .part(Part::text(r#"{"name": "cat"}"#).content_type("application/json"))
///     .part(Part::bytes(b"...".as_slice()).content_type("image/png").header("content-id", "<cat>"));
/// let (body, content_type) = parts.boundary("next one").encode()?;
/// assert_eq!(content_type, "multipart/related; type=\"application/json\"; boundary=\"next one\"");
/// # assert!(body.as_bytes().unwrap().starts_with(b"--next one\r\nContent-Type: application/json\r\n\r\n{"));
/// # Ok::<(), dualfetch::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "parts do nothing until they are sent"]
pub struct Multipart {
    subtype: String,
    parameters: Vec<(String, String)>,
    parts: Vec<Part>,
    boundary: Option<String>,
}

impl Multipart {
    /// Of this subtype and no parts yet. What is none is [`ErrorKind::InvalidHeader`] when it is encoded.
    pub fn new(subtype: impl Into<String>) -> Self {
        Self::of(subtype, Vec::new(), None)
    }

    pub(super) fn of(subtype: impl Into<String>, parts: Vec<Part>, boundary: Option<String>) -> Self {
        Self { subtype: subtype.into(), parameters: Vec::new(), parts, boundary }
    }

    /// Adds a part. Its file name is sent as an `attachment`'s, unless it has a `Content-Disposition`.
    pub fn part(mut self, part: impl Into<Part>) -> Self {
        self.parts.push(part.into());
        self
    }

    /// Adds a parameter to the type. A name that is no token, or a value with control characters, is
    /// [`ErrorKind::InvalidHeader`] when it is encoded.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// What separates the parts: see [`Form::boundary`](super::Form::boundary).
    pub fn boundary(mut self, boundary: impl Into<String>) -> Self {
        self.boundary = Some(boundary.into());
        self
    }

    /// The body, and the `Content-Type` that goes with it.
    ///
    /// # Errors
    /// The first bad input: [`ErrorKind::InvalidHeader`] for the type, or a part's header field or type;
    /// [`ErrorKind::InvalidOption`] for the boundary.
    pub fn encode(self) -> Result<(Body, HeaderValue)> {
        let (pieces, content_type) = self.written(&[])?;
        Ok((pieces.into_body(), content_type))
    }

    /// `around` are the boundaries that were asked for of those it stands in.
    fn written(self, around: &[&str]) -> Result<(Pieces, HeaderValue)> {
        if !is_token(&self.subtype) {
            return Err(invalid(format!("\"multipart/{}\" is no content type", self.subtype)));
        }
        let within: Vec<&str> = around.iter().copied().chain(self.boundary.as_deref()).collect();
        let parts = self.parts.into_iter().map(|one| part(one, &within)).collect::<Result<Vec<_>>>()?;
        let boundary = chosen(self.boundary.as_deref(), &parts, around)?;
        let mut content_type = format!("multipart/{}", self.subtype);
        for (name, value) in &self.parameters {
            if !is_token(name) || name.eq_ignore_ascii_case("boundary") {
                return Err(invalid(format!("{name:?} is no parameter's name here")));
            }
            content_type.push_str(&format!("; {name}={}", parameter(value)));
        }
        content_type.push_str(&format!("; boundary={}", parameter(&boundary)));
        let Ok(content_type) = HeaderValue::from_str(&content_type) else {
            return Err(invalid("a parameter of \"content-type\" holds what is not ASCII".into()));
        };
        let mut pieces = Pieces::default();
        for part in parts {
            pieces.text(format!("--{boundary}\r\n").as_bytes());
            pieces.append(part);
            pieces.text(b"\r\n");
        }
        pieces.text(format!("--{boundary}--\r\n").as_bytes());
        Ok((pieces, content_type))
    }
}

/// The header fields and the content of a part.
fn part(part: Part, within: &[&str]) -> Result<Pieces> {
    part.check()?;
    let mut pieces = Pieces::default();
    let disposition = match (part.disposition, &part.file_name) {
        (Some(set), _) => Some(set),
        (None, Some(name)) if !part.headers.iter().any(|(known, _)| known == CONTENT_DISPOSITION) => {
            Some(Bytes::from(format!("attachment{}", filename(name, Quoting::Html))))
        }
        _ => None,
    };
    if let Some(disposition) = disposition {
        pieces.field(&CONTENT_DISPOSITION, &disposition);
    }
    let nested = match part.content {
        Content::Body(body) => Err(body),
        Content::Multipart(parts) => Ok(parts.written(within)?),
    };
    if let Ok((_, content_type)) = &nested {
        pieces.field(&CONTENT_TYPE, content_type.as_bytes());
    }
    // A nested multipart's own type, which knows the boundary, is the one.
    for (name, value) in part.headers.iter().filter(|(name, _)| nested.is_err() || *name != CONTENT_TYPE) {
        pieces.field(name, value.as_bytes());
    }
    pieces.text(b"\r\n");
    match nested {
        Ok((nested, _)) => pieces.append(nested),
        Err(body) => pieces.body(body, part.label),
    }
    Ok(pieces)
}

/// The boundary that was asked for, or one, that no part holds as far as that can be seen.
fn chosen(asked: Option<&str>, parts: &[Pieces], around: &[&str]) -> Result<String> {
    if let Some(asked) = asked {
        boundary::check(asked)?;
        return match parts.iter().any(|part| part.holds(asked)) {
            true => Err(boundary::invalid(format!("{asked:?} stands in one of the parts"))),
            false => Ok(asked.to_owned()),
        };
    }
    loop {
        let boundary = boundary::fresh(around);
        if !parts.iter().any(|part| part.holds(&boundary)) {
            return Ok(boundary);
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidHeader).with_message(message)
}

/// A body as it is put together.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    text: Vec<u8>,
}

impl Pieces {
    fn text(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
    }

    fn field(&mut self, name: &HeaderName, value: &[u8]) {
        // As everybody writes them: there are readers that compare.
        let mut starts = true;
        for byte in name.as_str().bytes() {
            self.text.push(if starts { byte.to_ascii_uppercase() } else { byte });
            starts = byte == b'-';
        }
        self.text(b": ");
        self.text(value);
        self.text(b"\r\n");
    }

    fn body(&mut self, body: Body, label: Option<Arc<str>>) {
        match body.as_bytes().filter(|bytes| bytes.len() <= COPIED) {
            Some(bytes) => self.text(bytes),
            None if body.is_none() => {}
            None => {
                self.flush();
                self.done.push(Piece { body, label });
            }
        }
    }

    fn append(&mut self, other: Self) {
        for piece in other.done {
            match piece.body.as_bytes().filter(|bytes| bytes.len() <= COPIED) {
                Some(bytes) => self.text(bytes),
                None => {
                    self.flush();
                    self.done.push(piece);
                }
            }
        }
        self.text(&other.text);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let body = Body::from(std::mem::take(&mut self.text));
            self.done.push(Piece { body, label: None });
        }
    }

    /// Whether a delimiter of this boundary stands in what can be seen.
    fn holds(&self, boundary: &str) -> bool {
        let delimiter = format!("--{boundary}");
        let finder = memmem::Finder::new(&delimiter);
        let mut seen = self.done.iter().filter_map(|piece| piece.body.as_bytes());
        finder.find(&self.text).is_some() || seen.any(|bytes| finder.find(bytes).is_some())
    }

    fn into_body(mut self) -> Body {
        if self.done.is_empty() {
            return Body::from(self.text);
        }
        self.flush();
        Body::joined(self.done)
    }
}
