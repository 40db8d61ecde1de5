//! The end of a request that nobody waits for any more.

use web_sys::{AbortController, AbortSignal};

use crate::error::Result;

use super::failure;

/// Ends the request when it is dropped, unless the body has come to its end.
pub(super) struct Abort(Option<AbortController>);

impl Abort {
    pub(super) fn new() -> Result<Self> {
        AbortController::new().map(|controller| Self(Some(controller))).map_err(failure::network)
    }

    /// Of what no `fetch` has begun.
    #[cfg(feature = "websocket")]
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// What `fetch` is to listen to.
    pub(super) fn signal(&self) -> Option<AbortSignal> {
        self.0.as_ref().map(AbortController::signal)
    }

    /// There is nothing left to end.
    pub(super) fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}
