//! There are no files here: what is asked for is refused when it is sent.

use std::path::Path;

use crate::body::{Body, Pieces, Source};
use crate::error::{Error, ErrorKind};

/// A body that cannot be sent.
pub(in crate::platform) fn body(_: &Path) -> Body {
    Body::from_source(NoFile, None)
}

struct NoFile;

impl Source for NoFile {
    fn open(&self) -> Option<Pieces> {
        Some(Box::pin(futures_util::stream::iter(self.failure().map(|refused| Err(refused.into())))))
    }

    fn failure(&self) -> Option<Error> {
        Some(ErrorKind::Unsupported { feature: "Body::file", platform: "browser" }.into())
    }
}
