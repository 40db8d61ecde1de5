//! [`Form`]: `multipart/form-data`.

use std::path::Path;

use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use crate::body::Body;
use crate::error::{Error, ErrorKind, Result};
use crate::fields::{push_escaped, value_chars};

use super::{Multipart, Part};

/// A form with files, as browsers send it (RFC 7578; WHATWG HTML, "multipart/form-data encoding algorithm"): names with
/// values, in their order, names more than once where they are given so.
///
/// Names are written in UTF-8, with `"`, CR and LF as `%22`, `%0D` and `%0A` as the HTML standard has it, and other
/// control characters and a backslash at the end likewise. Values go as they are: where a browser makes each line end of a text CR LF, nothing is
/// changed here. No `Content-Transfer-Encoding` is sent (RFC 7578, section 4.7).
///
/// It can be sent again, by a redirect or a retry, where each of its parts can; its length is known where theirs are.
/// The first bad input is kept and comes out of [`encode`](Self::encode), or of the request.
#[derive(Clone, Debug, Default)]
#[must_use = "a form does nothing until it is sent"]
pub struct Form {
    parts: Vec<(String, Part)>,
    boundary: Option<String>,
    quoting: Quoting,
}

/// How the file names of a [`Form`] are written that are not plain ASCII.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quoting {
    /// In UTF-8 as they are, as browsers do and RFC 7578 says. The default.
    #[default]
    Html,
    /// As `filename*` (RFC 8187) beside a `filename` that has `_` for what is not ASCII: for peers that are no HTML
    /// form's and want it, though RFC 7578 forbids it.
    Extended,
}

impl Form {
    /// A form of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name with a text for its value, sent in UTF-8 and of no type, as a form's fields are.
    pub fn text(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.part(name, Part::text(value))
    }

    /// Adds a name with this part: a file, or a value that has a type.
    pub fn part(mut self, name: impl Into<String>, part: Part) -> Self {
        self.parts.push((name.into(), part));
        self
    }

    /// Adds a name with a file: see [`Part::file`].
    ///
    /// ```
    /// # use dualfetch::{Client, Config, Session, platform::scripted::{Reply, Scripted}};
    /// use dualfetch::multipart::Form;
    ///
    /// # let platform = Scripted::new(1);
    /// # platform.on("https://example.com/", Reply::ok("taken"));
    /// # let session = Client::with_backend(Config::new(), platform.clone())?;
    /// # let path = std::env::temp_dir().join(format!("dualfetch-doc-form-{}.pdf", std::process::id()));
    /// # std::fs::write(&path, "%PDF")?;
    /// # platform.run(async {
    /// let form = Form::new().text("title", "A report").file("report", &path);
    /// session.post("https://example.com/").multipart(form).await?;
    /// # Ok::<(), dualfetch::Error>(())
    /// # })?;
    /// # let body = platform.calls()[0].body.clone().unwrap();
    /// # assert!(String::from_utf8_lossy(&body).contains(".pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n"));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn file(self, name: impl Into<String>, path: impl AsRef<Path>) -> Self {
        self.part(name, Part::file(path))
    }

    /// What separates the parts, in place of 32 random hexadecimal digits: 1 to 70 characters (RFC 2046, section 5.1.1).
    /// A bad one, or one that a part of bytes holds, is [`ErrorKind::InvalidOption`] (`boundary`). In a stream it cannot
    /// be looked for: keep it a secret where a stranger has written that.
    pub fn boundary(mut self, boundary: impl Into<String>) -> Self {
        self.boundary = Some(boundary.into());
        self
    }

    /// How file names are written that are not plain ASCII. Default: [`Quoting::Html`].
    pub fn quoting(mut self, quoting: Quoting) -> Self {
        self.quoting = quoting;
        self
    }

    /// The body, and the `Content-Type` that goes with it: for requests that others make.
    ///
    /// ```
    /// let (body, content_type) = dualfetch::multipart::Form::new().text("a", "1").boundary("b").encode()?;
    /// assert_eq!(content_type, "multipart/form-data; boundary=b");
    /// let expected = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";
    /// assert_eq!(body.as_bytes().unwrap(), expected);
    /// # Ok::<(), dualfetch::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first bad input: [`ErrorKind::InvalidHeader`] for a part's header field or type,
    /// [`ErrorKind::InvalidOption`] for the boundary.
    pub fn encode(self) -> Result<(Body, HeaderValue)> {
        Multipart::from(self).encode()
    }
}

/// Names with texts.
impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Form {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        pairs.into_iter().fold(Self::new(), |form, (name, value)| form.text(name, value))
    }
}

impl From<Form> for Multipart {
    fn from(form: Form) -> Self {
        let Form { parts, boundary, quoting } = form;
        let parts = parts.into_iter().map(|(name, part)| disposed(name, part, quoting)).collect();
        Self::of("form-data", parts, boundary)
    }
}

/// The part as a form has it.
fn disposed(name: String, mut part: Part, quoting: Quoting) -> Part {
    if part.header_named(&CONTENT_DISPOSITION).is_some() {
        let message = format!("\"content-disposition\" of the part {name:?} is the form's to set");
        part.fail(Error::new(ErrorKind::InvalidHeader).with_message(message));
    }
    let mut value = format!("form-data; name=\"{}\"", escaped(&name));
    if let Some(file_name) = &part.file_name {
        value.push_str(&filename(file_name, quoting));
        // What a browser says of a file whose type it does not know; of none, RFC 7578 makes a text.
        if part.header_named(&CONTENT_TYPE).is_none() && !part.is_multipart() {
            part = part.content_type("application/octet-stream");
        }
    }
    part.label = Some(format!("the part {name:?}").into());
    part.disposition = Some(Bytes::from(value));
    part
}

/// The parameters that name a file, for a field of a part.
pub(super) fn filename(name: &str, quoting: Quoting) -> String {
    if quoting == Quoting::Html || name.is_ascii() {
        return format!("; filename=\"{}\"", escaped(name));
    }
    let plain: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    format!("; filename=\"{}\"; filename*=UTF-8''{}", escaped(&plain), value_chars(name.as_bytes()))
}

/// WHATWG HTML, "escape a multipart/form-data name", and what else would end a field or be refused in one.
fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Many readers take it for an escape of the quote that follows.
            '\\' if chars.peek().is_none() => push_escaped(&mut out, b'\\'),
            '"' | '\0'..='\x08' | '\x0A'..='\x1F' | '\x7F' => push_escaped(&mut out, c as u8),
            c => out.push(c),
        }
    }
    out
}
