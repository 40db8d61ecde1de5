//! What a request's body is to `fetch`: bytes, or an object that the platform reads by itself.

use std::any::Any;
use std::sync::Arc;

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use crate::body::{Body, Pieces, Source};
use crate::error::Result;

/// The body as `fetch` takes it; `None` where there is none.
pub(super) async fn of(body: &Body) -> Result<Option<JsValue>> {
    if let Some(object) = object(body) {
        return Ok(Some(object));
    }
    #[cfg(not(feature = "js"))]
    if let Some(blob) = super::blob::joined(body).await? {
        return Ok(Some(blob));
    }
    bytes(body).await
}

/// What was handed over to be sent as it is.
pub(super) fn object(body: &Body) -> Option<JsValue> {
    body.handed()?.downcast_ref::<JsValue>().cloned()
}

pub(super) async fn bytes(body: &Body) -> Result<Option<JsValue>> {
    // A stream can be sent as one only where HTTP/2 and the browser both allow it: sent whole, it is sent everywhere.
    Ok(body.collected(None).await?.map(|bytes| Uint8Array::from(&bytes[..]).into()))
}

/// An object that `fetch` takes, as often as it is sent, and that nobody else can read.
#[cfg_attr(not(feature = "js"), allow(dead_code, reason = "the npm package hands such objects over"))]
pub(crate) fn body(object: JsValue) -> Body {
    Body::from_source(Object(Arc::new(object)), None)
}

struct Object(Arc<JsValue>);

impl Source for Object {
    fn open(&self) -> Option<Pieces> {
        None
    }

    /// It is sent as often as one likes, and nobody sees its bytes before.
    #[cfg(feature = "digest")]
    fn is_repeatable(&self) -> bool {
        false
    }

    fn handed(&self) -> Option<Arc<dyn Any>> {
        Some(Arc::<JsValue>::clone(&self.0))
    }
}
