//! The caller's selectors, on a page that JavaScript has the text of.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::html::{Document, Element};
use crate::page;

use super::errors;

/// A page as a tree to select from.
#[wasm_bindgen(js_name = DocumentHandle)]
pub struct DocumentHandle(Document);

#[wasm_bindgen(js_class = DocumentHandle)]
impl DocumentHandle {
    /// Parses the page of this URL.
    ///
    /// # Errors
    /// A page too large to select from.
    #[wasm_bindgen(constructor)]
    pub fn new(html: &str) -> Result<Self, JsValue> {
        let document = Document::parse(html).map_err(|error| errors::thrown(&page::unselected(error)))?;
        Ok(Self(document))
    }

    /// Name, text, HTML, then names and values of the attributes, of each element that was picked.
    ///
    /// # Errors
    /// What is no selector, and what selects too much.
    pub fn select(&self, css: &str) -> Result<Array, JsValue> {
        let picked = self.0.select(css).map_err(|error| errors::thrown(&page::unselected(error)))?;
        Ok(picked.iter().map(told).collect())
    }
}

fn told(element: &Element) -> JsValue {
    let attributes = element.attributes.iter().flat_map(|(name, value)| [name, value]);
    let told = [&element.name, &element.text, &element.html].into_iter().chain(attributes);
    told.map(|text| JsValue::from_str(text)).collect::<Array>().into()
}
