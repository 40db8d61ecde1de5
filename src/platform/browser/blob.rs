//! Blobs and files of a page as bodies: the platform reads them as it sends them, and no byte comes through here.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, TryStreamExt};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, File};

use crate::body::{Body, Pieces, Source};
use crate::error::{Error, ErrorKind, Result};
use crate::fields::is_content_type;
use crate::multipart::Part;

use super::failure;
use super::handed::{bytes, object};
use super::tasks::Awaited;

/// How much is read at once where it is not `fetch` that reads.
const PIECE: f64 = 256.0 * 1024.0;

/// A blob is sent as it is, of known length and as often as need be. As everywhere in `fetch`, its type, where it has one,
/// is the `Content-Type` of a request that sets none. In a browser and wherever else there are blobs.
impl From<Blob> for Body {
    fn from(blob: Blob) -> Self {
        let length = blob.size();
        Self::from_source(Handed(blob), Some(length as u64))
    }
}

/// As a [`Blob`] is.
impl From<File> for Body {
    fn from(file: File) -> Self {
        Blob::from(file).into()
    }
}

impl Part {
    /// A file that a page was given: its name, its type and, read by the platform itself as it is sent, its content. No
    /// byte of it comes into this program's memory. A type that is none for a header field, which a page may give a file, is
    /// left out. In a browser, and wherever else there are such files.
    pub fn from_file(file: File) -> Self {
        let (name, content_type) = (file.name(), file.type_());
        let part = Self::new(file).file_name(name);
        if is_content_type(&content_type) { part.content_type(content_type) } else { part }
    }
}

struct Handed(Blob);

impl Source for Handed {
    fn open(&self) -> Option<Pieces> {
        let blob = self.0.clone();
        let pieces = stream::try_unfold(0.0, move |at| {
            let blob = blob.clone();
            async move {
                if at >= blob.size() {
                    return Ok(None);
                }
                let end = (at + PIECE).min(blob.size());
                let slice = blob.slice_with_f64_and_f64(at, end).map_err(|thrown| unread(&thrown))?;
                let buffer =
                    Awaited::new(slice.array_buffer().as_ref()).await.map_err(|thrown| unread(&thrown))?;
                Ok::<_, Error>(Some((Bytes::from(Uint8Array::new(&buffer).to_vec()), end)))
            }
        });
        Some(Box::pin(pieces.map_err(Into::into)))
    }

    fn handed(&self) -> Option<Arc<dyn Any>> {
        Some(Arc::new(JsValue::from(self.0.clone())))
    }
}

fn unread(thrown: &JsValue) -> Error {
    Error::new(ErrorKind::RequestBody).with_message(failure::told(thrown))
}

/// One blob of several bodies where one of them is; else `None`.
pub(super) async fn joined(body: &Body) -> Result<Option<JsValue>> {
    let Some(pieces) =
        body.joined_pieces().filter(|pieces| pieces.iter().any(|piece| object(&piece.body).is_some()))
    else {
        return Ok(None);
    };
    if body.is_consumed() {
        return Err(ErrorKind::BodyConsumed.into());
    }
    let parts = Array::new();
    for piece in pieces {
        match object(&piece.body) {
            Some(object) => parts.push(&object),
            None => match bytes(&piece.body).await? {
                Some(bytes) => parts.push(&bytes),
                None => continue,
            },
        };
    }
    match Blob::new_with_u8_array_sequence(parts.unchecked_ref()) {
        Ok(blob) => Ok(Some(blob.into())),
        Err(thrown) => Err(unread(&thrown)),
    }
}
