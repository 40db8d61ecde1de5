//! A response in JavaScript's hands: its head at once, its body by one reader.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::{AbortHandle, Abortable};
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::error::Result;
use crate::maybe::BoxFuture;
use crate::response::Response;

use super::errors;
use super::promise;
use super::signal::{Listener, Signals};

/// What a reading gives, and the response where there may be more.
type Reading = BoxFuture<'static, Result<(JsValue, Option<Box<Response>>)>>;

/// A response. Its permit is held until the body has been read, cancelled, or the object is freed.
#[wasm_bindgen(js_name = ResponseHandle)]
pub struct ResponseHandle {
    head: Array,
    url: String,
    body: Rc<RefCell<Body>>,
    signals: Signals,
    /// Ends the body when a signal fires; none any more once the body is used.
    listener: Rc<RefCell<Option<Listener>>>,
}

enum Body {
    /// A piece is on its way; the handle ends that.
    Reading(AbortHandle),
    Unread(Box<Response>),
    /// Read, failed, or given up.
    Used,
}

impl ResponseHandle {
    pub(super) fn new(response: Response, signals: Signals) -> Self {
        let (head, url) = (head(&response), response.url().as_str().to_owned());
        let body = Rc::new(RefCell::new(Body::Unread(Box::new(response))));
        let listener = signals.listen({
            let body = Rc::downgrade(&body);
            move || {
                if let Some(body) = body.upgrade() {
                    end(&body);
                }
            }
        });
        // One that fired while the head was taken in has nobody to tell any more.
        if signals.reason().is_some() {
            end(&body);
        }
        Self { head, url, body, signals, listener: Rc::new(RefCell::new(Some(listener))) }
    }

    /// One reading of the body, by whoever comes first.
    fn read(&self, how: fn(Box<Response>) -> Reading) -> Promise {
        let (body, signals) = (Rc::clone(&self.body), self.signals.clone());
        let (listener, url) = (Rc::clone(&self.listener), self.url.clone());
        // A body that a signal ended is told by that signal's reason.
        let response = match signals.reason() {
            Some(reason) => Err(reason),
            None => take(&body).ok_or_else(|| errors::body_used(&self.url)),
        };
        let response = match response {
            Ok(response) => response,
            Err(reason) => return Promise::reject(&reason),
        };
        let (handle, registration) = AbortHandle::new_pair();
        body.replace(Body::Reading(handle));
        let reading = Abortable::new(how(response), registration);
        promise::at_once(Box::pin(async move {
            let (result, rest) = match reading.await {
                Ok(Ok((read, rest))) => (Ok(read), rest),
                Ok(Err(error)) => (Err(errors::thrown(&error)), None),
                // Ended: what came so far must not pass for the whole.
                Err(_) => (Err(signals.reason().unwrap_or_else(|| errors::cancelled(&url))), None),
            };
            let next = rest.map_or(Body::Used, Body::Unread);
            let before = body.replace(next);
            // Cancelled just as the piece came: what is left is not wanted.
            if matches!(before, Body::Used) {
                let unwanted = body.replace(Body::Used);
                drop(unwanted);
            }
            if matches!(&*body.borrow(), Body::Used) {
                let deaf = listener.take();
                drop(deaf);
            }
            result
        }))
    }
}

#[wasm_bindgen(js_class = ResponseHandle)]
impl ResponseHandle {
    /// Status, URL, attempts, milliseconds, header fields as lines of `name:value`, redirects, and the milliseconds of
    /// the queue and of the last hop's head, in this order.
    #[wasm_bindgen(getter)]
    pub fn head(&self) -> Array {
        self.head.clone()
    }

    /// The body as text: `[text, encoding, rule that decided on it]`.
    pub fn text(&self) -> Promise {
        self.read(|response| {
            Box::pin(async {
                let decoded = response.decoded().await?;
                let [text, encoding, source] =
                    [decoded.text.as_str(), decoded.encoding, decoded.source.as_str()].map(JsValue::from_str);
                Ok((Array::of3(&text, &encoding, &source).into(), None))
            })
        })
    }

    /// The body as a `Uint8Array`.
    pub fn bytes(&self) -> Promise {
        self.read(|response| {
            Box::pin(async { Ok((Uint8Array::from(&*response.bytes().await?).into(), None)) })
        })
    }

    /// The next piece as a `Uint8Array`; undefined at the end.
    pub fn chunk(&self) -> Promise {
        self.read(|mut response| {
            Box::pin(async {
                let Some(chunk) = response.chunk().await? else { return Ok((JsValue::UNDEFINED, None)) };
                Ok((Uint8Array::from(&*chunk).into(), Some(response)))
            })
        })
    }

    /// Ends the transfer.
    pub fn cancel(&self) {
        end(&self.body);
        drop(self.listener.take());
    }
}

/// Ends the transfer, read or not.
fn end(body: &RefCell<Body>) {
    let before = body.replace(Body::Used);
    if let Body::Reading(handle) = &before {
        handle.abort();
    }
}

/// Dropping a response calls into JavaScript, so none is dropped while the cell is borrowed.
fn take(body: &RefCell<Body>) -> Option<Box<Response>> {
    let mut borrowed = body.borrow_mut();
    match std::mem::replace(&mut *borrowed, Body::Used) {
        Body::Unread(response) => Some(response),
        other => {
            *borrowed = other;
            None
        }
    }
}

fn head(response: &Response) -> Array {
    let timing = response.timing();
    Array::of(&[
        response.status().as_u16().into(),
        response.url().as_str().into(),
        response.attempts().into(),
        (response.elapsed().as_secs_f64() * 1e3).into(),
        errors::fields(response.headers()).into(),
        errors::history(response.history()).into(),
        (timing.queue.as_secs_f64() * 1e3).into(),
        (timing.headers.as_secs_f64() * 1e3).into(),
    ])
}
