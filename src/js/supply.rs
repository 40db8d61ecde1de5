//! The encodings from `charset.wasm`, which is loaded when the first body needs them.

use std::sync::Arc;

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::charset::{EncodingSource, Event};
use crate::decoding::{About, Supplied, Supply, failed};
use crate::error::{Error, Result};
use crate::maybe::BoxFuture;
use crate::platform::browser::Thrown;
use crate::platform::browser::tasks::Awaited;

#[wasm_bindgen]
extern "C" {
    /// The module that wraps `charset.wasm`: what `charset.rs` exports.
    type Module;

    #[wasm_bindgen(method, catch, js_name = charsetDecoder)]
    fn decoder(
        this: &Module,
        content_type: Option<&str>,
        host: &str,
        past_ascii: bool,
    ) -> Result<CharsetDecoder, JsValue>;

    type CharsetDecoder;

    #[wasm_bindgen(method, catch)]
    fn push(this: &CharsetDecoder, bytes: &[u8]) -> Result<String, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn finish(this: &CharsetDecoder) -> Result<String, JsValue>;
    #[wasm_bindgen(method, catch, js_name = lateLabel)]
    fn late_label(this: &CharsetDecoder, label: &str) -> Result<String, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn restarted(this: &CharsetDecoder) -> Result<bool, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn encoding(this: &CharsetDecoder) -> Result<String, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn source(this: &CharsetDecoder) -> Result<String, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn malformed(this: &CharsetDecoder) -> Result<bool, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn free(this: &CharsetDecoder) -> Result<(), JsValue>;
}

/// A supply over `load_charset`, which gives the module or a promise of it, and loads it at the first call alone.
pub(super) fn over(load_charset: Function) -> Arc<dyn Supply> {
    Arc::new(Loader(load_charset))
}

struct Loader(Function);

impl Supply for Loader {
    fn decoder(&self, about: About) -> BoxFuture<'static, Result<Box<dyn Supplied>>> {
        let loading = self.0.call0(&JsValue::UNDEFINED);
        Box::pin(async move {
            let module = Awaited::new(&loading.map_err(broken)?).await.map_err(broken)?;
            let decoder = module
                .unchecked_ref::<Module>()
                .decoder(about.content_type.as_deref(), &about.host, about.past_ascii)
                .map_err(broken)?;
            Ok(Box::new(Remote(decoder)) as Box<dyn Supplied>)
        })
    }
}

struct Remote(CharsetDecoder);

impl Remote {
    /// What a step gave: its text, to `out`.
    fn take(&self, text: Result<String, JsValue>, out: &mut String) -> Result<Event> {
        let text = text.map_err(broken)?;
        if self.0.restarted().map_err(broken)? {
            *out = text;
            return Ok(Event::Restart);
        }
        out.push_str(&text);
        Ok(Event::Text)
    }
}

impl Supplied for Remote {
    fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<Event> {
        self.take(self.0.push(bytes), out)
    }

    fn finish(&mut self, out: &mut String) -> Result<Event> {
        self.take(self.0.finish(), out)
    }

    fn late_label(&mut self, label: &str, out: &mut String) -> Result<Event> {
        self.take(self.0.late_label(label), out)
    }

    fn encoding(&self) -> String {
        self.0.encoding().unwrap_or_default()
    }

    fn source(&self) -> EncodingSource {
        const ALL: [EncodingSource; 6] = [
            EncodingSource::Bom,
            EncodingSource::ContentType,
            EncodingSource::Detected,
            EncodingSource::Meta,
            EncodingSource::Utf8,
            EncodingSource::Xml,
        ];
        let name = self.0.source().unwrap_or_default();
        ALL.into_iter().find(|source| source.as_str() == name).unwrap_or(EncodingSource::Utf8)
    }

    fn malformed(&self) -> bool {
        self.0.malformed().unwrap_or_default()
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.0.free();
    }
}

fn broken(thrown: JsValue) -> Error {
    let thrown = Thrown::from(thrown);
    failed(&thrown.to_string()).with_source(thrown)
}
