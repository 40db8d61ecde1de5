//! Request bodies.

use std::fmt;

use bytes::Bytes;

/// What a request carries. Cloning it copies nothing.
#[derive(Clone, Default)]
pub struct Body(Option<Bytes>);

impl Body {
    /// No body at all.
    #[must_use]
    pub fn empty() -> Self {
        Self(None)
    }

    /// The bytes, where there is a body; it may be one of no bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        self.0.as_ref()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("Body(none)"),
            Some(bytes) => write!(f, "Body({} bytes)", bytes.len()),
        }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Some(bytes.into()))
    }
}
