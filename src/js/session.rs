//! A session in JavaScript's hands.

use std::rc::Rc;

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

use crate::client::Client;
use crate::platform::browser::Browser;
use crate::session::Session as _;

use super::errors;
#[cfg(feature = "html")]
use super::page;
use super::promise;
use super::request::{self, Asked, SessionSettings};
use super::response::ResponseHandle;
#[cfg(feature = "html")]
use super::rows;
use super::rows::{Kind, Rows};
use super::signal::{Closing, Signal, Signals};
use super::supply;

/// A session.
#[wasm_bindgen(js_name = SessionHandle)]
pub struct SessionHandle {
    client: Client<Browser>,
    closing: Rc<Closing>,
}

#[wasm_bindgen(js_class = SessionHandle)]
impl SessionHandle {
    /// A session of these settings that ends all it does when `closing` fires. `load_charset` gives a promise of the
    /// module with the encodings.
    ///
    /// # Errors
    /// What the platform cannot do, and what makes no sense.
    #[wasm_bindgen(constructor)]
    pub fn new(
        settings: &SessionSettings,
        closing: Signal,
        load_charset: Option<Function>,
    ) -> Result<Self, JsValue> {
        let backend = match settings.fetch() {
            Some(fetch) => Browser::with_fetch(fetch),
            None => Browser::new(),
        };
        let backend = match load_charset {
            Some(load_charset) => backend.with_charset(supply::over(load_charset)),
            None => backend,
        };
        let client = request::config(settings).and_then(|config| Client::with_backend(config, backend));
        let client = client.map_err(|error| errors::thrown(&error))?;
        Ok(Self { client, closing: Closing::new(closing) })
    }

    /// Sends a request: a promise of a `ResponseHandle`.
    pub fn send(&self, asked: &Asked, signal: Option<Signal>) -> Promise {
        let (client, signals) = (self.client.clone(), Signals::new(&self.closing, signal));
        let request = request::request(asked);
        promise::of(Box::pin(async move {
            let sending = async { client.send(request?).await };
            let response =
                signals.race(async { sending.await.map_err(|error| errors::thrown(&error)) }).await?;
            Ok(ResponseHandle::new(response, signals).into())
        }))
    }

    /// What pulling gives, each fetched until its head is there.
    #[wasm_bindgen(js_name = fetchAll)]
    pub fn fetch_all(
        &self,
        pull: Function,
        ordered: bool,
        window: Option<u32>,
        signal: Option<Signal>,
    ) -> Rows {
        self.rows(Kind::Fetch, pull, (ordered, window), signal)
    }

    /// What pulling gives, each read as far as its title and what else is wanted of it needs: see `page::options`.
    #[cfg(feature = "html")]
    #[allow(
        clippy::too_many_arguments,
        reason = "an argument costs the wasm file less than an object's field"
    )]
    pub fn titles(
        &self,
        pull: Function,
        ordered: bool,
        window: Option<u32>,
        metadata: Option<bool>,
        max_bytes: Option<f64>,
        drain: Option<f64>,
        signal: Option<Signal>,
    ) -> Rows {
        let kind = Kind::Page(page::options(metadata, false, max_bytes, drain));
        self.rows(kind, pull, (ordered, window), signal)
    }

    /// One page as far as is wanted: a promise of the fields of its row.
    #[cfg(feature = "html")]
    pub fn page(
        &self,
        asked: Asked,
        metadata: Option<bool>,
        html: bool,
        max_bytes: Option<f64>,
        drain: Option<f64>,
        signal: Option<Signal>,
    ) -> Promise {
        let kind = Kind::Page(page::options(metadata, html, max_bytes, drain));
        let signals = Signals::new(&self.closing, signal);
        promise::of(Box::pin(rows::page(self.client.clone(), asked, kind, signals)))
    }

    /// In flight, waiting, then origin, in flight and waiting of each host.
    pub fn figures(&self) -> Array {
        let figures = self.client.figures();
        let list = Array::of(&[(figures.in_flight as f64).into(), (figures.waiting as f64).into()]);
        for host in figures.hosts {
            list.push(&host.origin.into());
            list.push(&(host.in_flight as f64).into());
            list.push(&(host.waiting as f64).into());
        }
        list
    }

    fn rows(&self, kind: Kind, pull: Function, how: (bool, Option<u32>), signal: Option<Signal>) -> Rows {
        Rows::new(self.client.clone(), kind, pull, how, Signals::new(&self.closing, signal))
    }
}
