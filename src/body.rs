//! Request bodies.

use std::fmt;

use bytes::Bytes;

/// What a request carries: bytes or text by `into()`, nothing by [`empty`](Self::empty) or `()`. Cloning it copies nothing.
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

/// No body at all.
impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::empty()
    }
}

/// Bodies of these bytes, for this type and for responses': a blanket `Into<Bytes>` would leave no room for `()`.
macro_rules! from_bytes {
    ($body:ty, $make:expr, $($bytes:ty),*) => {$(
        impl From<$bytes> for $body {
            fn from(bytes: $bytes) -> Self {
                $make(bytes::Bytes::from(bytes))
            }
        }
    )*};
    ($body:ty, $make:expr) => {
        $crate::body::from_bytes!(
            $body, $make,
            bytes::Bytes, bytes::BytesMut, Box<[u8]>, String, Vec<u8>, &'static [u8], &'static str
        );
    };
}
pub(crate) use from_bytes;

from_bytes!(Body, |bytes| Self(Some(bytes)));
